//! Errors, as problem documents (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request failed and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `/docs/errors/CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Stable code with a page in `docs/errors`.
    pub code: String,
    /// What happened, one sentence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What exactly was wrong with this request.
    pub detail: String,
    /// What to do next.
    pub remedy: String,
}
