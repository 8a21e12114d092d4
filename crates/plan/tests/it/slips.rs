//! What goes on behind the plan's back, and is neither made worse nor repeated.

use crate::build::{plan, run};
use crate::site::Site;
use crate::text;
use crate::town::{Town, server};
use model::spec::Goal;
use model::step::Step;
use std::sync::Arc;

const PAIR: &str = "s[1-2] c1; d[1-9] on s[1-2]";
const HA: &str = "servers s[1-2],c1; group a s[1-2]";
const BARE: &str = "servers s[1-2],c1; group a s[1-2] none";

fn built(spec: &str) -> Town {
    let (mut town, spec) = (text::town(PAIR), text::spec(spec));
    let made = plan(&town, &spec, &[]);
    assert_eq!(text::trouble(&made), "");
    run(&mut town, &made);
    town
}

#[test]
fn an_mdt_moves_once_new_osts_are_up() {
    let town = built(&format!("{BARE}; fs lab: mdt d[1-2], ost d3"));
    let grown = text::spec(&format!("{BARE}; fs lab: mdt d[1-2], ost d[3-4]"));
    let goal = Goal::Failover {
        target: "lab-MDT0001".into(),
        to: None,
    };
    let made = plan(&town, &grown, std::slice::from_ref(&goal));
    assert_eq!(text::trouble(&made), "");
    let steps = text::steps(&town, &made.graph);
    let at = |what: &str| {
        steps
            .find(what)
            .unwrap_or_else(|| panic!("{what}: {steps}"))
    };
    assert!(at("mount OST0001") < at("unmount MDT0001"), "{steps}");
}

#[test]
fn what_is_mounted_by_hand_while_pacemaker_has_it_down_is_unmounted() {
    let mut town = built(&format!("{HA}; fs lab: mdt d1, ost d2"));
    let mounts = town.hosts["s1"].mounts.clone();
    let (path, point) = mounts.iter().next().expect("a target runs on s1");
    let down = text::spec(&format!("{HA}; fs lab stopped: mdt d1, ost d2"));
    let made = plan(&town, &down, &[]);
    run(&mut town, &made);
    assert_eq!(text::steps(&town, &plan(&town, &down, &[]).graph), "");
    let by_hand = &mut town.hosts.get_mut("s1").unwrap().mounts;
    by_hand.insert(path.clone(), point.clone());
    let made = plan(&town, &down, &[]);
    assert_eq!(text::trouble(&made), "");
    let steps = text::steps(&town, &made.graph);
    assert!(
        steps.starts_with("unmount ") && !steps.contains(';'),
        "{steps}"
    );
    run(&mut town, &made);
    assert_eq!(text::steps(&town, &plan(&town, &down, &[]).graph), "");
    let by_hand = &mut town.hosts.get_mut("s1").unwrap().mounts;
    by_hand.insert(path.clone(), "/mnt/elsewhere".into());
    let made = plan(&town, &down, &[]);
    let Some(Step::TargetUnmounted(step)) = made.graph.steps.first().map(|one| &one.step) else {
        panic!("{}", text::steps(&town, &made.graph));
    };
    assert_eq!(step.mount_point, "/mnt/elsewhere", "it is not at {point}");
}

#[test]
fn what_is_mounted_by_hand_beside_pacemaker_is_waited_for() {
    let spec = text::spec(&format!("{HA}; fs lab: mdt d1, ost d2"));
    let mut town = built(&format!("{HA}; fs lab: mdt d1, ost d2"));
    assert_eq!(text::trouble(&plan(&town, &spec, &[])), "");
    let cluster = town.cluster_of("s1");
    for resource in cluster.resources.values_mut() {
        resource.on = None;
    }
    let found = text::trouble(&plan(&town, &spec, &[]));
    assert!(found.contains("(ha-not-ours)"), "{found}");
}

#[test]
fn a_pool_that_cannot_be_looked_into_is_not_taken_for_an_empty_one() {
    let spec = format!("{BARE}; fs lab zfs: mdt d1, ost d[2-3]");
    let town = built(&spec);
    let mut site = Site::of(&town);
    let mut all = Vec::new();
    for (id, report) in &mut site.reports {
        Arc::make_mut(report).datasets = None;
        all.push((*id, Arc::clone(report), false));
    }
    let mut detector = detect::Detector::new();
    detector.put_all(all);
    site.inventory = detector.inventory().clone();
    let made = plan::plan(&text::spec(&spec), site.world(), &[], &[]);
    assert!(!made.has_errors(), "{:?}", made.findings);
    assert_eq!(text::steps(&town, &made.graph), "");
}

