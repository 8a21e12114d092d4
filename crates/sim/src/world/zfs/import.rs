//! Importing and exporting pools: who may hold one.

use super::{Pool, imported, is_busy, is_held, show, spl_id};
use crate::world::World;
use crate::world::command::{failed, quiet};
use crate::world::disk::{Content, Disk, DiskFault};
use crate::world::host::HostName;
use crate::world::record::Happening;
use agent::host::Output;
use std::collections::BTreeMap;
use std::time::Duration;

/// Pools of which a host sees a disk, by name. A pool that it holds stays with
/// it while it has one of its disks.
fn seen<'a>(world: &'a World, host: &HostName) -> Vec<&'a Pool> {
    let Some(state) = world.hosts.get(host) else {
        return Vec::new();
    };
    let disks = state.disks.values().filter_map(|id| world.disks.get(id));
    let guid = |disk: &Disk| match &disk.content {
        Content::PoolMember { guid, .. } => Some((*guid, disk.fault != Some(DiskFault::Gone))),
        _ => None,
    };
    let mut guids: BTreeMap<u64, bool> = BTreeMap::new();
    for (guid, answers) in disks.filter_map(guid) {
        *guids.entry(guid).or_default() |= answers;
    }
    let held = |pool: &&Pool, answers: bool| answers || is_held(world, host, pool);
    let pools = guids
        .iter()
        .filter_map(|(guid, answers)| world.pools.get(guid).filter(|pool| held(pool, *answers)));
    let mut pools: Vec<&Pool> = pools.filter(|pool| !pool.is_destroyed).collect();
    pools.sort_by_key(|pool| &pool.name);
    pools
}

/// Pools that a host has imported, by name.
pub fn imported_pools<'a>(world: &'a World, host: &HostName) -> Vec<&'a Pool> {
    let mut pools = seen(world, host);
    pools.retain(|pool| is_held(world, host, pool));
    pools
}

/// Pools that a host sees on its disks and has not imported.
pub fn importable<'a>(world: &'a World, host: &HostName) -> Vec<&'a Pool> {
    let mut pools = seen(world, host);
    pools.retain(|pool| !is_held(world, host, pool));
    pools
}

/// A host that holds a pool now, besides this one, with its id.
pub fn other_holder(world: &World, host: &HostName, pool: &Pool) -> Option<(HostName, u32)> {
    let mut others = pool.holders.keys().filter(|one| *one != host);
    let other = others.find(|one| is_held(world, one, pool))?;
    Some((other.clone(), spl_id(world, other)))
}

/// How long an import takes.
pub fn import_takes(world: &World, host: &HostName, name: &str) -> Duration {
    let pools = importable(world, host);
    let pool = pools.iter().find(|pool| pool.name == name);
    let checks = pool.is_some_and(|pool| {
        pool.is_multihost() && pool.last.is_some() && other_holder(world, host, pool).is_none()
    });
    Duration::from_secs(if checks { 24 } else { 2 })
}

pub fn by_words(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    let is_forced = words.contains(&"-f");
    let mut names = words.iter().enumerate().filter(|(at, word)| {
        let follows_option = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|before| matches!(*before, "-o" | "-d"));
        !word.starts_with('-') && !follows_option
    });
    match names.next() {
        Some((_, name)) => import(world, host, name, is_forced),
        None => show::import_list(world, host),
    }
}

/// Imports a pool, if what holds it allows.
pub fn import(world: &mut World, host: &HostName, name: &str, is_forced: bool) -> Output {
    let refused = |why: &str| failed(1, &format!("cannot import '{name}': {why}"));
    if imported(world, host, name).is_some() {
        return refused(
            "a pool with that name already exists\nuse the form 'zpool import <pool | id> <newpool>' to give it a new name",
        );
    }
    let pools = importable(world, host);
    let Some(pool) = pools
        .into_iter()
        .find(|pool| pool.name == name || pool.guid.to_string() == name)
    else {
        return refused("no such pool available");
    };
    let mine = spl_id(world, host);
    if let Some((other, id)) = other_holder(world, host, pool).filter(|_| pool.is_multihost()) {
        let advice = "Export the pool on the other system, then run 'zpool import'.";
        return refused(&if is_forced {
            format!("pool is imported on host '{other}' (hostid={id:x}).\n{advice}")
        } else {
            format!("pool is imported on {other} (hostid: {id:#x})\n{advice}")
        });
    }
    let last = pool
        .last
        .as_ref()
        .filter(|(_, id, _)| *id != mine || *id == 0);
    if let Some((other, id, at)) = last.filter(|_| !is_forced) {
        let at = show::date(*at);
        return refused(&format!(
            "pool was previously in use from another system.\nLast accessed by {other} (hostid={id:x}) at {at}\nThe pool can be imported, use 'zpool import -f' to import the pool."
        ));
    }
    if pool.is_multihost() && mine == 0 {
        return refused(
            "pool has the multihost property on and the\nsystem's hostid is not set. Set a unique hostid\nwith the zgenhostid(8) command.",
        );
    }
    if pool.state(world) == "UNAVAIL" {
        return refused("one or more devices is currently unavailable");
    }
    let guid = pool.guid;
    hold(world, host, guid);
    quiet()
}

/// A host holds a pool from now on.
pub fn hold(world: &mut World, host: &HostName, guid: u64) {
    let boot = world.hosts.get(host).map_or(0, |state| state.boot);
    let (id, at) = (spl_id(world, host), world.clock_ms(host) / 1000);
    let Some(pool) = world.pools.get_mut(&guid) else {
        return;
    };
    pool.holders.insert(host.clone(), boot);
    pool.last = Some((host.clone(), id, at));
    let pool = pool.name.clone();
    world.note(Happening::Imported {
        host: host.clone(),
        pool,
        guid,
    });
}

/// Exports a pool.
pub fn export(world: &mut World, host: &HostName, name: &str) -> Output {
    let Some(guid) = imported(world, host, name) else {
        return failed(1, &format!("cannot open '{name}': no such pool"));
    };
    if is_busy(world, host, guid) {
        return failed(1, &format!("cannot export '{name}': pool is busy"));
    }
    if let Some(pool) = world.pools.get_mut(&guid) {
        pool.holders.remove(host);
        pool.last = None;
    }
    world.note(Happening::Exported {
        host: host.clone(),
        pool: name.to_owned(),
        guid,
    });
    quiet()
}
