//! Targets go down: clients first, then MDTs with MDT0000 last, OSTs, the MGS.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::{ClientPlace, MgsPlace, TargetPlace};
use crate::stage::format::label_text;
use crate::stage::seen::Seen;
use lustre::label::{FsName, TargetKind, TargetLabel};
use model::graph::{Impact, StepId};
use model::ids::ServerId;
use model::spec::FsWanted;
use model::step::{Step, TargetUnmounted};
use std::collections::BTreeSet;

impl Composer<'_> {
    /// All targets of a file system are down. Blocked if one cannot be.
    pub(super) fn fs_down(&mut self, fs: usize) -> Status {
        let place = &self.resolved.filesystems[fs];
        let clients = self.clients_off(fs);
        let mut all = Status::Met;
        let mut stages: Vec<Vec<usize>> = vec![
            place.mdts.iter().skip(1).rev().copied().collect(),
            place.mdts.iter().take(1).copied().collect(),
            place.osts.clone(),
        ];
        stages.push(place.mgt.into_iter().collect());
        let mut before = clients;
        for stage in stages {
            let steps = self.stage_down(&stage, &before, &mut all);
            if !steps.is_empty() {
                before = steps;
            }
        }
        all
    }

    /// Targets that go down at once. The first waits for all that is before, the
    /// others for the first: so the order costs one edge for each.
    fn stage_down(&mut self, stage: &[usize], before: &[StepId], all: &mut Status) -> Vec<StepId> {
        let mut steps: Vec<StepId> = Vec::new();
        for &at in stage {
            let after = match steps.first() {
                Some(first) if before.len() > 1 => vec![*first],
                _ => before.to_vec(),
            };
            let down = self.target_down(at, &after);
            steps.extend(down.steps().unwrap_or_default());
            *all = std::mem::replace(all, Status::Met).and(&down);
        }
        steps
    }

    fn target_down(&mut self, at: usize, after: &[StepId]) -> Status {
        let place = &self.resolved.targets[at];
        let label = label_text(place, self.resolved.filesystems.get(place.fs));
        let what = format!("unmount {label}");
        let on = match self.seen(place) {
            // One that only waits for a node would be started by the next that is free.
            Seen::Unmounted { .. } if self.is_told_to_run(place) => place.home,
            Seen::Unmounted { .. } if self.left_over(place).is_some() => place.home,
            Seen::Nothing | Seen::Hidden | Seen::Unmounted { .. } => return Status::Met,
            Seen::Twice => {
                let text = "A person to look: it is mounted on two servers at once.";
                self.wait(what, text, codes::TARGET_DOUBLE);
                return Status::Blocked;
            }
            Seen::Mounted(on) | Seen::Stale(on) => on,
        };
        if place.is_mgs()
            && let Some(other) = self.other_of_mgs(at)
        {
            // An MGT of its own just stays; an MDT0000 with an MGS cannot.
            if place.label == TargetLabel::Mgs {
                return Status::Met;
            }
            let text = format!("{other} to have another MGS; it uses the one on {label}.");
            self.wait(what, text, codes::MGS_SHARED);
            return Status::Blocked;
        }
        if self.is_others(place, &what) {
            return Status::Blocked;
        }
        if self.left_over(place).is_some() {
            let out = self.out_of_pacemaker(at, after);
            return out.map_or(Status::Blocked, Status::step);
        }
        if let (true, Some(group)) = (self.is_pacemaker_run(place), place.group) {
            if self.is_hands_off(group, &what) {
                return Status::Blocked;
            }
            if self.resource_of(place).is_none() {
                self.note_foreign(place, on);
                return Status::Blocked;
            }
            let is_here = matches!(self.seen(place), Seen::Mounted(_));
            if !(is_here && self.is_stray(place, on)) {
                return self.role(at, false, after);
            }
        }
        if !self.is_there(on, &what) {
            return Status::Blocked;
        }
        Status::step(self.unmount(at, on, after))
    }

    pub(super) fn is_told_to_run(&self, place: &TargetPlace) -> bool {
        let is_ours = self.is_pacemaker_run(place) || self.left_over(place).is_some();
        let resource = self.resource_of(place).filter(|_| is_ours);
        let told = resource.map(|resource| resource.target_role.as_deref());
        told.is_some_and(|role| role.is_none_or(|role| !role.eq_ignore_ascii_case("stopped")))
    }

    /// Another file system that needs this MGS up: one that the spec wants up, be
    /// its targets seen or not, or one that is only watched.
    fn other_of_mgs(&self, at: usize) -> Option<String> {
        let place = &self.resolved.targets[at];
        let mut ours = self.resolved.filesystems.iter().enumerate();
        let ours = ours.find(|(nth, fs)| {
            *nth != place.fs && fs.mgs == MgsPlace::Target(at) && fs.state == FsWanted::Mounted
        });
        if let Some((_, fs)) = ours {
            return Some(fs.name.to_string());
        }
        let key = place.key.as_ref()?;
        let own = self.resolved.filesystems[place.fs].key.as_ref();
        let mut seen = self.world.inventory.filesystems.iter();
        let is_kept = |name: &FsName| {
            let mut known = self.resolved.filesystems.iter();
            let of = known.find(|fs| fs.name == *name);
            of.is_none_or(|fs| fs.state == FsWanted::Mounted)
        };
        let other = seen.find(|(other, fs)| {
            Some(*other) != own && fs.mgt.as_ref() == Some(key) && is_kept(&fs.name)
        });
        other.map(|(_, fs)| fs.name.to_string())
    }

    /// Clients on servers of the spec leave a file system first.
    fn clients_off(&mut self, fs: usize) -> Vec<StepId> {
        let place = &self.resolved.filesystems[fs];
        let seen = place.key.as_ref();
        let seen = seen.and_then(|key| self.world.inventory.filesystems.get(key));
        let mut steps = Vec::new();
        for (server, mount_point) in seen.into_iter().flat_map(|seen| &seen.clients) {
            let is_ours = self.resolved.servers.contains_key(server);
            if is_ours && self.world.is_online(*server) {
                let client = ClientPlace {
                    fs: place.name.clone(),
                    fs_place: Some(fs),
                    server: *server,
                    mount_point: mount_point.clone(),
                    options: Vec::new(),
                    mounted: false,
                };
                steps.extend(self.client_unmount(&client));
            }
        }
        steps
    }

    /// A target of a drained server goes to an heir, or down if there is none.
    pub(super) fn move_off(&mut self, at: usize, from: ServerId, before: &[StepId]) -> Status {
        let place = &self.resolved.targets[at];
        let what = format!("move {} off {}", place.label, self.name(from));
        if !self.is_there(from, &what) {
            return Status::Blocked;
        }
        let down = self.unmount(at, from, &[]);
        let heirs = place.servers().filter(|id| *id != from);
        if heirs.count() == 0 {
            let text = "Another server that sees its device; until then it is down.";
            self.wait(what, text, codes::HEIR_ABSENT);
            return Status::Blocked;
        }
        let Some(on) = self.best_server(place, &what) else {
            return Status::Blocked;
        };
        let mut after = before.to_vec();
        after.push(down);
        self.mount_on(at, on, &after)
    }

    /// Unmounts a target by hand.
    pub(super) fn unmount(&mut self, at: usize, on: ServerId, after: &[StepId]) -> StepId {
        let place = &self.resolved.targets[at];
        let mut after = after.to_vec();
        if place.is_mgs() {
            after.extend(self.needs_mgs(at));
        }
        if place.label.kind() == TargetKind::Mdt {
            after.extend(self.made_beside(place));
        }
        let feels = self.feels(at, "waits until it is mounted again", 0);
        let ask = Ask {
            on,
            step: TargetUnmounted {
                label: place.label.clone(),
                device: self.device(place, on),
                mount_point: self.mounted_at(place, on),
            }
            .into(),
            why: format!("{} is to leave {}.", place.label, self.name(on)),
            feels,
        };
        let step = self.add(ask, &after);
        self.unmounted.insert((at, on), step);
        step
    }

    /// Where a target is mounted on a server now: by hand it may be elsewhere than
    /// where Pacemaker mounts it. Where it is not yet, where it is to be.
    fn mounted_at(&self, place: &TargetPlace, on: ServerId) -> String {
        let target = place.key.as_ref().and_then(|key| self.world.target(key));
        let here = target.filter(|target| target.mounted_on.contains(&on));
        let known = here.and_then(|target| target.mount_point.as_ref());
        known.unwrap_or(&place.mount_point).clone()
    }

    /// Steps that bring up new targets of a file system: all its MDTs are up then.
    fn made_beside(&self, place: &TargetPlace) -> Vec<StepId> {
        let steps = || self.graph.steps.iter();
        let made = steps().filter_map(|planned| match &planned.step {
            Step::TargetFormatted(step) => Some(&step.label),
            _ => None,
        });
        let made = made.filter(|label| label.fs() == place.label.fs());
        let made: BTreeSet<&TargetLabel> = made.filter(|label| **label != place.label).collect();
        if made.is_empty() {
            return Vec::new();
        }
        let brought_up = steps().filter(|planned| match &planned.step {
            Step::TargetMounted(step) => made.contains(&step.label),
            Step::TargetRegistered(step) => made.contains(&step.label),
            Step::ResourceRole(step) => step.is_started && made.contains(&step.resource.label),
            _ => false,
        });
        brought_up.map(|planned| planned.id).collect()
    }

    /// Steps that bring up what needs the MGS that a target holds: it leaves only
    /// once they have ended.
    pub(super) fn needs_mgs(&self, at: usize) -> Vec<StepId> {
        let own = &self.resolved.targets[at].label;
        let users = self.resolved.filesystems.iter();
        let users = users.filter(|fs| fs.mgs == MgsPlace::Target(at));
        let users: BTreeSet<&FsName> = users.map(|fs| &fs.name).collect();
        let brings_up = |step: &Step| {
            let label = match step {
                Step::TargetMounted(step) => &step.label,
                Step::TargetRegistered(step) => &step.label,
                Step::ResourceRole(step) if step.is_started => &step.resource.label,
                Step::ClientMounted(step) => return users.contains(&step.fs),
                _ => return false,
            };
            label != own && label.fs().is_some_and(|fs| users.contains(fs))
        };
        let steps = self.graph.steps.iter();
        let steps = steps.filter(|planned| brings_up(&planned.step));
        steps.map(|planned| planned.id).collect()
    }

    /// Who feels that a target is not there.
    pub(super) fn feels(&self, at: usize, text: &str, seconds: u32) -> Vec<Impact> {
        let place = &self.resolved.targets[at];
        let target = place.key.as_ref().and_then(|key| self.world.target(key));
        let Some(target) = target.filter(|target| !target.mounted_on.is_empty()) else {
            return Vec::new();
        };
        let fs = &self.resolved.filesystems[place.fs];
        if fs.state == FsWanted::Absent {
            return vec![Impact {
                fs: fs.name.clone(),
                text: format!("All I/O to {} ends: it is removed.", fs.name),
                seconds: 0,
            }];
        }
        let what = match place.label.kind() {
            TargetKind::Mgt => String::from("New mounts of it wait; running ones go on. It"),
            TargetKind::Mdt => format!("Work with names under {}", target.label),
            TargetKind::Ost => format!("I/O to files on {}", target.label),
        };
        vec![Impact {
            fs: fs.name.clone(),
            text: format!("{what} {text}."),
            seconds,
        }]
    }

    /// Who feels that a server serves nothing.
    pub(super) fn feels_of_server(
        &self,
        server: ServerId,
        text: &str,
        seconds: u32,
    ) -> Vec<Impact> {
        let known = self.world.inventory.servers.get(&server);
        let mounted = known.into_iter().flat_map(|known| &known.mounted);
        let targets = mounted.filter_map(|key| self.world.target(key));
        let names = targets.filter_map(|target| match &target.label {
            TargetLabel::Mgs => None,
            TargetLabel::Of { fs, .. } => Some((fs.clone(), target.label.to_string())),
        });
        let mut by_fs: std::collections::BTreeMap<_, Vec<String>> =
            std::collections::BTreeMap::new();
        for (fs, label) in names {
            by_fs.entry(fs).or_default().push(label);
        }
        let by_fs = by_fs.into_iter();
        by_fs
            .map(|(fs, labels)| Impact {
                fs,
                text: format!("I/O to {} {text}.", labels.join(", ")),
                seconds,
            })
            .collect()
    }
}
