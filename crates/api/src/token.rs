//! Tokens: for programs, and for enrolling servers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /api/v1/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// Role it acts with; never above the caller's own.
    pub role: String,
    /// How long it lives, seconds; 30 days if absent, a year at most.
    pub ttl_s: Option<u64>,
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Role it acts with.
    pub role: String,
    /// Whose it is.
    pub user: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it ends (RFC 3339).
    pub expires_at: String,
}

/// A secret, shown once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// The record's id.
    pub id: String,
    /// The secret itself.
    pub secret: String,
    /// When it ends (RFC 3339).
    pub expires_at: String,
}

/// Body of `POST /api/v1/enrolment-tokens`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct NewEnrolmentToken {
    /// How long it lives, seconds; an hour if absent, a week at most.
    pub ttl_s: Option<u64>,
    /// Profile of the server: `monitor`, the default: it is only watched;
    /// `managed`: its agent takes orders.
    pub profile: Option<String>,
}
