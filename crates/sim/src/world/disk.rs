//! Disks, what lies on them, and the programs that show them.

mod blkid;
mod block;
mod lsblk;
pub mod udev;

use super::World;
use super::command::{self, Part};
use super::host::{Host, HostName, Mount};
use super::record::Happening;
use super::target::TargetData;
use block::Block;
use std::collections::BTreeMap;
use std::time::Duration;

/// The programs of disks.
pub const PART: Part = Part {
    name: "disk",
    programs: &["lsblk", "udevadm", "blkid", "wipefs"],
    run: |world, host, argv| match command::program(argv) {
        "lsblk" => lsblk::run(world, host, argv),
        "udevadm" => udev::run(world, host, argv),
        "blkid" => blkid::run(world, host, argv),
        _ => blkid::wipefs(world, host, argv),
    },
    takes: |world, host, argv| {
        let path = argv.last().map_or("", String::as_str);
        slowed(world, host, path, Duration::from_millis(200))
    },
    after_boot: name_anew,
    ..Part::BARE
};

/// A disk: its world-wide name without `0x`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DiskId(pub String);

/// A disk. Which hosts see it is theirs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// Size in bytes.
    pub bytes: u64,
    /// Vendor.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// Whether it spins.
    pub is_rotational: bool,
    /// What lies on it.
    pub content: Content,
    /// Whether it answers.
    pub fault: Option<DiskFault>,
}

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// It is gone.
    Gone,
    /// It refuses writing.
    ReadOnly,
    /// It has no room.
    Full,
    /// It takes ten times as long.
    Slow,
}

/// What lies on a disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Content {
    /// Nothing known.
    #[default]
    Blank,
    /// A local file system that is not Lustre's.
    FileSystem {
        /// `ext4`, `xfs`.
        kind: String,
        /// Its label.
        label: String,
        /// Its UUID.
        uuid: String,
    },
    /// A target on ldiskfs.
    Ldiskfs(TargetData),
    /// A member of a pool: whole, with a partition that ZFS made.
    PoolMember {
        /// The pool's name.
        pool: String,
        /// Its guid.
        guid: u64,
        /// The member's own.
        member: u64,
    },
}

impl Content {
    /// What it is, its label, its UUID, as `blkid` tells them; none if blank.
    pub fn known(&self) -> Option<(&str, String, String)> {
        match self {
            Self::Blank => None,
            Self::FileSystem { kind, label, uuid } => Some((kind, label.clone(), uuid.clone())),
            Self::Ldiskfs(data) => Some(("ext4", data.name(), data.uuid.clone())),
            Self::PoolMember { pool, guid, .. } => {
                Some(("zfs_member", pool.clone(), guid.to_string()))
            }
        }
    }

    /// In words, for records.
    pub fn signature(&self) -> String {
        match self.known() {
            None => String::from("blank"),
            Some((kind, label, uuid)) if label.is_empty() => format!("{kind} uuid={uuid}"),
            Some((kind, label, uuid)) => format!("{kind} label={label} uuid={uuid}"),
        }
    }
}

/// The disk that a path leads to on a host, if it answers there: `/dev/sdb`,
/// `/dev/mapper/mpatha`, a partition of it, or a link of udev.
pub fn find(world: &World, host: &HostName, path: &str) -> Option<DiskId> {
    let state = world.hosts.get(host)?;
    let name = path.rsplit('/').next()?;
    let name = name.split("-part").next().unwrap_or(name);
    let by_wwn = ["wwn-0x", "scsi-3", "dm-uuid-mpath-3"];
    let mut wwns = by_wwn.iter().filter_map(|front| name.strip_prefix(front));
    let id = if let Some(wwn) = wwns.next() {
        state.disks.values().find(|id| id.0 == wwn)
    } else if path.starts_with("/dev/disk/by-label/") {
        state.disks.values().find(|id| {
            let content = world.disks.get(*id).and_then(|disk| disk.content.known());
            content.is_some_and(|(_, label, _)| label == name)
        })
    } else {
        let whole = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let map = whole.strip_prefix("dm-name-").unwrap_or(whole);
        let mut maps = state.maps.iter();
        let mapped = maps.find(|(_, name)| *name == map).map(|(id, _)| id);
        mapped.or_else(|| {
            state
                .disks
                .get(whole)
                .filter(|_| !state.lost.contains(whole))
        })
    };
    id.filter(|id| answers(world, state, id)).cloned()
}

