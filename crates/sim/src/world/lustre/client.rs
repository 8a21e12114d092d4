//! Clients.

use super::{Client, mgs, recovery};
use crate::world::World;
use crate::world::command::{Next, Run, failed, quiet};
use crate::world::disk::uuid_from;
use crate::world::host::{HostName, Mount};
use crate::world::{lnet, os};
use agent::host::Output;
use lustre::label::{TargetIndex, TargetKind};
use std::time::Duration;

/// How long a client asks for an MGS that does not answer.
const MGS_WAIT: Duration = Duration::from_secs(170);
/// Between two tries.
const TRY_EVERY: Duration = Duration::from_secs(5);

/// Why a client cannot be mounted now.
enum Obstacle {
    /// It fails with this.
    Fails(i32, &'static str),
    /// The MGS does not answer.
    NoMgs,
    /// MDT0000 does not run, or does not answer.
    NoMdt,
}

/// Mounts at once, or fails.
pub fn mount(
    world: &mut World,
    host: &HostName,
    source: &str,
    at: &str,
    options: &[String],
) -> Output {
    match obstacle(world, host, source, at) {
        None => {
            up(world, host, source, at, options);
            quiet()
        }
        Some(Obstacle::Fails(exit, rest)) => failing(source, at, exit, rest),
        Some(_) => failing(source, at, 110, ""),
    }
}

/// Goes on with a mount: it waits until MDT0000 is there.
pub fn go_on(world: &mut World, run: Run<'_>, source: &str, at: &str, options: &[String]) -> Next {
    if run.phase == 0 {
        return Next::Again(Duration::from_secs(2));
    }
    match obstacle(world, run.host, source, at) {
        None => {
            up(world, run.host, source, at, options);
            Next::Done(quiet())
        }
        Some(Obstacle::Fails(exit, rest)) => Next::Done(failing(source, at, exit, rest)),
        Some(Obstacle::NoMgs) if run.since >= MGS_WAIT => Next::Done(failing(source, at, 110, "")),
        Some(Obstacle::NoMgs | Obstacle::NoMdt) => Next::Again(TRY_EVERY),
    }
}

fn failing(source: &str, at: &str, exit: i32, rest: &str) -> Output {
    let words = match exit {
        2 => "No such file or directory",
        17 => "File exists",
        100 => "Network is down",
        _ => "Connection timed out",
    };
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!("\n{rest}")
    };
    failed(
        exit,
        &format!("mount.lustre: mount {source} at {at} failed: {words}{rest}"),
    )
}

fn obstacle(world: &mut World, host: &HostName, source: &str, at: &str) -> Option<Obstacle> {
    os::load(world, host, "lustre");
    let state = world.hosts.get(host)?;
    if !state.folders.contains(at) {
        return Some(Obstacle::Fails(2, "the mount point is not there"));
    }
    if state.mounts.iter().any(|mount| mount.at == at) {
        return Some(Obstacle::Fails(17, ""));
    }
    if !lnet::is_up(world, host) {
        return Some(Obstacle::Fails(100, ""));
    }
    let (nodes, fs) = source.split_once(":/")?;
    let nodes = [nodes.to_owned()];
    let fs = fs.split('/').next().unwrap_or_default();
    let Some(mgs) = mgs::find(world, host, &nodes) else {
        return Some(Obstacle::NoMgs);
    };
    let config = world.target(&mgs).and_then(|mgs| mgs.configs.get(fs));
    let is_mdt0 = |label: &lustre::label::TargetLabel| {
        (label.kind(), label.index()) == (TargetKind::Mdt, Some(TargetIndex(0)))
    };
    let known = config.and_then(|config| config.targets.iter().find(|one| is_mdt0(&one.label)));
    let Some(mdt) = known else {
        let rest = "Is the MGS specification correct?\nIs the filesystem name correct?\nIf upgrading, is the copied client log valid? (see upgrade docs)";
        return Some(Obstacle::Fails(2, rest));
    };
    let runs = recovery::host_of(world, &mdt.label)
        .is_some_and(|to| recovery::is_linked(world, host, &to));
    (!runs).then_some(Obstacle::NoMdt)
}

fn up(world: &mut World, host: &HostName, source: &str, at: &str, options: &[String]) {
    let fs = source
        .split_once(":/")
        .map(|(_, path)| path.split('/').next().unwrap_or_default());
    let client = Client {
        uuid: uuid_from(&world.chance.any().to_string()),
        fs: fs.unwrap_or_default().to_owned(),
        source: source.to_owned(),
    };
    let mut words = vec![if options.iter().any(|word| word == "ro") {
        "ro"
    } else {
        "rw"
    }];
    let shown = options
        .iter()
        .map(String::as_str)
        .filter(|word| matches!(*word, "flock" | "localflock" | "user_xattr"));
    words.extend(shown);
    words.extend([
        "checksum",
        "lruresize",
        "lazystatfs",
        "nouser_fid2path",
        "verbose",
        "encrypt",
        "statfs_project",
    ]);
    if let Some(state) = world.hosts.get_mut(host) {
        state.mounts.push(Mount {
            source: source.to_owned(),
            at: at.to_owned(),
            kind: String::from("lustre"),
            options: words.join(","),
        });
    }
    world
        .lustre
        .clients
        .insert((host.clone(), at.to_owned()), client.clone());
    recovery::joined(world, host, &client);
}

/// A client is unmounted.
pub fn leave(world: &mut World, host: &HostName, at: &str) {
    if let Some(client) = world.lustre.clients.remove(&(host.clone(), at.to_owned())) {
        recovery::left(world, host, &client.uuid);
    }
}
