//! Hears what happens on a live host, so that nothing that tells by itself is
//! asked again and again.
//!
//! - [`journal`]: the kernel's messages, and the units that matter.
//! - [`kernel`]: the mount table, devices, interfaces.
//! - [`zpool`]: faults and work of ZFS.
//! - [`lines`]: lines of a command that runs on.
//!
//! What is heard is either an event of its own or a reason to look again; a
//! look every minute is the net below. Each source is one task that ends with
//! the agent.

pub mod journal;
pub mod kernel;
pub mod lines;
pub mod zpool;

use crate::host::{Host, HostError, Watched};
use jiff::Timestamp;
use model::event::HostEvent;
use rt::Tasks;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Signals that wait to be heeded at most. When they do, the commands that tell
/// them wait too, and lose nothing.
const SIGNALS_MAX: usize = 256;
/// A source that ended is started again after this long, and each time twice it.
const AGAIN_FIRST: Duration = Duration::from_secs(5);
/// And at last after this long.
const AGAIN_LAST: Duration = Duration::from_mins(5);

/// How far each source was heard, kept across a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Cursor of the journal's last entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// Time of the last event of ZFS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zpool: Option<Timestamp>,
}

impl Place {
    /// Moves on.
    pub fn pass(&mut self, step: Step) {
        match step {
            Step::Journal(cursor) => self.journal = Some(cursor),
            Step::Zpool(at) => self.zpool = Some(at),
        }
    }
}

/// A step of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The journal was heard up to this cursor.
    Journal(String),
    /// ZFS was heard up to this time.
    Zpool(Timestamp),
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something happened. With it its source was heard up to `step`.
    Happened {
        /// What.
        event: Box<HostEvent>,
        /// How far its source was heard.
        step: Step,
    },
    /// A source was heard so far, and told nothing of note.
    Passed(Step),
    /// The host is not as it was: look again.
    Changed,
}

/// Where the sources put what they hear.
type Signals = mpsc::Sender<Signal>;

/// Starts to hear a live host, from where it was heard before. What cannot be
/// heard here is told in the log, and left to the looks.
pub fn start(host: &Arc<dyn Host>, place: &Place, tasks: &Tasks) -> mpsc::Receiver<Signal> {
    let (send, receive) = mpsc::channel(SIGNALS_MAX);
    for (what, name) in [
        (Watched::Mounts, "mounts"),
        (Watched::Devices, "devices"),
        (Watched::Network, "network"),
    ] {
        match host.watch(what) {
            Ok(fd) => spawn(tasks, name, kernel::run(what, fd, send.clone())),
            Err(error) => not_heard(name, &error),
        }
    }
    let journal = journal::run(Arc::clone(host), place.journal.clone(), send.clone());
    spawn(tasks, "journal", journal);
    spawn(
        tasks,
        "zpool",
        zpool::run(Arc::clone(host), place.zpool, send),
    );
    receive
}

/// Starts a source, which ends at once with the agent, and its command with it.
fn spawn(tasks: &Tasks, name: &str, source: impl Future<Output = ()> + Send + 'static) {
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("watch", name, async move {
        tokio::select! {
            () = shutdown.wait() => {}
            () = source => {}
        }
    });
}

fn not_heard(name: &str, error: &HostError) {
    tracing::warn!(source = name, %error, "This source cannot be heard; looks replace it.");
}

/// How long a source that ended waits before it is started again.
struct Again(Duration);

impl Again {
    fn new() -> Self {
        Self(AGAIN_FIRST)
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(AGAIN_LAST);
    }

    /// It told something, so it works.
    fn works(&mut self) {
        self.0 = AGAIN_FIRST;
    }
}
