//! Reading the inventory: lists, single things, overview, topology.

use super::App;
use super::caller::Viewer;
use super::problem::{Fault, Problems, fault, not_found};
use crate::state::{VERSION, World};
use crate::views::{list, server as servers_view, server_ref, storage, target_ref};
use api::codes;
use api::device::Device;
use api::filesystem::FileSystem;
use api::ha::HaCluster;
use api::page::{Health, ListQuery, Page};
use api::server::{Concern, Ref, Server, ServerDetail};
use api::summary::{Attention, Summary, Topology, TopologyGroup, TopologyServer, TopologyTarget};
use api::target::Target;
use axum::Json;
use axum::extract::{Path, Query, State};
use model::ids::ServerId;
use model::inventory::TargetKey;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Listed = Result<Json<Page<Value>>, Fault>;

/// `GET /health`: for load balancers; says nothing of the site.
#[utoipa::path(
    get, path = "/health", tag = "manager",
    summary = "Whether the manager answers; no login needed.",
    responses((status = 200, body = Health), Problems)
)]
pub(crate) async fn health() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: VERSION.to_owned(),
    })
}

/// `GET /servers`.
#[utoipa::path(
    get, path = "/servers", tag = "servers",
    summary = "A page of servers.",
    params(ListQuery),
    responses((status = 200, body = Page<Server>), Problems)
)]
pub(crate) async fn servers(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<ListQuery>,
) -> Listed {
    let rows = servers_view::rows(&app.manager.world(), app.manager.now());
    let matches = |row: &Value, q: &ListQuery| {
        list::is(row, "state", q.state.as_ref()) && list::has(row, "roles", q.kind.as_ref())
    };
    Ok(Json(list::page(rows, &query, matches)?))
}

/// `GET /targets`.
#[utoipa::path(
    get, path = "/targets", tag = "targets",
    summary = "A page of targets.",
    params(ListQuery),
    responses((status = 200, body = Page<Target>), Problems)
)]
pub(crate) async fn targets(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<ListQuery>,
) -> Listed {
    let rows: Vec<Target> = {
        let world = app.manager.world();
        let all = world.inventory().targets.iter();
        all.map(|(key, target)| storage::target(&world, key, target))
            .collect()
    };
    let matches = |row: &Value, q: &ListQuery| {
        let of_fs = q.filesystem.is_none()
            || list::is(row, "filesystem", q.filesystem.as_ref())
            || list::is(row, "filesystem_id", q.filesystem.as_ref());
        of_fs
            && list::is(row, "state", q.state.as_ref())
            && list::is(row, "kind", q.kind.as_ref())
            && (list::has(row, "servers", q.server.as_ref())
                || list::has(row, "mounted_on_all", q.server.as_ref()))
    };
    Ok(Json(list::page(rows, &query, matches)?))
}

/// `GET /filesystems`.
#[utoipa::path(
    get, path = "/filesystems", tag = "filesystems",
    summary = "A page of file systems.",
    params(ListQuery),
    responses((status = 200, body = Page<FileSystem>), Problems)
)]
pub(crate) async fn filesystems(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<ListQuery>,
) -> Listed {
    let rows: Vec<FileSystem> = {
        let world = app.manager.world();
        let all = world.inventory().filesystems.iter();
        all.map(|(key, fs)| storage::filesystem(&world, key, fs))
            .collect()
    };
    Ok(Json(list::page(rows, &query, |row, q| {
        list::is(row, "state", q.state.as_ref())
    })?))
}

/// `GET /devices`.
#[utoipa::path(
    get, path = "/devices", tag = "devices",
    summary = "A page of devices.",
    params(ListQuery),
    responses((status = 200, body = Page<Device>), Problems)
)]
pub(crate) async fn devices(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<ListQuery>,
) -> Listed {
    let rows: Vec<Device> = {
        let world = app.manager.world();
        let all = world.inventory().devices.iter();
        all.map(|(id, device)| storage::device(&world, id, device))
            .collect()
    };
    let matches = |row: &Value, q: &ListQuery| {
        list::is(row, "kind", q.kind.as_ref()) && list::has(row, "seen_by", q.server.as_ref())
    };
    Ok(Json(list::page(rows, &query, matches)?))
}

/// `GET /ha-clusters`.
#[utoipa::path(
    get, path = "/ha-clusters", tag = "ha-clusters",
    summary = "A page of HA clusters.",
    params(ListQuery),
    responses((status = 200, body = Page<HaCluster>), Problems)
)]
pub(crate) async fn ha_clusters(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<ListQuery>,
) -> Listed {
    let rows: Vec<HaCluster> = {
        let world = app.manager.world();
        let all = world.inventory().ha_clusters.iter();
        all.map(|(key, ha)| storage::ha_cluster(&world, key, ha))
            .collect()
    };
    let matches = |row: &Value, q: &ListQuery| {
        list::is(row, "state", q.state.as_ref()) && list::has(row, "servers", q.server.as_ref())
    };
    Ok(Json(list::page(rows, &query, matches)?))
}

