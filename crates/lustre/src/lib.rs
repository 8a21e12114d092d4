//! What Lustre defines: names, NIDs, what its tools print, what it stores.

pub mod label;
pub mod nid;
