//! What a target of Lustre carries on its disk, or in its dataset: its own
//! configuration, who used it, and an MGS's knowledge.

use super::World;
use super::disk::{Content, DiskId};
use super::host::HostName;
use lustre::label::{TargetKind, TargetLabel};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a target lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// On ldiskfs.
    Disk(DiskId),
    /// In a pool: its guid, and the dataset's name.
    Dataset(u64, String),
}

impl Place {
    /// `ldiskfs` or `zfs`.
    pub fn back_end(&self) -> &'static str {
        match self {
            Self::Disk(_) => "ldiskfs",
            Self::Dataset(..) => "zfs",
        }
    }
}

/// How far the MGS knows a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Never mounted: `fs:OST0000`.
    #[default]
    New,
    /// To be written out anew: `fs=OST0000`.
    WriteConf,
    /// Known: `fs-OST0000`.
    Known,
}

/// What a target carries of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetData {
    /// Its label.
    pub label: TargetLabel,
    /// How far the MGS knows it.
    pub standing: Standing,
    /// Whether it holds an MGS beside an MDT.
    pub has_mgs: bool,
    /// `mgsnode` values, one a node.
    pub mgs_nodes: Vec<String>,
    /// `failover.node` values, one a node.
    pub service_nodes: Vec<String>,
    /// Whether the service nodes are all nodes: `--servicenode`.
    pub no_primnode: bool,
    /// Other parameters: `sys.timeout=20`.
    pub params: Vec<String>,
    /// Mount options that it carries.
    pub mount_options: String,
    /// Whether it was never mounted since it was written: the flag `update`.
    pub is_update: bool,
    /// UUID of the file system under it.
    pub uuid: String,
    /// Who used it and may have to recover: client UUIDs.
    pub clients: BTreeSet<String>,
    /// What an MGS on it knows: file systems by name.
    pub configs: BTreeMap<String, FsConfig>,
    /// The host, and which boot of it, that multiple mount protection names.
    pub mmp: Option<(HostName, u32)>,
    /// Marks that stand for user data: lost when it is formatted.
    pub marks: u64,
}

/// What an MGS knows of a file system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FsConfig {
    /// Its targets, in the order in which they came.
    pub targets: Vec<KnownTarget>,
    /// How often it was changed.
    pub generation: u32,
}

/// A target that an MGS knows.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownTarget {
    /// Its label.
    pub label: TargetLabel,
    /// NIDs of the nodes that may serve it, one entry a node.
    pub nodes: Vec<String>,
    /// When it came, seconds since 1970.
    pub at: i64,
}

impl TargetData {
    /// One that was just formatted.
    pub fn new(label: TargetLabel, uuid: String) -> Self {
        Self {
            label,
            standing: Standing::New,
            has_mgs: false,
            mgs_nodes: Vec::new(),
            service_nodes: Vec::new(),
            no_primnode: false,
            params: Vec::new(),
            mount_options: String::new(),
            is_update: true,
            uuid,
            clients: BTreeSet::new(),
            configs: BTreeMap::new(),
            mmp: None,
            marks: 0,
        }
    }

    /// The name with the separator that tells how far the MGS knows it.
    pub fn name(&self) -> String {
        match &self.label {
            TargetLabel::Mgs => String::from("MGS"),
            TargetLabel::Of { .. } => self.name_with(match self.standing {
                Standing::New => ':',
                Standing::WriteConf => '=',
                Standing::Known => '-',
            }),
        }
    }

    /// The name with a separator.
    pub fn name_with(&self, separator: char) -> String {
        let text = self.label.to_string();
        match text.rsplit_once('-') {
            Some((fs, rest)) => format!("{fs}{separator}{rest}"),
            None => text,
        }
    }

    /// Whether an MGS lies on it.
    pub fn is_mgs(&self) -> bool {
        self.has_mgs || self.label == TargetLabel::Mgs
    }

    /// The file system's name; empty for an MGS alone.
    pub fn fs(&self) -> String {
        self.label.fs().map(ToString::to_string).unwrap_or_default()
    }

    /// The index as it is written: that of none is 65535.
    pub fn index(&self) -> u32 {
        self.label
            .index()
            .map_or(0xffff, |index| u32::from(index.0))
    }

    /// The flags as they are written. `first_time` is never taken away again.
    pub fn flags(&self) -> u32 {
        let kind = match self.label.kind() {
            TargetKind::Mdt => 0x1,
            TargetKind::Ost => 0x2,
            TargetKind::Mgt => 0x4,
        };
        let set = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        kind | 0x20
            | set(self.is_mgs(), 0x4)
            | set(self.is_update, 0x40)
            | set(self.standing == Standing::WriteConf, 0x100)
            | set(self.no_primnode, 0x1000)
    }

    /// The parameters as `key=value`, in the order of `mkfs.lustre`.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let nodes = |key: &str, nodes: &[String]| {
            (!nodes.is_empty()).then(|| (key.to_owned(), nodes.join(":")))
        };
        let mut all: Vec<(String, String)> = Vec::new();
        all.extend(nodes("mgsnode", &self.mgs_nodes));
        all.extend(nodes("failover.node", &self.service_nodes));
        let others = self.params.iter().filter_map(|param| param.split_once('='));
        all.extend(others.map(|(key, value)| (key.to_owned(), value.to_owned())));
        all
    }

    /// The parameters on one line.
    pub fn parameter_line(&self) -> String {
        let words = self.parameters();
        let words: Vec<String> = words
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        words.join(" ")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(id) => write!(f, "disk {}", id.0),
            Self::Dataset(_, name) => write!(f, "dataset {name}"),
        }
    }
}

impl World {
    /// What a place carries of a target.
    pub fn target(&self, place: &Place) -> Option<&TargetData> {
        match place {
            Place::Disk(id) => match &self.disks.get(id)?.content {
                Content::Ldiskfs(data) => Some(data),
                _ => None,
            },
            Place::Dataset(guid, name) => self.pools.get(guid)?.datasets.get(name)?.target.as_ref(),
        }
    }

    /// The same, to change it.
    pub fn target_mut(&mut self, place: &Place) -> Option<&mut TargetData> {
        match place {
            Place::Disk(id) => match &mut self.disks.get_mut(id)?.content {
                Content::Ldiskfs(data) => Some(data),
                _ => None,
            },
            Place::Dataset(guid, name) => {
                let pool = self.pools.get_mut(guid)?;
                pool.datasets.get_mut(name)?.target.as_mut()
            }
        }
    }
}
