//! Mounts of targets: one after the other the device is taken, the MGS is
//! asked, and the target runs.

use super::umount::release;
use super::{Running, mgs, recovery};
use crate::world::World;
use crate::world::command::{self, Next, Run, failed, printed, quiet};
use crate::world::disk::{self, DiskFault};
use crate::world::host::{HostName, Mount};
use crate::world::record::Happening;
use crate::world::target::{Place, Standing, TargetData};
use crate::world::{ldiskfs, lnet, os, zfs};
use agent::host::Output;
use lustre::label::TargetLabel;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a mount asks for an MGS that does not answer.
const MGS_WAIT: Duration = Duration::from_mins(1);

/// What `mount` was told.
struct Asked<'a> {
    source: &'a str,
    at: &'a str,
    options: Vec<String>,
}

fn asked(argv: &[String]) -> Option<Asked<'_>> {
    let (mut options, mut rest) = (Vec::new(), Vec::new());
    let mut words = argv.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-t" => {
                words.next();
            }
            "-o" => options.extend(words.next()?.split(',').map(str::to_owned)),
            "-v" => {}
            word => rest.push(word),
        }
    }
    match rest.as_slice() {
        [source, at] => Some(Asked {
            source,
            at,
            options,
        }),
        _ => None,
    }
}

/// Where a target lies that a host sees under this name.
pub fn place_of(world: &World, host: &HostName, device: &str) -> Option<Place> {
    let place = if device.starts_with("/dev/") {
        Place::Disk(disk::find(world, host, device)?)
    } else {
        let pool = device.split('/').next().unwrap_or_default();
        Place::Dataset(zfs::imported(world, host, pool)?, device.to_owned())
    };
    world.target(&place).is_some().then_some(place)
}

/// Answers `mount` at once: a list, or a mount that needs no waiting.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    if let Some(asked) = asked(argv) {
        return mount(world, host, asked.source, asked.at, &asked.options);
    }
    let Some(state) = world.hosts.get(host) else {
        return quiet();
    };
    let kind = argv
        .iter()
        .position(|word| word == "-t")
        .and_then(|at| argv.get(at + 1));
    let lines = state
        .mounts
        .iter()
        .filter(|mount| kind.is_none_or(|kind| *kind == mount.kind));
    let lines = lines.map(|mount| {
        format!(
            "{} on {} type {} ({})\n",
            mount.source, mount.at, mount.kind, mount.options
        )
    });
    printed(lines.collect::<String>())
}

/// Mounts a target on a host at once: whoever holds it, and an MGS that does not
/// answer, fail it at once too.
pub fn mount(
    world: &mut World,
    host: &HostName,
    device: &str,
    at: &str,
    options: &[String],
) -> Output {
    if device.contains(":/") {
        return super::client::mount(world, host, device, at, options);
    }
    let took = match check(world, host, device, at)
        .and_then(|place| take(world, host, &place, device, at, true))
    {
        Ok(()) => start(world, host, at, true),
        Err(output) => Err(output),
    };
    took.map_or_else(|output| output, |_| quiet())
}

/// Goes on with a mount that was begun.
pub fn go_on(world: &mut World, run: Run<'_>) -> Option<Next> {
    let Asked {
        source,
        at,
        options,
    } = asked(run.argv)?;
    if source.contains(":/") {
        return Some(super::client::go_on(world, run, source, at, &options));
    }
    let host = run.host;
    let key = (host.clone(), at.to_owned());
    let next = if world
        .lustre
        .running
        .get(&key)
        .is_some_and(|running| !running.is_started)
    {
        // The device is taken: now the MGS.
        match start(world, host, at, run.since > MGS_WAIT) {
            Ok(true) => Next::Done(quiet()),
            Ok(false) => Next::Again(Duration::from_secs(5)),
            Err(output) => Next::Done(output),
        }
    } else {
        match check(world, host, source, at) {
            Err(output) => Next::Done(output),
            Ok(place) => taken(world, run, &place, source, at),
        }
    };
    Some(next)
}

