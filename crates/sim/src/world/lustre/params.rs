//! Parameters: `lctl get_param`.

use super::{Running, recovery};
use crate::world::World;
use crate::world::command::{failed, joined, printed};
use crate::world::host::HostName;
use crate::world::target::{FsConfig, Place};
use crate::world::{lnet, os};
use agent::host::Output;
use lustre::label::{TargetKind, TargetLabel};
use std::collections::BTreeMap;

/// Every parameter of a host that is kept here, with its value. A value of more
/// than one line ends in a line feed.
fn all(world: &World, host: &HostName) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let state = world.hosts.get(host);
    if !state.is_some_and(|state| state.modules.contains("obdclass")) {
        return found;
    }
    found.push((String::from("health_check"), String::from("healthy")));
    found.push((String::from("version"), os::LUSTRE.to_owned()));
    let running = world
        .lustre
        .on(host)
        .filter(|(_, running)| running.is_started);
    for (_, running) in running {
        of_target(world, host, running, &mut found);
        if running.is_mgs {
            of_mgs(world, &running.place, &mut found);
        }
    }
    found
}

fn of_target(world: &World, host: &HostName, running: &Running, found: &mut Vec<(String, String)>) {
    let name = running.label.to_string();
    let osd = format!("osd-{}.{name}", running.place.back_end());
    if running.label == TargetLabel::Mgs {
        let osd = format!("osd-{}.MGS", running.place.back_end());
        found.extend(space(world, &running.place, &osd));
        return;
    }
    let class = if running.label.kind() == TargetKind::Mdt {
        "mdt"
    } else {
        "obdfilter"
    };
    // A target has an export of its own, besides those that are connected.
    let exports = running.connected.len() + 1;
    found.push((format!("{class}.{name}.num_exports"), exports.to_string()));
    found.push((
        format!("{class}.{name}.recovery_status"),
        running.recovery.status(world.now()),
    ));
    found.push((format!("{class}.{name}.uuid"), format!("{name}_UUID")));
    found.extend(space(world, &running.place, &osd));
    if class == "mdt" {
        let by_nid = exports_by_nid(world, host, running);
        let uuids = by_nid.into_iter().map(|(nid, uuids)| {
            (
                format!("mdt.{name}.exports.{nid}.uuid"),
                format!("{}\n", uuids.join("\n")),
            )
        });
        found.extend(uuids);
    }
}

/// Who is connected to an MDT, by the NID it comes from.
fn exports_by_nid(
    world: &World,
    host: &HostName,
    running: &Running,
) -> BTreeMap<String, Vec<String>> {
    let fs = running.label.fs();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |from: &HostName, uuid: String| {
        let nid = if from == host {
            Some(String::from("0@lo"))
        } else {
            lnet::nids(world, from).into_iter().next()
        };
        if let Some(nid) = nid {
            found.entry(nid).or_default().push(uuid);
        }
    };
    for ((from, _), client) in &world.lustre.clients {
        if running.connected.contains(&client.uuid) {
            add(from, client.uuid.clone());
        }
    }
    for ((from, _), other) in &world.lustre.running {
        if other.label.fs() != fs || !other.is_started || !recovery::is_linked(world, from, host) {
            continue;
        }
        if let TargetLabel::Of { kind, index, .. } = &other.label {
            let kind = kind.to_string().to_uppercase();
            add(from, format!("{}-lwp-{kind}{index}_UUID", running.label));
            if other.label != running.label && kind == "MDT" {
                add(from, recovery::mdt_uuid(&other.label));
            }
        }
    }
    found
}

fn space(world: &World, place: &Place, osd: &str) -> Vec<(String, String)> {
    let bytes = match place {
        Place::Disk(id) => world.disks.get(id).map_or(0, |disk| disk.bytes),
        Place::Dataset(guid, _) => world.pools.get(guid).map_or(0, |pool| pool.bytes(world)),
    };
    let total = bytes / 1024 / 100 * 97;
    let values = [
        ("filesfree", bytes / (1 << 20) - 300),
        ("filestotal", bytes / (1 << 20)),
        ("kbytesavail", total - total / 100),
        ("kbytesfree", total - total / 200),
        ("kbytestotal", total),
    ];
    values
        .map(|(name, value)| (format!("{osd}.{name}"), value.to_string()))
        .into()
}

