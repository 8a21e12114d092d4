//! Jobs: plans that run.

use crate::spec::{ConsentGiven, PlanStep};
use model::edit::Edit;
pub use model::job::{Failure, JobState, StepState};
use model::spec::Goal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /api/v1/jobs`: apply a plan that was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct NewJob {
    /// The spec: YAML or JSON; the kept one if absent. It becomes the next version.
    pub spec: Option<String>,
    /// The version of the spec that the plan was made upon.
    pub base_version: u64,
    /// Why, in your words; kept with the version.
    pub note: String,
    /// Changes of that spec, as they were planned.
    pub edits: Vec<Edit>,
    /// What is wanted once, beside the spec.
    pub goals: Vec<Goal>,
    /// Devices that may lose what is on them.
    pub consents: Vec<ConsentGiven>,
    /// The plan's hash, as it was shown.
    pub plan_hash: String,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobMade {
    /// The job; none where there was nothing to do.
    pub id: Option<String>,
    /// The version of the spec that is kept now.
    pub spec_version: u64,
}

/// Filters of jobs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Rows at most, 1 to 1000; 100 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Skip this many rows (for scroll bars); not with `cursor`.
    pub offset: Option<u64>,
    /// Only jobs in this state: `running`, `needs_attention`, `cancelling`, `done`,
    /// `cancelled`; `open` for all that have not ended.
    pub state: Option<String>,
    /// Text that the title, the id or who asked must contain, any case.
    pub q: Option<String>,
}

/// Which steps of a job to read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct StepsQuery {
    /// Only steps whose state is of this time (RFC 3339) or later; all if absent.
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<u32>,
    /// Steps at most, 1 to 1000; 1000 if absent.
    pub limit: Option<u32>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Id.
    pub id: String,
    /// What it is for.
    pub title: String,
    /// How it stands.
    pub state: JobState,
    /// Who asked for it: `user:admin`.
    pub by: String,
    /// When (RFC 3339).
    pub submitted_at: String,
    /// When it ended (RFC 3339).
    pub ended_at: Option<String>,
    /// Steps that are over.
    pub n_over: u64,
    /// Steps in all.
    pub n_steps: u64,
    /// Steps that failed and are not retried by themselves.
    pub n_failed: u64,
    /// What it waits for, one sentence; none if something of it runs.
    pub waits_for: Option<String>,
}

/// A job with its steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobDetail {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// Its steps, in the order of their numbers.
    pub steps: Vec<JobStep>,
    /// Where the next page of them begins; none if this is the last.
    #[serde(default)]
    pub next: Option<u32>,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobStep {
    /// As it was planned.
    #[serde(flatten)]
    pub plan: PlanStep,
    /// How it stands.
    pub state: StepState,
    /// Since when (RFC 3339).
    pub since: String,
    /// How often it was handed out.
    pub attempt: u32,
    /// Why it failed last.
    pub failure: Option<Failure>,
    /// Whether anything had to be changed, once it is done.
    pub is_changed: Option<bool>,
    /// What was seen at the end.
    pub seen: Option<String>,
    /// What it waits for, one sentence.
    pub waits_for: Option<String>,
}

/// Where to begin reading a console.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ConsoleQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A line of a step's console: a command, or a file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsoleLine {
    /// Which attempt of the step.
    pub attempt: u32,
    /// Its number in that attempt.
    pub number: u32,
    /// When it ended, by the host's clock (RFC 3339).
    pub at: String,
    /// The command line.
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

/// Body of `POST /api/v1/jobs/{id}/retry`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RetryJob {
    /// Which step; all that failed if absent.
    pub step: Option<u32>,
}

/// Body of `POST /api/v1/jobs/{id}/skip`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SkipStep {
    /// Which step.
    pub step: u32,
    /// Why it does not matter.
    pub reason: String,
}

/// Body of `PUT /api/v1/secrets/{name}`. It holds a secret, so it has no `Debug`.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct NewSecret {
    /// The secret.
    pub secret: String,
}

/// A secret's name; its content is given to servers only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretName {
    /// Its name.
    pub name: String,
}
