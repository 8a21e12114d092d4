//! shine's files: the model of a file system (`.lmf`), the devices of a site
//! (`storage.conf`), and tunings (`tuning.conf`).

use std::collections::BTreeMap;

use lustre::label::TargetKind;
use serde::Serialize;
use serde_json::json;
use stdx::hostlist;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::lines::{self, Setting};
use crate::storage::text;

/// The reader of a model.
pub static MODEL: Kind = Kind {
    name: "shine-lmf",
    about: "shine's model of a file system: targets, clients, NIDs",
    guess: guess_model,
    read: read_model,
};

/// The reader of a site's devices.
pub static STORAGE: Kind = Kind {
    name: "shine-storage-conf",
    about: "shine's storage.conf: devices that may become targets",
    guess: guess_storage,
    read: read_model,
};

/// The reader of tunings.
pub static TUNING: Kind = Kind {
    name: "shine-tuning-conf",
    about: "shine's tuning.conf: values for files of /proc, by type of node",
    guess: guess_tuning,
    read: read_tuning,
};

/// A target, or a device that may become one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// What it holds.
    pub kind: TargetKind,
    /// A name for the device.
    pub tag: Option<String>,
    /// Its server.
    pub node: Option<String>,
    /// Servers that take over, the first first.
    pub ha_nodes: Vec<String>,
    /// Its device.
    pub device: Option<String>,
    /// A journal on a device of its own.
    pub journal: Option<String>,
    /// Its number.
    pub index: Option<u16>,
    /// Further fields: `group`, `mode`, `network`, `active`, `dev_run`.
    pub fields: BTreeMap<String, String>,
}

/// Hosts that mount the file system, or route to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nodes {
    /// The hosts.
    pub nodes: Vec<String>,
    /// Where they mount it, if not at the usual place.
    pub mount_path: Option<String>,
    /// With what options, if not with the usual ones.
    pub mount_options: Option<String>,
    /// Which folder of it they mount.
    pub subdir: Option<String>,
}

/// Hosts and their NIDs, one for one. The NIDs may have names for addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NidMap {
    /// Host and NID.
    pub nids: Vec<(String, String)>,
}

/// What a model or a list of devices says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// `fs_name`, `mount_path`, `description` and other plain fields.
    pub fields: BTreeMap<String, String>,
    /// The targets.
    pub targets: Vec<Target>,
    /// The clients.
    pub clients: Vec<Nodes>,
    /// The routers.
    pub routers: Vec<Nodes>,
    /// NIDs of hosts.
    pub nid_maps: Vec<NidMap>,
    /// Commands for devices: `alias`, `start`, `stop`.
    pub device_actions: Vec<BTreeMap<String, String>>,
}

