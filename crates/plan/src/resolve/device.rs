//! Devices: which are free, and what keeps the others from being taken.

use crate::world::World;
use lustre::label::TargetLabel;
use model::ids::{DeviceId, ServerId};
use model::inventory;
use model::report::{Device, DeviceKind, Zpool};
use model::spec::Selector;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// Devices of the world, indexed when first asked for: a spec whose targets all
/// exist never asks.
pub(crate) struct Devices<'a> {
    world: World<'a>,
    parents: OnceCell<BTreeSet<&'a DeviceId>>,
    maps: OnceCell<BTreeMap<&'a DeviceId, &'a DeviceId>>,
    mounted: OnceCell<BTreeSet<(ServerId, &'a str)>>,
    by_path: OnceCell<BTreeMap<&'a str, BTreeSet<&'a DeviceId>>>,
    pools: OnceCell<BTreeMap<&'a str, (ServerId, &'a Zpool)>>,
    members: OnceCell<BTreeMap<&'a str, Members<'a>>>,
    listed: OnceCell<BTreeSet<&'a TargetLabel>>,
}

/// A pool's guid and disks.
type Members<'a> = (&'a str, BTreeSet<DeviceId>);

impl<'a> Devices<'a> {
    pub fn new(world: World<'a>) -> Self {
        Self {
            world,
            parents: OnceCell::new(),
            maps: OnceCell::new(),
            mounted: OnceCell::new(),
            by_path: OnceCell::new(),
            pools: OnceCell::new(),
            members: OnceCell::new(),
            listed: OnceCell::new(),
        }
    }

    /// The device that a text of the spec means: an id, or a path or link that
    /// means one device on every managed server that has it. A disk behind
    /// several paths is its multipath map.
    pub fn find(&self, text: &str) -> Result<DeviceId, String> {
        let id = self.named(text)?;
        let maps = self.maps.get_or_init(|| {
            let devices = self.world.inventory.devices.iter();
            let maps = devices.filter(|(_, device)| device.kind == DeviceKind::Multipath);
            let pairs = maps.flat_map(|(id, map)| map.parents.iter().map(move |path| (path, id)));
            pairs.collect()
        });
        Ok(maps.get(&id).map_or(id, |map| (*map).clone()))
    }

    fn named(&self, text: &str) -> Result<DeviceId, String> {
        let id = DeviceId(text.to_owned());
        if self.world.inventory.devices.contains_key(&id) {
            return Ok(id);
        }
        let by_path = self.by_path.get_or_init(|| self.index_paths());
        let ids: Vec<_> = by_path.get(text).into_iter().flatten().collect();
        match ids.as_slice() {
            [one] => Ok((**one).clone()),
            [] => Err(format!("No managed server sees a device {text}.")),
            _ => Err(format!("{text} is another device on each server.")),
        }
    }

    fn index_paths(&self) -> BTreeMap<&'a str, BTreeSet<&'a DeviceId>> {
        let mut found: BTreeMap<&str, BTreeSet<&DeviceId>> = BTreeMap::new();
        for id in self.world.managed {
            let devices = self.world.report(*id).and_then(|r| r.devices.as_ref());
            for device in devices.into_iter().flatten() {
                let links = device.links.iter().chain([&device.path]);
                for link in links {
                    found.entry(link).or_default().insert(&device.id);
                }
            }
        }
        found
    }

    /// Why a device cannot be a target's, whatever an operator says; none if
    /// it can (with consent, if something is on it).
    pub fn trouble(&self, id: &DeviceId) -> Option<String> {
        match self.world.inventory.devices.get(id) {
            Some(device) => self.trouble_of(id, device),
            None => Some(String::from("No server sees it")),
        }
    }

    fn trouble_of(&self, id: &DeviceId, device: &inventory::Device) -> Option<String> {
        if let Some(target) = device.targets.first() {
            return Some(format!("It holds {}", target.0));
        }
        if matches!(
            device.kind,
            DeviceKind::Rom | DeviceKind::Zpool | DeviceKind::Dataset
        ) {
            return Some(String::from("It is not a disk"));
        }
        if self.is_part_of_another(id) {
            return Some(String::from(
                "It carries partitions, volumes, a pool or another device",
            ));
        }
        let viewers = device.paths.keys().copied();
        viewers.into_iter().find_map(|server| {
            let seen = self.world.device_on(server, id)?;
            let name = || self.world.name(server);
            if seen.is_read_only {
                return Some(format!("It is read-only on {}", name()));
            }
            let is_mounted = self.is_mounted(server, seen);
            is_mounted.then(|| format!("It is mounted on {}", name()))
        })
    }

    fn is_part_of_another(&self, id: &DeviceId) -> bool {
        let parents = self.parents.get_or_init(|| {
            let devices = self.world.inventory.devices.values();
            devices.flat_map(|device| &device.parents).collect()
        });
        parents.contains(id)
    }

