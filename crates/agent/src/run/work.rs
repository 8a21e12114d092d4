//! Orders of the manager while the agent runs: each on a thread of its own,
//! known to the ledger before it begins and until the manager has its outcome.

use crate::host::Hands;
use crate::orders::{self, Answer, Ledger};
use crate::steps::{self, Entry};
use model::job::Outcome;
use model::step::{Secret, Step};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::mpsc;
use wire::ToManager;
use wire::order::{ConsoleLine, Ended, Order, OrderKey};

/// Lines of consoles that wait to be sent; more are lost, the work goes on.
const LINES_WAITING_MAX: usize = 1024;

/// What an agent does for its manager.
pub struct Workshop {
    hands: Option<Arc<dyn Hands>>,
    ledger: Ledger,
    file: Option<PathBuf>,
    cancels: BTreeMap<OrderKey, Arc<AtomicBool>>,
    ended: (mpsc::UnboundedSender<Said>, mpsc::UnboundedReceiver<Said>),
    lines: (mpsc::Sender<ConsoleLine>, mpsc::Receiver<ConsoleLine>),
}

type Said = (OrderKey, Outcome);

impl Workshop {
    /// For a server that is only watched: every order is refused.
    pub fn closed() -> Self {
        Self {
            hands: None,
            ledger: Ledger::default(),
            file: None,
            cancels: BTreeMap::new(),
            // Bounded by the ledger: one outcome for each order that runs.
            ended: mpsc::unbounded_channel(),
            lines: mpsc::channel(LINES_WAITING_MAX),
        }
    }

