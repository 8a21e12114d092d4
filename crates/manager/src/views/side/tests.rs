//! What is said of a target by each side, and where they disagree.

use super::{Sides, targets};
use crate::state::{ServerEntry, ServerState, World};
use crate::views::out;
use jiff::Timestamp;
use model::ids::{DeviceId, ServerId};
use model::inventory::{HaCluster, HaKey};
use model::report::{
    Constraint, Ha, HaNode, HaNodeState, HaResource, Lustre, Report, TargetSeen, TargetSource,
};
use model::spec::{BackEnd, FsWanted, HaGroup, ServerSpec, ServerWanted, Spec};
use plan::resolved::{FsPlace, GroupPlace, MgsPlace, Resolved, TargetPlace};
use std::sync::Arc;
use store::record;

const LABEL: &str = "lab-OST0001";

fn id(n: u128) -> ServerId {
    ServerId(uuid::Uuid::from_u128(n))
}

fn seen(is_here: bool) -> TargetSeen {
    let seen = serde_json::json!({
        "label": LABEL,
        "source": if is_here { TargetSource::Mount } else { TargetSource::Label },
        "evidence": "",
        "device": "wwn:1",
        "mount_point": is_here.then_some("/mnt/ost1"),
        "is_mgs_too": false,
    });
    serde_json::from_value(seen).unwrap()
}

fn record(n: u128, name: &str) -> record::Server {
    record::Server {
        id: id(n),
        machine_id: format!("{n:032x}"),
        name: name.into(),
        certificate: None,
        certificate_next: None,
        is_managed: true,
        site: None,
        agent_version: String::new(),
        enrolled_at: Timestamp::UNIX_EPOCH,
        seen_at: None,
        revoked_at: None,
    }
}

/// Two servers, oss1 in standby, that see one target: it is mounted on oss2, Pacemaker says `node`.
fn world(node: &str) -> World {
    let mut world = World::default();
    let nodes = [
        ("oss1", HaNodeState::Standby),
        ("oss2", HaNodeState::Online),
    ];
    let nodes = nodes.map(|(name, state)| HaNode {
        name: name.into(),
        state,
        ..HaNode::default()
    });
    for (n, name) in [(1, "oss1"), (2, "oss2")] {
        let mut report = Report::default();
        report.identity.hostname = name.into();
        report.lustre = Some(Lustre {
            targets: vec![seen(n == 2)],
            ..Lustre::default()
        });
        report.ha = Some(Ha {
            is_running: true,
            cluster_name: Some("pair".into()),
            dc: Some("oss1".into()),
            nodes: nodes.to_vec(),
            resources: vec![HaResource {
                id: LABEL.into(),
                agent: "ocf:lustre:Lustre".into(),
                role: "Started".into(),
                nodes: vec![node.into()],
                is_managed: true,
                ..HaResource::default()
            }],
            constraints: vec![Constraint {
                id: "home".into(),
                kind: "location".into(),
                resource: LABEL.into(),
                with: "oss2".into(),
                score: "100".into(),
            }],
            ..Ha::default()
        });
        let report = Arc::new(report);
        world.insert(ServerEntry {
            record: record(n, name),
            state: ServerState::Online,
            report: Some(Arc::clone(&report)),
            is_fresh: true,
            seen_at: None,
            boot_id: None,
            clock_off_ms: None,
        });
        world.detector.put(id(n), report);
    }
    world.rename(&[id(1), id(2)]);
    world
}

fn cluster(world: &World) -> &HaCluster {
    let all: Vec<(&HaKey, &HaCluster)> = world.inventory().ha_clusters.iter().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].1
}

/// A spec that has the target at home on a server.
fn resolved(world: &World, home: u128, state: FsWanted) -> Resolved {
    let key = world.inventory().targets.keys().next().unwrap();
    let group = GroupPlace {
        spec: HaGroup {
            name: "pair".into(),
            ..HaGroup::default()
        },
        servers: vec![id(1), id(2)],
        addresses: Vec::new(),
    };
    Resolved {
        groups: vec![group],
        filesystems: vec![FsPlace {
            name: "lab".parse().unwrap(),
            key: None,
            state,
            mgs: MgsPlace::Unknown,
            mgt: None,
            mdts: Vec::new(),
            osts: vec![0],
            missing: Vec::new(),
        }],
        targets: vec![TargetPlace {
            label: LABEL.parse().unwrap(),
            fs: 0,
            key: Some(key.clone()),
            is_mgs_too: false,
            back_end: BackEnd::Ldiskfs,
            device: DeviceId("wwn:1".into()),
            pool: None,
            home: id(home),
            heirs: vec![id(3 - home)],
            group: Some(0),
            mount_point: String::new(),
            hidden: None,
            mkfs_options: None,
            mount_options: None,
        }],
        ..Resolved::default()
    }
}

fn codes(world: &World, resolved: &Resolved) -> Vec<(String, String)> {
    let ha = cluster(world);
    let keys = targets(world, ha);
    assert_eq!(keys.len(), 1);
    let row = Sides::new(world, ha, resolved).row(&keys[0]).unwrap();
    assert_eq!(row.mounted_on.len(), 1, "{row:?}");
    assert!(row.resource.is_some(), "{row:?}");
    let mut told: Vec<_> = row.disagreements.into_iter().collect();
    told.retain(|one| one.code != "target-not-registered");
    told.into_iter().map(|one| (one.code, one.text)).collect()
}

#[test]
fn what_agrees_is_not_marked() {
    let world = world("oss2");
    assert_eq!(codes(&world, &Resolved::default()), []);
    assert_eq!(codes(&world, &resolved(&world, 2, FsWanted::Mounted)), []);
}

#[test]
fn pacemaker_may_say_another_place_than_the_mount_tables() {
    let world = world("oss1");
    let told = codes(&world, &Resolved::default());
    assert_eq!(told[0].0, "ha-disagrees", "{told:?}");
    assert_eq!(told.len(), 1);
}

#[test]
fn the_spec_may_want_another_home_or_nothing_mounted() {
    let world = world("oss2");
    let told = codes(&world, &resolved(&world, 1, FsWanted::Mounted));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "spec-differs");
    assert!(
        told[0].1.starts_with("The spec has its home on"),
        "{told:?}"
    );
    let told = codes(&world, &resolved(&world, 2, FsWanted::Stopped));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.starts_with("The spec wants it down"), "{told:?}");
}

#[test]
fn a_server_is_out_of_service_by_its_node_or_by_the_spec() {
    let world = world("oss2");
    let names = |spec: &Spec| {
        let found = out::servers(&world, spec);
        let rows = found.iter().map(|one| out::row(&world, one));
        let told = rows.map(|row| (row.server.name, row.is_drained, row.mounted.len()));
        told.collect::<Vec<_>>()
    };
    let standby = (String::from("oss1"), false, 0);
    assert_eq!(names(&Spec::default()), std::slice::from_ref(&standby));
    let spec = Spec {
        servers: vec![ServerSpec {
            names: "oss[2-3]".into(),
            state: ServerWanted::Drained,
        }],
        ..Spec::default()
    };
    assert_eq!(names(&spec), [standby, ("oss2".into(), true, 1)]);
}
