//! What the standard library lacks and every crate needs. No words of the domain.
//!
//! - [`reading`]: the shape every parser has: records out, skips beside them.
//! - [`chain`]: an error with its causes on one line.
//! - [`diff`]: what two texts differ in.
//! - [`errno`]: errors of the kernel by number, name and words.
//! - [`hostlist`]: `oss[01-20]` to names and back.
//! - [`md5`]: a check sum that some programs want.

pub mod chain;
pub mod diff;
pub mod errno;
pub mod hostlist;
pub mod md5;
pub mod reading;
