//! Many seeds, on as many threads as asked for.

use super::check::Violation;
use super::scenario::Scenario;
use super::{Ended, How, Tally, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A seed that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Its seed.
    pub seed: u64,
    /// What was wrong.
    pub violation: Violation,
}

/// What many runs did together.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    /// Seeds that were run.
    pub seeds: u64,
    /// What they did.
    pub tally: Tally,
    /// Those that failed, in order of seed.
    pub failed: Vec<Failed>,
}

/// Which seeds, and for how long at most.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first.
    pub first: u64,
    /// How many.
    pub n: u64,
    /// No new seed is begun after this.
    pub within: Option<Duration>,
    /// Threads.
    pub threads: usize,
}

/// Runs a scenario; a panic of the product is a violation too.
pub fn caught(scenario: &Scenario, how: How) -> Ended {
    let run = std::panic::AssertUnwindSafe(|| run(scenario, how));
    std::panic::catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Ended {
            tally: Tally::default(),
            violation: Some(Violation {
                checker: String::from("panic"),
                at_s: 0,
                text: text.unwrap_or_else(|| String::from("a panic without words")),
            }),
            story: Vec::new(),
            journal: Vec::new(),
        }
    })
}

impl Tally {
    /// Adds what another run did. The hash is of one run and is left out.
    pub fn add(&mut self, other: &Self) {
        self.ticks += other.ticks;
        self.commands += other.commands;
        self.faults += other.faults;
        self.orders += other.orders;
        self.records += other.records;
        self.reports += other.reports;
        self.jobs += other.jobs;
        self.simulated_ms += other.simulated_ms;
    }
}

/// Runs many seeds but those that are left out; `tell` hears of each that failed
/// at once.
pub fn seeds(range: Range, left_out: &[u64], tell: &(dyn Fn(&Failed) + Sync)) -> Sum {
    let begun = Instant::now();
    let next = AtomicU64::new(range.first);
    let sum = Mutex::new(Sum::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let is_late = range.within.is_some_and(|within| begun.elapsed() > within);
            if seed - range.first >= range.n || is_late {
                return;
            }
            if left_out.contains(&seed) {
                continue;
            }
            let ended = caught(&Scenario::of_seed(seed), How::default());
            let failed = ended.violation.map(|violation| Failed { seed, violation });
            if let Some(failed) = &failed {
                tell(failed);
            }
            let mut sum = sum.lock().expect("no thread panics with the sum in hand");
            sum.seeds += 1;
            sum.tally.add(&ended.tally);
            sum.failed.extend(failed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..range.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut sum = sum
        .into_inner()
        .expect("no thread panics with the sum in hand");
    sum.failed.sort_by_key(|failed| failed.seed);
    sum
}

/// The last line of a report.
pub fn line(sum: &Sum, took: Duration) -> String {
    let tally = &sum.tally;
    let simulated_s = tally.simulated_ms / 1000;
    let per_second = u128::from(tally.simulated_ms) / took.as_millis().max(1);
    format!(
        "{} seeds, {} violations, {} ticks, {} commands, {} orders, {} records, {} faults, \
         {simulated_s} simulated seconds, {per_second} simulated seconds per second",
        sum.seeds,
        sum.failed.len(),
        tally.ticks,
        tally.commands,
        tally.orders,
        tally.records,
        tally.faults,
    )
}
