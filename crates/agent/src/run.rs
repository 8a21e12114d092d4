//! Keeps a manager informed: everything once, then what changed.

mod events;
mod work;

pub use work::Workshop;

use crate::host::Host;
use crate::host::captured::CapturedHost;
use crate::{VERSION, observe, site};
use link::AgentEnd;
use model::event::HostEvent;
use model::report::Report;
use rt::Shutdown;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use wire::message::{EVENTS_MAX, HEARTBEAT_S, Hello};
use wire::{ToAgent, ToManager};

/// Events kept for a manager that does not acknowledge; the oldest go first.
const EVENTS_WAITING_MAX: usize = 10_000;

/// How often a host is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    /// A whole look.
    pub full: Duration,
    /// A look whether a captured host moved on, or mounts changed.
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

/// What an agent keeps from one connection to the next.
#[derive(Debug)]
pub struct Memory {
    stream: u64,
    next: u64,
    waiting: VecDeque<(u64, HostEvent)>,
    last: Option<Arc<Report>>,
    site: Option<String>,
    work: Workshop,
}

impl Memory {
    /// Nothing seen yet. `stream` names the numbering of its events.
    pub fn new(stream: u64, site: Option<String>) -> Self {
        Self {
            stream,
            next: 1,
            waiting: VecDeque::new(),
            last: None,
            site,
            work: Workshop::closed(),
        }
    }

    /// The same, for a server that is managed.
    #[must_use]
    pub fn with_work(mut self, work: Workshop) -> Self {
        self.work = work;
        self
    }

    fn take(&mut self, report: Arc<Report>) {
        for event in events::between(self.last.as_deref(), &report) {
            if self.waiting.len() == EVENTS_WAITING_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back((self.next, event));
            self.next += 1;
        }
        self.last = Some(report);
    }

    fn acknowledge(&mut self, upto: u64) {
        while self
            .waiting
            .front()
            .is_some_and(|(number, _)| *number <= upto)
        {
            self.waiting.pop_front();
        }
    }
}

/// Looks at a host on a thread that may block.
async fn look(host: &Arc<dyn Host>) -> Result<Arc<Report>, Ended> {
    let host = Arc::clone(host);
    let looked = tokio::task::spawn_blocking(move || observe::report(host.as_ref())).await;
    looked
        .map(Arc::new)
        .map_err(|error| Ended::Fault(error.to_string()))
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
}

impl Talk<'_> {
    async fn go(&mut self, shutdown: &Shutdown) -> Result<std::convert::Infallible, Ended> {
        let report = look(&self.host).await?;
        self.hello(&report).await?;
        self.welcome(shutdown).await?;
        self.memory.take(report);
        self.send_full().await?;
        self.send_events().await?;
        for message in self.memory.work.owed() {
            self.send(message).await?;
        }
        let mut full = interval(self.cadence.full);
        let mut quick = interval(self.cadence.quick);
        full.set_missed_tick_behavior(MissedTickBehavior::Delay);
        quick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        full.tick().await;
        let mut mark = self.mark();
        loop {
            let heartbeat = self.sent_at + Duration::from_secs(HEARTBEAT_S);
            tokio::select! {
                () = shutdown.wait() => return Err(Ended::Stopped),
                message = self.link.recv() => self.answer(message).await?,
                message = self.memory.work.next() => {
                    let has_ended = matches!(message, ToManager::Ended(_));
                    self.send(message).await?;
                    if has_ended {
                        // What a step changed is to be seen at once.
                        self.look_again().await?;
                    }
                }
                _ = full.tick() => self.look_again().await?,
                _ = quick.tick() => {
                    let now = self.mark();
                    if now != mark {
                        mark = now;
                        self.look_again().await?;
                    } else if !self.is_quiet() {
                        self.send_events().await?;
                    }
                }
                () = sleep_until(heartbeat) => {}
            }
            self.heartbeat(heartbeat).await?;
        }
    }

    /// Whether no event waits to be sent.
    fn is_quiet(&self) -> bool {
        self.memory.next == self.events_sent + 1
    }

    /// Changes when the host moved on or its mounts changed.
    fn mark(&self) -> (usize, Vec<u8>) {
        let mounts = if self.host.is_live() {
            self.host.read_file("/proc/mounts").unwrap_or_default()
        } else {
            Vec::new()
        };
        (self.host.moment(), mounts)
    }

    async fn send(&mut self, message: ToManager) -> Result<(), Ended> {
        self.sent_at = Instant::now();
        self.link.send(message).await.map_err(|_| Ended::Lost)
    }

    async fn hello(&mut self, report: &Report) -> Result<(), Ended> {
        let hello = Hello {
            protocol: wire::PROTOCOL,
            agent_version: VERSION.to_owned(),
            machine_id: report.identity.machine_id.clone(),
            boot_id: report.identity.boot_id.clone(),
            sent_at_ms: jiff::Timestamp::now().as_millisecond(),
            site: self.memory.site.clone(),
            extra: std::collections::BTreeMap::new(),
        };
        self.send(ToManager::Hello(hello)).await
    }

    async fn welcome(&mut self, shutdown: &Shutdown) -> Result<(), Ended> {
        let message = tokio::select! {
            () = shutdown.wait() => return Err(Ended::Stopped),
            message = self.link.recv() => message,
        };
        match message {
            Some(ToAgent::Welcome(_)) => Ok(()),
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
                if stream == self.memory.stream {
                    self.memory.acknowledge(upto);
                }
                Ok(())
            }
            Some(ToAgent::Order(order)) => match self.memory.work.order(&order) {
                Some(message) => self.send(message).await,
                None => Ok(()),
            },
            Some(ToAgent::Recall { key }) => {
                self.memory.work.recall(&key);
                Ok(())
            }
            Some(ToAgent::AckEnded { key }) => {
                self.memory.work.acknowledge(&key);
                Ok(())
            }
            Some(ToAgent::Welcome(_) | ToAgent::AckReport { .. }) => Ok(()),
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

    async fn look_again(&mut self) -> Result<(), Ended> {
        let report = look(&self.host).await?;
        self.memory.take(Arc::clone(&report));
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
        self.send_events().await
    }

    async fn send_events(&mut self) -> Result<(), Ended> {
        loop {
            let after = self.events_sent;
            let waiting = self
                .memory
                .waiting
                .iter()
                .filter(|(number, _)| *number > after);
            let batch: Vec<&(u64, HostEvent)> = waiting.take(EVENTS_MAX).collect();
            let (Some((first, _)), Some((last, _))) = (batch.first(), batch.last()) else {
                return Ok(());
            };
            let events: Vec<HostEvent> = batch.iter().map(|(_, event)| event.clone()).collect();
            let packed = wire::message::Events::pack(self.memory.stream, *first, &events);
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
