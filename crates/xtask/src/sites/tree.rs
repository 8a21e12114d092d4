//! A device tree of the older monitor, told in the forms that an agent reads:
//! `lsblk -J`, the udev database, the mount table. No value is added; what the
//! tree does not say is left out.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One block device of a tree.
struct Node<'a> {
    kind: &'a str,
    of: &'a Map<String, Value>,
    /// The volume group that a logical volume is in.
    group: Option<&'a str>,
    children: Vec<Node<'a>>,
}

/// The three texts of one host.
pub struct Texts {
    /// `lsblk -J -b -O`.
    pub lsblk: String,
    /// `udevadm info --export-db`.
    pub udev: String,
    /// `/proc/mounts`.
    pub mounts: String,
}

/// Tells the tree of one host.
pub fn tell(file: &[u8], host: &str) -> Result<Texts> {
    let all: Value = serde_json::from_slice(file)?;
    let root = all
        .get(host)
        .with_context(|| format!("no tree of {host}"))?;
    let nodes = nodes(root, None);
    let mut udev = BTreeMap::new();
    let mut mounts = BTreeMap::new();
    for node in &nodes {
        node.gather(&mut udev, &mut mounts);
    }
    let blocks: Vec<Value> = nodes.iter().map(Node::block).collect();
    Ok(Texts {
        lsblk: serde_json::to_string_pretty(&json!({"blockdevices": blocks}))? + "\n",
        udev: udev.into_values().collect::<Vec<_>>().join("\n"),
        mounts: mounts.into_values().collect(),
    })
}

/// The devices under a tree's node: a group of volumes is no device.
fn nodes<'a>(value: &'a Value, group: Option<&'a str>) -> Vec<Node<'a>> {
    let Some((kind, of)) = value.as_object().and_then(|one| one.iter().next()) else {
        return Vec::new();
    };
    let Some(of) = of.as_object() else {
        return Vec::new();
    };
    let inner = match kind.as_str() {
        "VolumeGroup" => of.get("name").and_then(Value::as_str),
        _ => None,
    };
    let under = of.get("children").and_then(Value::as_array);
    let children = under.into_iter().flatten();
    let children = children.flat_map(|child| nodes(child, inner)).collect();
    match kind.as_str() {
        "Root" | "VolumeGroup" => children,
        _ => vec![Node {
            kind,
            of,
            group,
            children,
        }],
    }
}

impl Node<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.of.get(key).and_then(Value::as_str)
    }

    fn paths(&self) -> Vec<&str> {
        let paths = self.of.get("paths").and_then(Value::as_array);
        paths
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// `sdb` or `dm-3`.
    fn kname(&self) -> &str {
        let path = self.text("devpath").unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    fn name(&self) -> String {
        match self.group {
            Some(group) => format!("{group}-{}", self.text("name").unwrap_or_default()),
            None => self.text("dm_name").unwrap_or(self.kname()).to_owned(),
        }
    }

    fn is_mapped(&self) -> bool {
        matches!(self.kind, "Mpath" | "LogicalVolume")
    }

    fn block(&self) -> Value {
        let kind = match self.kind {
            "ScsiDevice" => "disk",
            "Partition" => "part",
            "Mpath" => "mpath",
            "LogicalVolume" => "lvm",
            other => other,
        };
        let path = if self.is_mapped() {
            format!("/dev/mapper/{}", self.name())
        } else {
            format!("/dev/{}", self.kname())
        };
        let number = |key| self.text(key).unwrap_or_default();
        let mut block = json!({
            "name": self.name(), "kname": self.kname(), "path": path, "type": kind,
            "maj:min": format!("{}:{}", number("major"), number("minor")),
            "size": self.of.get("size"), "fstype": self.text("filesystem_type"),
            "label": self.text("fs_label"), "uuid": self.text("fs_uuid"),
            "mountpoint": self.of.get("mount").and_then(|mount| mount.get("target")),
        });
        if kind == "disk" {
            // `vendor(8) product(16) serial`, as SCSI's inquiry has it.
            let scsi = self.text("scsi80").unwrap_or_default();
            let part = |from: usize, to: usize| scsi.get(from..to.min(scsi.len())).map(str::trim);
            block["vendor"] = json!(part(0, 8));
            block["model"] = json!(part(8, 24));
            block["serial"] = json!(part(24, scsi.len()));
            let wwn = |path: &&str| path.strip_prefix("/dev/disk/by-id/wwn-").map(str::to_owned);
            block["wwn"] = json!(self.paths().iter().find_map(wwn));
        }
        if !self.children.is_empty() {
            block["children"] = self.children.iter().map(Node::block).collect();
        }
        block
    }

    fn gather(&self, udev: &mut BTreeMap<String, String>, mounts: &mut BTreeMap<String, String>) {
        udev.insert(self.kname().to_owned(), self.udev());
        if let Some(mount) = self.of.get("mount").and_then(Value::as_object) {
            let word = |key: &str| mount.get(key).and_then(Value::as_str).unwrap_or("none");
            let (source, target) = (word("source"), word("target"));
            let line = format!(
                "{source} {target} {} {} 0 0\n",
                word("fs_type"),
                word("opts")
            );
            mounts.insert(target.to_owned(), line);
        }
        for child in &self.children {
            child.gather(udev, mounts);
        }
    }

    fn udev(&self) -> String {
        let devpath = self.text("devpath").unwrap_or_default();
        let mut text = format!("P: {devpath}\nN: {}\n", self.kname());
        let node = format!("/dev/{}", self.kname());
        for path in self.paths().iter().filter(|path| **path != node) {
            text += &format!("S: {}\n", path.trim_start_matches("/dev/"));
        }
        let kind = if self.kind == "Partition" {
            "partition"
        } else {
            "disk"
        };
        text += &format!(
            "E: DEVPATH={devpath}\nE: DEVNAME={node}\nE: DEVTYPE={kind}\nE: SUBSYSTEM=block\n"
        );
        let uuid = self.paths().iter().find_map(|path| {
            path.strip_prefix("/dev/disk/by-id/dm-uuid-")
                .map(str::to_owned)
        });
        let name = self.is_mapped().then(|| self.name());
        for (key, value) in [
            ("MAJOR", self.text("major").map(str::to_owned)),
            ("MINOR", self.text("minor").map(str::to_owned)),
            (
                "ID_FS_TYPE",
                self.text("filesystem_type").map(str::to_owned),
            ),
            ("ID_FS_LABEL", self.text("fs_label").map(str::to_owned)),
            ("ID_FS_UUID", self.text("fs_uuid").map(str::to_owned)),
            ("DM_NAME", name),
            ("DM_UUID", uuid),
        ] {
            if let Some(value) = value {
                text += &format!("E: {key}={value}\n");
            }
        }
        text
    }
}
