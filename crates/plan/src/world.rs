//! What the planner is shown: everything known, and how fresh it is.

use model::ids::{DeviceId, ServerId};
use model::inventory::{self, Inventory, TargetKey};
use model::report::{self, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything known at one time.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// What the reports mean together.
    pub inventory: &'a Inventory,
    /// The newest report of each server.
    pub reports: &'a BTreeMap<ServerId, Arc<Report>>,
    /// Servers that may be changed; the others are only watched.
    pub managed: &'a BTreeSet<ServerId>,
    /// Servers whose agent is connected and reports.
    pub online: &'a BTreeSet<ServerId>,
    /// Now, milliseconds since 1970.
    pub now_ms: i64,
}

impl<'a> World<'a> {
    /// A server's newest report.
    pub fn report(&self, server: ServerId) -> Option<&'a Report> {
        self.reports.get(&server).map(AsRef::as_ref)
    }

    /// A server's name for people.
    pub fn name(&self, server: ServerId) -> String {
        match self.inventory.servers.get(&server) {
            Some(known) => known.name.clone(),
            None => match self.report(server) {
                Some(report) => report.identity.hostname.clone(),
                None => server.to_string(),
            },
        }
    }

    /// Whether its agent is connected.
    pub fn is_online(&self, server: ServerId) -> bool {
        self.online.contains(&server)
    }

    /// A device as one server sees it.
    pub fn device_on(&self, server: ServerId, id: &DeviceId) -> Option<&'a report::Device> {
        let devices = self.report(server)?.devices.as_ref()?;
        devices.iter().find(|device| device.id == *id)
    }

    /// A target.
    pub fn target(&self, key: &TargetKey) -> Option<&'a inventory::Target> {
        self.inventory.targets.get(key)
    }

    /// The path of a device on a server, where it sees it.
    pub fn path(&self, server: ServerId, id: &DeviceId) -> Option<&'a str> {
        let device = self.inventory.devices.get(id)?;
        device.paths.get(&server).map(String::as_str)
    }

    /// Servers that see a device.
    pub fn viewers(&self, id: &DeviceId) -> impl Iterator<Item = ServerId> + 'a {
        let device = self.inventory.devices.get(id);
        device.into_iter().flat_map(|one| one.paths.keys().copied())
    }

    /// What lies on a device, as consent names it; none where no server that is
    /// online can say.
    pub fn signature(&self, id: &DeviceId, prefer: ServerId) -> Option<String> {
        let others = self.viewers(id).filter(|other| *other != prefer);
        let mut asked = std::iter::once(prefer).chain(others);
        asked.find_map(|server| {
            let report = self.report(server)?;
            self.is_online(server)
                .then(|| model::graph::signature_seen(report, id))?
        })
    }
}
