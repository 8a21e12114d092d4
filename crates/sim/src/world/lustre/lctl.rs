//! `lctl`.

use super::{devices, mgs, params, recovery};
use crate::world::World;
use crate::world::command::{failed, joined, printed, quiet};
use crate::world::host::HostName;
use crate::world::target::FsConfig;
use crate::world::{lnet, os};
use agent::host::Output;
use lustre::label::TargetKind;

/// Answers `lctl`.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    let (device, words) = match words.as_slice() {
        ["--device", device, rest @ ..] => (Some(*device), rest),
        rest => (None, rest),
    };
    match (device, words) {
        (_, ["--version"]) => printed(format!("lctl {}\n", os::LUSTRE)),
        (_, ["dl" | "device_list"]) => devices::list(world, host),
        (_, ["list_nids"]) => list_nids(world, host),
        (_, ["get_param", rest @ ..]) => params::get(world, host, rest),
        (_, ["set_param", rest @ ..]) => params::set(world, host, rest),
        (_, ["ping", nid, ..]) => ping(world, host, nid),
        (Some(_), ["llog_catlist"]) => catalog(world, host),
        (Some(_), ["llog_print", name, ..]) => print(world, host, name),
        (_, ["erase_lcfg", fs]) => erase(world, host, fs),
        (Some(device), ["abort_recovery" | "abort_recovery_mdt"]) => {
            let name = device.trim_start_matches('%');
            if recovery::abort(world, host, name) {
                quiet()
            } else {
                failed(22, "error: abort_recovery: Invalid argument")
            }
        }
        (_, words) => failed(1, &format!("lctl: {}: command not found", words.join(" "))),
    }
}

/// Whether a host has loaded a module.
pub fn is_loaded(world: &World, host: &HostName, module: &str) -> bool {
    world
        .hosts
        .get(host)
        .is_some_and(|state| state.modules.contains(module))
}

fn list_nids(world: &World, host: &HostName) -> Output {
    if !is_loaded(world, host, "lnet") {
        return failed(
            1,
            "Writer error: failed to resolve Netlink family id\nopening /dev/lnet failed: No such file or directory\nhint: the kernel modules may not be loaded\nIOC_LIBCFS_GET_NI error 2: No such file or directory",
        );
    }
    let nids = lnet::nids(world, host);
    if nids.is_empty() {
        return failed(
            1,
            "Reader error: 'Unspecific failure' at 0\nIOC_LIBCFS_GET_NI error 100: Network is down",
        );
    }
    printed(format!("{}\n", nids.join("\n")))
}

fn ping(world: &World, host: &HostName, nid: &str) -> Output {
    match lnet::reach(world, host, nid) {
        Some(to) => {
            let nids = lnet::nids(world, &to);
            let lines = joined(nids.iter().map(|nid| format!("{nid}\n")));
            printed(format!("12345-0@lo\n{lines}"))
        }
        None => Output {
            exit: 113,
            ..printed(format!("failed to ping {nid}: No route to host\n"))
        },
    }
}

fn no_mgs() -> Output {
    failed(22, "No device found for name MGS: Invalid argument")
}

fn catalog(world: &World, host: &HostName) -> Output {
    let Some(mgs) = mgs::here(world, host).and_then(|place| world.target(&place)) else {
        return no_mgs();
    };
    let mut lines = Vec::new();
    for (fs, config) in &mgs.configs {
        lines.push(format!("{fs}-client"));
        lines.extend(config.targets.iter().map(|one| one.label.to_string()));
    }
    let lines = lines.iter().map(|line| format!("config_log: {line}\n"));
    printed(joined(lines))
}

/// Writes the records of a log.
#[derive(Default)]
struct Log(Vec<String>);

impl Log {
    fn add(&mut self, event: &str) {
        self.0.push(format!(
            "- {{ index: {}, event: {event} }}\n",
            self.0.len() + 2
        ));
    }
}

