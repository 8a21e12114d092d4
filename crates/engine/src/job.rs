//! One job: its graph, how each step stands, what each record changes.

use model::graph::{Graph, StepId};
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, Failure, INTERRUPTED, JobEvent, JobState, Outcome, StepState};
use model::step::{Cancel, Thing};
use std::collections::BTreeSet;

/// Shortest wait before a step is tried again.
const RETRY_MS: i64 = 5_000;
/// Longest.
const RETRY_MAX_MS: i64 = 300_000;
/// What an agent may take to answer beyond a step's own deadline.
const GRACE_MS: i64 = 60_000;

/// Why an ask is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such job.
    #[error("there is no such job")]
    Unknown,
    /// That id is taken.
    #[error("there is such a job already")]
    KnownAlready,
    /// The graph breaks its own rules.
    #[error("the plan is broken: {0}")]
    Graph(String),
    /// It is over.
    #[error("the job has ended")]
    Over,
    /// No such step.
    #[error("the job has no step {0}")]
    NoStep(StepId),
    /// It has not failed.
    #[error("step {0} is not one that failed")]
    NotFailed(StepId),
    /// Nothing failed.
    #[error("no step of the job has failed")]
    NothingFailed,
    /// It is being cancelled.
    #[error("the job is being cancelled")]
    Cancelling,
    /// A job that has not ended is at work on something that it is about, so that
    /// what it was planned for is not what it would find.
    #[error("job {job} is at work on {thing}, and has not ended")]
    InTheWay {
        /// Whose turn it is.
        job: JobId,
        /// What both are about.
        thing: Thing,
    },
}

/// A step's own state.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StepNow {
    state: StepState,
    attempt: Attempt,
    /// Failures since a person last asked for it.
    n_failures: u8,
    /// Steps before it that are not done.
    n_before: u32,
    since_ms: i64,
    failure: Option<Failure>,
    /// What was seen at the end, and whether it changed anything.
    done: Option<(bool, String)>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    id: JobId,
    graph: Graph,
    by: String,
    submitted_ms: i64,
    ended_ms: Option<i64>,
    steps: Vec<StepNow>,
    dependents: Vec<Vec<StepId>>,
    ready: BTreeSet<StepId>,
    is_admitted: bool,
    is_cancelled: bool,
    /// Running, Stuck or Retrying.
    n_active: usize,
    n_failed: usize,
    /// Done, Skipped or Cancelled.
    n_over: usize,
}

/// What a record changed.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub effects: Vec<Effect>,
    pub ready: Vec<StepId>,
    pub unready: Vec<StepId>,
    /// Steps that ran and run no more.
    pub stopped: Vec<StepId>,
}

impl Job {
    pub(crate) fn new(id: JobId, graph: Graph, by: String, at_ms: i64) -> Self {
        let mut dependents = vec![Vec::new(); graph.steps.len()];
        let mut ready = BTreeSet::new();
        let mut steps = Vec::with_capacity(graph.steps.len());
        for step in &graph.steps {
            for before in &step.after {
                dependents[before.index()].push(step.id);
            }
            let n_before = u32::try_from(step.after.len()).unwrap_or(u32::MAX);
            if n_before == 0 {
                ready.insert(step.id);
            }
            steps.push(StepNow {
                state: if n_before == 0 {
                    StepState::Ready
                } else {
                    StepState::Waiting
                },
                attempt: Attempt(0),
                n_failures: 0,
                n_before,
                since_ms: at_ms,
                failure: None,
                done: None,
            });
        }
        let ended_ms = steps.is_empty().then_some(at_ms);
        Self {
            id,
            graph,
            by,
            submitted_ms: at_ms,
            ended_ms,
            steps,
            dependents,
            ready,
            is_admitted: false,
            is_cancelled: false,
            n_active: 0,
            n_failed: 0,
            n_over: 0,
        }
    }

