//! Reports in, inventory out: which servers, devices, targets, file systems and
//! HA clusters there are, and why we think so. Pure, and incremental: one
//! server's new report rebuilds only what it touches.
//!
//! ```text
//! Report ──> Facts ──> indexes (by file system, device, NID, cluster)
//!                          │ what changed
//!                          v
//!            devices → targets → file systems → HA clusters → servers
//! ```
//!
//! - [`detector`]: the state, and what one report changes.
//! - `facts`, `part`: what of a report matters here, over all and for one file system's name.
//! - `name`, `group`, `tally`: which servers show the same file system; what that adds up to.
//! - `device`, `target`, `node`, `place`, `filesystem`, `ha`, `server`: one kind of conclusion each.
//!
//! **Invariant:** the inventory depends only on the newest report of each
//! server and on which servers are silent, not on the order they came in. A
//! test compares the incremental result with one built from nothing.

mod concern;
pub mod detector;
mod device;
mod facts;
mod filesystem;
mod group;
mod ha;
mod name;
mod node;
mod part;
mod place;
mod server;
mod tally;
mod target;

pub use detector::{Changed, Detector};
