//! Captured sites that run are adopted as they are: what is exported as a spec
//! plans nothing.

use crate::text::trouble;
use detect::Detector;
use model::ids::ServerId;
use model::report::Report;
use model::spec::HaManager;
use plan::World;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Reports of the hosts of a site.
fn reports(site: &str, hosts: &[&str]) -> BTreeMap<ServerId, Arc<Report>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let each = hosts.iter().zip(1..).map(|(host, number)| {
        let text = std::fs::read(folder.join(site).join(format!("{host}.json"))).unwrap();
        let report: Report = serde_json::from_slice(&text).unwrap();
        (ServerId(uuid::Uuid::from_u128(number)), Arc::new(report))
    });
    each.collect()
}

/// How many file systems and groups of Pacemaker a site exports; its plan is
/// empty, and says this besides.
fn check(site: &str, hosts: &[&str], n_fs: usize, n_pacemaker: usize, told: &str) {
    let reports = reports(site, hosts);
    let ids: BTreeSet<ServerId> = reports.keys().copied().collect();
    let mut detector = Detector::new();
    let all = reports.iter();
    detector.put_all(all.map(|(id, one)| (*id, Arc::clone(one), false)).collect());
    let world = World {
        inventory: detector.inventory(),
        reports: &reports,
        managed: &ids,
        online: &ids,
        now_ms: 0,
    };
    let spec = plan::export(world);
    assert_eq!(spec.filesystems.len(), n_fs);
    let groups = spec.ha_groups.iter();
    let by_pacemaker = groups.filter(|group| group.manager == HaManager::Pacemaker);
    assert_eq!(by_pacemaker.count(), n_pacemaker);
    let made = plan::plan(&spec, world, &[], &[]);
    assert_eq!(trouble(&made), told);
    let steps = made.graph.steps.iter();
    let steps: Vec<String> = steps.map(|planned| planned.step.facts().title).collect();
    assert_eq!(steps, Vec::<String>::new());
}

#[test]
fn a_pair_that_serves_is_adopted_as_it_is() {
    check("lab01", &["node1", "node2"], 1, 0, "");
}

#[test]
fn servers_with_their_own_pacemaker_are_adopted_as_they_are() {
    let hosts = ["00", "01", "02", "03"].map(|number| format!("ai400-0a9c-vm{number}"));
    check("valley", &hosts.each_ref().map(String::as_str), 0, 1, "");
}

#[test]
fn servers_that_share_devices_are_adopted_as_they_are() {
    let hosts = ["mds1", "mds2", "oss1", "oss2"];
    let told = "networks: No network is described, so fs has no NIDs.";
    check("valley", &hosts, 1, 0, told);
}
