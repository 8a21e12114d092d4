//! A built-in site at chosen moments.

use agent::host::captured::CapturedHost;
use model::ids::ServerId;
use model::inventory::{Inventory, Target};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub struct Site {
    pub detector: detect::Detector,
    hosts: BTreeMap<String, (ServerId, CapturedHost)>,
    _folder: tempfile::TempDir,
}

impl Site {
    /// Unpacks a site; nothing of it is looked at yet.
    pub fn open(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sites = sim::sites::unpack(folder.path()).unwrap();
        let site = sites.iter().find(|path| path.ends_with(name)).unwrap();
        let (_, opened) = agent::site::open(site).unwrap();
        let hosts = (1..).zip(opened).map(|(n, host)| {
            let id = ServerId(uuid::Uuid::from_u128(n));
            (host.about.hostname.clone(), (id, host))
        });
        Self {
            detector: detect::Detector::new(),
            hosts: hosts.collect(),
            _folder: folder,
        }
    }

    /// Hosts at a moment each; one that is silent then keeps its last facts.
    pub fn at(&mut self, moments: &[(&str, &str)]) {
        for (name, moment) in moments {
            let (id, host) = &self.hosts[*name];
            host.go_to(moment).unwrap();
            if host.is_silent() {
                self.detector.set_silent(*id, true);
            } else {
                self.detector
                    .put(*id, Arc::new(agent::observe::report(host)));
            }
        }
    }

    /// Every moment of every host, in the order of the replay, each shown.
    pub fn play(&mut self, mut each: impl FnMut(&Self, &str, &str)) {
        let mut all: Vec<(u64, String, String)> = Vec::new();
        for (name, (_, host)) in &self.hosts {
            for moment in &host.about.moments {
                all.push((moment.offset_s, name.clone(), moment.name.clone()));
            }
        }
        all.sort();
        for (_, host, moment) in all {
            self.at(&[(&host, &moment)]);
            each(self, &host, &moment);
        }
    }

    pub fn found(&self) -> &Inventory {
        self.detector.inventory()
    }

    pub fn target(&self, label: &str) -> &Target {
        let mut all = self.found().targets.values();
        all.find(|target| target.label.to_string() == label)
            .unwrap_or_else(|| panic!("there is no {label}: {:?}", self.show()))
    }

    pub fn name(&self, id: &ServerId) -> &str {
        &self.found().servers[id].name
    }

    /// Where a target is mounted.
    pub fn on(&self, label: &str) -> Vec<&str> {
        let on = &self.target(label).mounted_on;
        on.iter().map(|id| self.name(id)).collect()
    }

    /// `label state on SERVERS home SERVER`, a line each.
    pub fn show(&self) -> Vec<String> {
        let name = |id: &ServerId| self.found().servers[id].name.clone();
        let line = |target: &Target| {
            let on: Vec<_> = target.mounted_on.iter().map(name).collect();
            let home = target.home.as_ref().map_or("-".into(), name);
            let (label, state) = (&target.label, target.state);
            format!("{label} {state:?} {} home {home}", on.join(" "))
        };
        self.found().targets.values().map(line).collect()
    }
}

/// A collected capture's text, or none where there is none such, as where the
/// captures are not beside the clone.
pub fn fixture(path: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    if !folder.is_dir() {
        println!("skipped: the collected captures are not beside this clone");
        return None;
    }
    let bytes = std::fs::read(folder.join(path)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
