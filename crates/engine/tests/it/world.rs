//! Random graphs in a random world: claims never clash, folding any part of
//! the journal is the live state, and when trouble stops every job ends.

use crate::common::{
    Driver, add, done, failed, job, killable, on_lnet, on_target, server, service,
};
use engine::{Engine, Limits};
use model::graph::{Graph, StepId};
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, JobEvent, JobState, Outcome, StepState};
use model::step::Thing;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A small source of choices: all that happens follows from it.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % n.max(1)
    }

    fn is_over(&self) -> bool {
        self.0.as_slice().is_empty()
    }
}

fn graph(choices: &mut Choices<'_>) -> Graph {
    let mut graph = Graph::default();
    let n = 1 + choices.below(8);
    for place in 0..n {
        let on = u8::try_from(1 + choices.below(3)).unwrap();
        let step = match choices.below(4) {
            0 => killable(),
            1 => on_lnet(),
            _ => on_target(u16::try_from(choices.below(4)).unwrap()),
        };
        let mut after = Vec::new();
        for before in 0..place {
            if choices.below(3) == 0 {
                after.push(u32::try_from(before).unwrap());
            }
        }
        add(&mut graph, on, step, &after);
    }
    if choices.below(2) == 0 {
        let last = u32::try_from(n).unwrap() - 1;
        let close = add(&mut graph, 1, service(false), &[last]);
        graph.steps[close.index()].closes = Some(StepId(0));
    }
    graph
}

/// An independent reading of what runs: no two may hold one thing if one of
/// them holds it alone; two jobs never hold one target in all their lives.
fn assert_no_clash(engine: &Engine) {
    let mut held: BTreeMap<_, Vec<(JobId, bool)>> = BTreeMap::new();
    for job in engine.jobs() {
        for planned in &job.graph().steps {
            let state = job.state_of(planned.id).unwrap();
            if !matches!(state, StepState::Running | StepState::Stuck) {
                continue;
            }
            for claim in planned.step.facts().claims {
                let is_local = matches!(claim.thing, Thing::ThisServer | Thing::ThisLnet);
                let key: (Thing, Option<ServerId>) = (claim.thing, is_local.then_some(planned.on));
                held.entry(key)
                    .or_default()
                    .push((job.id(), claim.exclusive));
            }
        }
    }
    for (key, holders) in held {
        let alone = holders.iter().any(|(_, exclusive)| *exclusive);
        assert!(
            !alone || holders.len() == 1,
            "{key:?} is held by {holders:?}"
        );
    }
    let mut began: BTreeMap<Thing, BTreeSet<JobId>> = BTreeMap::new();
    for job in engine.jobs().filter(|job| !job.state().is_final()) {
        for planned in &job.graph().steps {
            if job.attempt_of(planned.id) == Some(Attempt(0)) {
                continue;
            }
            for claim in planned.step.facts().claims {
                if matches!(claim.thing, Thing::Target(_)) {
                    began.entry(claim.thing).or_default().insert(job.id());
                }
            }
        }
    }
    for (thing, jobs) in began {
        assert!(jobs.len() <= 1, "{thing} is in the hands of {jobs:?}");
    }
}

fn assert_folds(driver: &Driver) {
    let mut again = Engine::default();
    for recorded in &driver.journal {
        again.apply(recorded);
    }
    let live: Vec<_> = driver.engine.jobs().collect();
    let folded: Vec<_> = again.jobs().collect();
    assert_eq!(live, folded);
    assert_eq!(driver.engine.owed(), again.owed());
}

/// Steps that run, with their attempts.
fn running(engine: &Engine) -> Vec<(JobId, StepId, Attempt)> {
    let jobs = engine.jobs();
    jobs.flat_map(|job| {
        let steps = job.graph().steps.iter().map(|step| step.id);
        steps
            .filter(|step| {
                let state = job.state_of(*step);
                matches!(state, Some(StepState::Running | StepState::Stuck))
            })
            .map(|step| (job.id(), step, job.attempt_of(step).unwrap()))
    })
    .collect()
}

fn ask(driver: &mut Driver, id: JobId, event: JobEvent) {
    if driver.engine.check(id, &event).is_ok() {
        driver.record(id, event);
    }
}

