//! `corosync-cfgtool -s` and `-n`: rings (Corosync 1 and 2) or links (3) as
//! the local node sees them.

use super::lines::{self, Line, number};
use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `corosync-cfgtool -s` and `-n`.
pub static KIND: Kind = Kind {
    name: "corosync-cfgtool",
    about: "corosync-cfgtool -s, corosync-cfgtool -n",
    guess,
    read,
};

/// What the local node says about its rings or links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CfgTool {
    /// Id of the node that was asked.
    pub local_node: Option<u64>,
    /// `knet`, `udpu`, `udp`; named from Corosync 3.1 on.
    pub transport: Option<String>,
    /// Rings or links of the local node (`-s`).
    pub links: Vec<Link>,
    /// The other nodes and the links to them (`-n`).
    pub peers: Vec<Peer>,
}

/// A ring or link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Number.
    pub number: u64,
    /// Protocol of a knet link: `udp`, `sctp`.
    pub protocol: Option<String>,
    /// The local node's address on it.
    pub address: Option<String>,
    /// One line of status, where it is one for the whole ring or link.
    pub status: Option<String>,
    /// Status towards each node, where it is told for each.
    pub nodes: Vec<LinkNode>,
}

impl Link {
    /// Whether the ring or link works: towards every node, as far as is told.
    /// None where nothing is told.
    pub fn is_up(&self) -> Option<bool> {
        if !self.nodes.is_empty() {
            return Some(
                self.nodes
                    .iter()
                    .all(|node| node.is_connected != Some(false)),
            );
        }
        let status = self.status.as_deref()?;
        let text = status.to_ascii_lowercase();
        if text == "ok" || text.contains("no faults") || text.contains("recovered") {
            return Some(true);
        }
        // `n33` of the brief form: `n` the node itself, bit 0 enabled, bit 1 connected.
        if text
            .bytes()
            .all(|byte| byte == b'n' || byte.is_ascii_digit())
        {
            return Some(text.bytes().all(|byte| matches!(byte, b'n' | b'3')));
        }
        Some(false)
    }
}

/// The state of a link towards one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LinkNode {
    /// Node id; some 3.0 versions print the position in the node list here.
    pub node: u64,
    /// Whether it is the local node.
    pub is_local: bool,
    /// Whether the link is enabled, where told.
    pub is_enabled: Option<bool>,
    /// Whether it is connected; none for the local node where it is not told.
    pub is_connected: Option<bool>,
    /// As printed: `connected`, `link enabled:1 link connected:1`.
    pub status: String,
}

/// Another node (`-n`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Node id.
    pub node: u64,
    /// Whether it is reached by any link.
    pub is_reachable: bool,
    /// Links to it.
    pub links: Vec<PeerLink>,
}

/// A link to another node (`-n`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PeerLink {
    /// Number.
    pub number: u64,
    /// `udp`, `sctp`, `loopback`.
    pub protocol: Option<String>,
    /// The local node's address.
    pub from: Option<String>,
    /// The other node's address.
    pub to: Option<String>,
    /// Enabled.
    pub is_enabled: bool,
    /// Connected.
    pub is_connected: bool,
    /// Largest packet.
    pub mtu: Option<u64>,
}

/// Reads either form; lines that are no part of it become skips.
pub fn parse(input: &[u8]) -> (CfgTool, Vec<Skip>) {
    let (mut found, mut skips) = (CfgTool::default(), Vec::new());
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with("Printing ") {
            continue;
        }
        if head(text, &mut found) || status(text, &mut found) || peer(text, &mut found) {
            continue;
        }
        skips.push(if lines::is_error(text) {
            line.skip(SkipKind::ErrorText, "the tool says")
        } else {
            bad(&line)
        });
    }
    (found, skips)
}

fn bad(line: &Line<'_>) -> Skip {
    line.bad("no line of corosync-cfgtool")
}

