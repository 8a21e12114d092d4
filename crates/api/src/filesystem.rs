//! File systems.

use crate::server::{Concern, Ref};
use crate::target::Evidence;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A file system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FileSystem {
    /// Id for URLs.
    pub id: String,
    /// Name.
    pub name: String,
    /// `healthy`, `degraded` (something is not as it should be), `down`
    /// (MDT0000 or all OSTs away), `unknown`.
    pub state: String,
    /// Its MGT, where seen.
    pub mgt: Option<Ref>,
    /// Whether its MGS is on a server that does not report here.
    pub is_mgs_external: bool,
    /// NIDs of MGS nodes.
    pub mgs_nids: Vec<String>,
    /// MDTs.
    pub n_mdts: u64,
    /// OSTs.
    pub n_osts: u64,
    /// Targets mounted.
    pub n_mounted: u64,
    /// Targets in all.
    pub n_targets: u64,
    /// Clients connected.
    pub n_clients: Option<u32>,
    /// Client mounts on servers that report here: server name and mount point.
    /// Lists give the first 100.
    pub client_mounts: Vec<ClientRef>,
    /// Bytes in all.
    pub bytes_total: Option<u64>,
    /// Bytes available.
    pub bytes_available: Option<u64>,
    /// Inodes in all.
    pub inodes_total: Option<u64>,
    /// Inodes free.
    pub inodes_free: Option<u64>,
    /// `certain`, `good`, `weak`, `conflict`.
    pub confidence: String,
    /// Why we think so. Lists give the first 100.
    pub evidence: Vec<Evidence>,
    /// What needs attention.
    pub concerns: Vec<Concern>,
}

/// A client mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientRef {
    /// The server it is on.
    pub server: Ref,
    /// Mount point.
    pub mount_point: String,
}
