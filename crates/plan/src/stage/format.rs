//! Pools and formats: the steps that lose what was there. Each needs consent.

use crate::codes;
use crate::compose::{Ask, Asked, Composer, Status};
use crate::resolved::{FsPlace, MgsPlace, PoolPlace, TargetPlace};
use lustre::label::TargetLabel;
use lustre::nid::Nid;
use model::graph::{BLANK, Consent, StepId};
use model::step::{DeviceRef, PoolPresent, TargetFormatted, VdevSpec};

impl Composer<'_> {
    /// A target's empty file system is on its device.
    pub(super) fn format(&mut self, at: usize) -> Status {
        let place = &self.resolved.targets[at];
        let what = format!("format {}", place.label);
        let lnet = self.lnet(place.home);
        if !self.is_there(place.home, &what) {
            return Status::Blocked;
        }
        let Some(after) = lnet.steps() else {
            return Status::Blocked;
        };
        if let Some(text) = self.unknown_mgs(place) {
            self.wait(what, text, codes::MGS_WAITED);
            return Status::Blocked;
        }
        let mut after = after.to_vec();
        let consent = match &place.pool {
            None => self.consent_for(place, &place.device),
            Some(pool) => {
                let (consent, made) = self.pool_present(place, pool);
                after.extend(made);
                after.extend(self.import(at, place.home, &after.clone(), None, false));
                self.dataset_consent(place, pool, &consent)
            }
        };
        let fs = &self.resolved.filesystems[place.fs];
        let step = TargetFormatted {
            label: place.label.clone(),
            is_mgs_too: place.is_mgs_too,
            back_end: place.back_end.as_str().to_owned(),
            device: self.device(place, place.home),
            mgs_nodes: self.mgs_nodes_told(fs, place),
            service_nodes: self.service_nodes(place),
            mkfs_options: place.mkfs_options.clone(),
            mount_options: place.mount_options.clone(),
            consent,
        };
        let ask = Ask {
            on: place.home,
            step: step.into(),
            why: format!("{} is not there yet.", place.label),
            feels: Vec::new(),
        };
        Status::step(self.add(ask, &after))
    }

    fn consent_for(&mut self, place: &TargetPlace, device: &model::ids::DeviceId) -> Vec<Consent> {
        let target = label_text(place, self.resolved.filesystems.get(place.fs));
        let why = if place.hidden.is_some() {
            format!("{target} is made in its pool if it is not there; what is there stays.")
        } else {
            format!("{target} is made on it; what is on it now is lost.")
        };
        let asked = Asked {
            target: &target,
            why,
        };
        self.consent(device, place.home, &asked)
    }

    /// A pool of its own, on devices that an operator gives.
    fn pool_present(
        &mut self,
        place: &TargetPlace,
        pool: &PoolPlace,
    ) -> (Vec<Consent>, Option<StepId>) {
        if pool.exists {
            return (Vec::new(), None);
        }
        let mut consent = Vec::new();
        for device in &pool.devices {
            consent.extend(self.consent_for(place, device));
        }
        let devices = pool.devices.iter().map(|id| DeviceRef {
            id: id.clone(),
            // The pool remembers the names by which it is made.
            path: self
                .world
                .lasting_path(place.home, id)
                .unwrap_or(&id.0)
                .to_owned(),
        });
        let step = PoolPresent {
            pool: pool.name.clone(),
            vdevs: vec![VdevSpec {
                layout: pool.layout.clone(),
                devices: devices.collect(),
            }],
            options: pool.options.clone(),
            consent: consent.clone(),
        };
        let ask = Ask {
            on: place.home,
            step: step.into(),
            why: format!("{} lies in a pool of its own.", place.label),
            feels: Vec::new(),
        };
        (consent, Some(self.add(ask, &[])))
    }

    /// A dataset is blank by nature; whoever gave the devices gave it.
    fn dataset_consent(
        &mut self,
        place: &TargetPlace,
        pool: &PoolPlace,
        given: &[Consent],
    ) -> Vec<Consent> {
        if pool.exists {
            return self.consent_for(place, &place.device);
        }
        let is_complete = given.len() == pool.devices.len();
        let first = given.first().filter(|_| is_complete);
        let of_dataset = first.map(|one| Consent {
            device: place.device.clone(),
            signature: String::from(BLANK),
            by: one.by.clone(),
            at_ms: one.at_ms,
        });
        of_dataset.into_iter().collect()
    }

    /// NIDs of each MGS node, the home first.
    pub(super) fn mgs_nodes(&self, fs: &FsPlace) -> Vec<Vec<Nid>> {
        match &fs.mgs {
            MgsPlace::Target(at) => {
                let servers = self.resolved.targets[*at].servers();
                servers.map(|id| self.nids(id)).collect()
            }
            MgsPlace::External(nodes) => nodes.clone(),
            MgsPlace::Unknown => Vec::new(),
        }
    }

    /// Why targets that are there would not find the MGS that is made here: each was
    /// told of other servers when it was formatted.
    fn unknown_mgs(&self, place: &TargetPlace) -> Option<String> {
        if !place.is_mgs() {
            return None;
        }
        let fs = &self.resolved.filesystems[place.fs];
        let seen = self.world.inventory.filesystems.get(fs.key.as_ref()?)?;
        let told: Vec<&Nid> = seen.mgs_told.iter().collect();
        let own: Vec<Nid> = place.servers().flat_map(|id| self.nids(id)).collect();
        let is_own = |nid: &&Nid| own.iter().any(|one| one.address() == nid.address());
        if told.is_empty() || told.iter().any(is_own) {
            return None;
        }
        let told: Vec<String> = told.into_iter().map(ToString::to_string).collect();
        Some(format!(
            "A server to see its device that its targets know: they were told that their MGS is at {}.",
            told.join(", ")
        ))
    }

    /// An MGS finds itself.
    fn mgs_nodes_told(&self, fs: &FsPlace, place: &TargetPlace) -> Vec<Vec<Nid>> {
        if place.is_mgs() {
            return Vec::new();
        }
        self.mgs_nodes(fs)
    }

    /// NIDs of each server that may serve a target; none without heirs.
    fn service_nodes(&self, place: &TargetPlace) -> Vec<Vec<Nid>> {
        if place.heirs.is_empty() {
            return Vec::new();
        }
        place.servers().map(|id| self.nids(id)).collect()
    }

    fn nids(&self, server: model::ids::ServerId) -> Vec<Nid> {
        let place = self.resolved.servers.get(&server);
        place.map(|place| place.nids.clone()).unwrap_or_default()
    }
}

/// A target's name for people: MGTs share a label.
pub(super) fn label_text(place: &TargetPlace, fs: Option<&FsPlace>) -> String {
    match (&place.label, fs) {
        (TargetLabel::Mgs, Some(fs)) => format!("MGS of {}", fs.name),
        (label, _) => label.to_string(),
    }
}
