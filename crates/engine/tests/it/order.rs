//! Tables: what runs when.

use crate::common::{
    Driver, add, attempt, done, failed, job, killable, on_lnet, on_target, registered, server,
    service,
};
use engine::{Desk, Limits, Refused};
use model::graph::{Graph, StepId};
use model::job::{Effect, Failure, INTERRUPTED, JobEvent, JobState, Outcome};
use std::collections::BTreeMap;

fn chain(n: u16) -> Graph {
    let mut graph = Graph::default();
    for index in 0..n {
        let after: Vec<u32> = index.checked_sub(1).map(u32::from).into_iter().collect();
        add(&mut graph, 1, on_target(index), &after);
    }
    graph
}

fn by() -> String {
    String::from("user:test")
}

#[test]
fn steps_run_in_their_order_and_together_where_nothing_is_between() {
    let mut graph = Graph::default();
    add(&mut graph, 1, killable(), &[]);
    add(&mut graph, 2, killable(), &[]);
    add(&mut graph, 1, on_target(1), &[0, 1]);
    let mut driver = Driver::default();
    driver.submit(job(1), graph);
    driver.go();
    assert_eq!(driver.line(job(1)), "RR.");
    driver.done(job(1), 0);
    assert_eq!(driver.line(job(1)), "DR.");
    driver.done(job(1), 1);
    assert_eq!(driver.line(job(1)), "DDR");
    driver.done(job(1), 2);
    assert_eq!(driver.engine.job(job(1)).unwrap().state(), JobState::Done);
}

#[test]
fn an_empty_plan_is_done_at_once() {
    let mut driver = Driver::default();
    driver.submit(job(1), Graph::default());
    assert_eq!(driver.engine.job(job(1)).unwrap().state(), JobState::Done);
    assert_eq!(driver.engine.n_open(), 0);
}

#[test]
fn a_passing_failure_is_tried_again_later_and_only_so_often() {
    let mut driver = Driver::default();
    driver.submit(job(1), chain(2));
    driver.go();
    let mut waits = Vec::new();
    for _ in 0..2 {
        let before = driver.now_ms;
        driver.end(job(1), 0, failed(true));
        assert_eq!(driver.line(job(1)), "r.");
        driver.fire(job(1), 0);
        waits.push(driver.now_ms - before);
        assert_eq!(driver.line(job(1)), "R.");
    }
    assert!(waits[1] > waits[0], "{waits:?}");
    driver.end(job(1), 0, failed(true));
    assert_eq!(driver.line(job(1)), "F.", "unmount is tried 3 times");
    let state = driver.engine.job(job(1)).unwrap().state();
    assert_eq!(state, JobState::NeedsAttention);
}

#[test]
fn a_lasting_failure_stops_what_needs_it_and_nothing_else() {
    let mut graph = Graph::default();
    add(&mut graph, 1, on_target(0), &[]);
    add(&mut graph, 1, on_target(1), &[]);
    add(&mut graph, 1, on_target(2), &[0]);
    add(&mut graph, 1, on_target(3), &[1]);
    let mut driver = Driver::default();
    driver.submit(job(1), graph);
    driver.go();
    driver.end(job(1), 0, failed(false));
    driver.done(job(1), 1);
    driver.done(job(1), 3);
    assert_eq!(driver.line(job(1)), "FD.D");
    let retry = JobEvent::RetryAsked {
        step: None,
        by: by(),
    };
    assert_eq!(driver.engine.check(job(1), &retry), Ok(()));
    driver.record(job(1), retry);
    driver.go();
    driver.done(job(1), 0);
    driver.done(job(1), 2);
    assert_eq!(driver.line(job(1)), "DDDD");
}

#[test]
fn a_late_outcome_of_an_old_attempt_changes_nothing() {
    let mut driver = Driver::default();
    driver.submit(job(1), chain(1));
    driver.go();
    driver.end(job(1), 0, failed(true));
    driver.fire(job(1), 0);
    let late = JobEvent::Ended {
        step: StepId(0),
        attempt: attempt(1),
        outcome: done(),
    };
    driver.record(job(1), late);
    assert_eq!(driver.line(job(1)), "R");
}

#[test]
fn a_cancelled_job_starts_nothing_more_and_waits_for_what_must_end() {
    let mut graph = Graph::default();
    add(&mut graph, 1, killable(), &[]);
    add(&mut graph, 1, on_target(0), &[]);
    add(&mut graph, 1, on_target(1), &[1]);
    let mut driver = Driver::default();
    driver.submit(job(1), graph);
    driver.go();
    driver.effects.clear();
    driver.record(job(1), JobEvent::CancelAsked { by: by() });
    assert_eq!(driver.line(job(1)), "RRC");
    let recall = Effect::Recall {
        job: job(1),
        step: StepId(0),
        attempt: attempt(1),
        on: server(1),
    };
    assert_eq!(driver.effects, [recall], "only what may be killed is");
    driver.end(job(1), 0, model::job::Outcome::Cancelled);
    driver.end(job(1), 1, done());
    assert_eq!(driver.line(job(1)), "CDC");
    let state = driver.engine.job(job(1)).unwrap().state();
    assert_eq!(state, JobState::Cancelled);
    let again = JobEvent::CancelAsked { by: by() };
    assert_eq!(driver.engine.check(job(1), &again), Err(Refused::Over));
}

