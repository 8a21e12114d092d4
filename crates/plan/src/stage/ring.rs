//! Nodes come into the cluster of a group, and go: Corosync's configuration on
//! every node, read anew while all goes on; what Pacemaker knows of each.

use crate::codes;
use crate::compose::{Ask, Composer};
use crate::stage::ha::{Configured, PORT};
use model::graph::StepId;
use model::ids::ServerId;
use model::report::HaNodeState;
use model::step::{
    CorosyncConfigured, CorosyncNode, CorosyncReloaded, FenceConfirmed, NodeForgotten,
    ResourcePresent, Secret,
};

impl Composer<'_> {
    /// The nodes that Corosync of a server is configured for.
    fn written(&self, server: ServerId) -> Vec<CorosyncNode> {
        let report = self.world.report(server);
        let ha = report.and_then(|report| report.ha.as_ref());
        let members = ha.and_then(|ha| ha.corosync.as_ref());
        let members = members.into_iter().flat_map(|of| &of.members);
        // One with id 0 is a device.
        let real = members.filter(|member| member.id != 0);
        let nodes = real.filter_map(|member| {
            Some(CorosyncNode {
                name: member.name.clone(),
                id: u32::try_from(member.id).ok()?,
                addresses: member.addresses.clone(),
            })
        });
        nodes.collect()
    }

    /// Whether Candela wrote the configuration of a server's Corosync.
    fn is_by_candela(&self, server: ServerId) -> bool {
        let report = self.world.report(server);
        let ha = report.and_then(|report| report.ha.as_ref());
        let corosync = ha.and_then(|ha| ha.corosync.as_ref());
        corosync.is_some_and(|corosync| corosync.is_by_candela)
    }

    /// The nodes that are there, and others of a group after them.
    fn with_new(&self, group: usize, was: &[CorosyncNode], new: &[ServerId]) -> Vec<CorosyncNode> {
        let place = &self.resolved.groups[group];
        let mut nodes = was.to_vec();
        let all = place.servers.iter().zip(&place.addresses);
        for (server, addresses) in all.filter(|(server, _)| new.contains(server)) {
            let name = self.node(*server);
            if nodes.iter().any(|node| node.name == name) {
                continue;
            }
            let last = nodes.iter().map(|node| node.id).max();
            nodes.push(CorosyncNode {
                name,
                id: last.unwrap_or(0) + 1,
                addresses: addresses.clone(),
            });
        }
        nodes
    }

    fn configure(
        &mut self,
        group: usize,
        on: ServerId,
        (was, nodes): (&[CorosyncNode], &[CorosyncNode]),
        after: &[StepId],
    ) -> StepId {
        let name = self.resolved.groups[group].spec.name.clone();
        let ask = Ask {
            on,
            why: format!("The nodes of HA group {name} are others than before."),
            step: CorosyncConfigured {
                key: Secret(format!("corosync-{name}")),
                cluster: name,
                nodes: nodes.to_vec(),
                was: was.to_vec(),
            }
            .into(),
            feels: Vec::new(),
        };
        self.add(ask, after)
    }

    fn reload(
        &mut self,
        group: usize,
        on: ServerId,
        nodes: &[CorosyncNode],
        after: &[StepId],
    ) -> StepId {
        let cluster = self.resolved.groups[group].spec.name.clone();
        let ask = Ask {
            on,
            step: CorosyncReloaded {
                cluster,
                nodes: nodes.iter().map(|node| node.name.clone()).collect(),
            }
            .into(),
            why: String::from("Corosync goes by its new configuration without a stop."),
            feels: Vec::new(),
        };
        self.add(ask, after)
    }

    /// Servers that the running cluster of a group does not know come in; what
    /// runs goes on. None if that waits for something.
    pub(super) fn join(
        &mut self,
        group: usize,
        running: &[ServerId],
        new: &[ServerId],
    ) -> Option<Vec<StepId>> {
        let teller = *running.first()?;
        let place = &self.resolved.groups[group];
        let names: Vec<String> = new.iter().map(|id| self.name(*id)).collect();
        let names = stdx::hostlist::fold(&names);
        let what = format!("add {names} to HA group {}", place.spec.name);
        if !self.may_join(group, running, &what) || self.is_hands_off(group, &what) {
            return None;
        }
        let there = running.iter().chain(new).copied();
        let there: Vec<bool> = there.map(|id| self.is_there(id, &what)).collect();
        if there.contains(&false) {
            return None;
        }
        let all: Vec<ServerId> = running.iter().chain(new).copied().collect();
        let was = self.written(teller);
        let nodes = self.with_new(group, &was, new);
        let links = nodes.first().map_or(1, |node| node.addresses.len());
        let ports: Vec<String> = (0..links)
            .map(|link| format!("{}/udp", PORT + link))
            .collect();
        let mut written = Vec::new();
        for &on in &all {
            let is_new = new.contains(&on);
            let mut after = Vec::new();
            let known = self.written(on);
            let was = match (is_new, self.configured(on, &nodes)) {
                (_, Configured::So) => continue,
                (true, Configured::Otherwise) => {
                    self.foreign(on, &what);
                    return None;
                }
                (true, Configured::Not) => &[][..],
                (false, _) => &known[..],
            };
            if is_new {
                after.extend(self.open(on, &ports));
                after.extend(self.end_installed(on));
            }
            written.push(self.configure(group, on, (was, &nodes), &after));
        }
        let mut ready = vec![self.reload(group, teller, &nodes, &written)];
        ready.extend(self.barred_from(group, new));
        ready.extend(self.keep_secrets(group, new));
        Some(new.iter().map(|on| self.start(*on, &ready)).collect())
    }

    /// Whether nodes can come in: Candela set the cluster up, and nobody leaves.
    fn may_join(&mut self, group: usize, running: &[ServerId], what: &str) -> bool {
        let place = &self.resolved.groups[group];
        let other = running.iter().find(|id| !self.is_by_candela(**id));
        if let Some(other) = other {
            let text = format!(
                "The cluster of HA group {} to know it: corosync.conf on {} is not Candela's. Add it with what wrote that, such as `pcs cluster node add`.",
                place.spec.name,
                self.name(*other)
            );
            self.wait(what, text, codes::HA_NODE_MISSING);
            return false;
        }
        let members: Vec<String> = place.servers.iter().map(|id| self.node(*id)).collect();
        let cluster = self.cluster(group);
        let nodes = cluster.into_iter().flat_map(|cluster| &cluster.nodes);
        let mut extra = nodes.filter(|node| !members.contains(&node.name));
        let Some(extra) = extra.next() else {
            return true;
        };
        let text = format!("{} to have left the cluster first.", extra.name);
        self.wait(what, text, codes::HA_NODE_MISSING);
        false
    }

    /// Targets that a new node may not serve are kept off it before it comes.
    fn barred_from(&mut self, group: usize, new: &[ServerId]) -> Vec<StepId> {
        let mut steps = Vec::new();
        for place in &self.resolved.targets {
            if place.group != Some(group) || self.resource_of(place).is_none() {
                continue;
            }
            if place.servers().filter(|id| new.contains(id)).count() == new.len() {
                continue;
            }
            let Some(on) = self.speaker(place) else {
                continue;
            };
            let ask = Ask {
                on,
                step: ResourcePresent {
                    resource: self.resource(place),
                }
                .into(),
                why: format!(
                    "{} is not to run on a node that cannot serve it.",
                    place.label
                ),
                feels: Vec::new(),
            };
            steps.push(self.add(ask, &[]));
        }
        steps
    }

    /// Nodes that the cluster of a group has and the group does not: they are
    /// forgotten once they are off. `off` are steps after which one is.
    pub(super) fn forget_node(&mut self, group: usize, server: ServerId, off: &[StepId]) {
        let place = &self.resolved.groups[group];
        let node = self.node(server);
        let stay = place.servers.iter().copied();
        let stay: Vec<ServerId> = stay.filter(|id| self.runs_pacemaker(*id)).collect();
        // A cluster that somebody else set up is theirs to change.
        let Some(&teller) = stay.first().filter(|id| self.is_by_candela(**id)) else {
            return;
        };
        let what = format!("take {node} out of HA group {}", place.spec.name);
        let there: Vec<bool> = stay.iter().map(|id| self.is_there(*id, &what)).collect();
        if there.contains(&false) {
            return;
        }
        let mut nodes = self.written(teller);
        nodes.retain(|one| one.name != node);
        let mut written = Vec::new();
        for &on in &stay {
            if !matches!(self.configured(on, &nodes), Configured::So) {
                let was = self.written(on);
                written.push(self.configure(group, on, (&was, &nodes), off));
            }
        }
        if self.world.is_online(server) && self.is_by_candela(server) {
            let was = self.written(server);
            self.configure(group, server, (&was, &[]), off);
        }
        written.extend(off);
        let reloaded = self.reload(group, teller, &nodes, &written);
        let name = &self.resolved.groups[group].spec.name;
        let ask = Ask {
            on: teller,
            why: format!("{node} is in HA group {name} no more."),
            step: NodeForgotten {
                cluster: name.clone(),
                node,
            }
            .into(),
            feels: Vec::new(),
        };
        self.add(ask, &[reloaded]);
    }

    /// A node that is lost, and off by a person's word, is off for Pacemaker too.
    pub(super) fn confirm_off(&mut self, group: usize, server: ServerId) -> Option<StepId> {
        let node = self.node(server);
        let is_said = self.graph.said_off.iter().any(|of| of.server == server);
        if !is_said || self.node_state(group, &node) != Some(HaNodeState::Unclean) {
            return None;
        }
        let on = self.teller(group)?;
        let ask = Ask {
            on,
            why: format!("{node} is off by a person's word; what it ran may run elsewhere."),
            step: FenceConfirmed {
                cluster: self.resolved.groups[group].spec.name.clone(),
                node,
            }
            .into(),
            feels: Vec::new(),
        };
        let step = self.add(ask, &[]);
        self.back.entry(group).or_default().push(step);
        Some(step)
    }
}
