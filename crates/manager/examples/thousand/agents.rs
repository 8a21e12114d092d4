//! The agents: each in few lines, at the cadence of real ones.

use crate::caller::Caller;
use crate::{Pace, site};
use jiff::Timestamp;
use link::AgentEnd;
use manager::Running;
use model::event::{HostEvent, Severity};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use wire::message::{Events, HEARTBEAT_S, Hello};
use wire::{Sections, ToAgent, ToManager};

/// Seconds between two looks of an agent at its host.
const LOOK_S: u64 = 60;
/// Seconds between two reports at the busy pace.
const BUSY_S: u64 = 10;
const EVENT_EVERY: Duration = Duration::from_millis(100);

fn sections(n: usize, round: u64) -> Sections {
    wire::sections(&site::report(n, round)).expect("is JSON")
}

async fn connect(running: &Running, n: usize) -> AgentEnd {
    let machine_id = site::machine(n);
    let connector = running.memory_connector();
    let end = connector.connect(&machine_id, &site::name(n), None).await;
    let mut end = end.expect("joins");
    let hello = Hello {
        protocol: wire::PROTOCOL,
        machine_id,
        sent_at_ms: Timestamp::now().as_millisecond(),
        ..Hello::default()
    };
    send(&end, ToManager::Hello(hello)).await;
    let sections = sections(n, 0);
    send(&end, ToManager::Full { seq: 1, sections }).await;
    while let Some(message) = end.recv().await {
        if message == (ToAgent::AckReport { seq: 1 }) {
            return end;
        }
    }
    panic!("agent {n} was not let in");
}

async fn send(end: &AgentEnd, message: ToManager) {
    end.send(message).await.expect("is open");
}

/// Lets `n` agents in, and keeps them going.
pub async fn join(running: &Running, n: usize, paces: &watch::Receiver<Pace>) -> JoinSet<()> {
    let mut ends = Vec::with_capacity(n);
    for all in (0..n).collect::<Vec<_>>().chunks(100) {
        let joined = all.iter().map(|number| connect(running, *number));
        let joined = futures_util::future::join_all(joined).await;
        ends.extend(all.iter().copied().zip(joined));
    }
    let mut living = JoinSet::new();
    for (number, end) in ends {
        let paces = paces.clone();
        living.spawn(live(number, n, end, paces));
    }
    living
}

/// One agent.
async fn live(n: usize, of: usize, mut end: AgentEnd, mut paces: watch::Receiver<Pace>) {
    let offset = u32::try_from(n * 1000 / of).expect("is small");
    let ticking = |seconds: u64| {
        let period = Duration::from_secs(seconds);
        interval_at(Instant::now() + period * offset / 1000, period)
    };
    let mut looks = ticking(LOOK_S);
    let mut beats = ticking(HEARTBEAT_S);
    let (mut seq, mut last) = (1, sections(n, 0));
    loop {
        tokio::select! {
            _ = looks.tick() => {
                seq += 1;
                let next = sections(n, seq);
                let (changed, removed) = wire::difference(&last, &next);
                last = next;
                send(&end, ToManager::Delta { seq, changed, removed }).await;
            }
            _ = beats.tick() => {
                let sent_at_ms = Timestamp::now().as_millisecond();
                send(&end, ToManager::Heartbeat { sent_at_ms }).await;
            }
            changed = paces.changed() => {
                if changed.is_err() { return }
                let pace = *paces.borrow_and_update();
                looks = ticking(if pace == Pace::Busy { BUSY_S } else { LOOK_S });
                if pace == Pace::Storm {
                    seq += 1;
                    last = sections(n, seq);
                    send(&end, ToManager::Full { seq, sections: last.clone() }).await;
                }
            }
            message = end.recv() => if message.is_none() { return },
        }
    }
}

/// The agent whose events are timed.
pub struct Source {
    end: AgentEnd,
    next: u64,
}

impl Source {
    /// Lets it in.
    pub async fn join(running: &Running, n: usize) -> Self {
        let end = connect(running, n).await;
        Self { end, next: 1 }
    }

    /// Keeps its link alive while no events are sent.
    pub async fn stay(&mut self) {
        let mut beats = interval(Duration::from_secs(HEARTBEAT_S));
        loop {
            beats.tick().await;
            let sent_at_ms = Timestamp::now().as_millisecond();
            send(&self.end, ToManager::Heartbeat { sent_at_ms }).await;
        }
    }

    /// Milliseconds from each event to its change at the caller, in rising order.
    pub async fn latencies(&mut self, caller: &Caller, span: Duration) -> Vec<f64> {
        let mut changes = caller.stream().await;
        let mut ticks = interval(EVENT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = Instant::now();
        let mut taken = Vec::new();
        while begun.elapsed() < span {
            ticks.tick().await;
            let sent = Instant::now();
            let upto = self.send_event().await;
            let arrived = changes.next_event().await;
            taken.push((arrived - sent).as_secs_f64() * 1000.0);
            // Another reader of the stream, the acknowledgement, comes by itself.
            while let Some(message) = self.end.recv().await {
                if matches!(message, ToAgent::AckEvents { upto: at, .. } if at == upto) {
                    break;
                }
            }
            let sent_at_ms = Timestamp::now().as_millisecond();
            send(&self.end, ToManager::Heartbeat { sent_at_ms }).await;
        }
        taken.sort_by(f64::total_cmp);
        taken
    }

    async fn send_event(&mut self) -> u64 {
        let what = HostEvent {
            at: Timestamp::now(),
            severity: Severity::Info,
            kind: String::from("bench.event"),
            text: String::from("Something happened."),
            target: None,
            raw: None,
        };
        let number = self.next;
        self.next += 1;
        let events = Events::pack(1, number, &[what]).expect("is JSON");
        send(&self.end, ToManager::Events(events)).await;
        number
    }
}
