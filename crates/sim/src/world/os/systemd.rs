//! `systemctl`: units of services, and of mounts that were written as files.

use crate::world::World;
use crate::world::command::{self, Next, Run, failed, joined, printed, quiet};
use crate::world::host::{HostName, Unit};
use crate::world::{lnet, lustre};
use agent::host::Output;

/// Units of services that are installed on a bare server, and whether they run.
pub const INSTALLED: &[(&str, bool)] = &[
    ("chrony.service", true),
    ("corosync.service", false),
    ("firewalld.service", false),
    ("lnet.service", false),
    ("pacemaker.service", false),
    ("zfs-zed.service", true),
];

/// Answers `systemctl`.
pub fn run(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    match words {
        ["show", rest @ ..] => show(world, host, rest),
        ["daemon-reload"] => quiet(),
        ["is-active", unit] => {
            let is_active = is_active(world, host, unit);
            state_of(if is_active { "active" } else { "inactive" }, 3)
        }
        ["is-enabled", unit] => state_of(enabled(world, host, unit), 1),
        [verb @ ("enable" | "disable"), "--now", unit] => {
            let verb_now = if *verb == "enable" { "start" } else { "stop" };
            let output = set_enabled(world, host, unit, *verb == "enable");
            if output.exit == 0 {
                change(world, host, verb_now, unit)
            } else {
                output
            }
        }
        [verb @ ("enable" | "disable"), unit] => set_enabled(world, host, unit, *verb == "enable"),
        [verb @ ("start" | "stop" | "restart"), unit] => change(world, host, verb, unit),
        _ => failed(1, "Unknown command verb."),
    }
}

/// Goes on with the start or the stop of a mount, which takes its time.
pub fn go_on(world: &mut World, run: Run<'_>) -> Option<Next> {
    let words = run.words();
    let ["start", unit] = words.as_slice() else {
        return None;
    };
    let mount = mount_unit(world, run.host, unit)?;
    if is_active(world, run.host, unit) {
        return Some(Next::Done(quiet()));
    }
    let next = lustre::client::go_on(world, run, &mount.source, &mount.at, &mount.options);
    Some(match next {
        Next::Done(output) if output.exit != 0 => Next::Done(job_failed(unit)),
        other => other,
    })
}

fn job_failed(unit: &str) -> Output {
    failed(
        1,
        &format!(
            "Job for {unit} failed.\nSee \"systemctl status {unit}\" and \"journalctl -xeu {unit}\" for details."
        ),
    )
}

fn state_of(word: &str, otherwise: i32) -> Output {
    let is_well = matches!(word, "active" | "enabled" | "static");
    let exit = if is_well { 0 } else { otherwise };
    Output {
        exit,
        ..printed(format!("{word}\n"))
    }
}

fn full(unit: &str) -> String {
    if unit.contains('.') {
        unit.to_owned()
    } else {
        format!("{unit}.service")
    }
}

fn is_mount(unit: &str) -> bool {
    unit.rsplit_once('.')
        .is_some_and(|(_, kind)| kind == "mount")
}

/// A mount that a unit describes.
struct MountUnit {
    source: String,
    at: String,
    options: Vec<String>,
}

fn mount_unit(world: &World, host: &HostName, unit: &str) -> Option<MountUnit> {
    if !is_mount(unit) {
        return None;
    }
    let bytes = world
        .hosts
        .get(host)?
        .files
        .get(&format!("/etc/systemd/system/{unit}"))?;
    let text = String::from_utf8_lossy(bytes).into_owned();
    let value = |key: &str| {
        let mut lines = text.lines();
        lines
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(str::to_owned)
    };
    let options = value("Options").unwrap_or_default();
    let options = options
        .split(',')
        .filter(|word| !word.is_empty() && *word != "_netdev");
    Some(MountUnit {
        source: value("What")?,
        at: value("Where")?,
        options: options.map(str::to_owned).collect(),
    })
}

fn is_there(world: &World, host: &HostName, unit: &str) -> bool {
    let state = world.hosts.get(host);
    mount_unit(world, host, unit).is_some()
        || state.is_some_and(|host| host.units.contains_key(unit) && !is_mount(unit))
}

fn is_active(world: &World, host: &HostName, unit: &str) -> bool {
    let Some(state) = world.hosts.get(host) else {
        return false;
    };
    match mount_unit(world, host, unit) {
        Some(unit) => state.mounts.iter().any(|mount| mount.at == unit.at),
        None => state
            .units
            .get(&full(unit))
            .is_some_and(|unit| unit.is_active),
    }
}

fn enabled(world: &World, host: &HostName, unit: &str) -> &'static str {
    let unit = full(unit);
    let state = world.hosts.get(host).and_then(|host| host.units.get(&unit));
    match (is_there(world, host, &unit), state) {
        (false, _) => "",
        (
            true,
            Some(Unit {
                is_enabled: true, ..
            }),
        ) => "enabled",
        (true, _) => "disabled",
    }
}

/// Properties in the order in which systemd prints them.
const ORDER: [&str; 5] = [
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
];

