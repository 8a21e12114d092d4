//! ZFS pools and the datasets that carry Lustre's properties.

use super::{Look, devices};
use model::ids::DeviceId;
use model::report::{Dataset, Device, DeviceKind, Vdev, Zpool};
use platform::storage::{zfs_props, zpool_list, zpool_status};
use std::collections::BTreeMap;

/// Imported pools.
pub fn zpools(look: &mut Look<'_>, found: &[Device]) -> Option<Vec<Zpool>> {
    let commands: &[&[&str]] = &[
        &["zpool", "status", "-j"],
        &["zpool", "status", "-P"],
        &["zpool", "status", "-v"],
        &["zpool", "status"],
    ];
    let (bytes, source) = look.run("zpools", commands)?;
    let (pools, skips) = zpool_status::parse(&bytes);
    look.skips("zpools", &source, &skips);
    if pools.is_empty() {
        return Some(Vec::new());
    }
    let listed = look.run("zpools", &[&["zpool", "list", "-H", "-p"]]);
    let rows = listed
        .map(|(bytes, _)| zpool_list::parse(&bytes).0)
        .unwrap_or_default();
    let gets: &[&[&str]] = &[
        &["zpool", "get", "-H", "-p", "guid,multihost"],
        &["zpool", "get", "all"],
    ];
    let properties = look
        .run("zpools", gets)
        .map(|(bytes, _)| zfs_props::parse(&bytes).0)
        .unwrap_or_default();
    let property = |pool: &str, name: &str| {
        let found = properties
            .iter()
            .find(|one| one.dataset == pool && one.property == name)?;
        found.known().map(str::to_owned)
    };
    let make = |pool: zpool_status::Pool| {
        let row = rows
            .iter()
            .find(|row| row.pool.is_none() && row.name == pool.name);
        Zpool {
            guid: pool
                .guid
                .or_else(|| property(&pool.name, "guid"))
                .or_else(|| member_of(&pool.name, found))
                .unwrap_or_default(),
            size_bytes: row.and_then(|row| row.size).unwrap_or(0),
            allocated_bytes: row.and_then(|row| row.alloc).unwrap_or(0) >> 20 << 20,
            multihost: property(&pool.name, "multihost").map(|word| word == "on"),
            state: pool.state,
            scan: pool.scan,
            errors: pool.errors,
            vdevs: pool.vdevs.iter().map(|one| vdev(one, found)).collect(),
            name: pool.name,
        }
    };
    Some(pools.into_iter().map(make).collect())
}

fn vdev(one: &zpool_status::Vdev, found: &[Device]) -> Vdev {
    let class = match one.class {
        zpool_status::Class::Normal => "data",
        zpool_status::Class::Log => "log",
        zpool_status::Class::Cache => "cache",
        zpool_status::Class::Spare => "spare",
        zpool_status::Class::Special => "special",
        zpool_status::Class::Dedup => "dedup",
    };
    let device = one.children.is_empty().then(|| leaf(one, found)).flatten();
    Vdev {
        name: one.name.clone(),
        class: class.to_owned(),
        state: one.state.clone(),
        read_errors: one.read.unwrap_or(0),
        write_errors: one.write.unwrap_or(0),
        checksum_errors: one.cksum.unwrap_or(0),
        device,
        children: one
            .children
            .iter()
            .map(|child| vdev(child, found))
            .collect(),
    }
}

/// The GUID that a member of the pool carries as its UUID.
fn member_of(pool: &str, found: &[Device]) -> Option<String> {
    let is_member = |device: &&Device| {
        device.content.as_deref() == Some("zfs_member") && device.label.as_deref() == Some(pool)
    };
    found.iter().find(is_member)?.uuid.clone()
}

/// The device of a leaf: by its path, or by its name under the usual folders.
fn leaf(one: &zpool_status::Vdev, found: &[Device]) -> Option<DeviceId> {
    let folders = [
        "/dev/",
        "/dev/disk/by-id/",
        "/dev/disk/by-vdev/",
        "/dev/mapper/",
        "/dev/disk/by-path/",
    ];
    let mut paths: Vec<String> = one.path.iter().cloned().collect();
    paths.extend(if one.name.starts_with('/') {
        vec![one.name.clone()]
    } else {
        folders
            .iter()
            .map(|folder| format!("{folder}{}", one.name))
            .collect()
    });
    // A whole disk given to ZFS has its data on partition 1, which the path may name.
    let whole = |path: &String| path.strip_suffix("-part1").map(str::to_owned);
    let wholes: Vec<String> = paths.iter().filter_map(whole).collect();
    let device = paths
        .iter()
        .chain(&wholes)
        .find_map(|path| devices::find(found, path))?;
    Some(device.id.clone())
}

