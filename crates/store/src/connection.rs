//! Opening the file, the writer with its group commit, the readers.

use crate::late::{Change, Late};
use crate::migration;
use crate::server::put_change;
use model::ids::ServerId;
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Operations in one commit at most.
pub const COMMIT_MAX: usize = 256;
/// Operations that may wait for the writer.
const WRITES_WAITING_MAX: usize = 4096;
/// Questions that may wait for a reader.
const READS_WAITING_MAX: usize = 256;
const READERS: usize = 2;
/// Bytes of reports in one commit: what someone waits for may wait as long as
/// that takes.
const LATE_MAX: usize = 512 << 10;
const STATEMENTS_CACHED: usize = 64;
const BUSY: Duration = Duration::from_secs(5);

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the database refused an operation")]
    Sql(#[from] rusqlite::Error),
    /// The file is from a newer release.
    #[error(
        "the database has schema {found}, this release knows up to {known}; run the release that wrote it, or restore the copy from before the upgrade",
        known = crate::SCHEMA
    )]
    SchemaNewer {
        /// Its number.
        found: usize,
    },
    /// The batch was not committed, so this operation did not happen.
    #[error("the database could not commit: {0}")]
    NotCommitted(Arc<str>),
    /// A row holds what no release wrote.
    #[error("the database holds {what} that cannot be read")]
    Corrupt {
        /// What.
        what: &'static str,
    },
    /// A thing of that name is there already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// The file could not be made or opened.
    #[error("could not open the database {path}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A thread could not be started.
    #[error("could not start a thread for the database")]
    Thread(#[source] std::io::Error),
}

/// Tells the caller, once it is known whether the batch was committed.
type Answer = Box<dyn FnOnce(Result<(), Arc<str>>) + Send>;
/// Without a connection there is no transaction, and nothing is done.
type Write = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;
/// What the writer is told.
enum Order {
    /// Someone waits for this.
    Write(Write),
    /// There is a report.
    Look,
}
type Read = Box<dyn FnOnce(&Connection) + Send>;

/// A handle to the store; clones share it. The threads end with the last one.
#[derive(Clone)]
pub struct Store {
    writes: mpsc::Sender<Order>,
    late: Arc<Late>,
    reads: mpsc::Sender<Read>,
    commits: Arc<AtomicUsize>,
    threads: Arc<Threads>,
}

#[derive(Default)]
struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Store {
    /// Opens the file, or makes it readable by its owner only, and brings it to this release's schema.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let private = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        private.map_err(|cause| StoreError::File {
            path: path.to_owned(),
            cause,
        })?;
        let mut writer = connect(path, OpenFlags::default())?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        migration::migrate(&mut writer)?;
        let commits = Arc::new(AtomicUsize::new(0));
        let (writes, inbox) = mpsc::channel(WRITES_WAITING_MAX);
        let late = Arc::new(Late::default());
        let shared = (Arc::clone(&late), Arc::clone(&commits));
        let mut threads = vec![thread("store-writer", move || {
            write_all(&writer, inbox, (&shared.0, &shared.1));
        })?];
        // One queue: a question that takes long holds up no other.
        let (reads, inbox) = mpsc::channel(READS_WAITING_MAX);
        let inbox = Arc::new(Mutex::new(inbox));
        for _ in 0..READERS {
            let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let inbox = Arc::clone(&inbox);
            threads.push(thread("store-reader", move || read_all(&reader, &inbox))?);
        }
        Ok(Self {
            writes,
            late,
            reads,
            commits,
            threads: Arc::new(Threads(Mutex::new(threads))),
        })
    }

    /// Does `operation` in the next commit, alone in its savepoint: when it
    /// fails, the others of the commit stay. Answers once it is on disk.
    pub(crate) async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let write: Write = Box::new(move |connection| {
            let result = match connection {
                Some(connection) => in_savepoint(connection, operation),
                None => Err(StoreError::Closed),
            };
            Box::new(move |committed| {
                // The caller may be gone; the write stands all the same.
                let _ = answer.send(match committed {
                    Ok(()) => result,
                    Err(why) => Err(StoreError::NotCommitted(why)),
                });
            })
        });
        self.writes
            .send(Order::Write(write))
            .await
            .map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Leaves a change of a report to be written when there is time.
    pub(crate) fn write_later(&self, server: ServerId, change: Change) {
        if self.late.add(server, change) {
            // Where the queue is full, the writer looks by itself.
            let _ = self.writes.try_send(Order::Look);
        }
    }

    /// Asks a reader.
    pub(crate) async fn read<T, F>(&self, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |connection| {
            // The caller may be gone.
            let _ = answer.send(question(connection));
        });
        self.reads
            .send(read)
            .await
            .map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Commits so far: many operations share one.
    pub fn n_commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    /// Ends this handle; if it is the last, waits until all that was sent is
    /// on disk and the file is closed. Blocks.
    pub fn close(self) {
        let Self {
            writes,
            reads,
            threads,
            ..
        } = self;
        drop((writes, reads));
        if let Some(Threads(threads)) = Arc::into_inner(threads) {
            let threads = threads.into_inner().unwrap_or_default();
            for thread in threads {
                // A panic there was logged there.
                let _ = thread.join();
            }
        }
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(body).map_err(StoreError::Thread)
}

