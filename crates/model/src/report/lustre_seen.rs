//! Lustre and LNet as one host sees them.

use crate::ids::DeviceId;
use jiff::Timestamp;
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether LNet runs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LnetState {
    /// The module is not loaded.
    #[default]
    Unloaded,
    /// Loaded, not configured.
    Down,
    /// Configured.
    Up,
}

/// LNet on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Lnet {
    /// Whether it runs.
    pub state: LnetState,
    /// Local network interfaces, without `0@lo`.
    pub nis: Vec<LnetNi>,
    /// Peers known.
    pub n_peers: u32,
    /// Routes.
    pub routes: Vec<LnetRoute>,
    /// Whether this host routes.
    pub is_router: bool,
    /// Nets that come up at boot because Candela said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept_nets: Vec<String>,
}

/// A local LNet network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LnetNi {
    /// Its NID.
    #[schema(value_type = String)]
    pub nid: Nid,
    /// `up` or `down`.
    pub status: String,
    /// Interfaces under it.
    #[serde(default)]
    pub interfaces: Vec<String>,
    /// 0 to 1000, where printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<u32>,
}

/// A route to another net.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LnetRoute {
    /// Net reached.
    pub net: String,
    /// Gateway NID as printed.
    pub gateway: String,
    /// `up` or `down`.
    pub state: String,
}

/// Everything Lustre on one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lustre {
    /// `lctl get_param version`, or of the tools where no module is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the modules are loaded.
    pub is_loaded: bool,
    /// `health_check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Targets seen here by any sign: one entry per (label, device) and sign.
    pub targets: Vec<TargetSeen>,
    /// Targets whose storage Lustre has opened here while they do not run: a mount or
    /// an unmount of each is under way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<TargetLabel>,
    /// Client mounts.
    pub clients: Vec<ClientMount>,
    /// What an MGS that runs here knows, one per file system.
    pub mgs: Vec<MgsFs>,
    /// Targets elsewhere that are connected to an MDT that runs here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connected: Vec<Connected>,
}

/// A target elsewhere, known by its connection to an MDT here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// The target.
    pub label: TargetLabel,
    /// Where it connects from.
    pub nid: Nid,
    /// The parameter that showed it, for people.
    pub evidence: String,
}

/// What `health_check` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Whether it said `healthy`.
    pub is_healthy: bool,
    /// Devices it named as unhealthy.
    pub unhealthy: Vec<String>,
}

/// The sign by which a target was seen. Best evidence of content first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetSource {
    /// Mounted: a line of the mount table.
    Mount,
    /// A set-up obd device (`lctl dl`).
    ObdDevice,
    /// `CONFIGS/mountdata` read from the device.
    MountData,
    /// `lustre:*` properties of a dataset.
    ZfsProperties,
    /// Only the label of the file system on the device.
    Label,
    /// A Pacemaker resource that would run it.
    HaResource,
    /// `/etc/fstab` or `/etc/ldev.conf`.
    ConfigFile,
}

/// One sight of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetSeen {
    /// What it is called.
    pub label: TargetLabel,
    /// The sign.
    pub source: TargetSource,
    /// The command or file that showed it, for people.
    pub evidence: String,
    /// The device it lies on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// That device's path as the sign names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_path: Option<String>,
    /// `ldiskfs` or `zfs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_end: Option<String>,
    /// Where it is mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_point: Option<String>,
    /// State of the obd device (`UP`, `IN`…).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obd_state: Option<String>,
    /// Whether it also holds an MGS.
    #[serde(default)]
    pub is_mgs_too: bool,
    /// On-disk configuration, where read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_data: Option<MountData>,
    /// Recovery, where mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// Clients connected, where mounted (exports without our own servers').
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_clients: Option<u32>,
    /// Bytes in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Bytes available to users, rounded to 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_available: Option<u64>,
    /// Inodes in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes_total: Option<u64>,
    /// Inodes free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes_free: Option<u64>,
}

/// What a target carries of its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MountData {
    /// Words for its flags: `MDT`, `OST`, `MGS`, `first_time`, `writeconf`, `no_primnode`.
    pub flags: Vec<String>,
    /// NIDs of the MGS, one list per node.
    pub mgs_nodes: Vec<Vec<Nid>>,
    /// NIDs of the nodes that may serve it, one list per node.
    pub service_nodes: Vec<Vec<Nid>>,
    /// Parameters as written.
    pub parameters: Vec<String>,
}

/// State of a target's recovery.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryState {
    /// None was needed.
    #[default]
    Inactive,
    /// Over.
    Complete,
    /// Clients are replaying.
    Recovering,
    /// Waits for the first client.
    WaitingForClients,
    /// Waits for other MDTs.
    Waiting,
    /// Something else; the text is in the evidence.
    Other,
}

/// A target's recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Recovery {
    /// State.
    pub state: RecoveryState,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub started_at: Option<Timestamp>,
    /// How long it took, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u64>,
    /// Seconds left at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_s: Option<u64>,
    /// Clients expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients_expected: Option<u32>,
    /// Clients connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients_connected: Option<u32>,
    /// Clients done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients_completed: Option<u32>,
    /// Clients evicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients_evicted: Option<u32>,
}

/// A client mount on this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientMount {
    /// The file system.
    #[schema(value_type = String)]
    pub fs: FsName,
    /// MGS NIDs as mounted.
    pub mgs: String,
    /// Where.
    pub mount_point: String,
    /// Whether read-only.
    #[serde(default)]
    pub is_read_only: bool,
}

/// One file system in an MGS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MgsFs {
    /// Its name.
    pub fs: FsName,
    /// Where this was read: `mgs.MGS.live.lab01`, `llog lab01-client`.
    pub evidence: String,
    /// Its targets.
    pub targets: Vec<MgsTarget>,
    /// Imperative recovery state, where printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ir_state: Option<String>,
}

/// A target that an MGS knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MgsTarget {
    /// Its label.
    pub label: TargetLabel,
    /// The nodes that the log gives for it, each with its NIDs. The first is
    /// where it registered or, where all were named, the first of those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Vec<Nid>>,
    /// Whether clients are told not to use it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_inactive: bool,
}

impl MgsTarget {
    /// One of which only the label is known.
    pub fn named(label: TargetLabel) -> Self {
        Self {
            label,
            nodes: Vec::new(),
            is_inactive: false,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_false(value: &bool) -> bool {
    !value
}
