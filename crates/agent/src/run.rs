//! Keeps a manager informed: everything once, then what changed.

mod events;
mod memory;
mod spool;
mod work;

pub use memory::Memory;
pub use work::Workshop;

use crate::host::Host;
use crate::host::captured::CapturedHost;
use crate::watch::Signal;
use crate::{VERSION, observe, site};
use link::AgentEnd;
use model::event::HostEvent;
use model::report::Report;
use rt::Shutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use wire::message::{EVENTS_MAX, HEARTBEAT_S, Hello, MANAGED, RENEWS};
use wire::{ToAgent, ToManager};

/// After something was heard, the look waits this long for what comes with it.
const SETTLE: Duration = Duration::from_millis(200);
/// Between two looks is at least this time, and as many times the look's own
/// duration, however much is heard.
const LOOKS_APART: Duration = Duration::from_secs(2);
const LOOKS_SHARE: u32 = 10;
/// Outcomes that wait for a look at most: more orders than run at once, each
/// answered; one that is not comes again with the next connection.
const HELD_MAX: usize = 2 * crate::orders::RUNNING_MAX;

/// How often a host is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    /// A whole look.
    pub full: Duration,
    /// A look whether a captured host moved on.
    pub quick: Duration,
}

impl Default for Cadence {
    fn default() -> Self {
        Self {
            full: Duration::from_mins(1),
            quick: Duration::from_secs(2),
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The signal to stop.
    #[error("stopped")]
    Stopped,
    /// The link broke or the manager went away: dial again.
    #[error("the link to the manager is gone")]
    Lost,
    /// The manager does not want this agent.
    #[error("the manager refuses this agent ({code}): {text}")]
    Refused {
        /// For programs.
        code: String,
        /// For people.
        text: String,
    },
    /// The certificate is void.
    #[error("this server was revoked in the manager; enrol it again to come back")]
    Revoked,
    /// A fault of ours.
    #[error("{0}")]
    Fault(String),
}

/// What a look gave: the report, and the recorded log's news.
type Seen = (Arc<Report>, Vec<HostEvent>);

/// Looks at a host on a thread that may block.
fn look(host: &Arc<dyn Host>, upto: Option<jiff::Timestamp>) -> JoinHandle<Seen> {
    let host = Arc::clone(host);
    tokio::task::spawn_blocking(move || {
        let report = observe::report(host.as_ref());
        (Arc::new(report), memory::recorded(host.as_ref(), upto))
    })
}

fn seen(looked: Result<Seen, JoinError>) -> Result<Seen, Ended> {
    looked.map_err(|error| Ended::Fault(error.to_string()))
}

/// Serves one connection until it ends.
pub async fn run(
    host: Arc<dyn Host>,
    link: AgentEnd,
    cadence: Cadence,
    memory: &mut Memory,
    shutdown: &Shutdown,
) -> Ended {
    let mut talk = Talk {
        host,
        link,
        cadence,
        memory,
        seq: 0,
        sent: wire::Sections::new(),
        sent_at: Instant::now(),
        events_sent: 0,
        may_renew: false,
        looking: None,
        look_at: None,
        look_not_before: Instant::now(),
        held: Vec::new(),
    };
    match talk.go(shutdown).await {
        Ok(never) => match never {},
        Err(ended) => ended,
    }
}

/// One connection.
struct Talk<'a> {
    host: Arc<dyn Host>,
    link: AgentEnd,
    cadence: Cadence,
    memory: &'a mut Memory,
    seq: u64,
    sent: wire::Sections,
    /// When the last message was sent.
    sent_at: Instant,
    /// Number of the last event sent on this connection.
    events_sent: u64,
    /// Whether a new certificate may be asked for: the manager gives them, and
    /// none was asked for on this connection.
    may_renew: bool,
    /// A look that is under way, and when it began.
    looking: Option<(Instant, JoinHandle<Seen>)>,
    /// When to look again.
    look_at: Option<Instant>,
    /// When at the earliest.
    look_not_before: Instant,
    /// Outcomes of steps, and when they came: told only after a look that began
    /// later, so that nobody plans with what was before the step. As many as
    /// the ledger holds; it also keeps them should the connection end.
    held: Vec<(Instant, ToManager)>,
}

impl Talk<'_> {
    async fn go(&mut self, shutdown: &Shutdown) -> Result<std::convert::Infallible, Ended> {
        let mut moment = self.host.moment();
        let (report, recorded) = seen(look(&self.host, self.memory.recorded_upto()).await)?;
        self.hello(&report).await?;
        self.welcome(shutdown).await?;
        self.memory.take(report, recorded);
        self.send_full().await?;
        self.send_events().await?;
        for message in self.memory.work.owed() {
            self.send(message).await?;
        }
        self.renew().await?;
        let mut full = interval(self.cadence.full);
        let mut quick = interval(self.cadence.quick);
        full.set_missed_tick_behavior(MissedTickBehavior::Delay);
        quick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        full.tick().await;
        let is_live = self.host.is_live();
        loop {
            let heartbeat = self.sent_at + Duration::from_secs(HEARTBEAT_S);
            let look_at = self.look_at.filter(|_| self.looking.is_none());
            tokio::select! {
                () = shutdown.wait() => return Err(Ended::Stopped),
                message = self.link.recv() => self.answer(message).await?,
                message = self.memory.work.next() => {
                    if matches!(message, ToManager::Ended(_)) {
                        self.hold(message);
                    } else {
                        self.send(message).await?;
                    }
                }
                signal = memory::next(&mut self.memory.signals) => self.heed(signal).await?,
                looked = done(&mut self.looking) => self.looked(looked).await?,
                _ = full.tick() => {
                    self.look_soon(Duration::ZERO);
                    self.renew().await?;
                }
                _ = quick.tick(), if !is_live => {
                    let now = self.host.moment();
                    if std::mem::replace(&mut moment, now) != now {
                        self.look_now();
                    }
                }
                () = sleep_until(look_at.unwrap_or(heartbeat)), if look_at.is_some() => self.look(),
                () = sleep_until(heartbeat) => {}
            }
            self.heartbeat(heartbeat).await?;
        }
    }

