//! Sections of the tree to a typed [`Document`].

use super::error;
use super::tree::{self, Node, is_key};
use super::{Counts, Document, IpToNet, Net, Peer, Route, Udsp, route};
use crate::nid::Nid;
use std::collections::BTreeMap;
use stdx::reading::{Skip, SkipKind};

/// Reads an output of `lnetctl` or a file that it imports.
pub fn parse(input: &[u8]) -> (Document, Vec<Skip>) {
    let (nodes, skips) = tree::parse(input);
    let mut reader = Reader { skips };
    let mut document = Document::default();
    for node in &nodes {
        reader.section(node, &mut document);
    }
    reader.skips.sort_by_key(|skip| skip.line);
    (document, reader.skips)
}

/// What is done with a command rather than what there is.
const OPERATIONS: &[&str] = &[
    "add",
    "del",
    "delete",
    "show",
    "set",
    "manage",
    "import",
    "export",
    "configure",
    "unconfigure",
    "lnet",
    "yaml",
    "parser",
    "list",
    "debug",
    "reset",
    "modify",
    "exec",
    "fault",
    "cpt-of-nid",
    "setup-mrrouting",
    "verbose",
    "interactive",
];

/// Whether the key begins a section or an error block of `lnetctl`.
pub(super) fn is_section(key: &str) -> bool {
    const SECTIONS: &[&str] = &[
        "net",
        "peer",
        "peer list",
        "ping",
        "discover",
        "route",
        "routing",
        "buffers",
        "global",
        "statistics",
        "ip2nets",
        "udsp",
        "numa",
        "max_interfaces",
    ];
    SECTIONS
        .iter()
        .chain(OPERATIONS)
        .any(|word| is_key(key, word))
}

/// Typed reading of values; collects what could not be read.
pub(super) struct Reader {
    skips: Vec<Skip>,
}

impl Reader {
    fn section(&mut self, node: &Node<'_>, document: &mut Document) {
        document.errors.extend(error::find(node));
        let key = node.key.to_ascii_lowercase().replace('_', " ");
        match key.as_str() {
            "net" => each(node, |item| document.nets.push(Net::read(item, self))),
            "peer" | "peer list" => each(node, |item| document.peers.push(Peer::read(item, self))),
            "ping" => each(node, |item| document.pinged.push(Peer::read(item, self))),
            "discover" => each(node, |item| {
                document.discovered.push(Peer::read(item, self));
            }),
            "route" | "routes" => each(node, |item| document.routes.push(Route::read(item, self))),
            "routing" => each(node, |item| {
                let is_router = route::routing(item, self, &mut document.router_pools);
                document.is_router = is_router.or(document.is_router);
            }),
            "buffers" => self.map(node, &mut document.buffers),
            "global" => self.map(node, &mut document.global),
            "statistics" => self.map(node, &mut document.statistics),
            "numa" | "max interfaces" => self.old_global(node, &mut document.global),
            "ip2nets" => each(node, |item| document.ip_to_nets.push(IpToNet::read(item))),
            "udsp" => each(node, |item| document.udsps.push(Udsp::read(item, self))),
            _ if is_net_name(&node.key) && node.child("gateway").is_some() => {
                // `/etc/lnet_routes.conf`: `tcp1: { gateway: … }`.
                let mut route = Route::read(node, self);
                route.net = node.key.to_string();
                document.routes.push(route);
            }
            _ => self.unknown(node),
        }
    }

    fn unknown(&mut self, node: &Node<'_>) {
        let is_operation = OPERATIONS.iter().any(|word| is_key(&node.key, word));
        if is_operation && node.value.is_empty() {
            return;
        }
        let (kind, text) = if !node.value.is_empty() {
            (SkipKind::ErrorText, format!("{}: {}", node.key, node.value))
        } else if node.key.is_empty() {
            (
                SkipKind::BadLine,
                "a list item outside of any section".into(),
            )
        } else {
            (
                SkipKind::Unknown,
                format!("section {:?} is not known", node.key),
            )
        };
        self.skips.push(Skip::new(node.line, kind, text));
    }

    fn map(&mut self, node: &Node<'_>, into: &mut Option<Counts>) {
        let into = into.get_or_insert_default();
        for item in node.items() {
            self.counts(item, into, &mut BTreeMap::new());
        }
    }

    /// 2.10 printed `numa:` / `range: 0` as sections of their own.
    fn old_global(&mut self, node: &Node<'_>, into: &mut Option<Counts>) {
        let into = into.get_or_insert_default();
        if let Ok(number) = node.value.parse() {
            into.insert(node.key.to_string(), number);
        }
        for child in &node.children {
            if let Some(number) = self.number(child) {
                into.insert(format!("{}_{}", node.key, child.key), number);
            }
        }
    }

    /// A value that must be a NID.
    pub(super) fn nid(&mut self, node: &Node<'_>) -> Option<Nid> {
        let text = node.value.trim();
        let nid = text.parse().ok();
        if nid.is_none() {
            self.bad(node, "not a NID");
        }
        nid
    }

    /// A value that must be a number.
    pub(super) fn number(&mut self, node: &Node<'_>) -> Option<i64> {
        let number = node.value.trim().parse().ok();
        if number.is_none() {
            self.bad(node, "not a number");
        }
        number
    }

    /// A value that must be yes or no.
    pub(super) fn flag(&mut self, node: &Node<'_>) -> Option<bool> {
        match node.value.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" | "on" | "enabled" => Some(true),
            "false" | "no" | "0" | "off" | "disabled" => Some(false),
            _ => {
                self.bad(node, "neither true nor false");
                None
            }
        }
    }

    /// The numbers below a key. Words go to `others`; the first of a name stays.
    pub(super) fn counts(
        &mut self,
        node: &Node<'_>,
        into: &mut Counts,
        others: &mut BTreeMap<String, String>,
    ) {
        for child in &node.children {
            let text = child.value.trim();
            match text.parse() {
                Ok(number) => {
                    into.entry(child.key.to_string()).or_insert(number);
                }
                Err(_) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                    self.bad(child, "not a number");
                }
                Err(_) => keep(child, &node.key, others),
            }
        }
    }

    fn bad(&mut self, node: &Node<'_>, what: &str) {
        let kind = match node.value.trim() {
            "NA" | "N/A" => SkipKind::NotSupported,
            _ => SkipKind::BadValue,
        };
        let text = format!("{} is {what}", node.key);
        self.skips
            .push(crate::param::skip(node.line, kind, &text, &node.value));
    }
}

/// Each list item below a section that is no failure.
fn each<'n>(node: &'n Node<'_>, mut read: impl FnMut(&'n Node<'n>)) {
    for item in node.items() {
        let holds_error = |node: &Node<'_>| node.child("errno").is_some();
        if !holds_error(item) && !item.children.iter().any(holds_error) {
            read(item);
        }
    }
}

fn is_net_name(key: &str) -> bool {
    format!("1@{key}").parse::<Nid>().is_ok()
}

/// Keeps fields without a type as text, `section/name`.
pub(super) fn keep(node: &Node<'_>, above: &str, others: &mut BTreeMap<String, String>) {
    let name = if above.is_empty() {
        node.key.to_string()
    } else {
        format!("{above}/{}", node.key)
    };
    for child in &node.children {
        keep(child, &name, others);
    }
    if !node.value.is_empty() && others.len() < 64 {
        others.entry(name).or_insert_with(|| node.value.to_string());
    }
}
