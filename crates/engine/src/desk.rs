//! The engine as a driver uses it: events in, records to be made durable and
//! then effects out, timers kept. Still pure: the time comes in, and what is
//! durable is the driver's word.
//!
//! ```text
//! loop {  desk.ask(…) / desk.tick(now)
//!         let (records, effects) = desk.take();
//!         store.append(records);            // durable before anyone acts
//!         for effect in effects { hands.start(effect) }   }
//! ```
//!
//! **Invariant:** effects of records that were not made durable are never
//! carried out: a driver whose append fails throws its desk away, and resumes
//! one from the journal.

use crate::{Engine, Limits, Refused};
use model::graph::StepId;
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, JobEvent, Recorded};
use std::collections::BTreeSet;

/// Steps that are started between two looks at what happened meanwhile.
const STARTED_MAX: usize = 512;

type Timer = (i64, JobId, StepId, Attempt);

/// The engine and what is due.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    engine: Engine,
    timers: BTreeSet<Timer>,
    here: BTreeSet<ServerId>,
    records: Vec<Recorded>,
    effects: Vec<Effect>,
}

impl Desk {
    /// From a journal: what was owed is due again once a server is here.
    pub fn resume<'a>(journal: impl IntoIterator<Item = &'a Recorded>) -> Self {
        let mut desk = Self::default();
        for recorded in journal {
            desk.engine.apply(recorded);
        }
        for effect in desk.engine.owed() {
            // Orders go out when their server is here.
            if let Effect::Timer { .. } = effect {
                desk.keep(effect);
            }
        }
        desk
    }

    /// The jobs, to be looked at.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets how much may run at once.
    pub fn set_limits(&mut self, limits: Limits) {
        self.engine.set_limits(limits);
    }

    /// Whether a server's agent is here.
    pub fn is_here(&self, server: ServerId) -> bool {
        self.here.contains(&server)
    }

    /// A server's agent is here: what runs there is ordered again, since an
    /// order may have been lost, and what waits may start.
    pub fn arrive(&mut self, server: ServerId) {
        self.here.insert(server);
        self.engine.server_is_here(server);
        self.effects.extend(self.engine.owed_to(server));
    }

    /// It is gone.
    pub fn leave(&mut self, server: ServerId) {
        self.here.remove(&server);
    }

    /// Takes something in that happened or is asked for.
    ///
    /// A job is taken only if it may begin at once: where another one is at work
    /// on the same targets, devices or pools, its plan is of a world that will
    /// not be there any more when its turn comes.
    pub fn ask(&mut self, job: JobId, event: JobEvent, now_ms: i64) -> Result<(), Refused> {
        self.engine.check(job, &event)?;
        if let JobEvent::Submitted { graph, .. } = &event
            && let Some((thing, job)) = self.engine.in_the_way(graph)
        {
            return Err(Refused::InTheWay { job, thing });
        }
        self.record(job, event, now_ms);
        Ok(())
    }

    /// Puts a job away that has ended. Whether it was there and had.
    pub fn forget(&mut self, job: JobId) -> bool {
        self.engine.forget(job)
    }

    /// Lets timers come that are due, and starts what may start.
    pub fn tick(&mut self, now_ms: i64) {
        while let Some(&timer @ (at_ms, job, step, attempt)) = self.timers.first() {
            if at_ms > now_ms {
                break;
            }
            self.timers.remove(&timer);
            // One whose attempt is over is nothing to record.
            let is_current = self
                .engine
                .job(job)
                .is_some_and(|job| job.attempt_of(step) == Some(attempt) && job.awaits_timer(step));
            if is_current {
                self.record(job, JobEvent::TimerFired { step, attempt }, now_ms);
            }
        }
        let here = &self.here;
        let may_start = self
            .engine
            .next(|server| here.contains(&server), STARTED_MAX);
        for (job, step, attempt) in may_start {
            self.record(job, JobEvent::Started { step, attempt }, now_ms);
        }
    }

    /// Records to be made durable, and the effects to be carried out then.
    pub fn take(&mut self) -> (Vec<Recorded>, Vec<Effect>) {
        let here = &self.here;
        let effects = std::mem::take(&mut self.effects);
        // To one that is not here it goes when it comes.
        let is_for_someone = |effect: &Effect| match effect {
            Effect::Order { on, .. } | Effect::Recall { on, .. } => here.contains(on),
            Effect::Timer { .. } => false,
        };
        let effects = effects.into_iter().filter(is_for_someone).collect();
        (std::mem::take(&mut self.records), effects)
    }

    /// When the next timer is due.
    pub fn next_timer_ms(&self) -> Option<i64> {
        self.timers.first().map(|timer| timer.0)
    }

    fn record(&mut self, job: JobId, event: JobEvent, at_ms: i64) {
        let recorded = Recorded { job, at_ms, event };
        for effect in self.engine.apply(&recorded) {
            self.keep(effect);
        }
        self.records.push(recorded);
    }

    fn keep(&mut self, effect: Effect) {
        match effect {
            Effect::Timer {
                job,
                step,
                attempt,
                at_ms,
            } => {
                self.timers.insert((at_ms, job, step, attempt));
            }
            Effect::Order { .. } | Effect::Recall { .. } => self.effects.push(effect),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::graph::{Graph, NewStep};
    use model::step::FirewallOpen;
    use uuid::Uuid;

    fn one_step() -> Graph {
        let mut graph = Graph::default();
        let ports = vec![String::from("988/tcp")];
        graph.push(NewStep {
            on: ServerId(Uuid::from_u128(1)),
            step: FirewallOpen { ports }.into(),
            after: Vec::new(),
            why: String::new(),
            feels: Vec::new(),
            closes: None,
        });
        graph
    }

    #[test]
    fn an_order_goes_out_when_its_server_is_here_and_again_when_it_comes_back() {
        let (job, server) = (JobId(Uuid::from_u128(9)), ServerId(Uuid::from_u128(1)));
        let submitted = JobEvent::Submitted {
            graph: Box::new(one_step()),
            by: String::from("user:test"),
            plan_hash: String::new(),
            consents: Vec::new(),
        };
        let mut desk = Desk::default();
        desk.ask(job, submitted, 0).unwrap();
        desk.tick(0);
        let (mut journal, effects) = desk.take();
        assert_eq!((journal.len(), effects.len()), (1, 0));
        desk.arrive(server);
        desk.tick(1);
        let (records, effects) = desk.take();
        assert_eq!((records.len(), effects.len()), (1, 1));
        journal.extend(records);
        desk.leave(server);
        desk.arrive(server);
        assert_eq!(desk.take().1, effects, "it may have been lost");

        let mut again = Desk::resume(&journal);
        assert_eq!(again.next_timer_ms(), desk.next_timer_ms());
        again.arrive(server);
        again.tick(2);
        assert_eq!(again.take(), (Vec::new(), effects), "nothing starts twice");
    }
}
