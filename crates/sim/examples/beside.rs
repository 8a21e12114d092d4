//! How long a job takes on ever more servers beside its slowest chain of steps, in
//! simulated time: each simulated server works as if it had processors of its own,
//! which `deploy` cannot give a thousand of them on one machine.
//!
//! Each run makes one file system with Pacemaker and fencing on bare servers; its jobs
//! and how long each of their steps took are read from the journal of the run. A chain
//! is steps that must come one after the other, by the job's own graph or since they
//! change the same thing; what a job takes longer than its slowest chain is what the
//! engine lets wait.
//!
//! `cargo run --release -p candela-sim --example beside [SERVERS…]`

use anyhow::{Context, Result, ensure};
use model::graph::{Graph, StepId};
use model::ids::{JobId, ServerId};
use model::job::{Attempt, JobEvent, Recorded};
use model::step::Thing;
use sim::run::scenario::{Scenario, Town, Wanted, Wish};
use sim::run::{How, run};
use std::collections::BTreeMap;
use std::time::Instant;

/// When the operator wants the file system, seconds.
const WANTED_AT: u32 = 60;

fn main() -> Result<()> {
    let words = std::env::args().skip(1);
    let chosen = words.map(|word| word.parse().context("SERVERS is a number"));
    let chosen: Vec<usize> = chosen.collect::<Result<_>>()?;
    for n_servers in if chosen.is_empty() {
        vec![4, 50, 1000]
    } else {
        chosen
    } {
        let begun = Instant::now();
        let ended = run(&scenario(n_servers), How::default());
        ensure!(ended.violation.is_none(), "{:?}", ended.violation);
        let mut jobs: BTreeMap<JobId, Times<'_>> = BTreeMap::new();
        for record in &ended.journal {
            jobs.entry(record.job).or_default().take(record);
        }
        for job in jobs.values() {
            let (n_steps, took, chain) = (job.steps.len(), job.took(), job.slowest_chain());
            println!(
                "{n_servers} servers: a job of {n_steps} steps took {took:.1} s, its slowest \
                 chain {chain:.1} s: factor {:.3}",
                took / chain
            );
        }
        println!("  simulated in {:.0} s", begun.elapsed().as_secs_f64());
    }
    Ok(())
}

fn scenario(n_servers: usize) -> Scenario {
    let make = Wish::Create {
        zfs: false,
        own_mgs: false,
        n_mdts: 2,
        n_osts: 2 * n_servers.saturating_sub(2),
    };
    Scenario {
        seed: 1,
        town: Town {
            n_managed: n_servers,
            n_watched: 0,
            per_group: 2,
            disks_per_server: 2,
            is_pacemaker: true,
            n_taken: 0,
        },
        wishes: vec![Wanted {
            at: WANTED_AT,
            wish: make,
        }],
        faults: Vec::new(),
        calm_at: 2 * WANTED_AT,
        is_hasty: false,
    }
}

/// When a job and its steps began and ended, milliseconds.
#[derive(Default)]
struct Times<'a> {
    submitted: i64,
    graph: Option<&'a Graph>,
    /// When each began and ended, and the attempt that did.
    steps: BTreeMap<StepId, (i64, i64, Attempt)>,
}

impl<'a> Times<'a> {
    fn take(&mut self, record: &'a Recorded) {
        let at = record.at_ms;
        match &record.event {
            JobEvent::Submitted { graph, .. } => {
                self.submitted = at;
                self.graph = Some(graph);
            }
            JobEvent::Started { step, .. } => {
                self.steps.entry(*step).or_insert((at, at, Attempt(0)));
            }
            // An answer may come twice; the first one to an attempt counts.
            JobEvent::Ended { step, attempt, .. } => {
                if let Some((_, end, of)) = self.steps.get_mut(step)
                    && *of < *attempt
                {
                    (*end, *of) = (at, *attempt);
                }
            }
            _ => {}
        }
    }

    /// Seconds from its order to the end of its last step.
    fn took(&self) -> f64 {
        let last = self.steps.values().map(|(_, end, _)| *end).max();
        seconds(last.unwrap_or(self.submitted) - self.submitted)
    }

    /// Seconds of the steps that must come one after the other, at the most: by the
    /// graph, or since they claim the same thing, in the order in which they had it.
    fn slowest_chain(&self) -> f64 {
        let steps = self.graph.iter().flat_map(|graph| &graph.steps);
        let mut begun: Vec<_> = steps
            .filter_map(|planned| Some((self.steps.get(&planned.id)?, planned)))
            .collect();
        begun.sort_by_key(|((begin, ..), planned)| (*begin, planned.id));
        let mut until: BTreeMap<StepId, i64> = BTreeMap::new();
        let mut held: BTreeMap<(Thing, Option<ServerId>), Held> = BTreeMap::new();
        for ((begin, end, _), planned) in begun {
            let claims = planned.step.facts().claims.into_iter();
            let claims = claims.map(|claim| {
                let is_own = matches!(claim.thing, Thing::ThisServer | Thing::ThisLnet);
                let on = is_own.then_some(planned.on);
                ((claim.thing, on), claim.exclusive)
            });
            let claims: Vec<_> = claims.collect();
            let before = planned.after.iter().filter_map(|id| until.get(id)).copied();
            let waited = claims.iter().filter_map(|(thing, is_exclusive)| {
                let held = held.get(thing)?;
                Some(if *is_exclusive {
                    held.by_any
                } else {
                    held.alone
                })
            });
            let chain = before.chain(waited).max().unwrap_or(0) + end - begin;
            until.insert(planned.id, chain);
            for (thing, is_exclusive) in claims {
                let held = held.entry(thing).or_default();
                held.by_any = held.by_any.max(chain);
                if is_exclusive {
                    held.alone = held.alone.max(chain);
                }
            }
        }
        seconds(until.into_values().max().unwrap_or(0))
    }
}

/// The slowest chains that ended with a thing in hand: held alone, or at all.
#[derive(Default)]
struct Held {
    alone: i64,
    by_any: i64,
}

fn seconds(ms: i64) -> f64 {
    std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs_f64()
}
