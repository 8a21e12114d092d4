//! `corosync.conf`: sections within sections, `key: value`.

use super::lines::{self, Line, flag, number};
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `corosync.conf`.
pub static KIND: Kind = Kind {
    name: "corosync-conf",
    about: "/etc/corosync/corosync.conf",
    guess,
    read,
};

/// Sections within sections at most.
const DEPTH_MAX: usize = 16;

/// One section as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Name.
    pub name: String,
    /// Line it begins at.
    pub line: u64,
    /// Settings in the order written.
    pub settings: Vec<(String, String)>,
    /// Sections in it.
    pub sections: Vec<Section>,
}

impl Section {
    /// The last value of a setting: Corosync lets the later one win.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Sections in it of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Section> {
        self.sections.iter().filter(move |one| one.name == name)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(str::to_owned)
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(number)
    }

    fn map(&self) -> BTreeMap<String, String> {
        self.settings.iter().cloned().collect()
    }
}

/// What Corosync is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CorosyncConf {
    /// Membership and transport.
    pub totem: Option<Totem>,
    /// Rings or links, where the `totem` section describes them.
    pub interfaces: Vec<Interface>,
    /// Nodes.
    pub nodes: Vec<ConfNode>,
    /// Quorum.
    pub quorum: Option<Quorum>,
    /// `logging` and its `logger_subsys` sections.
    pub logging: Vec<BTreeMap<String, String>>,
    /// Sections of other names, as written.
    pub other: Vec<Section>,
}

/// The `totem` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totem {
    /// Name of the cluster.
    pub cluster_name: Option<String>,
    /// `knet`, `udpu`, `udp`; none is the version's default.
    pub transport: Option<String>,
    /// Milliseconds without a token until a node counts as lost.
    pub token_ms: Option<u64>,
    /// `passive` or `active` with several rings (Corosync 2).
    pub rrp_mode: Option<String>,
    /// `passive`, `active` or `rr` with several links (Corosync 3).
    pub link_mode: Option<String>,
    /// All settings; a key is left out.
    pub settings: BTreeMap<String, String>,
}

/// A ring (Corosync 2) or link (Corosync 3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// `ringnumber` or `linknumber`.
    pub number: Option<u64>,
    /// Network it binds to.
    pub bindnetaddr: Option<String>,
    /// Multicast address.
    pub mcastaddr: Option<String>,
    /// UDP port.
    pub mcastport: Option<u64>,
    /// All settings.
    pub settings: BTreeMap<String, String>,
    /// Addresses of `member` sections (Corosync 1 with UDPU).
    pub members: Vec<String>,
}

/// A node of the `nodelist`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConfNode {
    /// `nodeid`.
    pub id: Option<u64>,
    /// `name`; older files have none.
    pub name: Option<String>,
    /// `ringN_addr` by ring or link.
    pub addresses: BTreeMap<u64, String>,
    /// `quorum_votes`, where set.
    pub votes: Option<u64>,
}

/// The `quorum` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quorum {
    /// `corosync_votequorum`; none means no quorum is kept.
    pub provider: Option<String>,
    /// `expected_votes`, where set.
    pub expected_votes: Option<u64>,
    /// `two_node`: one of two keeps quorum.
    pub two_node: bool,
    /// All settings.
    pub settings: BTreeMap<String, String>,
    /// An arbiter.
    pub device: Option<QuorumDevice>,
}

/// The `device` section of `quorum`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuorumDevice {
    /// `net` or `disk`.
    pub model: Option<String>,
    /// Votes it has.
    pub votes: Option<u64>,
    /// Host of a `net` device.
    pub host: Option<String>,
    /// `ffsplit`, `lms`.
    pub algorithm: Option<String>,
    /// `heuristics` settings.
    pub heuristics: BTreeMap<String, String>,
}

