//! What Lustre keeps on a target's disk, and what its tools say of it.
//!
//! - [`mount_data`]: a target's own configuration, in `CONFIGS/mountdata`, in
//!   `lustre:*` properties, and as [`format`] tools print it.
//! - [`record`]: the records of a configuration log, from the file ([`llog`])
//!   or from `llog_print` ([`llog_text`]). - [`registry`]: which targets with
//!   which NIDs a log knows. - [`last_rcvd`], [`nodemap`]: other files.
//! - [`bytes`]: fields of binary files. - [`kind`]: the kinds for `candela inspect`.

pub mod bytes;
pub mod format;
pub mod kind;
pub mod last_rcvd;
pub mod llog;
pub mod llog_text;
pub mod mount_data;
pub mod nodemap;
pub mod record;
pub mod registry;

pub use mount_data::{BackEnd, MountData};
pub use record::{Command, Record};
pub use registry::{LogFs, LogTarget};
