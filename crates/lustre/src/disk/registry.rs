//! What a configuration log knows of its file system: which targets there are,
//! which nodes serve each, and what was set for them.

use super::mount_data::dedup;
use super::record::{Command, Record};
use crate::label::{FsName, TargetLabel};
use crate::nid::Nid;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A target that a log knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogTarget {
    /// Its label.
    pub label: TargetLabel,
    /// The nodes that may serve it, each with its NIDs; the first is where it
    /// registered or, where all nodes were named, the first of those.
    pub nodes: Vec<Vec<Nid>>,
    /// Parameters of it that were set for good: `osc.active=0`.
    pub parameters: Vec<String>,
    /// Whether the log takes it into use.
    pub is_active: bool,
}

/// A file system as one log knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogFs {
    /// Its name, where any record tells.
    pub fs: Option<FsName>,
    /// Its targets.
    pub targets: Vec<LogTarget>,
    /// OST pools with their members.
    pub pools: BTreeMap<String, BTreeSet<TargetLabel>>,
    /// Parameters of the whole file system: `sys.timeout=60`.
    pub parameters: Vec<String>,
}

/// What holds at the end of the log. Groups that were taken back do not count.
pub fn read(records: &[Record]) -> LogFs {
    let mut reading = Reading::default();
    let mut skipped = false;
    for record in records {
        if let Command::Marker(marker) = &record.command {
            skipped = marker.is_skipped() && marker.begins() && !marker.ends();
            reading.name(&marker.about);
        } else if !skipped {
            reading.take(&record.command);
        }
    }
    reading.finish()
}

/// The label in `lab01-OST0000_UUID`, `lab01-OST0000-osc-MDT0001`, `lab01-OST0000`.
pub fn label_in(name: &str) -> Option<TargetLabel> {
    let bare = name.strip_suffix("_UUID").unwrap_or(name);
    if let Ok(label) = bare.parse() {
        return Some(label);
    }
    let mut ends = bare.match_indices('-').map(|(at, _)| at);
    ends.find_map(|at| bare[..at].parse().ok())
}

#[derive(Default)]
struct Reading {
    found: LogFs,
    /// NIDs by node.
    nids: BTreeMap<String, Vec<Nid>>,
    /// The target that a device talks to, and the nodes it may be on.
    devices: BTreeMap<String, (TargetLabel, Vec<String>)>,
    active: BTreeMap<TargetLabel, bool>,
    parameters: BTreeMap<TargetLabel, Vec<String>>,
}

impl Reading {
    fn take(&mut self, command: &Command) {
        match command {
            Command::AddUuid { nid, node } => {
                self.nids
                    .entry(node.clone())
                    .or_default()
                    .extend(nid.clone());
            }
            Command::DelUuid { node } => {
                self.nids.remove(node);
            }
            Command::Attach { device, class, .. } => self.attach(device, class),
            Command::Setup {
                device, uuid, node, ..
            } => self.setup(device, uuid, node),
            Command::AddConn { device, node } => {
                if let Some((_, nodes)) = self.devices.get_mut(device) {
                    nodes.push(node.clone());
                }
            }
            Command::DelConn { device, node } => {
                if let Some((_, nodes)) = self.devices.get_mut(device) {
                    nodes.retain(|known| known != node);
                }
            }
            Command::AddTarget {
                uuid, is_inactive, ..
            } => {
                if let Some(label) = label_in(uuid) {
                    self.active.insert(label, !is_inactive);
                }
            }
            Command::DelTarget { uuid, .. } => {
                if let Some(label) = label_in(uuid) {
                    self.active.remove(&label);
                    self.devices.retain(|_, (known, _)| *known != label);
                }
            }
            Command::NewProfile { name, .. } => self.name(name),
            Command::ConfParam { device, parameter } => self.parameter(device, parameter),
            Command::SetParam { parameter } => self.parameter("", parameter),
            Command::SetTimeout { seconds, parameter } => {
                let text = match parameter.as_str() {
                    "" => format!("sys.timeout={seconds}"),
                    text => text.to_owned(),
                };
                self.parameter("", &text);
            }
            Command::NewPool { pool, .. } => {
                self.found.pools.entry(pool.clone()).or_default();
            }
            Command::AddPool { pool, uuid, .. } => {
                let members = self.found.pools.entry(pool.clone()).or_default();
                members.extend(label_in(uuid));
            }
            Command::RemovePool { pool, uuid, .. } => {
                if let (Some(members), Some(label)) =
                    (self.found.pools.get_mut(pool), label_in(uuid))
                {
                    members.remove(&label);
                }
            }
            Command::DelPool { pool, .. } => {
                self.found.pools.remove(pool);
            }
            Command::Marker(_) | Command::Other { .. } => {}
        }
    }

    /// A target's own log begins with the target itself.
    fn attach(&mut self, device: &str, class: &str) {
        if let ("obdfilter" | "mdt" | "ost", Ok(label)) = (class, device.parse::<TargetLabel>()) {
            self.active.entry(label).or_insert(true);
        }
    }

    fn setup(&mut self, device: &str, uuid: &str, node: &str) {
        // A target's own setup names no node.
        if device.parse::<TargetLabel>().is_ok() {
            return;
        }
        let Some(label) = label_in(uuid).filter(|label| label.fs().is_some()) else {
            return;
        };
        let nodes = if node.is_empty() {
            Vec::new()
        } else {
            vec![node.to_owned()]
        };
        self.devices.insert(device.to_owned(), (label, nodes));
    }

