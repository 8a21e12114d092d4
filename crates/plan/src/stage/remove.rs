//! File systems go away, with all that is in them: down, out of Pacemaker,
//! forgotten by their MGS, wiped. Each wipe needs consent.

use crate::codes;
use crate::compose::{Ask, Asked, Composer, Status};
use crate::resolved::{MgsPlace, PoolPlace, TargetPlace};
use crate::stage::format::label_text;
use crate::stage::seen::Seen;
use lustre::label::TargetLabel;
use model::graph::StepId;
use model::ids::{DeviceId, ServerId};
use model::step::{ConfigErased, Elsewhere, PoolAbsent, ResourceAbsent, TargetWiped};

impl Composer<'_> {
    /// A file system is gone, once it is down.
    pub(super) fn fs_gone(&mut self, fs: usize, down: &Status) {
        let Some(down) = down.steps().map(<[StepId]>::to_vec) else {
            return;
        };
        let place = &self.resolved.filesystems[fs];
        let targets: Vec<usize> = place.targets().collect();
        if targets.is_empty() {
            // What no device shows any more may still be in the books of its MGS.
            if let MgsPlace::Target(_) = place.mgs {
                self.forget(fs, &down);
            }
            return;
        }
        for label in &place.missing {
            let text = format!("A server that sees the device of {label} to report.");
            self.wait(format!("wipe {label}"), text, codes::TARGET_GONE);
        }
        // All wait for the first to leave, which waits for all to be down.
        let mut after = self.forget(fs, &down);
        for (nth, at) in targets.into_iter().enumerate() {
            let dropped = self.resource_absent(at, &after);
            let mut own = after.clone();
            own.extend(dropped);
            let wiped = self.wipe(at, &own);
            if nth == 0 && after.len() > 1 {
                let Some(wiped) = wiped else { return };
                after = vec![wiped];
            }
        }
    }

    /// An MGS that stays forgets the file system.
    fn forget(&mut self, fs: usize, after: &[StepId]) -> Vec<StepId> {
        let place = &self.resolved.filesystems[fs];
        let at = match &place.mgs {
            MgsPlace::Target(at) => *at,
            MgsPlace::External(_) => {
                let what = format!("make the MGS forget {}", place.name);
                let text = format!(
                    "Whoever runs that MGS: `lctl erase_lcfg {}` there, once its targets are down.",
                    place.name
                );
                self.wait(what, text, codes::MGS_FORGET);
                return after.to_vec();
            }
            MgsPlace::Unknown => return after.to_vec(),
        };
        let mgs = &self.resolved.targets[at];
        let Seen::Mounted(on) = self.seen(mgs) else {
            return after.to_vec();
        };
        let report = self.world.report(on);
        let known = report.and_then(|report| report.lustre.as_ref());
        let mut known = known.into_iter().flat_map(|lustre| &lustre.mgs);
        let is_known = known.any(|of| of.fs == place.name);
        let what = format!("make the MGS forget {}", place.name);
        if !is_known || mgs.fs == fs || !self.is_there(on, &what) {
            return after.to_vec();
        }
        let ask = Ask {
            on,
            step: ConfigErased {
                fs: place.name.clone(),
            }
            .into(),
            why: format!("{} is to be gone, and its name free.", place.name),
            feels: Vec::new(),
        };
        vec![self.add(ask, after)]
    }

    pub(super) fn resource_absent(&mut self, at: usize, after: &[StepId]) -> Option<StepId> {
        if let Some(done) = self.dropped.get(&at) {
            return Some(*done);
        }
        let place = &self.resolved.targets[at];
        self.resource_of(place)?;
        let what = format!("take {} out of Pacemaker", place.label);
        let Some(on) = self.speaker(place) else {
            self.is_there(place.home, &what);
            return None;
        };
        let ask = Ask {
            on,
            step: ResourceAbsent {
                resource: self.resource(place),
            }
            .into(),
            why: format!("Pacemaker is to run {} no more.", place.label),
            feels: Vec::new(),
        };
        let step = self.add(ask, after);
        self.dropped.insert(at, step);
        Some(step)
    }

    /// A target's device is free again.
    fn wipe(&mut self, at: usize, after: &[StepId]) -> Option<StepId> {
        let place = &self.resolved.targets[at];
        let label = label_text(place, self.resolved.filesystems.get(place.fs));
        let what = format!("wipe {label}");
        let on = self.wiper(place, &what)?;
        // A server that is away may have it mounted, and would write on.
        let (elsewhere, unmounts) = self.proof(at, on, &what)?;
        let mut after = after.to_vec();
        after.extend(unmounts);
        let is_alone = if place.label == TargetLabel::Mgs {
            ", and serves no other file system"
        } else {
            ""
        };
        let asked = Asked {
            target: &label,
            why: format!("{label} is removed{is_alone}; all that is in it is lost."),
        };
        let Some(pool) = &place.pool else {
            let consent = self.consent(&place.device, on, &asked);
            return Some(self.wiped(place, on, consent, &after));
        };
        let fenced = elsewhere.iter().find(|(_, why)| *why == Elsewhere::Fenced);
        let fenced = fenced.map(|(id, _)| *id);
        let Some(id) = self.pool_alone(place, pool) else {
            after.extend(self.import_for_wipe(at, on, &after.clone(), fenced));
            let consent = self.consent(&place.device, on, &asked);
            return Some(self.wiped(place, on, consent, &after));
        };
        let exports = self.exports_for_wipe(at, on, &after.clone());
        let is_let_go = !exports.is_empty() || self.is_exported_once_down(place);
        let is_here = self.holders(place).contains(&on);
        let released = if is_let_go || is_here {
            Vec::new()
        } else {
            self.released(place, on)
        };
        after.extend(exports);
        let consent = self.consent(&id, on, &asked);
        let paths = pool.devices.iter();
        let paths = paths.filter_map(|device| self.world.lasting_path(on, device));
        let ask = Ask {
            on,
            step: PoolAbsent {
                pool: pool.name.clone(),
                devices: pool.devices.clone(),
                paths: paths.map(str::to_owned).collect(),
                fenced,
                released,
                consent,
            }
            .into(),
            why: format!("{label} is to be gone, with its pool."),
            feels: Vec::new(),
        };
        Some(self.add(ask, &after))
    }

    fn wiped(
        &mut self,
        place: &TargetPlace,
        on: ServerId,
        consent: Vec<model::graph::Consent>,
        after: &[StepId],
    ) -> StepId {
        let ask = Ask {
            on,
            step: TargetWiped {
                label: place.label.clone(),
                device: self.device(place, on),
                back_end: place.back_end.as_str().to_owned(),
                consent,
            }
            .into(),
            why: format!("{} is to be gone.", place.label),
            feels: Vec::new(),
        };
        self.add(ask, after)
    }

    fn wiper(&mut self, place: &TargetPlace, what: &str) -> Option<ServerId> {
        // Whoever runs it now is who can tell that it has let go.
        let runs = match self.seen(place) {
            Seen::Mounted(on) => Some(on),
            _ => None,
        };
        let mut servers = runs.into_iter().chain(place.servers());
        let there = servers.find(|id| self.world.is_online(*id));
        if there.is_none() {
            self.is_there(place.home, what);
        }
        there
    }

    /// The id of a target's pool, if there is nothing else in it.
    fn pool_alone(&self, place: &TargetPlace, pool: &PoolPlace) -> Option<DeviceId> {
        let path = place.device.0.strip_prefix("dataset:")?;
        let (guid, _) = path.split_once('/')?;
        let prefix = format!("dataset:{guid}/");
        let from = DeviceId(prefix.clone());
        let all = self.world.inventory.devices.range(from..);
        let in_pool = all.take_while(|(id, _)| id.0.starts_with(&prefix));
        let is_ours = pool
            .name
            .ends_with(&lustre::argv::target::dataset(&place.label));
        (in_pool.count() <= 1 && is_ours).then(|| DeviceId(format!("zpool:{guid}")))
    }

    /// What Pacemaker stops it exports, and what is unmounted by hand stays.
    fn is_exported_once_down(&self, place: &TargetPlace) -> bool {
        let is_pacemaker_run = self.is_pacemaker_run(place) || self.left_over(place).is_some();
        is_pacemaker_run && matches!(self.seen(place), Seen::Mounted(_))
    }

    fn import_for_wipe(
        &mut self,
        at: usize,
        on: ServerId,
        after: &[StepId],
        fenced: Option<ServerId>,
    ) -> Vec<StepId> {
        let is_exported = self.is_exported_once_down(&self.resolved.targets[at]);
        self.import(at, on, after, fenced, is_exported)
    }

    /// Whoever else has the pool lets go of it.
    fn exports_for_wipe(&mut self, at: usize, on: ServerId, after: &[StepId]) -> Vec<StepId> {
        let place = &self.resolved.targets[at];
        if self.is_exported_once_down(place) {
            return Vec::new();
        }
        let holders = self.holders(place).into_iter();
        let holders: Vec<ServerId> = holders
            .filter(|id| *id != on && !self.is_off(*id))
            .collect();
        let exports = holders.into_iter();
        exports.map(|id| self.export(place, id, after)).collect()
    }
}
