//! Small sites as text, and what is concluded of them.

mod site;

use model::inventory::{Confidence, TargetKey, TargetState};
use proptest::prelude::*;
use site::{Site, server};

/// Target lines (`label state mounted_on [servers] home`), then file systems.
fn check(text: &str, expected: &str) {
    let site = Site::read(text);
    let found = site.detector().inventory().clone();
    let shown = site.show(&found);
    let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(
        shown.iter().map(String::as_str).collect::<Vec<_>>(),
        expected,
        "\n{text}"
    );
}

#[test]
fn a_pair_with_shared_devices_is_one_file_system() {
    check(
        "oss1 10.0.0.1@tcp: mount MGS on zpool:1; mount a-MDT0000 on wwn:2; knows a-MDT0000 a-OST0000
         oss2 10.0.0.2@tcp: mount a-OST0000 on wwn:3; sees wwn:2
         data a-MDT0000 mgs 10.0.0.1@tcp served by 10.0.0.1@tcp 10.0.0.2@tcp
         data a-OST0000 mgs 10.0.0.1@tcp served by 10.0.0.2@tcp 10.0.0.1@tcp",
        "MGS.zpool_1 mounted oss1 [oss1] -
         a-MDT0000 mounted oss1 [oss1 oss2] oss1
         a-OST0000 mounted oss2 [oss2 oss1] oss2
         fs a mgt MGS.zpool_1: certain",
    );
}

#[test]
fn what_the_mgs_names_and_nobody_shows_is_missing() {
    check(
        "mgs 10.0.0.1@tcp: mount MGS on wwn:1; mount a-MDT0000 on wwn:2; knows a-MDT0000 a-OST0003",
        "MGS.wwn_1 mounted mgs [mgs] -
         a-MDT0000 mounted mgs [mgs] -
         a-OST0003 missing  [] -
         fs a mgt MGS.wwn_1: weak",
    );
}

#[test]
fn the_log_of_the_mgs_tells_who_may_serve_a_target() {
    check(
        "mgs 10.0.0.1@tcp: mount MGS on wwn:1; knows a-OST0001=10.0.0.3@tcp+10.0.0.9@tcp a-OST0000=10.0.0.2@tcp+10.0.0.3@tcp
         oss1 10.0.0.2@tcp: mount MGS on wwn:9
         oss2 10.0.0.3@tcp: mount a-OST0000 on wwn:3
         data a-OST0000 mgs 10.0.0.1@tcp failing over to 10.0.0.3@tcp",
        "MGS.wwn_1 mounted mgs [mgs] -
         MGS.wwn_9 mounted oss1 [oss1] -
         a-OST0000 mounted oss2 [oss1 oss2] oss1
         a-OST0001 missing  [oss2] oss2
         fs a mgt MGS.wwn_1: weak",
    );
}

#[test]
fn what_is_missing_says_where_it_should_be() {
    let site = Site::read(
        "mgs 10.0.0.1@tcp: mount MGS on wwn:1; knows a-OST0001=10.0.0.3@tcp+10.0.0.9@tcp
         oss2 10.0.0.3@tcp: sees wwn:3",
    );
    let inventory = site.detector().inventory().clone();
    let target = &inventory.targets[&TargetKey("a-OST0001".into())];
    let concern = &target.concerns[0];
    assert_eq!(concern.code, "target-missing");
    assert_eq!(
        concern.text,
        "a-OST0001 is in the MGS log, but no server that reports here shows it. \
         By the log it is served by oss2, 10.0.0.9@tcp."
    );
}

#[test]
fn without_a_log_fail_over_nodes_are_no_home() {
    check(
        "oss1 10.0.0.1@tcp: mount a-OST0000 on wwn:1
         oss2 10.0.0.2@tcp: sees wwn:2
         data a-OST0000 mgs 10.0.0.9@tcp failing over to 10.0.0.2@tcp",
        "a-OST0000 mounted oss1 [oss2 oss1] -
         fs a external: good",
    );
}

#[test]
fn a_dark_server_makes_facts_stale_and_never_false() {
    check(
        "oss1 10.0.0.1@tcp silent: mount a-OST0000 on wwn:1
         oss2 10.0.0.2@tcp: sees wwn:1",
        "a-OST0000 stale oss1 [oss1 oss2] -
         fs a external: good",
    );
}

#[test]
fn a_takeover_from_a_dark_server_is_no_double_mount() {
    check(
        "oss1 10.0.0.1@tcp silent: mount a-OST0000 on wwn:1
         oss2 10.0.0.2@tcp: mount a-OST0000 on wwn:1
         data a-OST0000 mgs 10.0.0.9@tcp served by 10.0.0.1@tcp 10.0.0.2@tcp",
        "a-OST0000 mounted oss2 [oss1 oss2] oss1
         fs a external: good",
    );
}

