//! Targets that are there already: they keep their devices.

use super::Resolver;
use super::label::{Wanted, devices_each};
use crate::resolved::{FsPlace, PoolPlace, TargetPlace};
use crate::world::World;
use lustre::argv::target::mount_point;
use lustre::label::{FsName, TargetLabel};
use model::ids::{DeviceId, ServerId};
use model::inventory::{HaCluster, Target, TargetKey};
use model::report::HaResource;
use model::spec::{BackEnd, MgsSpec};
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// The key of a target in the inventory, if it is seen.
    pub(super) fn key_of(&self, fs: usize, wanted: &Wanted<'_>) -> Option<TargetKey> {
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
        if let Some(key) = self.mgt_of_users(fs).filter(|key| is_mgt(key)) {
            return Some(key.clone());
        }
        let mgts = all.targets.range(TargetKey(String::from("MGS"))..);
        let mgts = mgts.take_while(|(key, _)| key.0.starts_with("MGS"));
        let mut mgts = mgts.filter(|(_, target)| target.label == TargetLabel::Mgs);
        let used = |key: &TargetKey| {
            let mut others = all.filesystems.values();
            others.any(|fs| fs.mgt.as_ref() == Some(key))
        };
        mgts.find(|(key, target)| {
            let mut servers = target.servers.iter();
            let is_here = servers.any(|id| self.is_candidate(wanted, *id));
            is_here && target.device.is_some() && !used(key)
        })
        .map(|(key, _)| key.clone())
    }

    /// The MGT of file systems that use the MGS of this one: they may be there
    /// first, where this one is to be down, or is only half made.
    fn mgt_of_users(&self, fs: usize) -> Option<&TargetKey> {
        let name = self.spec.filesystems[fs].name.as_str();
        let users = self.spec.filesystems.iter();
        let users = users.filter(|one| matches!(&one.mgs, MgsSpec::Of(of) if of == name));
        let users: BTreeSet<&FsName> = users.map(|one| &one.name).collect();
        let mut seen = self.world.inventory.filesystems.values();
        seen.find_map(|known| {
            let key = known.mgt.as_ref().filter(|_| users.contains(&known.name))?;
            let servers = &self.world.target(key)?.servers;
            let is_ours = |id: &ServerId| self.out.servers.contains_key(id);
            servers.iter().any(is_ours).then_some(key)
        })
    }

    /// A target that is seen: it keeps its device, and its home where nothing
    /// else is said.
    pub(super) fn existing(
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
            let is_other = *id != home && group.is_some() && other == group;
            is_other && !is_barred(self.world, target, *id)
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
            mount_point: mount_point_of(self.world, target, label),
            hidden: None,
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
        let is_same = found.is_ok_and(|id| self.lies_on(device, &id));
        if !is_same && named != &device.0 {
            let path = format!("{}.devices[{}]", wanted.path, wanted.nth);
            let reason = format!("{} lies on {device}, not on {named}.", wanted.label);
            let remedy = "Name the device that it lies on; a target does not move by itself.";
            self.found.error(&path, reason, remedy);
        }
    }

    /// Whether a device is another, or is made of it: a dataset lies in a pool,
    /// a pool on partitions that ZFS made, and those on disks.
    fn lies_on(&self, device: &DeviceId, other: &DeviceId) -> bool {
        let mut todo = vec![device];
        let mut seen = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if id == other {
                return true;
            }
            if seen.insert(id) {
                let known = self.world.inventory.devices.get(id);
                todo.extend(known.into_iter().flat_map(|known| &known.parents));
            }
        }
        false
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
        let known = target.home.iter().chain(ours);
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
}

/// Whether Pacemaker is told for good not to run a target on a server.
pub(crate) fn is_barred(world: World<'_>, target: &Target, server: ServerId) -> bool {
    let inventory = world.inventory;
    let known = inventory.servers.get(&server);
    let key = known.and_then(|known| known.ha.as_ref());
    let cluster = key.and_then(|key| inventory.ha_clusters.get(key));
    let run = cluster
        .zip(target.ha_resource.as_ref())
        .and_then(|(of, id)| {
            let resource = of.resources.iter().find(|one| one.id == *id)?;
            Some((of, resource))
        });
    run.is_some_and(|(cluster, resource)| bars(world, cluster, resource, server))
}

/// Whether a cluster is told for good not to run a resource on a server, which did
/// not see its device when the target was made.
pub(super) fn bars(
    world: World<'_>,
    cluster: &HaCluster,
    resource: &HaResource,
    server: ServerId,
) -> bool {
    let Some(report) = world.report(server) else {
        return false;
    };
    let names = [&report.identity.hostname, &report.identity.fqdn];
    cluster.constraints.iter().any(|one| {
        let is_its = one.resource == resource.id || Some(&one.resource) == resource.group.as_ref();
        // What `crm_resource --ban` leaves is taken away again.
        let is_kept = one.kind == "location" && !one.id.starts_with("cli-");
        is_its && is_kept && one.score == "-INFINITY" && names.contains(&&one.with)
    })
}

/// Where a target is mounted, or is to be.
pub(crate) fn mount_point_of(world: World<'_>, target: &Target, label: &TargetLabel) -> String {
    let of_resource = target.ha_resource.as_ref().and_then(|id| {
        let server = target.servers.first()?;
        let key = world.inventory.servers.get(server)?.ha.as_ref()?;
        let cluster = world.inventory.ha_clusters.get(key)?;
        let resource = cluster.resources.iter().find(|r| r.id == *id)?;
        let names = ["mountpoint", "directory"];
        names.iter().find_map(|name| resource.parameters.get(*name))
    });
    let known = of_resource.or(target.mount_point.as_ref());
    known.cloned().unwrap_or_else(|| mount_point(label))
}