/// Reads the sections as written.
pub fn sections(input: &[u8]) -> (Section, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut open = vec![Section::default()];
    // Sections opened beyond the depth that is kept.
    let mut deeper = 0_usize;
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(name) = text.strip_suffix('{') {
            if open.len() > DEPTH_MAX || deeper > 0 {
                deeper += 1;
                skips.push(line.skip(SkipKind::BadLine, "too many sections within sections"));
            } else {
                open.push(Section {
                    name: name.trim().to_owned(),
                    line: line.no,
                    ..Section::default()
                });
            }
        } else if text == "}" {
            if deeper > 0 {
                deeper -= 1;
            } else if !close(&mut open) {
                skips.push(line.bad("a brace closes no section"));
            }
        } else if deeper == 0 {
            setting(&line, &mut open, &mut skips);
        }
    }
    if let Some(section) = open.get(1..).and_then(<[Section]>::last) {
        let reason = format!("section {:?} has no end", section.name);
        skips.push(Skip::new(section.line, SkipKind::Truncated, reason));
    }
    while close(&mut open) {}
    (open.pop().unwrap_or_default(), skips)
}

/// Puts the innermost open section into the one around it.
fn close(open: &mut Vec<Section>) -> bool {
    if open.len() < 2 {
        return false;
    }
    let done = open.pop();
    if let (Some(around), Some(done)) = (open.last_mut(), done) {
        around.sections.push(done);
    }
    true
}

fn setting(line: &Line<'_>, open: &mut [Section], skips: &mut Vec<Skip>) {
    let pair = line.text.trim().split_once(':');
    let Some((key, value)) = pair.filter(|(key, _)| !key.trim().is_empty()) else {
        skips.push(line.bad("wanted `key: value`, `section {` or `}`"));
        return;
    };
    if let Some(section) = open.last_mut() {
        // `key` of `totem` is the secret that the nodes share.
        let value = if section.name == "totem" && key.trim() == "key" {
            "(left out)"
        } else {
            value.trim()
        };
        let pair = (key.trim().to_owned(), value.to_owned());
        section.settings.push(pair);
    }
}

/// Reads a file, as far as it goes.
pub fn parse(input: &[u8]) -> (CorosyncConf, Vec<Skip>) {
    let (root, mut skips) = sections(input);
    let mut found = CorosyncConf::default();
    for section in &root.sections {
        match section.name.as_str() {
            "totem" => {
                found
                    .interfaces
                    .extend(section.all("interface").map(interface));
                found.totem = Some(totem(section));
            }
            "nodelist" => found.nodes.extend(section.all("node").map(node)),
            "quorum" => found.quorum = Some(quorum(section)),
            "logging" => {
                found.logging.push(section.map());
                let below = section.all("logger_subsys").chain(section.all("logger"));
                found.logging.extend(below.map(Section::map));
            }
            _ => found.other.push(section.clone()),
        }
    }
    for (key, _) in &root.settings {
        // Corosync 1 allows `compatibility: whitetank` and the like outside.
        if key != "compatibility" {
            let reason = format!("setting {key:?} is outside of all sections");
            skips.push(Skip::new(1, SkipKind::Unknown, reason));
        }
    }
    (found, skips)
}

fn totem(from: &Section) -> Totem {
    Totem {
        cluster_name: from.text("cluster_name"),
        transport: from.text("transport"),
        token_ms: from.number("token"),
        rrp_mode: from.text("rrp_mode"),
        link_mode: from.text("link_mode"),
        settings: from.map(),
    }
}

fn interface(from: &Section) -> Interface {
    let number = from.number("linknumber").or(from.number("ringnumber"));
    Interface {
        number,
        bindnetaddr: from.text("bindnetaddr"),
        mcastaddr: from.text("mcastaddr"),
        mcastport: from.number("mcastport"),
        settings: from.map(),
        members: from
            .all("member")
            .filter_map(|member| member.text("memberaddr"))
            .collect(),
    }
}

fn node(from: &Section) -> ConfNode {
    let address = |(key, value): &(String, String)| {
        let ring = key.strip_prefix("ring")?.strip_suffix("_addr")?;
        Some((ring.parse().ok()?, value.clone()))
    };
    ConfNode {
        id: from.number("nodeid"),
        name: from.text("name"),
        addresses: from.settings.iter().filter_map(address).collect(),
        votes: from.number("quorum_votes"),
    }
}

