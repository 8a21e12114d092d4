//! The agent: looks at one server through one door and reports what it saw.
//!
//! - [`host`]: the only way to touch a machine, real or captured.
//! - [`observe`]: one file per section of the report.
//! - [`run`]: keeps a manager informed. - [`site`]: folders of captured hosts.
//! - [`renewal`]: its next certificate, in time.
//! - [`state`]: what an agent keeps between starts.
//! - [`orders`]: what it was told to do, remembered.
//! - [`watch`]: hears what happens on a live host; [`log`]: reads what its kernel said.
//! - [`steps`]: makes things so, where the server is managed.

pub mod host;
pub mod log;
pub mod observe;
pub mod orders;
pub mod renewal;
pub mod run;
pub mod site;
pub mod state;
pub mod steps;
pub mod watch;

/// Version of this agent.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
