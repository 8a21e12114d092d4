//! What the reports mean together: made by `detect`, never edited.
//!
//! Each conclusion carries its evidence and how sure it is; each absence its
//! reason. Facts of a silent agent stay, with their age.

use crate::ids::{DeviceId, ServerId};
use crate::report::{
    Constraint, Corosync, DeviceKind, FenceDevice, FenceEvent, HaNode, HaOperation, HaResource,
    Recovery,
};
use jiff::Timestamp;
use lustre::label::{FsName, TargetKind, TargetLabel};
use lustre::nid::Nid;
use std::collections::{BTreeMap, BTreeSet};

/// Everything there is, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// Servers by id.
    pub servers: BTreeMap<ServerId, Server>,
    /// Devices by identity, each once however many servers see it.
    pub devices: BTreeMap<DeviceId, Device>,
    /// Targets by key.
    pub targets: BTreeMap<TargetKey, Target>,
    /// File systems by key.
    pub filesystems: BTreeMap<FsKey, FileSystem>,
    /// HA clusters by key.
    pub ha_clusters: BTreeMap<HaKey, HaCluster>,
    /// Client mounts by server and mount point.
    pub clients: BTreeMap<(ServerId, String), Client>,
}

/// A file system is named by its MGS and its name, since two sites may use one
/// name. The MGS is named by its target's key text, or by its NIDs if external.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FsKey(pub String);

/// A target: its file system's key and its label; an MGT by its device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetKey(pub String);

/// An HA cluster: its name and its nodes' servers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HaKey(pub String);

/// How sure a conclusion is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Signs contradict each other; a person must look.
    Conflict,
    /// One weak sign (a label, a configuration file, an MGS log only).
    #[default]
    Weak,
    /// One strong sign (mounted, or on-disk configuration).
    Good,
    /// Two or more independent signs agree.
    Certain,
}

/// One sign behind a conclusion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// What was concluded from it: `mounted`, `home`, `exists`, `member`.
    pub claim: String,
    /// `mount`, `obd`, `mountdata`, `zfs`, `label`, `mgs`, `pacemaker`, `config`.
    pub sign: String,
    /// The server that showed it, if one did.
    pub server: Option<ServerId>,
    /// The command or file, and what it said.
    pub text: String,
    /// When it was read.
    pub at: Option<Timestamp>,
    /// Whether it supports the conclusion; otherwise it speaks against it.
    pub agrees: bool,
}

/// What a server does, from what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerRole {
    /// Serves or may serve an MGT.
    Mgs,
    /// Serves or may serve an MDT.
    Mds,
    /// Serves or may serve an OST.
    Oss,
    /// Mounts a file system.
    Client,
    /// Routes LNet.
    Router,
}

/// A server. Its own facts stay in its report; this is what follows from them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// Host name, or its FQDN where two servers share the short one.
    pub name: String,
    /// What it does.
    pub roles: BTreeSet<ServerRole>,
    /// Its NIDs.
    pub nids: Vec<Nid>,
    /// Its HA cluster.
    pub ha: Option<HaKey>,
    /// Targets mounted on it.
    pub mounted: BTreeSet<TargetKey>,
    /// Targets that it may serve, mounted or not.
    pub may_serve: BTreeSet<TargetKey>,
    /// When its newest report was made.
    pub seen_at: Option<Timestamp>,
    /// What is odd about it, one sentence each.
    pub concerns: Vec<Concern>,
}

/// Something that needs attention, with why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Concern {
    /// Stable code with a page in `docs/errors`: `target-mounted-twice`.
    pub code: String,
    /// One sentence.
    pub text: String,
}

/// A block device, pool or dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its best description, from the newest report that shows it.
    pub kind: DeviceKind,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Model, where known.
    pub model: Option<String>,
    /// Serial, where known.
    pub serial: Option<String>,
    /// What lies on it.
    pub content: Option<String>,
    /// Label of what lies on it.
    pub label: Option<String>,
    /// Who sees it and under which path.
    pub paths: BTreeMap<ServerId, String>,
    /// What it is made of.
    pub parents: BTreeSet<DeviceId>,
    /// Targets on it, or on what is made of it.
    pub targets: BTreeSet<TargetKey>,
}

/// What a target does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetState {
    /// Mounted on one server, serving.
    Mounted,
    /// Mounted, in recovery.
    Recovering,
    /// Seen, mounted nowhere that reports.
    Unmounted,
    /// Mounted when last seen, on a server that is silent now.
    Stale,
    /// Reported mounted on more than one server.
    MountedTwice,
    /// Known to an MGS or Pacemaker only; no server here shows its device.
    Missing,
    /// Nothing is known yet.
    #[default]
    Unknown,
}

