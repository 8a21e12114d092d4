//! Descriptions of sites over whole fixture files: two forms of one site agree,
//! and what is said is what the files say.

use platform::config::exascaler::{self, Site};
use std::path::PathBuf;

fn fixture(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/config");
    let found = std::fs::read(root.join(path)).ok();
    if found.is_none() {
        println!("skipped: {path} is absent");
    }
    found
}

fn conf(path: &str) -> Option<Site> {
    let (site, skips) = exascaler::conf::parse(&fixture(path)?);
    assert_eq!(skips, [], "{path}");
    Some(site)
}

fn json(path: &str) -> Option<Site> {
    let (site, skips) = exascaler::json::parse(&fixture(path)?);
    assert_eq!(skips, [], "{path}");
    Some(site)
}

/// What DDN's own tools made of the operator's file is the judge of our reading.
#[test]
fn both_forms_of_a_site_say_the_same() {
    for name in ["exascaler", "exascaler_ai400x"] {
        let (Some(conf), Some(json)) = (
            conf(&format!("exascaler/{name}.conf")),
            json(&format!("exascaler/{name}.json")),
        ) else {
            return;
        };
        assert_eq!(conf.hosts, json.hosts, "{name}");
        assert_eq!(conf.targets, json.targets, "{name}");
        assert_eq!(conf.sfas, json.sfas, "{name}");
        assert_eq!(conf.ost_pools, json.ost_pools, "{name}");
        let sets = |site: &Site| {
            let all = site.tunings.iter().filter(|one| one.with != "sysctl");
            all.cloned().collect::<Vec<_>>()
        };
        assert_eq!(sets(&conf), sets(&json), "{name}");
        for (conf, json) in conf.filesystems.iter().zip(&json.filesystems) {
            assert_eq!(
                (&conf.name, &conf.mgs, &conf.mds),
                (&json.name, &json.mgs, &json.mds)
            );
            assert_eq!((&conf.oss, &conf.backend), (&json.oss, &json.backend));
        }
        let (conf, json) = (conf.cluster.unwrap(), json.cluster.unwrap());
        assert_eq!((conf.name, conf.filesystems), (json.name, json.filesystems));
        assert_eq!((conf.sfas, conf.clients), (json.sfas, json.clients));
    }
}

#[test]
fn an_exascaler_site_has_its_servers_and_targets() {
    let Some(site) = conf("exascaler/exascaler_ai400x.conf") else {
        return;
    };
    let vm01 = &site.hosts[1];
    assert_eq!(vm01.name, "ai400x-7f94-vm01");
    let nids: Vec<String> = vm01.nids.iter().map(ToString::to_string).collect();
    assert_eq!(nids, ["172.16.254.195@o2ib", "172.16.255.195@o2ib"]);
    assert_eq!(vm01.fence_kind.as_deref(), Some("sfa_vm"));
    assert_eq!(site.targets.len(), 1 + 4 + 12);
    let shown: Vec<String> = site
        .targets
        .iter()
        .filter(|target| target.home == "ai400x-7f94-vm01")
        .map(|target| format!("{} {}", target.label, target.servers.len()))
        .collect();
    assert_eq!(
        shown,
        [
            "ai400hyb-MDT0001 4",
            "ai400hyb-OST0002 4",
            "ai400hyb-OST0003 4",
            "ai400hyb-OST0009 4"
        ]
    );
    let mgt = &site.targets[0];
    assert_eq!(mgt.label.to_string(), "MGS");
    assert_eq!(mgt.servers, ["ai400x-7f94-vm00", "ai400x-7f94-vm01"]);
}

#[test]
fn no_password_is_kept() {
    for path in ["exascaler/exascaler.conf", "exascaler/exascaler.json"] {
        let Some(input) = fixture(path) else { return };
        let mut found = stdx::reading::Collected::with_records();
        let kind = platform::inspect::guess(stdx::reading::Sample {
            name: "",
            head: &input,
        });
        (kind.expect("a kind").0.read)(&input, &mut found);
        let all = serde_json::to_string(&found.records).unwrap();
        assert!(
            !all.contains("stonith_pass") && !all.contains("\"password\""),
            "{path}"
        );
        assert!(!all.contains("s2a_pass"), "{path}");
    }
}
