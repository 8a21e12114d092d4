//! Goals: what is wanted once, beside the spec.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::{MgsPlace, TargetPlace};
use crate::stage::format::label_text;
use crate::stage::seen::Seen;
use lustre::label::{TargetKind, TargetLabel};
use model::graph::StepId;
use model::ids::ServerId;
use model::inventory::{TargetKey, TargetState};
use model::spec::{FsWanted, Goal, HaManager};
use model::step::{ResourcePlaced, ServerRebooted, Step};
use std::collections::{BTreeMap, BTreeSet};

impl Composer<'_> {
    /// Plans what is wanted once.
    pub fn goals(&mut self, goals: &[Goal]) {
        for goal in goals {
            match goal {
                Goal::Failover { target, to } => self.failover(goal, target, to.as_deref()),
                Goal::Failback { target } => {
                    let found = self.target_named(goal, target);
                    if let Some(at) = found {
                        self.place(goal, at, self.resolved.targets[at].home);
                    }
                }
                Goal::Reboot { server } => self.reboot(goal, server),
                Goal::Remove { server, .. } => self.remove(goal, server),
            }
        }
    }

    fn refuse(&mut self, goal: &Goal, text: impl Into<String>) {
        self.wait(title(goal), text, codes::GOAL_UNKNOWN);
    }

    /// The target of this label or key.
    fn target_named(&mut self, goal: &Goal, name: &str) -> Option<usize> {
        let label = name.parse::<TargetLabel>().ok();
        let is_it = |place: &TargetPlace| {
            let is_key = place.key.as_ref().is_some_and(|key| key.0 == name);
            is_key || label.as_ref() == Some(&place.label)
        };
        let all = self.resolved.targets.iter().enumerate();
        let found: Vec<usize> = all
            .filter(|(_, place)| is_it(place))
            .map(|(at, _)| at)
            .collect();
        match found.as_slice() {
            [one] => Some(*one),
            [] => {
                self.refuse(goal, format!("A target called {name} in the spec."));
                None
            }
            _ => {
                let text = format!("A key: more than one target is called {name}.");
                self.refuse(goal, text);
                None
            }
        }
    }

    fn server_named(&mut self, goal: &Goal, name: &str) -> Option<ServerId> {
        let mut all = self.resolved.servers.iter();
        let found = all.find(|(_, server)| server.name == name);
        let found = found.map(|(id, _)| *id).or_else(|| {
            let mut ids = self.resolved.servers.keys().copied();
            ids.find(|id| self.world.name(*id) == name)
        });
        if found.is_none() {
            self.refuse(goal, format!("A server called {name} in the spec."));
        }
        found
    }

    fn failover(&mut self, goal: &Goal, target: &str, to: Option<&str>) {
        let Some(at) = self.target_named(goal, target) else {
            return;
        };
        let to = match to {
            Some(name) => self.able(goal, at, name),
            None => self.best_heir(goal, at),
        };
        if let Some(to) = to {
            self.place(goal, at, to);
        }
    }

    fn able(&mut self, goal: &Goal, at: usize, name: &str) -> Option<ServerId> {
        let id = self.server_named(goal, name)?;
        let place = &self.resolved.targets[at];
        if place.servers().any(|server| server == id) {
            return Some(id);
        }
        let text = format!("A server that may serve {}; {name} may not.", place.label);
        self.refuse(goal, text);
        None
    }

    /// Another server than the one where it is, or was.
    fn best_heir(&mut self, goal: &Goal, at: usize) -> Option<ServerId> {
        let place = &self.resolved.targets[at];
        let now = match self.seen(place) {
            Seen::Mounted(on) | Seen::Stale(on) => on,
            _ => place.home,
        };
        let mut others = place.servers().filter(|id| *id != now);
        let found = others.find(|id| self.world.is_online(*id));
        if found.is_none() {
            let text = format!(
                "Another server that may serve {}, and is there.",
                place.label
            );
            self.wait(title(goal), text, codes::HEIR_ABSENT);
        }
        found
    }

    /// A target runs on this server.
    fn place(&mut self, goal: &Goal, at: usize, to: ServerId) {
        let place = &self.resolved.targets[at];
        let seen = self.seen(place);
        let what = title(goal);
        if seen == Seen::Mounted(to) {
            return;
        }
        let fs = &self.resolved.filesystems[place.fs];
        if fs.state != FsWanted::Mounted {
            let text = format!("{} to be started: the spec wants it down.", fs.name);
            self.refuse(goal, text);
            return;
        }
        if self.is_others(place, &what) || !self.is_there(to, &what) {
            return;
        }
        if self.left_over(place).is_some() {
            let text = "Its HA group to be as the spec says: Pacemaker still runs it.";
            self.wait(what, text, codes::HA_NOT_OURS);
            return;
        }
        if self.is_pacemaker_run(place) {
            self.place_by_pacemaker(&what, at, to);
            return;
        }
        match seen {
            Seen::Mounted(from) => {
                let before = if place.is_mgs() {
                    Some(Vec::new())
                } else {
                    self.mgs_for_move(place.fs, &what)
                };
                if let (true, Some(mut after)) = (self.is_there(from, &what), before) {
                    after.push(self.unmount(at, from, &[]));
                    self.mounted_anew(at, to, &after);
                }
            }
            Seen::Stale(_) | Seen::Unmounted { .. } => {
                // What the spec wants already mounts it where it belongs.
                if !self
                    .up
                    .get(&at)
                    .is_some_and(|up| matches!(up, Status::After(_)))
                {
                    let before = if place.is_mgs() {
                        Some(Vec::new())
                    } else {
                        self.mgs_for_move(place.fs, &what)
                    };
                    if let Some(after) = before {
                        self.mounted_anew(at, to, &after);
                    }
                }
            }
            Seen::Twice => {
                let text = "A person to look: it is mounted on two servers at once.";
                self.wait(what, text, codes::TARGET_DOUBLE);
            }
            Seen::Nothing | Seen::Hidden => self.refuse(goal, "The target to be made first."),
        }
    }

    /// Mounts a target, which others that need it from here on wait for.
    fn mounted_anew(&mut self, at: usize, on: ServerId, after: &[StepId]) -> Status {
        let status = self.mount_on(at, on, after);
        self.up.insert(at, status.clone());
        status
    }

    fn place_by_pacemaker(&mut self, what: &str, at: usize, to: ServerId) {
        let place = &self.resolved.targets[at];
        let label = label_text(place, self.resolved.filesystems.get(place.fs));
        let Some(group) = place.group else { return };
        if self.is_hands_off(group, what) {
            return;
        }
        if self.resource_of(place).is_none() {
            let text = format!("Pacemaker to run {label}; it does not yet.");
            self.wait(what, text, codes::HA_NOT_OURS);
            return;
        }
        let is_up = matches!(self.seen(place), Seen::Mounted(_));
        if let Some(text) = self.moving(place).filter(|_| !is_up) {
            self.wait(what, text, codes::HA_MOVING);
            return;
        }
        let Some(on) = self.speaker(place) else {
            self.is_there(place.home, what);
            return;
        };
        let ready = self.ha_ready(group);
        let Some(mut after) = ready.steps().map(<[StepId]>::to_vec) else {
            return;
        };
        if place.is_mgs() {
            after.extend(self.needs_mgs(at));
        } else {
            let Some(mgs) = self.mgs_for_move(place.fs, what) else {
                return;
            };
            after.extend(mgs);
        }
        let ask = Ask {
            on,
            step: ResourcePlaced {
                resource: self.resource(place),
                node: self.node(to),
            }
            .into(),
            why: format!("{label} is asked to run on {}.", self.name(to)),
            feels: self.feels(at, "waits until it has moved", 120),
        };
        self.add(ask, &after);
    }

    /// A server boots, after it serves nothing; what it served comes back.
    fn reboot(&mut self, goal: &Goal, name: &str) {
        let Some(server) = self.server_named(goal, name) else {
            return;
        };
        let what = title(goal);
        if !self.is_there(server, &what) {
            return;
        }
        let place = &self.resolved.servers[&server];
        let group = place.group;
        let by_pacemaker = group.filter(|group| self.resolved.groups[*group].is_pacemaker());
        let external = group.map(|group| self.resolved.groups[group].spec.manager);
        if external == Some(HaManager::External) {
            let text = "Whoever runs its HA group: Candela only watches it.";
            self.wait(what, text, codes::HA_EXTERNAL);
            return;
        }
        if by_pacemaker.is_none() && self.runs_pacemaker(server) {
            let text = "Pacemaker, which runs on it, to be in the spec or to be gone.";
            self.wait(what, text, codes::HA_NOT_OURS);
            return;
        }
        match by_pacemaker {
            Some(group) => self.reboot_node(server, group, &what),
            None => self.reboot_alone(server, &what),
        }
    }

    fn reboot_node(&mut self, server: ServerId, group: usize, what: &str) {
        if self.is_hands_off(group, what) {
            return;
        }
        let is_drained = self.is_in_standby(group, server);
        let others = self.resolved.groups[group].servers.iter().copied();
        let other = others
            .filter(|id| *id != server)
            .find(|id| self.world.is_online(*id) && self.runs_pacemaker(*id));
        // Best by one that stays; else the server takes itself back once it is up.
        let teller = other.unwrap_or(server);
        if is_drained {
            self.reboot_step(server, &[]);
            return;
        }
        let Some(opened) = self.standby_by(teller, group, server, true) else {
            return;
        };
        let booted = self.reboot_step(server, &[opened]);
        self.back(teller, server, opened, booted);
    }

    fn reboot_alone(&mut self, server: ServerId, what: &str) {
        // What this very plan mounts here comes down again too.
        let coming = self.coming(server);
        let here = |at: &usize| {
            let is_mounted = self.seen(&self.resolved.targets[*at]) == Seen::Mounted(server);
            is_mounted || coming.contains_key(at)
        };
        let all = 0..self.resolved.targets.len();
        let (mgs, others): (Vec<usize>, Vec<usize>) = all
            .filter(here)
            .partition(|at| self.resolved.targets[*at].is_mgs());
        let here: Vec<usize> = mgs.iter().chain(&others).copied().collect();
        if self.keeps_others_up(server, &here, what) {
            return;
        }
        // What is on the move already does not come back here.
        let is_leaving = |at: &usize| self.unmounted.contains_key(&(*at, server));
        let (leaving, others): (Vec<usize>, Vec<usize>) = others.into_iter().partition(is_leaving);
        let (mgs_leaving, mgs): (Vec<usize>, Vec<usize>) = mgs.into_iter().partition(is_leaving);
        let Some(elsewhere) = self.mgs_elsewhere(&others, &mgs, what) else {
            return;
        };
        let gone = leaving.iter().chain(&mgs_leaving);
        let gone = gone.filter_map(|at| self.unmounted.get(&(*at, server)).copied());
        let mut down: Vec<StepId> = gone.collect();
        for at in &others {
            let mounted: Vec<StepId> = coming.get(at).copied().into_iter().collect();
            let unmounted = self.unmount(*at, server, &mounted);
            down.push(self.let_go(*at, server, unmounted));
        }
        for at in &mgs {
            let mounted = coming.get(at);
            let after: Vec<StepId> = down.iter().chain(mounted).copied().collect();
            let last = self.unmount(*at, server, &after);
            down.push(self.let_go(*at, server, last));
        }
        let booted = self.reboot_step(server, &down);
        let lnet = self.lnet_again(server, booted);
        let mut up = vec![lnet.unwrap_or(booted)];
        up.extend(elsewhere);
        for at in mgs.into_iter().chain(others) {
            let mounted = self.mounted_anew(at, server, &up);
            if self.resolved.targets[at].label.kind() != TargetKind::Ost {
                up.extend(mounted.steps().unwrap_or_default());
            }
        }
    }

    /// Whether something is mounted on a server that is none of these targets, so
    /// that no step unmounts it: then a person is waited for.
    fn keeps_others_up(&mut self, server: ServerId, ours: &[usize], what: &str) -> bool {
        let keys = ours
            .iter()
            .map(|at| self.resolved.targets[*at].key.as_ref());
        let ours: BTreeSet<&TargetKey> = keys.flatten().collect();
        let known = self.world.inventory.servers.get(&server);
        let mounted = known.into_iter().flat_map(|known| &known.mounted);
        let left: Vec<&TargetKey> = mounted.filter(|key| !ours.contains(key)).collect();
        let world = self.world;
        for target in left.iter().filter_map(|key| world.target(key)) {
            let (why, code) = if target.state == TargetState::MountedTwice {
                ("it is mounted on two servers at once", codes::TARGET_DOUBLE)
            } else if target.device.is_none() {
                ("no server shows its device", codes::TARGET_GONE)
            } else {
                ("the spec does not have it", codes::SERVER_NEEDED)
            };
            let label = &target.label;
            let text = format!("A person to unmount {label}, which is mounted there: {why}.");
            self.wait(what, text, code);
        }
        !left.is_empty()
    }

    /// The pool of a target that was unmounted leaves the server: nothing imports
    /// it where the server boots.
    fn let_go(&mut self, at: usize, server: ServerId, unmounted: StepId) -> StepId {
        let place = &self.resolved.targets[at];
        if place.pool.is_none() {
            return unmounted;
        }
        let step = self.export(place, server, &[unmounted]);
        self.exported.insert((at, server));
        self.imported.remove(&at);
        step
    }

    /// Targets that this plan mounts on a server, and the steps that do.
    fn coming(&self, server: ServerId) -> BTreeMap<usize, StepId> {
        let is_here = |id: &&StepId| {
            let planned = self.graph.step(**id);
            planned
                .is_some_and(|one| one.on == server && matches!(one.step, Step::TargetMounted(_)))
        };
        let all = self.up.iter().filter_map(|(at, up)| {
            let step = up.steps()?.iter().find(is_here)?;
            Some((*at, *step))
        });
        all.collect()
    }

    /// Steps after which the MGS is up of those whose MGS is not here.
    fn mgs_elsewhere(
        &mut self,
        targets: &[usize],
        here: &[usize],
        what: &str,
    ) -> Option<Vec<StepId>> {
        let of = targets.iter().map(|at| self.resolved.targets[*at].fs);
        let of: BTreeSet<usize> = of.collect();
        let mut after = Vec::new();
        for fs in of {
            let mgs = &self.resolved.filesystems[fs].mgs;
            let is_here = matches!(mgs, MgsPlace::Target(at) if here.contains(at));
            if !is_here {
                after.extend(self.mgs_for_move(fs, what)?);
            }
        }
        Some(after)
    }

    fn reboot_step(&mut self, server: ServerId, after: &[StepId]) -> StepId {
        // What this plan does there is not cut off.
        let here = self
            .graph
            .steps
            .iter()
            .filter(|planned| planned.on == server);
        let mut after = after.to_vec();
        after.extend(here.map(|planned| planned.id));
        let report = self.world.report(server);
        let boot_id = report.map(|report| report.identity.boot_id.clone());
        let ask = Ask {
            on: server,
            step: ServerRebooted {
                boot_id_before: boot_id.unwrap_or_default(),
            }
            .into(),
            why: format!("A reboot of {} is asked for.", self.name(server)),
            feels: Vec::new(),
        };
        self.add(ask, &after)
    }
}

/// What a goal is for, in a few words.
pub(super) fn title(goal: &Goal) -> String {
    match goal {
        Goal::Failover {
            target,
            to: Some(to),
        } => format!("Move {target} to {to}"),
        Goal::Failover { target, to: None } => format!("Fail {target} over"),
        Goal::Failback { target } => format!("Fail {target} back"),
        Goal::Reboot { server } => format!("Reboot {server}"),
        Goal::Remove { server, .. } => format!("Remove {server}"),
    }
}
