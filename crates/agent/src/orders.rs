//! What this agent was told to do: a small ledger that outlives it.
//!
//! It is saved before anything is begun, so after a crash the agent knows what
//! it may have half done; and until the manager has the outcome, so that an
//! outcome is never lost and a repeated order is answered from it.
//!
//! **Invariant:** an order is begun at most once; an order of an older manager
//! or an older attempt never.

use crate::steps::{self, Seen, Work};
use model::job::{Failure, Outcome};
use model::step::Step;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use wire::order::{Order, OrderKey};

/// Orders that may run at once, whatever a manager says.
pub const RUNNING_MAX: usize = 256;
/// Orders that are remembered after the manager took their outcome.
const TAKEN_MAX: usize = 512;

/// What the agent remembers of its orders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The newest manager that gave orders.
    epoch: u64,
    entries: Vec<Entry>,
    /// Orders whose outcome the manager took, oldest first: a copy that comes
    /// late must not begin them again.
    #[serde(default)]
    taken: VecDeque<OrderKey>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    key: OrderKey,
    step: Step,
    /// None while it runs.
    outcome: Option<Outcome>,
}

/// What to do with an order that came.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Begin it, once the ledger is saved.
    Begin(Step),
    /// It runs already.
    Runs,
    /// It ended: say so again.
    Ended(Outcome),
    /// It is not for this agent any more; why.
    Refused(&'static str),
}

impl Ledger {
    /// Takes an order in. [`Answer::Begin`] may be acted on once this is saved.
    pub fn take(&mut self, order: &Order) -> Answer {
        if order.epoch < self.epoch {
            return Answer::Refused("it is from an older manager than the last one");
        }
        self.epoch = order.epoch;
        let same =
            |entry: &&Entry| entry.key.job == order.key.job && entry.key.step == order.key.step;
        if let Some(known) = self.entries.iter().find(same) {
            if known.key.attempt > order.key.attempt {
                return Answer::Refused("a later attempt of the step was ordered");
            }
            if known.key.attempt == order.key.attempt {
                return match &known.outcome {
                    None => Answer::Runs,
                    Some(outcome) => Answer::Ended(outcome.clone()),
                };
            }
            if known.outcome.is_none() {
                return Answer::Refused("an earlier attempt of the step still runs");
            }
        }
        let is_taken = |known: &OrderKey| {
            known.job == order.key.job
                && known.step == order.key.step
                && known.attempt >= order.key.attempt
        };
        if self.taken.iter().any(is_taken) {
            return Answer::Refused("it ended, and its outcome was taken");
        }
        let running = self.entries.iter().filter(|entry| entry.outcome.is_none());
        if running.count() >= RUNNING_MAX {
            return Answer::Refused("it runs as many orders as it can");
        }
        let step = match order.step() {
            Ok(step) => step,
            Err(error) => {
                return Answer::Ended(Outcome::Failed(steps::failure::failed(
                    "step-unknown",
                    format!("this agent does not know the step: {error}"),
                )));
            }
        };
        self.entries.retain(|entry| !same(&entry));
        self.entries.push(Entry {
            key: order.key.clone(),
            step: step.clone(),
            outcome: None,
        });
        Answer::Begin(step)
    }

    /// An order ended.
    pub fn end(&mut self, key: &OrderKey, outcome: Outcome) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == *key) {
            entry.outcome.get_or_insert(outcome);
        }
    }

    /// The manager has the outcome: it need not be kept.
    pub fn acknowledge(&mut self, key: &OrderKey) {
        let is_it = |entry: &Entry| entry.key == *key && entry.outcome.is_some();
        if let Some(place) = self.entries.iter().position(is_it) {
            self.entries.remove(place);
            self.taken.push_back(key.clone());
            while self.taken.len() > TAKEN_MAX {
                self.taken.pop_front();
            }
        }
    }

    /// Outcomes that the manager may not have.
    pub fn unacknowledged(&self) -> Vec<(OrderKey, Outcome)> {
        let ended = self.entries.iter();
        ended
            .filter_map(|entry| Some((entry.key.clone(), entry.outcome.clone()?)))
            .collect()
    }

    /// Orders that were begun and have not ended: after a start, those that
    /// were interrupted.
    pub fn unfinished(&self) -> Vec<(OrderKey, Step)> {
        let running = self.entries.iter().filter(|entry| entry.outcome.is_none());
        running
            .map(|entry| (entry.key.clone(), entry.step.clone()))
            .collect()
    }
}