/// A target.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its label.
    pub label: TargetLabel,
    /// MGT, MDT or OST.
    pub kind: TargetKind,
    /// Its file system, none for an MGT.
    pub fs: Option<FsKey>,
    /// State.
    pub state: TargetState,
    /// Where it is mounted.
    pub mounted_on: BTreeSet<ServerId>,
    /// Where it is mounted in the file tree there.
    pub mount_point: Option<String>,
    /// Servers that may serve it, preferred first where an order is known.
    pub servers: Vec<ServerId>,
    /// The server it belongs on, where something says so.
    pub home: Option<ServerId>,
    /// Names or NIDs of servers that may serve it and do not report here.
    pub unknown_servers: Vec<String>,
    /// The device it lies on.
    pub device: Option<DeviceId>,
    /// `ldiskfs` or `zfs`.
    pub back_end: Option<String>,
    /// Whether it holds an MGS too.
    pub is_mgs_too: bool,
    /// Recovery of the mounted one.
    pub recovery: Option<Recovery>,
    /// Clients connected.
    pub n_clients: Option<u32>,
    /// Bytes in all and available.
    pub bytes: Option<(u64, u64)>,
    /// Inodes in all and free.
    pub inodes: Option<(u64, u64)>,
    /// Pacemaker resource that runs it.
    pub ha_resource: Option<String>,
    /// How sure we are that it exists as shown.
    pub confidence: Confidence,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What is odd.
    pub concerns: Vec<Concern>,
}

/// What a file system's targets add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// MDTs.
    pub n_mdts: u32,
    /// OSTs.
    pub n_osts: u32,
    /// Targets that are mounted, in recovery or not.
    pub n_up: u32,
    /// OSTs of those.
    pub n_osts_up: u32,
    /// Targets that were last seen on a silent server.
    pub n_stale: u32,
    /// Whether MDT0000 is mounted.
    pub is_first_mdt_up: bool,
}

/// A file system.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSystem {
    /// Name.
    pub name: FsName,
    /// Its MGT, where it is a target that is seen.
    pub mgt: Option<TargetKey>,
    /// Whether its MGS runs on no server that reports here.
    pub is_mgs_external: bool,
    /// NIDs of its MGS nodes.
    pub mgs_nids: Vec<Nid>,
    /// Those of them that its targets were told when they were formatted; none where
    /// nothing that is seen shows it.
    pub mgs_told: Vec<Nid>,
    /// Its MDTs and OSTs.
    pub targets: BTreeSet<TargetKey>,
    /// What they add up to.
    pub counts: Counts,
    /// Clients mounting it on servers that report here.
    pub clients: BTreeSet<(ServerId, String)>,
    /// Connections of clients, as the MDTs count them (largest).
    pub n_clients: Option<u32>,
    /// Bytes in all and available over OSTs.
    pub bytes: Option<(u64, u64)>,
    /// Inodes in all and free over MDTs.
    pub inodes: Option<(u64, u64)>,
    /// How sure we are that this is all of it.
    pub confidence: Confidence,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What is odd or missing.
    pub concerns: Vec<Concern>,
}

impl FileSystem {
    /// One of which nothing is known but its name.
    pub fn named(name: FsName) -> Self {
        Self {
            name,
            mgt: None,
            is_mgs_external: false,
            mgs_nids: Vec::new(),
            mgs_told: Vec::new(),
            targets: BTreeSet::new(),
            counts: Counts::default(),
            clients: BTreeSet::new(),
            n_clients: None,
            bytes: None,
            inodes: None,
            confidence: Confidence::Weak,
            evidence: Vec::new(),
            concerns: Vec::new(),
        }
    }
}

/// An HA cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HaCluster {
    /// Its name, or its nodes' names joined.
    pub name: String,
    /// Servers of its nodes.
    pub servers: BTreeSet<ServerId>,
    /// The server whose view this is (the controller's, if it reports).
    pub seen_by: Option<ServerId>,
    /// `pacemaker`, or `shared-devices` where only devices and service nodes
    /// say that servers stand in for each other.
    pub manager: String,
    /// Quorum.
    pub has_quorum: Option<bool>,
    /// Fencing on.
    pub fencing_enabled: Option<bool>,
    /// Maintenance mode.
    pub maintenance: bool,
    /// The controller.
    pub dc: Option<String>,
    /// Nodes.
    pub nodes: Vec<HaNode>,
    /// Resources.
    pub resources: Vec<HaResource>,
    /// Fencing devices.
    pub fence_devices: Vec<FenceDevice>,
    /// What was fenced.
    pub fence_history: Vec<FenceEvent>,
    /// Constraints.
    pub constraints: Vec<Constraint>,
    /// What Pacemaker did last, newest first.
    pub operations: Vec<HaOperation>,
    /// Corosync, as the same server sees it.
    pub corosync: Option<Corosync>,
    /// Targets that its servers stand in for.
    pub targets: BTreeSet<TargetKey>,
    /// How sure.
    pub confidence: Confidence,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What is odd.
    pub concerns: Vec<Concern>,
}

/// A client mount.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// The file system's name as mounted.
    pub fs_name: FsName,
    /// The file system, where it is known here.
    pub fs: Option<FsKey>,
    /// MGS as mounted.
    pub mgs: String,
}
