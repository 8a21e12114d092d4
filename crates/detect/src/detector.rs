//! The state, and what one report changes.

use crate::facts::Facts;
use crate::group::{Group, is_grouped_alike};
use crate::{device, filesystem, ha, server, target};
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::{DeviceId, ServerId};
use model::inventory::{FsKey, HaKey, Inventory, TargetKey};
use model::report::Report;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Keys of the inventory whose value is not what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Servers.
    pub servers: BTreeSet<ServerId>,
    /// Devices.
    pub devices: BTreeSet<DeviceId>,
    /// Targets.
    pub targets: BTreeSet<TargetKey>,
    /// File systems.
    pub filesystems: BTreeSet<FsKey>,
    /// HA clusters.
    pub ha_clusters: BTreeSet<HaKey>,
    /// Whether client mounts changed.
    pub clients: bool,
}

impl Changed {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what `other` changed.
    pub fn merge(&mut self, other: Self) {
        self.servers.extend(other.servers);
        self.devices.extend(other.devices);
        self.targets.extend(other.targets);
        self.filesystems.extend(other.filesystems);
        self.ha_clusters.extend(other.ha_clusters);
        self.clients |= other.clients;
    }
}

/// What is found by what, over all servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub facts: BTreeMap<ServerId, Facts>,
    pub by_fs: BTreeMap<FsName, BTreeSet<ServerId>>,
    pub by_label: BTreeMap<TargetLabel, BTreeSet<ServerId>>,
    pub by_device: BTreeMap<DeviceId, BTreeSet<ServerId>>,
    pub by_nid: BTreeMap<Nid, BTreeSet<ServerId>>,
    pub by_name: BTreeMap<String, BTreeSet<ServerId>>,
    pub by_ha: BTreeMap<String, BTreeSet<ServerId>>,
    /// How many servers' targets of a file system name this NID.
    pub naming: BTreeMap<Nid, BTreeMap<FsName, u32>>,
    pub with_mgs: BTreeSet<ServerId>,
    /// The file systems of a name.
    pub groups: BTreeMap<FsName, Vec<Group>>,
    /// Targets and file systems made for a file system's name.
    pub made: BTreeMap<FsName, (BTreeSet<TargetKey>, BTreeSet<FsKey>)>,
    /// Targets that a server may serve or has mounted.
    pub serves: BTreeMap<ServerId, BTreeSet<TargetKey>>,
    pub made_mgts: BTreeSet<TargetKey>,
    /// The group of servers without a cluster manager that a server is in.
    pub group_of: BTreeMap<ServerId, HaKey>,
    pub made_clients: BTreeMap<FsName, BTreeSet<(ServerId, String)>>,
}

/// Reports in, inventory out.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    index: Index,
    inventory: Inventory,
}

/// What must be looked at again.
#[derive(Debug, Default)]
struct Touched {
    filesystems: BTreeSet<FsName>,
    /// Single targets, where the groups of their file system stay as they are.
    labels: BTreeMap<FsName, BTreeSet<TargetLabel>>,
    devices: BTreeSet<DeviceId>,
    servers: BTreeSet<ServerId>,
    ha: BTreeSet<String>,
    mgs: bool,
}

impl Detector {
    /// One that knows no server.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is known now.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Takes a server's newest report; the server is not silent.
    #[allow(clippy::needless_pass_by_value, reason = "the detector keeps it")]
    pub fn put(&mut self, id: ServerId, report: Arc<Report>) -> Changed {
        self.replace(id, Some(Facts::of(&report, false)))
    }

    /// Takes many reports at once: one rebuild of what they touch together.
    pub fn put_all(&mut self, reports: Vec<(ServerId, Arc<Report>, bool)>) -> Changed {
        let mut touched = Touched::default();
        for (id, report, is_silent) in reports {
            self.swap(id, Some(Facts::of(&report, is_silent)), &mut touched);
        }
        self.rebuild(touched)
    }

    /// Forgets a server.
    pub fn remove(&mut self, id: ServerId) -> Changed {
        self.replace(id, None)
    }

    /// A silent server's facts stay, but prove nothing about now.
    pub fn set_silent(&mut self, id: ServerId, is_silent: bool) -> Changed {
        match self.index.facts.get(&id) {
            Some(facts) if facts.is_silent != is_silent => {
                let report = Arc::clone(&facts.report);
                self.replace(id, Some(Facts::of(&report, is_silent)))
            }
            _ => Changed::default(),
        }
    }

    fn replace(&mut self, id: ServerId, new: Option<Facts>) -> Changed {
        let mut touched = Touched::default();
        self.swap(id, new, &mut touched);
        self.rebuild(touched)
    }

