//! Block devices with identities that are the same from every server.

use super::Look;
use model::ids::DeviceId;
use model::report::{Device, DeviceKind};
use platform::storage::lsblk::{self, BlockDevice};
use platform::storage::udev;
use std::collections::{BTreeMap, BTreeSet};

/// What the udev database adds.
#[derive(Default)]
struct Extra {
    links: Vec<String>,
    properties: BTreeMap<String, String>,
}

/// Devices, parents before children.
pub fn devices(look: &mut Look<'_>, machine_id: &str) -> Option<Vec<Device>> {
    const COLUMNS: &str = "NAME,KNAME,PATH,MAJ:MIN,TYPE,SIZE,RO,RM,MODEL,SERIAL,VENDOR,WWN,HCTL,TRAN,FSTYPE,FSVER,LABEL,UUID,PARTTYPE,PARTLABEL,MOUNTPOINT,PKNAME";
    let commands: &[&[&str]] = &[
        &["lsblk", "-J", "-b", "-O"],
        &["lsblk", "-J", "-O", "-b"],
        &["lsblk", "-J", "-b", "-o", COLUMNS],
        &["lsblk", "-J"],
    ];
    let (bytes, source) = look.run("devices", commands)?;
    let (mut blocks, skips) = lsblk::parse(&bytes);
    look.skips("devices", &source, &skips);
    blocks.retain(|block| !(block.kind.as_deref() == Some("loop") && block.size.unwrap_or(0) == 0));
    let extra = udev_database(look);
    let mut ids: BTreeMap<&str, DeviceId> = BTreeMap::new();
    let mut found: Vec<Device> = Vec::new();
    for block in in_order(&blocks) {
        let empty = Extra::default();
        let kname = block.kname.as_deref().unwrap_or(&block.name);
        let known = extra.get(kname).unwrap_or(&empty);
        let parents: BTreeSet<DeviceId> = block
            .parents
            .iter()
            .filter_map(|name| ids.get(name.as_str()).cloned())
            .collect();
        let parents: Vec<DeviceId> = parents.into_iter().collect();
        let id = identity(block, known, &parents, machine_id);
        ids.insert(&block.name, id.clone());
        if let Some(twin) = found.iter_mut().find(|device| device.id == id) {
            // A further path to the same disk.
            twin.links.extend(block.path.clone());
            twin.links.sort();
        } else {
            let mut new = device(block, known, id, parents);
            named_as_its_paths(&mut new, &found);
            found.push(new);
        }
    }
    Some(found)
}

/// A multipath map is the disk that its paths lead to, and is known as that.
fn named_as_its_paths(map: &mut Device, found: &[Device]) {
    let path = match (map.kind, map.parents.first()) {
        (DeviceKind::Multipath, Some(id)) => found.iter().find(|device| device.id == *id),
        _ => None,
    };
    let Some(path) = path else {
        return;
    };
    let or = |known: &mut Option<String>, of_path: &Option<String>| {
        if known.is_none() {
            known.clone_from(of_path);
        }
    };
    or(&mut map.model, &path.model);
    or(&mut map.serial, &path.serial);
    or(&mut map.wwn, &path.wwn);
    or(&mut map.transport, &path.transport);
}

fn udev_database(look: &mut Look<'_>) -> BTreeMap<String, Extra> {
    let Some((bytes, source)) = look.run("devices", &[&["udevadm", "info", "--export-db"]]) else {
        return BTreeMap::new();
    };
    let (all, skips) = udev::parse(&bytes);
    look.skips("devices", &source, &skips);
    let blocks = || all.iter().filter(|device| device.is_block());
    // Several claim a link: a multipath map's name is also that of each path.
    let mut claims: BTreeMap<&str, i64> = BTreeMap::new();
    for device in blocks() {
        let priority = device.link_priority.unwrap_or(0);
        for link in &device.links {
            let best = claims.entry(link).or_insert(priority);
            *best = priority.max(*best);
        }
    }
    blocks()
        .filter_map(|device| {
            let kname = device.devname()?.rsplit('/').next()?.to_owned();
            let priority = device.link_priority.unwrap_or(0);
            let won = |link: &&&str| claims.get(**link).is_none_or(|best| *best == priority);
            let links = device.links.iter().filter(won);
            let mut links: Vec<String> = links.map(|link| format!("/dev/{link}")).collect();
            links.sort_by_key(|link| (!link.starts_with("/dev/disk/by-id/"), link.clone()));
            let properties = device
                .properties
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            Some((
                kname,
                Extra {
                    links,
                    properties: properties.collect(),
                },
            ))
        })
        .collect()
}

/// Parents before children, else as listed.
fn in_order(blocks: &[BlockDevice]) -> Vec<&BlockDevice> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<&BlockDevice> = blocks.iter().collect();
    let mut out = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let (ready, later): (Vec<&BlockDevice>, Vec<&BlockDevice>) =
            left.iter().copied().partition(|block| {
                block
                    .parents
                    .iter()
                    .all(|parent| done.contains(parent.as_str()))
            });
        // A parent that is not listed, or a ring, must not hold up the rest.
        let ready = if ready.is_empty() {
            later.clone()
        } else {
            ready
        };
        done.extend(ready.iter().map(|block| block.name.as_str()));
        out.extend(ready.iter().copied());
        left.retain(|block| !done.contains(block.name.as_str()));
    }
    out
}

