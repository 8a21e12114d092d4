//! Who looks again when a job has ended: what it changed shows on servers, too,
//! that did none of its steps. The one that a target has left still reports it
//! mounted, and an MGS does not report yet who has registered with it.

use engine::{Desk, Job};
use model::ids::{JobId, ServerId};
use model::inventory::{Inventory, TargetKey};
use std::collections::BTreeSet;

/// Servers that are to look, of those jobs among these that have ended.
pub(super) fn lookers(
    desk: &Desk,
    inventory: &Inventory,
    jobs: impl Iterator<Item = JobId>,
) -> BTreeSet<ServerId> {
    let jobs = jobs.filter_map(|id| desk.engine().job(id));
    let ended = jobs.filter(|job| job.state().is_final());
    let did: BTreeSet<ServerId> = ended.flat_map(doers).collect();
    if did.is_empty() {
        return did;
    }
    concerned(inventory, did)
}

/// Servers that have steps of a job.
fn doers(job: &Job) -> impl Iterator<Item = ServerId> {
    job.graph().steps.iter().map(|planned| planned.on)
}

/// These servers, those that may serve the same targets, and those of their MGSs.
fn concerned(inventory: &Inventory, did: BTreeSet<ServerId>) -> BTreeSet<ServerId> {
    let known = did.iter().filter_map(|id| inventory.servers.get(id));
    let mut targets: BTreeSet<&TargetKey> = known.flat_map(|one| &one.may_serve).collect();
    let filesystems = inventory.filesystems.values();
    let touched = filesystems.filter(|fs| fs.targets.iter().any(|key| targets.contains(key)));
    let mgts: Vec<&TargetKey> = touched.filter_map(|fs| fs.mgt.as_ref()).collect();
    targets.extend(mgts);
    let targets = targets.into_iter();
    let targets = targets.filter_map(|key| inventory.targets.get(key));
    let mut all = did;
    all.extend(targets.flat_map(|target| target.servers.iter().copied()));
    all
}

#[cfg(test)]
mod tests {
    use super::concerned;
    use lustre::label::TargetKind;
    use model::ids::ServerId;
    use model::inventory::{
        Confidence, FileSystem, FsKey, Inventory, Server, Target, TargetKey, TargetState,
    };
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn server(n: u128) -> ServerId {
        ServerId(Uuid::from_u128(n))
    }

    fn key(name: &str) -> TargetKey {
        TargetKey(name.to_owned())
    }

    /// Adds a target that these servers may serve.
    fn add(inventory: &mut Inventory, name: &str, fs: &str, servers: [u128; 2]) {
        let target = Target {
            label: name.parse().unwrap(),
            kind: TargetKind::Ost,
            fs: None,
            state: TargetState::Mounted,
            mounted_on: BTreeSet::new(),
            mount_point: None,
            servers: servers.map(server).to_vec(),
            home: None,
            unknown_servers: Vec::new(),
            device: None,
            back_end: None,
            is_mgs_too: false,
            recovery: None,
            n_clients: None,
            bytes: None,
            inodes: None,
            ha_resource: None,
            confidence: Confidence::Good,
            evidence: Vec::new(),
            concerns: Vec::new(),
        };
        inventory.targets.insert(key(name), target);
        for id in servers.map(server) {
            let known: &mut Server = inventory.servers.entry(id).or_default();
            known.may_serve.insert(key(name));
        }
        let known = inventory.filesystems.entry(FsKey(fs.to_owned()));
        let known = known.or_insert_with(|| FileSystem::named(fs.parse().unwrap()));
        known.targets.insert(key(name));
        known.mgt = Some(key(&format!("{fs}-MDT0000")));
    }

    #[test]
    fn heirs_and_the_mgs_look_again_and_nobody_else() {
        let mut inventory = Inventory::default();
        for (name, fs, servers) in [
            ("lab-MDT0000", "lab", [1, 2]),
            ("lab-OST0000", "lab", [3, 4]),
            ("lab-OST0001", "lab", [5, 6]),
            ("web-MDT0000", "web", [7, 8]),
        ] {
            add(&mut inventory, name, fs, servers);
        }
        let found = concerned(&inventory, BTreeSet::from([server(3)]));
        assert_eq!(found, [1, 2, 3, 4].map(server).into());
        // One that nothing is known of looks all the same.
        let found = concerned(&inventory, BTreeSet::from([server(9)]));
        assert_eq!(found, [9].map(server).into());
    }
}
