//! What IML's agents found on a server when they looked for targets, and the
//! sentences in which operators of its tests wrote down what was there.

use std::collections::BTreeMap;

use lustre::label::{TargetKind, TargetLabel};
use lustre::nid::{self, Nid};
use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::storage::json::{self, field};
use crate::storage::text;

/// The reader of a scan.
pub static KIND: Kind = Kind {
    name: "iml-detect-scan",
    about: "IML's scan of one server for targets, as JSON",
    guess,
    read,
};

/// The reader of sentences.
pub static DESCRIPTION: Kind = Kind {
    name: "iml-site-description",
    about: "sentences that say which server holds which targets",
    guess: guess_description,
    read: read_description,
};

/// A target that the MGS of this server knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownTarget {
    /// The file system.
    pub filesystem: String,
    /// The label.
    pub name: String,
    /// The UUID that Lustre gave it.
    pub uuid: Option<String>,
    /// Where it was mounted.
    pub nid: Option<Nid>,
}

/// A target whose device this server sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocalTarget {
    /// The label.
    pub name: String,
    /// Identity of its back end.
    pub uuid: Option<String>,
    /// Whether it was mounted here.
    pub is_mounted: bool,
    /// Its devices, each once.
    pub devices: Vec<String>,
    /// NIDs of its MGS, by node.
    pub mgs_nodes: Vec<Vec<Nid>>,
    /// NIDs of the servers that take over.
    pub failover_nodes: Vec<Vec<Nid>>,
    /// Further parameters.
    pub params: BTreeMap<String, Vec<String>>,
}

/// What one scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// What an MGS here knows.
    pub known: Vec<KnownTarget>,
    /// What is on devices here.
    pub local: Vec<LocalTarget>,
}

/// Reads a scan.
pub fn parse(input: &[u8]) -> (Scan, Vec<Skip>) {
    let (mut found, mut skips) = (Scan::default(), Vec::new());
    let Some(root) = json::read(input, &mut skips) else {
        return (found, skips);
    };
    let result = root.get("result").unwrap_or(&root);
    let by_fs = result.get("mgs_targets").and_then(Value::as_object);
    for (filesystem, list) in by_fs.into_iter().flatten() {
        for one in list.as_array().into_iter().flatten() {
            match known(filesystem, one) {
                Some(target) => found.known.push(target),
                None => skips.push(nameless(filesystem)),
            }
        }
    }
    let local_list = result.get("local_targets").and_then(Value::as_array);
    for one in local_list.into_iter().flatten() {
        match local(one) {
            Some(target) => found.local.push(target),
            None => skips.push(nameless("this server")),
        }
    }
    (found, skips)
}

fn nameless(of: &str) -> Skip {
    Skip::new(
        1,
        SkipKind::BadValue,
        format!("a target of {of} has no name"),
    )
}

fn known(filesystem: &str, value: &Value) -> Option<KnownTarget> {
    Some(KnownTarget {
        filesystem: filesystem.to_owned(),
        name: field(value, "name")?,
        uuid: field(value, "uuid"),
        nid: field(value, "nid").and_then(|nid| nid.parse().ok()),
    })
}