    /// Its id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// What it does.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Who wanted it.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// When it was wanted, milliseconds since 1970.
    pub fn submitted_ms(&self) -> i64 {
        self.submitted_ms
    }

    /// When it ended.
    pub fn ended_ms(&self) -> Option<i64> {
        self.ended_ms
    }

    /// Whether it holds all that it claims.
    pub fn is_admitted(&self) -> bool {
        self.is_admitted
    }

    /// Steps done, skipped or cancelled, of all.
    pub fn progress(&self) -> (usize, usize) {
        (self.n_over, self.steps.len())
    }

    /// How it stands.
    pub fn state(&self) -> JobState {
        if self.n_over == self.steps.len() {
            if self.is_cancelled {
                JobState::Cancelled
            } else {
                JobState::Done
            }
        } else if self.n_failed > 0 && self.n_active == 0 && self.ready.is_empty() {
            JobState::NeedsAttention
        } else if self.is_cancelled {
            JobState::Cancelling
        } else {
            JobState::Running
        }
    }

    /// How a step stands.
    pub fn state_of(&self, step: StepId) -> Option<StepState> {
        Some(self.steps.get(step.index())?.state)
    }

    /// Since when, milliseconds since 1970.
    pub fn since_ms(&self, step: StepId) -> Option<i64> {
        Some(self.steps.get(step.index())?.since_ms)
    }

    /// How often it was handed out.
    pub fn attempt_of(&self, step: StepId) -> Option<Attempt> {
        Some(self.steps.get(step.index())?.attempt)
    }

    /// Why it failed last.
    pub fn failure_of(&self, step: StepId) -> Option<&Failure> {
        self.steps.get(step.index())?.failure.as_ref()
    }

    /// Whether it changed anything, and what was seen at the end.
    pub fn done_of(&self, step: StepId) -> Option<&(bool, String)> {
        self.steps.get(step.index())?.done.as_ref()
    }

    /// Steps that may start as far as their order goes.
    pub fn ready(&self) -> &BTreeSet<StepId> {
        &self.ready
    }

    /// Whether a timer of its attempt would change something.
    pub(crate) fn awaits_timer(&self, step: StepId) -> bool {
        let state = self.state_of(step);
        matches!(state, Some(StepState::Running | StepState::Retrying))
    }

    /// The number of the next attempt of a step.
    pub(crate) fn next_attempt(&self, step: StepId) -> Attempt {
        let now = self.steps.get(step.index());
        Attempt(now.map_or(0, |now| now.attempt.0).saturating_add(1))
    }

    pub(crate) fn admit(&mut self) {
        self.is_admitted = true;
    }

    pub(crate) fn check(&self, event: &JobEvent) -> Result<(), Refused> {
        if self.state().is_final() {
            return Err(Refused::Over);
        }
        match event {
            JobEvent::CancelAsked { .. } if self.is_cancelled && !self.awaits_half_done() => {
                Err(Refused::Cancelling)
            }
            JobEvent::RetryAsked { step: None, .. } if self.n_failed == 0 => {
                Err(Refused::NothingFailed)
            }
            JobEvent::RetryAsked {
                step: Some(step), ..
            } => match self.state_of(*step) {
                Some(StepState::Failed) => Ok(()),
                Some(_) => Err(Refused::NotFailed(*step)),
                None => Err(Refused::NoStep(*step)),
            },
            // One that is stuck may be on a server that never comes back.
            JobEvent::SkipAsked { step, .. } => match self.state_of(*step) {
                Some(StepState::Failed | StepState::Stuck) => Ok(()),
                Some(_) => Err(Refused::NotFailed(*step)),
                None => Err(Refused::NoStep(*step)),
            },
            _ => Ok(()),
        }
    }

