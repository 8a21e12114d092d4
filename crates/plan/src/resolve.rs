//! Makes every choice that a spec leaves open, and finds all that is wrong
//! with it at once. Deterministic: the same spec and world choose the same.

mod client;
pub(crate) mod device;
mod existing;
mod filesystem;
mod group;
mod label;
mod leave;
pub(crate) mod left_out;
mod network;
pub(crate) mod place;
mod pool;
mod select;
pub(crate) mod server;
mod target;

pub(crate) use existing::{is_barred, mount_point_of};

use crate::findings::Findings;
use crate::resolved::Resolved;
use crate::world::World;
use model::ids::ServerId;
use model::spec::{FORM, Finding, Spec};
use std::collections::BTreeMap;

/// Chooses, and finds all that is wrong. With an error among the findings the
/// result is not to be acted on.
pub fn resolve(spec: &Spec, world: World<'_>) -> (Resolved, Vec<Finding>) {
    let mut resolver = Resolver::new(spec, world);
    resolver.form();
    resolver.servers();
    resolver.groups();
    resolver.networks();
    resolver.addresses();
    resolver.filesystems();
    resolver.clients();
    (resolver.out, resolver.found.all())
}

/// What is known while choosing.
struct Resolver<'a> {
    spec: &'a Spec,
    world: World<'a>,
    found: Findings,
    out: Resolved,
    /// Servers by each of their names.
    names: BTreeMap<&'a str, Vec<ServerId>>,
    devices: device::Devices<'a>,
    places: place::Places,
}

impl<'a> Resolver<'a> {
    fn new(spec: &'a Spec, world: World<'a>) -> Self {
        let out = Resolved {
            opens_firewall: spec.policy.opens_firewall,
            has_networks: !spec.networks.is_empty(),
            time: spec
                .time
                .as_ref()
                .map(|time| time.sources.clone())
                .unwrap_or_default(),
            ..Resolved::default()
        };
        Self {
            spec,
            world,
            found: Findings::default(),
            out,
            names: server::names(world),
            devices: device::Devices::new(world),
            places: place::Places::default(),
        }
    }

    fn form(&mut self) {
        if self.spec.candela > FORM {
            let reason = format!(
                "The document has form {}; this release reads up to {FORM}.",
                self.spec.candela
            );
            let remedy = format!("Write `candela: {FORM}`, or use a newer release.");
            self.found.error("candela", reason, remedy);
        }
        if let Some(time) = &self.spec.time
            && time.sources.is_empty()
        {
            self.found.error(
                "time.sources",
                "There is a time section without a source.",
                "Name NTP servers, or leave the section out.",
            );
        }
    }

    /// The servers of a host list that are managed and listed; the others are
    /// findings.
    fn list(&mut self, path: &str, list: &str) -> Vec<ServerId> {
        let names = match stdx::hostlist::expand(list) {
            Ok(names) => names,
            Err(error) => {
                let reason = format!("{error}.");
                self.found
                    .error(path, reason, "Write a host list such as `oss[01-20],mds1`.");
                return Vec::new();
            }
        };
        let known = names.iter();
        let known: Vec<ServerId> = known.filter_map(|name| self.listed(path, name)).collect();
        known
    }

    /// The server of this name, if the spec lists it.
    fn listed(&mut self, path: &str, name: &str) -> Option<ServerId> {
        let id = self.named(path, name)?;
        if self.out.servers.contains_key(&id) {
            return Some(id);
        }
        self.found.error_of(
            path,
            name,
            "{} is not among the servers of the spec.",
            "Add it under `servers`, or take it out here.",
        );
        None
    }

    /// The server of this name.
    fn named(&mut self, path: &str, name: &str) -> Option<ServerId> {
        match self.names.get(name).map(Vec::as_slice) {
            Some([one]) => Some(*one),
            None | Some([]) => {
                self.found.error_of(
                    path,
                    name,
                    "No server called {} is known.",
                    "Enrol it first, or correct the name.",
                );
                None
            }
            Some(_) => {
                self.found.error_of(
                    path,
                    name,
                    "More than one server is called {}.",
                    "Use the fully qualified name.",
                );
                None
            }
        }
    }
}