fn of_mgs(world: &World, place: &Place, found: &mut Vec<(String, String)>) {
    let Some(data) = world.target(place) else {
        return;
    };
    let names: Vec<&str> = data.configs.keys().map(String::as_str).collect();
    found.push((String::from("mgs.MGS.filesystems"), names.join("\n")));
    found.push((String::from("mgs.MGS.num_exports"), String::from("3")));
    for (fs, config) in &data.configs {
        found.push((format!("mgs.MGS.live.{fs}"), live(fs, config)));
    }
    let params = FsConfig {
        generation: 1,
        ..FsConfig::default()
    };
    found.push((String::from("mgs.MGS.live.params"), live("params", &params)));
}

fn live(fs: &str, config: &FsConfig) -> String {
    let mut targets: Vec<String> = config
        .targets
        .iter()
        .map(|one| one.label.to_string())
        .collect();
    targets.sort();
    let targets = joined(targets.iter().map(|target| format!("{target}\n")));
    format!(
        "fsname: {fs}\nflags: 0x20     gen: {}\n{targets}\nSecure RPC Config Rules:\n\nimperative_recovery_state:\n    state: startup\n    nonir_clients: 0\n    nidtbl_version: {}\n    notify_duration_total: 0.000000000\n    notify_duation_max: 0.000000000\n    notify_count: 0\n",
        config.generation,
        config.generation + 1
    )
}

/// Whether a name is meant by a pattern: both of parts between dots, where `*`
/// stands for any text in a part. Parts may hold dots in NIDs.
fn is_meant(pattern: &str, name: &str) -> bool {
    match (pattern.split_once('*'), pattern.is_empty()) {
        (_, true) => name.is_empty(),
        (None, _) => pattern == name,
        (Some((head, tail)), _) => {
            let Some(rest) = name.strip_prefix(head) else {
                return false;
            };
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter()
                .any(|at| rest.get(at..).is_some_and(|rest| is_meant(tail, rest)))
        }
    }
}

/// Answers `lctl get_param [-n] [-N] PATTERN…`.
pub fn get(world: &World, host: &HostName, words: &[&str]) -> Output {
    let flags: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| word.starts_with('-'))
        .collect();
    let only_value = flags.contains(&"-n");
    let only_name = flags.contains(&"-N");
    let all = all(world, host);
    let (mut text, mut errors, mut exit) = (String::new(), String::new(), 0);
    for pattern in words.iter().filter(|word| !word.starts_with('-')) {
        let pattern = pattern.replace('/', ".");
        let is_deep = |name: &str| {
            let is_wide = pattern.contains("exports") || name.contains(".exports.");
            is_wide || name.matches('.').count() == pattern.matches('.').count()
        };
        let mut found = all
            .iter()
            .filter(|(name, _)| is_deep(name) && is_meant(&pattern, name))
            .peekable();
        if found.peek().is_none() {
            let path = pattern.replace('.', "/");
            errors.push_str(&format!(
                "error: get_param: param_path '{path}': No such file or directory\n"
            ));
            exit = 2;
        }
        for (name, value) in found {
            let is_block = value.lines().count() > 1 || name.contains(".exports.");
            let value = value.trim_end_matches('\n');
            text.push_str(&match (only_name, only_value, is_block) {
                (true, ..) => format!("{name}\n"),
                (_, true, _) => format!("{value}\n"),
                (_, _, true) => format!("{name}=\n{value}\n"),
                _ => format!("{name}={value}\n"),
            });
        }
    }
    Output {
        exit,
        stdout: text.into_bytes(),
        stderr: errors.into_bytes(),
        seconds: 0.0,
    }
}

/// Answers `lctl set_param NAME=VALUE…`: what is not there cannot be set.
pub fn set(world: &World, host: &HostName, words: &[&str]) -> Output {
    let all = all(world, host);
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    let unknown = pairs
        .clone()
        .find(|(name, _)| !all.iter().any(|(known, _)| known == name));
    if let Some((name, _)) = unknown {
        let path = name.replace('.', "/");
        return failed(
            2,
            &format!("error: set_param: param_path '{path}': No such file or directory"),
        );
    }
    let lines = pairs.map(|(name, value)| format!("{name}={value}\n"));
    printed(joined(lines))
}
