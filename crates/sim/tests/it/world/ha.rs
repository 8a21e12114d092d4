//! Corosync and Pacemaker: set up by the agent's steps, and what they do by
//! themselves when a server is lost.

use super::hand::{Hand, Target, host};
use super::ldiskfs::targets;
use agent::steps::{Work, carry_out};
use model::job::Outcome;
use model::report::HaNodeState;
use model::step::{
    CorosyncConfigured, CorosyncNode, FenceConfigured, HaProperties, ResourcePlaced,
    ResourcePresent, ResourceRole, Secret, ServerPrepared, ServiceSet, Standby, Step,
    TargetResource,
};
use sim::world::power;
use sim::world::record::Happening;
use std::collections::BTreeMap;

pub const PAIR: [&str; 2] = ["oss01", "oss02"];

fn secrets() -> BTreeMap<Secret, Vec<u8>> {
    BTreeMap::from([
        (Secret(String::from("corosync-b")), vec![7; 128]),
        (Secret(String::from("bmc")), b"x".to_vec()),
    ])
}

/// Lets an agent make a step so, with secrets.
pub fn make(hand: &Hand, name: &str, step: impl Into<Step>) {
    let step = step.into();
    match carry(hand, name, &step) {
        Outcome::Done { .. } => {}
        other => panic!("{} on {name}: {other:?}", step.kind()),
    }
}

pub fn carry(hand: &Hand, name: &str, step: &Step) -> Outcome {
    let door = hand.door(name);
    let work = Work {
        hands: &door,
        secrets: &secrets(),
        console: &|entry| {
            println!(
                "{name}: {} -> {:?} {}{}",
                entry.line, entry.exit, entry.stdout, entry.stderr
            );
        },
        is_cancelled: &|| false,
    };
    carry_out(step, &work)
}

fn nodes() -> Vec<CorosyncNode> {
    let nodes = PAIR.iter().zip(3..).zip(1..);
    nodes
        .map(|((name, last), id)| CorosyncNode {
            name: (*name).to_owned(),
            id,
            addresses: vec![format!("10.10.0.{last}"), format!("10.20.0.{last}")],
        })
        .collect()
}

