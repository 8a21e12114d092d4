//! What an agent keeps from one connection to the next, and of its events from
//! one start to the next.

use super::events;
use super::spool::{Kept, Spool};
use super::work::Workshop;
use crate::host::Host;
use crate::log;
use crate::renewal::Renewal;
use crate::watch::{Place, Signal};
use jiff::Timestamp;
use model::event::{HostEvent, Severity};
use model::report::Report;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;

/// Events kept for a manager that does not acknowledge; the oldest go first.
pub(super) const EVENTS_WAITING_MAX: usize = 10_000;

/// What an agent remembers.
#[derive(Debug)]
pub struct Memory {
    pub(super) kept: Kept,
    pub(super) last: Option<Arc<Report>>,
    pub(super) site: Option<String>,
    spool: Option<Spool>,
    pub(super) signals: Option<Receiver<Signal>>,
    pub(super) work: Workshop,
    pub(super) renewal: Option<Renewal>,
    /// Time of the last event that was read from a record.
    recorded_upto: Option<Timestamp>,
    /// Events that had to go before a manager had them.
    n_lost: u64,
}

impl Memory {
    /// Nothing seen yet, and nothing kept for another start. `stream` names the
    /// numbering of its events.
    pub fn new(stream: u64, site: Option<String>) -> Self {
        let kept = Kept {
            stream,
            next: 1,
            ..Kept::default()
        };
        Self {
            kept,
            last: None,
            site,
            spool: None,
            signals: None,
            work: Workshop::closed(),
            renewal: None,
            recorded_upto: None,
            n_lost: 0,
        }
    }

    /// With the events that an earlier start left in this folder. `stream` names
    /// the numbering where there are none.
    pub fn open(folder: &Path, stream: u64, site: Option<String>) -> io::Result<Self> {
        let (spool, mut kept) = Spool::open(folder, stream)?;
        let n_over = kept.waiting.len().saturating_sub(EVENTS_WAITING_MAX);
        kept.waiting.drain(..n_over);
        let mut memory = Self::new(kept.stream, site);
        (memory.spool, memory.kept) = (Some(spool), kept);
        Ok(memory)
    }

    /// The same, for an agent that asks for its next certificate in time.
    #[must_use]
    pub fn with_renewal(mut self, renewal: Renewal) -> Self {
        self.renewal = Some(renewal);
        self
    }

    /// Its certificate, where it has one that it renews.
    pub fn renewal(&self) -> Option<&Renewal> {
        self.renewal.as_ref()
    }

    /// The same, for a server that is managed.
    #[must_use]
    pub fn with_work(mut self, work: Workshop) -> Self {
        self.work = work;
        self
    }

    /// How far the sources of events were heard.
    pub fn place(&self) -> &Place {
        &self.kept.place
    }

    /// Takes what is heard from here on.
    pub fn hear(&mut self, signals: Receiver<Signal>) {
        self.signals = Some(signals);
    }

    /// Keeps what is heard while there is no manager to tell. Cancel-safe.
    pub async fn listen(&mut self) {
        loop {
            let signal = next(&mut self.signals).await;
            self.heed(signal);
            self.sync();
        }
    }

    /// What was heard already and waits, without waiting for more.
    pub(super) fn waiting_signal(&mut self) -> Option<Signal> {
        self.signals.as_mut()?.try_recv().ok()
    }

    /// Keeps what a signal says; whether it is a reason to look again.
    pub(super) fn heed(&mut self, signal: Signal) -> bool {
        match signal {
            Signal::Happened { event, step } => {
                self.kept.place.pass(step);
                self.add(*event);
                false
            }
            Signal::Passed(step) => {
                self.kept.place.pass(step);
                self.on_spool(Spool::pass);
                false
            }
            Signal::Changed => true,
        }
    }

    /// Takes a report, with the events that follow from it and, of a captured
    /// host, those of its recorded log.
    pub(super) fn take(&mut self, report: Arc<Report>, recorded: Vec<HostEvent>) {
        for event in recorded {
            self.recorded_upto = self.recorded_upto.max(Some(event.at));
            self.add(event);
        }
        for event in events::between(self.last.as_deref(), &report) {
            self.add(event);
        }
        self.last = Some(report);
    }

    /// The time after which a recorded log has news.
    pub(super) fn recorded_upto(&self) -> Option<Timestamp> {
        self.recorded_upto
    }

    fn add(&mut self, event: HostEvent) {
        if self.kept.waiting.len() >= EVENTS_WAITING_MAX {
            self.kept.waiting.pop_front();
            self.n_lost += 1;
        }
        let number = self.kept.next;
        self.kept.next += 1;
        self.kept.waiting.push_back((number, event));
        self.on_spool(Spool::add);
    }

    pub(super) fn acknowledge(&mut self, upto: u64) {
        let waiting = &mut self.kept.waiting;
        while waiting.front().is_some_and(|(number, _)| *number <= upto) {
            waiting.pop_front();
        }
        self.on_spool(|spool, kept| spool.acknowledge(upto, kept));
        if self.n_lost > 0 {
            let text = format!(
                "{} events were lost: the manager was away and no more than {EVENTS_WAITING_MAX} are kept",
                std::mem::take(&mut self.n_lost)
            );
            self.add(HostEvent {
                at: Timestamp::now(),
                severity: Severity::Warning,
                kind: "agent.events_lost".to_owned(),
                text,
                target: None,
                raw: None,
            });
        }
    }

    /// Makes what was added safe; before it is sent.
    pub(super) fn sync(&mut self) {
        self.on_spool(|spool, _| spool.sync());
    }

    fn on_spool(&mut self, act: impl FnOnce(&mut Spool, &Kept) -> io::Result<()>) {
        if let Some(spool) = &mut self.spool
            && let Err(error) = act(spool, &self.kept)
        {
            // The agent goes on: events are told, but not kept over a restart.
            tracing::warn!(%error, "Events can no longer be kept on disk.");
            self.spool = None;
        }
    }
}

/// The next that is heard; never, where nothing is. Cancel-safe.
pub(super) async fn next(signals: &mut Option<Receiver<Signal>>) -> Signal {
    let heard = match signals {
        Some(signals) => signals.recv().await,
        None => None,
    };
    if let Some(signal) = heard {
        return signal;
    }
    *signals = None;
    std::future::pending().await
}

/// What the recorded log of a captured host says after a time; nothing on a
/// live one, which is followed.
pub(super) fn recorded(host: &dyn Host, after: Option<Timestamp>) -> Vec<HostEvent> {
    if host.is_live() {
        return Vec::new();
    }
    log::recorded(host, after)
}
