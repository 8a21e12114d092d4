//! HA clusters.

use crate::server::{Concern, Ref};
use crate::target::Evidence;
use model::report::{Constraint, Corosync, FenceDevice, FenceEvent, HaNode, HaResource};
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
