//! A spec with every choice made: which server, which device, which NIDs.

use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::{DeviceId, ServerId};
use model::inventory::{FsKey, TargetKey};
use model::spec::{BackEnd, FsWanted, HaGroup, HaManager, ServerWanted};
use model::step::LnetNet;
use std::collections::BTreeMap;

/// A spec with every choice made. Lists refer to each other by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Servers that are managed and listed.
    pub servers: BTreeMap<ServerId, ServerPlace>,
    /// HA groups.
    pub groups: Vec<GroupPlace>,
    /// File systems.
    pub filesystems: Vec<FsPlace>,
    /// All targets of all file systems; one MGT may be of several.
    pub targets: Vec<TargetPlace>,
    /// Client mounts.
    pub clients: Vec<ClientPlace>,
    /// Sources of time; none leaves clocks as they are.
    pub time: Vec<String>,
    /// Whether ports are opened.
    pub opens_firewall: bool,
    /// Whether the spec says anything about LNet.
    pub has_networks: bool,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPlace {
    /// Its name.
    pub name: String,
    /// What it is to do.
    pub wanted: ServerWanted,
    /// Its group's place.
    pub group: Option<usize>,
    /// LNet on it.
    pub nets: Vec<LnetNet>,
    /// Its NIDs, on those nets.
    pub nids: Vec<Nid>,
}

/// An HA group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPlace {
    /// As it is written.
    pub spec: HaGroup,
    /// Its servers, in their order.
    pub servers: Vec<ServerId>,
    /// For each, its addresses that Corosync talks over.
    pub addresses: Vec<Vec<String>>,
}

impl GroupPlace {
    /// Whether Pacemaker, which Candela sets up, runs targets.
    pub fn is_pacemaker(&self) -> bool {
        self.spec.manager == HaManager::Pacemaker
    }
}

/// Where a file system's MGS is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MgsPlace {
    /// A target here: an MGT, or an MDT0 with an MGS.
    Target(usize),
    /// Somewhere else: NIDs of each node.
    External(Vec<Vec<Nid>>),
    /// Not known: there is a finding.
    Unknown,
}

/// A file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FsPlace {
    /// Its name.
    pub name: FsName,
    /// Its key, where it is seen.
    pub key: Option<FsKey>,
    /// What it is to do.
    pub state: FsWanted,
    /// Its MGS.
    pub mgs: MgsPlace,
    /// Its MGT where it is its own.
    pub mgt: Option<usize>,
    /// Its MDTs, in order of index.
    pub mdts: Vec<usize>,
    /// Its OSTs, in order of index.
    pub osts: Vec<usize>,
    /// Targets of the spec that are known, but no server shows their device.
    pub missing: Vec<TargetLabel>,
}

impl FsPlace {
    /// All its targets' places, its own MGT first.
    pub fn targets(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let own = self.mgt.iter().chain(&self.mdts).chain(&self.osts);
        own.copied()
    }
}

/// A target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPlace {
    /// Its label.
    pub label: TargetLabel,
    /// The place of the file system that it is written in.
    pub fs: usize,
    /// Its key, where it is seen.
    pub key: Option<TargetKey>,
    /// Whether an MDT holds the MGS too.
    pub is_mgs_too: bool,
    /// What it lies on.
    pub back_end: BackEnd,
    /// Its device; for ZFS the dataset.
    pub device: DeviceId,
    /// Its pool, for ZFS.
    pub pool: Option<PoolPlace>,
    /// The server that it belongs on.
    pub home: ServerId,
    /// Those that may take over, best first.
    pub heirs: Vec<ServerId>,
    /// Its group's place.
    pub group: Option<usize>,
    /// Where it is mounted.
    pub mount_point: String,
    /// Its pool is there and imported nowhere, so that it is not seen.
    pub hidden: Option<Hidden>,
    /// Options for mkfs of the back end.
    pub mkfs_options: Option<String>,
    /// Mount options that it carries.
    pub mount_options: Option<String>,
}

impl TargetPlace {
    /// Servers that may serve it, the home first.
    pub fn servers(&self) -> impl Iterator<Item = ServerId> + '_ {
        std::iter::once(self.home).chain(self.heirs.iter().copied())
    }

    /// Whether it holds an MGS.
    pub fn is_mgs(&self) -> bool {
        self.label == TargetLabel::Mgs || self.is_mgs_too
    }
}

/// What is known of a target in a pool that nobody has imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// Pacemaker or its MGS knows it, so it is there.
    Made,
    /// It may be there or not.
    Unknown,
}

/// A pool of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolPlace {
    /// Its name.
    pub name: String,
    /// Whether it exists.
    pub exists: bool,
    /// `mirror`, `raidz2`; none for one plain disk.
    pub layout: Option<String>,
    /// Its devices.
    pub devices: Vec<DeviceId>,
    /// `name=value` of pool properties.
    pub options: Vec<String>,
}

/// A client mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPlace {
    /// What.
    pub fs: FsName,
    /// Its place, where it is in the spec.
    pub fs_place: Option<usize>,
    /// The server.
    pub server: ServerId,
    /// Where.
    pub mount_point: String,
    /// Options.
    pub options: Vec<String>,
    /// Whether it is to be mounted.
    pub mounted: bool,
}
