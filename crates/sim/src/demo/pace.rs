//! The world's time follows the wall's, so many times faster.

use crate::door::Gate;
use crate::world::World;
use agent::host::HostError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Least time that a caller waits at a time, so that many do not spin.
const WAIT_MIN: Duration = Duration::from_millis(5);
/// Longest time that a caller waits without a look whether all is over.
const WAIT_MAX: Duration = Duration::from_millis(200);

/// How a world's time goes on.
pub struct Pace {
    world: Arc<Mutex<World>>,
    began: Instant,
    haste: u32,
    is_over: AtomicBool,
}

impl Pace {
    /// From now on.
    pub fn new(world: Arc<Mutex<World>>, haste: u32) -> Self {
        Self {
            world,
            began: Instant::now(),
            haste,
            is_over: AtomicBool::new(false),
        }
    }

    /// The time that it is in the world by now.
    pub fn now(&self) -> Duration {
        self.began.elapsed() * self.haste
    }

    /// Lets happen what is due.
    pub fn go_on(&self) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(self.now());
    }

    /// Whoever waits is told that all is over.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }
}

impl Gate for Pace {
    fn wait_until(&self, at: Duration) -> Result<(), HostError> {
        loop {
            if self.is_over.load(Ordering::Acquire) {
                return Err(HostError::Other(String::from("the demo has ended")));
            }
            let left = at.saturating_sub(self.now()) / self.haste;
            if left.is_zero() {
                self.go_on();
                return Ok(());
            }
            std::thread::sleep(left.clamp(WAIT_MIN, WAIT_MAX));
        }
    }
}