/// Datasets with `lustre:*` properties.
pub fn datasets(look: &mut Look<'_>) -> Option<Vec<Dataset>> {
    const NAMES: &str = "lustre:svname,lustre:fsname,lustre:index,lustre:flags,lustre:mgsnode,lustre:failover.node,lustre:version";
    let (bytes, source) = look.run(
        "datasets",
        &[&[
            "zfs",
            "get",
            "-H",
            "-p",
            "-o",
            "name,property,value,source",
            NAMES,
        ]],
    )?;
    let (properties, skips) = zfs_props::parse(&bytes);
    look.skips("datasets", &source, &skips);
    let mut found: BTreeMap<String, Dataset> = BTreeMap::new();
    for one in &properties {
        let inherited = one
            .source
            .as_deref()
            .is_some_and(|source| source.starts_with("inherited"));
        let (Some(value), Some(name)) = (one.known(), one.property.strip_prefix("lustre:")) else {
            continue;
        };
        if inherited || one.dataset.contains('@') {
            continue;
        }
        let dataset = found.entry(one.dataset.clone()).or_default();
        dataset.name.clone_from(&one.dataset);
        dataset.lustre.insert(name.to_owned(), value.to_owned());
    }
    Some(found.into_values().collect())
}

/// Adds pools and datasets to the devices they lie on.
pub fn add_devices(into: &mut Vec<Device>, pools: &[Zpool], datasets: &[Dataset]) {
    for pool in pools.iter().filter(|pool| !pool.guid.is_empty()) {
        let mut parents = Vec::new();
        leaves(&pool.vdevs, &mut parents);
        let states = if pool.state == "ONLINE" {
            Vec::new()
        } else {
            vec![pool.state.to_lowercase()]
        };
        let id = DeviceId(format!("zpool:{}", pool.guid));
        for dataset in datasets
            .iter()
            .filter(|one| one.name.split('/').next() == Some(&pool.name))
        {
            into.push(made(
                dataset_id(&pool.guid, &dataset.name),
                DeviceKind::Dataset,
                &dataset.name,
                vec![id.clone()],
            ));
        }
        let mut device = made(id, DeviceKind::Zpool, &pool.name, parents);
        (device.size_bytes, device.states) = (pool.size_bytes, states);
        let before = into.len()
            - datasets
                .iter()
                .filter(|one| one.name.split('/').next() == Some(&pool.name))
                .count();
        into.insert(before, device);
    }
}

/// Id of a dataset.
pub fn dataset_id(guid: &str, name: &str) -> DeviceId {
    DeviceId(format!("dataset:{guid}/{name}"))
}

fn made(id: DeviceId, kind: DeviceKind, path: &str, parents: Vec<DeviceId>) -> Device {
    Device {
        id,
        kind,
        path: path.to_owned(),
        parents,
        links: Vec::new(),
        size_bytes: 0,
        model: None,
        serial: None,
        wwn: None,
        transport: None,
        content: None,
        label: None,
        uuid: None,
        is_read_only: false,
        is_rotational: None,
        states: Vec::new(),
    }
}

fn leaves(vdevs: &[Vdev], into: &mut Vec<DeviceId>) {
    for vdev in vdevs {
        into.extend(vdev.device.clone());
        leaves(&vdev.children, into);
    }
}

/// The dataset's id by the signature on a member of its pool, for a pool that
/// the ZFS tools did not list: `blkid` gives a member the pool's name and guid.
pub fn by_member(devices: &[Device], dataset: &str) -> Option<DeviceId> {
    let (pool, _) = dataset
        .split_once('/')
        .filter(|(pool, _)| !pool.is_empty())?;
    let is_member = |device: &&Device| {
        device.content.as_deref() == Some("zfs_member") && device.label.as_deref() == Some(pool)
    };
    let guid = devices.iter().find(is_member)?.uuid.as_deref()?;
    Some(dataset_id(guid, dataset))
}