    pub(crate) fn apply(&mut self, event: &JobEvent, at_ms: i64) -> Change {
        let mut change = Change::default();
        if self.state().is_final() || self.check(event).is_err() {
            return change;
        }
        match event {
            JobEvent::Submitted { .. } => {}
            JobEvent::Started { step, attempt } => self.start(*step, *attempt, at_ms, &mut change),
            JobEvent::Ended {
                step,
                attempt,
                outcome,
            } => self.end(*step, *attempt, outcome, at_ms, &mut change),
            JobEvent::TimerFired { step, attempt } => {
                self.timer(*step, *attempt, at_ms, &mut change);
            }
            JobEvent::CancelAsked { .. } => self.cancel(at_ms, &mut change),
            JobEvent::RetryAsked { step, .. } => self.retry(*step, at_ms, &mut change),
            JobEvent::SkipAsked { step, .. } => self.skip(*step, at_ms, &mut change),
        }
        if self.is_cancelled {
            self.wind_up(at_ms, &mut change);
        }
        if self.state().is_final() {
            self.ended_ms = Some(at_ms);
        }
        change
    }

    fn start(&mut self, step: StepId, attempt: Attempt, at_ms: i64, change: &mut Change) {
        if self.state_of(step) != Some(StepState::Ready) || attempt != self.next_attempt(step) {
            return;
        }
        self.ready.remove(&step);
        self.set(step, StepState::Running, at_ms);
        self.steps[step.index()].attempt = attempt;
        self.n_active += 1;
        change.effects.extend(self.owed_for(step));
    }

    fn end(
        &mut self,
        step: StepId,
        attempt: Attempt,
        outcome: &Outcome,
        at_ms: i64,
        change: &mut Change,
    ) {
        let Some(now) = self.steps.get_mut(step.index()) else {
            return;
        };
        // A late outcome of an old attempt is in the journal, and changes nothing.
        let runs = matches!(now.state, StepState::Running | StepState::Stuck);
        if !runs || now.attempt != attempt {
            return;
        }
        change.stopped.push(step);
        self.n_active -= 1;
        match outcome {
            Outcome::Done { changed, seen } => {
                now.done = Some((*changed, seen.clone()));
                now.failure = None;
                self.over(step, StepState::Done, at_ms, change);
            }
            Outcome::Failed(failure) => {
                now.failure = Some(failure.clone());
                now.n_failures = now.n_failures.saturating_add(1);
                self.fail(step, failure.is_transient, at_ms, change);
            }
            Outcome::Cancelled if self.is_cancelled => {
                self.over(step, StepState::Cancelled, at_ms, change);
            }
            // Its agent was told to end it by somebody else: it is not so.
            Outcome::Cancelled => self.fail(step, true, at_ms, change),
        }
    }

    fn fail(&mut self, step: StepId, is_transient: bool, at_ms: i64, change: &mut Change) {
        let is_ended = self.is_cancelled && !self.is_closing(step);
        if is_ended && !self.is_half_done(step) {
            return self.over(step, StepState::Cancelled, at_ms, change);
        }
        let attempts_max = self.graph.steps[step.index()].step.facts().attempts_max;
        let now = &self.steps[step.index()];
        if is_ended && now.n_failures >= attempts_max {
            self.over(step, StepState::Cancelled, at_ms, change);
        } else if is_transient && now.n_failures < attempts_max {
            self.n_active += 1;
            self.set(step, StepState::Retrying, at_ms);
            change.effects.push(self.retry_timer(step));
        } else {
            self.n_failed += 1;
            self.set(step, StepState::Failed, at_ms);
        }
    }

    fn timer(&mut self, step: StepId, attempt: Attempt, at_ms: i64, change: &mut Change) {
        if self.attempt_of(step) != Some(attempt) {
            return;
        }
        match self.state_of(step) {
            Some(StepState::Retrying) => {
                self.n_active -= 1;
                self.make_ready(step, at_ms, change);
            }
            Some(StepState::Running) => self.set(step, StepState::Stuck, at_ms),
            _ => {}
        }
    }

