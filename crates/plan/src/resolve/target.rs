//! Targets: the device, home and heirs of each. Those that exist keep theirs;
//! named devices come next; selectors take what is blank and left.

use super::Resolver;
use super::label::{Wanted, devices_each};
use crate::resolved::{FsPlace, MgsPlace, PoolPlace, TargetPlace};
use lustre::argv::target::{dataset, mount_point};
use lustre::label::{TargetKind, TargetLabel};
use model::ids::{DeviceId, ServerId};
use model::inventory::{Target, TargetKey};
use model::spec::{BackEnd, FsSpec, HaManager, MgsSpec, ServerWanted};
use std::collections::{BTreeMap, BTreeSet};

/// What is chosen for a target that is to be made.
struct Choice {
    devices: Vec<DeviceId>,
    home: ServerId,
    viewers: BTreeSet<ServerId>,
}

impl<'a> Resolver<'a> {
    /// Gives every wanted target its place.
    pub(super) fn targets(&mut self, wanted: &[(usize, Wanted<'a>)]) {
        let mut slots: Vec<Option<TargetPlace>> = Vec::new();
        let mut taken: BTreeMap<DeviceId, TargetLabel> = BTreeMap::new();
        for (fs, one) in wanted {
            let slot = match self.key_of(*fs, one) {
                Some(key) => self.existing(*fs, &one.label, &key, Some(one)),
                None => self.half_made(*fs, one),
            };
            if let Some(place) = &slot {
                self.places.add(place.home);
                let devices = place.pool.iter().flat_map(|pool| &pool.devices);
                for device in devices.chain([&place.device]) {
                    taken.insert(device.clone(), one.label.clone());
                }
            }
            slots.push(slot);
        }
        let is_missing = |resolver: &Self, fs: usize, one: &Wanted<'_>| {
            let fs = &resolver.out.filesystems[fs];
            fs.missing.contains(&one.label)
        };
        for ((fs, one), slot) in wanted.iter().zip(&mut slots) {
            let is_named = !one.of.devices.is_empty();
            if slot.is_none() && is_named && !is_missing(self, *fs, one) {
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
        for ((fs, _), slot) in wanted.iter().zip(slots) {
            if let Some(place) = slot {
                self.put(*fs, place);
            }
        }
    }

    fn put(&mut self, fs: usize, place: TargetPlace) {
        let at = self.out.targets.len();
        let of = &mut self.out.filesystems[fs];
        match place.label.kind() {
            TargetKind::Mgt => of.mgt = Some(at),
            TargetKind::Mdt => of.mdts.push(at),
            TargetKind::Ost => of.osts.push(at),
        }
        self.out.targets.push(place);
    }

    /// The targets of a file system that is to be gone: all that are seen.
    pub(super) fn leave(&mut self, fs: usize, spec: &FsSpec) {
        let Some(key) = self.out.filesystems[fs].key.clone() else {
            return;
        };
        let Some(seen) = self.world.inventory.filesystems.get(&key) else {
            return;
        };
        let mut keys: Vec<TargetKey> = Vec::new();
        let mgt = seen.mgt.as_ref().filter(|mgt| !seen.targets.contains(*mgt));
        if let (MgsSpec::Own(_), Some(mgt)) = (&spec.mgs, mgt) {
            let others = self.world.inventory.filesystems.iter();
            let is_shared = others
                .filter(|(other, _)| **other != key)
                .any(|(_, other)| other.mgt.as_ref() == Some(mgt));
            if is_shared {
                let path = format!("filesystems[{fs}].mgs");
                let reason = format!("The MGS of {} serves another file system too.", spec.name);
                let remedy = "Let the other one have the MGS (`own`), and this one use it (`of`).";
                self.found.error(&path, reason, remedy);
            } else {
                keys.push(mgt.clone());
            }
        }
        keys.extend(seen.targets.iter().cloned());
        for key in keys {
            let Some(target) = self.world.target(&key) else {
                continue;
            };
            if let Some(place) = self.existing(fs, &target.label, &key, None) {
                self.put(fs, place);
            }
        }
        if let MgsSpec::OnMdt0 | MgsSpec::Own(_) = spec.mgs {
            self.out.filesystems[fs].mgs = MgsPlace::Unknown;
        }
    }

    /// The key of a target in the inventory, if it is seen.
    fn key_of(&self, fs: usize, wanted: &Wanted<'_>) -> Option<TargetKey> {
        if wanted.label == TargetLabel::Mgs {
            return self.mgt_key(fs, wanted);
        }
        let of: &FsPlace = &self.out.filesystems[fs];
        let mark = of.key.as_ref()?.0.strip_prefix(of.name.as_str())?;
        let key = TargetKey(format!("{}{mark}", wanted.label));
        self.world.target(&key).is_some().then_some(key)
    }

    /// The MGT that the file system has; or, where it is not seen yet, one on
    /// the named device, or on a server of the entry that serves nobody yet.
    fn mgt_key(&self, fs: usize, wanted: &Wanted<'_>) -> Option<TargetKey> {
        let all = &self.world.inventory;
        let is_mgt = |key: &TargetKey| {
            let target = self.world.target(key);
            target.is_some_and(|target| target.label == TargetLabel::Mgs)
        };
        let of = self.out.filesystems[fs].key.as_ref();
        if let Some(seen) = of.and_then(|key| all.filesystems.get(key)) {
            return seen.mgt.clone().filter(is_mgt);
        }
        if let Some(device) = wanted.of.devices.first() {
            let device = all.devices.get(&self.devices.find(device).ok()?)?;
            return device.targets.iter().find(|key| is_mgt(key)).cloned();
        }
        let allowed = self.candidates(wanted);
        let mut mgts = all.targets.iter();
        let mut mgts =
            std::iter::from_fn(move || mgts.find(|(_, target)| target.label == TargetLabel::Mgs));
        let used = |key: &TargetKey| {
            let mut others = all.filesystems.values();
            others.any(|fs| fs.mgt.as_ref() == Some(key))
        };
        mgts.find(|(key, target)| {
            let is_here = target.servers.iter().any(|id| allowed.contains(id));
            is_here && target.device.is_some() && !used(key)
        })
        .map(|(key, _)| key.clone())
    }

    /// A target that is seen: it keeps its device, and its home where nothing
    /// else is said.
    fn existing(
        &mut self,
        fs: usize,
        label: &TargetLabel,
        key: &TargetKey,
        wanted: Option<&Wanted<'_>>,
    ) -> Option<TargetPlace> {
        let target = self.world.target(key)?;
        let Some(device) = target.device.clone() else {
            self.out.filesystems[fs].missing.push(label.clone());
            return None;
        };
        let path = wanted.map_or_else(|| format!("filesystems[{fs}]"), |w| w.path.clone());
        if let Some(wanted) = wanted {
            self.same_device(wanted, &device);
        }
        let ours = target.servers.iter().copied();
        let ours: Vec<ServerId> = ours
            .filter(|id| self.out.servers.contains_key(id))
            .collect();
        let home = self.home_of(&path, target, wanted, &ours)?;
        let group = self.out.servers.get(&home).and_then(|server| server.group);
        let heirs = ours.iter().copied().filter(|id| {
            let other = self.out.servers.get(id).and_then(|server| server.group);
            *id != home && group.is_some() && other == group
        });
        let back_end = match target.back_end.as_deref() {
            Some("zfs") => BackEnd::Zfs,
            _ => BackEnd::Ldiskfs,
        };
        Some(TargetPlace {
            label: label.clone(),
            fs,
            key: Some(key.clone()),
            is_mgs_too: target.is_mgs_too,
            back_end,
            pool: self.pool_of(back_end, &device),
            home,
            heirs: heirs.collect(),
            group,
            mount_point: self.mount_point_of(target, label),
            mkfs_options: wanted.and_then(|one| one.of.mkfs_options.clone()),
            mount_options: wanted.and_then(|one| one.of.mount_options.clone()),
            device,
        })
    }

    /// Whether the spec names the device that the target is on.
    fn same_device(&mut self, wanted: &Wanted<'_>, device: &DeviceId) {
        let Some(named) = wanted.of.devices.get(wanted.nth * devices_each(wanted.of)) else {
            return;
        };
        let found = self.devices.find(named);
        let known = self.world.inventory.devices.get(device);
        let mut pools = known.into_iter().flat_map(|device| &device.parents);
        let is_same = found.as_ref().is_ok_and(|id| {
            let in_pool = pools.any(|pool| {
                let pool = self.world.inventory.devices.get(pool);
                pool.is_some_and(|pool| pool.parents.contains(id))
            });
            id == device || in_pool
        });
        if !is_same && named != &device.0 {
            let path = format!("{}.devices[{}]", wanted.path, wanted.nth);
            let reason = format!("{} lies on {device}, not on {named}.", wanted.label);
            let remedy = "Name the device that it lies on; a target does not move by itself.";
            self.found.error(&path, reason, remedy);
        }
    }

    fn home_of(
        &mut self,
        path: &str,
        target: &Target,
        wanted: Option<&Wanted<'_>>,
        ours: &[ServerId],
    ) -> Option<ServerId> {
        let named = wanted.and_then(|one| one.of.home.as_ref());
        if let Some(name) = named {
            let path = format!("{path}.home");
            let id = self.listed(&path, name)?;
            if !ours.contains(&id) {
                let reason = format!("{name} cannot serve {}: it does not see it.", target.label);
                self.found
                    .error(&path, reason, "Name a server that sees the device.");
                return None;
            }
            return Some(id);
        }
        let known = target.home.iter().chain(&target.mounted_on).chain(ours);
        let home = known.into_iter().find(|id| ours.contains(id)).copied();
        if home.is_none() {
            let names: Vec<String> = target
                .servers
                .iter()
                .map(|id| self.world.name(*id))
                .collect();
            let reason = format!(
                "{} is there already, on servers that the spec does not list ({}).",
                target.label,
                names.join(", ")
            );
            self.found.error(
                path,
                reason,
                "List them under `servers`, or take the target out.",
            );
        }
        home
    }

    fn mount_point_of(&self, target: &Target, label: &TargetLabel) -> String {
        let of_resource = target.ha_resource.as_ref().and_then(|id| {
            let server = target.servers.first()?;
            let key = self.world.inventory.servers.get(server)?.ha.as_ref()?;
            let cluster = self.world.inventory.ha_clusters.get(key)?;
            let resource = cluster.resources.iter().find(|r| r.id == *id)?;
            let names = ["mountpoint", "directory"];
            names.iter().find_map(|name| resource.parameters.get(*name))
        });
        let known = of_resource.or(target.mount_point.as_ref());
        known.cloned().unwrap_or_else(|| mount_point(label))
    }

    /// The pool that a dataset is in.
    fn pool_of(&self, back_end: BackEnd, device: &DeviceId) -> Option<PoolPlace> {
        if back_end != BackEnd::Zfs {
            return None;
        }
        let path = device.0.strip_prefix("dataset:")?;
        let (guid, rest) = path.split_once('/')?;
        let name = rest.split('/').next()?.to_owned();
        let pool = DeviceId(format!("zpool:{guid}"));
        let known = self.world.inventory.devices.get(&pool);
        Some(PoolPlace {
            name,
            exists: true,
            layout: None,
            devices: known
                .map(|pool| pool.parents.iter().cloned().collect())
                .unwrap_or_default(),
            options: Vec::new(),
        })
    }

    /// Servers of an entry that a new target may belong on.
    pub(super) fn candidates(&self, wanted: &Wanted<'_>) -> BTreeSet<ServerId> {
        let groups = &self.out.groups;
        let is_in = |id: &ServerId, group: Option<usize>| {
            let of = group.and_then(|group| groups.get(group));
            let is_external = of.is_some_and(|of| of.spec.manager == HaManager::External);
            let named = &wanted.of.ha_groups;
            let is_named = named.is_empty()
                || of.is_some_and(|of| of.servers.contains(id) && named.contains(&of.spec.name));
            is_named && !is_external
        };
        let all = self.out.servers.iter();
        all.filter(|(id, server)| {
            let is_home = wanted.of.home.as_deref() == Some(server.name.as_str());
            is_in(id, server.group) && (server.wanted == ServerWanted::InService || is_home)
        })
        .map(|(id, _)| *id)
        .collect()
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

    /// The place of a target on devices that were chosen.
    fn made(&mut self, fs: usize, wanted: &Wanted<'a>, choice: Choice) -> Option<TargetPlace> {
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
            mkfs_options: wanted.of.mkfs_options.clone(),
            mount_options: wanted.of.mount_options.clone(),
        })
    }

    /// A target whose pool was made, and nothing in it yet.
    fn half_made(&mut self, fs: usize, wanted: &Wanted<'a>) -> Option<TargetPlace> {
        let spec = &self.spec.filesystems[fs];
        if spec.back_end != BackEnd::Zfs {
            return None;
        }
        let name = pool_name(spec, &wanted.label);
        let (home, pool) = self.devices.pool(&name)?;
        self.out.servers.get(&home)?;
        let id = DeviceId(format!("zpool:{}", pool.guid));
        let known = self.world.inventory.devices.get(&id)?;
        let devices: Vec<DeviceId> = known.parents.iter().cloned().collect();
        let viewers = self.viewers_of(&devices);
        let mut place = self.made(
            fs,
            wanted,
            Choice {
                devices,
                home,
                viewers,
            },
        )?;
        place.device = DeviceId(format!(
            "dataset:{}/{name}/{}",
            pool.guid,
            dataset(&wanted.label)
        ));
        if let Some(pool) = &mut place.pool {
            pool.exists = true;
        }
        Some(place)
    }

    /// Servers that see all of these.
    fn viewers_of(&self, devices: &[DeviceId]) -> BTreeSet<ServerId> {
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
        let candidates = self.candidates(wanted);
        let able = viewers.intersection(&candidates).copied();
        let mut able: Vec<ServerId> = able.collect();
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
