//! Codes of refusals. Each has a page in `docs/errors`.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a manager refuses an agent, or an agent a manager.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as text.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The certificate of the manager is not of the CA that the token names.
    FingerprintWrong = "enrol-fingerprint-wrong",
    /// The text is not an enrolment token.
    TokenMalformed = "enrol-token-malformed",
    /// No such token.
    TokenUnknown = "enrol-token-unknown",
    /// The token was used.
    TokenUsed = "enrol-token-used",
    /// The token's time is over.
    TokenExpired = "enrol-token-expired",
    /// Another running host has this machine-id.
    MachineCloned = "machine-id-cloned",
    /// The clock is too far from the manager's.
    ClockOff = "clock-off",
    /// The request could not be read.
    RequestBad = "enrol-request-bad",
    /// No certificate, or one the manager does not know.
    CertificateUnknown = "certificate-unknown",
    /// The server was revoked.
    ServerRevoked = "server-revoked",
    /// Neither side speaks what the other does.
    ProtocolUnknown = "protocol-unknown",
    /// The link was used out of order.
    LinkMisused = "link-misused",
    /// The manager has a fault of its own; its log says which.
    ManagerFault = "manager-fault",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
