//! The nodes that may serve a target, by what is written of it: on its device,
//! and in the log of the MGS.

use crate::detector::Index;
use crate::facts::Facts;
use crate::group::{Group, Sight};
use crate::part::Known;
use crate::place::evidence;
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::ServerId;
use model::inventory::Evidence;
use model::report::MgsTarget;

/// What the MGS on one server has in its log of a target.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub server: ServerId,
    pub facts: &'a Facts,
    pub known: &'a Known,
    pub target: &'a MgsTarget,
}

impl Entry<'_> {
    /// A sign out of this log.
    pub fn sign(&self, claim: &str, text: String) -> Evidence {
        Evidence {
            claim: claim.to_owned(),
            sign: "mgs".to_owned(),
            server: Some(self.server),
            text,
            at: self.facts.report.at,
            agrees: true,
        }
    }
}

/// What is known of one target by the MGSs that know its file system.
pub(crate) fn entries<'a>(
    index: &'a Index,
    (group, name): (&Group, &FsName),
    label: &TargetLabel,
) -> Vec<Entry<'a>> {
    let mut found = Vec::new();
    for &server in &group.mgs {
        let Some(facts) = index.facts.get(&server) else {
            continue;
        };
        let part = facts.parts.get(name);
        for known in part.into_iter().flat_map(|part| &part.known) {
            if let Some(target) = known.targets.by_label.get(label) {
                found.push(Entry {
                    server,
                    facts,
                    known,
                    target,
                });
            }
        }
    }
    found
}

/// A node that may serve a target.
pub(crate) struct Node<'a> {
    pub nids: &'a [Nid],
    /// Whether the target belongs there.
    pub is_home: bool,
    /// That it may be served there.
    pub sign: Evidence,
}

/// The nodes, the first one first. A target that was formatted with fail-over
/// nodes alone does not name the node that it belongs to: that one is only in
/// the log. After NIDs were replaced the log is right and the device is not, so
/// both are shown.
pub(crate) fn nodes<'a>(sights: &[Sight<'a>], entries: &[Entry<'a>]) -> Vec<Node<'a>> {
    let (on_disk, are_all) = on_disk(sights);
    let logged = logged(entries);
    let has_home = are_all || !logged.is_empty();
    let (first, then) = if are_all {
        (on_disk, logged)
    } else {
        (logged, on_disk)
    };
    let mut found: Vec<Node<'a>> = Vec::new();
    for node in first.into_iter().chain(then) {
        let is_same = |known: &Node<'_>| known.nids.iter().any(|nid| node.nids.contains(nid));
        if !found.iter().any(is_same) {
            found.push(node);
        }
    }
    if let Some(first) = found.first_mut() {
        first.is_home = has_home;
    }
    found
}

/// By the newest look at the device, and whether it names all nodes.
fn on_disk<'a>(sights: &[Sight<'a>]) -> (Vec<Node<'a>>, bool) {
    let with_nodes = sights.iter().filter_map(|sight| {
        let data = sight.seen.mount_data.as_ref()?;
        (!data.service_nodes.is_empty()).then_some((sight, data))
    });
    let newest = with_nodes.max_by_key(|(s, _)| (!s.facts.is_silent, s.facts.report.at));
    let Some((sight, data)) = newest else {
        return (Vec::new(), false);
    };
    let node = |nids: &'a Vec<Nid>| {
        let text = format!("service node {} ({})", print(nids), sight.seen.evidence);
        Node {
            nids,
            is_home: false,
            sign: evidence("may-serve", "mountdata", sight, text),
        }
    };
    let are_all = data.flags.iter().any(|flag| flag == "no_primnode");
    (data.service_nodes.iter().map(node).collect(), are_all)
}

/// By the newest log.
fn logged<'a>(entries: &[Entry<'a>]) -> Vec<Node<'a>> {
    let with_nodes = entries
        .iter()
        .filter(|entry| !entry.target.nodes.is_empty());
    let newest = with_nodes.max_by_key(|entry| (!entry.facts.is_silent, entry.facts.report.at));
    let Some(&entry) = newest else {
        return Vec::new();
    };
    let node = |nids: &'a Vec<Nid>| {
        let text = format!("node {} ({})", print(nids), entry.known.evidence);
        Node {
            nids,
            is_home: false,
            sign: entry.sign("may-serve", text),
        }
    };
    entry.target.nodes.iter().map(node).collect()
}

/// The NIDs of a node, as they are written.
pub(crate) fn print(nids: &[Nid]) -> String {
    let nids: Vec<_> = nids.iter().map(ToString::to_string).collect();
    nids.join(",")
}
