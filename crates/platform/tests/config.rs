//! Descriptions of sites over whole fixture files: two forms of one site agree,
//! and what is said is what the files say.

use platform::config::exascaler::{self, Site};
use platform::config::iml_state::{self, Row};
use std::path::PathBuf;
use stdx::reading::{Collected, Sample};

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
        let mut found = Collected::with_records();
        let kind = platform::inspect::guess(Sample {
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

/// Fixture, its kind, and its records by family.
const FILES: &[(&str, &str, &str)] = &[
    (
        "lustre/99-lustre-server.rules",
        "udev-rules",
        "udev-rules.rule=5",
    ),
    (
        "lustre/ko2iblnd.conf",
        "modprobe-conf",
        "modprobe.alias=1 modprobe.install=1 modprobe.options=1",
    ),
    ("lustre/ldev.conf", "ldev-conf", ""),
    ("lustre/lnet_routes.conf", "lnet-routes-conf", ""),
    (
        "shine-example.lmf",
        "shine-lmf",
        "shine.client=5 shine.filesystem=1 shine.nid-map=1 shine.target=6",
    ),
    ("shine-storage.conf", "shine-storage-conf", ""),
    (
        "shine-tuning.conf",
        "shine-tuning-conf",
        "shine.alias=1 shine.tuning=1",
    ),
    ("emf-deploy-hosts.yml", "emf-input", "emf.job=5 emf.step=37"),
    ("emf-needs-plan.json", "emf-plan", "emf.job=5 emf.step=6"),
    (
        "nnf/lustre-fs-operator-craystack_lustrefilesystem.yaml",
        "kubernetes",
        "kubernetes.object=2 nnf.filesystem=1",
    ),
    (
        "nnf/nnf-sos-foo-mdt-nodestorage.yaml",
        "kubernetes",
        "kubernetes.object=1 nnf.allocation=1",
    ),
    (
        "nnf/nnf-sos-nnf_nnfstorageprofile.yaml",
        "kubernetes",
        "kubernetes.object=1 nnf.profile-target=4",
    ),
    (
        "exascaler/exascaler_es7k_with_extMDS.json",
        "exascaler-json",
        "exascaler.cluster=1 exascaler.filesystem=1 exascaler.ha=1 exascaler.host=4 \
         exascaler.sfa=2 exascaler.target=16 exascaler.tuning=4",
    ),
    (
        "../devices/udev-66-md.rules",
        "udev-rules",
        "udev-rules.rule=7",
    ),
    (
        "../detect-scan/kp-lustre-1-8-oss-1.json.txt",
        "iml-detect-scan",
        "iml-detect.known-target=9 iml-detect.local-target=10",
    ),
    (
        "../peer-metrics/lustrefs-exporter-valid.prom.txt",
        "prometheus-text",
        "prometheus.family=45 prometheus.metric=202",
    ),
    (
        "../live-lustre-2.17.0/index.node1.tsv",
        "capture-index",
        "capture.command=140",
    ),
];

#[test]
fn every_file_has_its_kind_and_all_its_records() {
    for (path, kind, records) in FILES {
        let Some(input) = fixture(path) else { continue };
        let name = path.rsplit('/').next().unwrap_or(path);
        let head = &input[..input.len().min(65_536)];
        let guess = platform::inspect::guess(Sample { name, head });
        let (found_kind, _) = guess.expect("a kind");
        let mut found = Collected::counting();
        (found_kind.read)(&input, &mut found);
        let counts: Vec<String> = found
            .counts
            .iter()
            .map(|(family, n)| format!("{family}={n}"))
            .collect();
        assert_eq!(
            (found_kind.name, counts.join(" ").as_str()),
            (*kind, *records),
            "{path}"
        );
        assert_eq!(found.skips, [], "{path}");
    }
}

#[test]
fn imls_tables_say_which_server_had_which_target() {
    let Some(input) = fixture("../iml-state/warp-drive-cache.json") else {
        return;
    };
    let (rows, skips) = iml_state::parse(&input);
    assert_eq!(skips, []);
    let fqdn = |id: u64| {
        rows.iter().find_map(|(_, row)| match row {
            Row::Host(host) if host.id == id => Some(host.fqdn.as_str()),
            _ => None,
        })
    };
    let target = rows.iter().find_map(|(_, row)| match row {
        Row::TargetRecord(target) if target.name == "fs-OST0005" => Some(target),
        _ => None,
    });
    let target = target.expect("the target");
    assert_eq!(target.active_host_id.and_then(fqdn), Some("oss2.local"));
    assert_eq!(target.host_ids, [4, 3]);
    assert_eq!(target.dev_path.as_deref(), Some("/dev/mapper/mpathk"));
}
