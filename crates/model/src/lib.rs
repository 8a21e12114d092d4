//! What we define: ids, reports, inventory, roles. No I/O, no decision.
//!
//! - [`ids`]: the typed ids of what we name.
//! - [`report`]: what one agent saw on one host. Carried as it is by `wire`,
//!   kept as it is by `store`, printed as it is by `candela-agent once`.
//! - [`inventory`]: what the reports mean together; made by `detect` only.
//! - [`event`]: something that happened and when.
//! - [`role`]: who may do what.
//! - [`spec`]: what operators want; [`edit`]: small changes of it.
//! - [`proposal`]: a wished file system, and what is proposed for it.
//! - [`step`], [`graph`]: what can be done to servers, and plans made of it.
//! - [`job`]: what happens to a plan that runs.

pub mod edit;
pub mod event;
pub mod graph;
pub mod ids;
pub mod inventory;
pub mod job;
pub mod proposal;
pub mod report;
pub mod role;
pub mod spec;
pub mod step;

/// A moment, UTC. Reading the clock is for edges and programs only.
pub use jiff::Timestamp;
