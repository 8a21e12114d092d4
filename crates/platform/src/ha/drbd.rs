//! DRBD: `drbdsetup status` and `drbdadm status` as text and JSON (9.x), and
//! `/proc/drbd` (8.x).

use super::lines::{self, Line};
use crate::storage::json;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of DRBD's status.
pub static KIND: Kind = Kind {
    name: "drbd-status",
    about: "drbdsetup status (text, --json), drbdadm status, /proc/drbd",
    guess,
    read,
};

/// A replicated resource on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// Name; the minor's number in `/proc/drbd`.
    pub name: String,
    /// `Primary`, `Secondary`, `Unknown`.
    pub role: String,
    /// Whether input and output is held back.
    pub suspended: Option<bool>,
    /// Volumes on this node.
    pub volumes: Vec<Volume>,
    /// Other nodes.
    pub peers: Vec<Peer>,
}

/// A volume, here or at a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// Number.
    pub volume: u32,
    /// `UpToDate`, `Inconsistent`, `Diskless`.
    pub disk: String,
    /// `Established`, `SyncSource`; of a peer only.
    pub replication: Option<String>,
    /// All other values, as printed.
    pub values: BTreeMap<String, String>,
}

/// Another node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Name.
    pub name: String,
    /// `Connected`, `Connecting`, `StandAlone`.
    pub connection: String,
    /// Role there.
    pub role: Option<String>,
    /// Volumes there.
    pub volumes: Vec<Volume>,
}

/// Reads every resource.
pub fn parse(input: &[u8]) -> (Vec<Resource>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    if json::is_value(input) {
        if let Some(value) = json::read(input, &mut skips) {
            let all = value.as_array().cloned().unwrap_or_else(|| vec![value]);
            found.extend(all.iter().map(from_json));
        }
        return (found, skips);
    }
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        if !text_line(&line, &mut found) {
            let skip = if lines::is_error(line.text) {
                line.skip(SkipKind::ErrorText, "the tool says")
            } else {
                line.bad("no line of a DRBD status")
            };
            skips.push(skip);
        }
    }
    (found, skips)
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn from_json(value: &Value) -> Resource {
    let text = |name: &str| text_of(value.get(name));
    Resource {
        name: text("name"),
        role: text("role"),
        suspended: value.get("suspended").and_then(Value::as_bool),
        volumes: items(value, "devices")
            .map(|one| volume_of(one, "disk-state"))
            .collect(),
        peers: items(value, "connections")
            .map(|one| Peer {
                name: text_of(one.get("name")),
                connection: text_of(one.get("connection-state")),
                role: one.get("peer-role").map(|role| text_of(Some(role))),
                volumes: items(one, "peer_devices")
                    .map(|one| volume_of(one, "peer-disk-state"))
                    .collect(),
            })
            .collect(),
    }
}

fn volume_of(value: &Value, disk: &str) -> Volume {
    let own = ["volume", disk, "replication-state"];
    let rest = value.as_object().into_iter().flatten();
    let number = value.get("volume").and_then(Value::as_u64);
    Volume {
        volume: number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        disk: text_of(value.get(disk)),
        replication: value
            .get("replication-state")
            .map(|state| text_of(Some(state))),
        values: rest
            .filter(|(name, _)| !own.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), text_of(Some(value))))
            .collect(),
    }
}

