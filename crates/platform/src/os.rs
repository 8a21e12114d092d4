//! The operating system: what it is, what it runs on.
//!
//! [`os_release`] is the smallest reader here: copy it to add another.

pub mod os_release;
pub mod proc;

use stdx::reading::Kind;

/// The kinds of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![&os_release::KIND, &proc::MEMINFO, &proc::STAT]
}