#[test]
fn a_node_that_is_back_is_not_off_because_it_was_fenced() {
    let fs = "fs lab: mdt d1, ost d2";
    let mut town = built(&format!("{HA}; {fs}"));
    town.hosts.get_mut("s1").unwrap().is_silent = true;
    let gone = text::spec(&format!("{HA}; fs lab absent: mdt d1, ost d2"));
    let mut site = Site::of(&town);
    let node = |site: &mut Site, state| {
        let s2 = Arc::make_mut(site.reports.get_mut(&server("s2")).unwrap());
        let ha = s2.ha.as_mut().unwrap();
        for node in ha.nodes.iter_mut().filter(|node| node.name == "s1") {
            node.state = state;
        }
        ha.fence_history = vec![model::report::FenceEvent {
            target: "s1".into(),
            action: "reboot".into(),
            status: "success".into(),
            at: s2.at,
        }];
        let all = site.reports.iter();
        let all = all.map(|(id, report)| (*id, Arc::clone(report), *id == server("s1")));
        let mut detector = detect::Detector::new();
        detector.put_all(all.collect::<Vec<_>>());
        site.inventory = detector.inventory().clone();
    };
    node(&mut site, model::report::HaNodeState::Online);
    let made = plan::plan(&gone, site.world(), &[], &[]);
    assert!(
        text::trouble(&made).contains("(fence-unproven)"),
        "{}",
        text::trouble(&made)
    );
    node(&mut site, model::report::HaNodeState::Offline);
    let made = plan::plan(&gone, site.world(), &[], &[]);
    assert!(
        !text::trouble(&made).contains("(fence-unproven)"),
        "{}",
        text::trouble(&made)
    );
}

#[test]
fn a_target_whose_mount_is_under_way_elsewhere_is_left_alone() {
    let spec = format!("{BARE}; fs lab: mdt d1, ost d2");
    let mut town = built(&spec);
    let ost = "lab-OST0000".parse().unwrap();
    let home = ["s1", "s2"].into_iter().find(|host| {
        let mounts = &town.hosts[*host].mounts;
        mounts.values().any(|at| at.ends_with("ost0000"))
    });
    let home = home.expect("the OST is mounted");
    let other = if home == "s1" { "s2" } else { "s1" };
    let of = town.hosts.get_mut(home).unwrap();
    of.mounts.retain(|_, at| !at.ends_with("ost0000"));
    let mut site = Site::of(&town);
    let made = |site: &Site| plan::plan(&text::spec(&spec), site.world(), &[], &[]);
    assert!(text::steps(&town, &made(&site).graph).contains("mount OST0000"));
    let report = Arc::make_mut(site.reports.get_mut(&server(other)).unwrap());
    report.lustre.as_mut().unwrap().opened = vec![ost];
    let made = made(&site);
    assert_eq!(text::steps(&town, &made.graph), "");
    let found = text::trouble(&made);
    assert!(found.contains("(fence-unproven)"), "{found}");
}

#[test]
fn an_mgs_is_not_made_where_those_that_are_there_do_not_look_for_it() {
    let mut town = built(&format!("{BARE}; fs lab: mdt d[1-2], ost d3"));
    // Its device is gone, and a new one stands at a server that nobody was told of.
    for host in town.hosts.values_mut() {
        host.mounts.clear();
    }
    town.disks.remove("d1");
    let spec = text::spec("servers s[1-2],c1; group a s[1-2] none; fs lab: mdt d[4,2], ost d3");
    let mut site = Site::of(&town);
    let elsewhere = "192.0.2.7@tcp".parse::<lustre::nid::Nid>().unwrap();
    for fs in site.inventory.filesystems.values_mut() {
        fs.mgs_told = vec![elsewhere.clone()];
    }
    let made = plan::plan(&spec, site.world(), &[], &[]);
    let found = text::trouble(&made);
    assert!(found.contains("(mgs-waited)"), "{found}");
    assert!(!text::steps(&town, &made.graph).contains("format"));
}

#[test]
fn a_server_that_pacemaker_is_told_to_spare_is_no_heir() {
    let spec = format!("{HA}; fs lab: mdt d1, ost d2");
    let town = built(&spec);
    let mut site = Site::of(&town);
    let ost = site.inventory.targets.values();
    let mut ost = ost.filter(|one| one.label.to_string() == "lab-OST0000");
    let ost = ost.next().cloned().unwrap();
    let home = *ost.mounted_on.first().unwrap();
    let other = if home == server("s1") { "s2" } else { "s1" };
    let mut planner = plan::Planner::new();
    let same = Arc::new(text::spec(&spec));
    let none = std::collections::BTreeSet::new();
    planner.plan(&same, site.world(), &none, &[], &[]);
    for cluster in site.inventory.ha_clusters.values_mut() {
        cluster.constraints.push(model::report::Constraint {
            id: "location-it".into(),
            kind: "location".into(),
            resource: ost.ha_resource.clone().unwrap(),
            with: other.into(),
            score: "-INFINITY".into(),
        });
    }
    let over = Goal::Failover {
        target: "lab-OST0000".into(),
        to: None,
    };
    let made = plan::plan(
        &text::spec(&spec),
        site.world(),
        std::slice::from_ref(&over),
        &[],
    );
    let found = text::trouble(&made);
    assert!(found.contains("(heir-absent)"), "{found}");
    // And so by the planner that keeps what it knew before.
    let changed = [server("s1"), server("s2")].into();
    let kept = planner.plan(
        &same,
        site.world(),
        &changed,
        std::slice::from_ref(&over),
        &[],
    );
    assert_eq!(text::trouble(&kept), found);
}

