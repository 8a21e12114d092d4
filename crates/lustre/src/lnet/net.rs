//! The section `net`: networks and this host's interfaces on them.

use super::Counts;
use super::read::Reader;
use super::tree::{Node, is_key};
use crate::nid::Nid;
use serde::Serialize;
use std::collections::BTreeMap;

/// One network with this host's interfaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Net {
    /// Its name: `tcp`, `o2ib1`, `lo`.
    pub net: String,
    /// This host's interfaces.
    pub nis: Vec<Ni>,
}

/// One of this host's interfaces on a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ni {
    /// Its NID; files to import may leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nid: Option<Nid>,
    /// `up` or `down`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Interfaces of the host under it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<String>,
    /// Messages sent, received, dropped.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub statistics: Counts,
    /// Messages sent, by type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sent: Counts,
    /// Messages received, by type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub received: Counts,
    /// Messages dropped, by type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: Counts,
    /// Health value and what lowered it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub health: Counts,
    /// Credits and timeouts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tunables: Counts,
    /// Settings of the network's driver.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lnd_tunables: Counts,
    /// Priorities that selection rules gave it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub udsp: Counts,
    /// CPU partition of the device; -1 is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev_cpt: Option<i64>,
    /// CPU partitions that serve it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpts: Vec<u32>,
    /// Fields of words that have no place above, `section/name`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

impl Ni {
    /// 0 (bad) to 1000 (good), where printed.
    pub fn health_value(&self) -> Option<i64> {
        self.health.get("health value").copied()
    }

    /// Messages that may be under way at once.
    pub fn credits(&self) -> Option<i64> {
        self.tunables.get("credits").copied()
    }
}

impl Net {
    /// Reads one item of the section.
    pub(super) fn read(item: &Node<'_>, reader: &mut Reader) -> Self {
        let name = item
            .get("net type")
            .or_else(|| item.get("net"))
            .unwrap_or_default();
        let mut net = Self {
            net: name.to_owned(),
            nis: Vec::new(),
        };
        let mut has_list = false;
        for list in item.children.iter().filter(|node| is_list(&node.key)) {
            has_list = true;
            for item in list.items() {
                net.nis.push(Ni::read(item, reader));
            }
        }
        // Until 2.8 the one interface of a net stood in the net itself.
        if !has_list && (item.child("nid").is_some() || item.child("interfaces").is_some()) {
            net.nis.push(Ni::read(item, reader));
        }
        if net.net.is_empty() {
            let nids = net.nis.iter().find_map(|ni| ni.nid.as_ref());
            net.net = nids.map(|nid| nid.net().to_owned()).unwrap_or_default();
        }
        net
    }
}

fn is_list(key: &str) -> bool {
    is_key(key, "local NI(s)") || is_key(key, "local NIs") || is_key(key, "local NI")
}

impl Ni {
    fn read(item: &Node<'_>, reader: &mut Reader) -> Self {
        let mut ni = Self::default();
        for node in &item.children {
            let key = node.key.replace('_', " ").to_ascii_lowercase();
            let more = &mut ni.others;
            match key.as_str() {
                "nid" => ni.nid = reader.nid(node),
                "status" => ni.status = Some(node.value.to_string()),
                "interfaces" => ni.interfaces.extend(words(node)),
                "statistics" => reader.counts(node, &mut ni.statistics, more),
                "sent stats" => reader.counts(node, &mut ni.sent, more),
                "received stats" => reader.counts(node, &mut ni.received, more),
                "dropped stats" => reader.counts(node, &mut ni.dropped, more),
                "health stats" => reader.counts(node, &mut ni.health, more),
                "tunables" => reader.counts(node, &mut ni.tunables, more),
                "lnd tunables" => reader.counts(node, &mut ni.lnd_tunables, more),
                "udsp info" => reader.counts(node, &mut ni.udsp, more),
                "dev cpt" => ni.dev_cpt = reader.number(node),
                "cpt" => ni.cpts.extend(cpts(&node.value)),
                "net" | "net type" | "" => {}
                _ => super::read::keep(node, "", &mut ni.others),
            }
        }
        ni
    }
}

/// The values of `0: eth1` lines, of list items, or of one line of words.
pub(super) fn words(node: &Node<'_>) -> Vec<String> {
    let own = node.value.split([',', ' ']);
    let below = node.children.iter().map(|child| {
        if child.value.is_empty() {
            &*child.key
        } else {
            &*child.value
        }
    });
    own.chain(below)
        .map(|word| word.trim_matches(['"', '\'', '[', ']']))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The numbers of `[0,1,4-7]`.
fn cpts(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for word in text.split([',', ' ']) {
        let word = word.trim_matches(['"', '\'', '[', ']']);
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        if let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) {
            // A host has no thousands of partitions; a range that says so is odd.
            found.extend(first..=last.min(first.saturating_add(1023)));
        }
    }
    found
}
