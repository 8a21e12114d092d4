//! The overview and the topology picture.

use super::App;
use super::caller::Viewer;
use super::problem::{Fault, Problems};
use crate::lists::{Listed, read};
use crate::state::{Manager, World};
use crate::views::list::{Ask, Field};
use crate::views::noun::{Devices, FileSystems, HaClusters, Servers, Targets};
use crate::views::server::role;
use crate::views::{server_ref, storage, target_ref};
use api::server::Ref;
use api::summary::{Attention, Summary, Topology, TopologyGroup, TopologyServer, TopologyTarget};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use model::ids::ServerId;
use model::inventory::{HaKey, TargetKey};
use std::collections::{BTreeMap, BTreeSet};

/// Things that the overview lists at most.
const ATTENTION_MAX: usize = 100;
/// Groups of the picture that are drawn while the world is held.
const GROUPS_AT_ONCE: usize = 64;

/// `GET /summary`.
#[utoipa::path(
    get, path = "/summary", tag = "overview",
    summary = "Counts, and what needs attention.",
    responses((status = 200, body = Summary), Problems)
)]
pub(crate) async fn summary(State(app): State<App>, _: Viewer) -> Result<Json<Summary>, Fault> {
    let manager = &*app.manager;
    let mut worst = Worst::default();
    let servers = of::<Servers>(manager, &mut worst).await?;
    let targets = of::<Targets>(manager, &mut worst).await?;
    let filesystems = of::<FileSystems>(manager, &mut worst).await?;
    let ha_clusters = of::<HaClusters>(manager, &mut worst).await?;
    let (n_devices, shared) = read::<Devices, _>(manager, &Ask::default(), |table, _, _| {
        (table.len(), table.counts(Field::Shared))
    })
    .await?;
    Ok(Json(Summary {
        servers,
        targets,
        filesystems,
        ha_clusters,
        n_devices: count(n_devices),
        n_devices_shared: shared.values().sum(),
        n_attention: count(worst.n),
        attention: worst.first(),
    }))
}

/// What needs attention, of all nouns.
#[derive(Default)]
struct Worst {
    n: usize,
    some: Vec<Attention>,
}

impl Worst {
    fn first(mut self) -> Vec<Attention> {
        self.some.sort_by(|a, b| {
            (&a.severity, &a.code, &a.about).cmp(&(&b.severity, &b.code, &b.about))
        });
        self.some.truncate(ATTENTION_MAX);
        self.some
    }
}

/// How many rows are in each state; adds the worst to `worst`.
async fn of<N: Listed>(
    manager: &Manager,
    worst: &mut Worst,
) -> Result<BTreeMap<String, u64>, Fault> {
    read::<N, _>(manager, &Ask::default(), |table, _, _| {
        let all = table.attention();
        worst.n += all.len();
        worst.some.extend(all.values().take(ATTENTION_MAX).cloned());
        table.counts(Field::State)
    })
    .await
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// The picture as it was last drawn, and of which generation.
pub(crate) type Picture = tokio::sync::Mutex<Option<(u64, Bytes)>>;

/// `GET /topology`.
#[utoipa::path(
    get, path = "/topology", tag = "overview",
    summary = "HA groups, and who mounts what.",
    responses((status = 200, body = Topology), Problems)
)]
pub(crate) async fn topology(State(app): State<App>, _: Viewer) -> Response {
    // Whoever asks meanwhile waits, and most often gets the same picture.
    let mut picture = app.picture.lock().await;
    let generation = app.manager.lists.generation();
    let bytes = match &*picture {
        Some((of, bytes)) if *of == generation => bytes.clone(),
        _ => {
            let drawn = draw(&app.manager).await;
            let bytes = serde_json::to_vec(&drawn).expect("texts and numbers are JSON");
            let bytes = Bytes::from(bytes);
            *picture = Some((generation, bytes.clone()));
            bytes
        }
    };
    ([(CONTENT_TYPE, "application/json")], bytes).into_response()
}

/// Draws group by group, so that the world is not held for long.
async fn draw(manager: &Manager) -> Topology {
    let (filesystems, members) = {
        let world = manager.world();
        let all = world.inventory().filesystems.iter();
        let filesystems = all.map(|(key, fs)| Ref {
            id: key.0.clone(),
            name: fs.name.to_string(),
        });
        (filesystems.collect(), members(&world))
    };
    let mut groups = Vec::with_capacity(members.len());
    for some in members.chunks(GROUPS_AT_ONCE) {
        {
            let world = manager.world();
            groups.extend(some.iter().map(|(key, ids)| {
                let ha = key.as_ref().and_then(|key| {
                    let ha = world.inventory().ha_clusters.get(key)?;
                    Some(Ref {
                        id: key.0.clone(),
                        name: ha.name.clone(),
                    })
                });
                group(&world, ha, ids)
            }));
        }
        tokio::task::yield_now().await;
    }
    Topology {
        groups,
        filesystems,
    }
}

/// Servers that stand in for each other, then those that stand alone.
fn members(world: &World) -> Vec<(Option<HaKey>, BTreeSet<ServerId>)> {
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

fn group(world: &World, ha_cluster: Option<Ref>, ids: &BTreeSet<ServerId>) -> TopologyGroup {
    let found = world.inventory();
    let servers = ids.iter().map(|id| {
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
    });
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
        servers: servers.collect(),
        targets,
        n_devices_shared: u64::try_from(shared.count()).unwrap_or(u64::MAX),
    }
}
