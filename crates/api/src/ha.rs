//! HA clusters.

use crate::server::{Concern, Ref};
use crate::target::Evidence;
use model::report::{
    Constraint, Corosync, FenceDevice, FenceEvent, HaNode, HaNodeState, HaOperation, HaResource,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An HA cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HaCluster {
    /// Id for URLs.
    pub id: String,
    /// Name.
    pub name: String,
    /// `pacemaker` or `shared-devices`.
    pub manager: String,
    /// `healthy`, `degraded`, `unknown`.
    pub state: String,
    /// Servers.
    pub servers: Vec<Ref>,
    /// The server whose view this is.
    pub seen_by: Option<Ref>,
    /// Quorum.
    pub has_quorum: Option<bool>,
    /// Fencing on.
    pub fencing_enabled: Option<bool>,
    /// Maintenance mode.
    pub maintenance: bool,
    /// Controller.
    pub dc: Option<String>,
    /// Nodes.
    pub nodes: Vec<HaNode>,
    /// Resources.
    pub resources: Vec<HaResource>,
    /// Fencing devices.
    pub fence_devices: Vec<FenceDevice>,
    /// Fencing history.
    pub fence_history: Vec<FenceEvent>,
    /// Constraints.
    pub constraints: Vec<Constraint>,
    /// What Pacemaker did last, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<HaOperation>,
    /// Corosync: links, members, votes, as the same server sees them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corosync: Option<Corosync>,
    /// Targets its servers stand in for.
    pub targets: Vec<Ref>,
    /// `certain`, `good`, `weak`, `conflict`.
    pub confidence: String,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What needs attention.
    pub concerns: Vec<Concern>,
}

/// A server that is out of service, or is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutOfService {
    /// The server.
    pub server: Ref,
    /// `online`, `stale`, `revoked`.
    pub state: String,
    /// Whether the spec wants it to serve nothing.
    pub is_drained: bool,
    /// Its HA cluster.
    pub ha_cluster: Option<Ref>,
    /// How Pacemaker has it; none where Pacemaker does not know it.
    pub node: Option<HaNodeState>,
    /// Whether its whole HA cluster is in maintenance.
    pub is_cluster_in_maintenance: bool,
    /// Targets that are mounted on it still.
    pub mounted: Vec<Ref>,
    /// File systems that it mounts as a client.
    pub n_clients: u64,
}

/// A target of an HA cluster, as each of those says that know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HaTarget {
    /// The target.
    pub target: Ref,
    /// How it stands: see `Target`.
    pub state: String,
    /// Pacemaker: the resource that runs it; none if it has none.
    pub resource: Option<HaResource>,
    /// The mount tables: servers where it is mounted.
    pub mounted_on: Vec<Ref>,
    /// The MGS and what is on its device: where it belongs.
    pub home: Option<Ref>,
    /// The same: servers that may serve it, preferred first.
    pub servers: Vec<Ref>,
    /// The spec; none if it does not have the target.
    pub spec: Option<HaTargetSpec>,
    /// Where they disagree.
    pub disagreements: Vec<Concern>,
}

/// What the spec says of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HaTargetSpec {
    /// `mounted`, `stopped`, `absent`, with its file system.
    pub wanted: String,
    /// Where it belongs.
    pub home: Ref,
    /// Those that may take over, best first.
    pub heirs: Vec<Ref>,
    /// Its HA group, and who runs that: `pacemaker`, `none`, `external`.
    pub group: Option<String>,
    /// Who starts and stops it: `pacemaker`, `none`, `external`.
    pub manager: Option<String>,
}