/// Reads a model or a list of devices. A line that names several devices by
/// ranges gives as many targets.
pub fn parse(input: &[u8]) -> (Model, Vec<Skip>) {
    let (mut model, mut skips) = (Model::default(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        match setting.text.split_once(':') {
            Some((key, value)) if is_key(key.trim()) => {
                if let Err(reason) = set(&mut model, key.trim(), value.trim()) {
                    skips.push(bad(&setting, &reason));
                }
            }
            _ => skips.push(text::bad_line(setting.line, "wanted `key: value`")),
        }
    }
    (model, skips)
}

fn bad(setting: &Setting<'_>, reason: &str) -> Skip {
    let kind = if setting.line.ended {
        SkipKind::BadValue
    } else {
        SkipKind::Truncated
    };
    Skip::new(setting.line.no, kind, reason)
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn set(model: &mut Model, key: &str, value: &str) -> Result<(), String> {
    match key {
        "mgt" | "mdt" | "ost" => {
            let kind = match key {
                "mgt" => TargetKind::Mgt,
                "mdt" => TargetKind::Mdt,
                _ => TargetKind::Ost,
            };
            model.targets.extend(targets(kind, &pairs(value)?)?);
        }
        "client" => model.clients.push(nodes(&pairs(value)?)?),
        "router" => model.routers.push(nodes(&pairs(value)?)?),
        "nid_map" => model.nid_maps.push(nid_map(&pairs(value)?)?),
        "dev_action" => {
            let pairs = pairs(value)?.into_iter();
            model.device_actions.push(pairs.collect());
        }
        _ => {
            model.fields.insert(key.to_owned(), value.to_owned());
        }
    }
    Ok(())
}

type Pairs = Vec<(String, String)>;

/// `name=value` words; a value in quotes may hold blanks.
fn pairs(text: &str) -> Result<Pairs, String> {
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() && !rest.starts_with('#') {
        let (name, after) = rest
            .split_once('=')
            .filter(|(name, _)| is_key(name))
            .ok_or_else(|| format!("wanted name=value, not {:?}", text::cut(rest)))?;
        let (value, after) = match after.strip_prefix('"') {
            Some(inner) => inner
                .split_once('"')
                .ok_or_else(|| format!("the quotes of {name} do not end"))?,
            None => after.split_once([' ', '\t']).unwrap_or((after, "")),
        };
        found.push((name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    if found.is_empty() {
        return Err("no name=value here".to_owned());
    }
    Ok(found)
}

/// Most names that one field may stand for.
const NAMES_MAX: usize = 16_384;

fn expand(text: &str) -> Result<Vec<String>, String> {
    let names = hostlist::expand(text).map_err(|error| error.to_string())?;
    if names.len() > NAMES_MAX {
        return Err(format!("more than {NAMES_MAX} names"));
    }
    Ok(names)
}

fn targets(kind: TargetKind, pairs: &Pairs) -> Result<Vec<Target>, String> {
    let mut columns: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, value) in pairs {
        columns.push((name, expand(value)?));
    }
    let n = columns.iter().map(|(_, all)| all.len()).max().unwrap_or(0);
    if let Some((name, all)) = columns
        .iter()
        .find(|(_, all)| all.len() != n && all.len() > 1)
    {
        return Err(format!(
            "{name} stands for {} names, others for {n}",
            all.len()
        ));
    }
    (0..n)
        .map(|at| {
            let cells = columns.iter().filter_map(|(name, all)| {
                let one = all.get(at).or_else(|| all.first())?;
                Some((*name, one.as_str()))
            });
            target(kind, cells)
        })
        .collect()
}

fn target<'a>(
    kind: TargetKind,
    cells: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Target, String> {
    let mut found = Target {
        kind,
        tag: None,
        node: None,
        ha_nodes: Vec::new(),
        device: None,
        journal: None,
        index: None,
        fields: BTreeMap::new(),
    };
    for (name, value) in cells {
        let text = || Some(value.to_owned());
        match name {
            "tag" => found.tag = text(),
            "node" => found.node = text(),
            "ha_node" | "ha_node_name" => found.ha_nodes.push(value.to_owned()),
            "dev" => found.device = text(),
            "jdev" => found.journal = text(),
            "index" => {
                let index = value.parse().map_err(|_| format!("no index: {value:?}"))?;
                found.index = Some(index);
            }
            _ => {
                found.fields.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    Ok(found)
}

fn get<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(key, _)| key == name)?;
    Some(&found.1)
}

fn nodes(pairs: &Pairs) -> Result<Nodes, String> {
    let text = |name| get(pairs, name).map(ToOwned::to_owned);
    Ok(Nodes {
        nodes: expand(get(pairs, "node").ok_or("no node= here")?)?,
        mount_path: text("mount_path"),
        mount_options: text("mount_options"),
        subdir: text("subdir"),
    })
}

fn nid_map(pairs: &Pairs) -> Result<NidMap, String> {
    let nodes = expand(get(pairs, "nodes").ok_or("no nodes= here")?)?;
    let nids = expand(get(pairs, "nids").ok_or("no nids= here")?)?;
    if nodes.len() != nids.len() {
        let (n_nodes, n_nids) = (nodes.len(), nids.len());
        return Err(format!("{n_nodes} nodes, but {n_nids} NIDs"));
    }
    let nids = nodes.into_iter().zip(nids).collect();
    Ok(NidMap { nids })
}

/// A value for a file, on some nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tuning {
    /// The value.
    pub value: String,
    /// The alias of the file.
    pub alias: String,
    /// The file, if the alias is declared.
    pub path: Option<String>,
    /// Types of nodes, and nodes.
    pub nodes: Vec<String>,
}

/// Reads aliases and tunings; an alias is declared before it is used.
pub fn parse_tuning(input: &[u8]) -> (BTreeMap<String, String>, Vec<Tuning>, Vec<Skip>) {
    let (mut aliases, mut found, mut skips) = (BTreeMap::new(), Vec::new(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        if let Some((name, path)) = alias(&setting.text) {
            aliases.insert(name.to_owned(), path.to_owned());
        } else if let Some(mut tuning) = tuning(&setting.text) {
            tuning.path = aliases.get(&tuning.alias).cloned();
            found.push(tuning);
        } else {
            skips.push(text::bad_line(setting.line, "wanted `value alias nodes`"));
        }
    }
    (aliases, found, skips)
}

fn alias(line: &str) -> Option<(&str, &str)> {
    let (name, path) = line.strip_prefix("alias ")?.trim().split_once('=')?;
    let is_path = path.starts_with('/') && !name.contains(' ');
    is_path.then_some((name.trim(), path))
}

fn tuning(line: &str) -> Option<Tuning> {
    let (value, rest) = match line.strip_prefix('"') {
        Some(inner) => inner.split_once('"')?,
        None => line.split_once([' ', '\t'])?,
    };
    let mut words = rest.split_whitespace();
    let (alias, nodes) = (words.next()?, words.next()?);
    let is_alias = alias
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_alias || words.next().is_some_and(|word| !word.starts_with('#')) {
        return None;
    }
    let nodes = nodes.split(';').filter(|one| !one.is_empty());
    Some(Tuning {
        value: value.to_owned(),
        alias: alias.to_owned(),
        path: None,
        nodes: nodes.map(ToOwned::to_owned).collect(),
    })
}

/// Lines that name targets, lines of a model beside, and others.
fn points(text: &str) -> (u32, u32, u32) {
    let (mut n_targets, mut n_model, mut n_other) = (0, 0, 0);
    for line in lines::active(text) {
        match line.split_once(':') {
            Some(("mgt" | "mdt" | "ost", rest)) if pairs(rest).is_ok() => n_targets += 1,
            Some(("client" | "router" | "nid_map" | "dev_action", rest)) if rest.contains('=') => {
                n_model += 1;
            }
            Some(("fs_name" | "mount_path", _)) => n_model += 1,
            Some((key, _)) if is_key(key) => {}
            _ => n_other += 1,
        }
    }
    (n_targets, n_model, n_other)
}

fn guess_model(sample: Sample<'_>) -> Likelihood {
    match points(sample.text()) {
        (_, 2.., 0) | (1.., 1.., 0) => 90,
        (n_targets, 1.., n_other) if n_targets > n_other => 60,
        _ => 0,
    }
}

fn guess_storage(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_named = sample.name.ends_with("storage.conf");
    match points(text) {
        (1.., 0, 0) => 85,
        (0, 0, 0) if lines::active(text).next().is_none() => {
            let is_ours = text.contains("<mgt|mdt|ost>:") || is_named && text.contains("#ost:");
            if is_ours { 60 } else { 0 }
        }
        _ => 0,
    }
}

fn guess_tuning(sample: Sample<'_>) -> Likelihood {
    let (mut n_aliases, mut n_tunings, mut n_other) = (0_u32, 0_u32, 0_u32);
    for line in lines::active(sample.text()) {
        if alias(line).is_some() {
            n_aliases += 1;
        } else if tuning(line).is_some() {
            n_tunings += 1;
        } else {
            n_other += 1;
        }
    }
    match (n_aliases, n_tunings, n_other) {
        (1.., _, 0) => 85,
        (1.., _, _) if n_aliases + n_tunings > n_other => 50,
        _ => 0,
    }
}

fn read_model(input: &[u8], sink: &mut dyn Sink) {
    let (model, skips) = parse(input);
    let is_empty = model == Model::default();
    if is_empty && skips.is_empty() {
        lines::hint_nothing_set(sink);
    }
    if !model.fields.is_empty() {
        sink.record("shine.filesystem", &|| json!(model.fields));
    }
    text::emit("shine.target", &model.targets, Vec::new(), sink);
    text::emit("shine.client", &model.clients, Vec::new(), sink);
    text::emit("shine.router", &model.routers, Vec::new(), sink);
    text::emit("shine.nid-map", &model.nid_maps, Vec::new(), sink);
    text::emit("shine.device-action", &model.device_actions, skips, sink);
}

fn read_tuning(input: &[u8], sink: &mut dyn Sink) {
    let (aliases, found, skips) = parse_tuning(input);
    for (name, path) in &aliases {
        sink.record("shine.alias", &|| json!({"name": name, "path": path}));
    }
    text::emit("shine.tuning", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        let (model, skips) = parse(text.as_bytes());
        let mut shown: Vec<String> = Vec::new();
        for one in &model.targets {
            let (node, device) = (one.node.as_deref(), one.device.as_deref());
            let (node, device) = (node.unwrap_or("-"), device.unwrap_or("-"));
            let heirs = one.ha_nodes.join(",");
            shown.push(format!(
                "{} {node}/{heirs} {device} {:?}",
                one.kind, one.index
            ));
        }
        for one in &model.clients {
            shown.push(format!(
                "client {} {:?}",
                one.nodes.join(","),
                one.mount_path
            ));
        }
        shown.extend(model.nid_maps.iter().map(|one| format!("{:?}", one.nids)));
        shown.extend(skips.iter().map(|skip| format!("{:?}", skip.kind)));
        assert_eq!(shown.join("; "), wanted, "{text:?}");
    }

    #[test]
    fn targets_and_nodes_are_read() {
        check(
            "mgt: node=n4 ha_node=n3 ha_node=n5 dev=/dev/mapper/mgt\r\n",
            "mgt n4/n3,n5 /dev/mapper/mgt None",
        );
        check(
            "ost: tag=o[0-1] node=n1 index=[8-9] dev=/dev/mapper/o[0-1]",
            "ost n1/ /dev/mapper/o0 Some(8); ost n1/ /dev/mapper/o1 Some(9)",
        );
        check(
            "client: node=n[8-9] mount_path=/my/place",
            r#"client n8,n9 Some("/my/place")"#,
        );
        check(
            "nid_map: nodes=n[1-2] nids=n[1-2]@tcp0",
            r#"[("n1", "n1@tcp0"), ("n2", "n2@tcp0")]"#,
        );
    }

    #[test]
    fn a_bad_line_costs_no_neighbour() {
        check(
            "ost: node=n1 index=x dev=/a\nost: node=n2",
            "ost n2/ - None; BadValue",
        );
        check("ost: node=n[1-2] dev=/a[1-3]\n", "BadValue");
        check("nid_map: nodes=n[1-2] nids=n1@tcp\n", "BadValue");
        check("dev_action: alias=md start=\"mdadm -A $dev", "Truncated");
        check("what is this\n", "BadLine");
    }

    #[test]
    fn tunings_are_read() {
        let text = b"alias debug=/proc/sys/lnet/debug\n\"-all +x\" debug MGS;foo[1-5]\n32 other CLT\n1 2 3 4\n";
        let (aliases, found, skips) = parse_tuning(text);
        assert_eq!((aliases.len(), found.len(), skips.len()), (1, 2, 1));
        assert_eq!(found[0].path.as_deref(), Some("/proc/sys/lnet/debug"));
        assert_eq!(
            (found[0].value.as_str(), found[0].nodes.len()),
            ("-all +x", 2)
        );
        assert_eq!(found[1].path, None);
    }
}
