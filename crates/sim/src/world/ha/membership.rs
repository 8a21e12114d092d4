//! Which nodes are a ring: those that hear each other, once a token was missed
//! or a node came.

use super::cib::Cib;
use super::corosync::{self, Node};
use super::ring::{ELECTION, Peer, Ring};
use crate::world::World;
use crate::world::host::HostName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

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

/// Rings whose members do not hear each other any more fall into parts.
pub fn break_rings(world: &mut World) {
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

/// Rings of one cluster that hear each other become one.
pub fn join_rings(world: &mut World) {
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
    for (id, one) in other.active {
        base.active.entry(id).or_insert(one);
    }
    base.operations.extend(other.operations);
    base.done.extend(other.done);
    base.fencing.retain(|name, _| !names.contains(name));
    base.fenced.extend(other.fenced);
    base.fenced.sort_by_key(|event| event.at);
    base.members.extend(other.members);
    base.ids.extend(other.ids);
    base.sequence = base.sequence.max(other.sequence) + 4;
    base.dc = base.dc.or(other.dc);
    base
}