#[test]
fn pacemaker_is_told_no_device_that_its_home_does_not_show() {
    let mut town = built(HA);
    let spec = text::spec(&format!("{HA}; fs lab: mdt d1, ost d2"));
    let made = plan(&town, &spec, &[]);
    // All but the last: the OST is registered, and Pacemaker does not have it yet.
    let mut begun = made.clone();
    begun.graph.steps.retain(|one| {
        let title = one.step.facts().title;
        !(title.contains("OST0000") && title.contains("Pacemaker"))
    });
    run(&mut town, &begun);
    let mut site = Site::of(&town);
    let again = plan::plan(&spec, site.world(), &[], &[]);
    assert!(
        text::steps(&town, &again.graph).contains("OST0000"),
        "{again:?}"
    );
    let ost = site.inventory.targets.values();
    let mut ost = ost.filter(|one| one.label.to_string() == "lab-OST0000");
    let device = ost.next().and_then(|one| one.device.clone()).unwrap();
    let home = again.graph.steps[0].on;
    let known = site.inventory.devices.get_mut(&device).unwrap();
    known.paths.remove(&home);
    let report = Arc::make_mut(site.reports.get_mut(&home).unwrap());
    let devices = report.devices.as_mut().unwrap();
    devices.retain(|one| one.id != device);
    let again = plan::plan(&spec, site.world(), &[], &[]);
    let found = text::trouble(&again);
    assert!(found.contains("(target-gone)"), "{found}");
}

/// A pair with Pacemaker, its disks under these names: on the first server, on the
/// second. The trouble of its plan, and what Pacemaker would be told.
fn told(first: &[&str], second: &[&str]) -> (String, String) {
    let town = built(HA);
    let spec = text::spec(&format!("{HA}; fs lab: mdt d1, ost d2"));
    let mut site = Site::of(&town);
    let named = |paths: &[&str]| -> Vec<String> { paths.iter().map(ToString::to_string).collect() };
    for (name, paths) in [("s1", named(first)), ("s2", named(second))] {
        let report = site.reports.get_mut(&server(name)).unwrap();
        let report = Arc::make_mut(report);
        for device in report.devices.iter_mut().flatten() {
            let fill = |path: &String| path.replace("ID", device.id.0.trim_start_matches("wwn:"));
            device.links = paths.iter().map(fill).collect();
        }
    }
    let made = plan::plan(&spec, site.world(), &[], &[]);
    let told = made.graph.steps.iter().find_map(|one| match &one.step {
        Step::ResourcePresent(step) => Some(step.resource.device.clone()),
        _ => None,
    });
    (text::trouble(&made), told.unwrap_or_default())
}

#[test]
fn pacemaker_is_told_a_name_that_all_servers_have_for_good() {
    let mixed = [
        "/dev/disk/by-id/ata-ID",
        "/dev/disk/by-id/wwn-ID",
        "/dev/disk/by-path/pci-ID",
    ];
    for (first, second, expected) in [
        (&mixed[..], &mixed[..], "/dev/disk/by-id/wwn-d1"),
        // One of them alone has the better name.
        (&mixed, &mixed[..1], "/dev/disk/by-id/ata-d1"),
        (
            &["/dev/mapper/map-ID"],
            &["/dev/sdq", "/dev/mapper/map-ID"],
            "/dev/mapper/map-d1",
        ),
        (
            &["/dev/disk/by-id/wwn-ID", "/dev/disk/by-id/dm-uuid-mpath-ID"],
            &["/dev/disk/by-id/wwn-ID", "/dev/disk/by-id/dm-uuid-mpath-ID"],
            "/dev/disk/by-id/dm-uuid-mpath-d1",
        ),
    ] {
        let (trouble, told) = told(first, second);
        assert_eq!((trouble.as_str(), told.as_str()), ("", expected));
    }
    let by_place = ["/dev/disk/by-path/pci-ID", "/dev/disk/by-uuid/ID"];
    for (first, second) in [
        (&[][..], &[][..]),
        (&by_place, &by_place),
        // Each names its maps as it likes.
        (&["/dev/mapper/a-ID"], &["/dev/mapper/b-ID"]),
    ] {
        let (trouble, told) = told(first, second);
        assert!(trouble.contains("(no-stable-path)"), "{trouble}");
        assert_eq!(told, "");
    }
}
