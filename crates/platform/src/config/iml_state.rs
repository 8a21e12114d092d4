//! What IML (Integrated Manager for Lustre) knew: the tables that its page was
//! fed with, one object per table, one member per row.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::storage::json;

/// The reader of IML's tables.
pub static KIND: Kind = Kind {
    name: "iml-state",
    about: "tables of Integrated Manager for Lustre, as its page was fed with",
    guess,
    read,
};

/// A server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Host {
    /// IML's number for it.
    pub id: u64,
    /// Its full name.
    pub fqdn: String,
    /// Its own name.
    #[serde(default)]
    pub nodename: Option<String>,
    /// How IML reached it.
    #[serde(default)]
    pub address: Option<String>,
    /// Its NIDs, as IML wrote them.
    #[serde(default)]
    pub nids: Vec<String>,
    /// IML's word for how it is.
    #[serde(default)]
    pub state: Option<String>,
    /// When it last booted.
    #[serde(default)]
    pub boot_time: Option<String>,
}

/// A file system. Targets are named by their place in IML's API.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FileSystem {
    /// IML's number for it.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The MGT.
    #[serde(default)]
    pub mgt: Option<String>,
    /// The MDTs.
    #[serde(default)]
    pub mdts: Vec<String>,
    /// The OSTs.
    #[serde(default)]
    pub osts: Vec<String>,
    /// IML's word for how it is.
    #[serde(default)]
    pub state: Option<String>,
}

/// A target that IML managed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Target {
    /// IML's number for it.
    pub id: u64,
    /// Its label.
    pub name: Option<String>,
    /// Identity of its back end.
    #[serde(default)]
    pub uuid: Option<String>,
    /// Its name in Pacemaker.
    #[serde(default)]
    pub ha_label: Option<String>,
    /// IML's word for how it is.
    #[serde(default)]
    pub state: Option<String>,
    /// The volume it is on.
    #[serde(default)]
    pub volume_id: Option<u64>,
}

/// A target that IML saw.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TargetRecord {
    /// IML's number for it.
    pub id: u64,
    /// Its label.
    pub name: String,
    /// IML's word for how it is.
    #[serde(default)]
    pub state: Option<String>,
    /// Its device.
    #[serde(default)]
    pub dev_path: Option<String>,
    /// The server that has it mounted.
    #[serde(default)]
    pub active_host_id: Option<u64>,
    /// The servers that see its device.
    #[serde(default)]
    pub host_ids: Vec<u64>,
    /// Its file systems.
    #[serde(default)]
    pub filesystems: Vec<String>,
    /// Identity of its back end.
    #[serde(default)]
    pub uuid: Option<String>,
    /// Where it is mounted.
    #[serde(default)]
    pub mount_path: Option<String>,
}

/// A device that one or several servers see.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Volume {
    /// IML's number for it.
    pub id: u64,
    /// Its name: mostly the serial.
    #[serde(default)]
    pub label: Option<String>,
    /// Its size in bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// What is on it.
    #[serde(default)]
    pub filesystem_type: Option<String>,
}

/// A server's path to a volume.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct VolumeNode {
    /// IML's number for it.
    pub id: u64,
    /// The volume.
    pub volume_id: u64,
    /// The server.
    pub host_id: u64,
    /// The device's path there.
    pub path: String,
    /// Whether this server is the volume's home.
    #[serde(default)]
    pub primary: bool,
}

/// Something that IML wanted looked at.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Alert {
    /// IML's number for it.
    pub id: u64,
    /// What was said.
    pub message: String,
    /// The class of alert.
    #[serde(default)]
    pub alert_type: Option<String>,
    /// What it is about.
    #[serde(default)]
    pub alert_item_str: Option<String>,
    /// How bad.
    #[serde(default)]
    pub severity: Option<String>,
    /// Since when.
    #[serde(default)]
    pub begin: Option<String>,
    /// Whether it still held.
    #[serde(default)]
    pub active: Option<bool>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Row {
    /// Of table `host`.
    Host(Host),
    /// Of table `filesystem`.
    FileSystem(FileSystem),
    /// Of table `target`.
    Target(Target),
    /// Of table `target_record`.
    TargetRecord(TargetRecord),
    /// Of table `volume`.
    Volume(Volume),
    /// Of table `volume_node`.
    VolumeNode(VolumeNode),
    /// Of table `active_alert`.
    Alert(Alert),
    /// Of any other table, as it is.
    Other(Value),
}

/// Reads every row, with the name of its table. A row that lacks what its
/// table needs costs only itself.
pub fn parse(input: &[u8]) -> (Vec<(String, Row)>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    let root = json::read(input, &mut skips);
    let tables = root.as_ref().and_then(Value::as_object);
    for (table, rows) in tables.into_iter().flatten() {
        for (id, value) in rows.as_object().into_iter().flatten() {
            match row(table, value) {
                Ok(row) => found.push((table.clone(), row)),
                Err(error) => {
                    let reason = format!("{table} {id}: {error}");
                    skips.push(Skip::new(1, SkipKind::BadValue, reason));
                }
            }
        }
    }
    (found, skips)
}

fn row(table: &str, value: &Value) -> Result<Row, serde_json::Error> {
    fn of<T: DeserializeOwned>(value: &Value) -> Result<T, serde_json::Error> {
        T::deserialize(value)
    }
    Ok(match table {
        "host" => Row::Host(of(value)?),
        "filesystem" => Row::FileSystem(of(value)?),
        "target" => Row::Target(of(value)?),
        "target_record" => Row::TargetRecord(of(value)?),
        "volume" => Row::Volume(of(value)?),
        "volume_node" => Row::VolumeNode(of(value)?),
        "active_alert" => Row::Alert(of(value)?),
        _ => Row::Other(value.clone()),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let tables = [
        "\"content_type\"",
        "\"corosync_configuration\"",
        "\"lnet_configuration\"",
        "\"active_alert\"",
        "\"volume_node\"",
        "\"target_record\"",
        "\"ost_pool_osts\"",
    ];
    let n_known = tables.iter().filter(|key| text.contains(**key)).count();
    if text.trim_start().starts_with('{') && n_known >= 2 {
        90
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (rows, skips) = parse(input);
    for (table, row) in &rows {
        let family = format!("iml.{}", table.replace('_', "-"));
        sink.record(&family, &|| json!(row));
    }
    for skip in skips {
        sink.skip(skip);
    }
}