fn local(value: &Value) -> Option<LocalTarget> {
    let texts = |value: Option<&Value>| -> Vec<String> {
        let list = value.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(json::text).collect()
    };
    let mut devices = texts(value.get("device_paths"));
    devices.sort();
    devices.dedup();
    let mut params: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let given = value.get("params").and_then(Value::as_object);
    for (name, value) in given.into_iter().flatten() {
        params.insert(name.clone(), texts(Some(value)));
    }
    let mut nodes = |names: [&str; 2]| -> Vec<Vec<Nid>> {
        let lists = names.iter().filter_map(|name| params.remove(*name));
        lists
            .flatten()
            .flat_map(|text| nid::parse_nodes(&text).0)
            .collect()
    };
    Some(LocalTarget {
        name: field(value, "name")?,
        uuid: field(value, "uuid"),
        is_mounted: value.get("mounted").and_then(Value::as_bool) == Some(true),
        devices,
        mgs_nodes: nodes(["mgsnode", "mgs.node"]),
        failover_nodes: nodes(["failover.node", "failnode"]),
        params,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.contains(key);
    match (has("\"local_targets\""), has("\"mgs_targets\"")) {
        (true, true) => 95,
        (true, false) => 70,
        (false, true) => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (scan, skips) = parse(input);
    text::emit("iml-detect.known-target", &scan.known, Vec::new(), sink);
    text::emit("iml-detect.local-target", &scan.local, skips, sink);
}

/// A server and what a sentence says it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Described {
    /// The server.
    pub host: String,
    /// The targets that are named.
    pub targets: Vec<TargetLabel>,
    /// Whether the MGT is said to be on the MDT's device.
    pub is_combined_mgt: bool,
    /// The devices that are named behind "using".
    pub devices: Vec<String>,
}

/// Reads sentences of the form `host: Contains ... LABEL ... using DEVICE`.
/// Other sentences are prose, and skipped.
pub fn parse_description(input: &[u8]) -> (Vec<Described>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in text::lines(input, &mut skips) {
        match described(line.text) {
            Some(one) => found.push(one),
            None if line.text.trim().is_empty() => {}
            None => skips.push(Skip::new(
                line.no,
                SkipKind::Unknown,
                format!("prose: {}", text::cut(line.text)),
            )),
        }
    }
    (found, skips)
}

fn described(line: &str) -> Option<Described> {
    let (host, rest) = line.split_once(": ")?;
    let (what, devices) = rest.split_once(" using ").unwrap_or((rest, ""));
    let words = |text: &str| -> Vec<String> {
        let parts = text
            .split([' ', ','])
            .map(|word| word.trim_end_matches('.'));
        let parts = parts.filter(|word| !matches!(*word, "" | "and"));
        parts.map(ToOwned::to_owned).collect()
    };
    let labels = words(what);
    let labels = labels.iter().filter_map(|word| word.parse().ok());
    let targets: Vec<TargetLabel> = labels.collect();
    if host.contains(' ') || targets.is_empty() {
        return None;
    }
    let has_mdt = targets.iter().any(|one| one.kind() == TargetKind::Mdt);
    Some(Described {
        host: host.to_owned(),
        is_combined_mgt: has_mdt && what.contains("combined MG"),
        targets,
        devices: words(devices),
    })
}

fn guess_description(sample: Sample<'_>) -> Likelihood {
    let lines = sample.text().lines().map(described);
    let n_said = lines
        .flatten()
        .filter(|one| !one.devices.is_empty())
        .count();
    if n_said >= 2 { 60 } else { 0 }
}

fn read_description(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse_description(input);
    text::emit("iml-site-description.server", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_a_scan_are_read() {
        let text = r#"{"result": {"mgs_targets": {"t18": [{"uuid": "t18-OST0000_UUID",
            "nid": "192.168.1.13@tcp", "name": "t18-OST0000"}, {"uuid": "x"}]},
            "local_targets": [{"mounted": true, "name": "t18-OST0000", "uuid": "5602",
            "params": {"mgsnode": ["10.0.0.1@tcp:10.0.0.2@tcp"], "failover.node": ["10.0.0.3@tcp"],
            "ost.quota_type": ["ug"]}, "device_paths": ["/dev/b", "/dev/a", "/dev/a"]}]}}"#;
        let (scan, skips) = parse(text.as_bytes());
        assert_eq!((scan.known.len(), skips.len()), (1, 1));
        let local = &scan.local[0];
        assert_eq!(local.devices, ["/dev/a", "/dev/b"]);
        assert_eq!((local.mgs_nodes.len(), local.failover_nodes.len()), (2, 1));
        assert_eq!(local.params.keys().collect::<Vec<_>>(), ["ost.quota_type"]);
    }

    #[test]
    fn sentences_that_name_targets_are_read() {
        let text = "mgs-1: Contains a combined MGS/MDT - t18-MDT0000, using scsi-1\n\
                    oss-1: Contains two OSTs, t18-OST0000 and t18-OST0001, using a and b.\n\
                    All devices are shared.\n";
        let (found, skips) = parse_description(text.as_bytes());
        assert!(found[0].is_combined_mgt && !found[1].is_combined_mgt);
        assert_eq!(found[1].targets.len(), 2);
        assert_eq!(found[1].devices, ["a", "b"]);
        assert_eq!((found.len(), skips.len()), (2, 1));
    }
}
