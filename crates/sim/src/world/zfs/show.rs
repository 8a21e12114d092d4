//! What `zpool` and `zfs` print.

use super::import::{importable, other_holder};
use super::{Pool, imported_pools, properties, spl_id};
use crate::world::World;
use crate::world::command::{failed, joined, printed};
use crate::world::disk::{self, DiskId, number_from};
use crate::world::host::HostName;
use agent::host::Output;

/// Answers `zpool status`, `list` and `get`.
pub fn zpool(world: &World, host: &HostName, words: &[&str]) -> Output {
    let pools = imported_pools(world, host);
    match words {
        ["status", rest @ ..] if rest.contains(&"-j") => printed(status_json(world, host, &pools)),
        ["status", rest @ ..] => {
            let names: Vec<&str> = rest
                .iter()
                .copied()
                .filter(|word| !word.starts_with('-'))
                .collect();
            if let Some(name) = names
                .iter()
                .find(|name| !pools.iter().any(|pool| pool.name == **name))
            {
                return failed(1, &format!("cannot open '{name}': no such pool"));
            }
            let wanted = pools
                .iter()
                .filter(|pool| names.is_empty() || names.contains(&pool.name.as_str()));
            let text: Vec<String> = wanted.map(|pool| status(world, host, pool)).collect();
            if text.is_empty() {
                return Output {
                    stderr: b"no pools available\n".to_vec(),
                    ..printed("")
                };
            }
            printed(text.join("\n"))
        }
        ["list", rest @ ..] => list(world, &pools, rest),
        ["get", rest @ ..] => get(&pools, rest),
        ["version" | "--version"] => printed("zfs-2.3.2-2~bpo12+2\nzfs-kmod-2.3.2-2~bpo12+2\n"),
        _ => failed(
            2,
            &format!(
                "unrecognized command '{}'",
                words.first().copied().unwrap_or_default()
            ),
        ),
    }
}

/// The path of a member as a host has it: what it was given by, where that leads to
/// it here too. An import takes the names of where it is done.
fn path_on(world: &World, host: &HostName, (id, given): &(DiskId, String)) -> String {
    let name = || disk::name_of(world, host, id).map(|name| format!("/dev/{name}"));
    let is_so_here = disk::find(world, host, given).as_ref() == Some(id);
    let here = if is_so_here { None } else { name() };
    here.unwrap_or_else(|| given.clone())
}

