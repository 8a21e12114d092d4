//! What is to be managed no more: nodes that a group no longer has, Pacemaker
//! where nobody is to manage a group, LNet on servers that are on no network.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::TargetPlace;
use crate::stage::seen::Seen;
use model::graph::StepId;
use model::ids::ServerId;
use model::report::{HaNodeState, HaResource};
use model::spec::{HaManager, ServerWanted};
use model::step::{LnetDown, ServiceSet};
use std::collections::BTreeSet;

impl Composer<'_> {
    /// Nodes that the cluster of a group has, and the group no longer: those that
    /// are managed serve nothing, and start no more.
    pub(super) fn leavers(&mut self, group: usize) {
        let resolved = self.resolved;
        let place = &resolved.groups[group];
        if !place.is_pacemaker() || self.cluster(group).is_none() {
            return;
        }
        for server in self.strangers(group) {
            let name = self.name(server);
            let what = format!("take {name} out of HA group {}", place.spec.name);
            if self.is_hands_off(group, &what) {
                continue;
            }
            if self.is_lost(group, server) {
                self.lost_leaves(group, server, &what);
                continue;
            }
            if !self.is_there(server, &what) {
                continue;
            }
            let off = if self.runs_pacemaker(server) {
                let Some(off) = self.ended(group, server, &what) else {
                    continue;
                };
                off
            } else {
                Vec::new()
            };
            self.forget_node(group, server, &off);
        }
    }

    /// A lost node is forgotten once it is proven off.
    fn lost_leaves(&mut self, group: usize, server: ServerId, what: &str) {
        if self.is_off(server) {
            let confirmed = self.confirm_off(group, server);
            let off: Vec<StepId> = confirmed.into_iter().collect();
            self.forget_node(group, server, &off);
            return;
        }
        // One that nobody is sure about is waited for.
        let node = self.node(server);
        if self.node_state(group, &node) == Some(HaNodeState::Unclean) {
            self.is_there(server, what);
        }
    }

    /// Managed servers whose nodes the cluster of a group has, and the group not.
    fn strangers(&self, group: usize) -> Vec<ServerId> {
        let Some(cluster) = self.cluster(group) else {
            return Vec::new();
        };
        let members = &self.resolved.groups[group].servers;
        let ours: BTreeSet<String> = members.iter().map(|id| self.node(*id)).collect();
        let nodes = cluster.nodes.iter().map(|node| node.name.as_str());
        let nodes: Vec<&str> = nodes.filter(|name| !ours.contains(*name)).collect();
        let known = cluster.servers.iter().copied();
        let known = known.filter(|id| self.runs_pacemaker(*id) && self.world.is_online(*id));
        let mut found: BTreeSet<ServerId> = known.collect();
        if !nodes.is_empty() {
            let names = crate::resolve::server::names(self.world);
            found.extend(nodes.iter().filter_map(|name| names.get(name)).flatten());
        }
        let found = found.into_iter();
        found
            .filter(|id| !members.contains(id) && self.world.managed.contains(id))
            .collect()
    }

    /// Pacemaker of a server that leaves its group serves nothing and ends.
    fn ended(&mut self, group: usize, server: ServerId, what: &str) -> Option<Vec<StepId>> {
        let drained = if self.is_in_standby(group, server) {
            Vec::new()
        } else {
            let Some(teller) = self.teller(group) else {
                self.is_there(self.resolved.groups[group].servers[0], what);
                return None;
            };
            vec![self.standby_by(teller, group, server, true)?]
        };
        let place = &self.resolved.groups[group];
        let why = format!(
            "{} is in HA group {} no more.",
            self.name(server),
            place.spec.name
        );
        Some(self.services_off(server, &why, &drained))
    }

    /// Whether a server is silent, and a node that the others do not see either.
    fn is_lost(&self, group: usize, server: ServerId) -> bool {
        let node = self.node(server);
        let state = self.node_state(group, &node);
        let is_away = matches!(
            state,
            None | Some(HaNodeState::Offline | HaNodeState::Unclean)
        );
        is_away && !self.world.is_online(server)
    }

    /// Pacemaker and Corosync of a server stop, and start no more.
    fn services_off(&mut self, on: ServerId, why: &str, after: &[StepId]) -> Vec<StepId> {
        let mut last = after.to_vec();
        for unit in ["pacemaker.service", "corosync.service"] {
            let ask = Ask {
                on,
                step: ServiceSet {
                    unit: unit.to_owned(),
                    is_running: false,
                    is_enabled: Some(false),
                }
                .into(),
                why: why.to_owned(),
                feels: Vec::new(),
            };
            last = vec![self.add(ask, &last)];
        }
        last
    }

    /// The Pacemaker resource of a target whose group is to have no manager.
    pub(super) fn left_over(&self, place: &TargetPlace) -> Option<&HaResource> {
        let group = place.group.map(|group| &self.resolved.groups[group].spec);
        let is_none = group.is_some_and(|group| group.manager == HaManager::None);
        self.resource_of(place).filter(|_| is_none)
    }

    /// Whether somebody else runs a target: then that is waited for.
    pub(super) fn is_others(&mut self, place: &TargetPlace, what: &str) -> bool {
        let group = place.group.map(|group| &self.resolved.groups[group].spec);
        if group.is_some_and(|group| group.manager == HaManager::External) {
            let text = "Whoever runs its HA group: Candela only watches it.";
            self.wait(what, text, codes::HA_EXTERNAL);
            return true;
        }
        let target = place.key.as_ref().and_then(|key| self.world.target(key));
        let resource = target.and_then(|target| target.ha_resource.as_ref());
        let Some(resource) = resource.filter(|_| group.is_none()) else {
            return false;
        };
        let text = format!(
            "An HA group in the spec with its servers: a cluster manager runs it, as {resource}."
        );
        self.wait(what, text, codes::HA_EXTERNAL);
        true
    }

    /// A target whose group is to have no manager is stopped by Pacemaker, and
    /// taken out of it. None if that has to wait.
    pub(super) fn out_of_pacemaker(&mut self, at: usize, after: &[StepId]) -> Option<StepId> {
        if let Some(done) = self.dropped.get(&at) {
            return Some(*done);
        }
        let place = &self.resolved.targets[at];
        let group = place.group?;
        let what = format!("take {} out of Pacemaker", place.label);
        if self.is_hands_off(group, &what) {
            return None;
        }
        let seen = self.seen(place);
        let down = match seen {
            Seen::Mounted(_) | Seen::Stale(_) => self.role(at, false, after),
            _ if self.is_told_to_run(place) => self.role(at, false, after),
            _ => Status::After(after.to_vec()),
        };
        let down = down.steps()?.to_vec();
        let gone = self.resource_absent(at, &down)?;
        if let Seen::Mounted(on) | Seen::Stale(on) = seen {
            self.unmounted.insert((at, on), gone);
        }
        Some(gone)
    }

    /// A target that Pacemaker ran is mounted by hand: where it runs, if it may.
    pub(super) fn by_hand(&mut self, at: usize, seen: Seen, before: &[StepId]) -> Status {
        let place = &self.resolved.targets[at];
        let what = format!("mount {}", place.label);
        let stays = match seen {
            Seen::Mounted(on) | Seen::Stale(on) => Some(on).filter(|on| self.may_serve(place, *on)),
            _ => None,
        };
        let Some(on) = stays.or_else(|| self.best_server(place, &what)) else {
            return Status::Blocked;
        };
        let Some(out) = self.out_of_pacemaker(at, &[]) else {
            return Status::Blocked;
        };
        let after: Vec<StepId> = before.iter().copied().chain([out]).collect();
        self.mount_on(at, on, &after)
    }

    fn may_serve(&self, place: &TargetPlace, on: ServerId) -> bool {
        let server = self.resolved.servers.get(&on);
        let is_serving = server.is_some_and(|server| server.wanted == ServerWanted::InService);
        is_serving && self.world.is_online(on) && place.servers().any(|id| id == on)
    }

    /// Pacemaker of a group that is to have no manager ends, once nothing is in it.
    pub(super) fn pacemaker_gone(&mut self, group: usize) {
        let resolved = self.resolved;
        let place = &resolved.groups[group];
        let is_none = place.spec.manager == HaManager::None;
        let running: Vec<ServerId> = place
            .servers
            .iter()
            .copied()
            .filter(|id| self.runs_pacemaker(*id))
            .collect();
        let Some(cluster) = self.cluster(group).filter(|_| is_none) else {
            return;
        };
        if running.is_empty() {
            return;
        }
        let what = format!("end the Pacemaker of HA group {}", place.spec.name);
        let dropped = self.dropped.keys().copied();
        let dropped: Vec<&TargetPlace> = dropped
            .map(|at| &resolved.targets[at])
            .filter(|target| target.group == Some(group))
            .collect();
        let ours: BTreeSet<&String> = dropped
            .iter()
            .filter_map(|target| self.resource_of(target))
            .flat_map(|resource| [Some(&resource.id), resource.group.as_ref()])
            .flatten()
            .collect();
        let is_left = |resource: &&HaResource| {
            let of_group = resource.group.as_ref();
            let is_fence = resource.agent.starts_with("stonith:");
            !is_fence
                && !ours.contains(&resource.id)
                && !of_group.is_some_and(|of| ours.contains(of))
        };
        let left = cluster.resources.iter().filter(is_left);
        let left: Vec<&str> = left.map(|resource| resource.id.as_str()).collect();
        let is_far = |id: &&ServerId| !place.servers.contains(id);
        let others = cluster.servers.iter().filter(is_far).count();
        if !left.is_empty() || others > 0 {
            let text = if left.is_empty() {
                format!("The {others} servers of its cluster that are not in the group to leave.")
            } else {
                format!("What it still runs to be taken out: {}.", left.join(", "))
            };
            self.wait(what, text, codes::HA_FOREIGN);
            return;
        }
        let after: Vec<StepId> = self
            .dropped
            .iter()
            .filter(|(at, _)| resolved.targets[**at].group == Some(group))
            .map(|(_, step)| *step)
            .collect();
        let why = format!("HA group {} is to have no manager.", place.spec.name);
        for server in running {
            if self.is_there(server, &what) {
                self.services_off(server, &why, &after);
            }
        }
    }

    /// LNet of a server that is on no network of the spec any more.
    pub(super) fn lnet_gone(&mut self, server: ServerId) -> Status {
        let what = "stop LNet";
        let report = self.world.report(server);
        let lustre = report.and_then(|report| report.lustre.as_ref());
        let is_used = lustre.is_some_and(|lustre| {
            let mut targets = lustre.targets.iter();
            targets.any(|target| target.mount_point.is_some()) || !lustre.clients.is_empty()
        });
        if is_used {
            let text = format!(
                "Lustre on {} to be unmounted: it is on no network of the spec any more.",
                self.name(server)
            );
            self.wait(what, text, codes::LNET_IN_USE);
            return Status::Blocked;
        }
        if !self.is_there(server, what) {
            return Status::Blocked;
        }
        let ask = Ask {
            on: server,
            step: LnetDown {}.into(),
            why: format!("{} is on no network of the spec.", self.name(server)),
            feels: Vec::new(),
        };
        Status::step(self.add(ask, &[]))
    }
}
