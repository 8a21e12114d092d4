//! Corosync: its file, who reaches whom, votes, and what its tools print.

use super::ring::Ring;
use crate::world::World;
use crate::world::command::{failed, printed};
use crate::world::host::HostName;
use crate::world::os;
use agent::host::Output;
use std::collections::BTreeSet;
use std::time::Duration;

/// Its file.
pub const CONF: &str = "/etc/corosync/corosync.conf";
/// Its key.
pub const KEY: &str = "/etc/corosync/authkey";

/// A configuration, as it was read at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    /// `cluster_name`.
    pub cluster: String,
    /// Milliseconds after which a node is missed.
    pub token_ms: u64,
    /// Whether messages are encrypted.
    pub is_secret: bool,
    /// Whether one of two nodes has quorum.
    pub two_node: bool,
    /// Whether quorum waits until all nodes were there once.
    pub wait_for_all: bool,
    /// Its nodes.
    pub nodes: Vec<ConfNode>,
}

/// A node of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfNode {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Its address on each link.
    pub addresses: Vec<String>,
}

impl Conf {
    /// Reads the file's text.
    pub fn read(text: &str) -> Self {
        let mut conf = Self {
            token_ms: 3000,
            ..Self::default()
        };
        let (mut path, mut wait): (Vec<String>, Option<bool>) = (Vec::new(), None);
        for line in text.lines().map(str::trim) {
            if line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_suffix('{') {
                path.push(name.trim().to_owned());
                if path.join(".") == "nodelist.node" {
                    conf.nodes.push(ConfNode::default());
                }
            } else if line == "}" {
                path.pop();
            } else if let Some((key, value)) = line.split_once(':') {
                let (key, value) = (key.trim(), value.trim());
                if key == "wait_for_all" {
                    wait = Some(value == "1");
                }
                conf.take(&path.join("."), key, value);
            }
        }
        conf.wait_for_all = wait.unwrap_or(conf.two_node);
        conf
    }

