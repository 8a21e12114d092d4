//! The operating system: what it is, what it runs on, what it says.
//!
//! [`os_release`] is the smallest reader here: copy it to add another.

pub mod dmesg;
pub mod journal;
pub mod os_release;
pub mod proc;
pub mod stamp;
pub mod syslog;

use stdx::reading::Kind;

/// The kinds of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &os_release::KIND,
        &proc::MEMINFO,
        &proc::STAT,
        &journal::JSON,
        &journal::EXPORT,
        &syslog::KIND,
        &dmesg::DMESG,
        &dmesg::KMSG,
    ]
}
