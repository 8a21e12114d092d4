//! What the agents of a town would report.

use crate::town::{Content, Host, Target, Town, server};
use jiff::Timestamp;
use lustre::label::TargetLabel;
use model::ids::{DeviceId, ServerId};
use model::inventory::Inventory;
use model::report::{
    ClientMount, Constraint, Corosync, CorosyncLink, CorosyncMember, Dataset, Device, DeviceKind,
    FenceDevice, FenceEvent, Firewall, Ha, HaNode, HaNodeState, HaResource, Interface, Lnet,
    LnetNi, LnetState, Lustre, MgsFs, MgsTarget, Mount, MountData, Report, TargetSeen,
    TargetSource, TimeSource, TimeSync, Vdev, Zpool,
};
use plan::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A town as the manager knows it.
pub struct Site {
    pub reports: BTreeMap<ServerId, Arc<Report>>,
    pub managed: BTreeSet<ServerId>,
    pub online: BTreeSet<ServerId>,
    pub inventory: Inventory,
}

impl Site {
    pub fn of(town: &Town) -> Self {
        let mut site = Self {
            reports: BTreeMap::new(),
            managed: BTreeSet::new(),
            online: BTreeSet::new(),
            inventory: Inventory::default(),
        };
        let mut detector = detect::Detector::new();
        let mut all = Vec::new();
        for (name, host) in &town.hosts {
            let id = server(name);
            let report = Arc::new(report(town, name, host));
            all.push((id, Arc::clone(&report), host.is_silent));
            site.reports.insert(id, report);
            if !host.is_watched {
                site.managed.insert(id);
            }
            if !host.is_silent {
                site.online.insert(id);
            }
        }
        detector.put_all(all);
        site.inventory = detector.inventory().clone();
        site
    }