    fn is_mounted(&self, server: ServerId, device: &Device) -> bool {
        let mounted = self.mounted.get_or_init(|| {
            let mut found = BTreeSet::new();
            for (id, report) in self.world.reports {
                let mounts = report.mounts.iter().flatten();
                found.extend(mounts.map(|mount| (*id, mount.source.as_str())));
            }
            found
        });
        let paths = device.links.iter().chain([&device.path]);
        paths
            .into_iter()
            .any(|p| mounted.contains(&(server, p.as_str())))
    }

    /// Blank whole devices of a server, those that most of the group see first,
    /// then in the order people count them.
    pub fn blank(&self, server: ServerId, group: &[ServerId]) -> Vec<DeviceId> {
        let report = self.world.report(server);
        let devices = report.and_then(|report| report.devices.as_ref());
        let blank = devices.into_iter().flatten().filter_map(|device| {
            let is_whole = matches!(
                device.kind,
                DeviceKind::Disk | DeviceKind::Multipath | DeviceKind::MdRaid
            );
            if !is_whole || device.content.is_some() || device.size_bytes == 0 {
                return None;
            }
            let known = self.world.inventory.devices.get(&device.id)?;
            // One server may have read what another could not.
            let is_blank = known.content.is_none() && self.trouble_of(&device.id, known).is_none();
            is_blank.then_some((device, known))
        });
        let mut found: Vec<(&Device, &inventory::Device)> = blank.collect();
        found.sort_by_cached_key(|(device, known)| {
            let n_viewers = known.paths.keys().filter(|id| group.contains(id)).count();
            let path = (device.path.len(), device.path.as_str());
            (std::cmp::Reverse(n_viewers), path, &device.id)
        });
        let ids = found.into_iter().map(|(device, _)| device.id.clone());
        ids.collect()
    }

    /// Whether a selector takes a device.
    pub fn matches(&self, id: &DeviceId, server: ServerId, select: &Selector) -> bool {
        let Some(device) = self.world.device_on(server, id) else {
            return false;
        };
        let is_big = select.bytes_min.is_none_or(|min| device.size_bytes >= min);
        let is_small = select.bytes_max.is_none_or(|max| device.size_bytes <= max);
        let is_model = select.model.as_ref().is_none_or(|part| {
            let model = device.model.as_deref().unwrap_or_default();
            model
                .to_ascii_lowercase()
                .contains(&part.to_ascii_lowercase())
        });
        let spins = select
            .is_rotational
            .is_none_or(|wanted| device.is_rotational == Some(wanted));
        is_big && is_small && is_model && spins
    }

    /// Guid and disks of a pool, by what is written on them.
    pub fn members(&self, name: &str) -> Option<(&'a str, &BTreeSet<DeviceId>)> {
        let found = self.all_members().get(name);
        found.map(|(guid, disks)| (*guid, disks))
    }

    /// Names of all pools that are imported, or that disks tell of.
    pub fn pool_names(&self) -> impl Iterator<Item = &'a str> {
        let on_disks = self.all_members().keys();
        on_disks.chain(self.all_pools().keys()).copied()
    }

    fn all_members(&self) -> &BTreeMap<&'a str, Members<'a>> {
        self.members.get_or_init(|| {
            let mut found: BTreeMap<&str, Members<'a>> = BTreeMap::new();
            for id in self.world.managed {
                let devices = self.world.report(*id).and_then(|r| r.devices.as_ref());
                let of_zfs = devices.into_iter().flatten();
                let of_zfs = of_zfs.filter(|one| one.content.as_deref() == Some("zfs_member"));
                for device in of_zfs {
                    let names = device.label.as_deref().zip(device.uuid.as_deref());
                    if let Some((name, guid)) = names {
                        let of = found.entry(name).or_insert((guid, BTreeSet::new()));
                        of.1.insert(device.id.clone());
                    }
                }
            }
            found
        })
    }

    /// Targets that an MGS lists.
    pub fn listed(&self) -> &BTreeSet<&'a TargetLabel> {
        self.listed.get_or_init(|| {
            let reports: &'a BTreeMap<_, _> = self.world.reports;
            let of = reports.values().flat_map(|report| &report.lustre);
            let lists = of.flat_map(|lustre| &lustre.mgs);
            let targets = lists.flat_map(|list| &list.targets);
            targets.map(|target| &target.label).collect()
        })
    }

    /// A pool that is imported somewhere, by name.
    pub fn pool(&self, name: &str) -> Option<(ServerId, &'a Zpool)> {
        self.all_pools().get(name).copied()
    }

    fn all_pools(&self) -> &BTreeMap<&'a str, (ServerId, &'a Zpool)> {
        self.pools.get_or_init(|| {
            let mut found = BTreeMap::new();
            for id in self.world.managed {
                let pools = self.world.report(*id).and_then(|r| r.zpools.as_ref());
                for pool in pools.into_iter().flatten() {
                    found.insert(pool.name.as_str(), (*id, pool));
                }
            }
            found
        })
    }
}