#[test]
fn what_was_interrupted_half_way_is_brought_to_its_end_in_a_cancelled_job() {
    let interrupted = || {
        Outcome::Failed(Failure {
            code: INTERRUPTED.to_owned(),
            text: String::from("fs-OST0000 is still mounted."),
            remedy: String::from("Retry it."),
            is_transient: true,
        })
    };
    let mut graph = Graph::default();
    add(&mut graph, 1, registered(), &[]);
    add(&mut graph, 1, on_target(1), &[0]);
    let mut driver = Driver::default();
    driver.submit(job(1), graph.clone());
    driver.go();
    driver.record(job(1), JobEvent::CancelAsked { by: by() });
    driver.end(job(1), 0, interrupted());
    let state = driver.engine.job(job(1)).unwrap().state();
    assert_eq!(state, JobState::Cancelling, "it is asked again");
    driver.fire(job(1), 0);
    assert_eq!(driver.line(job(1)), "RC");
    driver.done(job(1), 0);
    assert_eq!(driver.line(job(1)), "DC");

    // One that failed before is asked once more; another failure ends it.
    driver.submit(job(2), graph.clone());
    driver.go();
    for _ in 0..3 {
        driver.end(job(2), 0, interrupted());
        if driver.line(job(2)) != "F." {
            driver.fire(job(2), 0);
        }
    }
    assert_eq!(driver.line(job(2)), "F.");
    driver.record(job(2), JobEvent::CancelAsked { by: by() });
    driver.go();
    assert_eq!(driver.line(job(2)), "RC");
    driver.end(job(2), 0, interrupted());
    assert_eq!(driver.line(job(2)), "CC");

    // Its end may never come: a second cancel leaves it, a third is refused.
    driver.submit(job(4), graph.clone());
    driver.go();
    driver.record(job(4), JobEvent::CancelAsked { by: by() });
    driver.end(job(4), 0, interrupted());
    assert_eq!(driver.line(job(4)), "rC");
    let again = JobEvent::CancelAsked { by: by() };
    assert_eq!(driver.engine.check(job(4), &again), Ok(()));
    driver.record(job(4), again.clone());
    assert_eq!(driver.line(job(4)), "CC");
    assert_eq!(driver.engine.check(job(4), &again), Err(Refused::Over));

    // What failed for another reason is not.
    driver.submit(job(3), graph);
    driver.go();
    driver.record(job(3), JobEvent::CancelAsked { by: by() });
    driver.end(job(3), 0, failed(true));
    assert_eq!(driver.line(job(3)), "CC");
}

#[test]
fn what_was_opened_for_the_jobs_time_is_closed_after_a_cancel() {
    let mut graph = Graph::default();
    add(&mut graph, 1, service(true), &[]);
    add(&mut graph, 1, on_target(0), &[0]);
    add(&mut graph, 1, on_target(1), &[1]);
    let close = add(&mut graph, 1, service(false), &[2]);
    graph.steps[close.index()].closes = Some(StepId(0));
    let mut driver = Driver::default();
    driver.submit(job(1), graph.clone());
    driver.go();
    driver.done(job(1), 0);
    driver.record(job(1), JobEvent::CancelAsked { by: by() });
    assert_eq!(driver.line(job(1)), "DRC.");
    driver.done(job(1), 1);
    assert_eq!(driver.line(job(1)), "DDCR", "now it is closed");
    driver.done(job(1), 3);
    let state = driver.engine.job(job(1)).unwrap().state();
    assert_eq!(state, JobState::Cancelled);

    // What was never opened need not be closed.
    driver.submit(job(2), graph);
    driver.record(job(2), JobEvent::CancelAsked { by: by() });
    assert_eq!(driver.line(job(2)), "CCCC");
}

#[test]
fn a_close_that_was_about_to_start_still_starts_after_a_cancel() {
    let mut graph = Graph::default();
    add(&mut graph, 1, service(true), &[]);
    let close = add(&mut graph, 1, service(false), &[0]);
    graph.steps[close.index()].closes = Some(StepId(0));
    let mut driver = Driver::default();
    driver.submit(job(1), graph);
    driver.go();
    driver.end(job(1), 0, done());
    assert_eq!(driver.line(job(1)), "Do");
    driver.record(job(1), JobEvent::CancelAsked { by: by() });
    driver.go();
    assert_eq!(driver.line(job(1)), "DR");
}

#[test]
fn two_jobs_never_hold_one_target_and_the_second_says_whom_it_waits_for() {
    let mut driver = Driver::default();
    driver.submit(job(1), chain(2));
    driver.submit(job(2), chain(1));
    driver.go();
    assert_eq!(driver.line(job(2)), "o");
    let waits = driver
        .engine
        .waits_for(job(2), |_| true, |_| String::from("oss1"));
    assert!(waits.unwrap().contains(&job(1).to_string()));
    driver.done(job(1), 0);
    assert_eq!(driver.line(job(2)), "o", "job 1 may want its target again");
    driver.done(job(1), 1);
    assert_eq!(driver.line(job(2)), "R");
}

