//! `candela target`.

use super::{View, concerns, evidence, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{Row, Screen, bytes, fields, or_dash, sentences, short_bytes, some_or_dash};
use anyhow::Result;
use api::target::Target;

/// How targets are listed and shown.
pub(crate) const VIEW: View<Target, Target> = View {
    noun: "target",
    path: "targets",
    only: None,
    head: &[
        "LABEL",
        "STATE",
        "MOUNTED ON~",
        "SERVERS~",
        "SIZE",
        "SURE",
        "KIND",
        "HOME",
        "MOUNT POINT~",
        "DEVICE~",
        "PATH~",
        "CLIENTS",
    ],
    n_columns: 6,
    row,
    order: "label",
    is_named: |target, name| target.label == name || target.id == name,
    show,
};

/// Lists or shows targets.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    noun(client, verb, common, &VIEW).await
}

fn row(target: &Target) -> Row {
    vec![
        target.label.clone(),
        target.state.clone(),
        or_dash(target.mounted_on.as_ref()),
        some_or_dash(stdx::hostlist::fold(&target.servers)),
        target.bytes_total.map_or("-".into(), short_bytes),
        target.confidence.clone(),
        target.kind.clone(),
        or_dash(target.home.as_ref()),
        or_dash(target.mount_point.as_ref()),
        or_dash(target.device.as_ref()),
        or_dash(target.device_path.as_ref()),
        or_dash(target.n_clients.as_ref()),
    ]
}

pub(crate) fn show(target: &Target, screen: Screen) -> String {
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
    text.push_str(&sentences(
        "Needs attention",
        screen,
        &concerns(&target.concerns),
    ));
    text.push_str(&evidence(&target.evidence, screen));
    text
}

fn recovery(recovery: &api::target::Recovery) -> String {
    // The word of the API: `waiting_for_clients`.
    let state = serde_json::to_value(recovery.state).unwrap_or_default();
    let mut text = state.as_str().unwrap_or_default().replace('_', " ");
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
