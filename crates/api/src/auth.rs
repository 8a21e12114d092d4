//! Logging in, accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /api/v1/login`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Login {
    /// Account.
    pub user: String,
    /// Password.
    pub password: String,
}

/// Who the caller is: `GET /api/v1/me`, and the answer to a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Account name.
    pub user: String,
    /// `admin`, `operator`, `viewer`.
    pub role: String,
    /// Send as `X-Csrf-Token` with each request that changes something and
    /// carries the session cookie. Absent for bearer tokens.
    pub csrf: Option<String>,
    /// Version of the manager.
    pub version: String,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
}

/// Body of `POST /api/v1/users`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewUser {
    /// Name: 1 to 64 of letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// At least 12 characters.
    pub password: String,
    /// Role.
    pub role: String,
}
