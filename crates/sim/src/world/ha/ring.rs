//! A ring: the nodes that are one cluster now, and what they know together.

use super::cib::{self, Cib};
use super::corosync::{self, Node};
use super::told::Told;
use super::{execute, fence, show};
use crate::world::World;
use crate::world::host::HostName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a controller is elected where all nodes are there.
const ELECTION: Duration = Duration::from_secs(2);
/// And where one may still come: `dc-deadtime`.
const DEAD_TIME: Duration = Duration::from_secs(20);

/// Nodes that hear each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ring {
    /// Their hosts.
    pub members: BTreeSet<HostName>,
    /// Their numbers.
    pub ids: BTreeSet<u32>,
    /// How often it was formed anew.
    pub sequence: u64,
    /// Since when not all members hear each other.
    pub torn_since: Option<Duration>,
    /// What Pacemaker is told; none while it runs nowhere.
    pub cib: Option<Cib>,
    /// The same, typed.
    pub told: Told,
    /// The controller.
    pub dc: Option<HostName>,
    /// When there is one.
    pub dc_at: Option<Duration>,
    /// What is known of nodes, by name.
    pub peers: BTreeMap<String, Peer>,
    /// Where resources are active, by resource and node.
    pub at: BTreeMap<(String, String), Active>,
    /// Where it was looked whether a resource is active.
    pub probed: BTreeSet<(String, String)>,
    /// What is going on, by resource.
    pub operations: BTreeMap<String, execute::Operation>,
    /// Failures by resource and node.
    pub failures: BTreeMap<(String, String), Failure>,
    /// What is being fenced, by node.
    pub fencing: BTreeMap<String, fence::Fencing>,
    /// What was fenced, oldest first.
    pub fenced: Vec<fence::Fenced>,
}

/// What Pacemaker knows of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// It takes part.
    pub is_online: bool,
    /// It is lost, and nobody knows that it is off.
    pub is_unclean: bool,
    /// It was meant to take part when it was seen last.
    pub is_expected: bool,
}

/// A resource that is active on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Active {
    /// It failed there, and must be stopped before anything else.
    pub is_failed: bool,
    /// It could not be stopped.
    pub is_stuck: bool,
    /// When it is looked at again.
    pub next: Option<Duration>,
}

/// What failed on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How often; [`cib::INFINITY`] for good.
    pub count: i64,
    /// `start`, `stop`, `monitor`.
    pub task: String,
    /// Its interval, milliseconds.
    pub interval_ms: u128,
    /// OCF's exit code.
    pub code: i32,
    /// Whether it took too long.
    pub is_late: bool,
    /// What the agent said.
    pub reason: String,
    /// When last.
    pub at: Duration,
    /// The same by the node's clock.
    pub clock_ms: i64,
    /// How long it took.
    pub took: Duration,
}

/// What happens by itself: rings break and join, and each goes on.
pub fn tick(world: &mut World) {
    break_rings(world);
    join_rings(world);
    let ids: Vec<u64> = world.ha.rings.keys().copied().collect();
    for id in ids {
        let Some(mut ring) = world.ha.rings.remove(&id) else {
            continue;
        };
        if ring.torn_since.is_none() {
            go_on(world, &mut ring);
        }
        if !ring.members.is_empty() {
            world.ha.rings.insert(id, ring);
        }
    }
}

/// Those of a ring's members that hear each other, together.
fn cliques(world: &World, id: u64, ring: &Ring) -> Vec<BTreeSet<HostName>> {
    let mut cliques: Vec<BTreeSet<HostName>> = Vec::new();
    let lives = |host: &&HostName| world.ha.nodes.get(host).is_some_and(|node| node.ring == id);
    for host in ring.members.iter().filter(lives) {
        let fits = |clique: &&mut BTreeSet<HostName>| {
            let mut all = clique.iter();
            all.all(|one| corosync::is_linked(world, one, host))
        };
        match cliques.iter_mut().find(fits) {
            Some(clique) => {
                clique.insert(host.clone());
            }
            None => cliques.push(BTreeSet::from([host.clone()])),
        }
    }
    cliques
}

fn break_rings(world: &mut World) {
    let ids: Vec<u64> = world.ha.rings.keys().copied().collect();
    for id in ids {
        let Some(mut ring) = world.ha.rings.remove(&id) else {
            continue;
        };
        let cliques = cliques(world, id, &ring);
        let now = world.now();
        if let [one] = cliques.as_slice()
            && *one == ring.members
        {
            ring.torn_since = None;
            world.ha.rings.insert(id, ring);
            continue;
        }
        let since = *ring.torn_since.get_or_insert(now);
        let first = cliques.iter().flatten().next();
        let loss = first.and_then(|host| world.ha.nodes.get(host));
        let loss = loss.map_or(Duration::ZERO, |node| node.conf.loss());
        if now.saturating_sub(since) < loss {
            world.ha.rings.insert(id, ring);
            continue;
        }
        for clique in cliques {
            let part = part(world, &ring, clique);
            insert(world, part);
        }
    }
}

