//! Events and the stream of changes.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An event of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Position in the journal.
    pub seq: u64,
    /// When it was recorded (RFC 3339).
    pub recorded_at: String,
    /// When it happened, by the host's clock (RFC 3339).
    pub at: String,
    /// `info`, `warning`, `error`.
    pub severity: String,
    /// Dotted kind: `lustre.client_evicted`.
    pub kind: String,
    /// One sentence.
    pub text: String,
    /// Id of the server.
    pub server_id: Option<String>,
    /// Name of the server.
    pub server: Option<String>,
    /// Label of the target.
    pub target: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// The source line.
    pub raw: Option<String>,
}

/// What the event list takes. Newest first; `cursor` goes to older ones.
///
/// For `kind`, `q`, and conditions together, a page looks at 50,000 events: it
/// may hold few, or none, and have a `next`; `total` is of the newest 50,000.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Rows at most, 1 to 1000; 100 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Only events after this position, oldest first (for following).
    pub after: Option<u64>,
    /// Least severity.
    pub severity: Option<String>,
    /// Beginning of the kind.
    pub kind: Option<String>,
    /// Server, by id or name.
    pub server: Option<String>,
    /// Target label.
    pub target: Option<String>,
    /// Text it must contain, any case.
    pub q: Option<String>,
}

/// One message of `GET /api/v1/stream` (server-sent events; the SSE `id` is
/// `seq`, so a client resumes with `Last-Event-ID`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// Position in the stream.
    pub seq: u64,
    /// Views that changed: `servers`, `targets`, `filesystems`, `devices`,
    /// `ha-clusters`, `events`, `summary`, `spec`, `jobs`, `consoles`; `reset`
    /// when the asked position is no longer kept and everything must be read
    /// again.
    pub views: Vec<String>,
    /// Ids of rows that changed, where they are few (at most 100).
    pub ids: Vec<String>,
}
