//! The rows, as types.

use jiff::Timestamp;
use model::event::{HostEvent, Severity};
use model::ids::{EnrolmentId, ServerId, SessionId, TokenId, UserId};
use model::role::Role;
use wire::Sections;

/// A server that was enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Id, for its whole life.
    pub id: ServerId,
    /// `/etc/machine-id`; unique.
    pub machine_id: String,
    /// Host name at enrolment, for before the first report.
    pub name: String,
    /// Serial number of the one certificate that is good, hexadecimal; none
    /// for agents in this process.
    pub certificate: Option<String>,
    /// Serial number of the one that follows: good too, and alone from when it
    /// is first shown.
    pub certificate_next: Option<String>,
    /// The site it was enrolled under.
    pub site: Option<String>,
    /// Version of its agent when it last spoke.
    pub agent_version: String,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// When it last spoke, as far as recorded.
    pub seen_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Whether its agent takes orders; otherwise it is only watched.
    pub is_managed: bool,
}

/// The last report of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReport {
    /// Whose.
    pub server: ServerId,
    /// Its sections.
    pub sections: Sections,
}

/// An event to be put into the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// When it is recorded.
    pub recorded_at: Timestamp,
    /// The server it is about.
    pub server: Option<ServerId>,
    /// That server's name now.
    pub server_name: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// What happened.
    pub what: HostEvent,
}

/// Which events to read. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those before this position; newest first.
    pub before: Option<u64>,
    /// Only those after this position; oldest first.
    pub after: Option<u64>,
    /// Severities to keep; all if empty.
    pub severities: Vec<Severity>,
    /// Beginning of the kind.
    pub kind: Option<String>,
    /// The server.
    pub server: Option<ServerId>,
    /// The target's label.
    pub target: Option<String>,
    /// Part of the text, the source line, the server's name or the target, any case.
    pub text: Option<String>,
    /// Rows at most.
    pub limit: u32,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Name; unique, any case.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Argon2id hash, PHC text.
    pub password_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it may not log in, nor may its tokens be used.
    pub is_disabled: bool,
}

/// What is to change in an account. What is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// What it may do.
    pub role: Option<Role>,
    /// Argon2id hash, PHC text. Ends its logins.
    pub password_hash: Option<String>,
    /// Whether it may log in. Ends its logins where it may not.
    pub is_disabled: Option<bool>,
    /// The login that does not end.
    pub kept: Option<SessionId>,
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// SHA-256 of the cookie's secret.
    pub secret_hash: [u8; 32],
    /// What `X-Csrf-Token` must be.
    pub csrf: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Id.
    pub id: TokenId,
    /// Whose.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// Role it acts with.
    pub role: Role,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A token that enrols one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Id.
    pub id: EnrolmentId,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// Profile of the server.
    pub profile: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}
