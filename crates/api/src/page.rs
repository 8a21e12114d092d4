//! Lists: one page at a time.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Rows in a page when the caller names no limit.
pub const LIMIT_DEFAULT: u32 = 100;
/// Most rows in one page.
pub const LIMIT_MAX: u32 = 1000;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass as `cursor` for the next page; null on the last.
    pub next: Option<String>,
    /// Rows that match in all.
    pub total: u64,
}

/// What every list takes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Rows at most, 1 to 1000; 100 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Skip this many rows (for scroll bars); not with `cursor`.
    pub offset: Option<u64>,
    /// Field to sort by; `-field` for the other direction.
    pub sort: Option<String>,
    /// Text that the name or another shown field must contain, any case.
    pub q: Option<String>,
    /// Only rows in this state.
    pub state: Option<String>,
    /// Only rows of this kind (`mgt`, `mdt`, `ost`; device kinds).
    pub kind: Option<String>,
    /// Only rows of this file system, by id or name.
    pub filesystem: Option<String>,
    /// Only rows that concern this server, by id or name.
    pub server: Option<String>,
}

/// Which page of a list that is neither sorted nor filtered.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows at most, 1 to 1000; 100 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Answer of an operation that has nothing else to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {}

/// Answer of `GET /api/v1/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Version of the manager.
    pub version: String,
}
