//! Making and destroying pools and datasets.

use super::import::hold;
use super::{Pool, Vdev, imported, is_busy, spl_id};
use crate::world::World;
use crate::world::command::{failed, quiet};
use crate::world::disk::{self, Content, DiskFault, DiskId, number_from};
use crate::world::host::HostName;
use crate::world::record::Happening;
use crate::world::target::{Place, TargetData};
use agent::host::Output;
use std::collections::BTreeMap;

/// What `zpool create` was told.
struct Wanted {
    name: String,
    is_forced: bool,
    properties: BTreeMap<String, String>,
    vdevs: Vec<(Option<String>, Vec<String>)>,
}

fn wanted(words: &[&str]) -> Option<Wanted> {
    let (mut is_forced, mut properties, mut rest) = (false, BTreeMap::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-f" => is_forced = true,
            "-o" => {
                let (key, value) = words.next()?.split_once('=')?;
                properties.insert(key.to_owned(), value.to_owned());
            }
            "-O" | "-m" => {
                words.next();
            }
            word => rest.push(word),
        }
    }
    let (name, members) = rest.split_first()?;
    let mut vdevs: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for member in members {
        let is_layout = [
            "mirror", "raidz", "draid", "spare", "log", "cache", "special",
        ]
        .iter()
        .any(|layout| member.starts_with(layout));
        if is_layout {
            vdevs.push((Some((*member).to_owned()), Vec::new()));
            continue;
        }
        match vdevs.last_mut() {
            Some((Some(_), disks)) => disks.push((*member).to_owned()),
            // Each disk of a stripe is a vdev of its own.
            _ => vdevs.push((None, vec![(*member).to_owned()])),
        }
    }
    Some(Wanted {
        name: (*name).to_owned(),
        is_forced,
        properties,
        vdevs,
    })
}

/// Answers `zpool create`.
pub fn create(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    let Some(wanted) = wanted(words).filter(|wanted| !wanted.vdevs.is_empty()) else {
        return failed(
            2,
            "missing vdev specification\nusage:\n\tcreate [-fnd] [-o property=value] ...",
        );
    };
    let name = &wanted.name;
    if imported(world, host, name).is_some() {
        return failed(1, &format!("cannot create '{name}': pool already exists"));
    }
    let is_multihost = wanted
        .properties
        .get("multihost")
        .is_some_and(|word| word == "on");
    if is_multihost && spl_id(world, host) == 0 {
        return failed(
            1,
            &format!("cannot create '{name}': requires a non-zero system hostid"),
        );
    }
    let mut vdevs = Vec::new();
    for (layout, paths) in &wanted.vdevs {
        let mut disks = Vec::new();
        for path in paths {
            match free(world, host, path, wanted.is_forced) {
                Ok(id) => disks.push((id, path.clone())),
                Err(output) => return output,
            }
        }
        vdevs.push(Vdev {
            layout: layout.clone(),
            disks,
        });
    }
    make(world, host, &wanted, vdevs);
    quiet()
}

/// The disk at a path, if it may become a member.
fn free(world: &World, host: &HostName, path: &str, is_forced: bool) -> Result<DiskId, Output> {
    let Some(id) = disk::find(world, host, path) else {
        return Err(failed(
            1,
            &format!(
                "cannot open '{path}': No such device or address\nmust be a full path or shorthand device name"
            ),
        ));
    };
    if disk::is_held(world, host, path) {
        return Err(failed(
            1,
            &format!("cannot open '{path}': Device or resource busy"),
        ));
    }
    let in_use = |kind: &str| {
        failed(
            1,
            &format!("{path} is in use and contains a {kind} filesystem."),
        )
    };
    if super::holds(world, host, &id) {
        return Err(in_use("unknown"));
    }
    let disk = world.disks.get(&id);
    if let Some(mount) = disk::mount_of(world, host, &id) {
        return Err(in_use(&mount.kind));
    }
    if disk.is_some_and(|disk| disk.fault == Some(DiskFault::ReadOnly)) {
        return Err(failed(
            1,
            &format!("cannot label '{path}': Read-only file system"),
        ));
    }
    let problem = match disk.map(|disk| &disk.content) {
        _ if is_forced => None,
        Some(Content::PoolMember { pool, guid, .. }) => {
            let old = world.pools.get(guid).filter(|pool| !pool.is_destroyed);
            old.map(|old| {
                let how = if old.last.is_some() {
                    "potentially active"
                } else {
                    "exported"
                };
                format!("{path} is part of {how} pool '{pool}'")
            })
        }
        Some(content) => content
            .known()
            .map(|(kind, ..)| format!("{path} contains a filesystem of type '{kind}'")),
        None => None,
    };
    match problem {
        Some(problem) => Err(failed(
            1,
            &format!(
                "invalid vdev specification\nuse '-f' to override the following errors:\n{problem}"
            ),
        )),
        None => Ok(id),
    }
}