fn taken(world: &mut World, run: Run<'_>, place: &Place, device: &str, at: &str) -> Next {
    let user = match place {
        Place::Disk(id) => ldiskfs::user(world, run.host, id),
        Place::Dataset(..) => None,
    };
    if user.is_some() && run.since < ldiskfs::MMP_CHECK {
        return Next::Again(ldiskfs::MMP_CHECK);
    }
    match take(world, run.host, place, device, at, true) {
        Ok(()) => {
            let is_new = world
                .target(place)
                .is_some_and(|data| data.standing != Standing::Known);
            let takes = if is_new { 5 } else { 2 };
            Next::Again(disk::slowed(
                world,
                run.host,
                device,
                Duration::from_secs(takes),
            ))
        }
        Err(output) => Next::Done(output),
    }
}

fn failing(device: &str, at: &str, exit: i32, rest: &str) -> Output {
    let words = match exit {
        2 => "No such file or directory",
        5 => "Input/output error",
        16 => "Device or resource busy",
        22 => "Invalid argument",
        30 => "Read-only file system",
        98 => "Address already in use",
        100 => "Network is down",
        110 => "Connection timed out",
        114 => "Operation already in progress",
        _ => "Unknown error",
    };
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!("\n{rest}")
    };
    failed(
        exit,
        &format!("mount.lustre: mount {device} at {at} failed: {words}{rest}"),
    )
}

/// What `mount.lustre` looks at first.
fn check(world: &World, host: &HostName, device: &str, at: &str) -> Result<Place, Output> {
    let state = world.hosts.get(host);
    let is_folder = state.is_some_and(|state| state.folders.contains(at));
    if !is_folder {
        return Err(failed(
            2,
            &format!("mount.lustre: {at} inaccessible: No such file or directory"),
        ));
    }
    let no_target = || {
        failed(
            19,
            &format!(
                "mount.lustre: {device} has not been formatted with mkfs.lustre or the backend filesystem type is not supported by this tool"
            ),
        )
    };
    let place = place_of(world, host, device).ok_or_else(no_target)?;
    let known = Running::name(world, host, &place, device);
    let mounted = state.and_then(|state| state.mounts.iter().find(|mount| mount.source == known));
    if let Some(mount) = mounted {
        return Err(failed(
            17,
            &format!(
                "mount.lustre: according to /etc/mtab {} is already mounted on {}",
                mount.source, mount.at
            ),
        ));
    }
    Ok(place)
}

impl Running {
    /// A device as `/proc/mounts` names it: by the kernel's name.
    fn name(world: &World, host: &HostName, place: &Place, device: &str) -> String {
        match place {
            Place::Disk(id) => disk::name_of(world, host, id)
                .map_or_else(|| device.to_owned(), |name| format!("/dev/{name}")),
            Place::Dataset(_, name) => name.clone(),
        }
    }
}

/// Takes the device into use. `is_checked`: the time that multiple mount
/// protection needs has gone by.
fn take(
    world: &mut World,
    host: &HostName,
    place: &Place,
    device: &str,
    at: &str,
    is_checked: bool,
) -> Result<(), Output> {
    os::load(world, host, "lustre");
    os::load(
        world,
        host,
        if place.back_end() == "zfs" {
            "osd_zfs"
        } else {
            "osd_ldiskfs"
        },
    );
    // Another mount of it may have come first while this one waited.
    if world.lustre.on(host).any(|(_, one)| one.place == *place) {
        return Err(failing(device, at, 16, ""));
    }
    if let Place::Disk(id) = place {
        let user = ldiskfs::user(world, host, id);
        if user.is_some_and(|user| is_checked && ldiskfs::is_alive(world, &user)) {
            let rest = "This may have multiple causes.\nAre the mount options correct?\nCheck the syslog for more info.";
            return Err(failing(device, at, 22, rest));
        }
        match world.disks.get(id).and_then(|disk| disk.fault) {
            Some(DiskFault::ReadOnly) => return Err(failing(device, at, 30, "")),
            Some(DiskFault::Full) => {
                return Err(failed(
                    28,
                    &format!(
                        "mount.lustre: mount {device} at {at} failed: No space left on device"
                    ),
                ));
            }
            _ => {}
        }
    }
    let boot = world.hosts.get(host).map_or(0, |state| state.boot);
    let running_name = Running::name(world, host, place, device);
    let Some(data) = world.target_mut(place) else {
        return Err(failing(device, at, 5, ""));
    };
    data.mmp = Some((host.clone(), boot));
    let (label, is_mgs) = (data.label.clone(), data.is_mgs());
    let running = Running {
        place: place.clone(),
        device: running_name.clone(),
        label: label.clone(),
        is_mgs,
        is_started: false,
        recovery: recovery::Recovery::default(),
        connected: BTreeSet::new(),
    };
    world
        .lustre
        .running
        .insert((host.clone(), at.to_owned()), running);
    world.note(Happening::Mounted {
        host: host.clone(),
        device: running_name,
        target: label.to_string(),
    });
    Ok(())
}