fn leaf(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Lines of the tree of a pool: depth, name, state.
fn tree(world: &World, host: &HostName, pool: &Pool) -> Vec<(usize, String, &'static str)> {
    let mut lines = vec![(0, pool.name.clone(), pool.state(world))];
    for (number, vdev) in pool.vdevs.iter().enumerate() {
        let depth = usize::from(vdev.layout.is_some());
        if let Some(layout) = &vdev.layout {
            let name = format!("{layout}-{number}");
            lines.push((1, name, pool.state_of(world, vdev)));
        }
        for member in &vdev.disks {
            let state = if pool.has(world, &member.0) {
                "ONLINE"
            } else {
                "UNAVAIL"
            };
            lines.push((depth + 1, leaf(&path_on(world, host, member)), state));
        }
    }
    lines
}

fn status(world: &World, host: &HostName, pool: &Pool) -> String {
    let tree = tree(world, host, pool);
    let width = tree
        .iter()
        .map(|(depth, name, _)| depth * 2 + name.len())
        .max()
        .unwrap_or(4)
        .max(4);
    let mut text = format!(
        "  pool: {}\n state: {}\nconfig:\n\n\t{:<width$}  STATE     READ WRITE CKSUM\n",
        pool.name,
        pool.state(world),
        "NAME"
    );
    for (depth, name, state) in tree {
        let name = format!("{}{name}", "  ".repeat(depth));
        text.push_str(&format!("\t{name:<width$}  {state:<8}     0     0     0\n"));
    }
    text.push_str("\nerrors: No known data errors\n");
    text
}

/// Answers `zpool import` without a name.
pub fn import_list(world: &World, host: &HostName) -> Output {
    let pools = importable(world, host);
    if pools.is_empty() {
        return Output {
            stderr: b"no pools available to import\n".to_vec(),
            ..printed("")
        };
    }
    let mine = spl_id(world, host);
    let entry = |pool: &&Pool| {
        let is_foreign = pool.last.as_ref().is_some_and(|(_, id, _)| *id != mine);
        let how = match other_holder(world, host, pool).filter(|_| pool.is_multihost()) {
            Some((other, id)) => format!(
                "status: The pool is currently imported by another system.\naction: The pool must be exported from {other} (hostid={id:x})\n\tbefore it can be safely imported.\n   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-M4\n"
            ),
            None if is_foreign => String::from(
                "status: The pool was last accessed by another system.\naction: The pool can be imported using its name or numeric identifier and\n\tthe '-f' flag.\n   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-EY\n",
            ),
            None => String::from(
                "action: The pool can be imported using its name or numeric identifier.\n",
            ),
        };
        let tree = tree(world, host, pool);
        let width = tree
            .iter()
            .map(|(depth, name, _)| depth * 2 + name.len())
            .max()
            .unwrap_or(0);
        let lines = tree.iter().map(|(depth, name, state)| {
            format!(
                "\t{:<width$}  {state}\n",
                format!("{}{name}", "  ".repeat(*depth))
            )
        });
        format!(
            "  pool: {}\n    id: {}\n state: {}\n{how}config:\n\n{}",
            pool.name,
            pool.guid,
            pool.state(world),
            lines.collect::<String>()
        )
    };
    printed(pools.iter().map(entry).collect::<Vec<_>>().join("\n"))
}

fn status_json(world: &World, host: &HostName, pools: &[&Pool]) -> String {
    let pools = pools.iter().map(|pool| pool_json(world, host, pool));
    let pools: Vec<String> = pools.collect();
    format!(
        "{{\"output_version\":{{\"command\":\"zpool status\",\"vers_major\":0,\"vers_minor\":1}},\"pools\":{{{}}}}}\n",
        pools.join(",")
    )
}

const NO_ERRORS: &str = "\"read_errors\":\"0\",\"write_errors\":\"0\",\"checksum_errors\":\"0\"";

fn pool_json(world: &World, host: &HostName, pool: &Pool) -> String {
    let (name, guid, state) = (&pool.name, pool.guid, pool.state(world));
    let vdevs = pool.vdevs.iter().enumerate().map(|(number, vdev)| {
        let disks: Vec<String> = vdev.disks.iter().map(|member| {
            let (id, path) = (&member.0, path_on(world, host, member));
            let state = if pool.has(world, id) { "ONLINE" } else { "UNAVAIL" };
            let (leaf, member) = (leaf(&path), number_from(&id.0, guid));
            let part = if path.contains("/by-id/") { "-part1" } else { "1" };
            format!("\"{leaf}\":{{\"name\":\"{leaf}\",\"vdev_type\":\"disk\",\"guid\":\"{member}\",\"path\":\"{path}{part}\",\"class\":\"normal\",\"state\":\"{state}\",{NO_ERRORS},\"slow_ios\":\"0\"}}")
        }).collect();
        let Some(layout) = &vdev.layout else {
            return disks.join(",");
        };
        let (kind, vdev_name) = (layout.trim_end_matches(|c: char| c.is_ascii_digit()), format!("{layout}-{number}"));
        let state = pool.state_of(world, vdev);
        format!(
            "\"{vdev_name}\":{{\"name\":\"{vdev_name}\",\"vdev_type\":\"{kind}\",\"guid\":\"{}\",\"class\":\"normal\",\"state\":\"{state}\",{NO_ERRORS},\"vdevs\":{{{}}}}}",
            number_from(&vdev_name, guid),
            disks.join(",")
        )
    });
    let vdevs: Vec<String> = vdevs.collect();
    format!(
        "\"{name}\":{{\"name\":\"{name}\",\"state\":\"{state}\",\"pool_guid\":\"{guid}\",\"txg\":\"4\",\"spa_version\":\"5000\",\"zpl_version\":\"5\",\"vdevs\":{{\"{name}\":{{\"name\":\"{name}\",\"vdev_type\":\"root\",\"guid\":\"{guid}\",\"class\":\"normal\",\"state\":\"{state}\",{NO_ERRORS},\"vdevs\":{{{}}}}}}},\"error_count\":\"0\"}}",
        vdevs.join(",")
    )
}

fn list(world: &World, pools: &[&Pool], words: &[&str]) -> Output {
    let has = |flag: char| {
        words
            .iter()
            .any(|word| word.starts_with('-') && word.contains(flag))
    };
    if !has('H') {
        return failed(2, "zpool list: only -H is printed here");
    }
    let line = |pool: &&Pool| {
        let size = pool.bytes(world) / 100 * 98;
        let used = 503_808_u64.min(size);
        format!(
            "{}\t{size}\t{used}\t{}\t-\t-\t1\t0\t1.00\t{}\t-\n",
            pool.name,
            size - used,
            pool.state(world)
        )
    };
    printed(pools.iter().map(line).collect::<String>())
}

fn get(pools: &[&Pool], words: &[&str]) -> Output {
    let names = words
        .iter()
        .find(|word| !word.starts_with('-'))
        .copied()
        .unwrap_or_default();
    let lines = pools.iter().flat_map(|pool| {
        names.split(',').map(move |name| {
            let guid = pool.guid.to_string();
            let (value, source) = match (name, pool.properties.get(name)) {
                ("guid", _) => (guid, "-"),
                (_, Some(value)) => (value.clone(), "local"),
                ("multihost", None) => (String::from("off"), "default"),
                (_, None) => (String::from("-"), "default"),
            };
            format!("{}\t{name}\t{value}\t{source}\n", pool.name)
        })
    });
    printed(lines.collect::<String>())
}

/// Answers `zfs get` and `zfs list`.
pub fn zfs(world: &World, host: &HostName, words: &[&str]) -> Output {
    let pools = imported_pools(world, host);
    match words {
        [
            "get",
            "-H",
            "-p",
            "-o",
            "name,property,value,source",
            names,
            rest @ ..,
        ] => {
            let mut text = String::new();
            for (dataset, one) in pools.iter().flat_map(|pool| &pool.datasets) {
                if rest.first().is_some_and(|wanted| wanted != dataset) {
                    continue;
                }
                let known = one.target.as_ref().map(properties).unwrap_or_default();
                for name in names.split(',') {
                    let key = name.strip_prefix("lustre:").unwrap_or(name);
                    let found = known.iter().find(|(one, _)| one == key);
                    let (value, source) =
                        found.map_or(("-", "-"), |(_, value)| (value.as_str(), "local"));
                    text.push_str(&format!("{dataset}\t{name}\t{value}\t{source}\n"));
                }
            }
            printed(text)
        }
        ["list", ..] => {
            let names: Vec<&String> = pools.iter().flat_map(|pool| pool.datasets.keys()).collect();
            if names.is_empty() {
                return Output {
                    stderr: b"no datasets available\n".to_vec(),
                    ..printed("")
                };
            }
            printed(joined(names.iter().map(|name| format!("{name}\n"))))
        }
        ["version"] => printed("zfs-2.3.2-2~bpo12+2\nzfs-kmod-2.3.2-2~bpo12+2\n"),
        _ => failed(
            2,
            &format!(
                "unrecognized command '{}'",
                words.first().copied().unwrap_or_default()
            ),
        ),
    }
}

/// A date as ZFS prints it: `Sat Nov 21 00:41:25 2026`.
pub fn date(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%a %b %e %H:%M:%S %Y")
        .to_string()
}
