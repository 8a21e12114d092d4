//! `candela target`.

use super::{View, concerns, evidence, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{Row, block, bytes, fields, or_dash};
use anyhow::Result;
use api::target::Target;

/// Lists or shows targets.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let head = [
        "LABEL",
        "KIND",
        "STATE",
        "MOUNTED ON",
        "SERVERS",
        "DEVICE",
        "SIZE",
        "SURE",
    ];
    let view = View {
        path: "targets",
        head: &head,
        row,
        name: |t: &Target| &t.label,
        show,
    };
    noun(client, verb, common, view).await
}

fn row(target: &Target) -> Row {
    vec![
        target.label.clone(),
        target.kind.clone(),
        target.state.clone(),
        or_dash(target.mounted_on.as_ref()),
        stdx::hostlist::fold(&target.servers),
        or_dash(target.device_path.as_ref()),
        target.bytes_total.map_or("-".into(), bytes),
        target.confidence.clone(),
    ]
}

pub(crate) fn show(target: &Target) -> String {
    let used = target
        .bytes_total
        .zip(target.bytes_available)
        .map(|(total, free)| format!("{} of {} free", bytes(free), bytes(total)));
    let mut text = fields(&[
        ("Target", target.label.clone()),
        ("Id", target.id.clone()),
        ("Kind", target.kind.clone()),
        ("File system", target.filesystem.clone().unwrap_or_default()),
        ("State", target.state.clone()),
        ("Mounted on", target.mounted_on.clone().unwrap_or_default()),
        (
            "Mount point",
            target.mount_point.clone().unwrap_or_default(),
        ),
        ("Home", target.home.clone().unwrap_or_default()),
        ("Servers", target.servers.join(", ")),
        ("Not enrolled", target.unknown_servers.join(", ")),
        ("Device", target.device.clone().unwrap_or_default()),
        ("Path", target.device_path.clone().unwrap_or_default()),
        ("Back end", target.back_end.clone().unwrap_or_default()),
        ("Space", used.unwrap_or_default()),
        (
            "Clients",
            target.n_clients.map(|n| n.to_string()).unwrap_or_default(),
        ),
        ("Pacemaker", target.ha_resource.clone().unwrap_or_default()),
        (
            "Recovery",
            target.recovery.as_ref().map(recovery).unwrap_or_default(),
        ),
        ("Confidence", target.confidence.clone()),
    ]);
    text.push('\n');
    text.push_str(&block("Needs attention", &concerns(&target.concerns)));
    text.push_str(&block("Why we think so", &evidence(&target.evidence)));
    text
}

fn recovery(recovery: &api::target::Recovery) -> String {
    let mut text = format!("{:?}", recovery.state).to_lowercase();
    let counts = [
        ("connected", recovery.clients_connected),
        ("completed", recovery.clients_completed),
        ("evicted", recovery.clients_evicted),
    ];
    for (word, count) in counts {
        if let Some(count) = count {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    if let Some(seconds) = recovery.duration_s {
        text.push_str(&format!(", took {seconds} s"));
    }
    text
}
