//! Targets.

use crate::server::{Concern, Ref};
pub use model::report::Recovery;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One sign behind a conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// What follows from it: `exists`, `mounted`, `home`, `may-serve`, `member`.
    pub claim: String,
    /// `mount`, `obd`, `mountdata`, `zfs`, `label`, `mgs`, `pacemaker`, `config`.
    pub sign: String,
    /// The server that showed it.
    pub server: Option<Ref>,
    /// The command or file, and what it said.
    pub text: String,
    /// When it was read (RFC 3339).
    pub at: Option<String>,
    /// False if it speaks against the conclusion.
    pub agrees: bool,
}

/// A target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// Id for URLs.
    pub id: String,
    /// `lab01-OST0003`, `MGS`.
    pub label: String,
    /// `mgt`, `mdt`, `ost`.
    pub kind: String,
    /// Name of its file system; null for an MGT.
    pub filesystem: Option<String>,
    /// Id of its file system.
    pub filesystem_id: Option<String>,
    /// `mounted`, `recovering`, `unmounted`, `stale`, `mounted-twice`, `missing`, `unknown`.
    pub state: String,
    /// Name of the server it is mounted on.
    pub mounted_on: Option<String>,
    /// Every server it is mounted on; more than one is an emergency.
    pub mounted_on_all: Vec<Ref>,
    /// Mount point.
    pub mount_point: Option<String>,
    /// Names of servers that may serve it, preferred first.
    pub servers: Vec<String>,
    /// Servers it names that do not report here (NIDs or names).
    pub unknown_servers: Vec<String>,
    /// Name of its home server, where something says so.
    pub home: Option<String>,
    /// Id of its device.
    pub device: Option<String>,
    /// Path of that device where it is mounted, else on any server.
    pub device_path: Option<String>,
    /// `ldiskfs`, `zfs`.
    pub back_end: Option<String>,
    /// Whether it holds an MGS too.
    pub is_mgs_too: bool,
    /// Recovery.
    pub recovery: Option<Recovery>,
    /// Clients connected.
    pub n_clients: Option<u32>,
    /// Bytes in all.
    pub bytes_total: Option<u64>,
    /// Bytes available.
    pub bytes_available: Option<u64>,
    /// Inodes in all.
    pub inodes_total: Option<u64>,
    /// Inodes free.
    pub inodes_free: Option<u64>,
    /// Pacemaker resource.
    pub ha_resource: Option<String>,
    /// `certain`, `good`, `weak`, `conflict`.
    pub confidence: String,
    /// Why we think so.
    pub evidence: Vec<Evidence>,
    /// What needs attention.
    pub concerns: Vec<Concern>,
}
