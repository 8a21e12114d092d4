//! What we define: ids, reports, inventory, roles. No I/O, no decision.
//!
//! - [`ids`]: the typed ids of what we name.
//! - [`report`]: what one agent saw on one host. Carried as it is by `wire`,
//!   kept as it is by `store`, printed as it is by `candela-agent once`.
//! - [`inventory`]: what the reports mean together; made by `detect` only.
//! - [`event`]: something that happened and when.
//! - [`role`]: who may do what.

pub mod event;
pub mod ids;
pub mod inventory;
pub mod report;
pub mod role;

/// A moment, UTC. Reading the clock is for edges and programs only.
pub use jiff::Timestamp;
