//! Disks, and which hosts see them.

use super::host::HostName;
use std::collections::BTreeMap;

/// A disk: its world-wide name without `0x`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DiskId(pub String);

/// A disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// Size in bytes.
    pub bytes: u64,
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// Whether it spins.
    pub is_rotational: bool,
    /// The kernel's name on each host that sees it: `sdb`.
    pub names: BTreeMap<HostName, String>,
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
    /// A member of a pool.
    PoolMember {
        /// The pool's name.
        pool: String,
        /// Its guid.
        guid: u64,
    },
}

/// What a target carries of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetData {
    /// The name with its separator: `scratch:OST0000` before it is registered.
    pub name: String,
    /// File system; empty for an MGS alone.
    pub fs: String,
    /// Index.
    pub index: u32,
    /// `mdt`, `ost` or `mgt`.
    pub kind: String,
    /// Whether it holds an MGS too.
    pub has_mgs: bool,
    /// `mgsnode` values.
    pub mgs_nodes: Vec<String>,
    /// `failover.node` values.
    pub service_nodes: Vec<String>,
    /// UUID of the file system under it.
    pub uuid: String,
    /// A number that each mount raises, so that a second user of the same disk
    /// is seen by multiple mount protection.
    pub mmp: Option<HostName>,
    /// Marks that stand for user data: lost when it is formatted.
    pub marks: u64,
}

impl Content {
    /// As `blkid` and the agent call it: what consent is given for.
    pub fn signature(&self) -> String {
        match self {
            Self::Blank => String::from("blank"),
            Self::FileSystem { kind, label, uuid } if label.is_empty() => {
                format!("{kind} uuid={uuid}")
            }
            Self::FileSystem { kind, label, uuid } => format!("{kind} label={label} uuid={uuid}"),
            Self::Ldiskfs(data) => format!("ext4 label={} uuid={}", data.name, data.uuid),
            Self::PoolMember { pool, guid } => format!("zfs_member label={pool} uuid={guid}"),
        }
    }
}