/// The server of an id or name.
pub(crate) fn server_id(world: &World, name: &str) -> Result<ServerId, Fault> {
    if let Ok(id) = name.parse::<ServerId>()
        && world.server(id).is_some()
    {
        return Ok(id);
    }
    let named = |id: &&ServerId| {
        let fqdn = world
            .report(**id)
            .map(|report| report.identity.fqdn.as_str());
        server_ref(world, **id).name == name || fqdn == Some(name)
    };
    one(
        "server",
        name,
        world.servers.keys().filter(named).copied().collect(),
    )
}

/// The only one, or why not.
pub(crate) fn one<T>(noun: &str, name: &str, mut found: Vec<T>) -> Result<T, Fault> {
    match (found.len(), found.pop()) {
        (1, Some(only)) => Ok(only),
        (0, _) | (_, None) => Err(not_found(noun, name)),
        (count, _) => Err(fault(
            codes::AMBIGUOUS,
            format!("{count} things of the kind {noun} are named {name:?}."),
            "Use the id of the one that is meant; the list shows it.",
        )),
    }
}

/// The target of an id or label.
pub(crate) fn target_key(world: &World, name: &str) -> Result<TargetKey, Fault> {
    let key = TargetKey(name.to_owned());
    let all = &world.inventory().targets;
    if all.contains_key(&key) {
        return Ok(key);
    }
    let found = all
        .iter()
        .filter(|(_, target)| target.label.to_string() == name);
    one("target", name, found.map(|(key, _)| key.clone()).collect())
}

/// `GET /servers/{id}`.
#[utoipa::path(
    get, path = "/servers/{id}", tag = "servers",
    summary = "One server, by id or name.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = ServerDetail), Problems)
)]
pub(crate) async fn server(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
) -> Result<Json<ServerDetail>, Fault> {
    let world = app.manager.world();
    let id = server_id(&world, &id)?;
    let entry = world
        .server(id)
        .ok_or_else(|| not_found("server", &id.to_string()))?;
    Ok(Json(servers_view::detail(
        &world,
        id,
        entry,
        app.manager.now(),
    )))
}

/// `GET /targets/{id}`.
#[utoipa::path(
    get, path = "/targets/{id}", tag = "targets",
    summary = "One target, by id or label.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = Target), Problems)
)]
pub(crate) async fn target(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
) -> Result<Json<Target>, Fault> {
    let world = app.manager.world();
    let key = target_key(&world, &id)?;
    let found = world
        .inventory()
        .targets
        .get(&key)
        .ok_or_else(|| not_found("target", &id))?;
    Ok(Json(storage::target(&world, &key, found)))
}

/// `GET /filesystems/{id}`.
#[utoipa::path(
    get, path = "/filesystems/{id}", tag = "filesystems",
    summary = "One file system, by id or name.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = FileSystem), Problems)
)]
pub(crate) async fn filesystem(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
) -> Result<Json<FileSystem>, Fault> {
    let world = app.manager.world();
    let all = world.inventory().filesystems.iter();
    let found = all
        .filter(|(key, fs)| key.0 == id || fs.name.as_str() == id)
        .collect();
    let (key, fs) = one("file system", &id, found)?;
    Ok(Json(storage::filesystem(&world, key, fs)))
}

/// `GET /devices/{id}`: by identity, or by a path that only one device has.
#[utoipa::path(
    get, path = "/devices/{id}", tag = "devices",
    summary = "One device, by id or path.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = Device), Problems)
)]
pub(crate) async fn device(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
) -> Result<Json<Device>, Fault> {
    let world = app.manager.world();
    let all = world.inventory().devices.iter();
    let found = all
        .filter(|(key, d)| key.0 == id || d.paths.values().any(|path| *path == id))
        .collect();
    let (key, device) = one("device", &id, found)?;
    Ok(Json(storage::device(&world, key, device)))
}

/// `GET /ha-clusters/{id}`.
#[utoipa::path(
    get, path = "/ha-clusters/{id}", tag = "ha-clusters",
    summary = "One HA cluster, by id or name.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = HaCluster), Problems)
)]
pub(crate) async fn ha_cluster(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
) -> Result<Json<HaCluster>, Fault> {
    let world = app.manager.world();
    let all = world.inventory().ha_clusters.iter();
    let found = all
        .filter(|(key, ha)| key.0 == id || ha.name == id)
        .collect();
    let (key, ha) = one("HA cluster", &id, found)?;
    Ok(Json(storage::ha_cluster(&world, key, ha)))
}