/// `Local node ID 1, transport knet`, `RING ID 0`, `LINK ID 0 udp`.
fn head(text: &str, found: &mut CfgTool) -> bool {
    if let Some(rest) = text.strip_prefix("Local node ID ") {
        let (id, transport) = rest.split_once(',').unwrap_or((rest, ""));
        let transport = transport.trim().strip_prefix("transport ");
        found.local_node = number(id);
        found.transport = transport.map(|name| name.trim().to_owned());
        return found.local_node.is_some();
    }
    let rest = text
        .strip_prefix("RING ID ")
        .or_else(|| text.strip_prefix("LINK ID "));
    let Some(rest) = rest else { return false };
    let mut words = rest.split_whitespace();
    let Some(id) = words.next().and_then(number) else {
        return false;
    };
    found.links.push(Link {
        number: id,
        protocol: words.next().map(str::to_owned),
        ..Link::default()
    });
    true
}

/// `id = …`, `addr = …`, `status = …`, `status:`, `nodeid: 2: connected`.
fn status(text: &str, found: &mut CfgTool) -> bool {
    let Some(link) = found.links.last_mut() else {
        return false;
    };
    if let Some((key, value)) = text.split_once('=') {
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match key.trim() {
            "id" | "addr" => link.address = value,
            "status" => link.status = value,
            _ => return false,
        }
        return true;
    }
    if text == "status:" {
        return true;
    }
    let rest = ["nodeid:", "nodeid", "node"]
        .iter()
        .find_map(|start| text.strip_prefix(start));
    let Some((id, status)) = rest.and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let Some(node) = number(id) else { return false };
    let words: Vec<&str> = status.split_whitespace().collect();
    let bit = |name: &str| {
        let word = words.iter().find_map(|word| word.strip_prefix(name))?;
        number(word.trim_start_matches(':')).map(|bit| bit != 0)
    };
    let is = |name: &str| words.first() == Some(&name);
    link.nodes.push(LinkNode {
        node,
        is_local: is("localhost") || found.local_node == Some(node),
        is_enabled: bit("enabled"),
        is_connected: if is("localhost") {
            None
        } else {
            bit("connected").or(Some(is("connected")))
        },
        status: words.join(" "),
    });
    true
}

