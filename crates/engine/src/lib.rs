//! What happens next to a plan that runs. Pure: records in, effects out; it
//! never waits, asks the time, or knows what a step does.
//!
//! ```text
//!            Submitted, Ended, TimerFired, asked…
//!   driver ───── append to the journal ─────> Engine::apply ──> effects
//!     ^                                            │
//!     └── append Started <── Engine::next <────────┘   (who is here, what is free)
//! ```
//!
//! Folding the journal through [`Engine::apply`] gives the live state; then
//! [`Engine::owed`] gives the effects that are still due. There is no other way
//! to start over.
//!
//! - [`desk`]: the engine as a driver uses it.
//! - [`job`]: one job and its steps.
//! - `claims`: what jobs and steps hold, and who is next.
//! - `queue`: which steps may start.
//! - [`explain`]: what a job or step waits for, in a sentence.

mod claims;
pub mod desk;
pub mod explain;
pub mod job;
mod queue;

pub use desk::Desk;
pub use job::{Job, Refused};

use claims::{JobClaims, StepClaims};
use model::graph::{Graph, StepId};
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, JobEvent, JobState, Recorded, StepState};
use model::step::Thing;
use queue::Queue;
use std::collections::BTreeMap;

/// How much may run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps on one server.
    pub per_server: usize,
    /// Steps in one group.
    pub per_group: usize,
    /// Steps in all.
    pub in_all: usize,
    /// The group of each server that is in one.
    pub group_of: BTreeMap<ServerId, String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_server: 8,
            per_group: 32,
            in_all: 2048,
            group_of: BTreeMap::new(),
        }
    }
}

/// All jobs that have not been put away.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    jobs: BTreeMap<JobId, Job>,
    job_claims: JobClaims,
    step_claims: StepClaims,
    queue: Queue,
}

impl Engine {
    /// A job.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    /// All jobs, oldest id first.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// Sets the limits; what runs over them ends as it would.
    pub fn set_limits(&mut self, limits: Limits) {
        self.queue.set_limits(limits);
    }

    /// Whether an ask makes sense now. Only what passes is recorded, so that
    /// the journal holds no nonsense.
    pub fn check(&self, id: JobId, event: &JobEvent) -> Result<(), Refused> {
        match (self.jobs.get(&id), event) {
            (None, JobEvent::Submitted { graph, .. }) => match graph.fault() {
                Some(fault) => Err(Refused::Graph(fault)),
                None => Ok(()),
            },
            (Some(_), JobEvent::Submitted { .. }) => Err(Refused::KnownAlready),
            (None, _) => Err(Refused::Unknown),
            (Some(job), event) => job.check(event),
        }
    }

    /// What a new job would have to wait for, and the job that holds it.
    pub fn in_the_way(&self, graph: &Graph) -> Option<(Thing, JobId)> {
        let found = self.job_claims.in_the_way(graph);
        found.map(|((thing, _), job)| (thing, job))
    }

    /// Takes one record in, and says what is to be done now that it is durable.
    /// What comes late, or twice, changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) -> Vec<Effect> {
        let id = recorded.job;
        if let JobEvent::Submitted { graph, by, .. } = &recorded.event {
            if !self.jobs.contains_key(&id) && graph.fault().is_none() {
                let job = Job::new(id, graph.as_ref().clone(), by.clone(), recorded.at_ms);
                self.job_claims.enqueue(&job);
                self.jobs.insert(id, job);
                self.admit(&[id]);
            }
            return Vec::new();
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            return Vec::new();
        };
        if let JobEvent::Started { step, .. } = &recorded.event
            && job.state_of(*step) == Some(StepState::Ready)
            && let Some(planned) = job.graph().step(*step)
        {
            self.step_claims.take(id, planned);
            self.queue.started(id, *step, planned.on);
        }
        let change = job.apply(&recorded.event, recorded.at_ms);
        // A closing step can be put off and be due again in one change.
        for &step in &change.unready {
            if let Some(planned) = job.graph().step(step) {
                self.queue.remove(id, step, planned.on);
            }
        }
        for &step in &change.ready {
            if let Some(planned) = job.graph().step(step) {
                self.queue.add(id, step, planned.on, job.is_admitted());
            }
        }
        for &step in &change.stopped {
            if let Some(planned) = job.graph().step(step) {
                let freed = self.step_claims.release(id, planned);
                self.queue.stopped(id, step, planned.on, &freed);
            }
        }
        if job.state().is_final() {
            let next = self.job_claims.leave(id);
            self.admit(&next);
        }
        change.effects
    }

    /// Jobs that hold all that they need from now on may start steps.
    fn admit(&mut self, candidates: &[JobId]) {
        for id in candidates {
            let Some(job) = self.jobs.get_mut(id) else {
                continue;
            };
            if job.is_admitted() || !self.job_claims.has_all(*id) {
                continue;
            }
            job.admit();
            for &step in job.ready() {
                if let Some(planned) = job.graph().step(step) {
                    self.queue.add(*id, step, planned.on, true);
                }
            }
        }
    }

    /// Steps that may start now on servers whose agent is here, at most `max`:
    /// each is to be recorded as started, applied, and only then handed out.
    pub fn next(
        &mut self,
        is_here: impl Fn(ServerId) -> bool,
        max: usize,
    ) -> Vec<(JobId, StepId, Attempt)> {
        let (jobs, claims) = (&self.jobs, &self.step_claims);
        let planned = |id: JobId, step: StepId| jobs.get(&id)?.graph().step(step);
        let chosen = self.queue.choose(claims, planned, is_here, max);
        let attempt = |(id, step): (JobId, StepId)| {
            let attempt = jobs.get(&id)?.next_attempt(step);
            Some((id, step, attempt))
        };
        chosen.into_iter().filter_map(attempt).collect()
    }

    /// A server's agent is here again: what waited for it is looked at.
    pub fn server_is_here(&mut self, server: ServerId) {
        self.queue.look_at(server);
    }

    /// Effects that are still due, as after a restart. Each is safe to repeat.
    pub fn owed(&self) -> Vec<Effect> {
        let jobs = self.jobs.values();
        jobs.filter(|job| !job.state().is_final())
            .flat_map(Job::owed)
            .collect()
    }

    /// Effects that are due towards one server, when its agent is here again.
    pub fn owed_to(&self, server: ServerId) -> Vec<Effect> {
        let running = self.queue.running_on(server);
        let owed = running.flat_map(|(id, step)| {
            let job = self.jobs.get(&id);
            job.map(|job| job.owed_for(step)).unwrap_or_default()
        });
        owed.filter(|effect| !matches!(effect, Effect::Timer { .. }))
            .collect()
    }

    /// Puts a job away that has ended. Whether it was there and had.
    pub fn forget(&mut self, id: JobId) -> bool {
        let has_ended = self.jobs.get(&id).is_some_and(|job| job.state().is_final());
        has_ended && self.jobs.remove(&id).is_some()
    }

    /// Jobs that have not ended.
    pub fn n_open(&self) -> usize {
        let open = |job: &&Job| job.state() != JobState::Done && job.state() != JobState::Cancelled;
        self.jobs.values().filter(open).count()
    }

    pub(crate) fn job_claims(&self) -> &JobClaims {
        &self.job_claims
    }

    pub(crate) fn step_claims(&self) -> &StepClaims {
        &self.step_claims
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }
}
