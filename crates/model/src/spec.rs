//! The spec: what operators want, as a document. YAML for people, JSON by the
//! API; the same types. What follows from it is worked out in `plan`.
//!
//! **Invariant:** additive. A new field has a default that means what its
//! absence meant before.

use lustre::label::FsName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Form of the document.
pub const FORM: u16 = 1;

/// What should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// [`FORM`] of the document.
    pub candela: u16,
    /// The servers that are managed. What is not listed is only watched.
    pub servers: Vec<ServerSpec>,
    /// Servers that stand in for each other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ha_groups: Vec<HaGroup>,
    /// LNet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<NetworkSpec>,
    /// Clocks; none leaves them as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSpec>,
    /// File systems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filesystems: Vec<FsSpec>,
    /// Client mounts on managed servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientSpec>,
    /// How careful and how fast.
    pub policy: Policy,
}

/// Some servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSpec {
    /// Their names, as a host list: `oss[01-20]`.
    pub names: String,
    /// What they are to do.
    pub state: ServerWanted,
}

/// What a server is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerWanted {
    /// Serve what belongs on it.
    #[default]
    InService,
    /// Serve nothing, so that it can be worked on.
    Drained,
}

/// Servers that stand in for each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HaGroup {
    /// Its name; Corosync's cluster name too.
    pub name: String,
    /// Its servers, as a host list.
    pub servers: String,
    /// Who starts and stops targets.
    pub manager: HaManager,
    /// Interfaces that Corosync talks over, a link each; none for those of LNet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// How a server is turned off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fencing: Option<Fencing>,
}

/// Who starts and stops targets in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HaManager {
    /// Corosync and Pacemaker, which Candela sets up.
    #[default]
    Pacemaker,
    /// Nobody: Candela mounts, and a person decides about fail-over.
    None,
    /// Somebody else: Candela watches and does not touch it.
    External,
}

/// How a server is turned off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fencing {
    /// The fencing agent: `fence_ipmilan`.
    pub agent: String,
    /// Parameters for every server.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Parameters of each server: its BMC's address, its outlet.
    pub servers: BTreeMap<String, BTreeMap<String, String>>,
    /// Parameters that are secret, by the name of the secret in the manager.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// A net of LNet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSpec {
    /// `tcp`, `o2ib1`.
    pub net: String,
    /// Interfaces that carry it.
    pub interfaces: Vec<String>,
    /// Servers that are on it, as a host list; none for all managed ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<String>,
}

/// Clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSpec {
    /// Names or addresses of NTP servers, best first.
    pub sources: Vec<String>,
}

/// A file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FsSpec {
    /// Its name: 1 to 8 letters, digits, `_` and `-`.
    #[schema(value_type = String)]
    pub name: FsName,
    /// What it is to do.
    #[serde(default)]
    pub state: FsWanted,
    /// What its targets lie on.
    #[serde(default)]
    pub back_end: BackEnd,
    /// Where its MGS is.
    #[serde(default)]
    pub mgs: MgsSpec,
    /// Its MDTs.
    pub mdts: Vec<TargetsSpec>,
    /// Its OSTs.
    pub osts: Vec<TargetsSpec>,
}

/// What a file system is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FsWanted {
    /// Its targets are mounted.
    #[default]
    Mounted,
    /// They are there, and unmounted.
    Stopped,
    /// It is gone, with all that is in it. Needs consent for each device.
    Absent,
}

/// What a target lies on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum BackEnd {
    /// A device with ldiskfs.
    #[default]
    Ldiskfs,
    /// A dataset in a pool of its own.
    Zfs,
}

impl BackEnd {
    /// As Lustre's tools write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ldiskfs => "ldiskfs",
            Self::Zfs => "zfs",
        }
    }
}

/// Where a file system's MGS is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MgsSpec {
    /// On its first MDT.
    #[default]
    OnMdt0,
    /// On a target of its own.
    Own(Box<TargetsSpec>),
    /// The one of another file system here.
    Of(String),
    /// Somewhere else: its nodes' NIDs, those of one node joined by commas.
    External(Vec<String>),
}

/// Some targets that are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetsSpec {
    /// Index of the first; none for the next that is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u16>,
    /// How many; none for as many as there are `devices`, or one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u16>,
    /// Their devices by stable identity, one each, in order of index.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Which devices to take where none are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<Selector>,
    /// HA groups to spread them over; none for all whose servers see the devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ha_groups: Vec<String>,
    /// The server they belong on; none to spread them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Pools, for ZFS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zpool: Option<PoolSpec>,
    /// Options for mkfs of the back end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mkfs_options: Option<String>,
    /// Mount options that the targets carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_options: Option<String>,
}

/// Which devices to take. Only blank whole devices are ever taken by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selector {
    /// Not smaller, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_min: Option<u64>,
    /// Not larger, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<u64>,
    /// Part of the model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether it spins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_rotational: Option<bool>,
}

/// A pool for each target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoolSpec {
    /// `mirror`, `raidz`, `raidz2`, `raidz3`; none for one plain disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Devices in each pool; `devices` are dealt out in order.
    pub n_devices: u16,
    /// `name=value` of pool properties.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// Client mounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// What is mounted.
    #[schema(value_type = String)]
    pub filesystem: FsName,
    /// Where, as a host list of managed servers.
    pub servers: String,
    /// Where in the tree.
    pub mount_point: String,
    /// Options: `flock`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Whether it is to be mounted.
    #[serde(default = "yes")]
    pub mounted: bool,
}

fn yes() -> bool {
    true
}

/// How careful and how fast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Steps that may run at once on one server.
    pub per_server_max: u16,
    /// Steps that may run at once in one HA group.
    pub per_group_max: u16,
    /// Steps that may run at once in all.
    pub in_all_max: u32,
    /// Whether ports are opened in a firewall that filters.
    pub opens_firewall: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            per_server_max: 8,
            per_group_max: 32,
            in_all_max: 2048,
            opens_firewall: true,
        }
    }
}

/// Something that is wanted once, beside the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Goal {
    /// A target runs on this server, or on the best of its heirs.
    Failover {
        /// Label or key of the target.
        target: String,
        /// Name of the server.
        #[serde(default)]
        to: Option<String>,
    },
    /// A target runs at home again.
    Failback {
        /// Label or key of the target.
        target: String,
    },
    /// A server boots.
    Reboot {
        /// Name of the server.
        server: String,
    },
    /// A server that the spec names no more is forgotten: once all is done its
    /// enrolment ends, and its agent is refused.
    Remove {
        /// Name of the server.
        server: String,
        /// The asker's word that it is powered off, and stays so. It needs their
        /// consent, and counts as proof like fencing.
        #[serde(default)]
        is_off: bool,
    },
}

/// Something that is wrong with a spec, or that a person should know of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Whether it keeps the spec from being planned.
    pub is_error: bool,
    /// Where: `filesystems[0].osts[1].devices[3]`.
    pub path: String,
    /// What is wrong, one sentence.
    pub reason: String,
    /// What to do, one sentence.
    pub remedy: String,
}