    /// For a managed server; the ledger is kept in `file`, where given. What an
    /// earlier life left unfinished is looked at, and answered.
    pub fn open(hands: Arc<dyn Hands>, file: Option<PathBuf>) -> std::io::Result<Self> {
        let mut open = Self::closed();
        open.hands = Some(hands);
        if let Some(file) = &file {
            match std::fs::read(file) {
                Ok(bytes) => {
                    open.ledger = serde_json::from_slice(&bytes).map_err(std::io::Error::other)?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        open.file = file;
        for (key, step) in open.ledger.unfinished() {
            open.begin(key, step, BTreeMap::new(), true);
        }
        Ok(open)
    }

    /// Whether it takes orders at all.
    pub fn is_open(&self) -> bool {
        self.hands.is_some()
    }

    /// Takes an order; gives what can be answered at once.
    pub fn order(&mut self, order: &Order) -> Option<ToManager> {
        let key = order.key.clone();
        if self.hands.is_none() {
            let text = String::from("this server is only watched: its agent changes nothing");
            let failure = steps::failure::failed("server-only-watched", text);
            return ended(key, &Outcome::Failed(failure));
        }
        match self.ledger.take(order) {
            Answer::Runs => None,
            Answer::Ended(outcome) => ended(key, &outcome),
            Answer::Refused(why) => {
                tracing::warn!(job = key.job, step = key.step, why, "An order was refused.");
                None
            }
            Answer::Begin(step) => match self.save() {
                Ok(()) => {
                    self.begin(key, step, orders::secrets(order), false);
                    None
                }
                Err(error) => {
                    let text = format!("the agent could not save that it begins: {error}");
                    let outcome = Outcome::Failed(steps::failure::passing("host-fault", text));
                    self.ledger.end(&key, outcome.clone());
                    ended(key, &outcome)
                }
            },
        }
    }

    /// Ends an order early, if it can be.
    pub fn recall(&mut self, key: &OrderKey) {
        if let Some(cancel) = self.cancels.get(key) {
            cancel.store(true, Ordering::Release);
        }
    }

    /// The manager has an outcome.
    pub fn acknowledge(&mut self, key: &OrderKey) {
        self.ledger.acknowledge(key);
        if let Err(error) = self.save() {
            tracing::warn!(%error, "The ledger of orders could not be saved.");
        }
    }

    /// What the manager may not have: to be sent on a new link.
    pub fn owed(&self) -> Vec<ToManager> {
        let outcomes = self.ledger.unacknowledged();
        let said = outcomes.into_iter();
        said.filter_map(|(key, outcome)| ended(key, &outcome))
            .collect()
    }

    /// The next thing to say. Cancel-safe: what is not taken stays.
    pub async fn next(&mut self) -> ToManager {
        loop {
            tokio::select! {
                biased;
                Some(line) = self.lines.1.recv() => {
                    let mut lines = vec![line];
                    while lines.len() < 64 && let Ok(line) = self.lines.1.try_recv() {
                        lines.push(line);
                    }
                    return ToManager::Console(lines);
                }
                Some((key, outcome)) = self.ended.1.recv() => {
                    self.cancels.remove(&key);
                    self.ledger.end(&key, outcome.clone());
                    if let Err(error) = self.save() {
                        tracing::warn!(%error, "The ledger of orders could not be saved.");
                    }
                    if let Some(message) = ended(key, &outcome) {
                        return message;
                    }
                }
            }
        }
    }

    fn begin(
        &mut self,
        key: OrderKey,
        step: Step,
        secrets: BTreeMap<Secret, Vec<u8>>,
        is_interrupted: bool,
    ) {
        let Some(hands) = self.hands.clone() else {
            return;
        };
        let cancel = Arc::new(AtomicBool::new(false));
        self.cancels.insert(key.clone(), Arc::clone(&cancel));
        let (said, lines) = (self.ended.0.clone(), self.lines.0.clone());
        let work = move || {
            let n_lines = AtomicU32::new(0);
            let console = |entry: Entry| {
                let number = n_lines.fetch_add(1, Ordering::Relaxed);
                // A full queue costs a line of the console, not the work.
                let _ = lines.try_send(line(&key, number, entry));
            };
            let is_cancelled = || cancel.load(Ordering::Acquire);
            let work = steps::Work {
                hands: hands.as_ref(),
                secrets: &secrets,
                console: &console,
                is_cancelled: &is_cancelled,
            };
            let outcome = if is_interrupted {
                orders::after_interruption(&step, &work)
            } else {
                steps::carry_out(&step, &work)
            };
            // The agent may be stopping; then the ledger tells its next life.
            let _ = said.send((key.clone(), outcome));
        };
        tokio::task::spawn_blocking(work);
    }

    fn save(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let bytes = serde_json::to_vec(&self.ledger).map_err(std::io::Error::other)?;
        let beside = file.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut open = options.open(&beside)?;
        open.write_all(&bytes)?;
        open.sync_all()?;
        std::fs::rename(&beside, file)
    }
}

impl std::fmt::Debug for Workshop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workshop")
            .field("is_open", &self.hands.is_some())
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

fn ended(key: OrderKey, outcome: &Outcome) -> Option<ToManager> {
    match Ended::new(key, outcome) {
        Ok(ended) => Some(ToManager::Ended(ended)),
        Err(error) => {
            tracing::error!(%error, "An outcome could not be written.");
            None
        }
    }
}

fn line(key: &OrderKey, number: u32, entry: Entry) -> ConsoleLine {
    let took = std::time::Duration::try_from_secs_f64(entry.seconds).unwrap_or_default();
    ConsoleLine {
        key: key.clone(),
        number,
        at_ms: jiff::Timestamp::now().as_millisecond(),
        line: entry.line,
        exit: entry.exit,
        stdout: entry.stdout,
        stderr: entry.stderr,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::step::{ServiceSet, Step};

    #[tokio::test]
    async fn the_agent_of_a_watched_server_refuses_every_order() {
        // Enrolled to be monitored only: there are no hands to give to a step.
        let mut work = Workshop::closed();
        assert!(!work.is_open());
        let step: Step = ServiceSet {
            unit: String::from("pacemaker.service"),
            is_running: false,
            is_enabled: None,
        }
        .into();
        let key = OrderKey {
            job: String::from("0199b6c2-7d1e-7a50-8000-000000000001"),
            step: 0,
            attempt: 1,
        };
        let order = Order::new(key.clone(), 1, &step, Vec::new()).unwrap();
        let Some(ToManager::Ended(ended)) = work.order(&order) else {
            panic!("an order to a watched server is answered at once");
        };
        let Outcome::Failed(failure) = ended.outcome().unwrap() else {
            panic!("{ended:?}");
        };
        assert_eq!(
            (ended.key, failure.code.as_str()),
            (key, "server-only-watched")
        );
        assert!(!failure.is_transient);
        assert!(work.owed().is_empty(), "nothing was begun");
    }
}
