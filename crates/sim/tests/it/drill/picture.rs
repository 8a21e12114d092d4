//! A world as far as two runs can be compared: without times, and without names
//! that chance gives. And what happened in it that must not happen twice.

use sim::world::World;
use sim::world::disk::Content;
use sim::world::record::Happening;
use sim::world::target::TargetData;
use std::collections::BTreeMap;

/// Things and how they are.
pub type Picture = BTreeMap<String, String>;

/// Files that carry times or versions.
const PASSING: &[&str] = &[sim::world::ha::cib::PATH];

/// How everything is.
pub fn of(world: &World) -> Picture {
    let mut picture = Picture::new();
    for (name, host) in &world.hosts {
        let mut put = |what: &str, how: String| picture.insert(format!("{name}: {what}"), how);
        put("power", host.is_up.to_string());
        for (path, bytes) in &host.files {
            if !PASSING.contains(&path.as_str()) {
                put(path, String::from_utf8_lossy(bytes).into_owned());
            }
        }
        for (unit, how) in &host.units {
            put(unit, format!("{how:?}"));
        }
        let mut mounts: Vec<String> = host
            .mounts
            .iter()
            .map(|one| format!("{} at {} ({})", one.source, one.at, one.options))
            .collect();
        mounts.sort();
        put("mounts", mounts.join("; "));
        put("folders", format!("{:?}", host.folders));
        put("modules", format!("{:?}", host.modules));
        put("lnet", format!("{:?}", host.lnet));
        put("ports", format!("{:?}", host.ports));
    }
    for (id, disk) in &world.disks {
        picture.insert(format!("disk {}", id.0), content(&disk.content));
    }
    for pool in world.pools.values().filter(|pool| !pool.is_destroyed) {
        let holders: Vec<&str> = pool.holders.keys().map(|host| host.0.as_str()).collect();
        let sets = pool.datasets.iter();
        let sets = sets.map(|(name, set)| format!("{name}: {:?}", set.target.as_ref().map(target)));
        let how = format!("on {holders:?}: {:?}", sets.collect::<Vec<_>>());
        picture.insert(format!("pool {}", pool.name), how);
    }
    ha(world, &mut picture);
    picture
}

fn content(content: &Content) -> String {
    match content {
        Content::Blank => String::from("blank"),
        Content::FileSystem { kind, .. } => kind.clone(),
        Content::Ldiskfs(data) => target(data),
        Content::PoolMember { pool, .. } => format!("member of {pool}"),
    }
}

fn target(data: &TargetData) -> String {
    let configs = data.configs.iter().map(|(fs, config)| {
        let labels = config.targets.iter().map(|known| known.label.to_string());
        format!("{fs} with {:?}", labels.collect::<Vec<_>>())
    });
    format!(
        "{} for {:?} on {:?}, {} clients, used by {:?}, knows {:?}",
        data.name(),
        data.mgs_nodes,
        data.service_nodes,
        data.clients.len(),
        data.mmp.as_ref().map(|(host, _)| host),
        configs.collect::<Vec<_>>()
    )
}

fn ha(world: &World, picture: &mut Picture) {
    for ring in world.ha.rings.values() {
        let Some(first) = ring.members.first() else {
            continue;
        };
        let mut put =
            |what: &str, how: String| picture.insert(format!("ha of {first}: {what}"), how);
        put("members", format!("{:?}", ring.members));
        put("properties", format!("{:?}", ring.told.properties));
        put("defaults", format!("{:?}", ring.told.defaults));
        for node in &ring.told.nodes {
            put(&node.name, format!("{:?}", node.attributes));
        }
        for top in &ring.told.tops {
            put(&top.id, format!("{top:?}"));
        }
        for rule in &ring.told.rules {
            put(&rule.id, format!("{rule:?}"));
        }
        put(
            "active",
            format!("{:?}", ring.at.keys().collect::<Vec<_>>()),
        );
    }
}

/// How two pictures differ, a line each.
pub fn differences(wanted: &Picture, found: &Picture) -> Vec<String> {
    let mut names: Vec<&String> = wanted.keys().chain(found.keys()).collect();
    names.sort();
    names.dedup();
    let none = String::from("nothing");
    names
        .into_iter()
        .filter_map(|name| {
            let one = wanted.get(name).unwrap_or(&none);
            let other = found.get(name).unwrap_or(&none);
            (one != other).then(|| format!("{name}:\n    is to be {one}\n    and is   {other}"))
        })
        .collect()
}

/// The number of the last thing that happened.
pub fn last(world: &World) -> u64 {
    world.records_after(0).last().map_or(0, |one| one.number)
}

/// What was lost since: how often each disk and dataset was emptied.
pub fn erased(world: &World, since: u64) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for record in world.records_after(since) {
        let what = match &record.what {
            Happening::Erased { disk, .. } => format!("disk {}", disk.0),
            Happening::DatasetErased { dataset, .. } => format!("dataset {dataset}"),
            _ => continue,
        };
        *found.entry(what).or_default() += 1;
    }
    found
}

/// Targets that were in use twice at once at some time.
pub fn used_twice(world: &World) -> Vec<String> {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut found = Vec::new();
    for record in world.records_after(0) {
        match &record.what {
            Happening::Mounted { host, target, .. } => {
                let on = users.entry(target).or_default();
                on.push(&host.0);
                if on.len() > 1 {
                    found.push(format!("{target} on {on:?} at {:?}", record.at));
                }
            }
            Happening::Unmounted { host, target, .. } => {
                users
                    .entry(target)
                    .or_default()
                    .retain(|one| *one != host.0);
            }
            _ => {}
        }
    }
    found
}