fn happen(driver: &mut Driver, choices: &mut Choices<'_>, n_jobs: &mut u8) {
    driver.now_ms += 1000;
    let by = || String::from("user:test");
    let some_job = job(u8::try_from(choices.below(usize::from(*n_jobs).max(1))).unwrap());
    match choices.below(10) {
        0 if *n_jobs < 6 => {
            driver.submit(job(*n_jobs), graph(choices));
            *n_jobs += 1;
        }
        1 => ask(driver, some_job, JobEvent::CancelAsked { by: by() }),
        2 => ask(
            driver,
            some_job,
            JobEvent::RetryAsked {
                step: None,
                by: by(),
            },
        ),
        3 => ask(
            driver,
            some_job,
            JobEvent::SkipAsked {
                step: StepId(u32::try_from(choices.below(8)).unwrap()),
                by: by(),
                reason: String::new(),
            },
        ),
        4 => {
            let timers: Vec<_> = driver.effects.iter().filter_map(timer).collect();
            if let Some(&(id, step, attempt)) = timers.get(choices.below(timers.len())) {
                driver.record(id, JobEvent::TimerFired { step, attempt });
            }
        }
        kind => {
            let running = running(&driver.engine);
            if let Some(&(id, step, attempt)) = running.get(choices.below(running.len())) {
                let outcome = match kind {
                    5 => failed(true),
                    6 => failed(false),
                    7 => Outcome::Cancelled,
                    _ => done(),
                };
                let ended = JobEvent::Ended {
                    step,
                    attempt,
                    outcome,
                };
                driver.record(id, ended.clone());
                if choices.below(4) == 0 {
                    driver.record(id, ended);
                }
            }
        }
    }
}

fn timer(effect: &Effect) -> Option<(JobId, StepId, Attempt)> {
    match effect {
        Effect::Timer {
            job, step, attempt, ..
        } => Some((*job, *step, *attempt)),
        _ => None,
    }
}

/// No more trouble: all that runs ends well, all that waits is fired, all that
/// failed is retried.
fn calm(driver: &mut Driver, n_jobs: u8) {
    for _ in 0..2_000 {
        driver.go();
        assert_no_clash(&driver.engine);
        if driver.engine.n_open() == 0 {
            return;
        }
        if let Some(&(id, step, attempt)) = running(&driver.engine).first() {
            let outcome = done();
            driver.record(
                id,
                JobEvent::Ended {
                    step,
                    attempt,
                    outcome,
                },
            );
            continue;
        }
        let timers: Vec<_> = driver.engine.owed().iter().filter_map(timer).collect();
        for (id, step, attempt) in timers {
            driver.record(id, JobEvent::TimerFired { step, attempt });
        }
        for n in 0..n_jobs {
            let by = String::from("user:test");
            ask(driver, job(n), JobEvent::RetryAsked { step: None, by });
        }
    }
    panic!("jobs did not end: {:?}", driver.engine.owed());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_claims_hold_folding_repeats_and_jobs_end(
        bytes in prop::collection::vec(any::<u8>(), 0..400)
    ) {
        let mut choices = Choices(bytes.iter());
        let mut driver = Driver::default();
        let mut n_jobs = 0;
        let group = |n: u8| (server(n), String::from("g"));
        driver.engine.set_limits(Limits {
            per_server: 2,
            per_group: 4,
            in_all: 3,
            group_of: BTreeMap::from([1, 2].map(group)),
        });
        while !choices.is_over() {
            happen(&mut driver, &mut choices, &mut n_jobs);
            driver.go();
            assert_no_clash(&driver.engine);
            for n in 0..n_jobs {
                let id = job(n);
                let state = driver.engine.job(id).unwrap().state();
                let runs = running(&driver.engine).iter().any(|(of, ..)| *of == id);
                let says = driver.engine.waits_for(id, |_| true, |_| String::from("s"));
                prop_assert!(state.is_final() || runs || says.is_some(), "job {n} is {state:?} and says nothing");
                prop_assert!(state != JobState::Done || says.is_none());
            }
        }
        assert_folds(&driver);
        calm(&mut driver, n_jobs);
        assert_folds(&driver);
    }
}
