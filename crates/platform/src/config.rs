//! Descriptions of sites and settings: what tools before this one were told
//! about a cluster (EXAScaler, shine, ldev, EMF, IML, Kubernetes resources),
//! and the settings of modules, LNet routes and udev.
//!
//! What a site's file says is what somebody wanted, not what is: nothing here
//! is proof that a target or a server exists. Passwords are left out.

pub mod capture_index;
pub mod emf;
pub mod exascaler;
pub mod iml_detect;
pub mod iml_state;
pub mod kubernetes;
pub mod ldev;
pub mod lnet_routes;
pub mod modprobe;
pub mod nothing;
pub mod prometheus;
pub mod shine;
pub mod udev_rules;

mod lines;
mod yaml;
mod yaml_flow;

use stdx::reading::Kind;

/// Every kind of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &exascaler::conf::KIND,
        &exascaler::json::KIND,
        &kubernetes::KIND,
        &emf::INPUT,
        &emf::PLAN,
        &iml_state::KIND,
        &iml_detect::KIND,
        &iml_detect::DESCRIPTION,
        &ldev::KIND,
        &lnet_routes::KIND,
        &modprobe::KIND,
        &udev_rules::KIND,
        &shine::MODEL,
        &shine::STORAGE,
        &shine::TUNING,
        &prometheus::KIND,
        &capture_index::KIND,
        &nothing::COMMENTS,
        &nothing::EMPTY,
    ]
}
