//! Orders: a step handed to an agent, and how it ended.

use model::job::{Attempt, Outcome};
use model::step::Step;
use serde::{Deserialize, Serialize};

/// Names one handing-out of one step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderKey {
    /// The job's id.
    pub job: String,
    /// The step's number in it.
    pub step: u32,
    /// Which time.
    pub attempt: u32,
}

impl OrderKey {
    /// The attempt, typed.
    pub fn attempt(&self) -> Attempt {
        Attempt(self.attempt)
    }
}

/// A step to be carried out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub key: OrderKey,
    /// Rises with each start of a manager that may give orders. An agent takes
    /// none from one that is older than the newest it has met.
    pub epoch: u64,
    /// The step, as JSON.
    pub step: Vec<u8>,
    /// Secrets that it names, with their content.
    pub secrets: Vec<(String, Vec<u8>)>,
}

/// Secrets are not shown.
impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Order")
            .field("key", &self.key)
            .field("epoch", &self.epoch)
            .field("step", &String::from_utf8_lossy(&self.step))
            .field("n_secrets", &self.secrets.len())
            .finish()
    }
}

impl Order {
    /// Packs a step.
    pub fn new(
        key: OrderKey,
        epoch: u64,
        step: &Step,
        secrets: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            key,
            epoch,
            step: serde_json::to_vec(step)?,
            secrets,
        })
    }

    /// The step; one of a kind that this release does not know is an error.
    pub fn step(&self) -> Result<Step, serde_json::Error> {
        serde_json::from_slice(&self.step)
    }
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub key: OrderKey,
    /// The outcome, as JSON.
    pub outcome: Vec<u8>,
}

impl Ended {
    /// Packs an outcome.
    pub fn new(key: OrderKey, outcome: &Outcome) -> Result<Self, serde_json::Error> {
        Ok(Self {
            key,
            outcome: serde_json::to_vec(outcome)?,
        })
    }

    /// The outcome.
    pub fn outcome(&self) -> Result<Outcome, serde_json::Error> {
        serde_json::from_slice(&self.outcome)
    }
}

/// A line of a step's console: something was run or written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLine {
    /// Which order.
    pub key: OrderKey,
    /// Its number in that order's console, from 0.
    pub number: u32,
    /// When it ended, milliseconds since 1970 by the host's clock.
    pub at_ms: i64,
    /// The command line, or what was written.
    pub line: String,
    /// Exit status; none where nothing was run.
    pub exit: Option<i32>,
    /// Its output.
    pub stdout: String,
    /// Its errors.
    pub stderr: String,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

impl Default for OrderKey {
    fn default() -> Self {
        Self {
            job: String::new(),
            step: 0,
            attempt: 1,
        }
    }
}