    fn take(&mut self, path: &str, key: &str, value: &str) {
        match (path, key) {
            ("totem", "cluster_name") => value.clone_into(&mut self.cluster),
            ("totem", "token") => self.token_ms = value.parse().unwrap_or(self.token_ms),
            ("totem", "crypto_cipher" | "crypto_hash") => self.is_secret |= value != "none",
            ("quorum", "two_node") => self.two_node = value == "1",
            ("nodelist.node", key) => {
                let Some(node) = self.nodes.last_mut() else {
                    return;
                };
                match key {
                    "nodeid" => node.id = value.parse().unwrap_or(0),
                    "name" => value.clone_into(&mut node.name),
                    key if key.ends_with("_addr") => node.addresses.push(value.to_owned()),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// How long until a node that is lost is out: its token is missed, and the
    /// others agree on that.
    pub fn loss(&self) -> Duration {
        Duration::from_millis(self.token_ms.saturating_mul(22) / 10)
    }
}

/// Corosync on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// As it was read when it started.
    pub conf: Conf,
    /// Its key.
    pub key: Vec<u8>,
    /// Its name.
    pub name: String,
    /// Its number.
    pub id: u32,
    /// The ring that it is in.
    pub ring: u64,
    /// Whether Pacemaker runs on it.
    pub has_pacemaker: bool,
    /// Whether it has seen all nodes since it started.
    pub has_seen_all: bool,
}

impl Node {
    /// As it would start on a host now.
    pub fn start(world: &World, host: &HostName) -> Result<Self, String> {
        let state = world.hosts.get(host).ok_or("no such host")?;
        let bytes = state
            .files
            .get(CONF)
            .ok_or("Can't read file corosync.conf")?;
        let conf = Conf::read(&String::from_utf8_lossy(bytes));
        let key = state.files.get(KEY).cloned().unwrap_or_default();
        if conf.is_secret && key.is_empty() {
            return Err(String::from("Could not open /etc/corosync/authkey"));
        }
        let is_me = |node: &&ConfNode| {
            let mut mine = state.interfaces.values();
            mine.any(|address| node.addresses.contains(address)) || node.addresses.contains(&host.0)
        };
        let me = conf.nodes.iter().find(is_me);
        let me = me.ok_or("No valid name found for local host")?;
        Ok(Self {
            name: if me.name.is_empty() {
                host.0.clone()
            } else {
                me.name.clone()
            },
            id: me.id,
            ring: 0,
            has_pacemaker: false,
            has_seen_all: false,
            key,
            conf,
        })
    }
}

/// The host that a node of a configuration is.
pub fn host_of(world: &World, node: &ConfNode) -> Option<HostName> {
    let mut hosts = node.addresses.iter().filter_map(|address| {
        let by_name = HostName(address.clone());
        let is_name = world.hosts.contains_key(&by_name);
        world
            .addresses
            .get(address)
            .cloned()
            .or(is_name.then_some(by_name))
    });
    hosts.next()
}

fn lets_in(world: &World, host: &HostName) -> bool {
    os::lets_through(world, host, "5405/udp")
}

/// Whether Corosync on one host and on another hear each other.
pub fn is_linked(world: &World, one: &HostName, other: &HostName) -> bool {
    let (Some(a), Some(b)) = (world.ha.nodes.get(one), world.ha.nodes.get(other)) else {
        return false;
    };
    let knows = |conf: &Conf, id: u32| conf.nodes.iter().any(|node| node.id == id);
    one == other
        || (a.conf.cluster == b.conf.cluster
            && a.key == b.key
            && knows(&a.conf, b.id)
            && knows(&b.conf, a.id)
            && world.reaches(one, other)
            && world.reaches(other, one)
            && lets_in(world, one)
            && lets_in(world, other))
}

/// Votes that a ring needs, and whether it has them.
pub fn quorum(world: &World, ring: &Ring) -> (usize, bool) {
    let mut nodes = ring
        .members
        .iter()
        .filter_map(|host| world.ha.nodes.get(host));
    let Some(first) = nodes.clone().next() else {
        return (1, false);
    };
    let n_all = first.conf.nodes.len();
    let needed = if first.conf.two_node {
        1
    } else {
        n_all / 2 + 1
    };
    let waits = first.conf.wait_for_all && !nodes.any(|node| node.has_seen_all);
    (needed, ring.members.len() >= needed && !waits)
}

/// Answers the tools.
pub fn run(world: &World, host: &HostName, program: &str) -> Output {
    let found = world.ha.nodes.get(host);
    let found = found.and_then(|node| Some((node, world.ha.rings.get(&node.ring)?)));
    let Some((node, ring)) = found else {
        return failed(
            1,
            match program {
                "corosync-cfgtool" => "Could not initialize corosync configuration API error 2",
                "corosync-quorumtool" => "Cannot initialize CMAP service",
                _ => "Failed to initialize the cmap API. Error CS_ERR_LIBRARY",
            },
        );
    };
    match program {
        "corosync-cfgtool" => links(world, host, node),
        "corosync-quorumtool" => votes(world, host, node, ring),
        _ => printed(map(node, &members(world, ring))),
    }
}

/// Corosync on each node of the ring reads its own host's file anew.
pub fn reload(world: &mut World, host: &HostName) -> Output {
    let node = world.ha.nodes.get(host);
    let Some(ring) = node.and_then(|node| world.ha.rings.get(&node.ring)) else {
        return failed(1, "Could not initialize corosync configuration API error 2");
    };
    for member in ring.members.clone() {
        // One that cannot read its file goes on as before.
        let Ok(fresh) = Node::start(world, &member) else {
            continue;
        };
        if let Some(node) = world.ha.nodes.get_mut(&member) {
            node.conf = fresh.conf;
        }
    }
    printed(String::from("Reloading corosync.conf...\nDone\n"))
}

fn links(world: &World, host: &HostName, node: &Node) -> Output {
    let mut text = format!("Local node ID {}, transport knet\n", node.id);
    let me = node.conf.nodes.iter().find(|one| one.id == node.id);
    let addresses = me.map(|me| me.addresses.as_slice()).unwrap_or_default();
    for (link, address) in addresses.iter().enumerate() {
        text.push_str(&format!(
            "LINK ID {link} udp\n\taddr\t= {address}\n\tstatus:\n"
        ));
        for one in &node.conf.nodes {
            let peer = host_of(world, one);
            let is_linked = peer.is_some_and(|peer| is_linked(world, host, &peer));
            let state = match (one.id == node.id, is_linked) {
                (true, _) => "localhost",
                (_, true) => "connected",
                _ => "disconnected",
            };
            text.push_str(&format!("\t\tnodeid: {:>10}:\t{state}\n", one.id));
        }
    }
    printed(text)
}

fn members<'a>(world: &'a World, ring: &Ring) -> Vec<(u32, &'a ConfNode)> {
    let hosts = ring.members.iter();
    let nodes: Vec<&Node> = hosts.filter_map(|host| world.ha.nodes.get(host)).collect();
    let ids: BTreeSet<u32> = ring.ids.iter().copied().collect();
    let Some(first) = nodes.first() else {
        return Vec::new();
    };
    let all = first
        .conf
        .nodes
        .iter()
        .filter(|node| ids.contains(&node.id));
    all.map(|node| (node.id, node)).collect()
}

fn votes(world: &World, host: &HostName, node: &Node, ring: &Ring) -> Output {
    let (needed, is_quorate) = quorum(world, ring);
    let (n_all, n) = (node.conf.nodes.len(), ring.members.len());
    let flags = [
        (node.conf.two_node, "2Node"),
        (is_quorate, "Quorate"),
        (node.conf.wait_for_all, "WaitForAll"),
    ];
    let flags: String = flags
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, word)| format!("{word} "))
        .collect();
    let blocked = if is_quorate { " " } else { "Activity blocked" };
    let yes = if is_quorate { "Yes" } else { "No" };
    let date = super::show::date(world, host);
    let mut text = format!(
        "Quorum information\n------------------\nDate:             {date}\nQuorum provider:  corosync_votequorum\nNodes:            {n}\nNode ID:          {}\nRing ID:          {}.{:x}\nQuorate:          {yes}\n\nVotequorum information\n----------------------\nExpected votes:   {n_all}\nHighest expected: {n_all}\nTotal votes:      {n}\nQuorum:           {needed} {blocked}\nFlags:            {flags}\n\nMembership information\n----------------------\n    Nodeid      Votes Name\n",
        node.id,
        ring.ids.first().copied().unwrap_or(node.id),
        ring.sequence
    );
    for (id, one) in members(world, ring) {
        let local = if id == node.id { " (local)" } else { "" };
        text.push_str(&format!("{id:>10}          1 {}{local}\n", one.name));
    }
    let exit = if is_quorate { 0 } else { 2 };
    Output {
        exit,
        ..printed(text)
    }
}