/// What a part of a ring knows that has lost the others.
fn part(world: &World, ring: &Ring, members: BTreeSet<HostName>) -> Ring {
    let nodes = members.iter().filter_map(|host| world.ha.nodes.get(host));
    let nodes: Vec<&Node> = nodes.collect();
    let names: BTreeSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let mut part = Ring {
        ids: nodes.iter().map(|node| node.id).collect(),
        sequence: ring.sequence + 4,
        torn_since: None,
        ..ring.clone()
    };
    for (name, peer) in &mut part.peers {
        if peer.is_online && !names.contains(name.as_str()) {
            (peer.is_online, peer.is_unclean) = (false, true);
        }
    }
    part.probed
        .retain(|(_, node)| names.contains(node.as_str()));
    part.operations
        .retain(|_, operation| members.contains(&operation.host));
    part.fencing
        .retain(|_, fencing| members.contains(&fencing.by));
    if part.dc.as_ref().is_some_and(|dc| !members.contains(dc)) {
        (part.dc, part.dc_at) = (None, Some(world.now() + ELECTION));
    }
    part.members = members;
    part
}

/// Puts a ring into the world under a number of its own.
pub fn insert(world: &mut World, ring: Ring) {
    world.ha.n_rings += 1;
    let id = world.ha.n_rings;
    for host in &ring.members {
        if let Some(node) = world.ha.nodes.get_mut(host) {
            node.ring = id;
            node.has_seen_all |= node.conf.nodes.len() == ring.members.len();
        }
    }
    world.ha.rings.insert(id, ring);
}

fn join_rings(world: &mut World) {
    let whole = |world: &World, id: &u64| {
        let ring = world.ha.rings.get(id);
        ring.is_some_and(|ring| ring.torn_since.is_none())
    };
    let mut ids: Vec<u64> = world.ha.rings.keys().copied().collect();
    ids.retain(|id| whole(world, id));
    let mut by_cluster: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for id in ids {
        let first = world
            .ha
            .rings
            .get(&id)
            .and_then(|ring| ring.members.first());
        let node = first.and_then(|host| world.ha.nodes.get(host));
        if let Some(node) = node {
            let of = by_cluster.entry(node.conf.cluster.clone()).or_default();
            of.push(id);
        }
    }
    for mut ids in by_cluster.into_values().filter(|ids| ids.len() > 1) {
        while let Some(first) = ids.first().copied() {
            let fits = |other: &&u64| fits(world, first, **other);
            let Some(other) = ids.iter().skip(1).find(fits).copied() else {
                ids.remove(0);
                continue;
            };
            ids.retain(|id| *id != other && *id != first);
            let pair = (world.ha.rings.remove(&first), world.ha.rings.remove(&other));
            if let (Some(one), Some(other)) = pair {
                let joined = joined(world, one, other);
                insert(world, joined);
                ids.insert(0, world.ha.n_rings);
            }
        }
    }
}

fn fits(world: &World, one: u64, other: u64) -> bool {
    let (Some(one), Some(other)) = (world.ha.rings.get(&one), world.ha.rings.get(&other)) else {
        return false;
    };
    let mut pairs = one
        .members
        .iter()
        .flat_map(|a| other.members.iter().map(move |b| (a, b)));
    pairs.all(|(a, b)| corosync::is_linked(world, a, b))
}

/// One ring of two: the newer CIB counts, and each knows best what runs on its
/// own nodes.
fn joined(world: &World, one: Ring, other: Ring) -> Ring {
    let version = |ring: &Ring| ring.cib.as_ref().map(Cib::version);
    let (mut base, other) = if version(&other) > version(&one) {
        (other, one)
    } else {
        (one, other)
    };
    let names: BTreeSet<String> = other
        .members
        .iter()
        .filter_map(|host| Some(world.ha.nodes.get(host)?.name.clone()))
        .collect();
    base.at.retain(|(_, node), _| !names.contains(node));
    let theirs = |key: &(String, String)| names.contains(&key.1);
    base.at
        .extend(other.at.into_iter().filter(|(key, _)| theirs(key)));
    base.probed.retain(|key| !theirs(key));
    // They come in once the CIB is theirs too.
    for (name, _) in other.peers.iter().filter(|(name, _)| names.contains(*name)) {
        base.peers.insert(name.clone(), Peer::default());
    }
    for (key, failure) in other.failures {
        base.failures.entry(key).or_insert(failure);
    }
    base.operations.extend(other.operations);
    base.fencing.retain(|name, _| !names.contains(name));
    base.fenced.extend(other.fenced);
    base.fenced.sort_by_key(|event| event.at);
    base.members.extend(other.members);
    base.ids.extend(other.ids);
    base.sequence = base.sequence.max(other.sequence) + 4;
    base.dc = base.dc.or(other.dc);
    base
}

