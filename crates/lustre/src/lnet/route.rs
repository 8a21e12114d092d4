//! The sections `route`, `routing`, `ip2nets` and `udsp`.

use super::Counts;
use super::net::words;
use super::read::{Reader, keep};
use super::tree::{Node, is_key};
use crate::nid::Nid;
use serde::Serialize;
use std::collections::BTreeMap;

/// A way to a network that this host is not on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The network.
    pub net: String,
    /// The gateway as written: a NID, or several as `10.3.3.[6-12]@tcp`.
    pub gateway: String,
    /// Hops; -1 where it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop: Option<i64>,
    /// Priority; the lowest is taken first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// How fast errors lower the gateway's health.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_sensitivity: Option<i64>,
    /// `up` or `down`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `single-hop` or `multi-hop`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub hops: Option<String>,
    /// Fields that have no place above.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

impl Route {
    /// The gateway, where it is one NID.
    pub fn gateway_nid(&self) -> Option<Nid> {
        self.gateway.parse().ok()
    }

    /// Reads one item of the section.
    pub(super) fn read(item: &Node<'_>, reader: &mut Reader) -> Self {
        let mut route = Self::default();
        for node in &item.children {
            match node.key.replace('_', " ").to_ascii_lowercase().as_str() {
                "net" => route.net = node.value.to_string(),
                "gateway" => route.gateway = node.value.to_string(),
                "hop" | "hops" => route.hop = reader.number(node),
                "priority" => route.priority = reader.number(node),
                "health sensitivity" => route.health_sensitivity = reader.number(node),
                "state" => route.state = Some(node.value.to_string()),
                "type" => route.hops = Some(node.value.to_string()),
                _ => keep(node, "", &mut route.others),
            }
        }
        route
    }
}

/// One pool of a router's buffers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RouterPool {
    /// CPU partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpt: Option<u32>,
    /// `tiny`, `small`, `large`.
    pub size: String,
    /// `npages`, `nbuffers`, `credits`, `mincredits`.
    pub counts: Counts,
}

/// Reads one item of `routing`: the switch, or the pools of a partition.
pub(super) fn routing(
    item: &Node<'_>,
    reader: &mut Reader,
    pools: &mut Vec<RouterPool>,
) -> Option<bool> {
    let mut is_router = None;
    for node in &item.children {
        if is_key(&node.key, "enable") {
            is_router = reader.flag(node);
            continue;
        }
        let cpt = node
            .key
            .strip_prefix("cpt[")
            .and_then(|rest| rest.strip_suffix(']'));
        let cpt = cpt.and_then(|number| number.parse().ok());
        let sizes = if cpt.is_some() {
            node.children.iter().collect()
        } else {
            vec![node]
        };
        for size in sizes.into_iter().filter(|node| !node.children.is_empty()) {
            let mut pool = RouterPool {
                cpt,
                size: size.key.to_string(),
                counts: Counts::new(),
            };
            reader.counts(size, &mut pool.counts, &mut BTreeMap::new());
            pools.push(pool);
        }
    }
    is_router
}

/// A network that a host joins when one of its addresses is in a range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IpToNet {
    /// The network.
    pub net: String,
    /// Interfaces to use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<String>,
    /// Ranges such as `10.1.0.*`.
    pub ranges: Vec<String>,
}

impl IpToNet {
    /// Reads one item of the section.
    pub(super) fn read(item: &Node<'_>) -> Self {
        let all = |key: &str| item.child(key).map(words).unwrap_or_default();
        Self {
            net: item.get("net-spec").unwrap_or_default().to_owned(),
            interfaces: all("interfaces"),
            ranges: all("ip-range"),
        }
    }
}

/// A rule of the user-defined selection policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Udsp {
    /// Its place in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Local networks or NIDs; `NA` for none.
    pub source: String,
    /// Other hosts' networks or NIDs.
    pub destination: String,
    /// Routers.
    pub router: String,
    /// What it does: `priority` and a number.
    pub action: Counts,
}

impl Udsp {
    /// Reads one item of the section.
    pub(super) fn read(item: &Node<'_>, reader: &mut Reader) -> Self {
        let text = |key: &str| item.get(key).unwrap_or_default().to_owned();
        let mut rule = Self {
            index: item.child("idx").and_then(|node| reader.number(node)),
            source: text("src"),
            destination: text("dst"),
            router: text("rte"),
            action: Counts::new(),
        };
        for action in item
            .children
            .iter()
            .filter(|node| is_key(&node.key, "action"))
        {
            reader.counts(action, &mut rule.action, &mut BTreeMap::new());
        }
        rule
    }
}
