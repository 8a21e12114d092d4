//! What one agent saw on one host at one time.
//!
//! **Invariant:** additive. A section is an optional field; a new field has a
//! default; nothing is renamed or removed while a release that sends it is
//! supported. `None` means the agent could not look, and [`Report::unread`]
//! says why; an empty list means it looked and there is none.

mod device;
mod ha;
mod host;
mod lustre_seen;

pub use device::{Dataset, Device, DeviceKind, Mount, Vdev, Zpool};
pub use ha::{
    Constraint, Corosync, CorosyncLink, CorosyncMember, CorosyncVotes, FenceDevice, FenceEvent, Ha,
    HaNode, HaNodeState, HaOperation, HaResource,
};
pub use host::{
    Firewall, Hardware, Identity, Interface, Os, Package, Service, TimeSource, TimeSync,
};
pub use lustre_seen::{
    ClientMount, Connected, Health, Lnet, LnetNi, LnetRoute, LnetState, Lustre, MgsFs, MgsTarget,
    MountData, Recovery, RecoveryState, TargetSeen, TargetSource,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Version of the report's shape; raised only when a reader must know.
pub const FORMAT: u16 = 1;

/// Everything one agent knows of its host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// [`FORMAT`] of the agent that made it.
    pub format: u16,
    /// When the last of its facts was read, by the host's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Version of the agent.
    pub agent_version: String,
    /// Who this host is.
    pub identity: Identity,
    /// Distribution and kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    /// Processors and memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Hardware>,
    /// Installed packages that matter to Lustre and HA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<Package>>,
    /// States of the services that matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<Service>>,
    /// Network interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<Interface>>,
    /// LNet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lnet: Option<Lnet>,
    /// Block devices and what lies on them, parents before children.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<Device>>,
    /// Imported ZFS pools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zpools: Option<Vec<Zpool>>,
    /// ZFS datasets that carry `lustre:*` properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datasets: Option<Vec<Dataset>>,
    /// Mounted file systems, without kernel pseudo file systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Vec<Mount>>,
    /// Lustre: targets, clients, MGS content, health.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lustre: Option<Lustre>,
    /// Corosync and Pacemaker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ha: Option<Ha>,
    /// Time synchronisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSync>,
    /// Host firewall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firewall: Option<Firewall>,
    /// What could not be looked at or read, and why.
    pub unread: Vec<Unread>,
}

/// Something the agent could not look at or read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Unread {
    /// The section it belongs to: `lustre`, `ha`, `devices`…
    pub section: String,
    /// The command line or file.
    pub source: String,
    /// Line of its output, when one line is meant; 0 for the whole.
    #[serde(default)]
    pub line: u64,
    /// Why, for people: `permission denied`, `not installed`, `bad number "x"`.
    pub reason: String,
}
