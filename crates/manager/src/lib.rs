//! The manager: takes in what agents see, keeps it, works out what it means,
//! and shows it. It drives jobs on servers that are managed, and never writes to one itself.
//!
//! ```text
//! agents ─> agents ─> ingest ─> World (reports, detect's inventory) ─> views ─> http
//!                       │           │
//!                       v           └─> changes (SSE ring)
//!                     store (journal, last reports)
//! ```
//!
//! - [`start`]: configuration in, a running manager out.
//! - [`state`]: what all parts share: [`state::Manager`] and its [`state::World`].
//! - [`changes`]: the ring behind the event stream.
//! - `ingest`: the one task that changes the world.
//! - `agents`: one connection of one agent; `enrolment`: how a server becomes known.
//! - `retention`: how long the journal is kept.
//! - `serve`: the one port: TLS, agents and callers.
//! - `planning`: what the planner is shown.
//! - `jobs`: the one task that runs plans; `secrets`: what steps need and nobody sees.
//! - [`memory`]: agents inside this process.
//! - `lists`: the tables behind the lists, and which of their rows changed.
//! - `http`, `views`, [`auth`]: what callers see.

mod agents;
pub mod auth;
pub mod changes;
mod enrolment;
pub mod http;
mod ingest;
mod jobs;
mod lists;
pub mod memory;
mod planning;
mod retention;
mod secrets;
mod serve;
mod start;
pub mod state;
mod views;

pub use retention::Retention;
pub use secrets::SecretError;
pub use start::{Config, Running, StartError, Tls, start};
