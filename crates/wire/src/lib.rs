//! What agents and managers say to each other, as bytes.
//!
//! A message is `postcard` in a short envelope. A report travels as sections,
//! each the JSON of one field, so that a field that the other side does not
//! know is carried past it and nothing breaks between N and N−1.
//!
//! ```text
//! byte 0  version of the encoding (1)
//! byte 1  0 plain, 1 lz4
//! [lz4: 4 bytes, size of the plain body, little endian]
//! body    postcard of ToManager or ToAgent
//! ```
//!
//! **Invariants:** variants and fields keep their place; new variants come
//! last; what must grow lives in the `extra` maps or in sections. `testdata`
//! keeps every encoding ever sent and a test reads them all.
//!
//! - [`message`]: the messages.
//! - [`order`]: steps handed out, and how they ended.
//! - [`frame`]: messages as bytes.
//! - [`section`]: a report as sections, and what changed between two.
//! - [`code`]: codes of refusals.
//! - [`enrol`]: what is said before there is a certificate.

pub mod code;
pub mod enrol;
pub mod frame;
pub mod message;
pub mod order;
pub mod section;

pub use frame::{DecodeError, EncodeError, decode, encode};
pub use message::{ToAgent, ToManager};
pub use section::{Sections, SectionsError, difference, patch, report_from, sections};

/// The protocol that this release speaks.
pub const PROTOCOL: u16 = 1;
/// The oldest that it still understands.
pub const PROTOCOL_OLDEST: u16 = 1;

/// The protocol that both sides speak, if the other is at most one away.
pub fn agree(theirs: u16) -> Option<u16> {
    let agreed = theirs.min(PROTOCOL);
    (agreed >= PROTOCOL_OLDEST && theirs <= PROTOCOL + 1).then_some(agreed)
}
