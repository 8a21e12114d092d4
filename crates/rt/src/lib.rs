//! What every program here stands on: named tasks, a clock that tests can
//! hold still, one way to stop, and logging. It knows nothing of Lustre.
//!
//! - [`clock`]: the time, real or following tokio's paused clock.
//! - [`shutdown`]: one signal that everything waits for.
//! - [`tasks`]: spawn by name, list for the status page, wait for the end.
//! - [`logs`]: tracing to stderr.

pub mod clock;
pub mod logs;
pub mod shutdown;
pub mod tasks;

pub use clock::Clock;
pub use shutdown::Shutdown;
pub use tasks::Tasks;
