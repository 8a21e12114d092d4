//! Targets, file systems, devices and HA clusters.

use super::{concerns, confidence, evidence, server_ref, target_ref};
use crate::state::{ServerState, World};
use api::client::Client;
use api::device::{Device, DevicePath};
use api::filesystem::{ClientRef, FileSystem};
use api::ha::HaCluster;
use api::server::Ref;
use api::target::Target;
use model::ids::{DeviceId, ServerId};
use model::inventory::{self, FsKey, HaKey, TargetKey, TargetState};
use model::report::DeviceKind;
use stdx::hostlist::natural;

/// Signs and client mounts of a file system that its row shows.
const IN_ROW_MAX: usize = 100;

/// The state as callers see it.
pub(crate) fn target_state(state: TargetState) -> &'static str {
    match state {
        TargetState::Mounted => "mounted",
        TargetState::Recovering => "recovering",
        TargetState::Unmounted => "unmounted",
        TargetState::Stale => "stale",
        TargetState::MountedTwice => "mounted-twice",
        TargetState::Missing => "missing",
        TargetState::Unknown => "unknown",
    }
}

/// A device's kind as callers see it.
pub(crate) fn device_kind(kind: DeviceKind) -> String {
    let value = serde_json::to_value(kind).ok();
    value
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A target.
pub(crate) fn target(world: &World, key: &TargetKey, target: &inventory::Target) -> Target {
    Target {
        evidence: evidence(world, &target.evidence),
        ..target_alone(world, key, target)
    }
}

/// A target without why.
pub(crate) fn target_alone(world: &World, key: &TargetKey, target: &inventory::Target) -> Target {
    let fs = target
        .fs
        .as_ref()
        .and_then(|key| world.inventory().filesystems.get(key));
    let mounted: Vec<Ref> = target
        .mounted_on
        .iter()
        .map(|id| server_ref(world, *id))
        .collect();
    let device = target
        .device
        .as_ref()
        .and_then(|id| world.inventory().devices.get(id));
    let path = device.and_then(|device| {
        let mut at = target.mounted_on.iter().chain(&target.home);
        let here = at.find_map(|id| device.paths.get(id));
        here.or_else(|| device.paths.values().next()).cloned()
    });
    Target {
        id: key.0.clone(),
        label: target.label.to_string(),
        kind: target.kind.to_string(),
        filesystem: fs.map(|fs| fs.name.to_string()),
        filesystem_id: target.fs.as_ref().map(|key| key.0.clone()),
        state: target_state(target.state).to_owned(),
        mounted_on: mounted.first().map(|server| server.name.clone()),
        mounted_on_all: mounted,
        mount_point: target.mount_point.clone(),
        servers: target
            .servers
            .iter()
            .map(|id| server_ref(world, *id).name)
            .collect(),
        unknown_servers: target.unknown_servers.clone(),
        home: target.home.map(|id| server_ref(world, id).name),
        device: target.device.as_ref().map(ToString::to_string),
        device_path: path,
        back_end: target.back_end.clone(),
        is_mgs_too: target.is_mgs_too,
        recovery: target.recovery.clone(),
        n_clients: target.n_clients,
        bytes_total: target.bytes.map(|bytes| bytes.0),
        bytes_available: target.bytes.map(|bytes| bytes.1),
        inodes_total: target.inodes.map(|inodes| inodes.0),
        inodes_free: target.inodes.map(|inodes| inodes.1),
        ha_resource: target.ha_resource.clone(),
        confidence: confidence(target.confidence),
        evidence: Vec::new(),
        concerns: concerns(&target.concerns),
    }
}

/// A file system.
pub(crate) fn filesystem(world: &World, key: &FsKey, fs: &inventory::FileSystem) -> FileSystem {
    filesystem_with(world, (key, fs), usize::MAX)
}

/// A file system as a row: with the first of its evidence and client mounts.
/// Every server of a file system adds to both.
pub(crate) fn filesystem_row(world: &World, key: &FsKey, fs: &inventory::FileSystem) -> FileSystem {
    filesystem_with(world, (key, fs), IN_ROW_MAX)
}

fn filesystem_with(
    world: &World,
    (key, fs): (&FsKey, &inventory::FileSystem),
    n_max: usize,
) -> FileSystem {
    let clients = fs.clients.iter().take(n_max);
    let clients = clients.map(|(server, mount_point)| ClientRef {
        server: server_ref(world, *server),
        mount_point: mount_point.clone(),
    });
    let shown = fs.evidence.get(..n_max).unwrap_or(&fs.evidence);
    FileSystem {
        id: key.0.clone(),
        name: fs.name.to_string(),
        state: filesystem_state(fs).to_owned(),
        mgt: fs.mgt.as_ref().map(|key| target_ref(world, key)),
        is_mgs_external: fs.is_mgs_external,
        mgs_nids: fs.mgs_nids.iter().map(ToString::to_string).collect(),
        n_mdts: fs.counts.n_mdts.into(),
        n_osts: fs.counts.n_osts.into(),
        n_mounted: fs.counts.n_up.into(),
        n_targets: u64::try_from(fs.targets.len()).unwrap_or(u64::MAX),
        n_clients: fs.n_clients,
        client_mounts: clients.collect(),
        bytes_total: fs.bytes.map(|bytes| bytes.0),
        bytes_available: fs.bytes.map(|bytes| bytes.1),
        inodes_total: fs.inodes.map(|inodes| inodes.0),
        inodes_free: fs.inodes.map(|inodes| inodes.1),
        confidence: confidence(fs.confidence),
        evidence: evidence(world, shown),
        concerns: concerns(&fs.concerns),
    }
}

/// Down without MDT0000 or any OST; degraded if anything else is not in place.
pub(crate) fn filesystem_state(fs: &inventory::FileSystem) -> &'static str {
    let counts = fs.counts;
    let is_all = |n: u32| usize::try_from(n).is_ok_and(|n| n == fs.targets.len());
    if is_all(counts.n_stale) || counts.n_mdts == 0 || counts.n_osts == 0 {
        "unknown"
    } else if !counts.is_first_mdt_up || counts.n_osts_up == 0 {
        "down"
    } else if !is_all(counts.n_up) || fs.concerns.iter().any(|c| c.code != "mgs-external") {
        "degraded"
    } else {
        "healthy"
    }
}

