//! LNet: its nets, `lnetctl`, `lustre_rmmod`.

mod text;

use super::World;
use super::command::{self, Part, failed, joined, printed, quiet};
use super::host::HostName;
use super::lustre;
use super::os;
use agent::host::Output;
use std::collections::BTreeMap;
use std::time::Duration;

/// The programs of LNet.
pub const PART: Part = Part {
    name: "lnet",
    programs: &["lnetctl", "lustre_rmmod"],
    run: |world, host, argv| {
        let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
        match command::program(argv) {
            "lnetctl" => lnetctl(world, host, &words),
            _ => rmmod(world, host, words.first().copied()),
        }
    },
    takes: |_, _, argv| match argv.get(1).map(String::as_str) {
        Some("import" | "ping" | "discover") => Duration::from_secs(2),
        Some("net") if argv.len() > 3 => Duration::from_secs(1),
        _ if command::program(argv) == "lustre_rmmod" => Duration::from_secs(4),
        _ => Duration::from_millis(200),
    },
    ..Part::BARE
};

/// The port that LNet over TCP listens at.
pub const PORT: &str = "988/tcp";

/// The NIDs of a host that are up, without that of the host itself.
pub fn nids(world: &World, host: &HostName) -> Vec<String> {
    let Some(state) = world.hosts.get(host).filter(|state| state.is_up) else {
        return Vec::new();
    };
    let nets = state.lnet.iter().flatten();
    let pairs = nets.flat_map(|(net, names)| names.iter().map(move |name| (net, name)));
    pairs
        .filter_map(|(net, name)| Some(format!("{}@{net}", state.interfaces.get(name)?)))
        .collect()
}

/// Whether LNet has a net that is up.
pub fn is_up(world: &World, host: &HostName) -> bool {
    !nids(world, host).is_empty()
}

/// The host behind a NID, if it can be reached from another.
pub fn reach(world: &World, from: &HostName, nid: &str) -> Option<HostName> {
    if nid == "0@lo" {
        return Some(from.clone());
    }
    let (address, net) = nid.split_once('@')?;
    let to = world.addresses.get(address)?;
    let is_there = nids(world, to).iter().any(|one| one == nid);
    let has_net = nids(world, from)
        .iter()
        .any(|one| one.ends_with(&format!("@{net}")));
    let is_open = from == to || os::lets_through(world, to, PORT);
    (is_there && has_net && is_open && world.reaches(from, to)).then(|| to.clone())
}

/// Starts or stops `lnet.service`.
pub fn service(world: &mut World, host: &HostName, start: bool) -> Result<(), String> {
    let output = if start {
        os::load(world, host, "lnet");
        configure(world, host);
        import(world, host, "/etc/lnet.conf")
    } else {
        rmmod(world, host, None)
    };
    match output.exit {
        0 => Ok(()),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn is_loaded(world: &World, host: &HostName) -> bool {
    let state = world.hosts.get(host);
    state.is_some_and(|state| state.modules.contains("lnet"))
}

fn no_module() -> Output {
    failed(234, "Writer error: failed to resolve Netlink family id")
}

/// An error as `lnetctl` prints it.
fn error(verb: &str, what: &str, errno: i32, descr: &str) -> Output {
    failed(
        234,
        &format!(
            "---\n{verb}:\n-     {what}:\n      errno: {errno}\n      descr: ! \"{descr}\"\n..."
        ),
    )
}

fn lnetctl(world: &mut World, host: &HostName, words: &[&str]) -> Output {
    if !is_loaded(world, host) {
        return no_module();
    }
    match words {
        ["lnet", "configure", ..] => configure(world, host),
        ["lnet", "unconfigure", ..] => unconfigure(world, host),
        ["import", rest @ ..] => import(world, host, rest.last().unwrap_or(&"/etc/lnet.conf")),
        ["net", "add", rest @ ..] => {
            let (net, name) = (option(rest, "--net"), option(rest, "--if"));
            let added = add(
                world,
                host,
                net.unwrap_or_default(),
                name.unwrap_or_default(),
            );
            added.map_or_else(
                |errno| error("add", "net", errno, "cannot add LNet NI"),
                |()| quiet(),
            )
        }
        ["net", "del", rest @ ..] => remove(world, host, option(rest, "--net").unwrap_or_default()),
        ["net", "show", rest @ ..] => show(world, host, rest),
        ["route" | "routing" | "peer", "show", ..] => match lnet(world, host) {
            Some(_) => quiet(),
            None => error("show", words[0], -100, "Unspecific failure"),
        },
        ["export", ..] => show(world, host, &["-v"]),
        ["global", "show"] => printed(text::GLOBAL),
        ["ping" | "discover", .., nid] => ping(world, host, words[0], nid),
        _ => failed(
            255,
            &format!("lnetctl: {}: command not found", words.join(" ")),
        ),
    }
}

fn option<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == name)?;
    words.get(at + 1).copied()
}

type Nets = BTreeMap<String, Vec<String>>;

fn lnet<'a>(world: &'a World, host: &HostName) -> Option<&'a Nets> {
    world.hosts.get(host)?.lnet.as_ref()
}

