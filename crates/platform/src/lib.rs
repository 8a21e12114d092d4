//! What the systems beside Lustre print: Linux, its storage stack, ZFS,
//! Pacemaker, Corosync, the network, time services, packages, journals.
//!
//! Tolerant readers only: no I/O, no decision. `KINDS` names every kind.

pub mod config;
pub mod ha;
pub mod inspect;
pub mod messages;
pub mod net;
pub mod os;
pub mod storage;

/// The kinds of this crate.
pub fn kinds() -> Vec<&'static stdx::reading::Kind> {
    let mut all = storage::kinds();
    all.extend(ha::kinds());
    all.extend(net::kinds());
    all.extend(os::kinds());
    all.extend(config::kinds());
    all.extend(messages::kinds());
    all
}
