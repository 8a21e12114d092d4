//! `valley` is shown as its captures have it.

use crate::site::{Site, fixture};
use model::inventory::TargetState;
use std::collections::{BTreeMap, BTreeSet};

fn valley() -> Site {
    let mut site = Site::open("valley");
    site.play(|_, _, _| {});
    site
}

/// What every target of a file system shows: `state@server`.
fn places(site: &Site, fs: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for target in site.found().targets.values() {
        let label = target.label.to_string();
        if label.starts_with(&format!("{fs}-")) {
            let on: Vec<_> = target.mounted_on.iter().map(|id| site.name(id)).collect();
            found.insert(label, format!("{:?}@{}", target.state, on.join("+")));
        }
    }
    found
}

#[test]
fn twelve_servers_and_their_file_systems() {
    let site = valley();
    let found = site.found();
    assert_eq!(found.servers.len(), 12);
    let names: Vec<_> = found
        .filesystems
        .values()
        .map(|fs| (fs.name.to_string(), fs.targets.len(), fs.n_clients))
        .collect();
    let expected = [
        ("ai400", 12, Some(4)),
        ("ai400x2", 12, Some(16)),
        ("ai400x3", 6, Some(16)),
        ("es01a", 6, Some(2)),
        ("fs", 12, None),
        ("fs0a9c", 12, None),
    ];
    let expected = expected.map(|(name, targets, clients)| (name.to_owned(), targets, clients));
    assert_eq!(names, expected);
}

#[test]
fn the_mounts_of_fs_are_those_of_its_device_trees() {
    let Some(text) = fixture("devices/iml/devtrees-4-hosts.json") else {
        return;
    };
    let trees: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut raw = BTreeMap::new();
    for (host, tree) in trees.as_object().unwrap() {
        let mut todo = vec![tree];
        while let Some(node) = todo.pop() {
            let of = node.as_object().unwrap().values().next().unwrap();
            todo.extend(of["children"].as_array().into_iter().flatten());
            let options = of["mount"]["opts"].as_str().unwrap_or_default();
            let label = options.split("svname=").nth(1);
            if let Some(label) = label.and_then(|rest| rest.split(',').next()) {
                let host = host.trim_end_matches(".local");
                raw.insert(label.to_owned(), format!("Mounted@{host}"));
            }
        }
    }
    let mgs = raw.remove("MGS").unwrap();
    let site = valley();
    assert_eq!(places(&site, "fs"), raw);
    assert_eq!(raw.len(), 12);
    let found = site.found();
    let fs = found
        .filesystems
        .values()
        .find(|fs| fs.name.as_str() == "fs");
    let mgt = fs.and_then(|fs| fs.mgt.as_ref()).unwrap();
    let on = found.targets[mgt].mounted_on.iter().map(|id| site.name(id));
    assert_eq!(
        on.map(|name| format!("Mounted@{name}")).collect::<Vec<_>>(),
        [mgs]
    );
}

#[test]
fn the_servers_of_fs_share_their_disks_in_pairs() {
    let site = valley();
    for (label, pair) in [
        ("fs-OST0003", ["oss1", "oss2"]),
        ("fs-MDT0001", ["mds1", "mds2"]),
    ] {
        let target = site.target(label);
        let servers: BTreeSet<_> = target.servers.iter().map(|id| site.name(id)).collect();
        assert_eq!(servers, BTreeSet::from(pair), "{label}");
    }
    let shared: BTreeSet<Vec<&str>> = site
        .found()
        .ha_clusters
        .values()
        .filter(|cluster| cluster.manager != "pacemaker")
        .map(|cluster| cluster.servers.iter().map(|id| site.name(id)).collect())
        .collect();
    assert_eq!(
        shared,
        BTreeSet::from([vec!["mds1", "mds2"], vec!["oss1", "oss2"]])
    );
    // Each server has a disk of its own, though all were clones of one machine.
    let local = site.found().devices.values();
    let local = local.filter(|device| device.paths.values().any(|path| *path == "/dev/sda"));
    assert_eq!(local.count(), 4);
}

#[test]
fn the_targets_of_fs0a9c_are_where_pacemaker_started_them() {
    let Some(xml) = fixture("ha/exascaler-crm_mon.xml") else {
        return;
    };
    let mut raw = BTreeMap::new();
    let mut lines = xml.lines();
    while let Some(line) = lines.next() {
        let Some(id) = line.split("<resource id=\"").nth(1) else {
            continue;
        };
        let id = id.split('"').next().unwrap();
        if !line.contains("lustre-server") || id == "mgs" {
            continue;
        }
        let node = lines.next().unwrap();
        let node = node
            .split("name=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let (target, fs) = id.split_once('-').unwrap();
        let label = format!("{fs}-{}", target.to_uppercase());
        raw.insert(label, format!("Mounted@{node}"));
    }
    let site = valley();
    assert_eq!(places(&site, "fs0a9c"), raw);
    assert_eq!(raw.len(), 12);
    let clusters = site.found().ha_clusters.values();
    let cluster: Vec<_> = clusters.filter(|one| one.manager == "pacemaker").collect();
    assert_eq!(cluster.len(), 1);
    assert_eq!((cluster[0].servers.len(), cluster[0].nodes.len()), (4, 4));
    assert_eq!(cluster[0].targets.len(), 13);
    assert_eq!(cluster[0].fencing_enabled, Some(false));
}

#[test]
fn of_a_dump_the_targets_that_run_and_those_that_are_connected_are_known() {
    let site = valley();
    let places = places(&site, "ai400x3");
    for label in ["MDT0000", "OST0000", "OST0001"] {
        assert_eq!(places[&format!("ai400x3-{label}")], "Mounted@ai400x3");
    }
    let other = site.target("ai400x3-OST0002");
    assert_eq!(other.state, TargetState::Missing);
    assert_eq!(other.unknown_servers, ["172.16.130.31@o2ib"]);
    let mdt = site.target("ai400x3-MDT0000");
    assert_eq!(mdt.bytes.map(|bytes| bytes.0), Some(238_453_256 << 10));
    let ill = site
        .found()
        .servers
        .values()
        .find(|one| one.name == "ai400");
    let ill = format!("{:?}", ill.unwrap().concerns);
    assert!(ill.contains("lustre-OST0012"), "{ill}");
}