fn fence(node: &str) -> FenceConfigured {
    FenceConfigured {
        cluster: String::from("b"),
        node: node.to_owned(),
        agent: String::from("fence_ipmilan"),
        parameters: [("ip", "10.1.0.1"), ("username", "admin"), ("lanplus", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        secrets: BTreeMap::from([(String::from("password"), Secret(String::from("bmc")))]),
        keeps_only: false,
    }
}

/// Both servers of the pair run Pacemaker, and fence each other.
pub fn set_up(hand: &Hand) {
    for name in PAIR {
        let config = CorosyncConfigured {
            cluster: String::from("b"),
            nodes: nodes(),
            was: Vec::new(),
            key: Secret(String::from("corosync-b")),
        };
        make(hand, name, config);
    }
    for name in PAIR {
        for unit in ["corosync.service", "pacemaker.service"] {
            let set = ServiceSet {
                unit: unit.to_owned(),
                is_running: true,
                is_enabled: Some(true),
            };
            make(hand, name, set);
        }
    }
    hand.wait(10);
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let properties = HaProperties {
        cluster: String::from("b"),
        properties: pairs(&[("stonith-enabled", "true"), ("no-quorum-policy", "stop")]),
        defaults: pairs(&[
            ("resource-stickiness", "1000"),
            ("migration-threshold", "3"),
            ("failure-timeout", "20m"),
        ]),
    };
    make(hand, "oss01", properties);
    for on in PAIR {
        for node in PAIR {
            make(hand, on, fence(node));
        }
    }
}

fn resource(target: &Target) -> TargetResource {
    let other = if target.server == "oss01" {
        "oss02"
    } else {
        "oss01"
    };
    TargetResource {
        label: target.label.parse().unwrap(),
        id: target.label.clone(),
        cluster: String::from("b"),
        device: target.device.path.clone(),
        mount_point: target.mount_point(),
        zpool: None,
        top: None,
        nodes: vec![target.server.clone(), other.to_owned()],
        barred: Vec::new(),
    }
}

/// A file system whose OSTs Pacemaker runs.
pub fn with_targets() -> (Hand, Vec<TargetResource>) {
    let hand = Hand::new();
    hand.lnet();
    set_up(&hand);
    let targets = targets();
    for target in &targets {
        make(&hand, &target.server, target.format());
        if !target.is_mgs_too {
            make(&hand, &target.server, target.register());
        }
        if target.is_mgs_too {
            make(&hand, &target.server, target.mount());
        }
    }
    let resources: Vec<TargetResource> = targets[1..].iter().map(resource).collect();
    for resource in &resources {
        for name in PAIR {
            let folder = ServerPrepared {
                label: resource.label.clone(),
                mount_point: resource.mount_point.clone(),
                has_pool: false,
            };
            make(&hand, name, folder);
        }
        make(
            &hand,
            "oss01",
            ResourcePresent {
                resource: resource.clone(),
            },
        );
        let started = ResourceRole {
            resource: resource.clone(),
            is_started: true,
        };
        make(&hand, "oss02", started);
    }
    hand.wait(30);
    (hand, resources)
}

/// Where a target really is mounted.
fn really_on(hand: &Hand, resource: &TargetResource) -> Vec<String> {
    let world = hand.world();
    let running = world.lustre.running.iter();
    let here = running.filter(|(_, one)| one.is_started && one.label == resource.label);
    here.map(|((host, _), _)| host.0.clone()).collect()
}

/// No target ever was in use on two hosts at once.
fn never_twice(hand: &Hand) {
    let world = hand.world();
    let mut used: BTreeMap<String, String> = BTreeMap::new();
    for record in world.records_after(0) {
        match &record.what {
            Happening::Mounted { host, target, .. } => {
                let before = used.insert(target.clone(), host.0.clone());
                assert_eq!(before, None, "{target} at {:?}", record.at);
            }
            Happening::Unmounted { target, .. } => {
                used.remove(target);
            }
            _ => {}
        }
    }
}

/// What a node reports of a resource: role and nodes.
fn reported(hand: &Hand, on: &str, resource: &TargetResource) -> (String, Vec<String>) {
    let ha = hand.report(on).ha.unwrap();
    let found = ha
        .resources
        .iter()
        .find(|one| one.id == resource.id)
        .unwrap();
    (found.role.clone(), found.nodes.clone())
}

fn states(hand: &Hand, on: &str) -> Vec<HaNodeState> {
    let ha = hand.report(on).ha.unwrap();
    ha.nodes.iter().map(|node| node.state).collect()
}

fn started(node: &str) -> (String, Vec<String>) {
    (String::from("Started"), vec![node.to_owned()])
}

#[test]
fn blank_hosts_become_a_cluster() {
    let hand = Hand::new();
    set_up(&hand);
    hand.wait(10);
    for name in PAIR {
        let report = hand.report(name);
        let unread: Vec<_> = report
            .unread
            .iter()
            .filter(|one| one.section == "ha")
            .collect();
        assert!(unread.is_empty(), "{unread:?}");
        let ha = report.ha.unwrap();
        assert_eq!(ha.cluster_name.as_deref(), Some("b"));
        assert_eq!(
            (ha.has_quorum, ha.fencing_enabled),
            (Some(true), Some(true))
        );
        assert_eq!(ha.dc.as_deref(), Some("oss01"));
        assert_eq!(states(&hand, name), [HaNodeState::Online; 2]);
        assert!(ha.fence_devices.iter().all(|device| device.is_running));
        assert_eq!(ha.fence_devices[1].hosts, ["oss02"]);
        let corosync = ha.corosync.unwrap();
        assert!(corosync.members.iter().all(|member| member.is_joined));
        assert_eq!(corosync.links.len(), 2);
        assert_eq!(corosync.votes.unwrap().is_quorate, Some(true));
    }
}

#[test]
fn a_lost_server_is_fenced_and_its_targets_taken_over() {
    let (hand, resources) = with_targets();
    for (resource, home) in resources.iter().zip(PAIR) {
        assert_eq!(really_on(&hand, resource), [home]);
        assert_eq!(reported(&hand, "oss01", resource), started(home));
        assert_eq!(reported(&hand, "oss02", resource), started(home));
    }
    power::cut(&mut hand.world(), &host("oss01"), "crash");
    hand.wait(30);
    assert_eq!(
        really_on(&hand, &resources[0]),
        [""; 0],
        "its token is waited for"
    );
    hand.wait(90);
    assert_eq!(really_on(&hand, &resources[0]), ["oss02"]);
    assert_eq!(reported(&hand, "oss02", &resources[0]), started("oss02"));
    let ha = hand.report("oss02").ha.unwrap();
    let event = &ha.fence_history[0];
    assert_eq!(
        (event.target.as_str(), event.status.as_str()),
        ("oss01", "success")
    );
    // It comes back, and nothing moves.
    hand.wait(180);
    assert_eq!(states(&hand, "oss01"), [HaNodeState::Online; 2]);
    assert_eq!(reported(&hand, "oss01", &resources[0]), started("oss02"));
    let placed = ResourcePlaced {
        resource: resources[0].clone(),
        node: String::from("oss01"),
    };
    make(&hand, "oss02", placed);
    hand.wait(30);
    assert_eq!(really_on(&hand, &resources[0]), ["oss01"]);
    assert_eq!(reported(&hand, "oss01", &resources[0]), started("oss01"));
    never_twice(&hand);
}

#[test]
fn without_fencing_nothing_is_taken_over() {
    for (answers, works) in [(false, true), (true, false)] {
        let (hand, resources) = with_targets();
        {
            let mut world = hand.world();
            for name in PAIR {
                let state = world.hosts.get_mut(&host(name)).unwrap();
                (state.bmc.answers, state.bmc.works) = (answers, works);
            }
            world.cut_off(&host("oss01"), true);
        }
        hand.wait(600);
        assert_eq!(really_on(&hand, &resources[0]), ["oss01"]);
        assert_eq!(states(&hand, "oss02")[0], HaNodeState::Unclean);
        let ha = hand.report("oss02").ha.unwrap();
        assert_eq!(ha.fence_history[0].status, "failed");
        never_twice(&hand);
    }
}

#[test]
fn a_server_in_standby_runs_nothing() {
    let (hand, resources) = with_targets();
    let standby = |is_on| Standby {
        node: String::from("oss02"),
        is_on,
    };
    make(&hand, "oss02", standby(true));
    for resource in &resources {
        hand.wait(20);
        assert_eq!(really_on(&hand, resource), ["oss01"]);
    }
    assert_eq!(states(&hand, "oss01")[1], HaNodeState::Standby);
    make(&hand, "oss01", standby(false));
    hand.wait(60);
    assert_eq!(
        really_on(&hand, &resources[1]),
        ["oss01"],
        "what runs is sticky"
    );
    never_twice(&hand);
}

#[test]
fn what_an_admin_stops_by_hand_is_started_again() {
    let (hand, resources) = with_targets();
    hand.run("oss01", &["umount", &resources[0].mount_point]);
    hand.wait(60);
    assert_eq!(really_on(&hand, &resources[0]), ["oss01"]);
    let ha = hand.report("oss02").ha.unwrap();
    let found = ha.resources.iter().find(|one| one.id == resources[0].id);
    assert_eq!(found.unwrap().n_failures, 1);
    let (exit, text, _) = hand.run(
        "oss02",
        &["crm_resource", "--resource", &resources[0].id, "--cleanup"],
    );
    assert_eq!(exit, 0);
    assert!(
        text.contains("Cleaned up scratch-OST0000 on oss01\n"),
        "{text}"
    );
    hand.wait(5);
    assert_eq!(reported(&hand, "oss01", &resources[0]), started("oss01"));
}

#[test]
fn what_is_deleted_while_it_runs_is_stopped() {
    let (hand, resources) = with_targets();
    for xpath in [
        "//rsc_location[@rsc='scratch-OST0000']",
        "//primitive[@id='scratch-OST0000']",
    ] {
        let delete = ["cibadmin", "--delete-all", "--force", "--xpath", xpath];
        assert_eq!(hand.run("oss02", &delete).0, 0);
    }
    hand.wait(60);
    assert_eq!(really_on(&hand, &resources[0]), [""; 0]);
    assert_eq!(reported(&hand, "oss01", &resources[1]), started("oss02"));
}

#[test]
fn of_two_that_lose_each_other_one_stays() {
    let (hand, resources) = with_targets();
    hand.world()
        .cut_between(&host("oss01"), &host("oss02"), true);
    hand.wait(120);
    let places: Vec<Vec<String>> = resources.iter().map(|one| really_on(&hand, one)).collect();
    assert_eq!(places[0], places[1]);
    assert_eq!(places[0].len(), 1);
    never_twice(&hand);
}

#[test]
fn a_server_that_cannot_stop_a_target_is_fenced() {
    let (hand, resources) = with_targets();
    hand.world().stick(&host("oss01"), "umount", true);
    let line = [
        "crm_resource",
        "--resource",
        &resources[0].id,
        "--move",
        "--node",
        "oss02",
    ];
    assert_eq!(hand.run("oss02", &line).0, 0);
    hand.wait(600);
    assert_eq!(really_on(&hand, &resources[0]), ["oss02"]);
    let ha = hand.report("oss02").ha.unwrap();
    assert_eq!(ha.fence_history[0].target, "oss01");
    never_twice(&hand);
}

#[test]
fn a_server_that_hangs_is_fenced_and_fences_nobody() {
    let (hand, resources) = with_targets();
    hand.world().hang(&host("oss01"));
    hand.wait(240);
    let world = hand.world();
    let downs = world
        .records_after(0)
        .filter_map(|record| match &record.what {
            Happening::Down { host, why } => Some((host.0.clone(), why.clone())),
            _ => None,
        });
    let fenced = (String::from("oss01"), String::from("fenced"));
    assert_eq!(downs.collect::<Vec<_>>(), [fenced]);
    drop(world);
    for resource in &resources {
        assert_eq!(really_on(&hand, resource), ["oss02"], "{}", resource.label);
    }
    never_twice(&hand);
}