fn quorum(from: &Section) -> Quorum {
    let device = from.all("device").next().map(|device| {
        let model = device.text("model");
        let below = device.all(model.as_deref().unwrap_or("net")).next();
        QuorumDevice {
            votes: device.number("votes"),
            host: below.and_then(|net| net.text("host")),
            algorithm: below.and_then(|net| net.text("algorithm")),
            heuristics: device
                .all("heuristics")
                .next()
                .map(Section::map)
                .unwrap_or_default(),
            model,
        }
    });
    Quorum {
        provider: from.text("provider"),
        expected_votes: from.number("expected_votes"),
        two_node: from.get("two_node").and_then(flag).unwrap_or(false),
        settings: from.map(),
        device,
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    const NAMES: [&str; 5] = ["totem", "nodelist", "quorum", "logging", "interface"];
    let opens = |line: &str| {
        line.trim()
            .strip_suffix('{')
            .is_some_and(|name| NAMES.contains(&name.trim()))
    };
    let n = sample.text().lines().filter(|line| opens(line)).count();
    let totem = sample
        .text()
        .lines()
        .any(|line| opens(line) && line.trim().starts_with("totem"));
    match (totem, n) {
        (true, _) => 96,
        (false, 2..) => 80,
        (false, 1) if sample.name.contains("corosync") => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("corosync.totem", found.totem.as_slice(), sink);
    lines::emit("corosync.interface", &found.interfaces, sink);
    lines::emit("corosync.node", &found.nodes, sink);
    lines::emit("corosync.quorum", found.quorum.as_slice(), sink);
    lines::emit("corosync.logging", &found.logging, sink);
    lines::emit("corosync.section", &found.other, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# comment\ntotem {\n\tversion: 2\r\n  cluster_name: pair\n transport: knet\n key: hidden\n\
 interface {\n linknumber: 1\n knet_transport: udp\n }\n}\n\nnodelist {\n node {\n ring0_addr: 10.0.0.1\n ring1_addr: fe80::1\n\
 name: oss1\n nodeid: 1\n }\n}\nquorum {\n provider: corosync_votequorum\n two_node: 1\n device {\n model: net\n votes: 1\n\
 net {\n host: q\n algorithm: ffsplit\n }\n }\n}\nlogging {\n to_syslog: yes\n logger_subsys {\n subsys: QUORUM\n }\n}\nsystem {\n qb_ipc_type: native\n}\n";

    #[test]
    fn sections_are_read_into_their_types() {
        let (found, skips) = parse(TEXT.as_bytes());
        assert_eq!(skips, []);
        let totem = found.totem.expect("totem");
        assert_eq!(
            (totem.cluster_name.as_deref(), totem.transport.as_deref()),
            (Some("pair"), Some("knet"))
        );
        assert_eq!(totem.settings["key"], "(left out)");
        assert_eq!(found.interfaces[0].number, Some(1));
        let node = &found.nodes[0];
        assert_eq!((node.id, node.name.as_deref()), (Some(1), Some("oss1")));
        assert_eq!(node.addresses[&1], "fe80::1");
        let quorum = found.quorum.expect("quorum");
        let device = quorum.device.expect("device");
        assert!(quorum.two_node);
        assert_eq!(
            (
                device.host.as_deref(),
                device.algorithm.as_deref(),
                device.votes
            ),
            (Some("q"), Some("ffsplit"), Some(1))
        );
        assert_eq!(found.logging.len(), 2);
        assert_eq!(found.other[0].get("qb_ipc_type"), Some("native"));
    }

    #[test]
    fn damage_costs_no_neighbour() {
        let (found, skips) = parse(
            b"nodelist {\n node {\n nonsense\n nodeid: 7\n }\n}\n}\ntotem {\n cluster_name: x",
        );
        assert_eq!(found.nodes[0].id, Some(7));
        assert_eq!(
            found.totem.expect("totem").cluster_name.as_deref(),
            Some("x")
        );
        assert_eq!(skips.iter().map(|s| s.line).collect::<Vec<_>>(), [3, 7, 8]);
    }

    #[test]
    fn no_depth_is_too_deep() {
        let (_, skips) = parse("a {\n".repeat(500).as_bytes());
        assert!(!skips.is_empty());
    }
}
