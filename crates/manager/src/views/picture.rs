//! The topology picture: kept group by group, so that a change costs what it
//! changed.

use super::server::role;
use super::{server_ref, storage, target_ref};
use crate::lists::Mark;
use crate::state::{Manager, World};
use api::server::Ref;
use api::summary::{TopologyGroup, TopologyServer, TopologyTarget};
use axum::body::Bytes;
use model::ids::ServerId;
use model::inventory::{HaKey, TargetKey};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stdx::hostlist::natural;

/// Groups that are drawn while the world is held.
const GROUPS_AT_ONCE: usize = 64;

/// An HA cluster's servers, or one server alone.
type Group = (Option<HaKey>, BTreeSet<ServerId>);

/// The picture as it was last drawn.
#[derive(Default)]
pub(crate) struct Picture {
    /// Which changes are in it.
    generation: Option<u64>,
    /// Each group as JSON.
    groups: BTreeMap<Group, Arc<str>>,
    whole: Bytes,
}

impl Picture {
    /// All of it, as JSON.
    pub fn whole(&self) -> Bytes {
        self.whole.clone()
    }

    /// Draws anew what changed since the last time, so that the world is never
    /// held for long.
    pub async fn update(&mut self, manager: &Manager) {
        let (generation, filesystems, groups, marks) = {
            let world = manager.world();
            // Nothing changes while the world is held.
            let generation = manager.lists.generation();
            if self.generation == Some(generation) {
                return;
            }
            let marks = manager.lists.take_drawn();
            (generation, filesystems(&world), groups(&world), marks)
        };
        // Until it is done, what was marked is nowhere else.
        self.generation = None;
        self.forget(&groups, &marks);
        for some in groups.chunks(GROUPS_AT_ONCE) {
            self.draw(&manager.world(), some);
            tokio::task::yield_now().await;
        }
        self.put_together(&groups, &filesystems);
        self.generation = Some(generation);
    }

    /// Drops groups that are no more, and those with a marked server.
    pub fn forget(&mut self, groups: &[Group], marks: &Mark<ServerId>) {
        let Mark::Some(marked) = marks else {
            self.groups.clear();
            return;
        };
        let are: BTreeSet<&Group> = groups.iter().collect();
        self.groups
            .retain(|group, _| are.contains(group) && group.1.is_disjoint(marked));
    }

    /// Draws those groups that are not drawn.
    pub fn draw(&mut self, world: &World, groups: &[Group]) {
        for of in groups {
            if self.groups.contains_key(of) {
                continue;
            }
            let drawn = json(&group(world, of)).into();
            self.groups.insert(of.clone(), drawn);
        }
    }

    /// Makes the whole of the groups, in this order.
    pub fn put_together(&mut self, groups: &[Group], filesystems: &[Ref]) {
        let size: usize = self.groups.values().map(|drawn| drawn.len() + 1).sum();
        let mut text = String::with_capacity(size + 1024);
        text.push_str("{\"groups\":[");
        let drawn = groups.iter().filter_map(|group| self.groups.get(group));
        for (n, drawn) in drawn.enumerate() {
            if n > 0 {
                text.push(',');
            }
            text.push_str(drawn);
        }
        text.push_str("],\"filesystems\":");
        text.push_str(&json(&filesystems));
        text.push('}');
        self.whole = text.into();
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers are JSON")
}

/// File systems by name.
pub(crate) fn filesystems(world: &World) -> Vec<Ref> {
    let all = world.inventory().filesystems.iter();
    all.map(|(key, fs)| Ref {
        id: key.0.clone(),
        name: fs.name.to_string(),
    })
    .collect()
}

/// Servers that stand in for each other, then those that stand alone.
pub(crate) fn groups(world: &World) -> Vec<Group> {
    let mut grouped: BTreeSet<ServerId> = BTreeSet::new();
    let mut all = Vec::new();
    for (key, ha) in &world.inventory().ha_clusters {
        grouped.extend(&ha.servers);
        all.push((Some(key.clone()), ha.servers.clone()));
    }
    let alone = world.servers.keys().filter(|id| !grouped.contains(id));
    all.extend(alone.map(|id| (None, BTreeSet::from([*id]))));
    all
}

fn group(world: &World, (key, ids): &Group) -> TopologyGroup {
    let found = world.inventory();
    let ha_cluster = key.as_ref().and_then(|key| {
        let ha = found.ha_clusters.get(key)?;
        Some(Ref {
            id: key.0.clone(),
            name: ha.name.clone(),
        })
    });
    let mut servers: Vec<TopologyServer> = ids
        .iter()
        .map(|id| {
            let known = found.servers.get(id);
            let clients = found
                .clients
                .range((*id, String::new())..)
                .take_while(|((server, _), _)| server == id);
            let fs: BTreeSet<String> = clients
                .map(|(_, client)| client.fs_name.to_string())
                .collect();
            TopologyServer {
                server: server_ref(world, *id),
                state: world
                    .server(*id)
                    .map(|entry| entry.state.to_string())
                    .unwrap_or_default(),
                roles: known
                    .into_iter()
                    .flat_map(|s| &s.roles)
                    .map(|one| role(*one))
                    .collect(),
                client_of: fs.into_iter().collect(),
            }
        })
        .collect();
    servers.sort_by_cached_key(|one| natural(&one.server.name));
    let keys: BTreeSet<&TargetKey> = ids
        .iter()
        .filter_map(|id| found.servers.get(id))
        .flat_map(|server| &server.may_serve)
        .collect();
    let targets = keys
        .iter()
        .filter_map(|key| Some((*key, found.targets.get(*key)?)));
    let targets: Vec<TopologyTarget> = targets
        .map(|(key, target)| TopologyTarget {
            target: target_ref(world, key),
            kind: target.kind.to_string(),
            state: storage::target_state(target.state).to_owned(),
            mounted_on: target.mounted_on.iter().map(ToString::to_string).collect(),
            servers: target.servers.iter().map(ToString::to_string).collect(),
            filesystem: target.label.fs().map(ToString::to_string),
        })
        .collect();
    // Only devices that a member's report names can be shared by all members.
    let first = ids.first().and_then(|id| world.report(*id));
    let shared = first
        .iter()
        .flat_map(|report| report.devices.iter().flatten())
        .filter(|device| {
            ids.len() > 1
                && found
                    .devices
                    .get(&device.id)
                    .is_some_and(|d| ids.iter().all(|id| d.paths.contains_key(id)))
        });
    TopologyGroup {
        ha_cluster,
        servers,
        targets,
        n_devices_shared: u64::try_from(shared.count()).unwrap_or(u64::MAX),
    }
}