    /// Takes what was heard, and what else was by now, and tells the events.
    async fn heed(&mut self, first: Signal) -> Result<(), Ended> {
        let mut next = Some(first);
        while let Some(signal) = next {
            if self.memory.heed(signal) {
                self.look_soon(SETTLE);
            }
            next = self.memory.waiting_signal();
        }
        self.send_events().await
    }

    /// Asks for a look after `wait`, unless one is asked for already.
    fn look_soon(&mut self, wait: Duration) {
        let at = (Instant::now() + wait).max(self.look_not_before);
        self.look_at = Some(self.look_at.map_or(at, |known| known.min(at)));
    }

    /// Keeps an outcome until there was a look that began later.
    fn hold(&mut self, outcome: ToManager) {
        if self.held.iter().all(|(_, known)| *known != outcome) {
            self.held.push((Instant::now(), outcome));
        }
        // What a step changed is to be seen at once.
        self.look_now();
    }

    /// Asks for a look at once, or after the one that is under way.
    fn look_now(&mut self) {
        self.look_not_before = Instant::now();
        self.look_at = Some(self.look_not_before);
    }

    fn look(&mut self) {
        self.look_at = None;
        let looking = look(&self.host, self.memory.recorded_upto());
        self.looking = Some((Instant::now(), looking));
    }

    async fn send(&mut self, message: ToManager) -> Result<(), Ended> {
        self.sent_at = Instant::now();
        self.link.send(message).await.map_err(|_| Ended::Lost)
    }

    async fn hello(&mut self, report: &Report) -> Result<(), Ended> {
        let managed = self.memory.work.is_open().then(|| MANAGED.to_owned());
        let managed = managed.into_iter();
        let hello = Hello {
            protocol: wire::PROTOCOL,
            agent_version: VERSION.to_owned(),
            machine_id: report.identity.machine_id.clone(),
            boot_id: report.identity.boot_id.clone(),
            sent_at_ms: jiff::Timestamp::now().as_millisecond(),
            site: self.memory.site.clone(),
            extra: managed.map(|key| (key, String::from("1"))).collect(),
        };
        self.send(ToManager::Hello(hello)).await
    }

    async fn welcome(&mut self, shutdown: &Shutdown) -> Result<(), Ended> {
        let message = tokio::select! {
            () = shutdown.wait() => return Err(Ended::Stopped),
            message = self.link.recv() => message,
        };
        match message {
            Some(ToAgent::Welcome(welcome)) => {
                self.may_renew = welcome.extra.contains_key(RENEWS);
                Ok(())
            }
            other => self.answer(other).await.and(Err(Ended::Lost)),
        }
    }

    async fn answer(&mut self, message: Option<ToAgent>) -> Result<(), Ended> {
        match message {
            None | Some(ToAgent::Goodbye) => Err(Ended::Lost),
            Some(ToAgent::Refused { code, text }) => Err(Ended::Refused {
                code: code.to_string(),
                text,
            }),
            Some(ToAgent::Revoked) => Err(Ended::Revoked),
            Some(ToAgent::NeedFull) => self.send_full().await,
            Some(ToAgent::AckEvents { stream, upto }) => {
                if stream == self.memory.kept.stream {
                    self.memory.acknowledge(upto);
                }
                Ok(())
            }
            Some(ToAgent::Order(order)) => {
                // One that comes again may have ended since the last look, too.
                if let Some(message) = self.memory.work.order(&order)
                    && self.held.len() < HELD_MAX
                {
                    self.hold(message);
                }
                Ok(())
            }
            Some(ToAgent::Recall { key }) => {
                self.memory.work.recall(&key);
                Ok(())
            }
            Some(ToAgent::AckEnded { key }) => {
                self.memory.work.acknowledge(&key);
                Ok(())
            }
            Some(ToAgent::Renewed { certificate }) => {
                self.take_certificate(certificate);
                Ok(())
            }
            Some(ToAgent::Look) => {
                self.look_now();
                Ok(())
            }
            Some(ToAgent::Welcome(_) | ToAgent::AckReport { .. }) => Ok(()),
        }
    }