/// The words of a line as `name:value`.
fn values(text: &str) -> BTreeMap<String, String> {
    let words = text.split_whitespace();
    let pairs = words.filter_map(|word| word.split_once(':'));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// One line of the text form: what it adds depends on how far it is indented.
fn text_line(line: &Line<'_>, found: &mut Vec<Resource>) -> bool {
    let body = line.text.trim_start();
    let indent = line.text.len() - body.len();
    if let Some(is_read) = proc_line(body, indent, found) {
        return is_read;
    }
    let first = body.split_whitespace().next().unwrap_or_default();
    let mut all = values(body);
    if indent == 0 {
        let Some(role) = all.remove("role") else {
            return false;
        };
        found.push(Resource {
            name: first.to_owned(),
            role,
            suspended: all.get("suspended").map(|state| state != "no"),
            ..Resource::default()
        });
        return !first.contains(':');
    }
    let Some(last) = found.last_mut() else {
        return false;
    };
    if !first.contains(':') {
        // `oss2 role:Secondary`, `oss2 connection:Connecting`.
        let role = all.remove("role");
        let connection = all.remove("connection");
        let is_connected = role.is_some() && connection.is_none();
        last.peers.push(Peer {
            name: first.to_owned(),
            connection: connection
                .unwrap_or_else(|| if is_connected { "Connected" } else { "" }.to_owned()),
            role,
            volumes: Vec::new(),
        });
        return true;
    }
    volume_line(last, all)
}

/// `volume:0 disk:UpToDate`, `peer-disk:UpToDate`, and lines that go on with more values.
fn volume_line(last: &mut Resource, mut all: BTreeMap<String, String>) -> bool {
    let number = all.remove("volume").and_then(|text| text.parse().ok());
    let (disk, peer_disk) = (all.remove("disk"), all.remove("peer-disk"));
    let replication = all.remove("replication");
    let volumes = match last.peers.last_mut() {
        Some(peer) if disk.is_none() => &mut peer.volumes,
        _ => &mut last.volumes,
    };
    let is_new = number.is_some() || disk.is_some() || peer_disk.is_some() || replication.is_some();
    if is_new {
        volumes.push(Volume {
            volume: number.unwrap_or(0),
            disk: disk.or(peer_disk).unwrap_or_default(),
            replication,
            values: all,
        });
    } else if let Some(volume) = volumes.last_mut() {
        volume.values.extend(all);
    }
    true
}

/// Lines of `/proc/drbd`: ` 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----`.
fn proc_line(body: &str, indent: usize, found: &mut Vec<Resource>) -> Option<bool> {
    if body.starts_with("version: ")
        || body.starts_with("GIT-hash:")
        || body.starts_with("srcversion:")
    {
        return Some(true);
    }
    // Bars and times of a running synchronisation, counters of the activity log.
    let is_extra = ["[", "finish:", "resync:", "act_log:"];
    if is_extra.iter().any(|start| body.starts_with(start)) {
        return Some(!found.is_empty());
    }
    if body.starts_with("ns:") && indent > 0 {
        let volume = found.last_mut()?.volumes.last_mut()?;
        volume.values.extend(values(body));
        return Some(true);
    }
    let (minor, rest) = body.split_once(": ")?;
    if minor.parse::<u32>().is_err() || !rest.trim_start().starts_with("cs:") {
        return None;
    }
    let all = values(rest);
    let pair = |name: &str| {
        let text = all.get(name).map_or("", String::as_str);
        let (here, there) = text.split_once('/').unwrap_or((text, ""));
        (here.to_owned(), there.to_owned())
    };
    let ((role, peer_role), (disk, peer_disk)) = (pair("ro"), pair("ds"));
    let volume = |disk| Volume {
        disk,
        ..Volume::default()
    };
    let connection = all.get("cs").cloned().unwrap_or_default();
    let peer = Peer {
        name: String::new(),
        connection,
        role: Some(peer_role).filter(|role| !role.is_empty()),
        volumes: vec![volume(peer_disk)],
    };
    let peers = if role.is_empty() {
        Vec::new()
    } else {
        vec![peer]
    };
    found.push(Resource {
        name: minor.to_owned(),
        role,
        suspended: None,
        volumes: vec![volume(disk)],
        peers,
    });
    Some(true)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_json = text.trim_start().starts_with(['[', '{']);
    if is_json {
        let marks = [
            "\"peer-node-id\"",
            "\"write-ordering\"",
            "\"peer_devices\"",
            "\"disk-state\"",
        ];
        let n = marks.iter().filter(|mark| text.contains(**mark)).count();
        return if n >= 2 { 96 } else { 0 };
    }
    if text.contains("version: ") && text.contains("cs:") && text.contains("(api:") {
        return 95;
    }
    let is_resource = |line: &str| !line.starts_with(' ') && line.contains(" role:");
    let (resource, disk) = (text.lines().any(is_resource), text.contains("disk:"));
    match (resource, disk) {
        (true, true) => 92,
        (true, false) => 50,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("drbd.resource", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[&str]) {
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(skips, [], "{text}");
        let volumes = |all: &[Volume]| {
            let all: Vec<_> = all
                .iter()
                .map(|one| {
                    format!(
                        "{}:{}:{}",
                        one.volume,
                        one.disk,
                        one.replication.as_deref().unwrap_or("-")
                    )
                })
                .collect();
            all.join(",")
        };
        let seen: Vec<_> = found
            .iter()
            .map(|one| {
                let peers: Vec<_> = one
                    .peers
                    .iter()
                    .map(|peer| {
                        let role = peer.role.as_deref().unwrap_or("-");
                        format!(
                            "{} {} {role} {}",
                            peer.name,
                            peer.connection,
                            volumes(&peer.volumes)
                        )
                    })
                    .collect();
                format!(
                    "{} {} {} | {}",
                    one.name,
                    one.role,
                    volumes(&one.volumes),
                    peers.join("; ")
                )
            })
            .collect();
        assert_eq!(seen, want);
        assert!(
            guess(Sample {
                name: "",
                head: text.as_bytes()
            }) >= 90,
            "{text}"
        );
    }

    #[test]
    fn text_of_version_9_is_read() {
        check(
            "r0 role:Primary\n  disk:UpToDate\n  b role:Secondary\n    peer-disk:UpToDate\n  c connection:Connecting\n\nr1 role:Secondary suspended:no\n    write-ordering:flush\n  volume:0 minor:1 disk:Diskless\n      size:10 read:2\n  volume:1 disk:UpToDate\n  b role:Primary\n    volume:0 replication:SyncTarget peer-disk:UpToDate done:5.1\n",
            &[
                "r0 Primary 0:UpToDate:- | b Connected Secondary 0:UpToDate:-; c Connecting - ",
                "r1 Secondary 0:Diskless:-,1:UpToDate:- | b Connected Primary 0:UpToDate:SyncTarget",
            ],
        );
    }

    #[test]
    fn proc_drbd_and_json_are_read() {
        check(
            "version: 8.4.11-1 (api:1/proto:86-101)\nsrcversion: X\n\n 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n    ns:1 nr:0 dw:1\n 1: cs:Unconfigured\n",
            &[
                "0 Primary 0:UpToDate:- |  Connected Secondary 0:UpToDate:-",
                "1  0::- | ",
            ],
        );
        check(
            r#"[{"name":"r","role":"Secondary","write-ordering":"flush","devices":[{"volume":0,"disk-state":"UpToDate"}],
"connections":[{"name":"b","connection-state":"Connected","peer-role":"Primary","peer_devices":[{"volume":0,"replication-state":"Established","peer-disk-state":"UpToDate"}]}]}]"#,
            &["r Secondary 0:UpToDate:- | b Connected Primary 0:UpToDate:Established"],
        );
    }

    #[test]
    fn a_cut_at_any_byte_is_no_panic() {
        let text = b"r0 role:Primary\n  volume:0 disk:UpToDate\n  b role:Secondary\n    peer-disk:UpToDate\n";
        for end in 0..text.len() {
            parse(&text[..end]);
        }
        assert_eq!(parse(b"[{\"name\":\"r\"").1[0].kind, SkipKind::Truncated);
    }
}
