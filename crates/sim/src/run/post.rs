//! What is to happen in a run, in order of time: messages on their way, faults,
//! turns of the manager, the operator and the agents.

use crate::world::host::HostName;
use model::ids::ServerId;
use model::job::Outcome;
use model::report::Report;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wire::order::{Order, OrderKey};

/// To an agent.
#[derive(Clone, Debug)]
pub enum ToAgent {
    /// A step to be carried out.
    Order(Order),
    /// An order to be ended early.
    Recall(OrderKey),
    /// An outcome is durable.
    Ack(OrderKey),
}

/// To the manager.
#[derive(Clone, Debug)]
pub enum ToManager {
    /// What a host shows; later ones have larger numbers. With it the outcomes
    /// of steps that were over before the look began: a link keeps them behind it.
    Report(u64, Arc<Report>, Vec<(OrderKey, Outcome)>),
    /// An order ended, or is none.
    Ended(OrderKey, Outcome),
}

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message comes to an agent; of the link with this number.
    ToAgent(HostName, u64, ToAgent),
    /// A message comes to the manager; of the link with this number.
    ToManager(ServerId, u64, ToManager),
    /// An agent of this life dials.
    Dials(HostName, u32),
    /// An end of a link finds out that it broke.
    AgentLoses(HostName, u64),
    /// The other end.
    ManagerLoses(ServerId, u64),
    /// An agent starts.
    AgentStarts(HostName, u32),
    /// An agent of this life looks at its host.
    Looks(HostName, u32),
    /// The manager starts.
    ManagerStarts,
    /// The manager looks what is due, in its life of this number.
    ManagerTurns(u64),
    /// The operator looks at the manager.
    OperatorLooks,
    /// A fault begins.
    Begins(usize),
    /// It ends.
    Heals(usize),
    /// All faults are over.
    Calm,
}

/// The list.
#[derive(Default)]
pub struct Post {
    waiting: BTreeMap<(Duration, u64), Event>,
    next: u64,
}

impl Post {
    /// Adds something.
    pub fn add(&mut self, at: Duration, event: Event) {
        self.next += 1;
        self.waiting.insert((at, self.next), event);
    }

    /// When the next is due.
    pub fn next_at(&self) -> Option<Duration> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    /// The next that is due by then.
    pub fn take(&mut self, now: Duration) -> Option<Event> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
