//! Where resources run, and the next thing that is done for it.

use super::cib::INFINITY;
use super::execute::{self, Task};
use super::ring::Ring;
use super::told::{Top, is_true};
use crate::world::World;
use std::collections::BTreeMap;

/// Begins what can be begun now.
pub fn go_on(world: &mut World, ring: &mut Ring) {
    let told = ring.told.clone();
    let has_fence = told.primitives().any(|(_, one)| one.is_fence());
    let is_safe = !told.fences() || (has_fence && ring.peers.values().all(|one| !one.is_unclean));
    let may_act = ring.may_act(world);
    let policy = told.property("no-quorum-policy", "stop");
    let stops_all = told.is("stop-all-resources", false) || (!may_act && policy != "freeze");
    let mut load: BTreeMap<String, usize> = BTreeMap::new();
    for top in &told.tops {
        let is_fence = top.members.iter().all(super::told::Primitive::is_fence);
        let wanted = if stops_all && !is_fence {
            None
        } else {
            wanted(ring, top, &load)
        };
        if let Some(node) = &wanted {
            *load.entry(node.clone()).or_default() += top.members.len();
        }
        let may_start = is_fence || (is_safe && may_act);
        if is_managed(ring, top)
            && let Some((id, node, task)) = next(ring, top, wanted.as_deref(), may_start)
        {
            execute::begin(world, ring, &id, &node, task);
        }
    }
}

/// What is active and not in the CIB any more is stopped: one of two CIBs that
/// met had it, or somebody deleted it while it ran.
pub fn stop_orphans(world: &mut World, ring: &mut Ring) {
    if ring.told.is("maintenance-mode", false) {
        return;
    }
    for (id, node) in ring.orphans() {
        if !ring.operations.contains_key(&id) {
            execute::begin(world, ring, &id, &node, Task::Stop);
        }
    }
}

/// Whether Pacemaker may touch a resource.
pub fn is_managed(ring: &Ring, top: &Top) -> bool {
    let told = &ring.told;
    let says = |name: &str| {
        let mut members = top.members.iter();
        let value = members.next().and_then(|one| told.meta(top, one, name));
        value.map(is_true)
    };
    let is_kept = told.is("maintenance-mode", false) || says("maintenance") == Some(true);
    !is_kept && says("is-managed").unwrap_or(true)
}

/// Members that are to run: those before the first that is told not to.
fn n_wanted(ring: &Ring, top: &Top) -> usize {
    let is_off = |one: &super::told::Primitive| {
        let places = [&top.meta, &one.meta, &ring.told.defaults];
        let mut roles = places.iter().filter_map(|place| place.get("target-role"));
        roles.any(|role| role.eq_ignore_ascii_case("stopped"))
    };
    let place = top.members.iter().position(is_off);
    place.unwrap_or(top.members.len())
}

/// Whether a node may run anything.
fn is_usable(ring: &Ring, node: &str) -> bool {
    let peer = ring.peers.get(node);
    peer.is_some_and(|peer| peer.is_online && !peer.is_unclean)
        && !ring.told.node_is(node, "standby")
        && !ring.told.node_is(node, "maintenance")
}

/// The node on which a resource is to run.
fn wanted(ring: &Ring, top: &Top, load: &BTreeMap<String, usize>) -> Option<String> {
    if n_wanted(ring, top) == 0 {
        return None;
    }
    let nodes = ring
        .told
        .nodes
        .iter()
        .filter(|node| is_usable(ring, &node.name));
    let scored = nodes.map(|node| {
        let load = load.get(&node.name).copied().unwrap_or(0);
        (
            points(ring, top, &node.name),
            std::cmp::Reverse(load),
            &node.name,
        )
    });
    let scored = scored.filter(|(points, ..)| *points >= 0);
    // The first of equals, in the order of names.
    let best = scored.min_by_key(|(points, load, name)| (-points, load.0, (*name).clone()));
    best.map(|(_, _, name)| name.clone())
}

/// Points of a node for a resource: below 0 it may not run there.
fn points(ring: &Ring, top: &Top, node: &str) -> i64 {
    let rules = ring.told.points(top, node);
    let is_banned = top.members.iter().any(|one| {
        let failure = ring.failures.get(&(one.id.clone(), node.to_owned()));
        let limit = ring.told.meta(top, one, "migration-threshold");
        let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(INFINITY);
        limit > 0 && failure.is_some_and(|failure| failure.count >= limit)
    });
    if rules <= -INFINITY || is_banned {
        return -INFINITY;
    }
    let sticky = top
        .members
        .iter()
        .filter(|one| ring.at.contains_key(&(one.id.clone(), node.to_owned())));
    let sticky = sticky.map(|one| {
        let value = ring.told.meta(top, one, "resource-stickiness");
        value.map_or(0, |text| {
            if text == "INFINITY" {
                INFINITY
            } else {
                text.parse().unwrap_or(0)
            }
        })
    });
    (rules + sticky.sum::<i64>()).clamp(-INFINITY + 1, INFINITY)
}

/// The next thing to do for a resource: which member, where, what.
fn next(
    ring: &Ring,
    top: &Top,
    wanted: Option<&str>,
    may_start: bool,
) -> Option<(String, String, Task)> {
    if top
        .members
        .iter()
        .any(|one| ring.operations.contains_key(&one.id))
    {
        return None;
    }
    let n_wanted = n_wanted(ring, top);
    let goes = |at: usize, node: &str| Some(node) != wanted || at >= n_wanted;
    let mut from = None;
    for (at, one) in top.members.iter().enumerate() {
        let many = ring.places(&one.id).count() > 1;
        for (node, active) in ring.places(&one.id) {
            if active.is_stuck || !ring.is_online(node) {
                return None;
            }
            if goes(at, node) || active.is_failed || many {
                from = Some(from.unwrap_or(at));
            }
        }
    }
    if let Some(from) = from {
        let last = top.members.iter().skip(from).rev();
        let mut active =
            last.flat_map(|one| ring.places(&one.id).map(move |(node, _)| (one, node)));
        let (one, node) = active.next()?;
        return Some((one.id.clone(), node.to_owned(), Task::Stop));
    }
    let node = wanted.filter(|_| may_start)?;
    let mut members = top.members.iter().take(n_wanted);
    let one = members.find(|one| ring.places(&one.id).next().is_none())?;
    Some((one.id.clone(), node.to_owned(), Task::Start))
}
