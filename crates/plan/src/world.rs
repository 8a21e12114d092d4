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

    /// A path of a device on a server, where it sees it: one that outlives a boot, if
    /// there is one.
    pub fn lasting_path(&self, server: ServerId, id: &DeviceId) -> Option<&'a str> {
        let Some(device) = self.device_on(server, id) else {
            return self.path(server, id);
        };
        if stability(&device.path).is_some() {
            return Some(&device.path);
        }
        let stable = stable_of(device, &[], true);
        Some(stable.unwrap_or(&device.path))
    }

    /// A path of a device that stays as it is over boots, and leads to it on its home
    /// and on each of these servers that sees it; none if there is none, or the home
    /// does not see it.
    ///
    /// A name that a server's configuration gives (`/dev/mapper/mpatha`) counts only
    /// where all of them see the device by it: on another it may be another device.
    pub fn stable_path(
        &self,
        home: ServerId,
        others: impl Iterator<Item = ServerId>,
        id: &DeviceId,
    ) -> Option<&'a str> {
        let device = self.device_on(home, id)?;
        let others: Vec<_> = others.map(|server| self.device_on(server, id)).collect();
        let is_seen_by_all = others.iter().all(Option::is_some);
        let others: Vec<&report::Device> = others.into_iter().flatten().collect();
        stable_of(device, &others, is_seen_by_all)
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

/// The best stable path of a device that it has on the others too.
fn stable_of<'a>(
    device: &'a report::Device,
    others: &[&report::Device],
    may_be_configured: bool,
) -> Option<&'a str> {
    let all = std::iter::once(&device.path).chain(&device.links);
    let ranked = all.filter_map(|path| Some((stability(path)?, path)));
    let is_shown = |path: &String, on: &report::Device| on.path == *path || on.links.contains(path);
    let fits = |(rank, path): &(Stability, &String)| {
        (may_be_configured || *rank != Stability::Configured)
            && others.iter().all(|other| is_shown(path, other))
    };
    let (_, best) = ranked.filter(fits).min()?;
    Some(best)
}

/// How far a path's name is the device's own, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stability {
    /// A map's own UUID: never one of the paths below it.
    Map,
    /// A world-wide name.
    WorldWide,
    /// Another name that the device itself tells, as its serial number.
    Own,
    /// A name that the server's configuration gives.
    Configured,
}

/// How stable a path's name is; none for one that a boot may change (`/dev/sdb`), that
/// tells where it is plugged in, or that tells what lies on it, which a copy does too.
fn stability(path: &str) -> Option<Stability> {
    let Some(name) = path.strip_prefix("/dev/disk/by-id/") else {
        let name = path.strip_prefix("/dev/mapper/")?;
        return (!name.is_empty()).then_some(Stability::Configured);
    };
    let starts = |fronts: &[&str]| fronts.iter().any(|front| name.starts_with(front));
    Some(if starts(&["dm-name-"]) {
        Stability::Configured
    } else if starts(&["dm-uuid-"]) {
        Stability::Map
    } else if starts(&["wwn-", "nvme-eui.", "nvme-uuid."]) {
        Stability::WorldWide
    } else {
        Stability::Own
    })
}
