//! How long the journal is kept: events that are too old, or too many, are
//! forgotten, a little at a time so that nobody waits for it.

use crate::state::Manager;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use tokio::time::{MissedTickBehavior, interval};

/// How often it is looked for what is too old.
const EVERY: Duration = Duration::from_mins(10);
/// Events that go in one commit.
const AT_ONCE: u64 = 2000;

/// How much of the journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events older than this go.
    pub age: Duration,
    /// Of the newest events no more than this are kept.
    pub events_max: u64,
}

impl Default for Retention {
    /// 90 days, and a million events: a few hundred MiB.
    fn default() -> Self {
        Self {
            age: Duration::from_hours(90 * 24),
            events_max: 1_000_000,
        }
    }
}

/// Forgets what is too old now; answers with how many events went.
pub(crate) async fn forget(manager: &Manager) -> Result<u64, StoreError> {
    let Retention { age, events_max } = manager.retention;
    let now = manager.now();
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    let oldest = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let mut n = 0;
    loop {
        let gone = manager.store.forget_events(oldest, events_max, AT_ONCE);
        match gone.await? {
            0 => return Ok(n),
            gone => n += gone,
        }
    }
}

/// Forgets again and again, until the manager stops.
pub(crate) async fn run(manager: Arc<Manager>) {
    let shutdown = manager.tasks.shutdown().clone();
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            _ = tick.tick() => {}
        }
        match forget(&manager).await {
            Ok(0) => {}
            Ok(n) => tracing::info!(n, "Old events are forgotten."),
            Err(error) => {
                let error = stdx::chain::chain(&error);
                tracing::error!(error, "Old events cannot be forgotten.");
            }
        }
    }
}
