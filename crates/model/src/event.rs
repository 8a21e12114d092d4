//! Something that happened, on a server or in the manager, and when.

use crate::ids::ServerId;
use jiff::Timestamp;
use lustre::label::TargetLabel;
use serde::{Deserialize, Serialize};

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the record.
    Info,
    /// Odd; someone should look when there is time.
    Warning,
    /// Someone must act.
    Error,
}

/// One event as an agent reports it, before the manager numbers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostEvent {
    /// When it happened, by the host's clock.
    pub at: Timestamp,
    /// How much it matters.
    pub severity: Severity,
    /// Stable dotted name of the kind: `lustre.client_evicted`, `device.added`,
    /// `target.mounted`, `zpool.state`, `host.booted`.
    pub kind: String,
    /// One sentence for people.
    pub text: String,
    /// The target it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetLabel>,
    /// The line of the source (journal, uevent), if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// One event in the manager's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the journal, from 1, without holes.
    pub seq: u64,
    /// When the manager recorded it.
    pub recorded_at: Timestamp,
    /// The server it came from; none for the manager's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerId>,
    /// Name of that server when it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Who did it, for what people did (`user:admin`, `token:ci`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub what: HostEvent,
}
