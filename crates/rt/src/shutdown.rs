//! One signal to stop, that any number of tasks wait for.

use std::sync::Arc;
use tokio::sync::watch;

/// A handle to the signal; clones share it.
#[derive(Clone, Debug)]
pub struct Shutdown {
    sender: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A signal not yet given.
    pub fn new() -> Self {
        Self {
            sender: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Gives the signal; again does nothing.
    pub fn begin(&self) {
        self.sender.send_replace(true);
    }

    /// Whether it was given.
    pub fn is_begun(&self) -> bool {
        *self.sender.borrow()
    }

    /// Waits for it. Cancel-safe.
    pub async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // Fails only without a sender, and `self` holds one.
        let _ = receiver.wait_for(|begun| *begun).await;
    }
}
