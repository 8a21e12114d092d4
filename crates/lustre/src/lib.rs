//! What Lustre defines: names, NIDs, what its tools print, what it stores.
//! No I/O, no decision.
//!
//! - [`label`], [`nid`]: names of file systems and targets, addresses.
//! - [`argv`]: the command lines and files that Candela gives to tools.
//! - [`console`]: what Lustre and the kernel say on the console.
//! - [`devices`]: what `lctl dl` prints.
//! - [`disk`]: what targets keep of themselves, and configuration logs.
//! - [`lctl`]: what `lctl` prints of snapshots, checks, barriers, versions.
//! - [`lfs`]: what `lfs` prints.
//! - [`lnet`]: what `lnetctl` prints and reads.
//! - [`message`]: what tools say when they fail.
//! - [`param`]: what `lctl get_param` prints.

pub mod argv;
pub mod console;
pub mod devices;
pub mod disk;
pub mod label;
pub mod lctl;
pub mod lfs;
pub mod lnet;
pub mod message;
pub mod nid;
pub mod param;

/// The kinds of input that this crate reads, for `candela inspect`.
pub fn kinds() -> Vec<&'static stdx::reading::Kind> {
    let mut kinds = vec![
        &param::kind::GET_PARAM,
        &param::kind::BODY,
        &param::kind::FILE,
        &param::names::KIND,
        &devices::KIND,
        &lnet::kind::LNETCTL,
        &lnet::kind::NIDS,
        &lnet::kind::CONNECTIONS,
        &lnet::proc_files::KIND,
        &console::KIND,
        &console::debug_log::KIND,
        &message::KIND,
    ];
    kinds.extend(disk::kind::KINDS);
    kinds.extend(lfs::kinds());
    kinds.extend(lctl::kinds());
    kinds
}
