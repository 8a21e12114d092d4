//! The state, and what one report changes.

use crate::facts::Facts;
use crate::name::Name;
use crate::{device, ha, server, target};
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::{DeviceId, ServerId};
use model::inventory::{FsKey, HaKey, Inventory, TargetKey};
use model::report::Report;
use std::borrow::Borrow;
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
    /// What is shown of each file system's name.
    pub names: BTreeMap<FsName, Name>,
    pub by_label: BTreeMap<TargetLabel, BTreeSet<ServerId>>,
    pub by_device: BTreeMap<DeviceId, BTreeSet<ServerId>>,
    pub by_nid: BTreeMap<Nid, BTreeSet<ServerId>>,
    pub by_name: BTreeMap<String, BTreeSet<ServerId>>,
    pub by_ha: BTreeMap<String, BTreeSet<ServerId>>,
    /// Servers whose Pacemaker calls this name a node.
    by_node: BTreeMap<String, BTreeSet<ServerId>>,
    /// Sights that name this NID as one that serves the target.
    served: BTreeMap<Nid, BTreeSet<(TargetLabel, ServerId)>>,
    /// Sights of a target on this device.
    seats: BTreeMap<DeviceId, BTreeSet<(TargetLabel, ServerId)>>,
    /// Servers that name this NID as the MGS's, with the file system.
    mgs_named: BTreeMap<Nid, BTreeSet<(FsName, ServerId)>>,
    pub with_mgs: BTreeSet<ServerId>,
    /// Targets on a device, or on what is made of it.
    pub carries: BTreeMap<DeviceId, BTreeSet<TargetKey>>,
    /// The other way round.
    pub carried_by: BTreeMap<TargetKey, BTreeSet<DeviceId>>,
    /// Targets that a server may serve or has mounted.
    pub serves: BTreeMap<ServerId, BTreeSet<TargetKey>>,
    pub made_mgts: BTreeSet<TargetKey>,
    /// The group of servers without a cluster manager that a server is in.
    pub group_of: BTreeMap<ServerId, HaKey>,
}

/// Reports in, inventory out.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    index: Index,
    /// Shared with those who look at it for longer; copied if it changes meanwhile.
    inventory: Arc<Inventory>,
}

/// What must be looked at again.
#[derive(Debug, Default)]
struct Touched {
    labels: BTreeSet<TargetLabel>,
    /// Names of which a server shows something else.
    names: BTreeSet<FsName>,
    /// Names whose file systems may have another MGT.
    mgs_of: BTreeSet<FsName>,
    devices: BTreeSet<DeviceId>,
    servers: BTreeSet<ServerId>,
    ha: BTreeSet<String>,
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

    /// What is known now, to be kept while the detector goes on.
    pub fn shared(&self) -> Arc<Inventory> {
        Arc::clone(&self.inventory)
    }

    /// Takes a server's newest report; the server is not silent.
    pub fn put(&mut self, id: ServerId, report: Arc<Report>) -> Changed {
        self.replace(id, Some((report, false)))
    }

    /// Takes many reports at once: one rebuild of what they touch together.
    pub fn put_all(&mut self, reports: Vec<(ServerId, Arc<Report>, bool)>) -> Changed {
        let mut touched = Touched::default();
        for (id, report, is_silent) in reports {
            self.swap(id, Some((report, is_silent)), &mut touched);
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
                self.replace(id, Some((report, is_silent)))
            }
            _ => Changed::default(),
        }
    }

    fn replace(&mut self, id: ServerId, new: Option<(Arc<Report>, bool)>) -> Changed {
        let mut touched = Touched::default();
        self.swap(id, new, &mut touched);
        self.rebuild(touched)
    }

    fn swap(&mut self, id: ServerId, new: Option<(Arc<Report>, bool)>, touched: &mut Touched) {
        let index = &mut self.index;
        let old = index.facts.remove(&id);
        let new = new.map(|(report, is_silent)| Facts::of(&report, is_silent, old.as_ref()));
        touched.servers.insert(id);
        index.touch((&self.inventory, id), (old.as_ref(), new.as_ref()), touched);
        index.replace_parts(id, old.as_ref(), new.as_ref());
        if let Some(old) = &old {
            index.unlink(id, old);
        }
        if let Some(new) = new {
            index.link(id, &new);
            index.facts.insert(id, new);
        }
    }

    fn rebuild(&mut self, mut touched: Touched) -> Changed {
        let (index, inventory) = (&mut self.index, Arc::make_mut(&mut self.inventory));
        let mut changed = Changed::default();
        for id in &touched.devices {
            device::rebuild(index, inventory, id, &mut changed);
        }
        // Who sees a device decides who may serve the target on it.
        for id in &touched.devices {
            let seats = index.seats.get(id).into_iter().flatten();
            touched.labels.extend(seats.map(|(label, _)| label.clone()));
            let keys = index.carries.get(id).into_iter().flatten();
            let targets = keys.filter_map(|key| inventory.targets.get(key));
            touched
                .labels
                .extend(targets.map(|target| target.label.clone()));
        }
        let Touched {
            labels,
            mut names,
            mut mgs_of,
            mut servers,
            mut ha,
            ..
        } = touched;
        index.mark_servers(&servers);
        if labels.contains(&TargetLabel::Mgs) {
            target::rebuild_mgts(index, inventory, &mut changed, &mut servers);
            // Which MGT a file system has may be another one now.
            if !changed.targets.is_empty() {
                mgs_of.extend(index.names.keys().cloned());
            }
        }
        for name in &mgs_of {
            if let Some(of) = index.names.get_mut(name) {
                of.dirty.extend(&of.real);
            }
        }
        index.mark_labels(&labels);
        names.extend(mgs_of);
        names.extend(labels.iter().filter_map(TargetLabel::fs).cloned());
        for name in &names {
            target::rebuild_name(index, inventory, name, &mut changed, &mut servers);
        }
        let of_server = |id: &ServerId| {
            let facts = index.facts.get(id)?;
            let named = facts.names().into_iter();
            let named = named.filter_map(|name| index.by_node.get(name)).flatten();
            let keys = named.filter_map(|other| index.facts.get(other)?.ha_key.clone());
            Some(keys.chain(facts.ha_key.clone()).collect::<Vec<_>>())
        };
        ha.extend(servers.iter().filter_map(of_server).flatten());
        servers.extend(ha::rebuild_pacemaker(index, inventory, &ha, &mut changed));
        servers.extend(ha::rebuild_shared(index, inventory, &servers, &mut changed));
        for id in servers {
            server::rebuild(index, inventory, id, &mut changed);
        }
        changed
    }
}

