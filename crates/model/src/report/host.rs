//! The host itself: who it is, what it runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who a host is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Identity {
    /// `/etc/machine-id`: identity of the installation.
    pub machine_id: String,
    /// `/proc/sys/kernel/random/boot_id`: changes with each boot.
    pub boot_id: String,
    /// Short host name.
    pub hostname: String,
    /// Fully qualified name; the short one where there is no domain.
    pub fqdn: String,
    /// Addresses without loopback and link-local, in interface order.
    pub addresses: Vec<String>,
    /// When it booted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub booted_at: Option<Timestamp>,
    /// Vendor, product and serial of the machine (DMI), where readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chassis: Option<String>,
}

/// Distribution and kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Os {
    /// `ID` of os-release: `debian`, `rocky`.
    pub id: String,
    /// `VERSION_ID`.
    pub version: String,
    /// `PRETTY_NAME`.
    pub pretty: String,
    /// Kernel release (`uname -r`).
    pub kernel: String,
    /// Machine (`uname -m`).
    pub arch: String,
}

/// Processors, memory and load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Hardware {
    /// Logical processors that are online.
    pub n_cpus: u32,
    /// Model name of the first.
    pub cpu_model: String,
    /// Memory in all, bytes.
    pub memory_bytes: u64,
    /// Memory available for new work, bytes. Rounded to 64 MiB, so that an
    /// idle host reports no change.
    pub memory_available_bytes: u64,
    /// Swap in all, bytes.
    pub swap_bytes: u64,
    /// Address by which its BMC is reached, where it has one that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bmc_address: Option<String>,
}

/// An installed package.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(default)]
pub struct Package {
    /// Name.
    pub name: String,
    /// Version with release.
    pub version: String,
}

/// A systemd unit.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(default)]
pub struct Service {
    /// Unit name with suffix.
    pub unit: String,
    /// `LoadState`: loaded, not-found, masked.
    pub load: String,
    /// `ActiveState`: active, inactive, failed.
    pub active: String,
    /// `SubState`.
    pub sub: String,
    /// `UnitFileState`: enabled, disabled, static.
    pub enabled: String,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Interface {
    /// Kernel name.
    pub name: String,
    /// `ethernet`, `infiniband`, `loopback`, `bond`, `vlan`, `bridge`, `veth`, `other`.
    pub kind: String,
    /// Hardware address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Largest frame, bytes.
    pub mtu: u32,
    /// Whether it carries traffic (`operstate` up, or unknown with carrier).
    pub is_up: bool,
    /// Link speed, Mbit/s, where the driver says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_mbit: Option<u32>,
    /// Addresses with prefix length: `192.168.77.11/24`.
    pub addresses: Vec<String>,
}

/// Time synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TimeSync {
    /// What keeps the time: `chrony`, `ntpd`, `systemd-timesyncd`, `none`.
    pub service: String,
    /// Whether the clock is known to be in step with a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_synced: Option<bool>,
    /// How far the clock is off, microseconds, rounded to 1 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_us: Option<i64>,
    /// Stratum, 0 if unknown.
    pub stratum: u8,
    /// The sources it knows.
    pub sources: Vec<TimeSource>,
    /// Time zone name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// One source of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TimeSource {
    /// Name or address.
    pub name: String,
    /// Whether it is the one followed.
    pub is_selected: bool,
    /// Whether it answers.
    pub is_reachable: bool,
}

/// Host firewall.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Firewall {
    /// `firewalld`, `nftables`, `iptables`, `none`.
    pub kind: String,
    /// Whether it filters.
    pub is_active: bool,
    /// Rules that filter, in all.
    pub n_rules: u32,
}
