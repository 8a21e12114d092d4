//! A server: power, boot, files, units, network, mounts.

pub mod files;

use super::disk::DiskId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// Name of a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(pub String);

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A server.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Whether it runs.
    pub is_up: bool,
    /// How often it has booted.
    pub boot: u32,
    /// When it booted last.
    pub booted_at: Duration,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// Files that were written, and that stay over a boot.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Folders that were made.
    pub folders: BTreeSet<String>,
    /// Units by full name.
    pub units: BTreeMap<String, Unit>,
    /// Disks that it sees, by the kernel's name: `sdb`.
    /// One under a multipath map has a name for each path to it.
    pub disks: BTreeMap<String, DiskId>,
    /// Multipath maps over its disks, by their names: `mpatha`.
    pub maps: BTreeMap<DiskId, String>,
    /// Paths to disks that are lost, by the kernel's name.
    pub lost: BTreeSet<String>,
    /// Interfaces: name and IPv4 address.
    pub interfaces: BTreeMap<String, String>,
    /// What is mounted, in order. Gone at a boot.
    pub mounts: Vec<Mount>,
    /// Kernel modules that are loaded. Gone at a boot.
    pub modules: BTreeSet<String>,
    /// LNet's nets that are up: net, and the interfaces that carry it. None
    /// while LNet is not configured.
    pub lnet: Option<BTreeMap<String, Vec<String>>>,
    /// Ports that firewalld lets through: now, and after a reload.
    pub ports: (BTreeSet<String>, BTreeSet<String>),
    /// How far its clock is off.
    pub clock_off_ms: i64,
    /// Programs that hang when they are run.
    pub stuck: BTreeSet<String>,
    /// Packages that are not installed, of those a storage server has.
    pub without: BTreeSet<String>,
    /// Whether it is on, and on its way up.
    pub is_booting: bool,
    /// Whether it has no power, and so cannot be turned on.
    pub is_unpowered: bool,
    /// Whether its kernel hangs: it is on and does nothing, until it is off.
    pub is_hung: bool,
    /// Whether it comes up again once it is off.
    pub is_rebooting: bool,
    /// Its BMC.
    pub bmc: Bmc,
}

/// A unit of systemd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Whether it runs.
    pub is_active: bool,
    /// Whether it starts at boot.
    pub is_enabled: bool,
}

/// Something that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What: a device, `pool/dataset`, or a client's source.
    pub source: String,
    /// Where.
    pub at: String,
    /// `lustre`, `ext4`, `zfs`.
    pub kind: String,
    /// Options as `/proc/mounts` prints them.
    pub options: String,
}

/// A host's BMC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bmc {
    /// Whether it answers.
    pub answers: bool,
    /// Whether it does what it says it does.
    pub works: bool,
    /// Whether it says that a server is off which it left on.
    pub lies: bool,
    /// Whether it did so in this boot.
    pub has_lied: bool,
}

impl Default for Bmc {
    fn default() -> Self {
        Self {
            answers: true,
            works: true,
            lies: false,
            has_lied: false,
        }
    }
}

impl Host {
    /// Address of its BMC: in a network of their own, numbered as Lustre's is.
    pub fn bmc_address(&self) -> Option<String> {
        let own = self.interfaces.get("eth0")?.strip_prefix("10.10.")?;
        Some(format!("10.30.{own}"))
    }
}
