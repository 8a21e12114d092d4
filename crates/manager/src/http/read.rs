//! Reading the inventory: lists and single things.

use super::App;
use super::caller::Viewer;
use super::input::Json;
use super::input::Query;
use super::problem::{Fault, Problems, fault, not_found};
use crate::lists;
use crate::state::{VERSION, World};
use crate::views::noun::{Clients, Devices, FileSystems, HaClusters, Servers, Targets};
use crate::views::{server as servers_view, storage};
use api::client::Client;
use api::codes;
use api::device::Device;
use api::filesystem::FileSystem;
use api::ha::HaCluster;
use api::page::{Health, ListQuery, Page};
use api::server::{Server, ServerDetail};
use api::target::Target;
use axum::extract::{Path, State};
use lustre::label::TargetLabel;
use model::ids::{DeviceId, ServerId};
use model::inventory::{self, FsKey, HaKey, TargetKey};

type Listed<T> = Result<Json<Page<T>>, Fault>;

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
) -> Listed<Server> {
    lists::page::<Servers>(&app.manager, &query).await.map(Json)
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
) -> Listed<Target> {
    lists::page::<Targets>(&app.manager, &query).await.map(Json)
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
) -> Listed<FileSystem> {
    lists::page::<FileSystems>(&app.manager, &query)
        .await
        .map(Json)
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
) -> Listed<Device> {
    lists::page::<Devices>(&app.manager, &query).await.map(Json)
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
) -> Listed<HaCluster> {
    lists::page::<HaClusters>(&app.manager, &query)
        .await
        .map(Json)
}

/// `GET /clients`.
#[utoipa::path(
    get, path = "/clients", tag = "clients",
    summary = "A page of client mounts on servers that report here.",
    params(ListQuery),
    responses((status = 200, body = Page<Client>), Problems)
)]
pub(crate) async fn clients(
    State(app): State<App>,
    _: Viewer,
    Query(query): Query<ListQuery>,
) -> Listed<Client> {
    lists::page::<Clients>(&app.manager, &query).await.map(Json)
}

/// The server of an id or name.
pub(crate) fn server_id(world: &World, name: &str) -> Result<ServerId, Fault> {
    if let Ok(id) = name.parse::<ServerId>()
        && world.server(id).is_some()
    {
        return Ok(id);
    }
    one("server", name, world.servers_named(name).collect())
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
    let label = name.parse::<TargetLabel>();
    let label = label.map_err(|_| not_found("target", name))?;
    let found = all.iter().filter(|(_, target)| target.label == label);
    one("target", name, found.map(|(key, _)| key.clone()).collect())
}

/// The server and mount point of `SERVER:/MOUNT/POINT`, the server by id or name.
pub(crate) fn client_key(world: &World, name: &str) -> Result<(ServerId, String), Fault> {
    let split = name.split_once(":/");
    let (server, at) = split.ok_or_else(|| not_found("client mount", name))?;
    Ok((server_id(world, server)?, format!("/{at}")))
}

/// The file system of an id or name.
pub(crate) fn fs_named<'w>(
    world: &'w World,
    name: &str,
) -> Result<(&'w FsKey, &'w inventory::FileSystem), Fault> {
    let all = world.inventory().filesystems.iter();
    let found = all
        .filter(|(key, fs)| key.0 == name || fs.name.as_str() == name)
        .collect();
    one("file system", name, found)
}

/// The HA cluster of an id or name.
pub(crate) fn ha_named<'w>(
    world: &'w World,
    name: &str,
) -> Result<(&'w HaKey, &'w inventory::HaCluster), Fault> {
    let all = world.inventory().ha_clusters.iter();
    let found = all
        .filter(|(key, ha)| key.0 == name || ha.name == name)
        .collect();
    one("HA cluster", name, found)
}

/// The device of an id, or of a path that only one device has.
pub(crate) fn device_id(world: &World, name: &str) -> Result<DeviceId, Fault> {
    let all = &world.inventory().devices;
    let id = DeviceId(name.to_owned());
    if all.contains_key(&id) {
        return Ok(id);
    }
    let has = |device: &inventory::Device| device.paths.values().any(|path| path == name);
    let found = all.iter().filter(|(_, device)| has(device));
    one("device", name, found.map(|(id, _)| id.clone()).collect())
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
    let (key, fs) = fs_named(&world, &id)?;
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
    let key = device_id(&world, &id)?;
    let device = world.inventory().devices.get(&key);
    let device = device.ok_or_else(|| not_found("device", &id))?;
    Ok(Json(storage::device(&world, &key, device)))
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
    let (key, ha) = ha_named(&world, &id)?;
    Ok(Json(storage::ha_cluster(&world, key, ha)))
}

/// `GET /clients/{id}`.
#[utoipa::path(
    get, path = "/clients/{id}", tag = "clients",
    summary = "One client mount, as `SERVER:/MOUNT/POINT`.",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = Client), Problems)
)]
pub(crate) async fn client(
    State(app): State<App>,
    _: Viewer,
    Path(id): Path<String>,
) -> Result<Json<Client>, Fault> {
    let world = app.manager.world();
    let key = client_key(&world, &id)?;
    let found = world.inventory().clients.get(&key);
    let found = found.ok_or_else(|| not_found("client mount", &id))?;
    Ok(Json(storage::client(&world, &key, found)))
}