    fn name(&mut self, text: &str) {
        if self.found.fs.is_none() {
            let fs = text
                .strip_suffix("-client")
                .or_else(|| text.strip_suffix("-clilov"));
            let fs = fs.and_then(|name| FsName::new(name).ok());
            self.found.fs = fs.or_else(|| label_in(text)?.fs().cloned());
        }
    }

    fn parameter(&mut self, device: &str, text: &str) {
        let known = match label_in(device) {
            Some(label) => self.parameters.entry(label).or_default(),
            None => &mut self.found.parameters,
        };
        let key = text.split('=').next();
        known.retain(|known| known.split('=').next() != key);
        known.push(text.to_owned());
    }

    fn finish(mut self) -> LogFs {
        let mut nodes: BTreeMap<TargetLabel, Vec<Vec<Nid>>> = BTreeMap::new();
        for (label, names) in self.devices.values() {
            let known = nodes.entry(label.clone()).or_default();
            for name in names {
                let node = node_nids(&self.nids, name);
                if !node.is_empty() && !known.contains(&node) {
                    known.push(node);
                }
            }
        }
        let labels: BTreeSet<TargetLabel> =
            nodes.keys().chain(self.active.keys()).cloned().collect();
        for label in labels {
            self.found.fs = self.found.fs.or_else(|| label.fs().cloned());
            let parameters = self.parameters.remove(&label).unwrap_or_default();
            let is_off = parameters.iter().any(|text| text.ends_with(".active=0"));
            self.found.targets.push(LogTarget {
                nodes: nodes.remove(&label).unwrap_or_default(),
                is_active: !is_off && self.active.get(&label).copied().unwrap_or(false),
                parameters,
                label,
            });
        }
        self.found
    }
}

/// The NIDs of a node; its name, where that is a NID and nothing else is known.
fn node_nids(nids: &BTreeMap<String, Vec<Nid>>, name: &str) -> Vec<Nid> {
    let mut found = nids.get(name).cloned().unwrap_or_default();
    if found.is_empty() {
        found.extend(name.parse::<Nid>());
    }
    dedup(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::llog_text;

    fn of(text: &str) -> LogFs {
        let (records, skips) = llog_text::parse(text.as_bytes());
        assert_eq!(skips, []);
        read(&records)
    }

    #[test]
    fn nodes_and_their_nids_are_told_apart() {
        let log = of(
            "- { index: 1, event: add_uuid, nid: 10.0.0.1@tcp, node: 10.0.0.1@tcp }
- { index: 2, event: add_uuid, nid: 172.16.0.1@o2ib, node: 10.0.0.1@tcp }
- { index: 3, event: attach, device: a-OST0000-osc, type: osc, UUID: a-clilov_UUID }
- { index: 4, event: setup, device: a-OST0000-osc, UUID: a-OST0000_UUID, node: 10.0.0.1@tcp }
- { index: 5, event: add_conn, device: a-OST0000-osc, node: 10.0.0.1@tcp }
- { index: 6, event: add_uuid, nid: fd00::2@tcp, node: fd00::2@tcp }
- { index: 7, event: add_conn, device: a-OST0000-osc, node: fd00::2@tcp }
- { index: 8, event: add_osc, device: a-clilov, ost: a-OST0000_UUID, index: 0, gen: 1 }
- { index: 9, event: conf_param, device: a-OST0000-osc, parameter: osc.active=1 }
- { index: 10, event: conf_param, device: a-OST0000-osc, parameter: osc.active=0 }
- { index: 11, event: new_pool, device: a-clilov, fsname: a, pool: fast }
- { index: 12, event: add_pool, device: a-clilov, fsname: a, pool: fast, ost: a-OST0000_UUID }
",
        );
        assert_eq!(log.fs, FsName::new("a").ok());
        let target = &log.targets[0];
        let nids: Vec<Vec<String>> = target
            .nodes
            .iter()
            .map(|node| node.iter().map(ToString::to_string).collect())
            .collect();
        assert_eq!(
            nids,
            [vec!["10.0.0.1@tcp", "172.16.0.1@o2ib"], vec!["fd00::2@tcp"]]
        );
        assert_eq!(
            (target.parameters.as_slice(), target.is_active),
            (&["osc.active=0".to_owned()][..], false)
        );
        assert_eq!(log.pools["fast"].len(), 1);
    }

    #[test]
    fn groups_that_were_taken_back_do_not_count() {
        let log = of(
            "#1 (224)marker 1 (flags=0x05, v2.9.0.0) a-OST0001 'add osc' x
#2 (144)setup     0:a-OST0001-osc  1:a-OST0001_UUID  2:10.0.0.1@tcp
#3 (224)marker 1 (flags=0x06, v2.9.0.0) a-OST0001 'add osc' x
#4 (144)setup     0:a-OST0002-osc  1:a-OST0002_UUID  2:10.0.0.1@tcp
#5 (136)lov_modify_tgts add 0:a-clilov  1:a-OST0002_UUID  2:2  3:1
",
        );
        let labels: Vec<String> = log
            .targets
            .iter()
            .map(|target| target.label.to_string())
            .collect();
        assert_eq!(labels, ["a-OST0002"]);
        assert!(log.targets[0].is_active);
    }
}
