//! The command lines and files that Candela gives to Lustre and to the tools
//! around it. Nothing else in the project puts words of a command together.
//!
//! - [`target`]: `mkfs.lustre`, `mount`, `umount`, `lctl` of targets and clients.
//! - [`lnet`]: `lnetctl`, `lustre_rmmod`, `/etc/lnet.conf`.
//! - [`pool`]: `zpool`, `zfs`.
//! - [`ha`]: `cibadmin`, `crm_resource`, `crm_attribute`, `corosync.conf`.
//! - [`host`]: `systemctl`, `firewall-cmd`, `shutdown`, `chrony.conf`.
//!
//! No value is quoted: each word goes to the program as it is, without a shell.

pub mod ha;
pub mod host;
pub mod lnet;
pub mod pool;
pub mod target;

/// A program and its arguments.
pub type Argv = Vec<String>;

/// Words of a command line.
pub(crate) fn words<const N: usize>(fixed: [&str; N]) -> Argv {
    fixed.map(str::to_owned).to_vec()
}
