//! Clients: where a file system is mounted on a server that reports here.

use crate::server::Ref;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A mount of a file system on a server that reports here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// Id for URLs.
    pub id: String,
    /// `SERVER:/MOUNT/POINT`.
    pub name: String,
    /// The server it is on.
    pub server: Ref,
    /// Mount point.
    pub mount_point: String,
    /// Name of the file system.
    pub filesystem: String,
    /// Id of the file system, where that is known here.
    pub filesystem_id: Option<String>,
    /// `mounted`, or `stale` (last seen so on a server that is silent).
    pub state: String,
    /// The MGS as it was mounted.
    pub mgs: String,
    /// Whether it can only be read.
    pub is_read_only: bool,
}