fn make(world: &mut World, host: &HostName, wanted: &Wanted, vdevs: Vec<Vdev>) {
    let guid = world.chance.any();
    let name = &wanted.name;
    for (id, _) in vdevs.iter().flat_map(|vdev| &vdev.disks) {
        let member = number_from(&id.0, guid);
        disk::replace(
            world,
            host,
            id,
            Content::PoolMember {
                pool: name.clone(),
                guid,
                member,
            },
        );
    }
    let pool = Pool {
        name: name.clone(),
        guid,
        vdevs,
        properties: wanted.properties.clone(),
        holders: BTreeMap::new(),
        last: None,
        is_destroyed: false,
        datasets: BTreeMap::from([(name.clone(), super::Dataset::default())]),
    };
    world.pools.insert(guid, pool);
    hold(world, host, guid);
}

/// Answers `zpool destroy`.
pub fn destroy(world: &mut World, host: &HostName, name: &str) -> Output {
    let Some(guid) = imported(world, host, name) else {
        return failed(1, &format!("cannot open '{name}': no such pool"));
    };
    if is_busy(world, host, guid) {
        return failed(1, &format!("cannot destroy '{name}': pool is busy"));
    }
    let Some(pool) = world.pools.get_mut(&guid) else {
        return quiet();
    };
    pool.holders.clear();
    pool.is_destroyed = true;
    pool.last = None;
    let disks: Vec<DiskId> = pool
        .vdevs
        .iter()
        .flat_map(|vdev| vdev.disks.iter().map(|(id, _)| id.clone()))
        .collect();
    // The labels stay on the disks, and say that the pool was destroyed.
    for id in disks {
        let before = world
            .disks
            .get(&id)
            .map(|disk| disk.content.signature())
            .unwrap_or_default();
        world.note(Happening::Erased {
            host: host.clone(),
            disk: id,
            before,
        });
    }
    quiet()
}

/// Answers `zpool labelclear`: a label of a pool that may be wanted stays.
pub fn clear_label(world: &mut World, host: &HostName, path: &str) -> Output {
    let Some(id) = disk::find(world, host, path) else {
        return failed(
            1,
            &format!("failed to open {path}: No such file or directory"),
        );
    };
    let answers = world.disks.get(&id);
    let answers = answers.filter(|disk| disk.fault != Some(DiskFault::Gone));
    // ZFS has its label on the partition that it made, and looks at what it is given.
    let is_part = path.ends_with(|c: char| c.is_ascii_digit());
    let is_part = is_part && (!path.contains("/by-id/") || path.contains("-part"));
    let answers = answers.filter(|_| is_part);
    let Some(Content::PoolMember { pool, guid, .. }) = answers.map(|disk| &disk.content) else {
        return failed(1, &format!("failed to read label from {path}"));
    };
    let of = world.pools.get(guid).filter(|pool| !pool.is_destroyed);
    if let Some(of) = of {
        let (state, force) = match &of.last {
            Some(_) => ("active", ""),
            None => ("exported", "use '-f' to override the following error:\n"),
        };
        return failed(
            1,
            &format!("{force}{path} is a member of {state} pool \"{pool}\""),
        );
    }
    if answers.is_some_and(|disk| disk.fault == Some(DiskFault::ReadOnly)) {
        return failed(1, &format!("failed to open {path}: Read-only file system"));
    }
    if let Some(disk) = world.disks.get_mut(&id) {
        disk.content = Content::Blank;
    }
    quiet()
}

/// Answers `zfs destroy`.
pub fn destroy_dataset(world: &mut World, host: &HostName, name: &str) -> Output {
    let pool = name.split('/').next().unwrap_or_default();
    let guid = imported(world, host, pool);
    let there = guid
        .and_then(|guid| world.pools.get(&guid))
        .is_some_and(|pool| pool.datasets.contains_key(name));
    let Some(guid) = guid.filter(|_| there) else {
        return failed(1, &format!("cannot open '{name}': dataset does not exist"));
    };
    let place = Place::Dataset(guid, name.to_owned());
    if world
        .lustre
        .on(host)
        .any(|(_, running)| running.place == place)
    {
        return failed(1, &format!("cannot destroy '{name}': dataset is busy"));
    }
    let before = world
        .target(&place)
        .map(TargetData::name)
        .unwrap_or_default();
    if let Some(pool) = world.pools.get_mut(&guid) {
        pool.datasets.remove(name);
    }
    world.note(Happening::DatasetErased {
        host: host.clone(),
        guid,
        dataset: name.to_owned(),
        before,
    });
    quiet()
}
