//! The link between an agent and its manager: the agent dials out, both show
//! certificates, and messages of `wire` go both ways in bounded queues.
//!
//! ```text
//! agent ── TCP ── TLS 1.3 (both certificates) ── WebSocket ── manager
//!       └─────────── in memory, same frames ───────────┘
//! ```
//!
//! - [`connection`]: one end of a link, whatever carries it.
//! - [`authority`]: the manager's own CA: its certificate, the agents'.
//! - [`tls`]: what both sides check.
//! - [`dial`]: the agent's side of the link.
//! - [`enrol`]: how an agent gets its certificate.
//! - [`renew`]: how it gets the next one.
//! - [`token`]: the text of an enrolment token.

pub mod authority;
pub mod connection;
pub mod dial;
pub mod enrol;
pub mod renew;
pub mod socket;
pub mod tls;
pub mod token;

pub use connection::{AgentEnd, Closed, ManagerEnd, memory};
pub use dial::{Config, DialError, dial};
pub use enrol::{EnrolError, Enrolment, Identity, enrol};
