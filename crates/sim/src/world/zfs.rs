//! ZFS: pools over shared disks, held by one host at a time, and their datasets.
//!
//! What others call: [`import`] and [`export`].

mod create;
mod import;
mod show;

pub use import::{export, import, import_takes, imported_pools};

use super::command::{self, Part, failed, quiet};
use super::disk::{Content, DiskFault, DiskId, number_from};
use super::host::HostName;
use super::record::Happening;
use super::target::{Place, TargetData};
use super::{World, os};
use agent::host::Output;
use std::collections::BTreeMap;
use std::time::Duration;

/// The programs of ZFS.
pub const PART: Part = Part {
    name: "zfs",
    programs: &["zpool", "zfs", "zgenhostid"],
    run: |world, host, argv| {
        let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
        match (command::program(argv), words.as_slice()) {
            ("zgenhostid", words) => host_id(world, host, words),
            ("zpool", ["create", rest @ ..]) => create::create(world, host, rest),
            ("zpool", ["import", rest @ ..]) => import::by_words(world, host, rest),
            ("zpool", ["export", rest @ ..]) => {
                export(world, host, rest.last().copied().unwrap_or_default())
            }
            ("zpool", ["destroy", rest @ ..]) => {
                create::destroy(world, host, rest.last().copied().unwrap_or_default())
            }
            ("zpool", ["labelclear", path]) => create::clear_label(world, host, path),
            ("zfs", ["destroy", rest @ ..]) => {
                create::destroy_dataset(world, host, rest.last().copied().unwrap_or_default())
            }
            ("zpool", words) => show::zpool(world, host, words),
            (_, words) => show::zfs(world, host, words),
        }
    },
    takes: |world, host, argv| match (command::program(argv), argv.get(1).map(String::as_str)) {
        ("zpool", Some("import")) => {
            import_takes(world, host, argv.last().map_or("", String::as_str))
        }
        ("zpool", Some("create")) => Duration::from_secs(4),
        ("zpool", Some("export" | "destroy")) => Duration::from_secs(2),
        _ => Duration::from_millis(300),
    },
    before_down: |world, host| {
        for pool in world.pools.values_mut() {
            pool.holders.remove(host);
        }
    },
    ..Part::BARE
};

/// A pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// Its guid.
    pub guid: u64,
    /// Its vdevs, in order.
    pub vdevs: Vec<Vdev>,
    /// Properties that were set.
    pub properties: BTreeMap<String, String>,
    /// Hosts that have it imported, each with the boot in which it did.
    pub holders: BTreeMap<HostName, u32>,
    /// Who had it last, its id then, and when by its clock; none once exported.
    pub last: Option<(HostName, u32, i64)>,
    /// Whether it was destroyed.
    pub is_destroyed: bool,
    /// Its datasets by full name.
    pub datasets: BTreeMap<String, Dataset>,
}

/// A vdev.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vdev {
    /// `mirror`, `raidz2`; none for a stripe.
    pub layout: Option<String>,
    /// Its disks, each with the path under which it was given.
    pub disks: Vec<(DiskId, String)>,
}

/// A dataset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// The target on it.
    pub target: Option<TargetData>,
}

impl Pool {
    /// Whether multiple mount protection is on.
    pub fn is_multihost(&self) -> bool {
        self.properties
            .get("multihost")
            .is_some_and(|word| word == "on")
    }

    /// Room for data, roughly.
    pub fn bytes(&self, world: &World) -> u64 {
        let size = |id: &DiskId| world.disks.get(id).map_or(0, |disk| disk.bytes);
        let vdevs = self.vdevs.iter().map(|vdev| {
            let sum: u64 = vdev.disks.iter().map(|(id, _)| size(id)).sum();
            let n = u64::try_from(vdev.disks.len()).unwrap_or(1).max(1);
            match vdev.layout.as_deref() {
                Some("mirror") => sum / n,
                Some("spare" | "log" | "cache") => 0,
                Some(layout) => sum / n * (n - n.min(spares(layout))),
                None => sum,
            }
        });
        vdevs.sum()
    }

    /// Whether a disk of it answers and still belongs to it.
    fn has(&self, world: &World, id: &DiskId) -> bool {
        world.disks.get(id).is_some_and(|disk| {
            let is_member =
                matches!(&disk.content, Content::PoolMember { guid, .. } if *guid == self.guid);
            is_member && disk.fault != Some(DiskFault::Gone)
        })
    }

