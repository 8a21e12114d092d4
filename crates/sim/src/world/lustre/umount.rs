//! Unmounts: targets and clients go out of use.

use super::recovery;
use crate::world::World;
use crate::world::command::{failed, quiet};
use crate::world::host::{HostName, Mount};
use crate::world::record::Happening;
use agent::host::Output;

/// Gives a device back that was in use.
pub fn release(world: &mut World, host: &HostName, at: &str) {
    let key = (host.clone(), at.to_owned());
    world.lustre.mdts.remove(&key);
    let Some(running) = world.lustre.running.remove(&key) else {
        return;
    };
    if let Some(data) = world.target_mut(&running.place) {
        data.mmp = None;
    }
    world.note(Happening::Unmounted {
        host: host.clone(),
        device: running.device,
        target: running.label.to_string(),
    });
}

/// Unmounts a target or a client.
pub fn umount(world: &mut World, host: &HostName, what: &str) -> Output {
    let Some(state) = world.hosts.get_mut(host) else {
        return quiet();
    };
    let is_it = |mount: &Mount| mount.at == what || mount.source == what;
    let Some(place) = state.mounts.iter().rposition(is_it) else {
        let words = if state.folders.contains(what) {
            "not mounted."
        } else {
            "no mount point specified."
        };
        return failed(32, &format!("umount: {what}: {words}"));
    };
    if state
        .mounts
        .get(place)
        .is_some_and(|mount| mount.kind != "lustre")
    {
        return failed(32, &format!("umount: {what}: target is busy."));
    }
    let at = state.mounts.remove(place).at;
    if world
        .lustre
        .clients
        .contains_key(&(host.clone(), at.clone()))
    {
        super::client::leave(world, host, &at);
    } else {
        recovery::leave(world, host, &at);
        release(world, host, &at);
    }
    quiet()
}

/// Unmounts all of Lustre on a host, clients first.
pub fn unmount_all(world: &mut World, host: &HostName) {
    let clients: Vec<String> = world
        .lustre
        .clients_on(host)
        .map(|(at, _)| at.clone())
        .collect();
    let targets: Vec<String> = world.lustre.on(host).map(|(at, _)| at.clone()).collect();
    for at in clients.iter().chain(&targets) {
        let output = umount(world, host, at);
        if output.exit != 0 {
            release(world, host, at);
        }
    }
}

/// A host is about to lose all that is not on disk: its targets are in use no
/// more, and their devices still say that they are.
pub fn before_down(world: &mut World, host: &HostName) {
    let targets: Vec<String> = world.lustre.on(host).map(|(at, _)| at.clone()).collect();
    for at in targets {
        let key = (host.clone(), at);
        world.lustre.mdts.remove(&key);
        if let Some(running) = world.lustre.running.remove(&key) {
            world.note(Happening::Unmounted {
                host: host.clone(),
                device: running.device,
                target: running.label.to_string(),
            });
        }
    }
    recovery::host_lost(world, host);
}