fn print(world: &World, host: &HostName, name: &str) -> Output {
    let Some(mgs) = mgs::here(world, host).and_then(|place| world.target(&place)) else {
        return no_mgs();
    };
    match name
        .strip_suffix("-client")
        .and_then(|fs| Some((fs, mgs.configs.get(fs)?)))
    {
        Some((fs, config)) => printed(client_log(fs, config)),
        None => quiet(),
    }
}

/// The log that clients are given of a file system.
fn client_log(fs: &str, config: &FsConfig) -> String {
    let mut log = Log::default();
    log.add(&format!(
        "attach, device: {fs}-clilov, type: lov, UUID: {fs}-clilov_UUID"
    ));
    log.add(&format!("setup, device: {fs}-clilov, UUID: "));
    log.add(&format!(
        "attach, device: {fs}-clilmv, type: lmv, UUID: {fs}-clilmv_UUID"
    ));
    log.add(&format!("setup, device: {fs}-clilmv, UUID: "));
    log.add(&format!(
        "new_profile, name: {fs}-client, lov: {fs}-clilov, lmv: {fs}-clilmv"
    ));
    for target in &config.targets {
        let is_mdt = target.label.kind() == TargetKind::Mdt;
        let (kind, of) = if is_mdt {
            ("mdc", "clilmv")
        } else {
            ("osc", "clilov")
        };
        let (label, device) = (&target.label, format!("{}-{kind}", target.label));
        let nodes: Vec<Vec<&str>> = target
            .nodes
            .iter()
            .map(|node| node.split(',').collect())
            .collect();
        let first = nodes
            .first()
            .and_then(|node| node.first())
            .copied()
            .unwrap_or_default();
        let add_node = |log: &mut Log, node: &[&str]| {
            let name = node.first().copied().unwrap_or_default();
            for nid in node {
                log.add(&format!(
                    "add_uuid, nid: {nid}({}), node: {name}",
                    number(nid)
                ));
            }
        };
        add_node(&mut log, nodes.first().map_or(&[], Vec::as_slice));
        log.add(&format!(
            "attach, device: {device}, type: {kind}, UUID: {fs}-{of}_UUID"
        ));
        log.add(&format!(
            "setup, device: {device}, UUID: {label}_UUID, node: {first}"
        ));
        for node in &nodes {
            add_node(&mut log, node);
            log.add(&format!(
                "add_conn, device: {device}, node: {}",
                node.first().copied().unwrap_or_default()
            ));
        }
        let index = target.label.index().map_or(0, |index| index.0);
        log.add(&if is_mdt {
            format!("add_mdc, device: {fs}-clilmv, mdt: {label}_UUID, index: {index}, gen: 1, UUID: {label}-mdc_UUID")
        } else {
            format!("add_osc, device: {fs}-clilov, ost: {label}_UUID, index: {index}, gen: 1")
        });
    }
    log.0.concat()
}

/// A NID as a number: `0x20000c0a84d0b`.
fn number(nid: &str) -> String {
    let (address, net) = nid.split_once('@').unwrap_or((nid, "tcp"));
    let parts = address
        .split('.')
        .filter_map(|part| part.parse::<u64>().ok());
    let address = parts.fold(0, |sum, part| sum << 8 | part);
    let digits = net.trim_start_matches(|c: char| !c.is_ascii_digit() || c == '2');
    let kind = if net.starts_with("o2ib") { 5 } else { 2 };
    let number: u64 = digits.parse().unwrap_or(0);
    format!("{:#x}", kind << 48 | number << 32 | address)
}

fn erase(world: &mut World, host: &HostName, fs: &str) -> Output {
    let Some(place) = mgs::here(world, host) else {
        return no_mgs();
    };
    let is_used = world
        .lustre
        .running
        .values()
        .any(|running| running.label.fs().is_some_and(|one| one.as_str() == fs));
    if is_used {
        return failed(16, "error: erase_lcfg: Device or resource busy");
    }
    if let Some(mgs) = world.target_mut(&place) {
        mgs.configs.remove(fs);
    }
    quiet()
}