    /// `ONLINE`, `DEGRADED` or `UNAVAIL`, by the disks that answer.
    fn state(&self, world: &World) -> &'static str {
        let mut worst = "ONLINE";
        for vdev in &self.vdevs {
            match self.state_of(world, vdev) {
                "UNAVAIL" => return "UNAVAIL",
                "DEGRADED" => worst = "DEGRADED",
                _ => {}
            }
        }
        worst
    }

    fn state_of(&self, world: &World, vdev: &Vdev) -> &'static str {
        let missing = vdev
            .disks
            .iter()
            .filter(|(id, _)| !self.has(world, id))
            .count();
        let spare = match vdev.layout.as_deref() {
            Some("mirror") => vdev.disks.len() - 1,
            Some("spare" | "log" | "cache") => vdev.disks.len(),
            Some(layout) => usize::try_from(spares(layout)).unwrap_or(0),
            None => 0,
        };
        match missing {
            0 => "ONLINE",
            missing if missing <= spare => "DEGRADED",
            _ => "UNAVAIL",
        }
    }
}

/// Disks of a layout that may be lost.
fn spares(layout: &str) -> u64 {
    let digits = layout.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digit = digits.chars().next().and_then(|c| c.to_digit(10));
    u64::from(digit.unwrap_or(1))
}

/// The id that ZFS uses: that of `/etc/hostid`, else none.
fn spl_id(world: &World, host: &HostName) -> u32 {
    let has_file = world
        .hosts
        .get(host)
        .is_some_and(|host| host.files.contains_key("/etc/hostid"));
    if has_file {
        os::host_id(world, host)
    } else {
        0
    }
}

fn host_id(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    let Some(state) = world.hosts.get_mut(host) else {
        return quiet();
    };
    if state.files.contains_key("/etc/hostid") && !words.contains(&"-f") {
        return failed(1, "zgenhostid: /etc/hostid already exists");
    }
    let id = u32::try_from(number_from(&state.machine_id, 9) & 0xffff_fffe).unwrap_or(0) | 1;
    state
        .files
        .insert(String::from("/etc/hostid"), id.to_le_bytes().to_vec());
    world.note(Happening::FileChanged {
        host: host.clone(),
        path: String::from("/etc/hostid"),
    });
    quiet()
}

/// Whether a host holds a pool now.
fn is_held(world: &World, host: &HostName, pool: &Pool) -> bool {
    let boot = world
        .hosts
        .get(host)
        .filter(|host| host.is_up)
        .map(|host| host.boot);
    boot.is_some() && pool.holders.get(host).copied() == boot
}

/// The guid of a pool that a host has imported.
pub fn imported(world: &World, host: &HostName, name: &str) -> Option<u64> {
    let found = imported_pools(world, host)
        .into_iter()
        .find(|pool| pool.name == name);
    found.map(|pool| pool.guid)
}

/// Whether a disk belongs to a pool that a host has imported.
pub fn holds(world: &World, host: &HostName, id: &DiskId) -> bool {
    let Some(Content::PoolMember { guid, .. }) = world.disks.get(id).map(|disk| &disk.content)
    else {
        return false;
    };
    world
        .pools
        .get(guid)
        .is_some_and(|pool| is_held(world, host, pool))
}

/// Whether a target of a pool is in use on a host.
fn is_busy(world: &World, host: &HostName, guid: u64) -> bool {
    let mut here = world.lustre.on(host);
    here.any(|(_, running)| matches!(&running.place, Place::Dataset(one, _) if *one == guid))
}

/// The properties of a target, without `lustre:`, in the order of `mkfs.lustre`.
pub fn properties(data: &TargetData) -> Vec<(String, String)> {
    let mut all = data.parameters();
    all.push((String::from("version"), String::from("1")));
    all.push((String::from("flags"), data.flags().to_string()));
    all.push((String::from("index"), data.index().to_string()));
    if !data.fs().is_empty() {
        all.push((String::from("fsname"), data.fs()));
    }
    all.push((String::from("svname"), data.name()));
    all
}

/// Puts a target into a dataset, which is made; what was in it is lost.
pub fn set_target(world: &mut World, host: &HostName, place: &Place, data: TargetData) {
    let Place::Dataset(guid, name) = place else {
        return;
    };
    let Some(pool) = world.pools.get_mut(guid) else {
        return;
    };
    let old = pool
        .datasets
        .insert(name.clone(), Dataset { target: Some(data) });
    if let Some(old) = old.and_then(|old| old.target) {
        let (host, dataset) = (host.clone(), name.clone());
        world.note(Happening::DatasetErased {
            host,
            guid: *guid,
            dataset,
            before: old.name(),
        });
    }
}
