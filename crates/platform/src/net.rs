//! The network: interfaces and addresses.

pub mod ip_addr;

use stdx::reading::Kind;

/// The kinds of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![&ip_addr::KIND]
}