/// A device.
pub(crate) fn device(world: &World, id: &DeviceId, device: &inventory::Device) -> Device {
    let seen = seen_by(world, device);
    Device {
        id: id.to_string(),
        kind: device_kind(device.kind),
        path: seen.first().map_or_else(String::new, |at| at.path.clone()),
        size_bytes: device.size_bytes,
        model: device.model.clone(),
        serial: device.serial.clone(),
        content: device.content.clone(),
        label: device.label.clone(),
        seen_by: seen,
        is_shared: device.paths.len() > 1,
        parents: device.parents.iter().map(ToString::to_string).collect(),
        targets: device
            .targets
            .iter()
            .map(|key| target_ref(world, key))
            .collect(),
    }
}

/// Who sees a device, by name: it is shown by the first one's path.
pub(crate) fn seen_by(world: &World, device: &inventory::Device) -> Vec<DevicePath> {
    let seen = device.paths.iter().map(|(server, path)| DevicePath {
        server: server_ref(world, *server),
        path: path.clone(),
    });
    let mut seen: Vec<_> = seen.collect();
    seen.sort_by_cached_key(|at| natural(&at.server.name));
    seen
}

/// What its own concerns say of an HA cluster.
pub(crate) fn ha_state(ha: &inventory::HaCluster) -> &'static str {
    match (ha.manager.as_str(), ha.concerns.is_empty()) {
        ("pacemaker", true) => "healthy",
        ("pacemaker", false) => "degraded",
        _ => "unknown",
    }
}

/// An HA cluster.
pub(crate) fn ha_cluster(world: &World, key: &HaKey, ha: &inventory::HaCluster) -> HaCluster {
    let state = ha_state(ha);
    let mut servers: Vec<_> = ha.servers.iter().map(|id| server_ref(world, *id)).collect();
    servers.sort_by_cached_key(|server| natural(&server.name));
    HaCluster {
        id: key.0.clone(),
        name: ha.name.clone(),
        manager: ha.manager.clone(),
        state: state.to_owned(),
        servers,
        seen_by: ha.seen_by.map(|id| server_ref(world, id)),
        has_quorum: ha.has_quorum,
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
        targets: ha
            .targets
            .iter()
            .map(|key| target_ref(world, key))
            .collect(),
        confidence: confidence(ha.confidence),
        evidence: evidence(world, &ha.evidence),
        concerns: concerns(&ha.concerns),
    }
}

/// Mounted, as far as a server says that is not silent.
pub(crate) fn client_state(world: &World, server: ServerId) -> &'static str {
    match world.server(server).map(|entry| entry.state) {
        Some(ServerState::Online) => "mounted",
        _ => "stale",
    }
}

/// A client mount.
pub(crate) fn client(
    world: &World,
    (id, mount_point): &(ServerId, String),
    client: &inventory::Client,
) -> Client {
    let server = server_ref(world, *id);
    let lustre = world.report(*id).and_then(|report| report.lustre.as_ref());
    let mut seen = lustre.into_iter().flat_map(|lustre| &lustre.clients);
    Client {
        id: format!("{id}:{mount_point}"),
        name: format!("{}:{mount_point}", server.name),
        server,
        mount_point: mount_point.clone(),
        filesystem: client.fs_name.to_string(),
        filesystem_id: client.fs.as_ref().map(|key| key.0.clone()),
        state: client_state(world, *id).to_owned(),
        mgs: client.mgs.clone(),
        is_read_only: seen.any(|one| one.mount_point == *mount_point && one.is_read_only),
    }
}
