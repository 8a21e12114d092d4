//! The one list of ids for what we name. Lustre's own names are in `lustre`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A server, for its whole life in the manager; given at enrolment.
    ServerId
    /// A person's or program's account.
    UserId
    /// An API token (its record, not its secret).
    TokenId
    /// An enrolment token (its record, not its secret).
    EnrolmentId
    /// A plan that runs.
    JobId
    /// A login session (its record, not its secret).
    SessionId
}

/// What makes one block device the same from every server and after every boot.
///
/// Text with a prefix that says what it is made of, best first:
/// `wwn:0x5000c500a0000004`, `serial:MODEL_SERIAL`, `dm:UUID`, `lv:VGUUID/LVUUID`,
/// `md:UUID`, `zpool:GUID`, `part:PARENT/N`, and last `path:HOST/dev/sda`,
/// which is only as stable as the host's naming and never joins two servers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(pub String);

impl DeviceId {
    /// Whether two servers that report this id see one device.
    pub fn is_shareable(&self) -> bool {
        !self.0.starts_with("path:")
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
