//! Disks, what lies on them, and the programs that show them.

mod blkid;
mod lsblk;
pub mod udev;

use super::World;
use super::command::{self, Part};
use super::host::{HostName, Mount};
use super::record::Happening;
use super::target::TargetData;
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

/// The disk that a path leads to on a host, if it answers: `/dev/sdb`, a
/// partition of it, or a link of udev.
pub fn find(world: &World, host: &HostName, path: &str) -> Option<DiskId> {
    let state = world.hosts.get(host)?;
    let is_there = |id: &&DiskId| {
        let disk = world.disks.get(*id);
        disk.is_some_and(|disk| disk.fault != Some(DiskFault::Gone))
    };
    let name = path.rsplit('/').next()?;
    let name = name.split("-part").next().unwrap_or(name);
    let id = if let Some(wwn) = name.strip_prefix("wwn-0x").or(name.strip_prefix("scsi-3")) {
        state.disks.values().find(|id| id.0 == wwn)
    } else if path.starts_with("/dev/disk/by-label/") {
        state.disks.values().find(|id| {
            let content = world.disks.get(*id).and_then(|disk| disk.content.known());
            content.is_some_and(|(_, label, _)| label == name)
        })
    } else {
        let whole = name.trim_end_matches(|c: char| c.is_ascii_digit());
        state.disks.get(whole)
    };
    id.filter(is_there).cloned()
}

/// The kernel's name of a disk on a host: `sdb`.
pub fn name_of(world: &World, host: &HostName, id: &DiskId) -> Option<String> {
    let state = world.hosts.get(host)?;
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

/// The disks of a host in the order of the kernel, each with its number.
fn in_order(world: &World, host: &HostName) -> Vec<(usize, String, DiskId)> {
    let Some(state) = world.hosts.get(host) else {
        return Vec::new();
    };
    let mut disks: Vec<(&String, &DiskId)> = state.disks.iter().collect();
    disks.sort_by_key(|(name, _)| (name.len(), *name));
    let numbered = disks.into_iter().enumerate();
    let all = numbered.map(|(n, (name, id))| (n, name.clone(), id.clone()));
    all.filter(|(_, _, id)| {
        let disk = world.disks.get(id);
        disk.is_some_and(|disk| disk.fault != Some(DiskFault::Gone))
    })
    .collect()
}

/// What the kernel and `blkid` call a block device: a disk or a partition that
/// ZFS made on it.
struct Block<'a> {
    name: String,
    /// Its number among the disks of the host.
    number: usize,
    /// 1 or 9 for a partition.
    part: Option<u32>,
    id: DiskId,
    disk: &'a Disk,
    bytes: u64,
    /// First sector.
    start: u64,
    /// Kind, label, UUID.
    known: Option<(String, String, String)>,
    mounted_at: Option<String>,
}

/// Bytes of the partition that ZFS reserves at the end.
const PART9: u64 = 8 << 20;

impl<'a> Block<'a> {
    fn all(world: &'a World, host: &HostName) -> Vec<Self> {
        let mut blocks = Vec::new();
        for (number, name, id) in in_order(world, host) {
            let Some(disk) = world.disks.get(&id) else {
                continue;
            };
            let known = disk.content.known();
            let known = known.map(|(kind, label, uuid)| (kind.to_owned(), label, uuid));
            let is_member = matches!(disk.content, Content::PoolMember { .. });
            let mounted_at = mount_of(world, host, &id).map(|mount| mount.at.clone());
            let block = |part: Option<u32>, bytes, start, known| Block {
                name: part.map_or_else(|| name.clone(), |part| format!("{name}{part}")),
                number,
                part,
                id: id.clone(),
                disk,
                bytes,
                start,
                known,
                mounted_at: mounted_at.clone().filter(|_| part.is_none()),
            };
            if !is_member {
                blocks.push(block(None, disk.bytes, 0, known));
                continue;
            }
            let data = disk.bytes.saturating_sub(PART9 + (2 << 20));
            blocks.push(block(None, disk.bytes, 0, None));
            blocks.push(block(Some(1), data, 2048, known));
            blocks.push(block(Some(9), PART9, 2048 + data / 512, None));
        }
        blocks
    }

    /// Major and minor number.
    fn device(&self) -> (usize, usize) {
        const MAJORS: [usize; 16] = [
            8, 65, 66, 67, 68, 69, 70, 71, 128, 129, 130, 131, 132, 133, 134, 135,
        ];
        let major = MAJORS.get(self.number / 16).copied().unwrap_or(259);
        let part = self.part.map_or(0, |part| part as usize);
        (major, self.number % 16 * 16 + part)
    }

    /// The type of its partition.
    fn part_type(&self) -> &'static str {
        match self.part {
            Some(9) => "6a945a3b-1dd2-11b2-99a6-080020736631",
            _ => "6a898cc3-1dd2-11b2-99a6-080020736631",
        }
    }

    /// The member's own guid, of the partition that holds a pool.
    fn member(&self) -> Option<u64> {
        match (&self.disk.content, self.part) {
            (Content::PoolMember { member, .. }, Some(1)) => Some(*member),
            _ => None,
        }
    }

    /// The name that ZFS gave the partition.
    fn part_label(&self) -> Option<String> {
        self.member().map(|member| format!("zfs-{member:016x}"))
    }

    /// A UUID of the partition, or of the table.
    fn part_uuid(&self) -> String {
        uuid_from(&format!("{}/{}", self.id.0, self.part.unwrap_or(0)))
    }
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
