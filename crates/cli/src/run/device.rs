//! `candela device`.

use super::{View, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{Row, block, bytes, fields};
use anyhow::Result;
use api::device::Device;

/// Lists or shows devices.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let head = [
        "ID", "KIND", "SIZE", "CONTENT", "PATH", "SEEN BY", "TARGETS",
    ];
    let view = View {
        path: "devices",
        head: &head,
        row,
        name: |d: &Device| &d.id,
        show,
    };
    noun(client, verb, common, view).await
}

fn row(device: &Device) -> Row {
    let content = [device.content.as_deref(), device.label.as_deref()];
    let servers: Vec<_> = device
        .seen_by
        .iter()
        .map(|at| at.server.name.as_str())
        .collect();
    vec![
        device.id.clone(),
        device.kind.clone(),
        bytes(device.size_bytes),
        content.into_iter().flatten().collect::<Vec<_>>().join(" "),
        device.path.clone(),
        stdx::hostlist::fold(&servers),
        device
            .targets
            .iter()
            .map(|t| t.name.clone())
            .collect::<Vec<_>>()
            .join(" "),
    ]
}

fn show(device: &Device) -> String {
    let mut text = fields(&[
        ("Device", device.id.clone()),
        ("Kind", device.kind.clone()),
        ("Size", bytes(device.size_bytes)),
        ("Model", device.model.clone().unwrap_or_default()),
        ("Serial", device.serial.clone().unwrap_or_default()),
        ("Content", device.content.clone().unwrap_or_default()),
        ("Label", device.label.clone().unwrap_or_default()),
        ("Made of", device.parents.join(", ")),
        (
            "Targets",
            device
                .targets
                .iter()
                .map(|t| t.name.clone())
                .collect::<Vec<_>>()
                .join(", "),
        ),
    ]);
    text.push('\n');
    let seen = device
        .seen_by
        .iter()
        .map(|at| format!("{}  {}", at.server.name, at.path));
    text.push_str(&block("Seen by", &seen.collect::<Vec<_>>().join("\n")));
    text
}
