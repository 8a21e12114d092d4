//! High availability: what Corosync and Pacemaker print.

pub mod cfgtool;
pub mod cib;
pub mod cmapctl;
pub mod corosync_conf;
pub mod crm_mon;
pub mod crmsh;
pub(crate) mod lines;
pub mod quorum;
pub mod simulate;
pub mod status;
mod status_parts;
mod status_resource;
pub mod status_text;
pub mod tools;
pub mod xml;

use stdx::reading::Kind;

/// The kinds of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &crm_mon::KIND,
        &cib::KIND,
        &corosync_conf::KIND,
        &cfgtool::KIND,
        &cmapctl::KIND,
        &quorum::KIND,
        &simulate::KIND,
        &crmsh::KIND,
        &tools::KIND,
        &status_text::CRM_MON,
        &status_text::PCS_STATUS,
    ]
}