/// Starts a target whose device is taken: true when it runs, false when its MGS
/// does not answer yet. A failure gives the device back.
fn start(world: &mut World, host: &HostName, at: &str, is_last: bool) -> Result<bool, Output> {
    let key = (host.clone(), at.to_owned());
    let Some(running) = world.lustre.running.get(&key).cloned() else {
        return Err(failed(5, "mount.lustre: Input/output error"));
    };
    let Some(data) = world.target(&running.place).cloned() else {
        release(world, host, at);
        return Err(failing(&running.device, at, 5, ""));
    };
    match admit(world, host, &running, &data) {
        Ok(()) => {
            up(world, host, at, &running);
            Ok(true)
        }
        Err(5 | 110) if !is_last => Ok(false),
        Err(exit) => {
            release(world, host, at);
            let device = &running.device;
            let rest = match exit {
                5 => String::from("Is the MGS running?"),
                98 => format!("The target service's index is already in use. ({device})"),
                114 => format!("The target service is already running. ({device})"),
                2 => String::from(
                    "Is the MGS specification correct?\nIs the filesystem name correct?\nIf upgrading, is the copied client log valid? (see upgrade docs)",
                ),
                _ => String::new(),
            };
            Err(failing(device, at, exit, &rest))
        }
    }
}

/// Whether the target may run: the errno if not.
fn admit(
    world: &mut World,
    host: &HostName,
    running: &Running,
    data: &TargetData,
) -> Result<(), i32> {
    let is_same = |one: &Running| one.label == running.label && one.is_started;
    let runs = world.lustre.on(host).any(|(_, one)| is_same(one));
    if running.label != TargetLabel::Mgs && runs {
        return Err(114);
    }
    if !lnet::is_up(world, host) {
        return Err(100);
    }
    if running.label == TargetLabel::Mgs {
        return Ok(());
    }
    let mgs = if data.has_mgs {
        Some(running.place.clone())
    } else {
        mgs::find(world, host, &data.mgs_nodes)
    };
    let Some(mgs) = mgs else {
        return Err(if data.standing == Standing::New {
            5
        } else {
            110
        });
    };
    mgs::register(world, host, &running.place, &mgs)
}

/// The target runs from now on.
fn up(world: &mut World, host: &HostName, at: &str, running: &Running) {
    if let Some(data) = world.target_mut(&running.place) {
        data.is_update = false;
        data.standing = Standing::Known;
    }
    let mount = Mount {
        source: running.device.clone(),
        at: at.to_owned(),
        kind: String::from("lustre"),
        options: world
            .target(&running.place)
            .map(|data| options(data, &running.place))
            .unwrap_or_default(),
    };
    if let Some(state) = world.hosts.get_mut(host) {
        state.mounts.push(mount);
    }
    if let Some(running) = world.lustre.running.get_mut(&(host.clone(), at.to_owned())) {
        running.is_started = true;
    }
    recovery::begin(world, host, at);
}

fn options(data: &TargetData, place: &Place) -> String {
    let mut words = vec![String::from("rw"), format!("svname={}", data.label)];
    if data.label == TargetLabel::Mgs {
        words.push(String::from("nosvc"));
    }
    if data.is_mgs() {
        words.push(String::from("mgs"));
    }
    if !data.mgs_nodes.is_empty() {
        words.push(format!("mgsnode={}", data.mgs_nodes.join(":")));
    }
    words.push(format!("osd=osd-{}", place.back_end()));
    words.join(",")
}

/// A mount was killed.
pub fn killed(world: &mut World, host: &HostName, argv: &[String]) {
    if command::program(argv) != "mount" {
        return;
    }
    let Some(asked) = asked(argv) else {
        return;
    };
    let key = (host.clone(), asked.at.to_owned());
    if world
        .lustre
        .running
        .get(&key)
        .is_some_and(|running| !running.is_started)
    {
        release(world, host, asked.at);
    }
}