    fn cancel(&mut self, at_ms: i64, change: &mut Change) {
        // Asked a second time, it leaves what is half done: its end may never come.
        let keeps = !std::mem::replace(&mut self.is_cancelled, true);
        for place in 0..self.steps.len() {
            let step = self.graph.steps[place].id;
            match self.steps[place].state {
                StepState::Failed if keeps && self.is_half_done(step) => {
                    self.n_failed -= 1;
                    self.make_ready(step, at_ms, change);
                }
                StepState::Ready | StepState::Retrying if keeps && self.is_half_done(step) => {}
                StepState::Waiting if !self.is_closing(step) => {
                    self.over(step, StepState::Cancelled, at_ms, change);
                }
                StepState::Ready => {
                    self.ready.remove(&step);
                    change.unready.push(step);
                    self.put_off(step, at_ms, change);
                }
                StepState::Retrying => {
                    self.n_active -= 1;
                    self.put_off(step, at_ms, change);
                }
                StepState::Failed if !self.is_closing(step) => {
                    self.n_failed -= 1;
                    self.over(step, StepState::Cancelled, at_ms, change);
                }
                StepState::Running | StepState::Stuck => {
                    change.effects.extend(self.recall(step));
                }
                _ => {}
            }
        }
    }

    /// Whether a step was interrupted in the middle of what must not stay so.
    fn is_half_done(&self, step: StepId) -> bool {
        let facts = self.graph.steps[step.index()].step.facts();
        let failure = self.steps[step.index()].failure.as_ref();
        let is_interrupted = failure.is_some_and(|failure| failure.code == INTERRUPTED);
        facts.cancel == Cancel::Complete && is_interrupted
    }

    /// Whether a half done step is about to be asked again.
    fn awaits_half_done(&self) -> bool {
        self.graph.steps.iter().any(|planned| {
            let state = self.state_of(planned.id);
            matches!(state, Some(StepState::Ready | StepState::Retrying))
                && self.is_half_done(planned.id)
        })
    }

    /// What was about to start: it is cancelled, or waits for the end if it closes.
    fn put_off(&mut self, step: StepId, at_ms: i64, change: &mut Change) {
        if self.is_closing(step) {
            self.set(step, StepState::Waiting, at_ms);
        } else {
            self.over(step, StepState::Cancelled, at_ms, change);
        }
    }

    /// In a cancelled job, once nothing runs: what was opened is closed, what
    /// was never opened need not be.
    fn wind_up(&mut self, at_ms: i64, change: &mut Change) {
        if self.n_active > 0 || !self.ready.is_empty() {
            return;
        }
        let closing: Vec<(StepId, StepId)> = self
            .graph
            .steps
            .iter()
            .filter(|step| self.steps[step.id.index()].state == StepState::Waiting)
            .filter_map(|step| Some((step.id, step.closes?)))
            .collect();
        for (step, opened) in closing {
            if self.steps[opened.index()].attempt == Attempt(0) {
                self.over(step, StepState::Cancelled, at_ms, change);
            } else {
                self.make_ready(step, at_ms, change);
            }
        }
    }

    fn retry(&mut self, step: Option<StepId>, at_ms: i64, change: &mut Change) {
        let steps = self.graph.steps.iter().map(|step| step.id);
        let is_asked = |id: &StepId| step.is_none_or(|step| step == *id);
        let failed: Vec<StepId> = steps
            .filter(is_asked)
            .filter(|step| self.state_of(*step) == Some(StepState::Failed))
            .collect();
        for step in failed {
            self.n_failed -= 1;
            self.steps[step.index()].n_failures = 0;
            self.make_ready(step, at_ms, change);
        }
    }

    fn skip(&mut self, step: StepId, at_ms: i64, change: &mut Change) {
        if self.state_of(step) == Some(StepState::Stuck) {
            self.n_active -= 1;
            change.stopped.push(step);
        } else {
            self.n_failed -= 1;
        }
        self.over(step, StepState::Skipped, at_ms, change);
    }