/// Codes that someone must act on; the others are worth a look.
const ERRORS: [&str; 8] = [
    "target-mounted-twice",
    "target-on-two-devices",
    "target-missing",
    "target-unmounted",
    "ha-disagrees",
    "ha-no-quorum",
    "server-unhealthy",
    "mgs-down",
];

/// Things that the overview lists at most.
const ATTENTION_MAX: usize = 100;

/// `GET /summary`.
#[utoipa::path(
    get, path = "/summary", tag = "overview",
    summary = "Counts, and what needs attention.",
    responses((status = 200, body = Summary), Problems)
)]
pub(crate) async fn summary(State(app): State<App>, _: Viewer) -> Json<Summary> {
    let world = app.manager.world();
    let found = world.inventory();
    let mut attention = Vec::new();
    let mut add = |noun: &str, about: &Ref, concerns: &[Concern]| {
        for concern in concerns {
            let is_error = ERRORS.contains(&concern.code.as_str());
            attention.push(Attention {
                severity: if is_error { "error" } else { "warning" }.to_owned(),
                code: concern.code.clone(),
                text: concern.text.clone(),
                noun: noun.to_owned(),
                about: about.clone(),
            });
        }
    };
    let (mut servers, mut targets) = (BTreeMap::new(), BTreeMap::new());
    let (mut filesystems, mut ha_clusters) = (BTreeMap::new(), BTreeMap::new());
    for row in servers_view::rows(&world, app.manager.now()) {
        *servers.entry(row.state.clone()).or_insert(0) += 1;
        add(
            "server",
            &Ref {
                id: row.id,
                name: row.name,
            },
            &row.concerns,
        );
    }
    for (key, target) in &found.targets {
        *targets
            .entry(storage::target_state(target.state).to_owned())
            .or_insert(0) += 1;
        add(
            "target",
            &target_ref(&world, key),
            &crate::views::concerns(&target.concerns),
        );
    }
    for (key, fs) in &found.filesystems {
        let row = storage::filesystem(&world, key, fs);
        *filesystems.entry(row.state).or_insert(0) += 1;
        // What its targets say is said there.
        let own = row
            .concerns
            .into_iter()
            .filter(|concern| !concern.code.starts_with("target-"));
        add(
            "filesystem",
            &Ref {
                id: row.id,
                name: row.name,
            },
            &own.collect::<Vec<_>>(),
        );
    }
    for (key, ha) in &found.ha_clusters {
        let row = storage::ha_cluster(&world, key, ha);
        *ha_clusters.entry(row.state).or_insert(0) += 1;
        add(
            "ha-cluster",
            &Ref {
                id: row.id,
                name: row.name,
            },
            &row.concerns,
        );
    }
    attention
        .sort_by(|a, b| (&a.severity, &a.code, &a.about).cmp(&(&b.severity, &b.code, &b.about)));
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let n_attention = count(attention.len());
    attention.truncate(ATTENTION_MAX);
    let shared = found
        .devices
        .values()
        .filter(|device| device.paths.len() > 1)
        .count();
    Json(Summary {
        servers,
        targets,
        filesystems,
        ha_clusters,
        n_devices: count(found.devices.len()),
        n_devices_shared: count(shared),
        attention,
        n_attention,
    })
}

/// `GET /topology`.
#[utoipa::path(
    get, path = "/topology", tag = "overview",
    summary = "HA groups, and who mounts what.",
    responses((status = 200, body = Topology), Problems)
)]
pub(crate) async fn topology(State(app): State<App>, _: Viewer) -> Json<Topology> {
    let world = app.manager.world();
    let found = world.inventory();
    let mut groups = Vec::new();
    let mut grouped: BTreeSet<ServerId> = BTreeSet::new();
    for (key, ha) in &found.ha_clusters {
        let name = Ref {
            id: key.0.clone(),
            name: ha.name.clone(),
        };
        grouped.extend(&ha.servers);
        groups.push(group(&world, Some(name), &ha.servers));
    }
    for id in world.servers.keys().filter(|id| !grouped.contains(id)) {
        groups.push(group(&world, None, &BTreeSet::from([*id])));
    }
    let filesystems = found.filesystems.iter();
    let filesystems = filesystems.map(|(key, fs)| Ref {
        id: key.0.clone(),
        name: fs.name.to_string(),
    });
    Json(Topology {
        groups,
        filesystems: filesystems.collect(),
    })
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
                .map(|r| format!("{r:?}").to_lowercase())
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
