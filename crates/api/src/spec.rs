//! The spec, its versions, and plans.

use crate::server::Ref;
pub use model::edit::Edit;
pub use model::spec::{
    BackEnd, Fencing, Finding, FsWanted, Goal, HaManager, PoolSpec, ServerWanted,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A version of the spec. Version 0 is the empty one, before anybody wrote one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpecVersion {
    /// Its number.
    pub version: u64,
    /// When it was written (RFC 3339); none for version 0.
    pub at: Option<String>,
    /// Who wrote it.
    pub author: String,
    /// Why, in their words.
    pub note: String,
}

/// A spec as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpecDocument {
    /// Which version it is.
    #[serde(flatten)]
    pub version: SpecVersion,
    /// The document: YAML or JSON.
    pub text: String,
}

/// Which version to read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SpecQuery {
    /// Its number; the last if absent.
    pub version: Option<u64>,
}

/// Which versions to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SpecVersionsQuery {
    /// `next` of the page before.
    pub cursor: Option<u64>,
    /// Versions at most, 1 to 1000; 100 if absent.
    pub limit: Option<u32>,
}

/// A spec of what is there now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpecExport {
    /// The document: YAML.
    pub text: String,
}

/// Body of `POST /api/v1/spec/check`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SpecCheck {
    /// The spec: YAML or JSON; the kept one if absent.
    pub spec: Option<String>,
}

/// All that is wrong with a spec, or should be known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpecChecked {
    /// Whether it can be planned.
    pub is_good: bool,
    /// Findings, errors first. A text that is no spec has one, at `line:column`.
    pub findings: Vec<Finding>,
}

/// Body of `POST /api/v1/spec/diff`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SpecCompare {
    /// The version to compare from; the last if absent.
    pub from: Option<u64>,
    /// The version to compare with, where no `spec` is given; the last if absent.
    pub to: Option<u64>,
    /// The document to compare with.
    pub spec: Option<String>,
}

/// Two documents, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpecDiff {
    /// The lines of both, in order.
    pub lines: Vec<DiffLine>,
}

/// A line of one document or of both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiffLine {
    /// `same`, `removed`, `added`.
    pub mark: String,
    /// The line.
    pub text: String,
}

/// Body of `POST /api/v1/plan`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PlanRequest {
    /// The spec: YAML or JSON; the kept one if absent.
    pub spec: Option<String>,
    /// Changes of that spec.
    pub edits: Vec<Edit>,
    /// What is wanted once, beside the spec.
    pub goals: Vec<Goal>,
    /// Devices that may lose what is on them.
    pub consents: Vec<ConsentGiven>,
    /// Leaves out `steps` and `consent_needed`, which are long for a large site.
    pub is_brief: bool,
}

/// A person's word that a device may lose what is on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentGiven {
    /// Id of the device.
    pub device: String,
    /// What is on it, as the plan named it.
    pub signature: String,
}

/// A plan: what will be done, and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// The same for the same steps; to be given back when it is applied.
    pub hash: String,
    /// The version of the spec that is kept now.
    pub base_version: u64,
    /// What it is for, in a few words.
    pub title: String,
    /// Whether it may be applied as it is.
    pub is_ready: bool,
    /// How many steps it has.
    #[serde(default)]
    pub n_steps: u64,
    /// What will be done. A step's number is its place.
    pub steps: Vec<PlanStep>,
    /// Servers whose enrolment ends once all of it has ended well.
    pub removes: Vec<Ref>,
    /// What cannot be done yet, and why.
    pub waiting: Vec<Waiting>,
    /// Devices for which consent must be given first.
    pub consent_needed: Vec<ConsentNeeded>,
    /// What is wrong with the spec, or should be known of it.
    pub findings: Vec<Finding>,
    /// The spec as it would be kept, where edits change it: YAML, written anew,
    /// so without the comments of the one before.
    pub spec: Option<String>,
}

/// A step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanStep {
    /// Its number, from 0.
    pub number: u32,
    /// The server that does it.
    pub server: Ref,
    /// One line: `Mount scratch-OST0001`.
    pub title: String,
    /// What kind it is: `target_mounted`.
    pub kind: String,
    /// Why the plan has it.
    pub why: String,
    /// What is run and written where nothing is so yet, in order.
    pub commands: Vec<String>,
    /// The strongest thing its commands do: `read-only`, `service`, `disk-writing`.
    pub class: String,
    /// Longest time that is normal, seconds.
    pub deadline_s: u32,
    /// Steps that must have ended well before.
    pub after: Vec<u32>,
    /// Who feels it.
    pub feels: Vec<Feels>,
    /// What undoes it.
    pub undo: String,
    /// What cancelling means while it runs.
    pub cancel: String,
    /// Devices that lose what is on them.
    pub erases: Vec<String>,
    /// The earlier step whose change it takes back at the job's end.
    pub closes: Option<u32>,
    /// What it touches beside its server.
    pub touches: Vec<Touched>,
}

/// A thing that a step touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Touched {
    /// `target`, `filesystem`, `device`, `server`, `ha-cluster`.
    pub noun: String,
    /// Its name or id.
    pub name: String,
}

/// Who feels a step, and how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feels {
    /// The file system whose clients feel it.
    pub filesystem: String,
    /// What they feel.
    pub text: String,
    /// For about how long.
    pub seconds: u32,
}

/// What cannot be done yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// What waits.
    pub what: String,
    /// What it waits for, one sentence.
    pub for_what: String,
    /// Stable code with a page in `docs/errors`.
    pub code: String,
}

/// A device that loses what is on it, once a person says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentNeeded {
    /// Id of the device.
    pub device: String,
    /// What is on it now; to be given back with the consent.
    pub signature: String,
    /// The target that is made or removed.
    pub target: String,
    /// What a person types to agree: the file system's name.
    pub word: String,
    /// The server that does it.
    pub server: Ref,
    /// What is lost, and why.
    pub why: String,
}