    /// A step has come to its end; those after it may be ready now.
    fn over(&mut self, step: StepId, state: StepState, at_ms: i64, change: &mut Change) {
        self.set(step, state, at_ms);
        self.n_over += 1;
        if state == StepState::Cancelled {
            return;
        }
        for place in 0..self.dependents[step.index()].len() {
            let next = self.dependents[step.index()][place];
            let now = &mut self.steps[next.index()];
            now.n_before -= 1;
            if now.n_before == 0 && now.state == StepState::Waiting && !self.is_cancelled {
                self.make_ready(next, at_ms, change);
            }
        }
    }

    fn make_ready(&mut self, step: StepId, at_ms: i64, change: &mut Change) {
        self.set(step, StepState::Ready, at_ms);
        self.ready.insert(step);
        change.ready.push(step);
    }

    fn set(&mut self, step: StepId, state: StepState, at_ms: i64) {
        let now = &mut self.steps[step.index()];
        now.state = state;
        now.since_ms = at_ms;
    }

    /// Whether it puts back what another step changed for the job's time.
    fn is_closing(&self, step: StepId) -> bool {
        self.graph.steps[step.index()].closes.is_some()
    }

    pub(crate) fn owed(&self) -> Vec<Effect> {
        let active = self.graph.steps.iter().map(|step| step.id);
        active.flat_map(|step| self.owed_for(step)).collect()
    }

    /// Effects due for a step as it stands.
    pub(crate) fn owed_for(&self, step: StepId) -> Vec<Effect> {
        let (job, on) = (self.id, self.on(step));
        let Some(now) = self.steps.get(step.index()) else {
            return Vec::new();
        };
        let attempt = now.attempt;
        let order = Effect::Order {
            job,
            step,
            attempt,
            on,
        };
        match now.state {
            StepState::Running => {
                let facts = self.graph.steps[step.index()].step.facts();
                let at_ms = now.since_ms + i64::from(facts.deadline_s) * 1000 + GRACE_MS;
                let timer = Effect::Timer {
                    job,
                    step,
                    attempt,
                    at_ms,
                };
                let recall = self.is_cancelled.then(|| self.recall(step)).flatten();
                [order, timer].into_iter().chain(recall).collect()
            }
            StepState::Stuck => {
                let recall = self.is_cancelled.then(|| self.recall(step)).flatten();
                std::iter::once(order).chain(recall).collect()
            }
            StepState::Retrying => vec![self.retry_timer(step)],
            _ => Vec::new(),
        }
    }

    fn recall(&self, step: StepId) -> Option<Effect> {
        let planned = self.graph.step(step)?;
        let is_killed = planned.step.facts().cancel == Cancel::Kill && planned.closes.is_none();
        is_killed.then(|| Effect::Recall {
            job: self.id,
            step,
            attempt: self.steps[step.index()].attempt,
            on: planned.on,
        })
    }

    /// When a step is tried again: later each time, and not all at once.
    fn retry_timer(&self, step: StepId) -> Effect {
        let now = &self.steps[step.index()];
        let doublings = u32::from(now.n_failures.saturating_sub(1)).min(10);
        let wait = (RETRY_MS << doublings).min(RETRY_MAX_MS);
        // Folding must repeat it, so chance comes from the names.
        let seed = u64::from(step.0) ^ self.id.0.as_u64_pair().1 ^ u64::from(now.attempt.0) << 32;
        let spread = i64::try_from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48).unwrap_or(0);
        Effect::Timer {
            job: self.id,
            step,
            attempt: now.attempt,
            at_ms: now.since_ms + wait + wait * spread / 131_072,
        }
    }

    fn on(&self, step: StepId) -> ServerId {
        let planned = self.graph.step(step);
        planned.expect("the number is of this graph").on
    }
}
