//! HA clusters: those of Pacemaker, and servers that only stand in for each other.

use crate::concern::{self, concern};
use crate::detector::{Changed, Index, settle};
use crate::facts::{Facts, cluster_name, url_safe};
use model::ids::ServerId;
use model::inventory::{Concern, Confidence, Evidence, HaCluster, HaKey, Inventory, TargetKey};
use model::report::{Ha, HaNodeState};
use std::collections::{BTreeMap, BTreeSet};
use stdx::hostlist::{fold, natural};

/// Makes the Pacemaker clusters with these keys anew; returns their servers, old and new.
pub(crate) fn rebuild_pacemaker(
    index: &Index,
    inventory: &mut Inventory,
    keys: &BTreeSet<String>,
    changed: &mut Changed,
) -> BTreeSet<ServerId> {
    let mut servers = BTreeSet::new();
    for key in keys {
        let id = HaKey(url_safe(key));
        let made = make_pacemaker(index, inventory, key);
        let both = [inventory.ha_clusters.get(&id), made.as_ref()];
        servers.extend(
            both.into_iter()
                .flatten()
                .flat_map(|cluster| cluster.servers.clone()),
        );
        put(inventory, &id, made, changed);
    }
    servers
}

/// Makes the groups around these servers anew; returns their servers, old and new.
pub(crate) fn rebuild_shared(
    index: &mut Index,
    inventory: &mut Inventory,
    servers: &BTreeSet<ServerId>,
    changed: &mut Changed,
) -> BTreeSet<ServerId> {
    let old: BTreeSet<HaKey> = servers
        .iter()
        .filter_map(|id| index.group_of.get(id).cloned())
        .collect();
    let mut around = servers.clone();
    for key in &old {
        let members = inventory
            .ha_clusters
            .get(key)
            .map(|cluster| cluster.servers.clone());
        around.extend(members.unwrap_or_default());
    }
    let mut made = BTreeMap::new();
    let mut todo = around.clone();
    while let Some(server) = todo.pop_first() {
        index.group_of.remove(&server);
        let group = component(index, inventory, server);
        for member in &group.servers {
            todo.remove(member);
        }
        around.extend(group.servers.iter().copied());
        if group.servers.len() > 1 {
            let names = sorted(group.servers.iter().map(|id| index.name_of(*id)));
            let key = HaKey(url_safe(&format!("shared.{}", names.join("."))));
            index
                .group_of
                .extend(group.servers.iter().map(|member| (*member, key.clone())));
            made.insert(key, group);
        }
    }
    for key in old.iter().filter(|key| !made.contains_key(key)) {
        put(inventory, key, None, changed);
    }
    for (key, group) in made {
        put(inventory, &key, Some(shared(index, group)), changed);
    }
    around
}

fn put(inventory: &mut Inventory, key: &HaKey, new: Option<HaCluster>, changed: &mut Changed) {
    if settle(&mut inventory.ha_clusters, key, new) {
        changed.ha_clusters.insert(key.clone());
    }
}

#[derive(Default)]
struct Component {
    servers: BTreeSet<ServerId>,
    targets: BTreeSet<TargetKey>,
}

/// Servers without Pacemaker that may serve the same targets, transitively.
fn component(index: &Index, inventory: &Inventory, start: ServerId) -> Component {
    let mut found = Component::default();
    let mut todo = vec![start];
    while let Some(server) = todo.pop() {
        let Some(facts) = index.facts.get(&server) else {
            continue;
        };
        if facts.ha_key.is_some() || !found.servers.insert(server) {
            continue;
        }
        for key in index.serves.get(&server).into_iter().flatten() {
            let Some(target) = inventory.targets.get(key) else {
                continue;
            };
            if target.servers.len() > 1 {
                todo.extend(target.servers.iter().copied());
                found.targets.insert(key.clone());
            }
        }
    }
    found
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_by_key(|name| natural(name));
    names
}

/// A name for servers without one: `oss1 + oss2`, `oss[1-4]`.
fn joined(names: &[String]) -> String {
    match names {
        [_, _] => names.join(" + "),
        many => fold(many),
    }
}

fn shared(index: &Index, group: Component) -> HaCluster {
    let names = sorted(group.servers.iter().map(|id| index.name_of(*id)));
    let text = format!(
        "{} name each other as servers of {} targets, or see their devices; no cluster manager \
         answers on them",
        names.join(" and "),
        group.targets.len()
    );
    HaCluster {
        name: joined(&names),
        manager: "shared-devices".into(),
        confidence: Confidence::Good,
        evidence: vec![Evidence {
            claim: "member".into(),
            sign: "mountdata".into(),
            server: None,
            text,
            at: None,
            agrees: true,
        }],
        servers: group.servers,
        targets: group.targets,
        ..HaCluster::default()
    }
}

