//! `candela device`.

use super::{View, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{Row, Screen, bytes, fields, or_dash, short_bytes, some_or_dash, table_block};
use crate::run::server::names;
use anyhow::Result;
use api::device::Device;
use api::server::Ref;
use std::collections::BTreeMap;

/// How devices are listed and shown.
pub(crate) const VIEW: View<Device, Device> = View {
    noun: "device",
    path: "devices",
    only: None,
    head: &[
        "PATH", "SIZE", "WHAT~", "SEEN BY~", "TARGETS~", "ID", "MODEL~", "SERIAL~",
    ],
    n_columns: 5,
    row,
    order: "path",
    is_named: |device, name| {
        device.id == name || device.path == name || device.seen_by.iter().any(|at| at.path == name)
    },
    show,
};

/// Lists or shows devices.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    noun(client, verb, common, &VIEW).await
}

fn row(device: &Device) -> Row {
    vec![
        device.path.clone(),
        match device.size_bytes {
            0 => "-".to_owned(),
            size => short_bytes(size),
        },
        what(
            &device.kind,
            device.content.as_deref(),
            device.label.as_deref(),
            &device.targets,
        ),
        seen_by(device),
        some_or_dash(names(&device.targets)),
        device.id.clone(),
        or_dash(device.model.as_ref()),
        or_dash(device.serial.as_ref()),
    ]
}

/// Who sees it, with the path there where it is not the one it is listed by:
/// `oss[01-02], oss03 (/dev/sdd)`.
fn seen_by(device: &Device) -> String {
    let mut by_path: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
    for at in &device.seen_by {
        let is_other = at.path != device.path;
        let servers = by_path.entry((is_other, &at.path)).or_default();
        servers.push(&at.server.name);
    }
    let groups = by_path.into_iter().map(|((is_other, path), servers)| {
        let servers = stdx::hostlist::fold(&servers);
        if is_other {
            format!("{servers} ({path})")
        } else {
            servers
        }
    });
    groups.collect::<Vec<_>>().join(", ")
}

/// Kind, content and label: `multipath ext4`, `partition zfs_member lab-mdt0`.
/// A target's label stands with the targets.
pub(crate) fn what(
    kind: &str,
    content: Option<&str>,
    label: Option<&str>,
    targets: &[Ref],
) -> String {
    let label = label.filter(|label| !targets.iter().any(|target| target.name == *label));
    let words = [Some(kind), content, label];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn show(device: &Device, screen: Screen) -> String {
    let mut text = fields(&[
        ("Device", device.id.clone()),
        ("Kind", device.kind.clone()),
        ("Size", bytes(device.size_bytes)),
        ("Model", device.model.clone().unwrap_or_default()),
        ("Serial", device.serial.clone().unwrap_or_default()),
        ("Content", device.content.clone().unwrap_or_default()),
        ("Label", device.label.clone().unwrap_or_default()),
        ("Made of", device.parents.join(", ")),
        ("Targets", names(&device.targets)),
    ]);
    text.push('\n');
    let seen = device
        .seen_by
        .iter()
        .map(|at| vec![at.server.name.clone(), at.path.clone()]);
    let head = ["SERVER", "AS"];
    text.push_str(&table_block("Seen by", screen, &head, seen));
    text
}
