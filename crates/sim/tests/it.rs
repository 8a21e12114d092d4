//! The built-in sites, looked at by the agent and concluded from by `detect`.

use agent::host::captured::CapturedHost;
use model::ids::ServerId;
use model::inventory::Inventory;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Lab {
    detector: detect::Detector,
    hosts: BTreeMap<&'static str, (ServerId, CapturedHost)>,
    _folder: tempfile::TempDir,
}

fn lab() -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let sites = sim::sites::unpack(folder.path()).unwrap();
    let mut hosts = BTreeMap::new();
    for (n, name) in (1..).zip(["node1", "node2"]) {
        let host = CapturedHost::open(&sites[0].join(name)).unwrap();
        hosts.insert(name, (ServerId(uuid::Uuid::from_u128(n)), host));
    }
    Lab {
        detector: detect::Detector::new(),
        hosts,
        _folder: folder,
    }
}

impl Lab {
    /// Both hosts at a moment each; one that is silent then keeps its last facts.
    fn at(&mut self, moments: [(&str, &str); 2]) {
        for (name, moment) in moments {
            let (id, host) = &self.hosts[name];
            host.go_to(moment).unwrap();
            if host.is_silent() {
                self.detector.set_silent(*id, true);
            } else {
                self.detector
                    .put(*id, Arc::new(agent::observe::report(host)));
            }
        }
    }

    /// `label state mounted_on home`, a line each.
    fn show(&self) -> Vec<String> {
        let found: &Inventory = self.detector.inventory();
        let name = |id: &ServerId| found.servers[id].name.clone();
        let line = |target: &model::inventory::Target| {
            let on: Vec<_> = target.mounted_on.iter().map(name).collect();
            let home = target.home.as_ref().map_or("-".into(), name);
            format!(
                "{} {:?} {} home {home}",
                target.label,
                target.state,
                on.join(" ")
            )
        };
        found.targets.values().map(line).collect()
    }
}

#[test]
fn lab01_is_shown_as_it_was_before_the_failure() {
    let mut lab = lab();
    lab.at([("node1", "02-mounted"), ("node2", "06-before")]);
    let labels = [
        "MGS",
        "lab01-MDT0000",
        "lab01-MDT0001",
        "lab01-OST0000",
        "lab01-OST0001",
        "lab01-OST0002",
    ];
    let mut expected: Vec<_> = labels
        .iter()
        .map(|label| format!("{label} Mounted node1 home node1"))
        .collect();
    // Its on-disk configuration was not captured, so nothing says where its home is.
    expected.push("lab01-OST0003 Mounted node1 home -".to_owned());
    assert_eq!(lab.show(), expected);
    let found = lab.detector.inventory();
    let shared = found
        .devices
        .values()
        .filter(|device| device.paths.len() == 2);
    let disks = shared.filter(|device| device.serial.is_some()).count();
    assert!(disks >= 8, "both servers see the 8 disks, not {disks}");
    for target in found.targets.values() {
        assert_eq!(
            target.servers.len(),
            2,
            "{} may be served by both",
            target.label
        );
    }
    assert_eq!(found.filesystems.len(), 1);
}

#[test]
fn lab01_is_shown_as_it_was_after_the_takeover() {
    let mut lab = lab();
    lab.at([("node1", "02-mounted"), ("node2", "06-before")]);
    lab.at([("node1", "06-dead"), ("node2", "06-before")]);
    assert!(
        lab.show().iter().all(|line| line.contains(" Stale node1 ")),
        "{:?}",
        lab.show()
    );
    lab.at([("node1", "06-dead"), ("node2", "03-running")]);
    let shown = lab.show();
    for label in [
        "lab01-MDT0000",
        "lab01-MDT0001",
        "lab01-OST0000",
        "lab01-OST0001",
        "lab01-OST0002",
    ] {
        assert!(
            shown.contains(&format!("{label} Mounted node2 home node1")),
            "{label}: {shown:?}"
        );
    }
    assert!(
        shown.contains(&"lab01-OST0003 Stale node1 home -".to_owned()),
        "{shown:?}"
    );
    lab.at([("node1", "06-back"), ("node2", "03-running")]);
    let shown = lab.show();
    assert!(
        shown.contains(&"lab01-OST0003 Mounted node1 home -".to_owned()),
        "{shown:?}"
    );
    let filesystems = &lab.detector.inventory().filesystems;
    assert_eq!(filesystems.len(), 1, "{:?}", filesystems.keys());
}
