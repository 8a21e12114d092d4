//! Targets that Pacemaker runs: registered by hand once, then handed over.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::TargetPlace;
use crate::stage::format::label_text;
use crate::stage::seen::Seen;
use lustre::label::TargetLabel;
use model::graph::StepId;
use model::ids::ServerId;
use model::report::{HaNodeState, HaResource};
use model::spec::ServerWanted;
use model::step::{
    ResourcePresent, ResourceRole, ServerPrepared, Step, TargetRegistered, TargetResource,
};

impl Composer<'_> {
    /// A target is up by Pacemaker.
    pub(super) fn pacemaker_up(&mut self, at: usize, seen: Seen, before: &[StepId]) -> Status {
        let resolved = self.resolved;
        let place = &resolved.targets[at];
        let Some(group) = place.group else {
            return Status::Blocked;
        };
        let label = label_text(place, resolved.filesystems.get(place.fs));
        let what = format!("mount {label}");
        if self.is_hands_off(group, &what) {
            return Status::Blocked;
        }
        let ready = self.ha_ready(group);
        let Some(ready) = ready.steps().map(<[StepId]>::to_vec) else {
            return Status::Blocked;
        };
        if let Some(resource) = self.resource_of(place) {
            if resource.is_blocked || resource.is_failed || !resource.is_managed {
                let text = format!(
                    "Pacemaker, which shows its resource {} {}.",
                    resource.id,
                    if resource.is_managed {
                        "failed"
                    } else {
                        "unmanaged"
                    }
                );
                self.wait(what, text, codes::HA_BLOCKED);
                return Status::Blocked;
            }
            if let Some(text) = self.moving(place) {
                self.wait(what, text, codes::HA_MOVING);
                return Status::Blocked;
            }
            if !self.has_server(place, &what) {
                return Status::Blocked;
            }
            let back = self.back.get(&group).into_iter().flatten();
            let after: Vec<StepId> = before.iter().chain(&ready).chain(back).copied().collect();
            return self.role(at, true, &after);
        }
        let Some(mut after) = self.handed_over(at, seen, before) else {
            return Status::Blocked;
        };
        after.extend(ready);
        let Some((present, resource)) = self.present(at, &after) else {
            return Status::Blocked;
        };
        let mut after = before.to_vec();
        after.push(present);
        self.role_of(at, Some(resource), true, &after)
    }

    /// A target that Pacemaker runs on a server stays up, or is up again once that
    /// server's node is empty: others that need it wait for that.
    pub(super) fn is_up_by_pacemaker(&mut self, place: &TargetPlace, on: ServerId) -> Status {
        if self.resource_of(place).is_none() {
            return Status::Met;
        }
        let label = label_text(place, self.resolved.filesystems.get(place.fs));
        if !self.has_server(place, &format!("keep {label} up")) {
            return Status::Blocked;
        }
        let moved = self.away.get(&on);
        moved.map_or(Status::Met, |step| Status::step(*step))
    }

    /// Whether any server that may serve a target is in service; if not, that is
    /// waited for.
    fn has_server(&mut self, place: &TargetPlace, what: &str) -> bool {
        let in_service = |id: ServerId| {
            let server = self.resolved.servers.get(&id);
            server.is_some_and(|server| server.wanted == ServerWanted::InService)
        };
        let is_so = place.servers().any(in_service);
        if !is_so {
            let text = "A server that may serve it and is in service.";
            self.wait(what, text, codes::HEIR_ABSENT);
        }
        is_so
    }

    /// What Pacemaker does by itself already, of a target that it is told to run.
    pub(super) fn moving(&self, place: &TargetPlace) -> Option<String> {
        let resource = self.resource_of(place)?;
        let group = place.group?;
        if !self.is_told_to_run(place) {
            return None;
        }
        // Of a group the member that mounts shows how far it is.
        if matches!(resource.role.as_str(), "Starting" | "Stopping") {
            let doing = resource.role.to_lowercase();
            return Some(format!("Pacemaker, which is {doing} it."));
        }
        let confirmed = self.back.get(&group).into_iter().flatten();
        let confirmed = confirmed.filter_map(|step| match &self.graph.step(*step)?.step {
            Step::FenceConfirmed(step) => Some(step.node.clone()),
            _ => None,
        });
        let confirmed: Vec<String> = confirmed.collect();
        let may_have = |node: &str| {
            let mut servers = place.servers();
            let is_server = servers.any(|server| self.node(server) == node);
            is_server || resource.nodes.iter().any(|one| one == node)
        };
        let mut nodes = self.cluster(group)?.nodes.iter();
        let lost = nodes.find(|node| {
            let is_lost = node.state == HaNodeState::Unclean && !confirmed.contains(&node.name);
            is_lost && may_have(&node.name)
        });
        if let Some(node) = lost {
            return Some(format!(
                "Pacemaker, which moves it once {} is off: it is lost, and not fenced yet.",
                node.name
            ));
        }
        let at = resource.nodes.first()?;
        let is_started = resource.role == "Started" && !confirmed.contains(at);
        is_started.then(|| {
            format!("{at} to show it mounted, or Pacemaker to see that it runs there no more.")
        })
    }

    /// The target is made and registered, and nobody holds it.
    fn handed_over(&mut self, at: usize, seen: Seen, before: &[StepId]) -> Option<Vec<StepId>> {
        let place = &self.resolved.targets[at];
        let made = match seen {
            Seen::Nothing | Seen::Hidden => self.format(at),
            _ => Status::Met,
        };
        let mut after = made.steps()?.to_vec();
        let is_registered = match seen {
            Seen::Nothing | Seen::Hidden => place.label == TargetLabel::Mgs,
            Seen::Unmounted { is_registered } => is_registered,
            Seen::Mounted(_) | Seen::Stale(_) | Seen::Twice => true,
        };
        let mut holders = self.holders(place);
        if !is_registered {
            after.extend(before);
            after.extend(self.import(at, place.home, &after.clone(), None, false));
            after = vec![self.register(at, &after)?];
            holders = vec![place.home];
        }
        // Pacemaker imports the pool where it starts the target.
        let is_here = place.pool.as_ref().is_some_and(|pool| !pool.exists);
        if is_here || self.imported.contains_key(&at) {
            holders = vec![place.home];
        }
        if place.pool.is_some() {
            for holder in holders {
                if !self.is_there(holder, &format!("hand {} over", place.label)) {
                    return None;
                }
                after = vec![self.export(place, holder, &after)];
            }
        }
        Some(after)
    }

    /// The target is mounted once at home, so that its MGS knows it.
    fn register(&mut self, at: usize, after: &[StepId]) -> Option<StepId> {
        let place = &self.resolved.targets[at];
        let what = format!("register {}", place.label);
        if !self.is_there(place.home, &what) {
            return None;
        }
        let (_, unmounts) = self.proof(at, place.home, &what)?;
        let mut after = after.to_vec();
        after.extend(unmounts);
        after.extend(self.lnet(place.home).steps()?);
        let ask = Ask {
            on: place.home,
            step: TargetRegistered {
                label: place.label.clone(),
                device: self.device(place, place.home),
                back_end: place.back_end.as_str().to_owned(),
                mount_point: place.mount_point.clone(),
            }
            .into(),
            why: format!(
                "Its MGS must know {} before Pacemaker runs it.",
                place.label
            ),
            feels: Vec::new(),
        };
        Some(self.add(ask, &after))
    }

    /// Whether Pacemaker was told to keep its hands off.
    pub(super) fn is_hands_off(&mut self, group: usize, what: &str) -> bool {
        let is_off = self
            .cluster(group)
            .is_some_and(|cluster| cluster.maintenance);
        if is_off {
            let text = "The end of Pacemaker's maintenance mode.";
            self.wait(what, text, codes::HA_MAINTENANCE);
        }
        is_off
    }

    /// The id that a target's resource gets.
    pub(super) fn resource_id(&self, place: &TargetPlace) -> String {
        match (&place.label, place.group) {
            (TargetLabel::Mgs, Some(group)) => {
                let name = &self.resolved.groups[group].spec.name;
                format!("MGS_{}", name.replace('_', "-"))
            }
            (label, _) => label.to_string(),
        }
    }

    /// What Pacemaker runs for a target.
    pub(super) fn resource(&self, place: &TargetPlace) -> TargetResource {
        let known = self.resource_of(place);
        let ours = self.resource_id(place);
        let id = known.map_or(ours, |resource| resource.id.clone());
        let of_group = known.and_then(|resource| resource.group.clone());
        // A group of ours is named for its resource; another one has its own name.
        let zpool = place.pool.as_ref().map(|pool| pool.name.clone());
        let zpool = match (known, &of_group) {
            (Some(_), None) => None,
            _ => zpool,
        };
        let group = place.group.map(|group| &self.resolved.groups[group]);
        TargetResource {
            label: place.label.clone(),
            top: of_group.filter(|group| *group != format!("group-{id}")),
            id,
            cluster: group
                .map(|group| group.spec.name.clone())
                .unwrap_or_default(),
            device: self.told_path(place).unwrap_or_default(),
            mount_point: place.mount_point.clone(),
            zpool,
            nodes: place.servers().map(|server| self.node(server)).collect(),
            barred: self.barred(place),
        }
    }

    /// The path of a target's device that Pacemaker has, or is to be told: for good, and
    /// the same on all its servers. None if there is none, or its home does not see it.
    fn told_path(&self, place: &TargetPlace) -> Option<String> {
        let known = self.resource_of(place);
        let known = known.and_then(|resource| resource.parameters.get("target"));
        if let Some(known) = known {
            return Some(known.clone());
        }
        if place.pool.is_some() {
            return Some(self.path(place, place.home));
        }
        let heirs = place.heirs.iter().copied();
        let path = self.world.stable_path(place.home, heirs, &place.device);
        path.map(str::to_owned)
    }

    /// Nodes of its group that may not run a target.
    fn barred(&self, place: &TargetPlace) -> Vec<String> {
        let group = place
            .group
            .map(|group| &self.resolved.groups[group].servers);
        let others = group.into_iter().flatten().copied();
        let others = others.filter(|id| !place.servers().any(|server| server == *id));
        others.map(|id| self.node(id)).collect()
    }

    fn present(&mut self, at: usize, after: &[StepId]) -> Option<(StepId, TargetResource)> {
        let place = &self.resolved.targets[at];
        let resource = self.resource(place);
        if resource.device.is_empty() {
            let what = format!("let Pacemaker run {}", place.label);
            let home = self.name(place.home);
            let (text, code) = match self.world.path(place.home, &place.device) {
                None => (
                    format!("{home} to see {}.", place.device),
                    codes::TARGET_GONE,
                ),
                Some(path) => (
                    format!(
                        "A name of {path} on {home} that outlives a boot and leads to the same device on all its servers."
                    ),
                    codes::NO_STABLE_PATH,
                ),
            };
            self.wait(what, text, code);
            return None;
        }
        let on = self.speaker(place)?;
        let mut after = after.to_vec();
        after.extend(self.prepared(at)?);
        let ask = Ask {
            on,
            step: ResourcePresent {
                resource: resource.clone(),
            }
            .into(),
            why: format!("Pacemaker is to run {}.", place.label),
            feels: Vec::new(),
        };
        Some((self.add(ask, &after), resource))
    }

    /// Each server that may serve the target is prepared for it. A server that
    /// is not there is waited for: without that it could not take over.
    fn prepared(&mut self, at: usize) -> Option<Vec<StepId>> {
        let place = &self.resolved.targets[at];
        let what = format!("let Pacemaker run {}", place.label);
        let mut missing = 0;
        for server in place.servers() {
            missing += usize::from(!self.is_there(server, &what));
        }
        if missing > 0 {
            return None;
        }
        let made = place.servers().map(|on| {
            let ask = Ask {
                on,
                step: ServerPrepared {
                    label: place.label.clone(),
                    mount_point: place.mount_point.clone(),
                    has_pool: place.pool.is_some(),
                }
                .into(),
                why: format!("{} may serve {}.", self.name(on), place.label),
                feels: Vec::new(),
            };
            self.add(ask, &[])
        });
        Some(made.collect())
    }

    /// Pacemaker starts or stops a target.
    pub(super) fn role(&mut self, at: usize, is_started: bool, after: &[StepId]) -> Status {
        self.role_of(at, None, is_started, after)
    }

    fn role_of(
        &mut self,
        at: usize,
        resource: Option<TargetResource>,
        is_started: bool,
        after: &[StepId],
    ) -> Status {
        let place = &self.resolved.targets[at];
        if self.is_role_met(place, is_started) {
            return match after {
                [] => Status::Met,
                after => Status::After(after.to_vec()),
            };
        }
        let what = format!(
            "{} {}",
            if is_started { "start" } else { "stop" },
            place.label
        );
        let Some(on) = self.speaker(place) else {
            self.is_there(place.home, &what);
            return Status::Blocked;
        };
        let feels = if is_started {
            self.feels(at, "waits until it is mounted", 60)
        } else {
            self.feels(at, "waits until it is started again", 0)
        };
        let why = if is_started {
            format!("{} is to be up.", place.label)
        } else {
            format!("{} is to be down.", place.label)
        };
        let ask = Ask {
            on,
            step: ResourceRole {
                resource: resource.unwrap_or_else(|| self.resource(place)),
                is_started,
            }
            .into(),
            why,
            feels,
        };
        let step = self.add(ask, after);
        if !is_started {
            self.stopped.insert(at, step);
        }
        Status::step(step)
    }

    /// Whether Pacemaker, by the word of a server that is there, has a target as
    /// it is to be, while the server that the target was seen on is silent.
    fn is_role_met(&self, place: &TargetPlace, is_started: bool) -> bool {
        let Seen::Stale(on) = self.seen(place) else {
            return false;
        };
        let cluster = place.group.and_then(|group| self.cluster(group));
        let Some(cluster) = cluster else {
            return false;
        };
        let node = self.node(on);
        let mut nodes = cluster.nodes.iter();
        let is_known = nodes.any(|one| one.name == node && one.state != HaNodeState::Unclean);
        let is_fresh = cluster.seen_by.is_some_and(|id| self.world.is_online(id));
        let is_so = self.resource_of(place).is_some_and(|resource| {
            if is_started {
                resource.role == "Started" && !resource.nodes.is_empty()
            } else {
                resource.nodes.is_empty()
            }
        });
        is_known && is_fresh && is_so && self.is_told_to_run(place) == is_started
    }

    /// Whether a target is mounted by hand on a server while Pacemaker has stopped
    /// it: by the newest view, and by that server's own, which may be another.
    pub(super) fn is_stray(&self, place: &TargetPlace, on: ServerId) -> bool {
        let is_stopped = |resource: &HaResource| {
            let told = resource.target_role.as_deref().unwrap_or_default();
            resource.nodes.is_empty() && told.eq_ignore_ascii_case("stopped")
        };
        self.is_pacemaker_run(place)
            && self.resource_of(place).is_some_and(is_stopped)
            && self.own_view(place, on).is_some_and(is_stopped)
    }

    /// Who tells Pacemaker about a target: its home, so that many are told at
    /// once; else any member.
    pub(super) fn speaker(&self, place: &TargetPlace) -> Option<model::ids::ServerId> {
        let group = place.group?;
        let is_set_up = self.cluster(group).is_some();
        let home = place.home;
        let speaks = self.world.is_online(home) && (!is_set_up || self.runs_pacemaker(home));
        if speaks {
            return Some(home);
        }
        self.teller(group)
    }

    /// A target that runs, but not by the Pacemaker of its group: it has no resource
    /// there, or one that is active elsewhere or nowhere.
    pub(super) fn note_foreign(&mut self, place: &TargetPlace, on: ServerId) {
        if self.resource_of(place).is_some() && !self.is_beside(place, on) {
            return;
        }
        let label = label_text(place, self.resolved.filesystems.get(place.fs));
        let what = format!("let Pacemaker run {label}");
        let text = "Somebody to unmount it: it was mounted by hand.";
        self.wait(what, text, codes::HA_NOT_OURS);
    }

    /// Whether Pacemaker does not have a target on the server where it is mounted:
    /// by the newest view, and by that server's own, which may be another.
    fn is_beside(&self, place: &TargetPlace, on: ServerId) -> bool {
        let node = self.node(on);
        let is_elsewhere = |resource: &HaResource| {
            let is_moving = matches!(resource.role.as_str(), "Starting" | "Stopping");
            !is_moving && !resource.nodes.contains(&node)
        };
        self.resource_of(place).is_some_and(is_elsewhere)
            && self.own_view(place, on).is_some_and(is_elsewhere)
    }

    /// A target's resource as a server showed it together with its mounts.
    fn own_view(&self, place: &TargetPlace, on: ServerId) -> Option<&HaResource> {
        let id = &self.resource_of(place)?.id;
        let ha = self.world.report(on)?.ha.as_ref()?;
        ha.resources.iter().find(|resource| resource.id == *id)
    }
}