fn make_pacemaker(index: &Index, inventory: &Inventory, key: &str) -> Option<HaCluster> {
    let members = index.by_ha.get(key)?;
    let views = members.iter().filter_map(|id| {
        let facts = index.facts.get(id)?;
        Some((*id, facts, facts.report.ha.as_ref()?))
    });
    let views: Vec<(ServerId, &Facts, &Ha)> = views.collect();
    // The controller's own view is the truest, then any that runs, then the newest.
    let rank = |(id, facts, ha): &&(ServerId, &Facts, &Ha)| {
        let is_dc = ha
            .dc
            .as_ref()
            .is_some_and(|dc| *dc == facts.report.identity.hostname);
        (
            !facts.is_silent,
            ha.is_running,
            is_dc,
            facts.report.at,
            std::cmp::Reverse(*id),
        )
    };
    let (seen_by, _, ha) = *views.iter().max_by_key(rank)?;
    let mut servers = members.clone();
    servers.extend(
        ha.nodes
            .iter()
            .filter_map(|node| index.server_named(&node.name, members)),
    );
    let near = servers
        .iter()
        .filter_map(|id| index.serves.get(id))
        .flatten();
    let targets: BTreeSet<TargetKey> = near
        .filter(|key| {
            inventory
                .targets
                .get(key)
                .is_some_and(|t| t.ha_resource.is_some())
        })
        .cloned()
        .collect();
    let names = sorted(ha.nodes.iter().map(|node| node.name.clone()));
    let name = match cluster_name(ha) {
        "" => joined(&names),
        name => name.to_owned(),
    };
    Some(HaCluster {
        name,
        servers: servers.clone(),
        seen_by: Some(seen_by),
        manager: "pacemaker".into(),
        has_quorum: has_quorum(ha),
        fencing_enabled: ha.fencing_enabled,
        maintenance: ha.maintenance,
        dc: ha.dc.clone(),
        nodes: ha.nodes.clone(),
        resources: ha.resources.clone(),
        fence_devices: ha.fence_devices.clone(),
        fence_history: ha.fence_history.clone(),
        constraints: ha.constraints.clone(),
        operations: ha.operations.clone(),
        corosync: ha.corosync.clone(),
        targets,
        confidence: if views.len() > 1 {
            Confidence::Certain
        } else {
            Confidence::Good
        },
        evidence: views.iter().map(|view| member(index, view)).collect(),
        concerns: {
            let mut found = concerns(ha);
            found.extend(views.iter().flat_map(|view| links_down(index, view)));
            found
        },
    })
}

fn member(index: &Index, (id, facts, ha): &(ServerId, &Facts, &Ha)) -> Evidence {
    let state = if ha.is_running {
        "answers"
    } else {
        "does not answer"
    };
    Evidence {
        claim: "member".into(),
        sign: "pacemaker".into(),
        server: Some(*id),
        text: format!(
            "Pacemaker {state} on {} and names {} nodes",
            index.name_of(*id),
            ha.nodes.len()
        ),
        at: facts.report.at,
        agrees: ha.is_running,
    }
}

/// Pacemaker's word, or Corosync's where Pacemaker does not answer.
fn has_quorum(ha: &Ha) -> Option<bool> {
    let votes = ha.corosync.as_ref().and_then(|one| one.votes.as_ref());
    ha.has_quorum.or(votes.and_then(|votes| votes.is_quorate))
}

/// Links that do not work, as each server that reports sees its own. A member
/// that is away from the whole cluster is told by its node, not by each link.
fn links_down(index: &Index, (id, facts, ha): &(ServerId, &Facts, &Ha)) -> Vec<Concern> {
    let is_away = |name: &String| {
        let mut nodes = ha.nodes.iter();
        nodes.any(|node| node.name == *name && node.state == HaNodeState::Offline)
    };
    let mut found = Vec::new();
    for link in ha.corosync.iter().flat_map(|corosync| &corosync.links) {
        let lost: Vec<&String> = link.lost.iter().filter(|name| !is_away(name)).collect();
        let is_explained = lost.is_empty() && !link.lost.is_empty();
        if facts.is_silent || link.is_up != Some(false) || is_explained {
            continue;
        }
        let what = match lost.as_slice() {
            [] => "is faulty".to_owned(),
            lost => format!("does not reach {}", fold(lost)),
        };
        let address = link.address.as_deref().unwrap_or("address not told");
        let text = format!(
            "Corosync's link {} of {} ({address}) {what}.",
            link.number,
            index.name_of(*id)
        );
        found.push(concern(concern::HA_LINK, text));
    }
    found
}

fn concerns(ha: &Ha) -> Vec<Concern> {
    let mut found = Vec::new();
    if ha.fencing_enabled == Some(false) {
        let text =
            "Fencing is switched off: after a node is lost, a target could be mounted twice.";
        found.push(concern(concern::NO_FENCING, text));
    } else if ha.fence_devices.is_empty() && ha.is_running {
        let text = "No fencing device is configured: a lost node cannot be proven off.";
        found.push(concern(concern::NO_FENCING, text));
    }
    if has_quorum(ha) == Some(false) {
        found.push(concern(
            concern::NO_QUORUM,
            "The cluster has no quorum: it starts nothing.",
        ));
    }
    for node in ha
        .nodes
        .iter()
        .filter(|node| node.state != HaNodeState::Online)
    {
        let state = format!("{:?}", node.state).to_lowercase();
        found.push(concern(
            concern::HA_NODE,
            format!("Node {} is {state}.", node.name),
        ));
    }
    for resource in ha.resources.iter().filter(|r| r.is_failed || r.is_blocked) {
        let word = if resource.is_blocked {
            "blocked"
        } else {
            "failed"
        };
        found.push(concern(
            concern::HA_RESOURCE,
            format!("Resource {} is {word}.", resource.id),
        ));
    }
    found
}
