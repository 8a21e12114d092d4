//! What `lctl` prints of its own work on a server: snapshots, LFSCK, barriers,
//! versions; and `lshowmount`, which tells who is connected.
//!
//! Lists of devices are in [`crate::devices`], parameters in [`crate::param`].

pub mod barrier;
pub mod connected;
pub mod lfsck;
pub mod snapshot;
pub mod version;

use stdx::reading::Kind;

/// The kinds of this module.
pub(crate) fn kinds() -> Vec<&'static Kind> {
    vec![
        &snapshot::KIND,
        &lfsck::KIND,
        &barrier::KIND,
        &version::KIND,
        &connected::KIND,
    ]
}