fn map(node: &Node, members: &[(u32, &ConfNode)]) -> String {
    let mut lines = Vec::new();
    for (at, one) in node.conf.nodes.iter().enumerate() {
        lines.push(format!("nodelist.node.{at}.name (str) = {}", one.name));
        lines.push(format!("nodelist.node.{at}.nodeid (u32) = {}", one.id));
        for (link, address) in one.addresses.iter().enumerate() {
            lines.push(format!(
                "nodelist.node.{at}.ring{link}_addr (str) = {address}"
            ));
        }
        if one.id == node.id {
            lines.push(format!("nodelist.local_node_pos (u32) = {at}"));
        }
    }
    for (id, one) in members {
        let ip = one.addresses.iter().enumerate();
        let ip: Vec<String> = ip
            .map(|(link, at)| format!("r({link}) ip({at}) "))
            .collect();
        lines.push(format!("runtime.members.{id}.ip (str) = {}", ip.concat()));
        lines.push(format!("runtime.members.{id}.join_count (u32) = 1"));
        lines.push(format!("runtime.members.{id}.status (str) = joined"));
    }
    let conf = &node.conf;
    lines.push(String::from("quorum.provider (str) = corosync_votequorum"));
    if conf.two_node {
        lines.push(String::from("quorum.two_node (u8) = 1"));
    }
    lines.push(format!("totem.cluster_name (str) = {}", conf.cluster));
    lines.push(format!("totem.token (u32) = {}", conf.token_ms));
    lines.push(String::from("totem.transport (str) = knet"));
    lines.push(String::from("totem.version (u32) = 2"));
    lines.sort();
    lines.join("\n") + "\n"
}