    pub fn world(&self) -> World<'_> {
        World {
            inventory: &self.inventory,
            reports: &self.reports,
            managed: &self.managed,
            online: &self.online,
            now_ms: 1_000_000,
        }
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn report(town: &Town, name: &str, host: &Host) -> Report {
    let mut report = Report {
        at: Some(second(if host.is_silent { 1000 } else { 2000 })),
        devices: Some(devices(town, name)),
        zpools: Some(zpools(town, name)),
        datasets: Some(datasets(town, name)),
        mounts: Some(mounts(host)),
        lnet: Some(lnet(host)),
        lustre: Some(lustre(town, name, host)),
        ha: ha(town, name, host),
        ..Report::default()
    };
    name.clone_into(&mut report.identity.hostname);
    name.clone_into(&mut report.identity.fqdn);
    report.identity.boot_id = format!("boot-{}", host.boot);
    report.identity.booted_at = Some(second(100));
    report.interfaces = Some(vec![Interface {
        name: "eth0".into(),
        addresses: vec![format!("10.0.0.{}/24", host.number)],
        is_up: true,
        ..Interface::default()
    }]);
    report.firewall = Some(Firewall {
        kind: "firewalld".into(),
        is_active: host.filters,
        n_rules: 1,
    });
    report.time = Some(TimeSync {
        service: "chrony".into(),
        sources: host
            .sources
            .iter()
            .map(|source| TimeSource {
                name: source.clone(),
                ..TimeSource::default()
            })
            .collect(),
        ..TimeSync::default()
    });
    report
}

fn device(id: String, path: String, kind: DeviceKind) -> Device {
    Device {
        links: id
            .strip_prefix("wwn:")
            .map(|wwn| format!("/dev/disk/by-id/wwn-{wwn}"))
            .into_iter()
            .collect(),
        id: DeviceId(id),
        kind,
        path,
        size_bytes: 1 << 40,
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

fn devices(town: &Town, name: &str) -> Vec<Device> {
    let mut found = Vec::new();
    for (disk, of) in &town.disks {
        if !of.seen_by.contains(name) {
            continue;
        }
        let mut one = device(
            format!("wwn:{disk}"),
            format!("/dev/{disk}"),
            DeviceKind::Disk,
        );
        one.size_bytes = of.bytes;
        match &of.content {
            Content::Blank => {}
            Content::Other(text) => one.content = Some(text.clone()),
            Content::Member(pool) => {
                one.content = Some("zfs_member".into());
                one.label = Some(pool.clone());
                one.uuid = Some(format!("guid-{pool}"));
            }
            Content::Target(target) => {
                one.content = Some("ext4".into());
                one.label = Some(label(target));
                one.uuid = Some(format!("uuid-{disk}"));
            }
        }
        found.push(one);
    }
    for (pool, of) in &town.pools {
        if of.on.as_deref() != Some(name) {
            continue;
        }
        let id = format!("zpool:guid-{pool}");
        let mut one = device(id.clone(), pool.clone(), DeviceKind::Zpool);
        one.parents = of
            .disks
            .iter()
            .map(|d| DeviceId(format!("wwn:{d}")))
            .collect();
        found.push(one);
        for dataset in of.dataset.keys() {
            let path = format!("{pool}/{dataset}");
            let id = format!("dataset:guid-{pool}/{path}");
            let mut one = device(id, path, DeviceKind::Dataset);
            one.parents = vec![DeviceId(format!("zpool:guid-{pool}"))];
            found.push(one);
        }
    }
    found
}

fn label(target: &Target) -> String {
    let text = target.label.to_string();
    if target.is_registered {
        return text;
    }
    let (fs, rest) = text.rsplit_once('-').unwrap();
    format!("{fs}:{rest}")
}

fn zpools(town: &Town, name: &str) -> Vec<Zpool> {
    let here = town
        .pools
        .iter()
        .filter(|(_, pool)| pool.on.as_deref() == Some(name));
    here.map(|(pool, of)| Zpool {
        name: pool.clone(),
        guid: format!("guid-{pool}"),
        state: "ONLINE".into(),
        vdevs: of
            .disks
            .iter()
            .map(|disk| Vdev {
                name: disk.clone(),
                device: Some(DeviceId(format!("wwn:{disk}"))),
                ..Vdev::default()
            })
            .collect(),
        ..Zpool::default()
    })
    .collect()
}

fn datasets(town: &Town, name: &str) -> Vec<Dataset> {
    let mut found = Vec::new();
    for (pool, of) in &town.pools {
        for (dataset, content) in &of.dataset {
            let Content::Target(target) = content else {
                continue;
            };
            if of.on.as_deref() == Some(name) {
                found.push(Dataset {
                    name: format!("{pool}/{dataset}"),
                    lustre: BTreeMap::from([("svname".to_owned(), label(target))]),
                });
            }
        }
    }
    found
}

fn mounts(host: &Host) -> Vec<Mount> {
    let targets = host.mounts.iter().map(|(path, point)| Mount {
        source: path.clone(),
        mount_point: point.clone(),
        fs_type: "lustre".into(),
        options: String::new(),
    });
    targets.collect()
}

fn lnet(host: &Host) -> Lnet {
    let nis = host.nets.iter().map(|net| LnetNi {
        nid: format!("10.0.0.{}@{}", host.number, net.net)
            .parse()
            .unwrap(),
        status: "up".into(),
        interfaces: net.interfaces.clone(),
        health: None,
    });
    Lnet {
        state: if host.nets.is_empty() {
            LnetState::Unloaded
        } else {
            LnetState::Up
        },
        nis: nis.collect(),
        kept_nets: host.nets.iter().map(|net| net.net.clone()).collect(),
        ..Lnet::default()
    }
}

fn lustre(town: &Town, name: &str, host: &Host) -> Lustre {
    let mut found = Lustre::default();
    for (path, id, target) in visible(town, name) {
        let is_zfs = !path.starts_with('/');
        let mut seen = TargetSeen {
            label: target.label.clone(),
            source: if is_zfs {
                TargetSource::ZfsProperties
            } else {
                TargetSource::MountData
            },
            evidence: String::from("seen"),
            device: Some(DeviceId(id)),
            device_path: Some(path.clone()),
            back_end: Some(if is_zfs { "zfs" } else { "ldiskfs" }.into()),
            mount_point: None,
            obd_state: None,
            is_mgs_too: target.is_mgs_too,
            mount_data: Some(MountData {
                flags: if target.is_registered {
                    vec![]
                } else {
                    vec!["first_time".into()]
                },
                mgs_nodes: target.mgs_nodes.clone(),
                service_nodes: target.service_nodes.clone(),
                parameters: vec![],
            }),
            recovery: None,
            n_clients: None,
            bytes_total: None,
            bytes_available: None,
            inodes_total: None,
            inodes_free: None,
        };
        found.targets.push(seen.clone());
        if let Some(point) = host.mounts.get(&path) {
            seen.source = TargetSource::Mount;
            seen.mount_point = Some(point.clone());
            seen.mount_data = None;
            found.targets.push(seen);
            found.mgs.extend(known(town, &path));
        }
    }
    for (point, (fs, source)) in &host.clients {
        found.clients.push(ClientMount {
            fs: fs.parse().unwrap(),
            mgs: source.split(":/").next().unwrap().to_owned(),
            mount_point: point.clone(),
            is_read_only: false,
        });
    }
    found
}

/// What a host sees of targets: path, id, target.
fn visible(town: &Town, name: &str) -> Vec<(String, String, Target)> {
    let mut found = Vec::new();
    for (disk, of) in &town.disks {
        if let (Content::Target(target), true) = (&of.content, of.seen_by.contains(name)) {
            found.push((
                format!("/dev/{disk}"),
                format!("wwn:{disk}"),
                target.clone(),
            ));
        }
    }
    for (pool, of) in &town.pools {
        for (dataset, content) in &of.dataset {
            if let (Content::Target(target), Some(on)) = (content, &of.on)
                && on == name
            {
                let path = format!("{pool}/{dataset}");
                let id = format!("dataset:guid-{pool}/{path}");
                found.push((path, id, target.clone()));
            }
        }
    }
    found
}

fn known(town: &Town, path: &str) -> Vec<MgsFs> {
    let labels = town.known.get(path).cloned().unwrap_or_default();
    let mut by_fs: BTreeMap<_, Vec<TargetLabel>> = BTreeMap::new();
    for label in labels {
        by_fs
            .entry(label.fs().unwrap().clone())
            .or_default()
            .push(label);
    }
    let by_fs = by_fs.into_iter();
    by_fs
        .map(|(fs, labels)| MgsFs {
            fs,
            evidence: String::from("mgs"),
            targets: labels.into_iter().map(MgsTarget::named).collect(),
            ir_state: None,
        })
        .collect()
}

fn ha(town: &Town, name: &str, host: &Host) -> Option<Ha> {
    let of = host.cluster.as_ref()?;
    let corosync = Corosync {
        cluster_name: Some(of.clone()),
        members: members(host),
        is_by_candela: of != "debian",
        ..Corosync::default()
    };
    if of == "debian" && host.services.contains("pacemaker.service") {
        return Some(alone(corosync));
    }
    let cluster = town.clusters.get(of);
    let cluster = cluster.filter(|_| host.services.contains("pacemaker.service"));
    let Some(cluster) = cluster else {
        return Some(Ha {
            corosync: Some(corosync),
            ..Ha::default()
        });
    };
    let nodes = cluster.nodes.iter().map(|node| {
        let other = &town.hosts[node];
        let runs = other.services.contains("pacemaker.service") && !other.is_silent;
        let state = match (cluster.standby.contains(node), runs) {
            (true, true) => HaNodeState::Standby,
            (false, true) => HaNodeState::Online,
            (_, false) => HaNodeState::Offline,
        };
        HaNode {
            name: node.clone(),
            state,
            is_standby: cluster.standby.contains(node),
            is_dc: cluster.nodes.first() == Some(node),
            ..HaNode::default()
        }
    });
    let constraints = cluster.resources.values().flat_map(|resource| {
        let nodes = resource.of.nodes.iter().zip([20, 10, 10, 10]);
        nodes.map(|(node, score)| Constraint {
            id: format!("location-{}-{node}", resource.of.top()),
            kind: "location".into(),
            resource: resource.of.top(),
            with: node.clone(),
            score: score.to_string(),
        })
    });
    let barred = cluster.resources.values().flat_map(|resource| {
        let nodes = resource.of.barred.iter();
        nodes.map(|node| Constraint {
            id: format!("location-{}-{node}", resource.of.top()),
            kind: "location".into(),
            resource: resource.of.top(),
            with: node.clone(),
            score: "-INFINITY".into(),
        })
    });
    let constraints = constraints.chain(barred);
    Some(Ha {
        corosync: Some(corosync),
        is_running: true,
        cluster_name: Some(of.clone()),
        dc: cluster.nodes.first().cloned(),
        has_quorum: Some(true),
        fencing_enabled: Some(!cluster.fences.is_empty()),
        maintenance: cluster.maintenance,
        properties: cluster.properties.clone(),
        nodes: nodes.collect(),
        resources: resources(cluster),
        fence_devices: cluster
            .fences
            .iter()
            .map(|node| FenceDevice {
                id: format!("fence-{node}"),
                agent: "stonith:fence_ipmilan".into(),
                hosts: vec![node.clone()],
                is_running: true,
            })
            .collect(),
        fence_history: cluster
            .fenced
            .iter()
            .filter(|node| *node != name)
            .map(|node| FenceEvent {
                target: node.clone(),
                action: "off".into(),
                status: "success".into(),
                at: Some(second(1500)),
            })
            .collect(),
        constraints: constraints.collect(),
        ..Ha::default()
    })
}

/// A cluster as Debian's packages begin with it.
fn alone(mut corosync: Corosync) -> Ha {
    corosync.links = vec![CorosyncLink {
        address: Some("127.0.0.1".into()),
        ..CorosyncLink::default()
    }];
    Ha {
        corosync: Some(corosync),
        is_running: true,
        cluster_name: Some("debian".into()),
        dc: Some("node1".into()),
        has_quorum: Some(true),
        nodes: vec![HaNode {
            name: "node1".into(),
            is_dc: true,
            ..HaNode::default()
        }],
        ..Ha::default()
    }
}

fn members(host: &Host) -> Vec<CorosyncMember> {
    let names = host.conf.iter().flatten().zip(1..);
    names
        .map(|(name, id)| CorosyncMember {
            id,
            name: name.clone(),
            ..CorosyncMember::default()
        })
        .collect()
}

fn resources(cluster: &crate::town::Cluster) -> Vec<HaResource> {
    let mut found = Vec::new();
    for (id, resource) in &cluster.resources {
        let group = resource.of.zpool.as_ref().map(|_| resource.of.top());
        let one = HaResource {
            id: id.clone(),
            group: group.clone(),
            agent: "ocf:lustre:Lustre".into(),
            role: if resource.on.is_some() {
                "Started"
            } else {
                "Stopped"
            }
            .into(),
            target_role: Some(
                if resource.is_started {
                    "Started"
                } else {
                    "Stopped"
                }
                .into(),
            ),
            nodes: resource.on.iter().cloned().collect(),
            is_managed: true,
            parameters: BTreeMap::from([
                ("target".to_owned(), resource.of.device.clone()),
                ("mountpoint".to_owned(), resource.of.mount_point.clone()),
            ]),
            ..HaResource::default()
        };
        found.push(one);
    }
    found
}