    /// Asks for the next certificate, where it is time.
    async fn renew(&mut self) -> Result<(), Ended> {
        let now = jiff::Timestamp::now();
        let Some(renewal) = &mut self.memory.renewal else {
            return Ok(());
        };
        if !self.may_renew || !renewal.is_due(now) {
            return Ok(());
        }
        self.may_renew = false;
        match renewal.ask() {
            Ok(csr) => self.send(ToManager::Renew { csr }).await,
            Err(error) => {
                tracing::warn!(%error, "no new certificate was asked for");
                Ok(())
            }
        }
    }

    /// The next connection shows it; this one goes on as it is.
    fn take_certificate(&mut self, certificate: String) {
        let Some(renewal) = &mut self.memory.renewal else {
            return;
        };
        match renewal.take(certificate) {
            Ok(()) => tracing::info!("the agent has a new certificate"),
            Err(error) => tracing::warn!(
                error = stdx::chain::chain(&error),
                "the new certificate is not taken; the old one stays"
            ),
        }
    }

    async fn send_full(&mut self) -> Result<(), Ended> {
        let Some(report) = &self.memory.last else {
            return Ok(());
        };
        let sections = wire::sections(report).map_err(|error| Ended::Fault(error.to_string()))?;
        self.sent.clone_from(&sections);
        self.seq += 1;
        self.send(ToManager::Full {
            seq: self.seq,
            sections,
        })
        .await
    }

    async fn looked(&mut self, looked: (Instant, Result<Seen, JoinError>)) -> Result<(), Ended> {
        let (begun, result) = looked;
        self.look_not_before = Instant::now() + LOOKS_APART.max(begun.elapsed() * LOOKS_SHARE);
        let (report, recorded) = seen(result)?;
        self.memory.take(Arc::clone(&report), recorded);
        let sections = wire::sections(&report).map_err(|error| Ended::Fault(error.to_string()))?;
        let (changed, removed) = wire::difference(&self.sent, &sections);
        // The time of the look alone is no news.
        if changed.keys().any(|name| name != "at") || !removed.is_empty() {
            self.sent = sections;
            self.seq += 1;
            self.send(ToManager::Delta {
                seq: self.seq,
                changed,
                removed,
            })
            .await?;
        }
        let held = std::mem::take(&mut self.held);
        for (at, message) in held {
            if at <= begun {
                self.send(message).await?;
            } else {
                self.held.push((at, message));
            }
        }
        self.send_events().await
    }

    async fn send_events(&mut self) -> Result<(), Ended> {
        self.memory.sync();
        loop {
            let after = self.events_sent;
            let waiting = self
                .memory
                .kept
                .waiting
                .iter()
                .filter(|(number, _)| *number > after);
            let batch: Vec<&(u64, HostEvent)> = waiting.take(EVENTS_MAX).collect();
            let (Some((first, _)), Some((last, _))) = (batch.first(), batch.last()) else {
                return Ok(());
            };
            let events: Vec<HostEvent> = batch.iter().map(|(_, event)| event.clone()).collect();
            let packed = wire::message::Events::pack(self.memory.kept.stream, *first, &events);
            let packed = packed.map_err(|error| Ended::Fault(error.to_string()))?;
            self.events_sent = *last;
            self.send(ToManager::Events(packed)).await?;
        }
    }

    async fn heartbeat(&mut self, due: Instant) -> Result<(), Ended> {
        if Instant::now() < due {
            return Ok(());
        }
        self.send(ToManager::Heartbeat {
            sent_at_ms: jiff::Timestamp::now().as_millisecond(),
        })
        .await
    }
}

/// The end of a look that is under way; never, if none is. Cancel-safe.
async fn done(
    looking: &mut Option<(Instant, JoinHandle<Seen>)>,
) -> (Instant, Result<Seen, JoinError>) {
    let Some((begun, handle)) = looking else {
        return std::future::pending().await;
    };
    let (begun, result) = (*begun, handle.await);
    *looking = None;
    (begun, result)
}

/// Moves a captured host through its moments, each at its offset times `scale`.
/// The last moment stays.
pub async fn play(host: Arc<CapturedHost>, scale: f64, shutdown: Shutdown) {
    let start = Instant::now();
    for (number, moment) in host.about.moments.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a replay are few")]
        let offset =
            Duration::try_from_secs_f64(moment.offset_s as f64 * scale).unwrap_or_default();
        tokio::select! {
            () = shutdown.wait() => return,
            () = sleep_until(start + offset) => host.go(number),
        }
    }
}

/// Opens the captured hosts of a folder, for [`run`] and [`play`].
pub fn replay(
    folder: &std::path::Path,
) -> Result<(Option<String>, Vec<Arc<CapturedHost>>), crate::host::captured::CaptureError> {
    let (about, hosts) = site::open(folder)?;
    Ok((
        about.map(|about| about.name),
        hosts.into_iter().map(Arc::new).collect(),
    ))
}
