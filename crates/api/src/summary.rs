//! The overview.

use crate::server::Ref;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Everything the overview shows beside the file systems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// Servers by state.
    pub servers: std::collections::BTreeMap<String, u64>,
    /// Targets by state.
    pub targets: std::collections::BTreeMap<String, u64>,
    /// File systems by state.
    pub filesystems: std::collections::BTreeMap<String, u64>,
    /// HA clusters by state.
    pub ha_clusters: std::collections::BTreeMap<String, u64>,
    /// Devices.
    pub n_devices: u64,
    /// Devices that several servers see.
    pub n_devices_shared: u64,
    /// What needs attention, worst first, at most 100.
    pub attention: Vec<Attention>,
    /// How many need attention in all.
    pub n_attention: u64,
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attention {
    /// `warning`, `error`.
    pub severity: String,
    /// Stable code with a page in `docs/errors`.
    pub code: String,
    /// One sentence.
    pub text: String,
    /// `server`, `target`, `filesystem`, `ha-cluster`, `device`.
    pub noun: String,
    /// The thing.
    pub about: Ref,
}

/// The topology picture: HA groups as columns, who mounts what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Topology {
    /// Groups of servers that stand in for each other (or one server alone).
    pub groups: Vec<TopologyGroup>,
    /// File systems in the picture.
    pub filesystems: Vec<Ref>,
}

/// Servers that stand in for each other, and their targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopologyGroup {
    /// Id of the HA cluster, if it is one.
    pub ha_cluster: Option<Ref>,
    /// Servers with state.
    pub servers: Vec<TopologyServer>,
    /// Targets with where they are.
    pub targets: Vec<TopologyTarget>,
    /// Devices that all of the group's servers see.
    pub n_devices_shared: u64,
}

/// A server in the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopologyServer {
    /// Id and name.
    #[serde(flatten)]
    pub server: Ref,
    /// State as in the list.
    pub state: String,
    /// Roles.
    pub roles: Vec<String>,
    /// File systems it mounts as a client.
    pub client_of: Vec<String>,
}

/// A target in the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopologyTarget {
    /// Id and label.
    #[serde(flatten)]
    pub target: Ref,
    /// Kind.
    pub kind: String,
    /// State.
    pub state: String,
    /// Ids of servers it is mounted on.
    pub mounted_on: Vec<String>,
    /// Ids of servers that may serve it, preferred first.
    pub servers: Vec<String>,
    /// Name of its file system.
    pub filesystem: Option<String>,
}

/// Answer of `GET /api/v1/explain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// What was asked for, by noun.
    pub noun: String,
    /// The thing.
    pub about: Ref,
    /// The conclusion in sentences.
    pub conclusion: Vec<String>,
    /// `certain`, `good`, `weak`, `conflict`.
    pub confidence: String,
    /// Why.
    pub evidence: Vec<crate::target::Evidence>,
    /// What is odd or missing.
    pub concerns: Vec<crate::server::Concern>,
}