fn configure(world: &mut World, host: &HostName) -> Output {
    if !is_loaded(world, host) {
        return no_module();
    }
    if let Some(state) = world.hosts.get_mut(host) {
        state.lnet.get_or_insert_with(Nets::new);
    }
    quiet()
}

fn unconfigure(world: &mut World, host: &HostName) -> Output {
    if lustre::uses_lnet(world, host) {
        return error(
            "configure",
            "lnet",
            -16,
            "LNet configure error: Object busy",
        );
    }
    if let Some(state) = world.hosts.get_mut(host) {
        state.lnet = None;
        state.modules.remove("ksocklnd");
    }
    quiet()
}

/// Adds an interface to a net; the errno if it cannot be.
fn add(world: &mut World, host: &HostName, net: &str, name: &str) -> Result<(), i32> {
    let state = world.hosts.get_mut(host).ok_or(-19)?;
    if !state.interfaces.contains_key(name) {
        return Err(-100);
    }
    let nets = state.lnet.as_mut().ok_or(-100)?;
    let names = nets.entry(net.to_owned()).or_default();
    if names.iter().any(|one| one == name) {
        return Err(-17);
    }
    names.push(name.to_owned());
    state.modules.insert(String::from("ksocklnd"));
    Ok(())
}

fn remove(world: &mut World, host: &HostName, net: &str) -> Output {
    let nets = world
        .hosts
        .get_mut(host)
        .and_then(|state| state.lnet.as_mut());
    match nets.and_then(|nets| nets.remove(net)) {
        Some(_) => quiet(),
        None => error("del", "net", -22, "cannot del network"),
    }
}

/// Adds what a file of `lnet.service` says and is not there yet.
fn import(world: &mut World, host: &HostName, path: &str) -> Output {
    let file = world
        .hosts
        .get(host)
        .and_then(|state| state.files.get(path).cloned());
    let Some(bytes) = file else {
        return failed(
            2,
            &format!("cannot open '{path}': No such file or directory"),
        );
    };
    for (net, name) in text::config(&String::from_utf8_lossy(&bytes)) {
        match add(world, host, &net, &name) {
            Ok(()) | Err(-17) => {}
            Err(errno) => return error("add", "net", errno, "cannot add LNet NI"),
        }
    }
    quiet()
}

fn show(world: &World, host: &HostName, words: &[&str]) -> Output {
    let Some(nets) = lnet(world, host) else {
        return error("show", "net", -100, "Unspecific failure");
    };
    let state = world.hosts.get(host);
    let address = |name: &str| state.and_then(|state| state.interfaces.get(name)).cloned();
    let nets = nets.iter().map(|(net, names)| {
        let nis = names
            .iter()
            .filter_map(|name| Some((format!("{}@{net}", address(name)?), name.clone())));
        (net.clone(), nis.collect())
    });
    let nets: Vec<(String, Vec<(String, String)>)> = nets.collect();
    printed(text::nets(&nets, words.contains(&"-v")))
}

fn ping(world: &World, host: &HostName, verb: &str, nid: &str) -> Output {
    let Some(to) = reach(world, host, nid) else {
        let said = format!(
            "manage:\n- {verb}:\n  errno: -113\n  descr: ! 'failed to {verb} {nid}: No route to host'\n"
        );
        return Output {
            exit: 255,
            ..printed(said)
        };
    };
    let nids = nids(world, &to);
    let lines = joined(nids.iter().map(|nid| format!("  - nid: {nid}\n")));
    printed(format!(
        "{verb}:\n- primary nid: {nid}\n  Multi-Rail: {}\n  peer_ni:\n{lines}",
        nids.len() > 1
    ))
}

/// Modules of Lustre proper, above LNet.
const ABOVE: &[&str] = &[
    "lustre",
    "mdc",
    "osc",
    "lov",
    "lmv",
    "mgc",
    "fid",
    "fld",
    "ptlrpc",
    "obdclass",
    "osd_ldiskfs",
    "ldiskfs",
    "osd_zfs",
    "mgs",
    "mdt",
    "mdd",
    "mds",
    "lod",
    "osp",
    "ost",
    "ofd",
    "lquota",
    "lfsck",
];

/// Unloads modules: of Lustre alone, or of LNet too.
fn rmmod(world: &mut World, host: &HostName, only: Option<&str>) -> Output {
    if lustre::uses_lnet(world, host) {
        return failed(
            1,
            "rmmod: ERROR: Module lustre is in use\nrmmod: ERROR: Module ptlrpc is in use by: mgc lustre mdc osc",
        );
    }
    let Some(state) = world.hosts.get_mut(host) else {
        return quiet();
    };
    state.modules.retain(|name| !ABOVE.contains(&name.as_str()));
    if only.is_none() {
        state.lnet = None;
        state
            .modules
            .retain(|name| !["libcfs", "lnet", "ksocklnd"].contains(&name.as_str()));
        if let Some(unit) = state.units.get_mut("lnet.service") {
            unit.is_active = false;
        }
    }
    quiet()
}