#[test]
fn two_servers_that_both_report_it_mounted_are_an_alarm() {
    check(
        "oss1 10.0.0.1@tcp: mount a-OST0000 on wwn:1
         oss2 10.0.0.2@tcp: mount a-OST0000 on wwn:1",
        "a-OST0000 mounted-twice oss1 oss2 [oss1 oss2] -
         fs a external: conflict",
    );
}

#[test]
fn one_name_at_two_sites_is_two_file_systems() {
    check(
        "x1 10.0.0.1@tcp: mount MGS on wwn:1; mount a-OST0000 on wwn:2; knows a-OST0000
         y1 10.9.0.1@tcp: mount MGS on wwn:8; mount a-OST0000 on wwn:9; knows a-OST0000",
        "MGS.wwn_1 mounted x1 [x1] -
         MGS.wwn_8 mounted y1 [y1] -
         a-OST0000~10.0.0.1_tcp mounted x1 [x1] -
         a-OST0000~10.9.0.1_tcp mounted y1 [y1] -
         fs a~10.0.0.1_tcp mgt MGS.wwn_1: certain
         fs a~10.9.0.1_tcp mgt MGS.wwn_8: certain",
    );
}

#[test]
fn what_is_connected_to_an_mdt_is_there_somewhere() {
    let site = Site::read(
        "s1 10.0.0.1@tcp: mount MGS on wwn:1; mount a-MDT0000 on wwn:2; linked a-OST0001 from 10.0.0.5@tcp",
    );
    let mut detector = site.detector();
    let shown = site.show(detector.inventory());
    assert_eq!(shown[2], "a-OST0001 missing  [] -");
    let key = TargetKey("a-OST0001".into());
    let target = &detector.inventory().targets[&key];
    assert_eq!(target.unknown_servers, ["10.0.0.5@tcp"]);
    assert_eq!(
        target.concerns[0].text,
        "a-OST0001 is connected to an MDT from 10.0.0.5@tcp, but no server that reports here shows it."
    );
    let gone = Site::read("s1 10.0.0.1@tcp: mount MGS on wwn:1; mount a-MDT0000 on wwn:2");
    let changed = detector.put(server("s1"), gone.reports().remove(0).1);
    assert!(changed.targets.contains(&key));
    assert!(!detector.inventory().targets.contains_key(&key));
}

#[test]
fn what_only_pacemaker_tells_of_is_held_together_by_its_cluster() {
    check(
        "s1 10.0.0.1@tcp: cluster s1 s2; holds a-OST0000; runs a-OST0000 on s1
         s2 10.0.0.2@tcp: cluster s1 s2; holds a-OST0001; runs a-OST0001 on s2",
        "a-OST0000 mounted s1 [s1] s1
         a-OST0001 mounted s2 [s2] s2
         fs a external: weak",
    );
}

#[test]
fn a_link_that_is_down_is_told_unless_the_node_at_its_end_is() {
    let told = |text: &str| -> Vec<String> {
        let detector = Site::read(text).detector();
        let clusters = detector.inventory().ha_clusters.values();
        let all = clusters.flat_map(|cluster| cluster.concerns.clone());
        all.filter(|one| one.code == "ha-link-down")
            .map(|one| one.text)
            .collect()
    };
    assert_eq!(
        told(
            "s1 10.0.0.1@tcp: cluster s1 s2; link 10.1.0.1 to; link 10.2.0.1 to s2
             s2 10.0.0.2@tcp: cluster s1 s2; link 10.1.0.2 to; link 10.2.0.2 to s1"
        ),
        [
            "Corosync's link 1 of s1 (10.2.0.1) does not reach s2.",
            "Corosync's link 1 of s2 (10.2.0.2) does not reach s1."
        ]
    );
    let none: [&str; 0] = [];
    assert_eq!(
        told("s1 10.0.0.1@tcp: cluster s1 !s2; link 10.1.0.1 to s2"),
        none
    );
}

#[test]
fn a_target_carries_its_evidence() {
    let site = Site::read(
        "oss1 10.0.0.1@tcp: mount a-OST0000 on wwn:1
         data a-OST0000 mgs 10.0.0.9@tcp served by 10.0.0.1@tcp 10.0.0.2@tcp",
    );
    let detector = site.detector();
    let target = &detector.inventory().targets[&TargetKey("a-OST0000".into())];
    assert_eq!(target.state, TargetState::Mounted);
    assert_eq!(target.confidence, Confidence::Certain);
    assert_eq!(target.unknown_servers, ["10.0.0.2@tcp"]);
    let claims: Vec<_> = target
        .evidence
        .iter()
        .map(|e| format!("{} by {}", e.claim, e.sign))
        .collect();
    assert_eq!(
        claims,
        [
            "exists by mountdata",
            "home by mountdata",
            "may-serve by mountdata",
            "mounted by mount"
        ]
    );
}