impl Ring {
    /// Hosts on which Pacemaker runs, each with its node's name.
    pub fn pacemakers(&self, world: &World) -> Vec<(HostName, String)> {
        let nodes = self.members.iter();
        let nodes = nodes.filter_map(|host| Some((host, world.ha.nodes.get(host)?)));
        nodes
            .filter(|(_, node)| node.has_pacemaker)
            .map(|(host, node)| (host.clone(), node.name.clone()))
            .collect()
    }

    /// Whether a node takes part.
    pub fn is_online(&self, node: &str) -> bool {
        self.peers.get(node).is_some_and(|peer| peer.is_online)
    }

    /// The host of a node, wherever it is now.
    pub fn host(&self, world: &World, node: &str) -> Option<HostName> {
        let mut nodes = self
            .members
            .iter()
            .filter_map(|host| world.ha.nodes.get(host));
        let conf = &nodes.next()?.conf;
        let found = conf.nodes.iter().find(|one| one.name == node)?;
        corosync::host_of(world, found)
    }

    /// Nodes on which a resource is active.
    pub fn places<'a>(&'a self, resource: &'a str) -> impl Iterator<Item = (&'a str, &'a Active)> {
        let all = self.at.iter().filter(move |((id, _), _)| id == resource);
        all.map(|((_, node), active)| (node.as_str(), active))
    }

    /// Whether resources may be started at all: by votes, or by order without.
    pub fn may_act(&self, world: &World) -> bool {
        let policy = self.told.property("no-quorum-policy", "stop");
        corosync::quorum(world, self).1 || policy == "ignore"
    }

    /// The CIB was changed by a program on a node: all nodes keep it.
    pub fn changed(&mut self, world: &mut World, client: &str, host: &HostName) {
        let at = show::date(world, host);
        let pacemakers = self.pacemakers(world);
        let Some(cib) = &mut self.cib else {
            return;
        };
        cib.touch(&at, client, &host.0);
        self.told = Told::from(cib);
        let text = cib.text().into_bytes();
        for (host, _) in pacemakers {
            if let Some(state) = world.hosts.get_mut(&host) {
                state.files.insert(cib::PATH.to_owned(), text.clone());
            }
        }
    }
}

/// Pacemaker of a ring goes on.
fn go_on(world: &mut World, ring: &mut Ring) {
    let pacemakers = ring.pacemakers(world);
    if pacemakers.is_empty() {
        (ring.dc, ring.dc_at) = (None, None);
        return;
    }
    let now = world.now();
    if ring.dc.is_none() {
        let n_all = world.ha.nodes.get(&pacemakers[0].0);
        let n_all = n_all.map_or(0, |node| node.conf.nodes.len());
        let wait = if pacemakers.len() == n_all {
            ELECTION
        } else {
            DEAD_TIME
        };
        let soon = (now + wait).min(ring.dc_at.unwrap_or(Duration::MAX));
        ring.dc_at = Some(soon);
        if now < soon {
            return;
        }
        (ring.dc, ring.dc_at) = (Some(pacemakers[0].0.clone()), None);
    }
    welcome(world, ring, &pacemakers);
    execute::finish(world, ring);
    execute::probe(world, ring);
    execute::monitor(world, ring);
    fence::go_on(world, ring);
    super::schedule::go_on(world, ring);
}

/// Nodes that are there take part, and the CIB names them.
fn welcome(world: &mut World, ring: &mut Ring, pacemakers: &[(HostName, String)]) {
    let mut is_changed = false;
    for (host, name) in pacemakers {
        let peer = ring.peers.entry(name.clone()).or_default();
        if peer.is_online {
            continue;
        }
        *peer = Peer {
            is_online: true,
            is_unclean: false,
            is_expected: true,
        };
        ring.fencing.remove(name);
        is_changed = true;
        let id = world
            .ha
            .nodes
            .get(host)
            .map_or(0, |node| node.id)
            .to_string();
        if let Some(cib) = &mut ring.cib
            && !ring.told.nodes.iter().any(|node| node.name == *name)
        {
            let node = cib::element("node", &[("id", &id), ("uname", name)]);
            cib.section_mut("nodes").children.push(node);
        }
    }
    if !is_changed {
        return;
    }
    let cluster = world.ha.nodes.get(&pacemakers[0].0);
    let cluster = cluster
        .map(|node| node.conf.cluster.clone())
        .unwrap_or_default();
    if let Some(cib) = &mut ring.cib {
        cib.set_property("have-watchdog", "false");
        cib.set_property("dc-version", show::VERSION);
        cib.set_property("cluster-infrastructure", "corosync");
        cib.set_property("cluster-name", &cluster);
    }
    let dc = ring.dc.clone().unwrap_or_else(|| pacemakers[0].0.clone());
    ring.changed(world, "crmd", &dc);
    // A node that nobody has seen yet may run anything.
    let unseen = ring.told.nodes.iter().map(|node| node.name.clone());
    let unseen: Vec<String> = unseen
        .filter(|name| !ring.peers.contains_key(name))
        .collect();
    for name in unseen {
        let unclean = Peer {
            is_unclean: ring.told.is("startup-fencing", true),
            ..Peer::default()
        };
        ring.peers.insert(name, unclean);
    }
}
