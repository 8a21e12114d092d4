//! What people are told of jobs: notes in the journal when one ends, needs a
//! person, or waits for long. Ended jobs are put away when there are too many.

use crate::state::{Manager, Note};
use engine::{Desk, Job};
use model::event::Severity;
use model::ids::{JobId, ServerId};
use model::job::{JobState, StepState};
use std::collections::BTreeMap;

/// Ended jobs that are kept, the newest.
pub(crate) const ENDED_KEPT_MAX: usize = 1000;
/// Steps of all ended jobs that are kept; the newest job stays, however large.
pub(crate) const ENDED_STEPS_MAX: usize = 1_000_000;
/// How long a job waits for one thing before that is told.
const WAITS_TOLD_AFTER_MS: i64 = 60_000;
/// How often it is looked who waits.
const WAITS_LOOK_EVERY_MS: i64 = 5_000;

/// What was told already.
#[derive(Default)]
pub(super) struct Told {
    states: BTreeMap<JobId, JobState>,
    waits: BTreeMap<JobId, Wait>,
    looked_ms: i64,
}

struct Wait {
    for_what: String,
    since_ms: i64,
    is_told: bool,
}

impl Told {
    /// All that is so when the manager starts was told by the one before.
    pub fn begin(&mut self, desk: &Desk) {
        let jobs = desk.engine().jobs();
        self.states = jobs.map(|job| (job.id(), job.state())).collect();
    }

    /// What became of these jobs.
    pub fn turned(&mut self, desk: &Desk, jobs: impl Iterator<Item = JobId>) -> Vec<Note> {
        let mut notes = Vec::new();
        for id in jobs {
            let Some(job) = desk.engine().job(id) else {
                continue;
            };
            let state = job.state();
            if self.states.insert(id, state) != Some(state) {
                notes.extend(note_of(job));
            }
        }
        notes
    }

    /// Jobs that have waited long for one thing.
    pub fn waiting(
        &mut self,
        desk: &Desk,
        name: impl Fn(ServerId) -> String,
        now_ms: i64,
    ) -> Vec<Note> {
        if now_ms.saturating_sub(self.looked_ms) < WAITS_LOOK_EVERY_MS {
            return Vec::new();
        }
        self.looked_ms = now_ms;
        let engine = desk.engine();
        let mut notes = Vec::new();
        let mut waits = BTreeMap::new();
        let open = engine.jobs().filter(|job| job.state() == JobState::Running);
        for job in open {
            let for_what = engine.waits_for(job.id(), |server| desk.is_here(server), &name);
            let Some(for_what) = for_what else { continue };
            let before = self.waits.remove(&job.id());
            let mut wait = before
                .filter(|before| before.for_what == for_what)
                .unwrap_or(Wait {
                    for_what,
                    since_ms: now_ms,
                    is_told: false,
                });
            if !wait.is_told && now_ms.saturating_sub(wait.since_ms) >= WAITS_TOLD_AFTER_MS {
                wait.is_told = true;
                let text = format!(
                    "Job {} ({}) waits: {}",
                    job.id(),
                    job.graph().title,
                    wait.for_what
                );
                notes.push(note(Severity::Warning, "job.waits", text));
            }
            waits.insert(job.id(), wait);
        }
        self.waits = waits;
        notes
    }

    /// A job was put away.
    fn forget(&mut self, id: JobId) {
        self.states.remove(&id);
    }
}

/// What is to be said of a job that has just come to its state; that it began
/// is said where it was asked for.
fn note_of(job: &Job) -> Option<Note> {
    let (id, title) = (job.id(), &job.graph().title);
    match job.state() {
        JobState::Running | JobState::Cancelling => None,
        JobState::Done => {
            let text = format!("Job {id} is done: {title}.");
            Some(note(Severity::Info, "job.ended", text))
        }
        JobState::Cancelled => {
            let text = format!("Job {id} has ended, since it was cancelled: {title}.");
            Some(note(Severity::Warning, "job.ended", text))
        }
        JobState::NeedsAttention => {
            let mut steps = job.graph().steps.iter();
            let failed = steps.find(|step| job.state_of(step.id) == Some(StepState::Failed));
            let why = failed.and_then(|step| {
                let failure = job.failure_of(step.id)?;
                let title = step.step.facts().title;
                Some(format!("{title}: {} [{}]", failure.text, failure.code))
            });
            let why = why.unwrap_or_else(|| String::from("it can go on no further by itself."));
            let text = format!("Job {id} ({title}) needs a person: {why}");
            Some(note(Severity::Error, "job.failed", text))
        }
    }
}

fn note(severity: Severity, kind: &'static str, text: String) -> Note {
    Note {
        severity,
        kind,
        text,
        actor: None,
        server: None,
    }
}

/// Ended jobs that are too many, or too large together, oldest first.
fn too_many(desk: &Desk) -> Vec<JobId> {
    let jobs = desk.engine().jobs();
    let ended: Vec<&Job> = jobs.filter(|job| job.state().is_final()).collect();
    let mut n_steps = 0_usize;
    let kept = ended.iter().rev().take(ENDED_KEPT_MAX);
    let n_kept = kept
        .take_while(|job| {
            let is_first = n_steps == 0;
            n_steps = n_steps.saturating_add(job.graph().steps.len());
            is_first || n_steps <= ENDED_STEPS_MAX
        })
        .count();
    let n_gone = ended.len() - n_kept;
    ended.into_iter().take(n_gone).map(Job::id).collect()
}

impl Manager {
    /// Puts ended jobs away of which there are too many: out of the store first,
    /// so that no restart brings back half of one.
    pub(super) async fn put_away(&self, told: &mut Told) {
        let gone = too_many(&self.jobs.desk());
        if gone.is_empty() {
            return;
        }
        if let Err(error) = self.store.forget_jobs(gone.clone()).await {
            let error = stdx::chain::chain(&error);
            tracing::error!(error, "Old jobs cannot be put away.");
            return;
        }
        let mut desk = self.jobs.desk_mut();
        for id in gone {
            desk.forget(id);
            told.forget(id);
        }
    }

    /// Puts notes into the journal.
    pub(super) async fn tell(&self, notes: Vec<Note>) {
        for note in notes {
            if let Err(error) = self.record(note).await {
                let error = stdx::chain::chain(&error);
                tracing::error!(error, "What became of a job could not be noted.");
            }
        }
    }
}