fn show(world: &World, host: &HostName, words: &[&str]) -> Output {
    let (mut properties, mut units) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-p" | "--property" => {
                properties.extend(words.next().copied().unwrap_or_default().split(','));
            }
            unit => units.push(full(unit)),
        }
    }
    let block = |unit: &String| {
        let (is_there, is_active) = (is_there(world, host, unit), is_active(world, host, unit));
        let sub = match (is_active, unit.as_str()) {
            (false, _) => "dead",
            (true, "lnet.service") => "exited",
            (true, unit) if is_mount(unit) => "mounted",
            (true, _) => "running",
        };
        let values = [
            unit.as_str(),
            if is_there { "loaded" } else { "not-found" },
            if is_active { "active" } else { "inactive" },
            sub,
            enabled(world, host, unit),
        ];
        let lines = ORDER.iter().zip(values);
        let wanted = lines.filter(|(key, _)| properties.is_empty() || properties.contains(key));
        joined(wanted.map(|(key, value)| format!("{key}={value}\n")))
    };
    printed(units.iter().map(block).collect::<Vec<_>>().join("\n"))
}

fn set_enabled(world: &mut World, host: &HostName, unit: &str, is_enabled: bool) -> Output {
    let unit = full(unit);
    if !is_there(world, host, &unit) {
        let verb = if is_enabled { "enable" } else { "disable" };
        return failed(
            1,
            &format!("Failed to {verb} unit: Unit file {unit} does not exist."),
        );
    }
    let Some(state) = world.hosts.get_mut(host) else {
        return quiet();
    };
    let entry = state.units.entry(unit.clone()).or_default();
    let was = std::mem::replace(&mut entry.is_enabled, is_enabled);
    let (folder, link) = if is_mount(&unit) {
        (
            "/etc/systemd/system",
            format!("/etc/systemd/system/remote-fs.target.wants/{unit}"),
        )
    } else {
        (
            "/lib/systemd/system",
            format!("/etc/systemd/system/multi-user.target.wants/{unit}"),
        )
    };
    let said = match (was, is_enabled) {
        (false, true) => format!("Created symlink {link} → {folder}/{unit}.\n"),
        (true, false) => format!("Removed \"{link}\".\n"),
        _ => String::new(),
    };
    Output {
        stderr: said.into_bytes(),
        ..quiet()
    }
}

fn change(world: &mut World, host: &HostName, verb: &str, unit: &str) -> Output {
    let unit = full(unit);
    if !is_there(world, host, &unit) {
        return failed(
            5,
            &format!("Failed to {verb} {unit}: Unit {unit} not found."),
        );
    }
    if let Some(mount) = mount_unit(world, host, &unit) {
        let output = match (verb, is_active(world, host, &unit)) {
            ("stop", true) => lustre::umount(world, host, &mount.at),
            _ => quiet(),
        };
        return if output.exit == 0 {
            output
        } else {
            job_failed(&unit)
        };
    }
    let stops = verb != "start" && is_active(world, host, &unit);
    if stops && set_active(world, host, &unit, false).is_err() {
        return job_failed(&unit);
    }
    let starts = verb != "stop" && !is_active(world, host, &unit);
    if starts && set_active(world, host, &unit, true).is_err() {
        return job_failed(&unit);
    }
    quiet()
}

/// Starts or stops a service.
fn set_active(world: &mut World, host: &HostName, unit: &str, start: bool) -> Result<(), String> {
    let done = match unit {
        "lnet.service" => lnet::service(world, host, start),
        _ => command::unit(world, host, unit, start).unwrap_or(Ok(())),
    };
    done?;
    if let Some(state) = world.hosts.get_mut(host) {
        state.units.entry(unit.to_owned()).or_default().is_active = start;
    }
    Ok(())
}

/// Starts what is enabled, services first.
pub fn boot(world: &mut World, host: &HostName) {
    let Some(state) = world.hosts.get(host) else {
        return;
    };
    let enabled = state.units.iter().filter(|(_, unit)| unit.is_enabled);
    let units: Vec<String> = enabled.map(|(name, _)| name.clone()).collect();
    let (mounts, services): (Vec<_>, Vec<_>) = units.into_iter().partition(|unit| is_mount(unit));
    for unit in services {
        // A service that fails at boot stays down, as a real one does.
        let _ = set_active(world, host, &unit, true);
    }
    for unit in mounts {
        world.begin_detached(host, &["systemctl", "start", &unit].map(str::to_owned));
    }
}

/// Stops what runs, in order, before a host goes off by itself.
pub fn shutdown(world: &mut World, host: &HostName) {
    let Some(state) = world.hosts.get(host) else {
        return;
    };
    let active = state.units.iter().filter(|(_, unit)| unit.is_active);
    let mut units: Vec<String> = active.map(|(name, _)| name.clone()).collect();
    units.sort_by_key(|unit| (unit != "pacemaker.service", unit != "corosync.service"));
    for unit in units.iter().filter(|unit| *unit != "lnet.service") {
        let _ = set_active(world, host, unit, false);
    }
    lustre::unmount_all(world, host);
}