/// `nodeid: 2 reachable`, `LINK: 0 udp (10.0.0.1->10.0.0.2) enabled connected mtu: 1397`.
fn peer(text: &str, found: &mut CfgTool) -> bool {
    if let Some(rest) = text.strip_prefix("nodeid:") {
        let mut words = rest.split_whitespace();
        let Some(node) = words.next().and_then(number) else {
            return false;
        };
        found.peers.push(Peer {
            node,
            is_reachable: words.any(|word| word == "reachable"),
            links: Vec::new(),
        });
        return true;
    }
    let (Some(rest), Some(peer)) = (text.strip_prefix("LINK:"), found.peers.last_mut()) else {
        // A line about the protocol's versions, in some versions of `-n`.
        return text.starts_with("onwire") && !found.peers.is_empty();
    };
    let mut words = rest.split_whitespace();
    let Some(id) = words.next().and_then(number) else {
        return false;
    };
    let protocol = words.next().filter(|word| !word.starts_with('('));
    let ends = rest
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    let (from, to) = ends
        .map(|(ends, _)| ends.split_once("->").unwrap_or((ends, "")))
        .unzip();
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let states: Vec<&str> = rest.split_whitespace().collect();
    let mtu = rest.split_once("mtu:").and_then(|(_, mtu)| number(mtu));
    peer.links.push(PeerLink {
        number: id,
        protocol: some(protocol),
        from: some(from),
        to: some(to),
        is_enabled: states.contains(&"enabled"),
        is_connected: states.contains(&"connected"),
        mtu,
    });
    true
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = sample.text().lines().map(str::trim);
    let is_head = |line: &str| {
        line.starts_with("Local node ID ")
            || line == "Printing ring status."
            || line == "Printing link status."
    };
    if lines.any(is_head) { 96 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    if let Some(id) = found.local_node {
        let local = serde_json::json!({"node": id, "transport": found.transport});
        sink.record("corosync.local", &|| local.clone());
    }
    lines::emit("corosync.link", &found.links, sink);
    lines::emit("corosync.peer", &found.peers, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<String> {
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(skips, [], "{text}");
        let line = |link: &Link| {
            let nodes: Vec<_> = link
                .nodes
                .iter()
                .map(|node| format!("{}:{:?}", node.node, node.is_connected))
                .collect();
            let address = link.address.as_deref().unwrap_or_default();
            format!(
                "{} {address} {:?} {}",
                link.number,
                link.is_up(),
                nodes.join(" ")
            )
        };
        found.links.iter().map(line).collect()
    }

    #[test]
    fn rings_of_corosync_2_are_read() {
        let text = "Printing ring status.\nLocal node ID 16777226\nRING ID 0\n    id      = 10.0.0.1\n    status  = Marking ringid 0 interface 10.0.0.1 FAULTY\r\nRING ID 1\n\tid\t= 172.16.0.1\n\tstatus\t= ring 1 active with no faults\n";
        assert_eq!(
            links(text),
            ["0 10.0.0.1 Some(false) ", "1 172.16.0.1 Some(true) "]
        );
    }

    #[test]
    fn links_of_corosync_3_are_read() {
        let text = "Printing link status.\nLocal node ID 1\nLINK ID 0\n\taddr\t= 10.0.0.1\n\tstatus:\n\t\tnode 0:\tlink enabled:1\tlink connected:1\n\t\tnodeid  2:\tlink enabled:1\tlink connected:0\n";
        assert_eq!(
            links(text),
            ["0 10.0.0.1 Some(false) 0:Some(true) 2:Some(false)"]
        );
        let text = "Local node ID 1, transport knet\nLINK ID 0 udp\n\taddr\t= fe80::1\n\tstatus:\n\t\tnodeid:          1:\tlocalhost\n\t\tnodeid:          2:\tconnected\n\t\tnodeid:          3:\tdisconnected\nLINK ID 1 udp\n\taddr\t= 10.1.0.1\n\tstatus\t= n3\n";
        assert_eq!(
            links(text),
            [
                "0 fe80::1 Some(false) 1:None 2:Some(true) 3:Some(false)",
                "1 10.1.0.1 Some(true) "
            ]
        );
        let text =
            "Local node ID 2, transport udpu\nLINK ID 0 udp\n\taddr\t= 10.0.0.1\n\tstatus\t= OK\n";
        assert_eq!(links(text), ["0 10.0.0.1 Some(true) "]);
    }

    #[test]
    fn links_to_other_nodes_are_read() {
        let text = "Local node ID 1, transport knet\nnodeid: 2 reachable\n   LINK: 0 udp (10.0.0.1->10.0.0.2) enabled connected mtu: 1397\n   LINK: 1 udp (10.1.0.1->10.1.0.2) enabled mtu: 469\n\nnodeid: 3\n";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!((skips.as_slice(), found.peers.len()), ([].as_slice(), 2));
        let peer = &found.peers[0];
        assert!(peer.is_reachable && !found.peers[1].is_reachable);
        let states: Vec<_> = peer
            .links
            .iter()
            .map(|link| (link.to.as_deref(), link.is_connected, link.mtu))
            .collect();
        assert_eq!(
            states,
            [
                (Some("10.0.0.2"), true, Some(1397)),
                (Some("10.1.0.2"), false, Some(469))
            ]
        );
    }

    #[test]
    fn an_error_is_a_skip() {
        let (found, skips) = parse(
            b"Printing ring status.\nCould not initialize corosync configuration API error 2\n",
        );
        assert_eq!(found, CfgTool::default());
        assert_eq!(skips[0].kind, SkipKind::ErrorText);
        let (_, skips) = parse(b"RING ID x\n");
        assert_eq!(skips[0].kind, SkipKind::BadLine);
    }
}
