//! What Lustre defines: names, NIDs, what its tools print, what it stores.

pub mod label;
pub mod nid;

/// The kinds of input that this crate reads.
pub fn kinds() -> Vec<&'static stdx::reading::Kind> {
    Vec::new()
}
