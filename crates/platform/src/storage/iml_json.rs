//! Device trees and device maps as JSON from Integrated Manager for Lustre:
//! the tree per host, the aggregator's and scanner's maps, the agent's maps.
//!
//! The forms differ in nesting and in how keys are spelled; what is told of a
//! device is the same. Every object with a device number is a device, and
//! every named object with a UUID or guid is a volume or pool.

use serde::Serialize;
use serde_json::{Map, Value};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, text};

/// The reader of these JSON forms.
pub static KIND: Kind = Kind {
    name: "iml-device-json",
    about: "device trees and maps of Integrated Manager for Lustre",
    guess,
    read,
};

/// One device, volume or pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Device {
    /// The host, where the input names it.
    pub host: Option<String>,
    /// `ScsiDevice`, `Mpath`, `Partition`, `LogicalVolume`, `VolumeGroup`,
    /// `Zpool`, `Dataset`, `MdRaid`; none where the input does not tell.
    pub class: Option<String>,
    /// Device number.
    pub major_minor: Option<String>,
    /// Name of a volume, pool or mapped device.
    pub name: Option<String>,
    /// UUID or guid.
    pub uuid: Option<String>,
    /// Path below `/sys`.
    pub devpath: Option<String>,
    /// Nodes and links.
    pub paths: Vec<String>,
    /// Identity of SCSI page 0x83.
    pub serial: Option<String>,
    /// Identity of SCSI page 0x80.
    pub scsi80: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// File system or member type.
    pub fstype: Option<String>,
    /// File system label.
    pub label: Option<String>,
    /// File system UUID.
    pub fs_uuid: Option<String>,
    /// Device number or name of what it lies on.
    pub parent: Option<String>,
    /// Where it is mounted.
    pub mountpoint: Option<String>,
}

impl Device {
    /// What children name as their parent.
    fn identity(&self) -> Option<String> {
        self.major_minor
            .clone()
            .or_else(|| self.uuid.clone())
            .or_else(|| self.name.clone())
    }
}

/// Reads every device of any of the forms.
pub fn parse(input: &[u8]) -> (Vec<Device>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut walk = Walk::default();
    if let Some(value) = json::read(input, &mut skips) {
        walk.value(&value, &Place::default());
    }
    skips.append(&mut walk.skips);
    (walk.devices, skips)
}

#[derive(Clone, Default)]
struct Place {
    host: Option<String>,
    key: Option<String>,
    parent: Option<String>,
}

#[derive(Default)]
struct Walk {
    devices: Vec<Device>,
    skips: Vec<Skip>,
}

impl Walk {
    fn value(&mut self, value: &Value, place: &Place) {
        match value {
            Value::Object(fields) => self.object(fields, place),
            Value::Array(items) => items.iter().for_each(|item| self.value(item, place)),
            // The aggregator puts the JSON of each host into a string.
            Value::String(text) if text.starts_with('{') => {
                let mut skips = Vec::new();
                if let Some(inner) = json::read(text.as_bytes(), &mut skips) {
                    self.value(
                        &inner,
                        &Place {
                            host: place.key.clone(),
                            ..Place::default()
                        },
                    );
                }
                self.skips.append(&mut skips);
            }
            _ => {}
        }
    }

    fn object(&mut self, fields: &Map<String, Value>, place: &Place) {
        let mut here = place.clone();
        if place.host.is_none() && fields.contains_key("Root") {
            here.host.clone_from(&place.key);
        }
        if let Some(device) = device(fields, &here) {
            here.parent = device.identity();
            self.devices.push(device);
        }
        for (key, value) in fields {
            let inner = Place {
                key: Some(key.clone()),
                ..here.clone()
            };
            // Mounts and properties hold no devices.
            if !matches!(
                key.as_str(),
                "mount" | "props" | "localMounts" | "local_fs" | "node_block_devices"
            ) {
                self.value(value, &inner);
            }
        }
    }
}

/// A field by any of its spellings: case and underscores do not count.
fn find<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let same = |key: &str| {
            let letters = key
                .chars()
                .filter(|c| *c != '_')
                .map(|c| c.to_ascii_lowercase());
            letters.eq(name.chars())
        };
        fields
            .iter()
            .find(|(key, value)| same(key) && !value.is_null())
            .map(|(_, value)| value)
    })
}

fn device(fields: &Map<String, Value>, place: &Place) -> Option<Device> {
    let text = |names: &[&str]| {
        find(fields, names)
            .and_then(json::text)
            .filter(|found| !found.is_empty())
    };
    let number = text(&["majorminor"])
        .or_else(|| Some(format!("{}:{}", text(&["major"])?, text(&["minor"])?)));
    let volume = text(&["uuid", "guid"]).filter(|_| text(&["name"]).is_some());
    if number.is_none() && volume.is_none() {
        return None;
    }
    let sectors = text(&["imlsize"]).and_then(|size| size.parse::<u64>().ok()?.checked_mul(512));
    let mut paths: Vec<String> = match find(fields, &["paths"]) {
        Some(Value::Array(items)) => items.iter().filter_map(json::text).collect(),
        _ => Vec::new(),
    };
    if paths.is_empty() {
        paths.extend(text(&["path", "devname"]));
    }
    let named = place
        .key
        .as_ref()
        .filter(|key| key.starts_with(|c: char| c.is_ascii_uppercase()));
    let mount = find(fields, &["mount"]).and_then(|mount| json::field(mount, "target"));
    Some(Device {
        host: place.host.clone(),
        class: named
            .filter(|key| key.chars().all(|c| c.is_ascii_alphanumeric()))
            .cloned(),
        major_minor: number.or_else(|| text(&["blockdevice"])),
        name: text(&["dmname", "dmlvname", "name", "dmlv"]),
        uuid: volume.or_else(|| text(&["uuid", "guid", "dmuuid", "mduuid"])),
        devpath: text(&["devpath", "devicepath"]),
        paths,
        serial: text(&["serial", "serial83", "scsi83", "imlscsi83", "idserial"]),
        scsi80: text(&["scsi80", "serial80", "imlscsi80"]),
        size: text(&["size"])
            .and_then(|size| size.parse().ok())
            .or(sectors),
        fstype: text(&["filesystemtype", "idfstype"]),
        label: text(&["fslabel", "idfslabel"]),
        fs_uuid: text(&["fsuuid", "idfsuuid"]),
        parent: text(&["parent"]).or_else(|| place.parent.clone()),
        mountpoint: mount,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let start = text.trim_start();
    if !start.starts_with('{') {
        return 0;
    }
    let has = |key: &str| text.contains(key);
    let head: String = start
        .chars()
        .take(300)
        .filter(|c| !c.is_whitespace())
        .collect();
    let tree = head.starts_with("{\"Root\":{\"children\"")
        || (head.contains("\"Root\":{\"children\"") && has("\"ScsiDevice\""));
    let map = has("\"block_device_nodes\"")
        || has("\\\"blockDevices\\\"")
        || (has("\"blockDevices\"") || has("\"zed\"")) && has("\"datasets\"");
    let agent = has("\"major_minor\"") && (has("\"serial_83\"") || has("\"device_path\""));
    match (tree, map, agent) {
        (true, _, _) => 97,
        (_, true, _) | (_, _, true) => 95,
        _ if has("\"block_device\"") && has("\"uuid\"") => 75,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (devices, mut skips) = parse(input);
    if devices.is_empty() && skips.is_empty() {
        skips.push(Skip::new(1, SkipKind::BadValue, "the JSON holds no device"));
    }
    text::emit("iml.device", &devices, skips, sink);
}
