//! High availability: what Corosync and Pacemaker print.

pub mod cfgtool;
pub mod cib;
pub mod cmapctl;
pub mod corosync_conf;
pub mod crm_mon;
pub mod crmsh;
pub mod drbd;
pub(crate) mod lines;
pub mod log;
pub mod pcs_config;
mod pcs_constraint;
pub mod quorum;
pub mod sbd;
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
        &pcs_config::KIND,
        &tools::KIND,
        &sbd::KIND,
        &log::KIND,
        &drbd::KIND,
        &status_text::CRM_MON,
        &status_text::PCS_STATUS,
    ]
}
