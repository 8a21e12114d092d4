//! Sites as text, for tables.

use lustre::nid::Nid;
use model::ids::{DeviceId, ServerId};
use model::inventory::{Inventory, TargetState};
use model::report::{
    ClientMount, Connected, Constraint, CorosyncLink, Device, DeviceKind, Ha, HaNode, HaNodeState,
    HaResource, Lnet, LnetNi, LnetState, Lustre, MgsFs, MgsTarget, MountData, Report, TargetSeen,
    TargetSource,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The id of the server of this name.
pub fn server(name: &str) -> ServerId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    ServerId(uuid::Uuid::from_bytes(bytes))
}

/// Reports by server, made from lines.
#[derive(Default)]
pub struct Site {
    reports: BTreeMap<ServerId, (Report, bool)>,
}

impl Site {
    /// Lines `NAME NID [silent]: mount LABEL on DEV; sees DEV; knows LABELS; client FS;
    /// linked LABEL from NID; holds LABEL; from MGS_NID; named HOST; cluster NODES; runs LABEL on NODE; pool DEV of DEV`
    /// and `data LABEL mgs NIDS served by NIDS`, or `failing over to NIDS` where the
    /// node that it belongs to is not named. `knows` takes `LABEL=NID+NID` too.
    pub fn read(text: &str) -> Self {
        let mut site = Self::default();
        for line in text.lines().map(str::trim) {
            match line.strip_prefix("data ") {
                Some(rest) => site.data(rest),
                None => site.server(line),
            }
        }
        site
    }

    fn server(&mut self, line: &str) {
        let (head, facts) = line.split_once(": ").unwrap();
        let words: Vec<&str> = head.split(' ').collect();
        let nid: Nid = words[1].parse().unwrap();
        let mut report = Report::default();
        report.identity.hostname.push_str(words[0]);
        report.identity.fqdn.push_str(words[0]);
        let ni = LnetNi {
            nid,
            status: "up".into(),
            interfaces: vec![],
            health: None,
        };
        report.lnet = Some(Lnet {
            state: LnetState::Up,
            nis: vec![ni],
            ..Lnet::default()
        });
        let mut lustre = Lustre {
            is_loaded: true,
            ..Lustre::default()
        };
        let mut devices = Vec::new();
        for fact in facts.split("; ") {
            let words: Vec<&str> = fact.split(' ').collect();
            match words[0] {
                "mount" => {
                    lustre
                        .targets
                        .push(seen(words[1], words[3], TargetSource::Mount));
                    devices.push(device(words[3]));
                }
                "holds" => {
                    let mut held = seen(words[1], "none", TargetSource::HaResource);
                    (held.device, held.mount_point) = (None, None);
                    lustre.targets.push(held);
                }
                "linked" => lustre.connected.push(Connected {
                    label: words[1].parse().unwrap(),
                    nid: words[3].parse().unwrap(),
                    evidence: "mdt.exports".into(),
                }),
                "sees" => devices.push(device(words[1])),
                "knows" => lustre.mgs.push(knows(&words[1..])),
                "client" => lustre.clients.push(ClientMount {
                    fs: words[1].parse().unwrap(),
                    mgs: "10.0.0.1@tcp".into(),
                    mount_point: format!("/mnt/{}", words[1]),
                    is_read_only: false,
                }),
                "from" => data(&mut lustre, words[1]),
                "named" => words[1].clone_into(&mut report.identity.hostname),
                "cluster" => report.ha = Some(cluster(&words[1..])),
                "runs" => {
                    let ha = report.ha.as_mut().unwrap();
                    ha.resources.push(runs(words[1], words[3]));
                    ha.constraints.push(prefers(words[1], words[3]));
                }
                "link" => {
                    let ha = report.ha.as_mut().unwrap();
                    link(ha, words[1], &words[3..]);
                }
                "pool" => {
                    let mut pool = device(words[1]);
                    pool.parents.push(DeviceId(words[3].to_owned()));
                    devices.push(pool);
                }
                other => panic!("{other}"),
            }
        }
        report.lustre = Some(lustre);
        report.devices = Some(devices);
        self.reports
            .insert(server(words[0]), (report, words.get(2) == Some(&"silent")));
    }

    /// On-disk configuration, shown by whoever has the target mounted.
    fn data(&mut self, line: &str) {
        let (label, rest) = line.split_once(" mgs ").unwrap();
        let (mgs, served) = rest
            .split_once(" served by ")
            .or_else(|| rest.split_once(" failing over to "))
            .unwrap();
        let all = ["no_primnode"].iter().filter(|_| rest.contains(" served "));
        let flags: Vec<String> = all.map(|&flag| flag.to_owned()).collect();
        let nodes = |text: &str| {
            text.split(' ')
                .map(|nid| vec![nid.parse().unwrap()])
                .collect()
        };
        for (report, _) in self.reports.values_mut() {
            let lustre = report.lustre.as_mut().unwrap();
            let Some(mount) = lustre.targets.iter().find(|t| t.label.to_string() == label) else {
                continue;
            };
            let mut more = mount.clone();
            more.source = TargetSource::MountData;
            more.mount_data = Some(MountData {
                mgs_nodes: nodes(mgs),
                service_nodes: nodes(served),
                flags: flags.clone(),
                ..MountData::default()
            });
            lustre.targets.push(more);
        }
    }