    fn swap(&mut self, id: ServerId, new: Option<Facts>, touched: &mut Touched) {
        let old = self.index.facts.remove(&id);
        touched.servers.insert(id);
        self.touch(old.as_ref(), new.as_ref(), touched);
        let names: BTreeSet<String> = [old.as_ref(), new.as_ref()]
            .into_iter()
            .flatten()
            .map(|facts| facts.report.identity.hostname.clone())
            .collect();
        if let Some(old) = &old {
            self.index.unlink(id, old);
        }
        if let Some(new) = new {
            self.index.link(id, &new);
            self.index.facts.insert(id, new);
        }
        // A name that two servers share is shown in its long form for both.
        for other in names
            .iter()
            .filter_map(|name| self.index.by_name.get(name))
            .flatten()
        {
            if *other != id
                && let Some(facts) = self.index.facts.get(other)
            {
                touched.servers.insert(*other);
                touched
                    .filesystems
                    .extend(facts.filesystems.iter().cloned());
            }
        }
    }

    fn touch(&self, old: Option<&Facts>, new: Option<&Facts>, touched: &mut Touched) {
        let silence = old.map(|facts| facts.is_silent) != new.map(|facts| facts.is_silent);
        let identity = |facts: Option<&Facts>| facts.map(|f| f.report.identity.clone());
        let moved = silence
            || identity(old) != identity(new)
            || old.map(|facts| &facts.nids) != new.map(|facts| &facts.nids);
        let lustre = old.map(|f| &f.report.lustre) != new.map(|f| &f.report.lustre);
        let with_ha = old.map(|f| &f.report.ha) != new.map(|f| &f.report.ha);
        for facts in [old, new].into_iter().flatten() {
            if lustre || moved || with_ha {
                for fs in &facts.filesystems {
                    match (old, new) {
                        (Some(old), Some(new)) if !moved && is_grouped_alike(old, new, fs) => {
                            let labels = facts.labels.iter().filter(|l| l.fs() == Some(fs));
                            touched
                                .labels
                                .entry(fs.clone())
                                .or_default()
                                .extend(labels.cloned());
                        }
                        _ => {
                            touched.filesystems.insert(fs.clone());
                        }
                    }
                }
                touched.mgs |= facts.has_mgs;
            }
            if moved {
                let naming = facts
                    .nids
                    .iter()
                    .filter_map(|nid| self.index.naming.get(nid));
                touched
                    .filesystems
                    .extend(naming.flat_map(|by_fs| by_fs.keys().cloned()));
            }
            if with_ha || moved {
                touched.ha.extend(facts.ha_key.clone());
            }
        }
        device::touched(old, new, moved, &mut touched.devices);
    }

    fn rebuild(&mut self, touched: Touched) -> Changed {
        let (index, inventory) = (&mut self.index, &mut self.inventory);
        let mut changed = Changed::default();
        let Touched {
            mut filesystems,
            mut labels,
            mut servers,
            mut ha,
            mut mgs,
            ..
        } = touched;
        for id in &touched.devices {
            device::rebuild(index, inventory, id, &mut changed);
        }
        // Who sees a device decides who may serve the target on it.
        for id in &touched.devices {
            let on = inventory
                .devices
                .get(id)
                .into_iter()
                .flat_map(|device| &device.targets);
            for target in on.filter_map(|key| inventory.targets.get(key)) {
                match target.label.fs() {
                    Some(fs) => {
                        let of_fs = labels.entry(fs.clone()).or_default();
                        of_fs.insert(target.label.clone());
                    }
                    None => mgs = true,
                }
            }
        }
        if mgs {
            target::rebuild_mgts(index, inventory, &mut changed, &mut servers);
            // Which MGT a file system has may be another one now.
            if !changed.targets.is_empty() {
                for fs in index.groups.keys() {
                    labels.entry(fs.clone()).or_default();
                }
            }
        }
        for fs in &filesystems {
            target::rebuild_fs(index, inventory, fs, &mut changed, &mut servers);
        }
        labels.retain(|fs, _| !filesystems.contains(fs));
        for (fs, labels) in &labels {
            target::rebuild_labels(index, inventory, fs, labels, &mut changed, &mut servers);
        }
        filesystems.extend(labels.into_keys());
        ha.extend(
            servers
                .iter()
                .filter_map(|id| index.facts.get(id)?.ha_key.clone()),
        );
        servers.extend(ha::rebuild_pacemaker(index, inventory, &ha, &mut changed));
        servers.extend(ha::rebuild_shared(index, inventory, &servers, &mut changed));
        for fs in &filesystems {
            filesystem::note_clients(index, inventory, fs, &mut changed);
        }
        for id in servers {
            server::rebuild(index, inventory, id, &mut changed);
        }
        changed
    }
}