/// What to say of an order that was interrupted by the agent's or the server's
/// end: what it wanted is so, or it is not and someone decides anew. It is
/// never simply begun again.
pub fn after_interruption(step: &Step, work: &Work<'_>) -> Outcome {
    match steps::look(step, work) {
        Ok(Seen::So(seen)) => Outcome::Done {
            changed: true,
            seen,
        },
        Ok(Seen::NotSo(seen)) => Outcome::Failed(Failure {
            is_transient: true,
            ..steps::failure::failed(
                model::job::INTERRUPTED,
                format!("the agent or its server ended while the step ran; now {seen}"),
            )
        }),
        Err(failure) => Outcome::Failed(failure),
    }
}

/// Secrets of an order, as steps take them.
pub fn secrets(order: &Order) -> BTreeMap<model::step::Secret, Vec<u8>> {
    let pairs = order.secrets.iter();
    pairs
        .map(|(name, bytes)| (model::step::Secret(name.clone()), bytes.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::step::FirewallOpen;

    fn order(step: u32, attempt: u32, epoch: u64) -> Order {
        let key = OrderKey {
            job: String::from("j"),
            step,
            attempt,
        };
        let ports = vec![String::from("988/tcp")];
        Order::new(key, epoch, &FirewallOpen { ports }.into(), Vec::new()).unwrap()
    }

    fn done() -> Outcome {
        Outcome::Done {
            changed: true,
            seen: String::from("open"),
        }
    }

    #[test]
    fn an_order_is_begun_once_and_answered_from_the_ledger_after() {
        let mut ledger = Ledger::default();
        let first = order(0, 1, 1);
        assert!(matches!(ledger.take(&first), Answer::Begin(_)));
        assert_eq!(ledger.take(&first), Answer::Runs);
        // The agent restarts here: the ledger is what is left.
        let text = serde_json::to_string(&ledger).unwrap();
        let mut ledger: Ledger = serde_json::from_str(&text).unwrap();
        assert_eq!(ledger.take(&first), Answer::Runs);
        assert_eq!(ledger.unfinished().len(), 1);
        ledger.end(&first.key, done());
        assert_eq!(ledger.take(&first), Answer::Ended(done()));
        assert_eq!(ledger.unacknowledged(), [(first.key.clone(), done())]);
        ledger.acknowledge(&first.key);
        assert!(ledger.unacknowledged().is_empty());
        let late = ledger.take(&first);
        assert!(matches!(late, Answer::Refused(_)), "{late:?}");
    }

    #[test]
    fn older_managers_and_older_attempts_are_refused() {
        let mut ledger = Ledger::default();
        assert!(matches!(ledger.take(&order(0, 2, 5)), Answer::Begin(_)));
        assert!(matches!(ledger.take(&order(1, 1, 4)), Answer::Refused(_)));
        assert!(matches!(ledger.take(&order(0, 1, 5)), Answer::Refused(_)));
        assert!(matches!(ledger.take(&order(0, 3, 5)), Answer::Refused(_)));
        ledger.end(&order(0, 2, 5).key, Outcome::Cancelled);
        assert!(matches!(ledger.take(&order(0, 3, 5)), Answer::Begin(_)));
    }

    #[test]
    fn a_step_of_a_later_release_fails_and_is_not_begun() {
        let mut order = order(0, 1, 1);
        order.step = br#"{"kind":"server_painted","colour":"red"}"#.to_vec();
        let answer = Ledger::default().take(&order);
        let Answer::Ended(Outcome::Failed(failure)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(failure.code, "step-unknown");
    }
}
