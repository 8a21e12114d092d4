//! Named tasks: each has an owner and a line in the list, none is detached.

use crate::shutdown::Shutdown;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Spawns tasks and knows which ones run. Clones share one list.
#[derive(Clone, Debug)]
pub struct Tasks {
    shared: Arc<Shared>,
    shutdown: Shutdown,
}

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    running: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    lines: BTreeMap<u64, (Line, Option<AbortHandle>)>,
    panicked: Vec<Line>,
}

/// A task in the list.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it does.
    pub name: String,
    /// The part of the program that started it.
    pub owner: &'static str,
    /// When it began.
    pub since: Instant,
}

/// Panicked tasks kept for the status page.
const PANICKED_MAX: usize = 100;

impl Tasks {
    /// An empty list, with the signal that ends its tasks.
    pub fn new(shutdown: Shutdown) -> Self {
        let shared = Shared {
            table: Mutex::default(),
            running: watch::Sender::new(0),
        };
        Self {
            shared: Arc::new(shared),
            shutdown,
        }
    }

    /// The signal that its tasks wait for.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Starts a task. It should watch [`Tasks::shutdown`]; one that does not
    /// is aborted by [`Tasks::finish`].
    pub fn spawn<F>(&self, owner: &'static str, name: impl Into<String>, future: F) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let line = Line {
            name: name.into(),
            owner,
            since: Instant::now(),
        };
        let id = {
            let mut table = self.shared.table();
            let id = table.next;
            table.next += 1;
            table.lines.insert(id, (line, None));
            id
        };
        self.shared.running.send_modify(|n| *n += 1);
        let guard = Guard {
            shared: Arc::clone(&self.shared),
            id,
        };
        let handle = tokio::spawn(async move {
            let _guard = guard;
            future.await;
        })
        .abort_handle();
        if let Some((_, abort)) = self.shared.table().lines.get_mut(&id) {
            *abort = Some(handle.clone());
        }
        handle
    }

    /// Tasks that run, in the order they were started.
    pub fn list(&self) -> Vec<Line> {
        self.shared
            .table()
            .lines
            .values()
            .map(|(line, _)| line.clone())
            .collect()
    }

    /// Tasks that panicked: each is a bug.
    pub fn panicked(&self) -> Vec<Line> {
        self.shared.table().panicked.clone()
    }

    /// Gives the signal, waits for every task up to `patience`, then aborts
    /// what is left. Answers with the names of those.
    pub async fn finish(&self, patience: Duration) -> Vec<String> {
        self.shutdown.begin();
        let mut running = self.shared.running.subscribe();
        let ended = tokio::time::timeout(patience, running.wait_for(|n| *n == 0)).await;
        if ended.is_ok() {
            return Vec::new();
        }
        let left: Vec<_> = self.shared.table().lines.values().cloned().collect();
        for (_, abort) in &left {
            if let Some(abort) = abort {
                abort.abort();
            }
        }
        left.into_iter().map(|(line, _)| line.name).collect()
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Guard {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Guard {
    fn drop(&mut self) {
        {
            let mut table = self.shared.table();
            if let Some((line, _)) = table.lines.remove(&self.id)
                && std::thread::panicking()
                && table.panicked.len() < PANICKED_MAX
            {
                tracing::error!(task = %line.name, owner = line.owner, "Task panicked.");
                table.panicked.push(line);
            }
        }
        self.shared.running.send_modify(|n| *n -= 1);
    }
}