    /// As a detector takes them.
    pub fn reports(&self) -> Vec<(ServerId, Arc<Report>, bool)> {
        self.reports
            .iter()
            .map(|(id, (r, silent))| (*id, Arc::new(r.clone()), *silent))
            .collect()
    }

    /// One that took them all.
    pub fn detector(&self) -> detect::Detector {
        let mut detector = detect::Detector::new();
        detector.put_all(self.reports());
        detector
    }

    /// Targets and file systems, a line each.
    pub fn show(&self, found: &Inventory) -> Vec<String> {
        let name = |id: &ServerId| self.reports[id].0.identity.hostname.clone();
        let mut lines = Vec::new();
        for (key, target) in &found.targets {
            let state = match target.state {
                TargetState::MountedTwice => "mounted-twice".to_owned(),
                state => format!("{state:?}").to_lowercase(),
            };
            let on: Vec<_> = target.mounted_on.iter().map(name).collect();
            let servers: Vec<_> = target.servers.iter().map(name).collect();
            let home = target.home.as_ref().map_or("-".into(), name);
            lines.push(format!(
                "{} {state} {} [{}] {home}",
                key.0,
                on.join(" "),
                servers.join(" ")
            ));
        }
        for (key, fs) in &found.filesystems {
            let mgt = fs.mgt.as_ref().map(|key| format!("mgt {}", key.0));
            let mgt = mgt.unwrap_or(
                if fs.is_mgs_external {
                    "external"
                } else {
                    "unseen"
                }
                .into(),
            );
            let sure = format!("{:?}", fs.confidence).to_lowercase();
            lines.push(format!("fs {} {mgt}: {sure}", key.0));
        }
        lines
    }
}

/// The last target's data names this MGS.
fn data(lustre: &mut Lustre, mgs: &str) {
    let target = lustre.targets.last_mut().unwrap();
    target.source = TargetSource::MountData;
    target.mount_data = Some(MountData {
        mgs_nodes: vec![vec![mgs.parse().unwrap()]],
        service_nodes: vec![vec![mgs.parse().unwrap()]],
        ..MountData::default()
    });
    target.bytes_total = Some(7);
    target.bytes_available = Some(5);
    target.n_clients = Some(2);
}

fn cluster(nodes: &[&str]) -> Ha {
    // `!oss2` is not joined.
    let node = |name: &&str| HaNode {
        name: name.trim_start_matches('!').to_owned(),
        state: if name.starts_with('!') {
            HaNodeState::Offline
        } else {
            HaNodeState::Online
        },
        ..HaNode::default()
    };
    Ha {
        is_running: true,
        nodes: nodes.iter().map(node).collect(),
        ..Ha::default()
    }
}

/// A link at this address that does not reach these nodes.
fn link(ha: &mut Ha, address: &str, lost: &[&str]) {
    let corosync = ha.corosync.get_or_insert_default();
    corosync.links.push(CorosyncLink {
        number: u64::try_from(corosync.links.len()).unwrap(),
        address: Some(address.to_owned()),
        is_up: Some(lost.is_empty()),
        lost: lost.iter().map(|name| (*name).to_owned()).collect(),
    });
}

fn runs(label: &str, node: &str) -> HaResource {
    HaResource {
        id: label.to_owned(),
        agent: "ocf:lustre:Lustre".into(),
        role: "Started".into(),
        nodes: vec![node.to_owned()],
        ..HaResource::default()
    }
}

fn prefers(label: &str, node: &str) -> Constraint {
    Constraint {
        kind: "location".into(),
        resource: label.to_owned(),
        with: node.to_owned(),
        score: "100".into(),
        ..Constraint::default()
    }
}

fn device(id: &str) -> Device {
    Device {
        id: DeviceId(id.to_owned()),
        kind: DeviceKind::Disk,
        path: format!("/dev/{id}"),
        links: vec![],
        size_bytes: 1 << 30,
        parents: vec![],
        model: None,
        serial: None,
        wwn: None,
        transport: None,
        content: None,
        label: None,
        uuid: None,
        is_read_only: false,
        is_rotational: None,
        states: vec![],
    }
}

fn seen(label: &str, device: &str, source: TargetSource) -> TargetSeen {
    TargetSeen {
        label: label.parse().unwrap(),
        source,
        evidence: format!("/proc/mounts: {label}"),
        device: Some(DeviceId(device.to_owned())),
        device_path: Some(format!("/dev/{device}")),
        back_end: Some("ldiskfs".into()),
        mount_point: Some(format!("/mnt/{label}")),
        obd_state: None,
        is_mgs_too: false,
        mount_data: None,
        recovery: None,
        n_clients: None,
        bytes_total: None,
        bytes_available: None,
        inodes_total: None,
        inodes_free: None,
    }
}

/// Words `LABEL` or `LABEL=NID+NID`.
fn knows(words: &[&str]) -> MgsFs {
    let target = |word: &&str| {
        let (label, nodes) = word.split_once('=').unwrap_or((word, ""));
        let mut target = MgsTarget::named(label.parse().unwrap());
        let nodes = nodes.split('+').filter(|nid| !nid.is_empty());
        target.nodes = nodes.map(|nid| vec![nid.parse().unwrap()]).collect();
        target
    };
    let targets: Vec<MgsTarget> = words.iter().map(target).collect();
    MgsFs {
        fs: targets[0].label.fs().unwrap().clone(),
        evidence: "mgs.MGS.live".into(),
        targets,
        ir_state: None,
    }
}
