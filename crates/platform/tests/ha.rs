//! The high availability readers over whole fixture files: exact counts and
//! values, and no panic on any damage.

use std::path::PathBuf;

use platform::{ha, inspect};
use stdx::reading::{Collected, Kind, Sample};

fn fixture(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let found = std::fs::read(root.join(path)).ok();
    if found.is_none() {
        println!("skipped: {path} is absent");
    }
    found
}

fn kind(name: &str) -> &'static Kind {
    ha::kinds()
        .into_iter()
        .find(|kind| kind.name == name)
        .expect("a known kind")
}

/// Fixture, the kind it must be taken for among all, records, skips.
const FILES: &[(&str, &str, u64, usize)] = &[
    ("ha/corosync.conf", "corosync-conf", 7, 0),
    ("ha/pcs-resources/corosync.conf", "corosync-conf", 5, 0),
    (
        "ha/pcs-resources/corosync-3nodes-qdevice-heuristics.conf",
        "corosync-conf",
        6,
        0,
    ),
    ("ha/corosync-cfgtool-s.txt", "corosync-cfgtool", 2, 0),
    ("ha/suse/corosync-cfgtool.txt", "corosync-cfgtool", 3, 0),
    ("ha/cmapctl-1.txt", "corosync-cmapctl", 18, 0),
    ("ha/corosync-cmapctl-totem.txt", "corosync-cmapctl", 14, 0),
    ("ha/cmapctl-stats.txt", "corosync-cmapctl", 20, 0),
    ("ha/pcs-quorum-status.txt", "corosync-quorum", 4, 0),
    ("ha/pcs-quorum-status-invalid.txt", "corosync-quorum", 4, 1),
    ("ha/pcs-status-pcmk1.txt", "pcs-status", 15, 0),
    ("ha/pcs-status-tripleo.txt", "pcs-status", 40, 0),
    ("ha/pcs-status-openstack.txt", "pcs-status", 153, 0),
    ("ha/pacemaker-cts/crm_mon-04.txt", "crm-mon-text", 51, 0),
    ("ha/pacemaker-cts/crm_mon-40.txt", "crm-mon-text", 37, 0),
    (
        "ha/pacemaker-scheduler/bug-5059.summary.txt",
        "crm-simulate",
        63,
        0,
    ),
    (
        "ha/pacemaker-scheduler/failcount.summary.txt",
        "crm-simulate",
        52,
        0,
    ),
    ("ha/pacemaker-log.txt", "ha-log", 10, 0),
    ("ha/suse/sbd-dump.txt", "sbd", 1, 0),
    ("ha/suse/drbdsetup-status.json", "drbd-status", 2, 0),
];

#[test]
fn every_fixture_is_known_and_read_whole() {
    let mut wrong = Vec::new();
    for &(path, want, records, skips) in FILES {
        let Some(input) = fixture(path) else { continue };
        let sample = Sample {
            name: "",
            head: &input[..input.len().min(65536)],
        };
        let name = inspect::guess(sample).map_or("none", |(kind, _)| kind.name);
        let mut sink = Collected::counting();
        (kind(want).read)(&input, &mut sink);
        if name != want || sink.n_records() != records || sink.skips.len() != skips {
            wrong.push(format!(
                "{path}: {name}, {:?}, {} skips {:?}",
                sink.counts,
                sink.skips.len(),
                sink.skips.iter().take(3).collect::<Vec<_>>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crmsh_and_xml_of_the_same_configuration_read_the_same() {
    for name in [
        "constraint-colocation",
        "constraint-location-rule",
        "constraint-location",
        "constraint-order",
        "group-es-emf-docker",
        "resource-template",
    ] {
        let both = ["crmsh", "xml"].map(|end| fixture(&format!("ha/cib-fragments/{name}.{end}")));
        let [Some(words), Some(xml)] = both else {
            continue;
        };
        let sorted = |mut found: ha::cib::Cib| {
            for one in &mut found.resources {
                one.parameters.sort();
                one.operations.sort();
                for (_, settings) in &mut one.operations {
                    settings.sort();
                }
            }
            found
        };
        let (words, xml) = (ha::crmsh::parse(&words), ha::cib::parse(&xml));
        assert_eq!(words.1, [], "{name}");
        assert_eq!(sorted(words.0), sorted(xml.0), "{name}");
    }
}

#[test]
fn a_status_of_pacemaker_1_is_read() {
    let Some(input) = fixture("ha/pcs-status-pcmk1.txt") else {
        return;
    };
    let (found, skips) = ha::status::parse(&input);
    assert_eq!(skips, []);
    let cluster = &found.cluster;
    assert_eq!(
        (cluster.dc.as_deref(), cluster.has_quorum),
        (Some("test-host1"), Some(true))
    );
    let nodes: Vec<_> = cluster
        .nodes
        .iter()
        .map(|one| (one.name.as_str(), one.id.as_str(), one.online, one.is_dc))
        .collect();
    assert_eq!(
        nodes,
        [
            ("test-host1", "1", true, true),
            ("test-host2", "2", true, false)
        ]
    );
    let one = &cluster.resources[0];
    assert_eq!((one.role.as_str(), one.n_failures), ("Stopped", 2_000_000));
    assert_eq!(cluster.failures[1].operation, "clusterfence_start_0");
    let fenced: Vec<_> = cluster
        .fenced
        .iter()
        .map(|one| (one.target.as_str(), one.status.as_str()))
        .collect();
    assert_eq!(fenced, [("test-HOST2", "failed"), ("test-host2", "failed")]);
    assert_eq!(
        cluster.fenced[0].completed.as_deref(),
        Some("Thu Feb 17 16:40:23 2022")
    );
    let daemons: Vec<_> = found.services.iter().map(|one| &one.state).collect();
    assert_eq!(daemons.len(), 5);
    assert_eq!(daemons[4], "active/enabled");
}

#[test]
fn a_heuristic_arbiter_is_read() {
    let Some(input) = fixture("ha/pcs-resources/corosync-3nodes-qdevice-heuristics.conf") else {
        return;
    };
    let (found, _) = ha::corosync_conf::parse(&input);
    let device = found.quorum.and_then(|q| q.device).expect("a device");
    assert_eq!(device.host.as_deref(), Some("127.0.0.1"));
    assert_eq!(device.heuristics["exec_ls"], "/usr/bin/test -f /tmp/test");
    let names: Vec<_> = found.nodes.iter().filter_map(|n| n.name.clone()).collect();
    assert_eq!(names, ["rh7-1", "rh7-2", "rh7-3"]);
}

#[test]
fn a_faulty_ring_is_seen() {
    let Some(input) = fixture("ha/suse/corosync-cfgtool.txt") else {
        return;
    };
    let (found, _) = ha::cfgtool::parse(&input);
    let states: Vec<_> = found.links.iter().map(ha::cfgtool::Link::is_up).collect();
    assert_eq!(states, [Some(false), Some(true)]);
    assert_eq!(found.local_node, Some(16_777_226));
}

#[test]
fn any_cut_or_flip_of_a_file_is_read_without_panic() {
    for &(path, name, ..) in FILES {
        let Some(input) = fixture(path) else { continue };
        let mut damaged = input.clone();
        let step = (input.len() / 60).max(1);
        for at in (0..input.len()).step_by(step) {
            let mut sink = Collected::counting();
            (kind(name).read)(&input[..at], &mut sink);
            damaged[at] = damaged[at].wrapping_add(129);
            (kind(name).read)(&damaged, &mut sink);
            let _ = inspect::guess(Sample {
                name: "",
                head: &input[..at.min(65536)],
            });
        }
    }
}
