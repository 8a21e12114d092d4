//! Servers that are out of service, by the spec or in Pacemaker.

use super::{server_ref, target_ref};
use crate::state::{ServerState, World};
use api::ha::OutOfService;
use api::server::Ref;
use model::ids::ServerId;
use model::inventory::HaCluster;
use model::report::HaNodeState;
use model::spec::{ServerWanted, Spec};
use std::collections::BTreeSet;
use stdx::hostlist::{expand, natural};

/// A server, and whether the spec wants it to serve nothing.
pub(crate) struct Out {
    id: ServerId,
    is_drained: bool,
}

/// All that are out of service, by name.
pub(crate) fn servers(world: &World, spec: &Spec) -> Vec<Out> {
    let drained = drained(world, spec);
    let known = world.servers.iter();
    let known = known.filter(|(_, entry)| entry.state != ServerState::Revoked);
    let mut found: Vec<Out> = known
        .map(|(id, _)| Out {
            id: *id,
            is_drained: drained.contains(id),
        })
        .filter(|one| one.is_drained || is_out(world, one.id))
        .collect();
    found.sort_by_cached_key(|one| natural(&server_ref(world, one.id).name));
    found
}

fn drained(world: &World, spec: &Spec) -> BTreeSet<ServerId> {
    let lists = spec.servers.iter();
    let lists = lists.filter(|one| one.state == ServerWanted::Drained);
    let names = lists.flat_map(|one| expand(&one.names).unwrap_or_default());
    names
        .flat_map(|name| world.servers_named(&name).collect::<Vec<_>>())
        .collect()
}

fn is_out(world: &World, id: ServerId) -> bool {
    let Some((_, ha)) = cluster(world, id) else {
        return false;
    };
    let is_away = matches!(
        node(world, ha, id),
        Some(HaNodeState::Standby | HaNodeState::Maintenance)
    );
    is_away || ha.maintenance
}

fn cluster(world: &World, id: ServerId) -> Option<(Ref, &HaCluster)> {
    let key = world.inventory().servers.get(&id)?.ha.as_ref()?;
    let ha = world.inventory().ha_clusters.get(key)?;
    let about = Ref {
        id: key.0.clone(),
        name: ha.name.clone(),
    };
    Some((about, ha))
}

fn node(world: &World, ha: &HaCluster, id: ServerId) -> Option<HaNodeState> {
    let report = world.report(id);
    let host = report.map_or("", |report| report.identity.hostname.as_str());
    let is_it = |name: &str| name == host || world.servers_named(name).any(|one| one == id);
    let node = ha.nodes.iter().find(|node| is_it(&node.name));
    node.map(|node| node.state)
}

/// One of them.
pub(crate) fn row(world: &World, one: &Out) -> OutOfService {
    let known = world.inventory().servers.get(&one.id);
    let mounted = known.into_iter().flat_map(|server| &server.mounted);
    let ha = cluster(world, one.id);
    let clients = world.inventory().clients.keys();
    let n_clients = clients.filter(|(server, _)| *server == one.id).count();
    OutOfService {
        server: server_ref(world, one.id),
        state: world
            .server(one.id)
            .map(|entry| entry.state.to_string())
            .unwrap_or_default(),
        is_drained: one.is_drained,
        node: ha.as_ref().and_then(|(_, ha)| node(world, ha, one.id)),
        is_cluster_in_maintenance: ha.as_ref().is_some_and(|(_, ha)| ha.maintenance),
        ha_cluster: ha.map(|(about, _)| about),
        mounted: mounted.map(|key| target_ref(world, key)).collect(),
        n_clients: u64::try_from(n_clients).unwrap_or(u64::MAX),
    }
}
