//! Block devices, pools and mounts.

use crate::ids::DeviceId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a block device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A whole disk.
    Disk,
    /// A partition of another device.
    Partition,
    /// A multipath map over paths to one disk.
    Multipath,
    /// A logical volume.
    LogicalVolume,
    /// A software RAID array.
    MdRaid,
    /// Another device-mapper map.
    DeviceMapper,
    /// A loop device.
    Loop,
    /// A read-only medium drive.
    Rom,
    /// A ZFS pool, as the device its datasets lie on.
    Zpool,
    /// A ZFS dataset that holds a target.
    Dataset,
    /// Anything else.
    #[default]
    Other,
}

/// A block device, or what takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The same on every server that sees it.
    pub id: DeviceId,
    /// What it is.
    #[serde(default)]
    pub kind: DeviceKind,
    /// Best path to show: `/dev/sdg`, `/dev/mapper/mpatha`, `lab-ost0/ost0`.
    pub path: String,
    /// Other paths, stable ones first (`/dev/disk/by-id/…`).
    #[serde(default)]
    pub links: Vec<String>,
    /// Size in bytes; 0 if unknown.
    #[serde(default)]
    pub size_bytes: u64,
    /// Devices that this one is made of, on this host.
    #[serde(default)]
    pub parents: Vec<DeviceId>,
    /// Vendor and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// World-wide name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wwn: Option<String>,
    /// How it is attached: `sas`, `nvme`, `virtio`, `iscsi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// What lies on it by signature: `ext4`, `zfs_member`, `LVM2_member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Label of that content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// UUID of that content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// Whether it cannot be written.
    #[serde(default)]
    pub is_read_only: bool,
    /// Whether it spins; none if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_rotational: Option<bool>,
    /// State words of its layer: `active`, `degraded`, `faulty path sdc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
}

/// An imported ZFS pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Zpool {
    /// Name.
    pub name: String,
    /// GUID, decimal.
    pub guid: String,
    /// `ONLINE`, `DEGRADED`, `FAULTED`, `SUSPENDED`…
    pub state: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Allocated bytes, rounded to 1 MiB.
    pub allocated_bytes: u64,
    /// Whether `multihost` protects it from being imported twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multihost: Option<bool>,
    /// What a scrub or resilver is doing or did last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<String>,
    /// Known data errors in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<String>,
    /// Its vdevs, as a tree.
    pub vdevs: Vec<Vdev>,
}

/// A virtual device of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Vdev {
    /// Name as the pool prints it: `mirror-0`, `sdd`, `wwn-0x…`.
    pub name: String,
    /// `data`, `log`, `cache`, `spare`, `special`.
    pub class: String,
    /// State.
    pub state: String,
    /// Read errors.
    pub read_errors: u64,
    /// Write errors.
    pub write_errors: u64,
    /// Checksum errors.
    pub checksum_errors: u64,
    /// The device, for a leaf that was found among the host's devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
    /// Those below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub children: Vec<Vdev>,
}

/// A ZFS dataset with Lustre properties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dataset {
    /// `pool/name`.
    pub name: String,
    /// `lustre:*` properties, without that prefix.
    pub lustre: std::collections::BTreeMap<String, String>,
}

/// A mounted file system.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(default)]
pub struct Mount {
    /// What is mounted.
    pub source: String,
    /// Where.
    pub mount_point: String,
    /// Type: `ext4`, `lustre`, `lustre_tgt`.
    pub fs_type: String,
    /// Options as printed.
    pub options: String,
}
