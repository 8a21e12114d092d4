//! Servers, as rows and whole.

use super::{concerns, server_ref, target_ref};
use crate::state::{ServerEntry, World};
use api::device::DeviceNode;
use api::server::{Concern, Ref, Server, ServerDetail};
use jiff::Timestamp;
use model::ids::{DeviceId, ServerId};
use model::inventory::ServerRole;
use model::report::{Device, Report};
use std::collections::{BTreeMap, BTreeSet};

/// A role as callers see it.
pub(crate) fn role(role: ServerRole) -> String {
    format!("{role:?}").to_lowercase()
}

/// What `detect` and the manager itself find odd about a server.
pub(crate) fn all_concerns(world: &World, id: ServerId, entry: &ServerEntry) -> Vec<Concern> {
    let known = world.inventory().servers.get(&id);
    let mut all = known
        .map(|server| concerns(&server.concerns))
        .unwrap_or_default();
    all.extend(concerns(&entry.concerns()));
    all
}

/// One server as a row.
pub(crate) fn row(world: &World, id: ServerId, entry: &ServerEntry, now: Timestamp) -> Server {
    let known = world.inventory().servers.get(&id);
    let report = entry.report.as_deref();
    let os = report.and_then(|report| report.os.as_ref());
    let hardware = report.and_then(|report| report.hardware.as_ref());
    let ha = known.and_then(|server| server.ha.as_ref());
    let age = entry
        .seen_at
        .map(|at| u64::try_from(now.as_second() - at.as_second()).unwrap_or(0));
    Server {
        id: id.to_string(),
        name: server_ref(world, id).name,
        fqdn: report
            .map(|report| report.identity.fqdn.clone())
            .unwrap_or_default(),
        state: entry.state.to_string(),
        roles: known
            .into_iter()
            .flat_map(|server| &server.roles)
            .map(|one| role(*one))
            .collect(),
        nids: known
            .into_iter()
            .flat_map(|server| &server.nids)
            .map(ToString::to_string)
            .collect(),
        addresses: report
            .map(|report| report.identity.addresses.clone())
            .unwrap_or_default(),
        os: os.map(|os| os.pretty.clone()),
        kernel: os.map(|os| os.kernel.clone()),
        lustre_version: report.and_then(|report| report.lustre.as_ref()?.version.clone()),
        mounted: known
            .into_iter()
            .flat_map(|s| &s.mounted)
            .map(|key| target_ref(world, key))
            .collect(),
        n_may_serve: known.map_or(0, |server| {
            u64::try_from(server.may_serve.len()).unwrap_or(0)
        }),
        ha_cluster: ha.and_then(|key| {
            let cluster = world.inventory().ha_clusters.get(key)?;
            Some(Ref {
                id: key.0.clone(),
                name: cluster.name.clone(),
            })
        }),
        seen_at: entry.seen_at.map(|at| at.to_string()),
        age_s: age,
        site: entry.record.site.clone(),
        agent_version: entry.record.agent_version.clone(),
        is_managed: entry.record.is_managed,
        n_cpus: hardware.map(|hardware| hardware.n_cpus),
        memory_bytes: hardware.map(|hardware| hardware.memory_bytes),
        bmc_address: hardware.and_then(|hardware| hardware.bmc_address.clone()),
        concerns: all_concerns(world, id, entry),
    }
}

/// A server with all its facts.
pub(crate) fn detail(
    world: &World,
    id: ServerId,
    entry: &ServerEntry,
    now: Timestamp,
) -> ServerDetail {
    let report = entry.report.as_deref().cloned().unwrap_or_default();
    let known = world.inventory().servers.get(&id);
    let may_serve = known.into_iter().flat_map(|server| &server.may_serve);
    ServerDetail {
        server: row(world, id, entry, now),
        devices: tree(world, id, &report),
        may_serve: may_serve.map(|key| target_ref(world, key)).collect(),
        identity: report.identity,
        os_facts: report.os,
        hardware: report.hardware,
        packages: report.packages.unwrap_or_default(),
        services: report.services.unwrap_or_default(),
        interfaces: report.interfaces.unwrap_or_default(),
        lnet: report.lnet,
        zpools: report.zpools.unwrap_or_default(),
        mounts: report.mounts.unwrap_or_default(),
        clients: report
            .lustre
            .map(|lustre| lustre.clients)
            .unwrap_or_default(),
        time: report.time,
        firewall: report.firewall,
        unread: report.unread,
    }
}

/// The server's devices as trees. One with several parents stands under the
/// first of them that is seen.
fn tree(world: &World, id: ServerId, report: &Report) -> Vec<DeviceNode> {
    let devices: Vec<&Device> = report.devices.iter().flatten().collect();
    let known: BTreeSet<&DeviceId> = devices.iter().map(|device| &device.id).collect();
    let mut below: BTreeMap<&DeviceId, Vec<&Device>> = BTreeMap::new();
    let mut roots = Vec::new();
    for device in devices {
        let parent = device
            .parents
            .iter()
            .find(|parent| known.contains(parent) && **parent != device.id);
        match parent {
            Some(parent) => below.entry(parent).or_default().push(device),
            None => roots.push(device),
        }
    }
    let mut mounts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for mount in report.mounts.iter().flatten() {
        mounts
            .entry(&mount.source)
            .or_default()
            .push(mount.mount_point.clone());
    }
    let at = Tree {
        world,
        id,
        below: &below,
        mounts: &mounts,
    };
    roots
        .into_iter()
        .map(|device| node(&at, device, 0))
        .collect()
}

struct Tree<'a> {
    world: &'a World,
    id: ServerId,
    below: &'a BTreeMap<&'a DeviceId, Vec<&'a Device>>,
    mounts: &'a BTreeMap<&'a str, Vec<String>>,
}

/// Deeper than any real stack; a damaged report must not recurse for ever.
const DEPTH_MAX: u8 = 16;

fn node(at: &Tree<'_>, device: &Device, depth: u8) -> DeviceNode {
    let shared = at.world.inventory().devices.get(&device.id);
    let paths = std::iter::once(&device.path).chain(&device.links);
    let mount_points: BTreeSet<&String> = paths
        .filter_map(|path| at.mounts.get(path.as_str()))
        .flatten()
        .collect();
    let children = at.below.get(&device.id).filter(|_| depth < DEPTH_MAX);
    let others = shared.into_iter().flat_map(|device| device.paths.keys());
    DeviceNode {
        id: device.id.to_string(),
        kind: super::storage::device_kind(device.kind),
        path: device.path.clone(),
        size_bytes: device.size_bytes,
        model: device.model.clone(),
        serial: device.serial.clone(),
        transport: device.transport.clone(),
        content: device.content.clone(),
        label: device.label.clone(),
        mount_points: mount_points.into_iter().cloned().collect(),
        targets: shared
            .into_iter()
            .flat_map(|d| &d.targets)
            .map(|key| target_ref(at.world, key))
            .collect(),
        shared_with: others
            .filter(|id| **id != at.id)
            .map(|id| server_ref(at.world, *id))
            .collect(),
        states: device.states.clone(),
        children: children
            .into_iter()
            .flatten()
            .map(|child| node(at, child, depth + 1))
            .collect(),
    }
}
