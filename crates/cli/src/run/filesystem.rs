//! `candela fs`.

use super::{View, concerns, evidence, noun, target};
use crate::args::{Common, Noun};
use crate::client::{Client, segment};
use crate::output::{Row, Screen, block, bytes, fields, or_dash, sentences, short_bytes};
use anyhow::Result;
use api::filesystem::FileSystem;
use api::target::Target;

/// How file systems are listed and shown.
pub(crate) const VIEW: View<FileSystem, FileSystem> = View {
    noun: "fs",
    path: "filesystems",
    only: None,
    head: &[
        "NAME", "STATE", "MDTS", "OSTS", "MOUNTED", "CLIENTS", "SIZE", "FREE", "SURE", "MGS~",
    ],
    n_columns: 9,
    row,
    order: "name",
    is_named: |fs, name| fs.name == name || fs.id == name,
    show,
};

/// Lists or shows file systems.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let names = match verb {
        Noun::Show { names } if common.output.is_table() => names,
        other => return noun(client, other, common, &VIEW).await,
    };
    let mut found: Vec<(FileSystem, Vec<Target>)> = Vec::new();
    for name in super::expand(&names)? {
        let path = format!("filesystems/{}", segment(&name));
        let fs: FileSystem = client.get(&path, &[]).await?;
        let query = [
            ("filesystem", fs.id.clone()),
            ("sort", target::VIEW.order.to_owned()),
        ];
        let targets = client.list(target::VIEW.path, &query, None).await?;
        found.push((fs, targets));
    }
    let shown = found
        .iter()
        .map(|(fs, targets)| with_targets(fs, targets, Screen::standard()));
    crate::output::say(shown.collect::<Vec<_>>().join("\n\n").trim_end())
}

fn row(fs: &FileSystem) -> Row {
    vec![
        fs.name.clone(),
        fs.state.clone(),
        fs.n_mdts.to_string(),
        fs.n_osts.to_string(),
        format!("{}/{}", fs.n_mounted, fs.n_targets),
        or_dash(fs.n_clients.as_ref()),
        fs.bytes_total.map_or("-".into(), short_bytes),
        fs.bytes_available.map_or("-".into(), short_bytes),
        fs.confidence.clone(),
        fs.mgs_nids.join(" "),
    ]
}

fn show(fs: &FileSystem, screen: Screen) -> String {
    with_targets(fs, &[], screen)
}

/// A file system and its targets.
pub(crate) fn with_targets(fs: &FileSystem, targets: &[Target], screen: Screen) -> String {
    let pair = |total: Option<u64>, free: Option<u64>, print: fn(u64) -> String| {
        let both = total.zip(free);
        both.map(|(total, free)| format!("{} of {} free", print(free), print(total)))
            .unwrap_or_default()
    };
    let nids = match fs.mgs_nids.as_slice() {
        [] => String::new(),
        nids => format!(" at {}", nids.join(", ")),
    };
    let mgs = match (&fs.mgt, fs.is_mgs_external) {
        (Some(mgt), _) => format!("{}{nids}", mgt.name),
        (None, true) => format!("on no server that reports here{nids}"),
        (None, false) => nids.trim_start().to_owned(),
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
    text.push_str(&sentences(
        "Needs attention",
        screen,
        &concerns(&fs.concerns),
    ));
    if !targets.is_empty() {
        let table = target::VIEW.table(targets, screen.inner(), false);
        text.push_str(&block("Targets", &table));
    }
    text.push_str(&block(
        "Mounted by",
        &clients.collect::<Vec<_>>().join("\n"),
    ));
    text.push_str(&evidence(&fs.evidence, screen));
    text
}
