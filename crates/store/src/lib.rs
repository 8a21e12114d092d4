//! What must survive: servers, their last reports, the journal of events,
//! accounts and tokens, in one SQLite file. The only place with SQL.
//!
//! ```text
//! callers ──bounded channel──> one writer thread: ≤256 operations a commit,
//!                              a savepoint each; answers after the commit
//!         ──bounded channel──> readers, each with its own connection
//! ```
//!
//! **Invariant:** when a write has answered, it is on disk (`synchronous=FULL`).
//! Reports have no answer and are written last, the newest of each server: an
//! agent sends its whole report again when it comes back.
//!
//! - [`record`]: the rows.
//! - [`connection`]: opening, threads, group commit.
//! - `late`: reports that wait to be written.
//! - `migration`: the schema by numbers.
//! - [`server`], [`journal`], [`job`], [`account`], [`setting`]: what can be asked, by noun.

pub mod account;
pub mod connection;
pub mod job;
pub mod journal;
mod late;
mod migration;
pub mod record;
pub mod server;
pub mod setting;
mod sql;

pub use connection::{Store, StoreError};
pub use migration::SCHEMA;
pub use sql::STATEMENTS;
