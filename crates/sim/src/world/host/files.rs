//! Files of a host: those that were written, and those that its kernel and its
//! distribution show.

use super::{Host, HostName};
use crate::world::World;
use crate::world::command::joined;
use crate::world::disk;
use agent::host::HostError;
use std::time::Duration;

/// Where folders of the kernel and the distribution begin.
const OS_RELEASE: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL=\"https://www.debian.org/\"\nSUPPORT_URL=\"https://www.debian.org/support\"\nBUG_REPORT_URL=\"https://bugs.debian.org/\"\n";
const PROCESSORS: usize = 16;
const MEMORY_KB: u64 = 64 << 20;

/// The bytes of a file.
pub fn read(world: &mut World, host: &HostName, path: &str) -> Result<Vec<u8>, HostError> {
    let state = world.hosts.get(host).ok_or(HostError::NotFound)?;
    if let Some(bytes) = state.files.get(path) {
        return Ok(bytes.clone());
    }
    let text = match path {
        "/etc/machine-id" => format!("{}\n", state.machine_id),
        "/etc/os-release" => OS_RELEASE.to_owned(),
        "/etc/hostname" | "/proc/sys/kernel/hostname" => format!("{host}\n"),
        "/proc/sys/kernel/random/boot_id" => boot_id(state),
        "/proc/stat" => stat(world, state),
        "/proc/uptime" => {
            let up = up(world, state).as_secs_f64();
            format!("{up:.2} {:.2}\n", up * 15.0)
        }
        "/proc/meminfo" => meminfo(),
        "/proc/cpuinfo" => cpuinfo(),
        // The device of the BMC: that it is there is all that is asked of it.
        "/dev/ipmi0" if state.bmc_address().is_some() => String::new(),
        "/proc/mounts" => mounts(state),
        "/proc/modules" => modules(state),
        "/sys/class/dmi/id/sys_vendor" => String::from("Simulated\n"),
        "/sys/class/dmi/id/product_name" => String::from("Server\n"),
        "/sys/class/dmi/id/product_serial" => format!("SIM{}\n", tail(&state.machine_id, 8)),
        _ => speed(state, path).ok_or(HostError::NotFound)?,
    };
    Ok(text.into_bytes())
}

fn tail(text: &str, length: usize) -> &str {
    text.get(text.len().saturating_sub(length)..)
        .unwrap_or(text)
}

fn boot_id(state: &Host) -> String {
    format!(
        "{:08x}-0000-4000-8000-{}\n",
        state.boot,
        tail(&state.machine_id, 12)
    )
}

fn speed(state: &Host, path: &str) -> Option<String> {
    let name = path
        .strip_prefix("/sys/class/net/")?
        .strip_suffix("/speed")?;
    state
        .interfaces
        .contains_key(name)
        .then(|| String::from("25000\n"))
}

/// How long a host has been up, by the clocks.
fn up(world: &World, state: &Host) -> Duration {
    let clock = world.clock;
    clock
        .shown(world.now())
        .saturating_sub(clock.shown(state.booted_at))
}

fn stat(world: &World, state: &Host) -> String {
    let up = up(world, state).as_secs();
    let after = world.clock.shown(state.booted_at).as_millis();
    let booted = world.clock.began_ms + i64::try_from(after).unwrap_or(0) + state.clock_off_ms;
    let booted = booted / 1000;
    format!(
        "cpu  {0} 0 {0} {1} 0 0 0 0 0 0\nctxt {0}\nbtime {booted}\nprocesses 1000\nprocs_running 1\nprocs_blocked 0\n",
        up * 10,
        up * 1500
    )
}

fn meminfo() -> String {
    let line = |key: &str, kb: u64| format!("{:<16}{kb:>8} kB\n", format!("{key}:"));
    [
        line("MemTotal", MEMORY_KB),
        line("MemFree", MEMORY_KB / 8 * 7),
        line("MemAvailable", MEMORY_KB / 8 * 7),
        line("Buffers", 65536),
        line("Cached", MEMORY_KB / 16),
        line("SwapTotal", 8 << 20),
        line("SwapFree", 8 << 20),
    ]
    .concat()
}

fn cpuinfo() -> String {
    let one = |n: usize| {
        format!(
            "processor\t: {n}\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7313P 16-Core Processor\ncpu MHz\t\t: 3000.000\nphysical id\t: 0\ncore id\t\t: {n}\ncpu cores\t: {PROCESSORS}\nflags\t\t: fpu vme sse sse2\n\n"
        )
    };
    (0..PROCESSORS).map(one).collect()
}

fn mounts(state: &Host) -> String {
    let pseudo = "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\nsysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0\ntmpfs /run tmpfs rw,nosuid,nodev,size=6565452k,mode=755 0 0\n";
    let lines = state.mounts.iter().map(|mount| {
        format!(
            "{} {} {} {} 0 0\n",
            mount.source, mount.at, mount.kind, mount.options
        )
    });
    format!("{pseudo}{}", joined(lines))
}

fn modules(state: &Host) -> String {
    let lines = state.modules.iter();
    let lines = lines.map(|name| format!("{name} 16384 0 - Live 0x0000000000000000\n"));
    joined(lines)
}

/// Names in a folder.
pub fn list(world: &World, host: &HostName, path: &str) -> Result<Vec<String>, HostError> {
    let state = world.hosts.get(host).ok_or(HostError::NotFound)?;
    let path = path.trim_end_matches('/');
    let under = format!("{path}/");
    let all = state.files.keys().chain(&state.folders);
    let mut names: Vec<String> = all
        .filter_map(|file| file.strip_prefix(&under)?.split('/').next())
        .map(str::to_owned)
        .collect();
    if path == "/sys/module" {
        names.extend(state.modules.iter().cloned());
    }
    let module = path.strip_prefix("/sys/module/");
    let is_there =
        state.folders.contains(path) || module.is_some_and(|name| state.modules.contains(name));
    names.sort();
    names.dedup();
    if names.is_empty() && !is_there {
        return Err(HostError::NotFound);
    }
    Ok(names)
}

/// Where a link points.
pub fn link(world: &World, host: &HostName, path: &str) -> Result<String, HostError> {
    world.hosts.get(host).ok_or(HostError::NotFound)?;
    if path == "/etc/localtime" {
        return Ok(String::from("/usr/share/zoneinfo/UTC"));
    }
    let name = path.strip_prefix("/dev/").ok_or(HostError::NotFound)?;
    let name = disk::udev::leads_to(world, host, name).ok_or(HostError::NotFound)?;
    Ok(format!("../../{name}"))
}
