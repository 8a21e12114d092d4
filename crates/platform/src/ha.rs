//! High availability: what Pacemaker prints.

pub mod cib;
pub mod crm_mon;
pub mod xml;

use stdx::reading::Kind;

/// The kinds of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![&crm_mon::KIND, &cib::KIND]
}
