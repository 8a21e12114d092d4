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

#[cfg(test)]
mod tests {
    use super::*;
    use model::graph::{Graph, Planned, StepId};
    use model::job::{Attempt, Failure, JobEvent, Outcome};
    use model::step::ServiceSet;
    use uuid::Uuid;

    /// Each job has its own server, so that none waits for another.
    fn server(n: u128) -> ServerId {
        ServerId(Uuid::from_u128(n))
    }

    fn id(n: u128) -> JobId {
        JobId(Uuid::from_u128(n))
    }

    fn submit(desk: &mut Desk, n: u128) {
        let step = ServiceSet {
            unit: String::from("chronyd.service"),
            is_running: true,
            is_enabled: None,
        };
        let graph = Graph {
            title: format!("Job {n}"),
            steps: vec![Planned {
                id: StepId(0),
                on: server(n),
                step: step.into(),
                after: Vec::new(),
                why: String::from("A test."),
                feels: Vec::new(),
                closes: None,
            }],
            ..Graph::default()
        };
        let submitted = JobEvent::Submitted {
            graph: Box::new(graph),
            by: String::from("user:admin"),
            plan_hash: String::new(),
            consents: Vec::new(),
        };
        desk.ask(id(n), submitted, 0).unwrap();
    }

    fn end(desk: &mut Desk, n: u128, outcome: Outcome) {
        desk.tick(0);
        let ended = JobEvent::Ended {
            step: StepId(0),
            attempt: Attempt(1),
            outcome,
        };
        desk.ask(id(n), ended, 0).unwrap();
    }

    fn done() -> Outcome {
        Outcome::Done {
            changed: true,
            seen: String::from("it runs"),
        }
    }

    fn failed() -> Outcome {
        Outcome::Failed(Failure {
            code: String::from("tool-missing"),
            text: String::from("systemctl is not there"),
            remedy: String::new(),
            is_transient: false,
        })
    }

    fn kinds(notes: &[Note]) -> Vec<&'static str> {
        notes.iter().map(|note| note.kind).collect()
    }

    #[test]
    fn an_end_a_failure_and_a_long_wait_are_told_once() {
        let (mut desk, mut told) = (Desk::default(), Told::default());
        submit(&mut desk, 1);
        submit(&mut desk, 2);
        let both = || [id(1), id(2)].into_iter();
        assert!(told.turned(&desk, both()).is_empty());
        let name = |_| String::from("oss1");
        let at = |desk: &Desk, told: &mut Told, ms| told.waiting(desk, name, ms).len();
        assert_eq!(at(&desk, &mut told, 10_000), 0);
        assert_eq!(at(&desk, &mut told, 60_000), 0);
        assert!(at(&desk, &mut told, 80_000) > 0, "its agent is away");
        assert_eq!(at(&desk, &mut told, 200_000), 0);
        desk.arrive(server(1));
        desk.arrive(server(2));
        end(&mut desk, 1, failed());
        let notes = told.turned(&desk, both());
        assert_eq!(kinds(&notes), ["job.failed"]);
        assert!(
            notes[0].text.contains("[tool-missing]"),
            "{}",
            notes[0].text
        );
        assert!(told.turned(&desk, both()).is_empty());
        let cancel = JobEvent::CancelAsked {
            by: String::from("user:admin"),
        };
        desk.ask(id(1), cancel, 0).unwrap();
        end(&mut desk, 2, done());
        assert_eq!(
            kinds(&told.turned(&desk, both())),
            ["job.ended", "job.ended"]
        );
    }

    #[test]
    fn the_newest_ended_jobs_are_kept_and_open_ones_always() {
        let mut desk = Desk::default();
        let last = u128::try_from(ENDED_KEPT_MAX).unwrap() + 3;
        for n in 1..=last {
            desk.arrive(server(n));
            submit(&mut desk, n);
            if n != 2 {
                end(&mut desk, n, if n == 1 { failed() } else { done() });
            }
        }
        // The first needs a person, the second has not ended.
        assert_eq!(too_many(&desk), [id(3)]);
        assert!(desk.forget(id(3)));
        assert!(!desk.forget(id(1)));
        assert!(too_many(&desk).is_empty());
    }
}
