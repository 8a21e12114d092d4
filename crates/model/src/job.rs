//! What happens to a graph that runs: the records that the journal keeps, and
//! the states that follow from them. `engine` folds the one into the other.

use crate::graph::{Consent, Graph, StepId};
use crate::ids::{JobId, ServerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How often a step was handed out, from 1. An outcome of an older attempt is
/// kept as evidence and changes nothing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Attempt(pub u32);

/// Something that happened to a job, at a time. The journal of jobs is a list
/// of these; folding it gives the live state exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The job.
    pub job: JobId,
    /// When, milliseconds since 1970 by the manager's clock.
    pub at_ms: i64,
    /// What.
    pub event: JobEvent,
}

/// What can happen to a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEvent {
    /// Someone wants it.
    Submitted {
        /// What to do.
        graph: Box<Graph>,
        /// Who: `user:admin`.
        by: String,
        /// Hash of the plan that was shown.
        plan_hash: String,
        /// What was agreed to.
        consents: Vec<Consent>,
    },
    /// A step was handed to its server.
    Started {
        /// Which.
        step: StepId,
        /// Which time.
        attempt: Attempt,
    },
    /// A step ended.
    Ended {
        /// Which.
        step: StepId,
        /// Which time.
        attempt: Attempt,
        /// How.
        outcome: Outcome,
    },
    /// A time that was asked for has come: a retry is due, or a deadline is over.
    TimerFired {
        /// Which step.
        step: StepId,
        /// Which time it was about.
        attempt: Attempt,
    },
    /// Someone wants it to end early.
    CancelAsked {
        /// Who.
        by: String,
    },
    /// Someone wants a failed step to be tried again.
    RetryAsked {
        /// Which; none for all that failed.
        step: Option<StepId>,
        /// Who.
        by: String,
    },
    /// An admin says that a failed step does not matter.
    SkipAsked {
        /// Which.
        step: StepId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is so.
    Done {
        /// Whether anything had to be changed.
        changed: bool,
        /// What was seen at the end, one sentence.
        seen: String,
    },
    /// It is not so.
    Failed(Failure),
    /// It was stopped because its job was cancelled.
    Cancelled,
}

/// Code of a step whose agent or server ended while it ran, and that is not done.
pub const INTERRUPTED: &str = "interrupted";

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Stable code with a page in `docs/errors`: `device-busy`.
    pub code: String,
    /// What was attempted, on what, and what went wrong, one sentence.
    pub text: String,
    /// What to do.
    pub remedy: String,
    /// Whether trying again by itself may help.
    pub is_transient: bool,
}

/// How a job stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Something of it runs, or is about to.
    Running,
    /// A step failed; what does not depend on it went on. A person must retry,
    /// skip or cancel.
    NeedsAttention,
    /// It was cancelled, and something still runs to its end.
    Cancelling,
    /// All is as planned.
    Done,
    /// It was cancelled.
    Cancelled,
}

impl JobState {
    /// Whether nothing more happens by itself or by asking.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// How a step stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Steps before it are not done.
    Waiting,
    /// It could run, and waits for a claim, a limit or its server's agent.
    Ready,
    /// Its server has it.
    Running,
    /// It failed, and is tried again at a time.
    Retrying,
    /// It takes longer than its deadline, and is left to end.
    Stuck,
    /// It is so.
    Done,
    /// It failed for good, unless someone asks.
    Failed,
    /// An admin skipped it.
    Skipped,
    /// The job was cancelled before or while it ran.
    Cancelled,
}

/// What the engine wants done. All of it may be done twice without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Hand a step to its server.
    Order {
        /// The job.
        job: JobId,
        /// The step.
        step: StepId,
        /// Which time.
        attempt: Attempt,
        /// The server.
        on: ServerId,
    },
    /// Tell a server to end a step early, if its kind allows that.
    Recall {
        /// The job.
        job: JobId,
        /// The step.
        step: StepId,
        /// Which time.
        attempt: Attempt,
        /// The server.
        on: ServerId,
    },
    /// Record [`JobEvent::TimerFired`] at this time.
    Timer {
        /// The job.
        job: JobId,
        /// The step.
        step: StepId,
        /// Which time.
        attempt: Attempt,
        /// When, milliseconds since 1970.
        at_ms: i64,
    },
}