#[test]
fn a_claim_of_a_step_is_free_when_the_step_has_ended() {
    let mut graph = Graph::default();
    add(&mut graph, 1, on_lnet(), &[]);
    add(&mut graph, 1, on_lnet(), &[]);
    add(&mut graph, 2, on_lnet(), &[]);
    let mut driver = Driver::default();
    driver.submit(job(1), graph);
    driver.go();
    assert_eq!(
        driver.line(job(1)),
        "RoR",
        "LNet of another server is another"
    );
    driver.done(job(1), 0);
    assert_eq!(driver.line(job(1)), "DRR");
}

#[test]
fn limits_hold_for_a_server_a_group_and_in_all() {
    let mut graph = Graph::default();
    for on in 1..=4 {
        for _ in 0..4 {
            add(&mut graph, on, killable(), &[]);
        }
    }
    let mut driver = Driver::default();
    let group = |n: u8| (server(n), String::from(if n <= 2 { "a" } else { "b" }));
    driver.engine.set_limits(Limits {
        per_server: 2,
        per_group: 3,
        in_all: 5,
        group_of: BTreeMap::from([1, 2, 3, 4].map(group)),
    });
    driver.submit(job(1), graph);
    driver.go();
    assert_eq!(driver.line(job(1)), "RRooRoooRRoooooo");
    let mut n = 0;
    while driver.engine.n_open() > 0 {
        let running = driver.line(job(1)).find('R').expect("something runs");
        driver.done(job(1), u32::try_from(running).unwrap());
        n += 1;
    }
    assert_eq!(n, 16, "nobody was forgotten");
}

#[test]
fn nothing_is_handed_to_an_agent_that_is_not_here_until_it_is() {
    let mut driver = Driver::default();
    driver.submit(job(1), chain(1));
    assert!(driver.engine.next(|_| false, 10).is_empty());
    let waits = driver
        .engine
        .waits_for(job(1), |_| false, |_| String::from("oss1"));
    assert_eq!(
        waits.unwrap(),
        "Unmount fs-OST0000 waits for the agent of oss1."
    );
    assert!(driver.engine.next(|_| true, 10).is_empty());
    driver.engine.server_is_here(server(1));
    assert_eq!(driver.engine.next(|_| true, 10).len(), 1);

    // Once it runs, it waits only if the agent is lost.
    let mut driver = Driver::default();
    driver.submit(job(2), chain(1));
    driver.go();
    let says = |driver: &Driver, is_here| {
        let name = |_| String::from("oss1");
        driver.engine.waits_for(job(2), |_| is_here, name)
    };
    assert_eq!(driver.line(job(2)), "R");
    assert_eq!(says(&driver, true), None);
    let lost = says(&driver, false).unwrap();
    assert!(lost.contains("whose agent is gone"), "{lost}");
}

#[test]
fn what_takes_too_long_is_stuck_and_still_holds_what_it_holds() {
    let mut driver = Driver::default();
    driver.submit(job(1), chain(1));
    driver.go();
    driver.fire(job(1), 0);
    assert_eq!(driver.line(job(1)), "S");
    driver.submit(job(2), chain(1));
    driver.go();
    assert_eq!(driver.line(job(2)), "o");
    driver.done(job(1), 0);
    assert_eq!(driver.line(job(1)), "D");
    assert_eq!(driver.line(job(2)), "R");
}

#[test]
fn after_a_restart_what_runs_is_ordered_again_with_its_old_number() {
    let mut driver = Driver::default();
    driver.submit(job(1), chain(2));
    driver.go();
    let mut again = engine::Engine::default();
    for recorded in &driver.journal {
        again.apply(recorded);
    }
    let order = Effect::Order {
        job: job(1),
        step: StepId(0),
        attempt: attempt(1),
        on: server(1),
    };
    assert!(again.owed().contains(&order));
    assert!(again.next(|_| true, 10).is_empty(), "nothing starts twice");
    assert_eq!(again.owed_to(server(1)), [order]);
    assert!(again.owed_to(server(2)).is_empty());
}

#[test]
fn a_job_is_taken_only_while_nobody_is_at_work_on_what_it_is_about() {
    let mut desk = Desk::default();
    let submitted = |graph: Graph| JobEvent::Submitted {
        graph: Box::new(graph),
        by: by(),
        plan_hash: String::new(),
        consents: Vec::new(),
    };
    desk.ask(job(1), submitted(chain(2)), 0).unwrap();
    let refused = desk.ask(job(2), submitted(chain(1)), 1).unwrap_err();
    assert!(matches!(refused, Refused::InTheWay { job: by, .. } if by == job(1)));
    let mut elsewhere = Graph::default();
    add(&mut elsewhere, 1, on_target(7), &[]);
    desk.ask(job(3), submitted(elsewhere), 2).unwrap();
    desk.ask(job(1), JobEvent::CancelAsked { by: by() }, 3)
        .unwrap();
    desk.ask(job(2), submitted(chain(1)), 4).unwrap();
}
