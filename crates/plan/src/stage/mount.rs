//! Targets come up: formatted, registered, mounted; and the proof that nobody
//! else has them.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::{PoolPlace, TargetPlace};
use crate::stage::format::label_text;
use crate::stage::seen::Seen;
use model::graph::StepId;
use model::ids::ServerId;
use model::report::HaNodeState;
use model::spec::ServerWanted;
use model::step::{Elsewhere, PoolExported, PoolImported, TargetMounted};
use std::collections::BTreeSet;

impl Composer<'_> {
    /// A target is up, after what must be up before it. `code` says what that is.
    pub(super) fn target_up(&mut self, at: usize, before: &Status, code: &str) -> Status {
        if let Some(known) = self.up.get(&at) {
            return known.clone();
        }
        let mark = self.mark();
        let status = self.plan_up(at, before, code);
        if status == Status::Met && self.mark() == mark {
            self.quiet.targets.insert(at);
        }
        self.up.insert(at, status.clone());
        status
    }

    fn plan_up(&mut self, at: usize, before: &Status, code: &str) -> Status {
        let place = &self.resolved.targets[at];
        let seen = self.seen(place);
        let label = label_text(place, self.resolved.filesystems.get(place.fs));
        let what = format!("mount {label}");
        let is_left_over = self.left_over(place).is_some();
        match seen {
            Seen::Mounted(on) if !is_left_over => return self.is_up(at, on, before),
            _ if self.is_others(place, &what) => return Status::Blocked,
            Seen::Twice => {
                let text = "A person to look: it is mounted on two servers at once.";
                self.wait(what, text, codes::TARGET_DOUBLE);
                return Status::Blocked;
            }
            // A server that the spec leaves out is not waited for once it is proven off.
            Seen::Stale(on) if !self.is_pacemaker_run(place) && !self.is_lost_for_good(on) => {
                let text = format!(
                    "The agent on {}, where it was mounted, to connect; or `target failover` once that server is proven off.",
                    self.name(on)
                );
                self.wait(what, text, codes::AGENT_ABSENT);
                return Status::Blocked;
            }
            // Who has the pool may have the target mounted, too.
            Seen::Hidden if self.proof(at, place.home, &what).is_none() => return Status::Blocked,
            Seen::Mounted(_)
            | Seen::Hidden
            | Seen::Stale(_)
            | Seen::Nothing
            | Seen::Unmounted { .. } => {}
        }
        let Some(after) = before.steps() else {
            let text = match code {
                codes::MGS_WAITED => "Its MGS, which is not up.",
                _ => "The MDTs of its file system, which are not all up.",
            };
            self.wait(what, text, code);
            return Status::Blocked;
        };
        let after = after.to_vec();
        if self.is_pacemaker_run(place) {
            return self.pacemaker_up(at, seen, &after);
        }
        if is_left_over {
            return self.by_hand(at, seen, &after);
        }
        let made = match seen {
            Seen::Nothing | Seen::Hidden => self.format(at),
            _ => Status::Met,
        };
        let Some(made) = made.steps() else {
            return Status::Blocked;
        };
        let after: Vec<StepId> = after.iter().chain(made).copied().collect();
        let Some(on) = self.best_server(place, &what) else {
            return Status::Blocked;
        };
        self.mount_on(at, on, &after)
    }

    fn is_lost_for_good(&self, server: ServerId) -> bool {
        !self.resolved.servers.contains_key(&server) && self.is_off(server)
    }

    /// What is up stays where it is, unless its server is to be drained.
    fn is_up(&mut self, at: usize, on: ServerId, before: &Status) -> Status {
        let place = &self.resolved.targets[at];
        if self.is_pacemaker_run(place) {
            self.note_foreign(place, on);
            return self.is_up_by_pacemaker(place, on);
        }
        let what = format!("move {} off {}", place.label, self.name(on));
        if !self.is_drained(on) || self.is_others(place, &what) {
            return Status::Met;
        }
        // Where it goes it needs its MGS, which may be on the move too.
        match before.steps() {
            Some(before) => self.move_off(at, on, before),
            None => Status::Blocked,
        }
    }

    /// Whether a target leaves the server that it is mounted on, for another.
    pub(super) fn is_to_move(&self, at: usize, on: ServerId) -> bool {
        let place = &self.resolved.targets[at];
        self.is_drained(on) || self.left_over(place).is_some()
    }

    /// Whether a server is to serve nothing: one that is managed and that the spec
    /// does not name serves nothing of it either.
    fn is_drained(&self, server: ServerId) -> bool {
        match self.resolved.servers.get(&server) {
            Some(place) => place.wanted == ServerWanted::Drained,
            None => self.world.managed.contains(&server),
        }
    }

    /// The server that a target is to be mounted on: its home, or an heir while
    /// the home is drained.
    pub(super) fn best_server(&mut self, place: &TargetPlace, what: &str) -> Option<ServerId> {
        let in_service = |id: &ServerId| {
            let server = self.resolved.servers.get(id);
            server.is_some_and(|server| server.wanted == ServerWanted::InService)
        };
        let serving: Vec<ServerId> = place.servers().filter(in_service).collect();
        let online = serving.iter().find(|id| self.world.is_online(**id));
        // A home that is away is waited for: nobody said to fail over.
        let best = match serving.first() {
            Some(first) if *first == place.home => Some(*first),
            _ => online.copied().or_else(|| serving.first().copied()),
        };
        if best.is_none() {
            let text = "A server that may serve it and is in service.";
            self.wait(what, text, codes::HEIR_ABSENT);
        }
        best.filter(|id| self.is_there(*id, what))
    }

    /// Mounts a target by hand on a server.
    pub(super) fn mount_on(&mut self, at: usize, on: ServerId, after: &[StepId]) -> Status {
        let place = &self.resolved.targets[at];
        let label = label_text(place, self.resolved.filesystems.get(place.fs));
        let what = format!("mount {label}");
        let Some((elsewhere, unmounts)) = self.proof(at, on, &what) else {
            return Status::Blocked;
        };
        let lnet = self.lnet(on);
        let Some(lnet) = lnet.steps() else {
            return Status::Blocked;
        };
        let mut after: Vec<StepId> = after.to_vec();
        after.extend(lnet);
        after.extend(unmounts);
        let fenced = elsewhere.iter().find(|(_, why)| *why == Elsewhere::Fenced);
        // What Pacemaker stops it exports.
        let is_exported =
            self.dropped.contains_key(&at) && matches!(self.seen(place), Seen::Mounted(_));
        let fenced = fenced.map(|(id, _)| *id);
        after.extend(self.import(at, on, &after.clone(), fenced, is_exported));
        let feels = self.feels(at, "waits until it is mounted", 60);
        let ask = Ask {
            on,
            step: TargetMounted {
                label: place.label.clone(),
                device: self.device(place, on),
                back_end: place.back_end.as_str().to_owned(),
                mount_point: place.mount_point.clone(),
                options: Vec::new(),
                elsewhere,
            }
            .into(),
            why: format!("{label} is to be up."),
            feels,
        };
        Status::step(self.add(ask, &after))
    }

    /// The pool of a target is imported on a server, and nowhere else.
    /// `is_exported` says that it will be exported wherever it is imported now.
    pub(super) fn import(
        &mut self,
        at: usize,
        on: ServerId,
        after: &[StepId],
        fenced: Option<ServerId>,
        is_exported: bool,
    ) -> Vec<StepId> {
        let place = &self.resolved.targets[at];
        // One that this plan makes is there once this plan has exported it.
        let is_there = |pool: &&PoolPlace| pool.exists || self.is_on_the_move(at);
        let Some(pool) = place.pool.as_ref().filter(is_there) else {
            return Vec::new();
        };
        let mut holders = if is_exported {
            Vec::new()
        } else {
            self.holders(place)
        };
        holders.retain(|id| !self.exported.contains(&(at, *id)));
        if holders.contains(&on) {
            return Vec::new();
        }
        // One that is exported by now, or by this plan, needs no force.
        let is_let_go = is_exported || !holders.is_empty() || self.is_on_the_move(at);
        let released = if is_let_go {
            Vec::new()
        } else {
            self.released(place, on)
        };
        let mut after = after.to_vec();
        match self.imported.get(&at) {
            Some((there, step)) if *there == on => return vec![*step],
            Some((there, step)) => {
                holders.push(*there);
                after.push(*step);
            }
            None => {}
        }
        for holder in holders.into_iter().filter(|id| Some(*id) != fenced) {
            after.push(self.export(place, holder, &after.clone()));
        }
        let ask = Ask {
            on,
            step: PoolImported {
                pool: pool.name.clone(),
                fenced,
                released,
            }
            .into(),
            why: format!("{} lies in it.", place.label),
            feels: Vec::new(),
        };
        let step = self.add(ask, &after);
        self.imported.insert(at, (on, step));
        vec![step]
    }

    /// Whether this plan exports or imports a target's pool already.
    fn is_on_the_move(&self, at: usize) -> bool {
        let is_exported = self.exported.iter().any(|(of, _)| *of == at);
        is_exported || self.imported.contains_key(&at)
    }

    /// Names of servers that reach a target's pool, and show that they do not
    /// have it imported: from them it may be taken, should it not have been
    /// exported when they went down.
    pub(super) fn released(&self, place: &TargetPlace, on: ServerId) -> Vec<String> {
        let Some(pool) = &place.pool else {
            return Vec::new();
        };
        let mut names = BTreeSet::new();
        for other in self.reachers(place).into_iter().filter(|id| *id != on) {
            let report = self.world.report(other);
            let report = report.filter(|_| self.world.is_online(other));
            let pools = report.and_then(|report| report.zpools.as_ref());
            let shows_none = pools.is_some_and(|all| all.iter().all(|one| one.name != pool.name));
            if let Some(report) = report.filter(|_| shows_none) {
                let identity = &report.identity;
                names.extend([identity.hostname.clone(), identity.fqdn.clone()]);
            }
        }
        names.into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// A pool leaves a server, so that another one may import it.
    pub(super) fn export(&mut self, place: &TargetPlace, on: ServerId, after: &[StepId]) -> StepId {
        let name = place.pool.as_ref().map(|pool| pool.name.clone());
        let ask = Ask {
            on,
            step: PoolExported {
                pool: name.unwrap_or_default(),
            }
            .into(),
            why: format!("Whoever serves {} next imports it.", place.label),
            feels: Vec::new(),
        };
        self.add(ask, after)
    }

    /// Servers that have a target's pool imported.
    pub(super) fn holders(&self, place: &TargetPlace) -> Vec<ServerId> {
        let Some(name) = place.pool.as_ref().map(|pool| &pool.name) else {
            return Vec::new();
        };
        let has = |server: &ServerId| {
            let report = self.world.report(*server);
            let pools = report.and_then(|report| report.zpools.as_ref());
            let mut pools = pools.into_iter().flatten();
            pools.any(|pool| pool.name == *name)
        };
        place.servers().filter(has).collect()
    }

    /// Why no other server has a target mounted, and the steps that see to it.
    /// None if that cannot be proven, which is waited for.
    pub(super) fn proof(&mut self, at: usize, on: ServerId, what: &str) -> Option<Proof> {
        let place = &self.resolved.targets[at];
        let mut elsewhere = Vec::new();
        let mut after = Vec::new();
        for other in self.reachers(place).into_iter().filter(|id| *id != on) {
            if let Some(unmount) = self.unmounted.get(&(at, other)) {
                after.push(*unmount);
                elsewhere.push((other, Elsewhere::Unmounted));
            } else if self.is_off(other) {
                elsewhere.push((other, Elsewhere::Fenced));
            } else if self.shows_unmounted(place, other) {
                elsewhere.push((other, Elsewhere::Unmounted));
            } else {
                let name = self.name(other);
                let text = format!(
                    "Proof that {name}, which sees its device, does not have it mounted: its agent, or fencing."
                );
                self.wait(what, text, codes::FENCE_UNPROVEN);
                return None;
            }
        }
        Some((elsewhere, after))
    }

    /// Every server that can reach a target's device.
    fn reachers(&self, place: &TargetPlace) -> BTreeSet<ServerId> {
        let mut found: BTreeSet<ServerId> = place.servers().collect();
        found.extend(self.world.viewers(&place.device));
        let pool = place.pool.iter().flat_map(|pool| &pool.devices);
        for device in pool {
            found.extend(self.world.viewers(device));
        }
        let target = place.key.as_ref().and_then(|key| self.world.target(key));
        found.extend(target.into_iter().flat_map(|target| &target.servers));
        found
    }

    fn shows_unmounted(&self, place: &TargetPlace, server: ServerId) -> bool {
        let report = self.world.report(server);
        let looked = report.is_some_and(|report| report.mounts.is_some());
        let target = place.key.as_ref().and_then(|key| self.world.target(key));
        let shows = target.is_some_and(|target| target.mounted_on.contains(&server));
        let lustre = report.and_then(|report| report.lustre.as_ref());
        let is_open = lustre.is_some_and(|lustre| lustre.opened.contains(&place.label));
        self.world.is_online(server) && looked && !shows && !is_open
    }

    /// Whether a server is proven off: a person says so now, or Pacemaker fenced
    /// it after its last boot and after all that was heard of it.
    pub(super) fn is_off(&self, server: ServerId) -> bool {
        if self.world.is_online(server) {
            return false;
        }
        if self.graph.said_off.iter().any(|of| of.server == server) {
            return true;
        }
        let Some(report) = self.world.report(server) else {
            return false;
        };
        let names = [&report.identity.hostname, &report.identity.fqdn];
        let of_cluster = self.world.inventory.ha_clusters.values();
        let of_cluster = of_cluster.filter(|cluster| cluster.servers.contains(&server));
        let of_cluster = of_cluster.filter(|cluster| {
            let teller = cluster.seen_by;
            // One that was fenced by a reboot is a node again once it is up.
            let node = cluster
                .nodes
                .iter()
                .find(|node| names.contains(&&node.name));
            let is_away = node.is_none_or(|node| node.state == HaNodeState::Offline);
            is_away && teller.is_some_and(|teller| teller != server && self.world.is_online(teller))
        });
        let mut events = of_cluster.flat_map(|cluster| &cluster.fence_history);
        events.any(|event| {
            names.contains(&&event.target)
                && event.status == "success"
                && matches!(event.action.as_str(), "off" | "reboot")
                && event.at.is_some()
                && event.at > report.identity.booted_at
                && event.at >= report.at
        })
    }
}

/// See [`Composer::proof`].
pub(super) type Proof = (Vec<(ServerId, Elsewhere)>, Vec<StepId>);
