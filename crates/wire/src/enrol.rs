//! What is said before there is a certificate: JSON over HTTPS, since it is
//! rare and people may want to read it.

use crate::code::Code;
use serde::{Deserialize, Serialize};

/// Profile of a server whose agent takes orders.
pub const MANAGED: &str = "managed";

/// Body of `POST /agent/v1/enrol`. It holds a secret, so it has no `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The whole token text.
    pub token: String,
    /// PKCS#10 request, PEM.
    pub csr: String,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// Boot id.
    pub boot_id: String,
    /// Host name.
    pub hostname: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Its clock, milliseconds since 1970.
    pub sent_at_ms: i64,
    /// Name of the site, in demonstrations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// The answer when all is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Granted {
    /// Id of the server.
    pub server_id: String,
    /// Its certificate, PEM.
    pub certificate: String,
    /// The CA, PEM.
    pub ca: String,
    /// When the certificate ends (RFC 3339).
    pub expires_at: String,
    /// What the server is enrolled for: [`MANAGED`], or only to be watched.
    pub profile: String,
}

/// The answer when not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// For programs.
    pub code: Code,
    /// For people: what was wrong and what to do.
    pub text: String,
}