/// Disks that were there in one order at a boot are there in another at the next: each
/// but the first, which the host boots from, takes the name of the one after it.
fn name_anew(world: &mut World, host: &HostName) {
    let Some(state) = world.hosts.get_mut(host) else {
        return;
    };
    let mut names: Vec<String> = state.disks.keys().cloned().collect();
    names.retain(|name| *name != "sda");
    names.sort_by_key(|name| (name.len(), name.clone()));
    let mut after = names.clone();
    after.rotate_left(1.min(names.len()));
    let next: BTreeMap<String, String> = names.into_iter().zip(after).collect();
    let renamed = |name: String| next.get(&name).cloned().unwrap_or(name);
    let disks = std::mem::take(&mut state.disks).into_iter();
    state.disks = disks.map(|(name, id)| (renamed(name), id)).collect();
    let lost = std::mem::take(&mut state.lost).into_iter();
    state.lost = lost.map(renamed).collect();
}

/// Whether a disk is there for a host: it is not gone, and not every path is lost.
fn answers(world: &World, state: &Host, id: &DiskId) -> bool {
    let disk = world.disks.get(id);
    let mut paths = state.disks.iter();
    disk.is_some_and(|disk| disk.fault != Some(DiskFault::Gone))
        && paths.any(|(name, one)| one == id && !state.lost.contains(name))
}

/// Whether a multipath map holds what is at a path: a disk that is one way to it.
pub fn is_held(world: &World, host: &HostName, path: &str) -> bool {
    let state = world.hosts.get(host);
    let name = path.strip_prefix("/dev/").unwrap_or_default();
    let id = state.and_then(|state| state.disks.get(name));
    id.is_some_and(|id| state.is_some_and(|state| state.maps.contains_key(id)))
}

/// The name of a disk's node on a host, below `/dev`: `sdb`, `mapper/mpatha`.
pub fn name_of(world: &World, host: &HostName, id: &DiskId) -> Option<String> {
    let state = world.hosts.get(host)?;
    if let Some(map) = state.maps.get(id) {
        return Some(format!("mapper/{map}"));
    }
    let mut disks = state.disks.iter();
    disks
        .find(|(_, one)| *one == id)
        .map(|(name, _)| name.clone())
}

/// What of a host is mounted from a disk.
pub fn mount_of<'a>(world: &'a World, host: &HostName, id: &DiskId) -> Option<&'a Mount> {
    let name = format!("/dev/{}", name_of(world, host, id)?);
    let state = world.hosts.get(host)?;
    state.mounts.iter().find(|mount| mount.source == name)
}

/// Whether a disk takes what is written to it.
pub fn is_writable(world: &World, id: &DiskId) -> bool {
    let fault = world.disks.get(id).map(|disk| disk.fault);
    matches!(fault, Some(None | Some(DiskFault::Slow | DiskFault::Full)))
}

/// Replaces what lies on a disk, and notes it.
pub fn replace(world: &mut World, host: &HostName, id: &DiskId, content: Content) {
    let Some(disk) = world.disks.get_mut(id) else {
        return;
    };
    let before = std::mem::replace(&mut disk.content, content).signature();
    world.note(Happening::Erased {
        host: host.clone(),
        disk: id.clone(),
        before,
    });
}

/// How long something takes on the disk behind a path.
pub fn slowed(world: &World, host: &HostName, path: &str, takes: Duration) -> Duration {
    let disk = find(world, host, path).and_then(|id| world.disks.get(&id));
    match disk.and_then(|disk| disk.fault) {
        Some(DiskFault::Slow) => takes * 10,
        _ => takes,
    }
}

/// The kernel's name of the n-th SCSI disk: `sda`, `sdz`, `sdaa`.
pub fn scsi_name(n: usize) -> String {
    let mut letters = Vec::new();
    let mut left = n + 1;
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'a' + digit));
        left = (left - 1) / 26;
    }
    let letters: String = letters.iter().rev().collect();
    format!("sd{letters}")
}

/// A UUID that follows from a text.
pub fn uuid_from(text: &str) -> String {
    let (one, two) = (number_from(text, 1), number_from(text, 2));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        one >> 32,
        one >> 16 & 0xffff,
        one & 0xfff,
        two >> 48 & 0xfff,
        two & 0xffff_ffff_ffff
    )
}

/// A number that follows from a text (FNV-1a, then mixed).
pub fn number_from(text: &str, salt: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    crate::chance::Chance::new(hash).any()
}
