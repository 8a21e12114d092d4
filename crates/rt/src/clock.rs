//! The time of day, as a handle that tests can replace.

use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::sync::Arc;
use tokio::time::Instant;

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// Begins at `start` and goes with tokio's clock, so that it stands still
    /// where that is paused. Must be made inside a runtime.
    pub fn following_tokio(start: Timestamp) -> Self {
        let begun = Instant::now();
        Self(Arc::new(move || {
            let passed = SignedDuration::try_from(begun.elapsed()).unwrap_or(SignedDuration::ZERO);
            start.checked_add(passed).unwrap_or(Timestamp::MAX)
        }))
    }

    /// The same clock, `off` ahead (or behind).
    #[must_use]
    pub fn shifted(&self, off: SignedDuration) -> Self {
        let inner = self.clone();
        Self(Arc::new(move || {
            inner.now().checked_add(off).unwrap_or(Timestamp::MAX)
        }))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
