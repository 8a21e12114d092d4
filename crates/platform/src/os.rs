//! The operating system: what it is, what it runs on, what it says.
//!
//! [`os_release`] is the smallest reader here: copy it to add another.

pub mod chrony;
pub(crate) mod clock;
pub mod dmesg;
pub mod ipmi;
pub mod journal;
pub mod modinfo;
pub mod modules;
pub mod ntp;
pub mod os_release;
pub mod packages;
pub mod proc;
pub mod stamp;
pub mod syslog;
pub mod systemctl;
pub mod time_conf;
pub mod timedatectl;
pub mod uname;
pub mod unit_file;

use stdx::reading::Kind;

/// The kinds of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &os_release::KIND,
        &ipmi::LAN,
        &proc::MEMINFO,
        &proc::STAT,
        &proc::CPUINFO,
        &modules::LSMOD,
        &modules::PROC,
        &modinfo::KIND,
        &uname::KIND,
        &systemctl::LIST,
        &systemctl::FILES,
        &systemctl::SHOW,
        &systemctl::STATUS,
        &systemctl::STATES,
        &unit_file::KIND,
        &packages::RPM,
        &packages::DPKG,
        &packages::QUERY,
        &chrony::TRACKING,
        &chrony::SOURCES,
        &chrony::STATS,
        &ntp::PEERS,
        &ntp::VARIABLES,
        &timedatectl::STATUS,
        &timedatectl::SHOW,
        &time_conf::KIND,
        &journal::JSON,
        &journal::EXPORT,
        &syslog::KIND,
        &dmesg::DMESG,
        &dmesg::KMSG,
    ]
}
