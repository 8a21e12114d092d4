//! Devices: one entry each, however many servers see it.

use crate::detector::{Changed, Index, settle};
use crate::facts::Facts;
use model::ids::{DeviceId, ServerId};
use model::inventory::{Device, Inventory};
use std::collections::{BTreeMap, BTreeSet};

/// Devices whose description or viewers differ between two reports of one server.
pub(crate) fn touched(
    old: Option<&Facts>,
    new: Option<&Facts>,
    moved: bool,
    into: &mut BTreeSet<DeviceId>,
) {
    for (facts, other) in [(old, new), (new, old)] {
        let Some(facts) = facts else { continue };
        for (id, &at) in &facts.devices {
            let twin = other.and_then(|other| describe(other, *other.devices.get(id)?));
            if moved || twin != describe(facts, at) {
                into.insert(id.clone());
            }
        }
    }
}

fn describe(facts: &Facts, at: usize) -> Option<&model::report::Device> {
    facts.report.devices.as_ref()?.get(at)
}

/// Makes one device's entry anew. Targets on it are kept: they are settled
/// when targets are.
pub(crate) fn rebuild(
    index: &Index,
    inventory: &mut Inventory,
    id: &DeviceId,
    changed: &mut Changed,
) {
    let mut made = make(index, id);
    if let Some(device) = &mut made {
        device.targets = index.carries.get(id).cloned().unwrap_or_default();
    }
    if settle(&mut inventory.devices, id, made) {
        changed.devices.insert(id.clone());
    }
}

fn make(index: &Index, id: &DeviceId) -> Option<Device> {
    let viewers = index.by_device.get(id)?;
    let sight = |server: &ServerId| {
        let facts = index.facts.get(server)?;
        Some((*server, facts, describe(facts, *facts.devices.get(id)?)?))
    };
    let sights: Vec<_> = viewers.iter().filter_map(sight).collect();
    // The newest report of a server that is not silent describes it best.
    let best = sights.iter().max_by_key(|(server, facts, _)| {
        (
            !facts.is_silent,
            facts.report.at,
            std::cmp::Reverse(*server),
        )
    })?;
    let described = best.2;
    // A server that does not read the content (not root, or not imported) does
    // not make what another one read unknown.
    let any = |get: fn(&model::report::Device) -> &Option<String>| {
        let first = get(described).clone();
        first.or_else(|| sights.iter().find_map(|(_, _, device)| get(device).clone()))
    };
    let mut paths = BTreeMap::new();
    let mut parents = BTreeSet::new();
    for (server, _, device) in &sights {
        paths.insert(*server, device.path.clone());
        parents.extend(device.parents.iter().cloned());
    }
    Some(Device {
        kind: described.kind,
        size_bytes: described.size_bytes,
        model: any(|device| &device.model),
        serial: any(|device| &device.serial),
        content: any(|device| &device.content),
        label: any(|device| &device.label),
        paths,
        parents,
        targets: BTreeSet::new(),
    })
}

/// Servers that see every disk that a device is made of in the end: for a pool
/// that is imported on one server, those that could import it.
pub(crate) fn reach(index: &Index, inventory: &Inventory, id: &DeviceId) -> BTreeSet<ServerId> {
    let (mut seen, mut todo) = (BTreeSet::new(), vec![id.clone()]);
    let mut servers: Option<BTreeSet<ServerId>> = None;
    while let Some(id) = todo.pop() {
        let Some(device) = inventory.devices.get(&id) else {
            continue;
        };
        if !seen.insert(id.clone()) {
            continue;
        }
        if device.parents.is_empty() && id.is_shareable() {
            let viewers = index.by_device.get(&id).cloned().unwrap_or_default();
            servers = Some(match servers {
                Some(known) => known.intersection(&viewers).copied().collect(),
                None => viewers,
            });
        }
        todo.extend(device.parents.iter().cloned());
    }
    servers.unwrap_or_default()
}