impl Index {
    /// Notes what may follow differently when a server's facts change from old
    /// to new, in what it shows itself and in what others show of it.
    fn touch(
        &self,
        (inventory, id): (&Inventory, ServerId),
        (old, new): (Option<&Facts>, Option<&Facts>),
        touched: &mut Touched,
    ) {
        let silence = old.map(|f| f.is_silent) != new.map(|f| f.is_silent);
        let lustre = old.map(|f| &f.report.lustre) != new.map(|f| &f.report.lustre);
        let with_ha = old.map(|f| &f.report.ha) != new.map(|f| &f.report.ha);
        let nids = old.map(|f| &f.known_by) != new.map(|f| &f.known_by);
        let key = |facts: Option<&Facts>| facts.and_then(|facts| facts.ha_key.clone());
        let has_moved = key(old) != key(new);
        let old_names = old.map(Facts::names).unwrap_or_default();
        let new_names = new.map(Facts::names).unwrap_or_default();
        for facts in [old, new].into_iter().flatten() {
            if silence || lustre || with_ha || nids {
                touched.labels.extend(facts.labels.iter().cloned());
                touched.names.extend(facts.parts.keys().cloned());
                touched
                    .labels
                    .extend(facts.has_mgs.then_some(TargetLabel::Mgs));
            }
            if nids {
                self.touch_nids(facts, touched);
            }
            if has_moved && let Some(key) = &facts.ha_key {
                let members = self.by_ha.get(key).into_iter().flatten();
                members.for_each(|id| self.touch_labels(*id, touched));
            }
            if with_ha || silence || old_names != new_names {
                touched.ha.extend(facts.ha_key.clone());
            }
        }
        for name in old_names.symmetric_difference(&new_names) {
            self.touch_name(inventory, name, touched);
        }
        let shown = |facts: Option<&'_ Facts>| facts.map(|f| f.report.identity.hostname.clone());
        if shown(old) != shown(new) {
            self.touch_named(inventory, id, touched);
        }
        device::touched(old, new, silence, &mut touched.devices);
    }

    /// Whatever names this server's NIDs.
    fn touch_nids(&self, facts: &Facts, touched: &mut Touched) {
        for nid in &facts.known_by {
            let served = self.served.get(nid).into_iter().flatten();
            touched
                .labels
                .extend(served.map(|(label, _)| label.clone()));
            let own = facts.parts.values();
            let others = self.with_mgs.iter().filter_map(|id| self.facts.get(id));
            let parts = own.chain(others.flat_map(|facts| facts.parts.values()));
            let known = parts.flat_map(|part| &part.known);
            let logged = known.filter_map(|known| known.targets.by_nid.get(nid));
            touched.labels.extend(logged.flatten().cloned());
            let named = self.mgs_named.get(nid).into_iter().flatten();
            touched.mgs_of.extend(named.map(|(name, _)| name.clone()));
        }
    }