const LINES: &[&str] = &[
    "s1 10.0.0.1@tcp: mount MGS on wwn:1; mount a-MDT0000 on wwn:2; knows a-MDT0000 a-OST0000",
    "s2 10.0.0.2@tcp: mount a-OST0000 on wwn:3; sees wwn:2; client a",
    "s2 10.0.0.2@tcp: mount a-OST0000 on wwn:3; mount a-MDT0000 on wwn:2",
    "s1 10.0.0.1@tcp: sees wwn:2; sees wwn:3",
    "s3 10.0.0.3@tcp: mount b-OST0000 on wwn:5; client a",
    "s3 10.0.0.3@tcp: mount a-OST0001 on wwn:5; mount MGS on wwn:6; knows a-OST0001",
    "s1 10.0.0.7@tcp: mount a-OST0000 on wwn:3",
    "s4 10.0.0.4@tcp: mount a-OST0002 on wwn:7; from 10.0.0.1@tcp; sees wwn:3",
    "s4 10.0.0.4@tcp: mount a-OST0002 on wwn:7; from 10.0.0.7@tcp; client a",
    "s4 10.0.0.4@tcp: mount a-OST0002 on path:7; client b; client a",
    "s5 10.0.0.5@tcp: mount a-OST0003 on wwn:8; from 10.0.0.7@tcp; mount b-OST0000 on wwn:5",
    "s5 10.0.0.1@tcp: named s1; mount a-OST0003 on zpool:8; pool zpool:8 of wwn:7",
    "s5 10.0.0.5@tcp: pool zpool:8 of wwn:2; cluster s4 s5; mount a-OST0003 on zpool:8; runs a-OST0003 on s4",
    "s4 10.0.0.4@tcp: named s5; cluster s4 s5; mount a-OST0003 on zpool:8; runs a-OST0003 on s5",
    "s6 10.0.0.6@tcp: mount MGS on wwn:9; knows a-MDT0000 a-OST0002 a-OST0003; cluster s6; runs MGS on s5",
    "s6 10.0.0.6@tcp: sees wwn:8; sees wwn:2; client a",
    "s1 10.0.0.1@tcp: mount MGS on wwn:1; knows a-OST0000=10.0.0.2@tcp+10.0.0.5@tcp a-OST0009=10.0.0.5@tcp+10.0.0.7@tcp",
    "s1 10.0.0.7@tcp: mount MGS on wwn:1; knows a-OST0000=10.0.0.5@tcp a-OST0009=10.0.0.7@tcp",
    "s1 10.0.0.1@tcp: mount a-MDT0000 on wwn:2; linked a-OST0000 from 10.0.0.2@tcp; linked a-OST0009 from 10.0.0.7@tcp",
    "s1 10.0.0.1@tcp: mount a-MDT0000 on wwn:2; linked a-OST0009 from 10.0.0.8@tcp; linked b-OST0000 from 10.0.0.3@tcp",
    "s5 10.0.0.5@tcp: cluster s4 s5; holds a-OST0003; runs a-OST0003 on s5",
    "s4 10.0.0.4@tcp: cluster s4 s5; holds a-OST0002; runs a-OST0002 on s4",
];

proptest! {
    /// Step by step gives what one look at everything gives.
    #[test]
    fn incremental_is_the_same_as_from_nothing(steps in prop::collection::vec((0..LINES.len(), 0..6_u8), 1..24)) {
        let mut detector = detect::Detector::new();
        let mut last = std::collections::BTreeMap::new();
        for (line, action) in steps {
            let site = Site::read(LINES[line]);
            let (id, report, _) = site.reports().remove(0);
            match action {
                0 => { detector.remove(id); last.remove(&id); }
                1 => {
                    detector.set_silent(id, true);
                    if let Some(entry) = last.get_mut(&id) { let (_, silent): &mut (_, bool) = entry; *silent = true; }
                }
                _ => { detector.put(id, report.clone()); last.insert(id, (report, false)); }
            }
        }
        let mut fresh = detect::Detector::new();
        fresh.put_all(last.into_iter().map(|(id, (report, silent))| (id, report, silent)).collect());
        prop_assert_eq!(detector.inventory(), fresh.inventory());
    }
}

#[test]
fn a_report_that_changes_nothing_changes_nothing() {
    let site = Site::read(LINES[0]);
    let mut detector = site.detector();
    let before = detector.inventory().clone();
    assert!(
        detector
            .put(server("s1"), site.reports().remove(0).1)
            .is_empty()
    );
    assert_eq!(*detector.inventory(), before);
}
