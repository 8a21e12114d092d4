//! The ring behind the event stream: the last changes, resumable by position.

use api::event::Change;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Changes that are kept for callers who come back.
pub const KEPT_MAX: usize = 4096;
/// Ids in one change at most; above it the list is left empty.
pub const IDS_MAX: usize = 100;

/// The stream of changes; clones share it.
#[derive(Clone, Debug)]
pub struct Changes {
    ring: Arc<Mutex<Ring>>,
    newest: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
struct Ring {
    kept: VecDeque<Arc<Change>>,
    /// Position of the next change.
    next: u64,
}

/// One reader of the stream.
#[derive(Debug)]
pub struct Subscription {
    changes: Changes,
    newest: watch::Receiver<u64>,
    at: u64,
}

impl Changes {
    /// An empty stream whose first change has the position `first`. Positions
    /// must not repeat after a restart, so the caller takes the time for it.
    pub fn new(first: u64) -> Self {
        let ring = Ring {
            kept: VecDeque::new(),
            next: first,
        };
        let newest = watch::Sender::new(first.saturating_sub(1));
        Self {
            ring: Arc::new(Mutex::new(ring)),
            newest: Arc::new(newest),
        }
    }

    /// Adds a change and wakes the readers.
    pub fn publish(&self, views: Vec<String>, ids: Vec<String>) {
        let seq = {
            let mut ring = self.ring();
            let seq = ring.next;
            ring.next += 1;
            if ring.kept.len() == KEPT_MAX {
                ring.kept.pop_front();
            }
            let ids = if ids.len() > IDS_MAX { Vec::new() } else { ids };
            ring.kept.push_back(Arc::new(Change { seq, views, ids }));
            seq
        };
        self.newest.send_replace(seq);
    }

    /// Position of the newest change.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Reads what comes after the position `after`, or what comes from now on.
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let newest = self.newest.subscribe();
        let at = after.unwrap_or_else(|| *newest.borrow());
        Subscription {
            changes: self.clone(),
            newest,
            at,
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The change after `at`; `reset` if that is not kept any more, or if `at`
    /// is a position that was never given.
    fn after(&self, at: u64) -> Option<Arc<Change>> {
        let ring = self.ring();
        let newest = ring.next - 1;
        let first = ring.kept.front().map_or(ring.next, |change| change.seq);
        if at > newest || at + 1 < first {
            let views = vec![String::from("reset")];
            return Some(Arc::new(Change {
                seq: newest,
                views,
                ids: Vec::new(),
            }));
        }
        let offset = usize::try_from(at + 1 - first).ok()?;
        ring.kept.get(offset).cloned()
    }
}

impl Subscription {
    /// The next change. Cancel-safe. Never ends while the stream lives, and
    /// this reader keeps it alive.
    pub async fn next(&mut self) -> Arc<Change> {
        loop {
            self.newest.mark_unchanged();
            if let Some(change) = self.changes.after(self.at) {
                self.at = change.seq;
                return change;
            }
            if self.newest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(changes: &Changes, n: usize) {
        for _ in 0..n {
            changes.publish(vec![String::from("servers")], Vec::new());
        }
    }

    #[tokio::test]
    async fn a_reader_resumes_where_it_was() {
        let changes = Changes::new(100);
        publish(&changes, 3);
        let mut reader = changes.subscribe(Some(100));
        assert_eq!(reader.next().await.seq, 101);
        assert_eq!(reader.next().await.seq, 102);
        publish(&changes, 1);
        assert_eq!(reader.next().await.seq, 103);
    }

    #[tokio::test]
    async fn a_reader_too_old_or_from_elsewhere_is_reset() {
        let changes = Changes::new(100);
        publish(&changes, KEPT_MAX + 2);
        for at in [5, 100, 1_000_000] {
            let change = changes.subscribe(Some(at)).next().await;
            assert_eq!(
                (&*change.views[0], change.seq),
                ("reset", changes.newest()),
                "{at}"
            );
        }
        assert_eq!(changes.subscribe(Some(101)).next().await.seq, 102);
    }
}
