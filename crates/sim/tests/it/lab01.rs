//! `lab01` is shown as it was.

use crate::site::{Site, fixture};
use model::inventory::TargetState;
use model::report::RecoveryState;

const RAW: &str = "live-lustre-2.17.0";

/// `label` of every mounted target in a recorded mount table.
fn mounted(table: &str) -> Vec<String> {
    let options = table
        .lines()
        .filter_map(|line| line.split("svname=").nth(1));
    let mut labels: Vec<String> = options
        .map(|rest| rest.split([',', ')']).next().unwrap().to_owned())
        .collect();
    labels.sort();
    labels
}

fn running_on(site: &Site, server: &str) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for target in site.found().targets.values() {
        let is_up = matches!(target.state, TargetState::Mounted | TargetState::Recovering);
        if is_up && target.mounted_on.iter().any(|id| site.name(id) == server) {
            labels.push(target.label.to_string());
        }
    }
    labels.sort();
    labels
}

/// What is mounted where at each moment of the replay, as it was recorded.
const STORY: &[(&str, &str, &str, &str)] = &[
    ("node1", "00-before-modules", "", ""),
    ("node2", "06-before", "", ""),
    ("node1", "01-lnet", "", ""),
    ("node1", "02-mounted", "MGS M0 M1 O0 O1 O2 O3", ""),
    ("node1", "06-dead", "", ""),
    ("node2", "06-takeover", "", "MGS M0 O0"),
    ("node2", "06-recovered", "", "MGS M0 M1 O0 O1 O2"),
    ("node2", "06-client", "", "MGS M0 M1 O0 O1 O2"),
    ("node1", "06-client", "", "MGS M0 M1 O0 O1 O2"),
    ("node1", "06-back", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "03-running", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "04-admin", "O3", "MGS M0 M1 O0 O1 O2"),
    (
        "node2",
        "04-snapshot",
        "O3",
        "S-M0 S-M1 S-O0 S-O1 S-O2 MGS M0 M1 O0 O1 O2",
    ),
    ("node2", "04-snapshot-gone", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-ost-umount", "O3", "MGS M0 M1 O0 O2"),
    ("node2", "05-ost-recovery", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-ost-recovered", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-evict", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-abort-recovery", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-mgs-down", "O3", "M0 M1 O0 O1 O2"),
    ("node2", "05-ost-readonly", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-lnet-down", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-lnet-restored", "O3", "MGS M0 M1 O0 O1 O2"),
    ("node2", "05-writeconf", "O3", "MGS M0 M1 O0 O1 O2"),
];

/// `M0` is lab01-MDT0000; `S-` is of the snapshot.
fn labels(short: &str) -> Vec<String> {
    let long = |word: &str| match word.strip_prefix("S-") {
        None if word == "MGS" => "MGS".to_owned(),
        of => {
            let (fs, word) = of.map_or(("lab01", word), |word| ("0fbbe226", word));
            let kind = if word.starts_with('M') { "MDT" } else { "OST" };
            format!("{fs}-{kind}000{}", &word[1..])
        }
    };
    let mut all: Vec<String> = short.split_whitespace().map(long).collect();
    all.sort();
    all
}

#[test]
fn every_moment_shows_what_was_mounted_where() {
    let mut site = Site::open("lab01");
    let mut story = STORY.iter();
    site.play(|site, host, moment| {
        let (on, at, first, second) = story.next().unwrap();
        assert_eq!((host, moment), (*on, *at));
        assert_eq!(running_on(site, "node1"), labels(first), "node1 at {at}");
        assert_eq!(running_on(site, "node2"), labels(second), "node2 at {at}");
    });
    assert!(story.next().is_none());
}

#[test]
fn the_mounts_are_those_of_the_recorded_tables() {
    let Some(table) = fixture(&format!("{RAW}/02-mkfs-mount/mount-t-lustre.txt")) else {
        return;
    };
    let mut site = Site::open("lab01");
    site.at(&[("node1", "02-mounted"), ("node2", "06-before")]);
    assert_eq!(running_on(&site, "node1"), mounted(&table));
    for (moment, file) in [
        ("03-running", "04-admin/snapshot_list-mounted.txt"),
        ("04-snapshot", "04-admin/snapshot2_mount.txt"),
    ] {
        let table = fixture(&format!("{RAW}/{file}")).unwrap();
        let mut site = Site::open("lab01");
        site.at(&[("node2", moment)]);
        assert_eq!(running_on(&site, "node2"), mounted(&table), "{moment}");
    }
}

#[test]
fn before_the_failure_all_is_at_home() {
    let mut site = Site::open("lab01");
    site.at(&[("node1", "02-mounted"), ("node2", "06-before")]);
    for target in site.found().targets.values() {
        let label = target.label.to_string();
        assert_eq!(target.state, TargetState::Mounted, "{label}");
        let (home, servers) = (target.home.as_ref(), target.servers.len());
        if label != "lab01-OST0003" {
            assert_eq!(home.map(|id| site.name(id)), Some("node1"), "{label}");
        }
        assert_eq!(servers, 2, "{label} may be served by both");
    }
    assert_eq!(site.found().targets.len(), 7);
    let devices = site.found().devices.values();
    let shared = devices.filter(|device| device.paths.len() == 2 && device.serial.is_some());
    assert_eq!(shared.count(), 8, "both servers see the 8 disks");
    assert_eq!(site.found().filesystems.len(), 1);
    let pairs: Vec<_> = site.found().ha_clusters.values().collect();
    assert_eq!(pairs.len(), 1);
    assert_eq!((pairs[0].servers.len(), pairs[0].targets.len()), (2, 7));
}

#[test]
fn the_failure_and_the_takeover_are_told() {
    let mut site = Site::open("lab01");
    site.at(&[("node1", "02-mounted"), ("node2", "06-before")]);
    site.at(&[("node1", "06-dead")]);
    for target in site.found().targets.values() {
        assert_eq!(target.state, TargetState::Stale, "{}", target.label);
    }
    site.at(&[("node2", "06-takeover")]);
    for label in ["lab01-MDT0000", "lab01-OST0000"] {
        let target = site.target(label);
        assert_eq!(target.state, TargetState::Recovering, "{label}");
        let state = target.recovery.as_ref().map(|recovery| recovery.state);
        assert_eq!(state, Some(RecoveryState::WaitingForClients), "{label}");
        assert!(
            target
                .concerns
                .iter()
                .any(|concern| concern.code == "target-away-from-home"),
            "{label}: {:?}",
            target.concerns
        );
        assert_eq!(target.unknown_servers, Vec::<String>::new(), "{label}");
    }
    assert_eq!(site.target("lab01-OST0001").state, TargetState::Stale);
    site.at(&[("node2", "06-recovered")]);
    let recovery = site.target("lab01-OST0002").recovery.clone().unwrap();
    assert_eq!(recovery.state, RecoveryState::Complete);
    assert_eq!(recovery.duration_s, Some(11));
    assert_eq!(
        (recovery.clients_completed, recovery.clients_expected),
        (Some(2), Some(2))
    );
    assert_eq!(site.target("lab01-OST0003").state, TargetState::Stale);
    site.at(&[("node1", "06-client")]);
    assert_eq!(site.target("lab01-OST0003").state, TargetState::Unmounted);
    site.at(&[("node1", "06-back"), ("node2", "03-running")]);
    assert_eq!(site.on("lab01-OST0003"), ["node1"]);
    assert_eq!(site.found().filesystems.len(), 1);
}

#[test]
fn the_last_moments_tell_their_events() {
    let mut site = Site::open("lab01");
    site.at(&[("node1", "06-back"), ("node2", "05-ost-umount")]);
    assert_eq!(site.target("lab01-OST0001").state, TargetState::Missing);
    site.at(&[("node2", "05-ost-recovery")]);
    assert_eq!(site.target("lab01-OST0001").state, TargetState::Recovering);
    site.at(&[("node2", "05-abort-recovery")]);
    let recovery = site.target("lab01-OST0002").recovery.clone().unwrap();
    assert_eq!(
        (recovery.clients_completed, recovery.clients_expected),
        (Some(0), Some(2))
    );
}

#[test]
fn clients_are_counted_where_they_were_recorded_and_not_after() {
    let clients = |site: &Site| {
        let all = site.found().filesystems.values();
        let mut lab = all.filter(|fs| fs.name.as_str() == "lab01");
        lab.next().and_then(|fs| fs.n_clients)
    };
    let mut site = Site::open("lab01");
    site.at(&[("node1", "06-back"), ("node2", "05-ost-readonly")]);
    assert_eq!(clients(&site), Some(2));
    site.at(&[("node2", "05-writeconf")]);
    assert_eq!(clients(&site), None);
}
