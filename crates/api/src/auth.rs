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
    /// Whether it may not log in, nor may its tokens be used.
    #[serde(default)]
    pub is_disabled: bool,
}

/// Body of `POST /api/v1/session/password`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewPassword {
    /// The one until now.
    pub current: String,
    /// At least 12 characters.
    pub new: String,
}

/// Body of `PATCH /api/v1/users/{id}`. What is absent stays.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeUser {
    /// Role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether it may not log in, nor may its tokens be used. Ends its sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_disabled: Option<bool>,
    /// A new password: at least 12 characters. Ends its sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
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