fn kind(block: &BlockDevice) -> DeviceKind {
    match block.kind.as_deref().unwrap_or_default() {
        "disk" => DeviceKind::Disk,
        "part" => DeviceKind::Partition,
        "mpath" => DeviceKind::Multipath,
        "lvm" => DeviceKind::LogicalVolume,
        "loop" => DeviceKind::Loop,
        "rom" => DeviceKind::Rom,
        "dm" | "crypt" => DeviceKind::DeviceMapper,
        raid if raid.starts_with("raid") || raid == "linear" => DeviceKind::MdRaid,
        _ => DeviceKind::Other,
    }
}

fn identity(
    block: &BlockDevice,
    known: &Extra,
    parents: &[DeviceId],
    machine_id: &str,
) -> DeviceId {
    let kname = block.kname.as_deref().unwrap_or(&block.name);
    let property = |key: &str| {
        known
            .properties
            .get(key)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    };
    if kind(block) == DeviceKind::Partition
        && let [parent] = parents
    {
        let digits = kname.trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits = kname
            .rsplit(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or(digits);
        let number = property("PARTN")
            .or(property("ID_PART_ENTRY_NUMBER"))
            .unwrap_or(digits);
        let inner = parent.0.strip_prefix("path:");
        return DeviceId(inner.map_or_else(
            || format!("part:{parent}/{number}"),
            |path| format!("path:{path}/part{number}"),
        ));
    }
    if let Some(uuid) = property("DM_UUID") {
        return DeviceId(
            match uuid
                .strip_prefix("LVM-")
                .filter(|rest| rest.len() >= 64 && rest.is_ascii())
            {
                Some(rest) => format!("lv:{}/{}", &rest[..32], &rest[32..64]),
                None => format!("dm:{uuid}"),
            },
        );
    }
    if let Some(uuid) = property("MD_UUID") {
        return DeviceId(format!("md:{uuid}"));
    }
    let is_disk = matches!(kind(block), DeviceKind::Disk | DeviceKind::Rom);
    if let Some(wwn) = block
        .wwn
        .as_deref()
        .or(property("ID_WWN_WITH_EXTENSION"))
        .filter(|_| is_disk)
    {
        return DeviceId(format!("wwn:{wwn}"));
    }
    if let Some(serial) = block
        .serial
        .as_deref()
        .or(property("ID_SERIAL_SHORT"))
        .filter(|_| is_disk)
    {
        let model = block
            .model
            .as_deref()
            .or(property("ID_MODEL"))
            .unwrap_or("disk");
        // An emulator's drive has the same serial on every clone of its machine.
        if !serial.starts_with("QM0000") && !model.starts_with("VBOX ") {
            return DeviceId(format!("serial:{model}_{serial}").replace(' ', "_"));
        }
    }
    DeviceId(format!("path:{machine_id}/dev/{kname}"))
}

fn device(block: &BlockDevice, known: &Extra, id: DeviceId, parents: Vec<DeviceId>) -> Device {
    let kname = block.kname.as_deref().unwrap_or(&block.name);
    let mut links = known.links.clone();
    if let (true, Some(wwn), DeviceKind::Disk) = (links.is_empty(), &block.wwn, kind(block)) {
        // The name that udev's rules give to a disk with this WWN.
        links.push(format!("/dev/disk/by-id/wwn-{wwn}"));
    }
    let model = match (&block.vendor, &block.model) {
        (Some(vendor), Some(model)) if !model.starts_with(vendor.as_str()) => {
            Some(format!("{vendor} {model}"))
        }
        (_, model) => model.clone(),
    };
    let property = |key: &str| known.properties.get(key).cloned();
    let from = |field: &Option<String>, key: &str| field.clone().or_else(|| property(key));
    let content = from(&block.fstype, "ID_FS_TYPE");
    // A disk with a partition table is not blank, whatever its partitions hold.
    let is_table = content.is_none() && kind(block) != DeviceKind::Partition;
    let table = |key: &str| property(key).filter(|_| is_table);
    Device {
        kind: kind(block),
        path: block
            .path
            .clone()
            .unwrap_or_else(|| format!("/dev/{kname}")),
        links,
        size_bytes: block.size.unwrap_or(0),
        parents,
        model,
        serial: block.serial.clone(),
        wwn: block.wwn.clone(),
        transport: block
            .tran
            .clone()
            .or_else(|| kname.starts_with("vd").then(|| "virtio".to_owned())),
        content: content.or_else(|| table("ID_PART_TABLE_TYPE")),
        label: from(&block.label, "ID_FS_LABEL"),
        uuid: from(&block.uuid, "ID_FS_UUID").or_else(|| table("ID_PART_TABLE_UUID")),
        is_read_only: block.ro.unwrap_or(false),
        is_rotational: block.rota,
        states: Vec::new(),
        id,
    }
}

/// The device that a path names, by its node or any link.
pub fn find<'a>(devices: &'a [Device], path: &str) -> Option<&'a Device> {
    let named =
        |device: &&Device| device.path == path || device.links.iter().any(|link| link == path);
    devices.iter().find(named)
}
