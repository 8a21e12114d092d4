//! Records, orders and acknowledgements come in order: what is told to anyone
//! is durable, no step starts before those it waits for, no order is begun twice.

use model::graph::{Graph, StepId};
use model::ids::JobId;
use model::job::{INTERRUPTED, JobEvent, Outcome, Recorded};
use model::step::Cancel;
use std::collections::{BTreeMap, BTreeSet};
use wire::order::OrderKey;

/// The journal as it is written.
#[derive(Default)]
pub struct Journal {
    jobs: BTreeMap<JobId, Job>,
    begun: BTreeSet<OrderKey>,
}

struct Job {
    graph: Graph,
    submitted_s: u64,
    is_cancelled: bool,
    started: BTreeMap<StepId, u32>,
    ended: BTreeSet<(StepId, u32)>,
    /// Whose newest attempt was interrupted, and must not stay half done.
    half_done: BTreeSet<StepId>,
    /// Done or skipped.
    well: BTreeSet<StepId>,
}

fn job_of(key: &OrderKey) -> Option<JobId> {
    key.job.parse().ok()
}

impl Journal {
    /// When the job of an order was submitted, seconds.
    pub fn submitted(&self, key: &OrderKey) -> Option<u64> {
        Some(self.jobs.get(&job_of(key)?)?.submitted_s)
    }

    pub fn record(&mut self, record: &Recorded, at_s: u64) -> Option<String> {
        let id = record.job;
        if let JobEvent::Submitted { graph, .. } = &record.event {
            let job = Job {
                graph: graph.as_ref().clone(),
                submitted_s: at_s,
                is_cancelled: false,
                started: BTreeMap::new(),
                ended: BTreeSet::new(),
                half_done: BTreeSet::new(),
                well: BTreeSet::new(),
            };
            let twice = self.jobs.insert(id, job).is_some();
            return twice.then(|| format!("job {id} is submitted twice"));
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            return Some(format!("a record of job {id}, which was never submitted"));
        };
        match &record.event {
            JobEvent::Started { step, attempt } => job.start(id, *step, attempt.0),
            JobEvent::Ended {
                step,
                attempt,
                outcome,
            } => {
                job.ended.insert((*step, attempt.0));
                let is_newest = job.started.get(step) == Some(&attempt.0);
                if is_newest && matches!(outcome, Outcome::Done { .. }) {
                    job.well.insert(*step);
                }
                if is_newest {
                    job.note_half_done(*step, outcome);
                }
                (!job.started.contains_key(step))
                    .then(|| format!("step {step} of job {id} ends, and never started"))
            }
            JobEvent::SkipAsked { step, .. } => {
                job.well.insert(*step);
                None
            }
            JobEvent::CancelAsked { .. } => {
                job.is_cancelled = true;
                None
            }
            JobEvent::Submitted { .. }
            | JobEvent::TimerFired { .. }
            | JobEvent::RetryAsked { .. } => None,
        }
    }

    /// An order came: its start must have been durable before.
    pub fn came(&self, key: &OrderKey) -> Option<String> {
        let job = job_of(key).and_then(|id| self.jobs.get(&id));
        let started = job.and_then(|job| job.started.get(&StepId(key.step)));
        let is_known = started.is_some_and(|attempt| *attempt >= key.attempt);
        (!is_known).then(|| {
            format!(
                "an agent has attempt {} of step {} of job {}, whose start is not in the journal",
                key.attempt, key.step, key.job
            )
        })
    }

    /// An outcome is acknowledged: it must be durable.
    pub fn acknowledged(&self, key: &OrderKey) -> Option<String> {
        let job = job_of(key).and_then(|id| self.jobs.get(&id))?;
        let step = StepId(key.step);
        let is_known = job.ended.contains(&(step, key.attempt))
            || job.well.contains(&step)
            || job.is_over()
            || job.started.get(&step).is_some_and(|now| *now > key.attempt);
        (!is_known).then(|| {
            format!(
                "the outcome of step {} of job {} is acknowledged and not in the journal",
                key.step, key.job
            )
        })
    }

    /// An order is begun.
    pub fn begun(&mut self, key: &OrderKey) -> Option<String> {
        let twice = !self.begun.insert(key.clone());
        twice.then(|| {
            format!(
                "attempt {} of step {} of job {} is begun a second time",
                key.attempt, key.step, key.job
            )
        })
    }
}

impl Job {
    fn start(&mut self, id: JobId, step: StepId, attempt: u32) -> Option<String> {
        let before = self.started.insert(step, attempt).unwrap_or(0);
        let Some(planned) = self.graph.step(step) else {
            return Some(format!("step {step} starts, which job {id} does not have"));
        };
        if attempt != before + 1 {
            return Some(format!(
                "attempt {attempt} of step {step} of job {id} starts after attempt {before}"
            ));
        }
        if before > 0 && !self.ended.contains(&(step, before)) {
            return Some(format!(
                "attempt {attempt} of step {step} of job {id} starts while the one before runs"
            ));
        }
        let late = planned.after.iter().find(|one| !self.well.contains(one));
        let is_closing = planned.closes.is_some();
        let must_end = is_closing || self.half_done.contains(&step);
        match late {
            Some(one) if !is_closing => Some(format!(
                "step {step} of job {id} starts before step {one} is done"
            )),
            _ if self.is_cancelled && !must_end => Some(format!(
                "step {step} of job {id} starts after it was cancelled"
            )),
            _ => None,
        }
    }

    fn note_half_done(&mut self, step: StepId, outcome: &Outcome) {
        let planned = self.graph.step(step);
        let is_its = planned.is_some_and(|one| one.step.facts().cancel == Cancel::Complete);
        let is_interrupted =
            matches!(outcome, Outcome::Failed(failure) if failure.code == INTERRUPTED);
        if is_its && is_interrupted {
            self.half_done.insert(step);
        } else {
            self.half_done.remove(&step);
        }
    }

    fn is_over(&self) -> bool {
        self.is_cancelled || self.well.len() == self.graph.steps.len()
    }
}
