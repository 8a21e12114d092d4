//! The sections `peer`, `ping` and `discover`: other hosts and their NIDs.

use super::Counts;
use super::read::{Reader, keep};
use super::tree::{Node, is_key};
use crate::nid::Nid;
use serde::Serialize;
use std::collections::BTreeMap;

/// One other host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// The NID that it is known by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<Nid>,
    /// Whether several of its NIDs are used together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_multi_rail: Option<bool>,
    /// State bits, with `-v 3` and more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<i64>,
    /// Its NIDs.
    pub nis: Vec<PeerNi>,
    /// Fields that have no place above.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

/// One NID of another host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PeerNi {
    /// The NID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nid: Option<Nid>,
    /// `up`, `down`, or `NA` where it is not watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Credits, queue and users: the numbers that stand beside the NID.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub credits: Counts,
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
    /// Priorities that selection rules gave it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub udsp: Counts,
    /// Fields that have no place above.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

impl PeerNi {
    /// 0 (bad) to 1000 (good), where printed.
    pub fn health_value(&self) -> Option<i64> {
        self.health.get("health value").copied()
    }
}

impl Peer {
    /// Reads one item of the section.
    pub(super) fn read(item: &Node<'_>, reader: &mut Reader) -> Self {
        let mut peer = Self::default();
        let mut has_list = false;
        for node in &item.children {
            if is_list(&node.key) {
                has_list = true;
                let nis = node
                    .items()
                    .into_iter()
                    .map(|item| PeerNi::read(item, reader));
                peer.nis.extend(nis);
            } else if is_key(&node.key, "primary nid") {
                peer.primary = reader.nid(node);
            } else if is_key(&node.key, "multi-rail") {
                peer.is_multi_rail = reader.flag(node);
            } else if is_key(&node.key, "peer state") {
                peer.state = reader.number(node);
            } else if !is_key(&node.key, "nid") {
                keep(node, "", &mut peer.others);
            }
        }
        // `peer list`, and releases before multi-rail, print a NID alone.
        if !has_list && peer.primary.is_none() {
            let ni = PeerNi::read(item, reader);
            peer.primary.clone_from(&ni.nid);
            peer.others.clear();
            peer.nis.push(ni);
        }
        peer
    }
}

fn is_list(key: &str) -> bool {
    is_key(key, "peer ni") || is_key(key, "peer ni(s)") || is_key(key, "peer nis")
}

impl PeerNi {
    fn read(item: &Node<'_>, reader: &mut Reader) -> Self {
        let mut ni = Self::default();
        if item.children.is_empty() && !item.value.is_empty() {
            ni.nid = reader.nid(item);
        }
        for node in &item.children {
            let key = node.key.replace('_', " ").to_ascii_lowercase();
            let more = &mut ni.others;
            match key.as_str() {
                "nid" => ni.nid = reader.nid(node),
                "state" => ni.state = Some(node.value.to_string()),
                "statistics" => reader.counts(node, &mut ni.statistics, more),
                "sent stats" => reader.counts(node, &mut ni.sent, more),
                "received stats" => reader.counts(node, &mut ni.received, more),
                "dropped stats" => reader.counts(node, &mut ni.dropped, more),
                "health stats" => reader.counts(node, &mut ni.health, more),
                "udsp info" => reader.counts(node, &mut ni.udsp, more),
                _ => match node.value.parse() {
                    Ok(number) => {
                        ni.credits.entry(node.key.to_string()).or_insert(number);
                    }
                    Err(_) => keep(node, "", &mut ni.others),
                },
            }
        }
        ni
    }
}
