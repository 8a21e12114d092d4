//! Pools that are there already, while nothing in them is seen: made and still
//! empty, or exported, so that nobody can look inside.

use super::Resolver;
use super::existing::bars;
use super::label::Wanted;
use super::target::{Choice, pool_name};
use crate::resolved::{Hidden, TargetPlace};
use lustre::argv::target::dataset;
use lustre::label::TargetLabel;
use model::ids::{DeviceId, ServerId};
use model::inventory::HaCluster;
use model::report::HaResource;
use model::spec::BackEnd;
use std::collections::BTreeSet;

/// Layers of devices below a pool's member that are looked at: a partition, a
/// multipath map, its paths, and to spare.
const LAYERS_MAX: usize = 4;

/// What all of these have.
fn common(mut each: impl Iterator<Item = BTreeSet<ServerId>>) -> BTreeSet<ServerId> {
    let first = each.next().unwrap_or_default();
    each.fold(first, |known, next| &known & &next)
}

impl<'a> Resolver<'a> {
    /// A target whose pool is there, and is not seen itself.
    pub(super) fn in_pool(&mut self, fs: usize, wanted: &Wanted<'a>) -> Option<TargetPlace> {
        if self.spec.filesystems[fs].back_end != BackEnd::Zfs {
            return None;
        }
        let (pool, name) = self.pool_path(fs, wanted);
        match self.devices.pool(&pool) {
            Some(_) => self.half_made(fs, wanted, &pool, &name),
            None => self.hidden(fs, wanted, &pool, &name),
        }
    }

    /// Whether somebody has the pool of a target imported.
    pub(super) fn has_pool(&self, fs: usize, wanted: &Wanted<'_>) -> bool {
        let is_zfs = self.spec.filesystems[fs].back_end == BackEnd::Zfs;
        is_zfs && self.devices.pool(&self.pool_path(fs, wanted).0).is_some()
    }

    /// The pool and dataset of a target: as it is named, or as we name it.
    fn pool_path(&self, fs: usize, wanted: &Wanted<'_>) -> (String, String) {
        let named = wanted.of.devices.get(wanted.nth);
        let named = named.and_then(|text| text.strip_prefix("dataset:"));
        let path = named.and_then(|path| path.split_once('/'));
        if let Some((pool, name)) = path.and_then(|(_, path)| path.split_once('/')) {
            return (pool.to_owned(), name.to_owned());
        }
        let spec = &self.spec.filesystems[fs];
        (pool_name(spec, &wanted.label), dataset(&wanted.label))
    }

    /// A pool that is imported, and nothing in it yet.
    fn half_made(
        &mut self,
        fs: usize,
        wanted: &Wanted<'a>,
        pool: &str,
        name: &str,
    ) -> Option<TargetPlace> {
        let (home, known) = self.devices.pool(pool)?;
        self.out.servers.get(&home)?;
        // What could not be looked into is not empty; nor is what is mounted.
        self.world.report(home)?.datasets.as_ref()?;
        let key = self.key_of(fs, wanted);
        let target = key.as_ref().and_then(|key| self.world.target(key));
        if target.is_some_and(|target| !target.mounted_on.is_empty()) {
            return None;
        }
        let id = DeviceId(format!("zpool:{}", known.guid));
        let devices = self.world.inventory.devices.get(&id)?;
        let devices: Vec<DeviceId> = devices.parents.iter().cloned().collect();
        let viewers = self.reachers_of(&devices);
        let choice = Choice {
            devices,
            home,
            viewers,
        };
        let mut place = self.made(fs, wanted, choice)?;
        place.device = DeviceId(format!("dataset:{}/{pool}/{name}", known.guid));
        if let Some(of) = &mut place.pool {
            pool.clone_into(&mut of.name);
            of.exists = true;
        }
        Some(place)
    }

