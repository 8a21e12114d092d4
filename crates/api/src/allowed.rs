//! What may be done to a thing, and if not, why.

use crate::server::Ref;
use model::edit::Edit;
use model::spec::Goal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is asked about.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct AllowedQuery {
    /// Name, label or id of a server, target, file system or HA cluster; a client
    /// mount is `SERVER:/MOUNT/POINT`, a pool its name.
    pub thing: Option<String>,
    /// Which of them it is, where a name could stand for several: `server`,
    /// `target`, `filesystem`, `ha-cluster`, `client`, `zpool`.
    pub noun: Option<String>,
}

/// What may be done to a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Allowed {
    /// `server`, `target`, `filesystem`, `ha-cluster`, `client`, `zpool`.
    pub noun: String,
    /// The thing.
    pub about: Ref,
    /// Its verbs, those that may not be used too.
    pub verbs: Vec<AllowedVerb>,
}

/// A verb of a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowedVerb {
    /// `drain`, `failover`, `stop`.
    pub verb: String,
    /// Whether it may be done now by whoever asks.
    pub is_allowed: bool,
    /// Why it may not be done, one sentence; none if it may.
    pub why_not: Option<String>,
    /// What a person should know before doing it.
    pub warnings: Vec<String>,
    /// What to give to `POST /plan` as `goals` for it.
    pub goals: Vec<Goal>,
    /// What to give to `POST /plan` as `edits` for it. Growing has neither:
    /// `POST /filesystems/propose` says with what.
    pub edits: Vec<Edit>,
}
