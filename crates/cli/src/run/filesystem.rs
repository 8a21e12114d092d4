//! `candela fs`.

use super::{View, concerns, evidence, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{Row, block, bytes, fields, or_dash};
use anyhow::Result;
use api::filesystem::FileSystem;

/// Lists or shows file systems.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let head = [
        "NAME", "STATE", "MDTS", "OSTS", "MOUNTED", "CLIENTS", "SIZE", "FREE", "SURE",
    ];
    let view = View {
        path: "filesystems",
        head: &head,
        row,
        name: |f: &FileSystem| &f.name,
        show,
    };
    noun(client, verb, common, view).await
}

fn row(fs: &FileSystem) -> Row {
    vec![
        fs.name.clone(),
        fs.state.clone(),
        fs.n_mdts.to_string(),
        fs.n_osts.to_string(),
        format!("{}/{}", fs.n_mounted, fs.n_targets),
        or_dash(fs.n_clients.as_ref()),
        fs.bytes_total.map_or("-".into(), bytes),
        fs.bytes_available.map_or("-".into(), bytes),
        fs.confidence.clone(),
    ]
}

fn show(fs: &FileSystem) -> String {
    let pair = |total: Option<u64>, free: Option<u64>, print: fn(u64) -> String| {
        let both = total.zip(free);
        both.map(|(total, free)| format!("{} of {} free", print(free), print(total)))
            .unwrap_or_default()
    };
    let mgs = match (&fs.mgt, fs.is_mgs_external) {
        (Some(mgt), _) => format!("{} ({})", mgt.name, fs.mgs_nids.join(", ")),
        (None, true) => format!("external ({})", fs.mgs_nids.join(", ")),
        (None, false) => fs.mgs_nids.join(", "),
    };
    let mut text = fields(&[
        ("File system", fs.name.clone()),
        ("State", fs.state.clone()),
        ("MGS", mgs),
        (
            "Targets",
            format!(
                "{} MDTs, {} OSTs; {} of {} mounted",
                fs.n_mdts, fs.n_osts, fs.n_mounted, fs.n_targets
            ),
        ),
        ("Space", pair(fs.bytes_total, fs.bytes_available, bytes)),
        (
            "Inodes",
            pair(fs.inodes_total, fs.inodes_free, |n| n.to_string()),
        ),
        (
            "Clients",
            fs.n_clients.map(|n| n.to_string()).unwrap_or_default(),
        ),
        ("Confidence", fs.confidence.clone()),
    ]);
    text.push('\n');
    let clients = fs
        .client_mounts
        .iter()
        .map(|c| format!("{} at {}", c.server.name, c.mount_point));
    text.push_str(&block("Needs attention", &concerns(&fs.concerns)));
    text.push_str(&block(
        "Mounted by",
        &clients.collect::<Vec<_>>().join("\n"),
    ));
    text.push_str(&block("Why we think so", &evidence(&fs.evidence)));
    text
}
