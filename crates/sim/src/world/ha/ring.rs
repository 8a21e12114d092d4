//! A ring: the nodes that are one cluster now, and what they know together.

use super::cib::{self, Cib};
use super::corosync;
use super::told::{Primitive, Told};
use super::{execute, fence, membership, show};
use crate::world::World;
use crate::world::host::HostName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a controller is elected where all nodes are there.
pub const ELECTION: Duration = Duration::from_secs(2);
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
    /// What is active, as it was told when it was seen so last: it can be stopped
    /// when the CIB does not have it any more.
    pub active: BTreeMap<String, Primitive>,
    /// What is going on, by resource.
    pub operations: BTreeMap<String, execute::Operation>,
    /// Failures by resource and node.
    pub failures: BTreeMap<(String, String), Failure>,
    /// How each task of a resource ended last on a node.
    pub done: BTreeMap<(String, String, execute::Task), Done>,
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

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// OCF's exit code.
    pub code: i32,
    /// When, by the node's clock.
    pub clock_ms: i64,
    /// How long it took.
    pub took: Duration,
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
    membership::break_rings(world);
    membership::join_rings(world);
    let ids: Vec<u64> = world.ha.rings.keys().copied().collect();
    for id in ids {
        let Some(mut ring) = world.ha.rings.remove(&id) else {
            continue;
        };
        // A kernel that hangs starts nothing, and fences nobody.
        let hangs = |host: &HostName| world.hosts.get(host).is_some_and(|state| state.is_hung);
        let is_frozen = ring.members.iter().all(hangs);
        if ring.torn_since.is_none() && !is_frozen {
            go_on(world, &mut ring);
        }
        if !ring.members.is_empty() {
            world.ha.rings.insert(id, ring);
        }
    }
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

    /// A resource that the CIB has, or had while it became active.
    pub fn primitive(&self, id: &str) -> Option<&Primitive> {
        let told = self.told.primitive(id).map(|(_, one)| one);
        told.or_else(|| self.active.get(id))
    }

    /// What is active, and not in the CIB any more: resource and node.
    pub fn orphans(&self) -> Vec<(String, String)> {
        let told = self.told.primitives().map(|(_, one)| one.id.as_str());
        let told: BTreeSet<&str> = told.collect();
        let gone = self.at.iter().filter(|((id, node), active)| {
            !told.contains(id.as_str()) && !active.is_stuck && self.is_online(node)
        });
        gone.map(|(key, _)| key.clone()).collect()
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
    super::schedule::stop_orphans(world, ring);
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
        ring.done.retain(|(_, node, _), _| node != name);
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
