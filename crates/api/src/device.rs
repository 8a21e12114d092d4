//! Devices.

use crate::server::Ref;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A device, once, however many servers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Identity: `wwn:0x5000c500a0000004`.
    pub id: String,
    /// `disk`, `partition`, `multipath`, `logical_volume`, `md_raid`, `zpool`, `dataset`…
    pub kind: String,
    /// Path where the first server by name sees it; others may see it by another.
    pub path: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Model.
    pub model: Option<String>,
    /// Serial.
    pub serial: Option<String>,
    /// What lies on it.
    pub content: Option<String>,
    /// Label of what lies on it.
    pub label: Option<String>,
    /// Who sees it, by name.
    pub seen_by: Vec<DevicePath>,
    /// Whether two or more servers see it.
    pub is_shared: bool,
    /// What it is made of.
    pub parents: Vec<String>,
    /// Targets on it.
    pub targets: Vec<Ref>,
}

/// Where one server sees a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DevicePath {
    /// The server.
    pub server: Ref,
    /// Path there.
    pub path: String,
}

/// A device in a server's tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceNode {
    /// Identity.
    pub id: String,
    /// Kind.
    pub kind: String,
    /// Path on that server.
    pub path: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Model.
    pub model: Option<String>,
    /// Serial.
    pub serial: Option<String>,
    /// Transport.
    pub transport: Option<String>,
    /// What lies on it.
    pub content: Option<String>,
    /// Label of what lies on it.
    pub label: Option<String>,
    /// Mount points of it on that server.
    pub mount_points: Vec<String>,
    /// Targets on it.
    pub targets: Vec<Ref>,
    /// Other servers that see it.
    pub shared_with: Vec<Ref>,
    /// States of its layer.
    pub states: Vec<String>,
    /// What is made of it.
    #[schema(no_recursion)]
    pub children: Vec<DeviceNode>,
}
