//! What `mkfs.lustre` was told, in words.

use crate::world::command::failed;
use crate::world::target::TargetData;
use agent::host::Output;
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use lustre::nid::parse_nodes;

/// What `mkfs.lustre` was told.
pub struct Wanted {
    /// The target.
    pub data: TargetData,
    /// Whether it lies on ZFS.
    pub is_zfs: bool,
    /// Whether what is there is overwritten.
    pub is_reformat: bool,
    /// Whether nothing is written.
    pub is_dry: bool,
    /// Whether an index was given where one is needed.
    pub has_index: bool,
    /// Device or dataset.
    pub device: String,
}

/// A refusal as the tool ends with it.
pub fn exiting(status: i32, said: &str, meaning: &str) -> Output {
    failed(
        status,
        &format!("{said}\nmkfs.lustre: exiting with {status} ({meaning})"),
    )
}

/// A value of `--name=value` or `--name value`.
fn values<'a>(words: &[&'a str], name: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match word.strip_prefix(name) {
            Some("") => found.extend(words.get(at + 1)),
            Some(rest) => found.extend(rest.strip_prefix('=')),
            None => {}
        }
    }
    found
}

fn label(words: &[&str]) -> Result<TargetLabel, Output> {
    let has = |name: &str| words.contains(&name);
    let one = |name: &str| values(words, name).last().copied();
    let kind = match (has("--mdt"), has("--ost"), has("--mgs")) {
        (true, false, _) => TargetKind::Mdt,
        (false, true, _) => TargetKind::Ost,
        (false, false, true) => return Ok(TargetLabel::Mgs),
        _ => {
            let said = "\nmkfs.lustre FATAL: must set target type: MDT,OST,MGS";
            return Err(exiting(22, said, "Invalid argument"));
        }
    };
    let name = one("--fsname").unwrap_or("lustre");
    let short = "mkfs.lustre: filesystem name must be 1-8 chars";
    let fs = FsName::new(name).map_err(|_| exiting(1, short, "Operation not permitted"))?;
    let index = one("--index").and_then(|index| index.parse().ok());
    let index = TargetIndex(index.unwrap_or(0));
    Ok(TargetLabel::Of { fs, kind, index })
}

/// NIDs, one text a node.
fn nodes(words: &[&str], name: &str) -> Result<Vec<String>, Output> {
    let text = values(words, name).join(":");
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(bad) = parse_nodes(&text).1.first() {
        let said = format!(
            "mkfs.lustre: Unsupported NID '{bad}': rc = Unknown error -22.\nmkfs.lustre: Can't parse NID '{bad}'"
        );
        return Err(exiting(1, &said, "Operation not permitted"));
    }
    Ok(text.split(':').map(str::to_owned).collect())
}

/// Reads the words; the tool's own refusal if they will not do.
pub fn wanted(words: &[&str]) -> Result<Wanted, Output> {
    let has = |name: &str| words.contains(&name);
    let one = |name: &str| values(words, name).last().copied();
    let mut data = TargetData::new(label(words)?, String::new());
    let kind = data.label.kind();
    data.has_mgs = has("--mgs") && kind == TargetKind::Mdt;
    data.mgs_nodes = nodes(words, "--mgsnode")?;
    data.service_nodes = nodes(words, "--servicenode")?;
    data.no_primnode = !data.service_nodes.is_empty();
    data.service_nodes.extend(nodes(words, "--failnode")?);
    let params = values(words, "--param").into_iter();
    data.params = params.map(str::to_owned).collect();
    if data.mgs_nodes.is_empty() && !data.is_mgs() {
        let said = "\nmkfs.lustre FATAL: Must specify --mgs or --mgsnode";
        return Err(exiting(22, said, "Invalid argument"));
    }
    let is_zfs = one("--backfstype") == Some("zfs");
    let default = match (is_zfs, kind) {
        (true, _) => "",
        (false, TargetKind::Ost) => ",errors=remount-ro",
        (false, _) => "user_xattr,errors=remount-ro",
    };
    let options = one("--mountfsoptions").unwrap_or(default);
    options.clone_into(&mut data.mount_options);
    Ok(Wanted {
        data,
        is_zfs,
        is_reformat: has("--reformat"),
        is_dry: has("--dryrun"),
        has_index: kind == TargetKind::Mgt || one("--index").is_some(),
        device: words.last().copied().unwrap_or_default().to_owned(),
    })
}
