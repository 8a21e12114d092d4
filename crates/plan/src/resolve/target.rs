//! Targets: the device, home and heirs of each. Those that exist keep theirs;
//! named devices come next; selectors take what is blank and left.

use super::Resolver;
use super::label::{Wanted, devices_each};
use crate::findings::some_of;
use crate::resolved::{PoolPlace, TargetPlace};
use lustre::argv::target::{dataset, mount_point};
use lustre::label::{TargetKind, TargetLabel};
use model::ids::{DeviceId, ServerId};
use model::spec::{BackEnd, FsSpec, HaManager, MgsSpec, ServerWanted};
use std::collections::{BTreeMap, BTreeSet};

/// What is chosen for a target that is to be made.
pub(super) struct Choice {
    pub devices: Vec<DeviceId>,
    pub home: ServerId,
    pub viewers: BTreeSet<ServerId>,
}

impl<'a> Resolver<'a> {
    /// Gives every wanted target its place.
    pub(super) fn targets(&mut self, wanted: &[(usize, Wanted<'a>)]) {
        let mut slots: Vec<Option<TargetPlace>> = Vec::new();
        let mut taken: BTreeMap<DeviceId, TargetLabel> = BTreeMap::new();
        for (fs, one) in wanted {
            let key = self.key_of(*fs, one);
            let is_seen = key.as_ref().and_then(|key| self.world.target(key));
            let is_seen = is_seen.is_some_and(|target| target.device.is_some());
            let slot = match key {
                Some(key) if is_seen => self.existing(*fs, &one.label, &key, Some(one)),
                key => {
                    let hidden = self.in_pool(*fs, one);
                    let is_there = key.is_some() || self.has_pool(*fs, one);
                    if hidden.is_none() && is_there {
                        self.out.filesystems[*fs].missing.push(one.label.clone());
                    }
                    hidden
                }
            };
            if let Some(place) = &slot {
                self.places.add(place.home);
            }
            slots.push(slot);
        }
        if slots.contains(&None) {
            for place in slots.iter().flatten() {
                let devices = place.pool.iter().flat_map(|pool| &pool.devices);
                for device in devices.chain([&place.device]) {
                    taken.insert(device.clone(), place.label.clone());
                }
            }
        }
        let is_missing = |resolver: &Self, fs: usize, one: &Wanted<'_>| {
            let fs = &resolver.out.filesystems[fs];
            fs.missing.contains(&one.label)
        };
        for ((fs, one), slot) in wanted.iter().zip(&mut slots) {
            let is_named = !one.of.devices.is_empty();
            if slot.is_none() && is_named && !is_missing(self, *fs, one) {
                self.pool_described(*fs, one);
                let choice = self.named_devices(one, &mut taken);
                *slot = choice.and_then(|choice| self.made(*fs, one, choice));
            }
        }
        let mut from = 0;
        while from < wanted.len() {
            let path = &wanted[from].1.path;
            let rest = &wanted[from..];
            let n = rest.iter().take_while(|(_, one)| one.path == *path).count();
            let open = (from..from + n).filter(|at| {
                let (fs, one) = &wanted[*at];
                slots[*at].is_none() && one.of.devices.is_empty() && !is_missing(self, *fs, one)
            });
            let open: Vec<usize> = open.collect();
            if !open.is_empty() {
                self.select(wanted, &open, &mut slots, &mut taken);
            }
            from += n;
        }
        let mut alone: BTreeMap<usize, Vec<TargetLabel>> = BTreeMap::new();
        for ((fs, _), slot) in wanted.iter().zip(slots) {
            if let Some(place) = slot {
                if self.has_no_heir(&place) {
                    alone.entry(*fs).or_default().push(place.label.clone());
                }
                self.put(*fs, place);
            }
        }
        for (fs, labels) in alone {
            self.tell_alone(fs, &labels);
        }
    }

    /// Whether a target is made for one server alone, though that has partners.
    fn has_no_heir(&self, place: &TargetPlace) -> bool {
        let group = place.group.map(|group| &self.out.groups[group]);
        let has_partners = group.is_some_and(|group| group.servers.len() > 1);
        place.key.is_none() && has_partners && place.heirs.is_empty()
    }

    fn tell_alone(&mut self, fs: usize, labels: &[TargetLabel]) {
        let reason = format!(
            "Only one server of its HA group sees the devices of {} now: nothing takes over what is made so.",
            some_of(labels)
        );
        let remedy = "See to cables and zoning first if it is to fail over; `candela device list` tells who sees what.";
        let path = format!("filesystems[{fs}]");
        self.found.warn(&path, reason, remedy);
    }

    pub(super) fn put(&mut self, fs: usize, place: TargetPlace) {
        let at = self.out.targets.len();
        let of = &mut self.out.filesystems[fs];
        match place.label.kind() {
            TargetKind::Mgt => of.mgt = Some(at),
            TargetKind::Mdt => of.mdts.push(at),
            TargetKind::Ost => of.osts.push(at),
        }
        self.out.targets.push(place);
    }

    /// Servers of an entry that a new target may belong on.
    pub(super) fn candidates(&self, wanted: &Wanted<'_>) -> BTreeSet<ServerId> {
        let named: BTreeSet<&String> = wanted.of.ha_groups.iter().collect();
        let all = self.out.servers.keys().copied();
        all.filter(|id| self.may_have(wanted, |group| named.contains(group), *id))
            .collect()
    }

    /// Whether a new target of an entry may belong on a server.
    pub(super) fn is_candidate(&self, wanted: &Wanted<'_>, id: ServerId) -> bool {
        self.may_have(wanted, |group| wanted.of.ha_groups.contains(group), id)
    }

    fn may_have(
        &self,
        wanted: &Wanted<'_>,
        is_group_named: impl Fn(&String) -> bool,
        id: ServerId,
    ) -> bool {
        let Some(server) = self.out.servers.get(&id) else {
            return false;
        };
        let of = server.group.and_then(|group| self.out.groups.get(group));
        let is_external = of.is_some_and(|of| of.spec.manager == HaManager::External);
        let is_named = wanted.of.ha_groups.is_empty()
            || of.is_some_and(|of| of.servers.contains(&id) && is_group_named(&of.spec.name));
        let is_home = wanted.of.home.as_deref() == Some(server.name.as_str());
        let is_serving = server.wanted == ServerWanted::InService || is_home;
        is_named && !is_external && is_serving
    }

    /// The place of a target on devices that a selector chose.
    pub(super) fn chosen(
        &mut self,
        fs: usize,
        wanted: &Wanted<'a>,
        home: ServerId,
        devices: Vec<DeviceId>,
    ) -> Option<TargetPlace> {
        let viewers = self.viewers_of(&devices);
        self.made(
            fs,
            wanted,
            Choice {
                devices,
                home,
                viewers,
            },
        )
    }

    /// A pool is only made as it is described.
    pub(super) fn pool_described(&mut self, fs: usize, wanted: &Wanted<'_>) {
        if self.spec.filesystems[fs].back_end != BackEnd::Zfs || wanted.of.zpool.is_some() {
            return;
        }
        let reason = format!(
            "{} lies on ZFS, and nothing says what its pool is made of.",
            wanted.label
        );
        let remedy = "Add `zpool: {layout: raidz2, n_devices: 10}`.";
        let path = format!("{}.zpool", wanted.path);
        self.found.error(&path, reason, remedy);
    }

    /// The place of a target on devices that were chosen.
    pub(super) fn made(
        &mut self,
        fs: usize,
        wanted: &Wanted<'a>,
        choice: Choice,
    ) -> Option<TargetPlace> {
        let spec = &self.spec.filesystems[fs];
        let Choice {
            devices,
            home,
            viewers,
        } = choice;
        let group = self.out.servers.get(&home).and_then(|server| server.group);
        let members = group.map(|group| self.out.groups[group].servers.clone());
        let mut heirs: Vec<ServerId> = members.unwrap_or_default();
        heirs.retain(|id| *id != home && viewers.contains(id));
        let is_mgs_too = is_first_mdt(&wanted.label) && spec.mgs == MgsSpec::OnMdt0;
        let (device, pool) = match spec.back_end {
            BackEnd::Ldiskfs => (devices.into_iter().next()?, None),
            BackEnd::Zfs => {
                let pool = PoolPlace {
                    name: pool_name(spec, &wanted.label),
                    exists: false,
                    layout: wanted.of.zpool.as_ref().and_then(|z| z.layout.clone()),
                    devices,
                    options: wanted
                        .of
                        .zpool
                        .as_ref()
                        .map(|zpool| zpool.options.clone())
                        .unwrap_or_default(),
                };
                let name = dataset(&wanted.label);
                (
                    DeviceId(format!("dataset:{}/{name}", pool.name)),
                    Some(pool),
                )
            }
        };
        Some(TargetPlace {
            label: wanted.label.clone(),
            fs,
            key: None,
            is_mgs_too,
            back_end: spec.back_end,
            device,
            pool,
            home,
            heirs,
            group,
            mount_point: mount_point(&wanted.label),
            hidden: None,
            mkfs_options: wanted.of.mkfs_options.clone(),
            mount_options: wanted.of.mount_options.clone(),
        })
    }

    /// Servers that see all of these.
    pub(super) fn viewers_of(&self, devices: &[DeviceId]) -> BTreeSet<ServerId> {
        let mut each = devices.iter().map(|id| self.world.viewers(id));
        let first: BTreeSet<ServerId> = each.next().into_iter().flatten().collect();
        each.fold(first, |known, next| {
            let next: BTreeSet<ServerId> = next.collect();
            known.intersection(&next).copied().collect()
        })
    }

    fn named_devices(
        &mut self,
        wanted: &Wanted<'a>,
        taken: &mut BTreeMap<DeviceId, TargetLabel>,
    ) -> Option<Choice> {
        let each = devices_each(wanted.of);
        let from = wanted.nth * each;
        let names = wanted.of.devices.iter().enumerate().skip(from).take(each);
        let mut devices = Vec::new();
        for (nth, name) in names {
            let path = format!("{}.devices[{nth}]", wanted.path);
            match self.devices.find(name) {
                Ok(id) => {
                    if self.is_usable(&path, wanted, &id, taken) {
                        devices.push(id);
                    }
                }
                Err(reason) => {
                    let remedy = "Name a device as `candela device list` shows it.";
                    self.found.error(&path, reason, remedy);
                }
            }
        }
        if devices.len() < each {
            return None;
        }
        let viewers = self.viewers_of(&devices);
        // Not all servers, for each of many thousand targets.
        let able = viewers.iter().copied();
        let mut able: Vec<ServerId> = able.filter(|id| self.is_candidate(wanted, *id)).collect();
        if let Some(name) = &wanted.of.home {
            let home = self.listed(&format!("{}.home", wanted.path), name)?;
            able.retain(|id| *id == home);
        }
        let home = able.iter().copied().min_by_key(|id| self.places.key(*id));
        let Some(home) = home else {
            let path = format!("{}.devices[{from}]", wanted.path);
            let reason = format!(
                "No server that {} may be on sees {}.",
                wanted.label, wanted.of.devices[from]
            );
            let remedy = "Name a device that its home and HA group see, or another group.";
            self.found.error(&path, reason, remedy);
            return None;
        };
        self.places.add(home);
        for device in &devices {
            taken.insert(device.clone(), wanted.label.clone());
        }
        Some(Choice {
            devices,
            home,
            viewers,
        })
    }

    fn is_usable(
        &mut self,
        path: &str,
        wanted: &Wanted<'_>,
        id: &DeviceId,
        taken: &BTreeMap<DeviceId, TargetLabel>,
    ) -> bool {
        if let Some(other) = taken.get(id) {
            let reason = format!("{id} is taken by {other}.");
            self.found
                .error(path, reason, "Give each target its own device.");
            return false;
        }
        if let Some(trouble) = self.devices.trouble(id) {
            let reason = format!("{id} cannot hold {}: {trouble}.", wanted.label);
            self.found
                .error(path, reason, "Free the device by hand, or name another.");
            return false;
        }
        true
    }
}

fn is_first_mdt(label: &TargetLabel) -> bool {
    label.kind() == TargetKind::Mdt && label.index().is_some_and(|index| index.0 == 0)
}

/// The name of a target's pool: `scratch-ost0001`. A pool's name begins with a
/// letter and with no word of `zpool`'s own.
pub(crate) fn pool_name(spec: &FsSpec, label: &TargetLabel) -> String {
    let name = format!("{}-{}", spec.name, dataset(label));
    let words = ["mirror", "raidz", "draid", "spare", "log"];
    let is_word = words.iter().any(|word| name.starts_with(word));
    if is_word || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return format!("lustre-{name}");
    }
    name
}