    /// Whatever shows or uses the name of a server that is here now, or no more.
    fn touch_name(&self, inventory: &Inventory, name: &str, touched: &mut Touched) {
        // A name that two servers share is shown in its long form for both.
        for other in self.by_name.get(name).into_iter().flatten() {
            self.touch_named(inventory, *other, touched);
        }
        for other in self.by_node.get(name).into_iter().flatten() {
            self.touch_labels(*other, touched);
            let facts = self.facts.get(other);
            touched.ha.extend(facts.and_then(|f| f.ha_key.clone()));
        }
    }

    fn touch_labels(&self, id: ServerId, touched: &mut Touched) {
        if let Some(facts) = self.facts.get(&id) {
            touched.labels.extend(facts.labels.iter().cloned());
        }
    }

    /// Whatever shows this server's name.
    fn touch_named(&self, inventory: &Inventory, id: ServerId, touched: &mut Touched) {
        touched.servers.insert(id);
        self.touch_labels(id, touched);
        let serves = self.serves.get(&id).into_iter().flatten();
        let targets = serves.filter_map(|key| inventory.targets.get(key));
        touched
            .labels
            .extend(targets.map(|target| target.label.clone()));
        let facts = self.facts.get(&id);
        touched
            .ha
            .extend(facts.and_then(|facts| facts.ha_key.clone()));
    }

    /// Marks servers in the groups that they are in: their reports are newer.
    fn mark_servers(&mut self, servers: &BTreeSet<ServerId>) {
        for id in servers {
            let facts = self.facts.get(id);
            for name in facts.into_iter().flat_map(|facts| facts.parts.keys()) {
                if let Some(of) = self.names.get_mut(name) {
                    of.touch_server(*id);
                }
            }
        }
    }

    /// Marks targets in the groups of the servers that show them.
    fn mark_labels(&mut self, labels: &BTreeSet<TargetLabel>) {
        for label in labels {
            let name = label.fs().and_then(|fs| self.names.get_mut(fs));
            if let Some(name) = name {
                name.touch_label(label, self.by_label.get(label));
            }
        }
    }

    fn link(&mut self, id: ServerId, facts: &Facts) {
        let names = facts.names().into_iter().map(ToOwned::to_owned);
        add_to(&mut self.by_name, names, id);
        add_to(&mut self.by_label, facts.labels.iter().cloned(), id);
        add_to(&mut self.by_device, facts.devices.keys().cloned(), id);
        add_to(&mut self.by_nid, facts.known_by.iter().cloned(), id);
        add_to(&mut self.by_ha, facts.ha_key.iter().cloned(), id);
        add_to(&mut self.by_node, facts.nodes.iter().cloned(), id);
        if facts.has_mgs {
            self.with_mgs.insert(id);
        }
        for (nid, label) in &facts.served {
            let sights = self.served.entry(nid.clone()).or_default();
            sights.insert((label.clone(), id));
        }
        for (device, label) in &facts.seats {
            let sights = self.seats.entry(device.clone()).or_default();
            sights.insert((label.clone(), id));
        }
        for (fs, part) in &facts.parts {
            for nid in &part.mgs_nids {
                let named = self.mgs_named.entry(nid.clone()).or_default();
                named.insert((fs.clone(), id));
            }
        }
    }

    fn unlink(&mut self, id: ServerId, facts: &Facts) {
        for name in facts.names() {
            drop_from(&mut self.by_name, name, &id);
        }
        for label in &facts.labels {
            drop_from(&mut self.by_label, label, &id);
        }
        for device in facts.devices.keys() {
            drop_from(&mut self.by_device, device, &id);
        }
        for nid in &facts.known_by {
            drop_from(&mut self.by_nid, nid, &id);
        }
        if let Some(key) = &facts.ha_key {
            drop_from(&mut self.by_ha, key, &id);
        }
        for node in &facts.nodes {
            drop_from(&mut self.by_node, node, &id);
        }
        self.with_mgs.remove(&id);
        for (nid, label) in &facts.served {
            drop_from(&mut self.served, nid, &(label.clone(), id));
        }
        for (device, label) in &facts.seats {
            drop_from(&mut self.seats, device, &(label.clone(), id));
        }
        for (fs, part) in &facts.parts {
            for nid in &part.mgs_nids {
                drop_from(&mut self.mgs_named, nid, &(fs.clone(), id));
            }
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

fn add_to<K: Ord>(
    map: &mut BTreeMap<K, BTreeSet<ServerId>>,
    keys: impl Iterator<Item = K>,
    id: ServerId,
) {
    for key in keys {
        map.entry(key).or_default().insert(id);
    }
}

/// Takes `value` from the set under `key`, and the set with the last of it.
pub(crate) fn drop_from<K: Ord + Borrow<Q>, Q: Ord + ?Sized, V: Ord>(
    map: &mut BTreeMap<K, BTreeSet<V>>,
    key: &Q,
    value: &V,
) {
    if let Some(values) = map.get_mut(key) {
        values.remove(value);
        if values.is_empty() {
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