    /// A pool that nobody has imported: its disks carry its name.
    fn hidden(
        &mut self,
        fs: usize,
        wanted: &Wanted<'a>,
        pool: &str,
        name: &str,
    ) -> Option<TargetPlace> {
        let (guid, devices) = self.devices.members(pool)?;
        let guid = guid.to_owned();
        let devices: Vec<DeviceId> = devices.iter().cloned().collect();
        let viewers = self.viewers_of(&devices);
        let path = format!("{pool}/{name}");
        let run = self.run_by(&viewers, &path);
        let mount_point = run.and_then(|(_, resource)| resource.parameters.get("mountpoint"));
        let mount_point = mount_point.cloned();
        let preferred = run.and_then(|(cluster, of)| self.preferred(cluster, of, &viewers));
        let able = viewers.iter().copied();
        let able = able.filter(|id| self.out.servers.contains_key(id));
        let named = wanted.of.home.as_deref();
        let is_named = |id: &ServerId| {
            let server = self.out.servers.get(id);
            named.is_some() && server.map(|server| server.name.as_str()) == named
        };
        let able: Vec<ServerId> = able.collect();
        let home = able.iter().copied().find(is_named).or(preferred);
        let home = home.or_else(|| able.iter().copied().min_by_key(|id| self.places.key(*id)))?;
        let is_known = run.is_some() || self.is_known_to_mgs(&wanted.label);
        let viewers = self.reachers_of(&devices);
        let mut place = self.made(
            fs,
            wanted,
            Choice {
                devices,
                home,
                viewers,
            },
        )?;
        place.device = DeviceId(format!("dataset:{guid}/{path}"));
        if let Some(of) = &mut place.pool {
            pool.clone_into(&mut of.name);
            of.exists = true;
        }
        if let Some((cluster, resource)) = run {
            let heirs = std::mem::take(&mut place.heirs).into_iter();
            let heirs = heirs.filter(|id| !bars(self.world, cluster, resource, *id));
            place.heirs = heirs.collect();
        }
        if let Some(point) = mount_point {
            place.mount_point = point;
        }
        place.hidden = Some(if is_known {
            Hidden::Made
        } else {
            Hidden::Unknown
        });
        Some(place)
    }

    /// Servers that can reach all of these. Whoever sees a disk sees the partitions
    /// that another server has just made on it, once it looks again.
    fn reachers_of(&self, devices: &[DeviceId]) -> BTreeSet<ServerId> {
        let each = devices.iter().map(|id| self.reachers(id, LAYERS_MAX));
        common(each)
    }

    /// Servers that see a device, or all that it is made of.
    fn reachers(&self, id: &DeviceId, n_layers: usize) -> BTreeSet<ServerId> {
        let mut found: BTreeSet<ServerId> = self.world.viewers(id).collect();
        let known = self.world.inventory.devices.get(id);
        if let Some(below) = n_layers.checked_sub(1) {
            let parents = known.into_iter().flat_map(|known| &known.parents);
            found.extend(common(parents.map(|id| self.reachers(id, below))));
        }
        found
    }

    /// The Pacemaker resource that runs what lies at a path.
    fn run_by(
        &self,
        servers: &BTreeSet<ServerId>,
        path: &str,
    ) -> Option<(&'a HaCluster, &'a HaResource)> {
        let world = self.world;
        servers.iter().find_map(|id| {
            let key = world.inventory.servers.get(id)?.ha.as_ref()?;
            let cluster = world.inventory.ha_clusters.get(key)?;
            let mut all = cluster.resources.iter();
            let names = ["target", "device"];
            let found = all.find(|resource| {
                let mut values = names
                    .iter()
                    .filter_map(|name| resource.parameters.get(*name));
                values.any(|value| value == path)
            })?;
            Some((cluster, found))
        })
    }

    /// The server that constraints prefer.
    fn preferred(
        &self,
        cluster: &HaCluster,
        resource: &HaResource,
        servers: &BTreeSet<ServerId>,
    ) -> Option<ServerId> {
        let top = resource.group.as_ref().unwrap_or(&resource.id);
        let of = cluster.constraints.iter().filter(|constraint| {
            let is_its = constraint.resource == *top || constraint.resource == resource.id;
            constraint.kind == "location" && is_its
        });
        let scored = of.filter_map(|constraint| {
            let score: i64 = match constraint.score.as_str() {
                "INFINITY" | "+INFINITY" => i64::from(i32::MAX),
                text => text.parse().ok()?,
            };
            (score > 0).then_some((score, &constraint.with))
        });
        let (_, node) = scored.max_by_key(|(score, _)| *score)?;
        servers.iter().copied().find(|id| {
            let report = self.world.report(*id);
            report.is_some_and(|r| r.identity.hostname == *node || r.identity.fqdn == *node)
        })
    }

    /// Whether an MGS lists a target.
    fn is_known_to_mgs(&self, label: &TargetLabel) -> bool {
        self.devices.listed().contains(label)
    }
}
