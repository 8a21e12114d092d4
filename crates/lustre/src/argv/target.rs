//! Targets and clients: format, mount, unmount, forget.
//!
//! Source: the manuals `mkfs.lustre(8)`, `mount.lustre(8)`, `lctl(8)`.

use super::{Argv, words};
use crate::label::{FsName, TargetKind, TargetLabel};
use crate::nid::Nid;

/// What `mkfs.lustre` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format<'a> {
    /// The target.
    pub label: &'a TargetLabel,
    /// Whether an MDT holds the MGS too.
    pub is_mgs_too: bool,
    /// `ldiskfs` or `zfs`.
    pub back_end: &'a str,
    /// NIDs of each MGS node; none for the MGS's own target.
    pub mgs_nodes: &'a [Vec<Nid>],
    /// NIDs of each server that may serve it; none without fail-over.
    pub service_nodes: &'a [Vec<Nid>],
    /// Options for the back end's own mkfs, as one text.
    pub mkfs_options: Option<&'a str>,
    /// Mount options that the target carries.
    pub mount_options: Option<&'a str>,
    /// Whether what is there is overwritten.
    pub is_reformat: bool,
    /// Device, or `pool/dataset`.
    pub device: &'a str,
}

/// `mkfs.lustre …`.
///
/// One `--mgsnode` for each MGS node and one `--servicenode` for each server,
/// the NIDs of a node joined by commas.
pub fn mkfs(format: &Format<'_>) -> Argv {
    let mut argv = words(["mkfs.lustre"]);
    match format.label {
        TargetLabel::Mgs => argv.push(String::from("--mgs")),
        TargetLabel::Of { fs, kind, index } => {
            if format.is_mgs_too {
                argv.push(String::from("--mgs"));
            }
            argv.push(format!("--{kind}"));
            argv.push(format!("--fsname={fs}"));
            argv.push(format!("--index={}", index.0));
        }
    }
    for (option, nodes) in [
        ("--mgsnode", format.mgs_nodes),
        ("--servicenode", format.service_nodes),
    ] {
        let nodes = nodes.iter().filter(|nids| !nids.is_empty());
        argv.extend(nodes.map(|nids| format!("{option}={}", joined(nids))));
    }
    argv.push(format!("--backfstype={}", format.back_end));
    argv.extend(
        format
            .mkfs_options
            .map(|text| format!("--mkfsoptions={text}")),
    );
    argv.extend(
        format
            .mount_options
            .map(|text| format!("--mountfsoptions={text}")),
    );
    if format.is_reformat {
        argv.push(String::from("--reformat"));
    }
    argv.push(format.device.to_owned());
    argv
}

/// `mount -t lustre [-o OPTIONS] DEVICE DIR`, for a target or a client.
pub fn mount(source: &str, mount_point: &str, options: &[String]) -> Argv {
    let mut argv = words(["mount", "-t", "lustre"]);
    if !options.is_empty() {
        argv.push(String::from("-o"));
        argv.push(options.join(","));
    }
    argv.push(source.to_owned());
    argv.push(mount_point.to_owned());
    argv
}

/// `umount DIR`.
pub fn umount(mount_point: &str) -> Argv {
    words(["umount", mount_point])
}

/// Where clients find a file system: `NID,NID:NID:/scratch`, one part a node.
pub fn client_source(mgs_nodes: &[Vec<Nid>], fs: &FsName) -> String {
    let nodes: Vec<String> = mgs_nodes.iter().map(|nids| joined(nids)).collect();
    format!("{}:/{fs}", nodes.join(":"))
}

/// `lctl erase_lcfg FS`, on the MGS: it forgets the file system.
pub fn erase_config(fs: &FsName) -> Argv {
    words(["lctl", "erase_lcfg", fs.as_str()])
}

/// `wipefs --all DEVICE`.
pub fn wipe(device: &str) -> Argv {
    words(["wipefs", "--all", device])
}

/// The name that Lustre's own examples give a mount point: `/lustre/scratch/ost0001`.
pub fn mount_point(label: &TargetLabel) -> String {
    match label {
        TargetLabel::Mgs => String::from("/lustre/mgs"),
        TargetLabel::Of { fs, kind, index } => format!("/lustre/{fs}/{kind}{index}"),
    }
}

/// The dataset of a target in its pool: `ost0001`, `mdt0000`, `mgt`.
pub fn dataset(label: &TargetLabel) -> String {
    match label {
        TargetLabel::Mgs => TargetKind::Mgt.to_string(),
        TargetLabel::Of { kind, index, .. } => format!("{kind}{index}"),
    }
}

fn joined(nids: &[Nid]) -> String {
    let nids: Vec<String> = nids.iter().map(ToString::to_string).collect();
    nids.join(",")
}