fn in_savepoint<T>(
    connection: &Connection,
    operation: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("SAVEPOINT one")?;
    let result = operation(connection);
    let end = if result.is_ok() {
        "RELEASE one"
    } else {
        "ROLLBACK TO one; RELEASE one"
    };
    connection.execute_batch(end)?;
    result
}

/// The writer: what someone waits for first, then some of the reports.
fn write_all(
    connection: &Connection,
    mut inbox: mpsc::Receiver<Order>,
    (late, commits): (&Late, &AtomicUsize),
) {
    let mut batch = Vec::with_capacity(COMMIT_MAX);
    let mut is_held = false;
    let mut is_open = true;
    while is_open {
        if is_held || late.is_empty() {
            is_open = inbox.blocking_recv_many(&mut batch, COMMIT_MAX) > 0;
        } else {
            is_open = !(inbox.is_closed() && inbox.is_empty());
            while batch.len() < COMMIT_MAX
                && let Ok(order) = inbox.try_recv()
            {
                batch.push(order);
            }
        }
        let writes = batch.drain(..).filter_map(|order| match order {
            Order::Write(write) => Some(write),
            Order::Look => None,
        });
        let writes: Vec<Write> = writes.collect();
        if !writes.is_empty() {
            commit(connection, commits, writes);
        }
        is_held = !write_late(connection, late, commits, is_open);
    }
}

/// Writes some of the reports that wait, or all of them at the end. False if
/// that failed: it is tried again with the next order.
fn write_late(connection: &Connection, late: &Late, commits: &AtomicUsize, is_open: bool) -> bool {
    loop {
        let some = late.take(LATE_MAX);
        if some.is_empty() {
            return true;
        }
        let done = connection.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
            for (server, change) in &some {
                // One that has no place, of a server that is gone, harms no other.
                let written = in_savepoint(connection, |db| put_change(db, *server, change));
                if let Err(error) = written {
                    let error = stdx::chain::chain(&error);
                    tracing::error!(%server, error, "Report is not kept.");
                }
            }
            connection.execute_batch("COMMIT")
        });
        commits.fetch_add(1, Ordering::Relaxed);
        if let Err(cause) = done {
            tracing::error!(%cause, "Database could not commit reports.");
            roll_back(connection);
            late.put_back(some);
            return false;
        }
        if is_open {
            return true;
        }
    }
}

fn commit(connection: &Connection, commits: &AtomicUsize, writes: Vec<Write>) {
    let begun = connection.execute_batch("BEGIN IMMEDIATE");
    let inside = begun.is_ok().then_some(connection);
    let answers: Vec<Answer> = writes.into_iter().map(|write| write(inside)).collect();
    let done = begun.and_then(|()| connection.execute_batch("COMMIT"));
    if done.is_err() {
        roll_back(connection);
    }
    commits.fetch_add(1, Ordering::Relaxed);
    let done = done.map_err(|cause| {
        tracing::error!(%cause, "Database could not commit.");
        Arc::from(cause.to_string())
    });
    for answer in answers {
        answer(done.clone());
    }
}

/// What failed to commit must not linger into the next batch.
fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
}

fn read_all(connection: &Connection, inbox: &Mutex<mpsc::Receiver<Read>>) {
    loop {
        // Whoever has the lock waits for the next question, the others for the lock.
        let next = inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        match next {
            Some(read) => read(connection),
            None => return,
        }
    }
}

/// The database inside a data folder.
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join("candela.sqlite")
}
