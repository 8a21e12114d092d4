//! Descriptions of sites and settings: what tools before this one were told
//! about a cluster (EXAScaler, shine, ldev, EMF, IML, Kubernetes resources),
//! the settings of modules, LNet routes, udev, systemd, Slurm, Samba and
//! Ganesha, inventories of Ansible, lists of hosts, and recordings of LMT.
//!
//! What a site's file says is what somebody wanted, not what is: nothing here
//! is proof that a target or a server exists. Passwords are left out.

pub mod ansible;
pub mod capture_index;
pub mod cerebro;
pub mod emf;
pub mod exascaler;
pub mod ganesha;
pub mod host_names;
pub mod iml_detect;
pub mod iml_state;
pub mod kubernetes;
pub mod ldev;
pub mod lnet_routes;
pub mod modprobe;
pub mod nothing;
pub mod prometheus;
pub mod samba;
pub mod shine;
pub mod slurm;
pub mod systemd_unit;
pub mod udev_rules;

mod ini;
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
        &cerebro::KIND,
        &systemd_unit::KIND,
        &ansible::KIND,
        &host_names::HOSTS,
        &host_names::LISTS,
        &slurm::KIND,
        &samba::KIND,
        &ganesha::KIND,
        &nothing::COMMENTS,
        &nothing::EMPTY,
    ]
}