impl Index {
    fn link(&mut self, id: ServerId, facts: &Facts) {
        let identity = &facts.report.identity;
        self.by_name
            .entry(identity.hostname.clone())
            .or_default()
            .insert(id);
        if identity.fqdn != identity.hostname {
            self.by_name
                .entry(identity.fqdn.clone())
                .or_default()
                .insert(id);
        }
        for fs in &facts.filesystems {
            self.by_fs.entry(fs.clone()).or_default().insert(id);
        }
        for label in &facts.labels {
            self.by_label.entry(label.clone()).or_default().insert(id);
        }
        for device in facts.devices.keys() {
            self.by_device.entry(device.clone()).or_default().insert(id);
        }
        for nid in &facts.nids {
            self.by_nid.entry(nid.clone()).or_default().insert(id);
        }
        if let Some(key) = &facts.ha_key {
            self.by_ha.entry(key.clone()).or_default().insert(id);
        }
        if facts.has_mgs {
            self.with_mgs.insert(id);
        }
        for (fs, nids) in &facts.named_nids {
            for nid in nids {
                let by_fs = self.naming.entry(nid.clone()).or_default();
                *by_fs.entry(fs.clone()).or_insert(0) += 1;
            }
        }
    }

    fn unlink(&mut self, id: ServerId, facts: &Facts) {
        let identity = &facts.report.identity;
        drop_from(&mut self.by_name, &identity.hostname, id);
        drop_from(&mut self.by_name, &identity.fqdn, id);
        for fs in &facts.filesystems {
            drop_from(&mut self.by_fs, fs, id);
        }
        for label in &facts.labels {
            drop_from(&mut self.by_label, label, id);
        }
        for device in facts.devices.keys() {
            drop_from(&mut self.by_device, device, id);
        }
        for nid in &facts.nids {
            drop_from(&mut self.by_nid, nid, id);
        }
        if let Some(key) = &facts.ha_key {
            drop_from(&mut self.by_ha, key, id);
        }
        self.with_mgs.remove(&id);
        for (fs, nids) in &facts.named_nids {
            for nid in nids {
                self.forget_naming(nid, fs);
            }
        }
    }

    fn forget_naming(&mut self, nid: &Nid, fs: &FsName) {
        let Some(by_fs) = self.naming.get_mut(nid) else {
            return;
        };
        if let Some(count) = by_fs.get_mut(fs) {
            *count -= 1;
            if *count == 0 {
                by_fs.remove(fs);
            }
        }
        if by_fs.is_empty() {
            self.naming.remove(nid);
        }
    }

    /// The name to show for a server: short, unless two share it.
    pub fn name_of(&self, id: ServerId) -> String {
        let Some(facts) = self.facts.get(&id) else {
            return id.to_string();
        };
        let identity = &facts.report.identity;
        let shared = self
            .by_name
            .get(&identity.hostname)
            .is_some_and(|all| all.len() > 1);
        if shared && identity.fqdn != identity.hostname {
            identity.fqdn.clone()
        } else {
            identity.hostname.clone()
        }
    }

    /// The one server of this name, if there is just one. A cluster node is
    /// looked up among `within` first, since short names repeat between sites.
    pub fn server_named(&self, name: &str, within: &BTreeSet<ServerId>) -> Option<ServerId> {
        let all = self.by_name.get(name)?;
        let mut near = all.intersection(within);
        match (near.next(), near.next()) {
            (Some(one), None) => Some(*one),
            _ if all.len() == 1 => all.first().copied(),
            _ => None,
        }
    }

    /// The server that has this NID, if just one has.
    pub fn server_with(&self, nid: &Nid) -> Option<ServerId> {
        let all = self.by_nid.get(nid)?;
        if all.len() == 1 {
            all.first().copied()
        } else {
            None
        }
    }
}

fn drop_from<K: Ord>(map: &mut BTreeMap<K, BTreeSet<ServerId>>, key: &K, id: ServerId) {
    if let Some(ids) = map.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}

/// Puts `new` under `key`, or takes it away, and says whether that changed anything.
pub(crate) fn settle<K: Ord + Clone, V: PartialEq>(
    map: &mut BTreeMap<K, V>,
    key: &K,
    new: Option<V>,
) -> bool {
    match new {
        Some(value) => {
            if map.get(key) == Some(&value) {
                return false;
            }
            map.insert(key.clone(), value);
            true
        }
        None => map.remove(key).is_some(),
    }
}
