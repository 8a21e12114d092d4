//! Corosync and Pacemaker of a group: set up where nothing runs, left as it is
//! where something does.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::{GroupPlace, MgsPlace, TargetPlace};
use crate::stage::seen::Seen;
use model::graph::{NewStep, StepId};
use model::ids::ServerId;
use model::report::{HaNode, HaNodeState};
use model::spec::{Fencing, ServerWanted};
use model::step::{
    CorosyncConfigured, CorosyncNode, FenceConfigured, HaProperties, Secret, ServiceSet, Standby,
};
use std::collections::{BTreeMap, BTreeSet};

/// The first of Corosync's ports, one for each link.
pub(super) const PORT: usize = 5405;

/// How a server's Corosync is configured.
pub(super) enum Configured {
    /// Not at all.
    Not,
    /// As it is to be.
    So,
    /// For other nodes.
    Otherwise,
}

impl Composer<'_> {
    /// A group's Pacemaker runs as it must for targets.
    pub(super) fn ha_ready(&mut self, group: usize) -> Status {
        if let Some(known) = self.ha.get(&group) {
            return known.clone();
        }
        let status = self.plan_ha(group);
        self.ha.insert(group, status.clone());
        status
    }

    fn plan_ha(&mut self, group: usize) -> Status {
        let resolved = self.resolved;
        let place = &resolved.groups[group];
        if !place.is_pacemaker() || place.servers.is_empty() {
            return Status::Met;
        }
        let running: Vec<ServerId> = place
            .servers
            .iter()
            .copied()
            .filter(|id| self.runs_pacemaker(*id) && !self.is_as_installed(*id))
            .collect();
        let started = if running.is_empty() {
            self.set_up(place)
        } else {
            Some(self.start_rest(group, &running))
        };
        let Some(started) = started else {
            return Status::Blocked;
        };
        let fences = self.fences(group, &started);
        self.properties(group, &started, &fences)
    }

    pub(super) fn runs_pacemaker(&self, server: ServerId) -> bool {
        let report = self.world.report(server);
        report.is_some_and(|report| report.ha.as_ref().is_some_and(|ha| ha.is_running))
    }

    /// Nothing runs: the configuration goes to every server before any starts.
    fn set_up(&mut self, place: &GroupPlace) -> Option<Vec<StepId>> {
        let what = format!("set up HA group {}", place.spec.name);
        let there = place.servers.iter();
        let there: Vec<bool> = there.map(|id| self.is_there(*id, &what)).collect();
        if there.contains(&false) {
            return None;
        }
        let ports: Vec<String> = (0..place.addresses.first().map_or(1, Vec::len))
            .map(|link| format!("{}/udp", PORT + link))
            .collect();
        let nodes: Vec<CorosyncNode> = place
            .servers
            .iter()
            .zip(&place.addresses)
            .zip(1..)
            .map(|((id, addresses), number)| CorosyncNode {
                name: self.node(*id),
                id: number,
                addresses: addresses.clone(),
            })
            .collect();
        let mut configured = Vec::new();
        for &on in &place.servers {
            match self.configured(on, &nodes) {
                Configured::Not => {}
                Configured::So => continue,
                Configured::Otherwise => {
                    self.foreign(on, &what);
                    return None;
                }
            }
            let mut after = self.open(on, &ports);
            after.extend(self.end_installed(on));
            let step = CorosyncConfigured {
                cluster: place.spec.name.clone(),
                nodes: nodes.clone(),
                was: Vec::new(),
                key: Secret(format!("corosync-{}", place.spec.name)),
            };
            let ask = Ask {
                on,
                step: step.into(),
                why: format!("HA group {} is not set up yet.", place.spec.name),
                feels: Vec::new(),
            };
            configured.push(self.add(ask, &after));
        }
        let started = place.servers.iter();
        Some(started.map(|on| self.start(*on, &configured)).collect())
    }

    /// Whether a server has a configuration of these nodes already.
    pub(super) fn configured(&self, server: ServerId, nodes: &[CorosyncNode]) -> Configured {
        let report = self.world.report(server);
        let ha = report.and_then(|report| report.ha.as_ref());
        let members = ha.and_then(|ha| ha.corosync.as_ref()).map(|of| &of.members);
        let Some(members) = members.filter(|members| !members.is_empty()) else {
            return Configured::Not;
        };
        if self.is_as_installed(server) {
            return Configured::Not;
        }
        // A member without a name shows its address; one with id 0 is a device.
        let is_node = |name: &String| {
            nodes
                .iter()
                .any(|node| node.name == *name || node.addresses.contains(name))
        };
        let mut real = members.iter().filter(|member| member.id != 0);
        let n_real = real.clone().count();
        if real.all(|member| is_node(&member.name)) && n_real == nodes.len() {
            Configured::So
        } else {
            Configured::Otherwise
        }
    }

    /// Whether a server has the cluster that some distributions' packages begin
    /// with: of itself alone, with nothing in it.
    fn is_as_installed(&self, server: ServerId) -> bool {
        let report = self.world.report(server);
        let Some(ha) = report.and_then(|report| report.ha.as_ref()) else {
            return false;
        };
        let Some(corosync) = &ha.corosync else {
            return false;
        };
        let is_loopback = |address: &Option<String>| {
            let address = address.as_deref().map(str::parse::<std::net::IpAddr>);
            address.is_some_and(|address| address.is_ok_and(|address| address.is_loopback()))
        };
        let [alone] = corosync.members.as_slice() else {
            return false;
        };
        let is_its_own = if corosync.links.is_empty() {
            // Links are told only while it runs; this is what Debian installs.
            corosync.cluster_name.as_deref() == Some("debian") && alone.name == "node1"
        } else {
            corosync.links.iter().all(|link| is_loopback(&link.address))
        };
        is_its_own && ha.resources.is_empty() && ha.fence_devices.is_empty()
    }

    /// The cluster that came with the packages ends.
    pub(super) fn end_installed(&mut self, on: ServerId) -> Option<StepId> {
        if !self.is_as_installed(on) {
            return None;
        }
        let mut last: Option<StepId> = None;
        for unit in ["pacemaker.service", "corosync.service"] {
            let ask = Ask {
                on,
                step: ServiceSet {
                    unit: unit.to_owned(),
                    is_running: false,
                    is_enabled: None,
                }
                .into(),
                why: String::from("It runs a cluster of this server alone, as it was installed."),
                feels: Vec::new(),
            };
            let before: Vec<StepId> = last.into_iter().collect();
            last = Some(self.add(ask, &before));
        }
        last
    }

    /// A server is configured for another cluster, which is left alone.
    pub(super) fn foreign(&mut self, on: ServerId, what: &str) {
        let text = format!(
            "Somebody to look at corosync.conf on {}: it is of another cluster, and Candela does not overwrite it.",
            self.name(on)
        );
        self.wait(what, text, codes::HA_FOREIGN);
    }

    /// Some run: the others are started, once the cluster knows them.
    fn start_rest(&mut self, group: usize, running: &[ServerId]) -> Vec<StepId> {
        let place = &self.resolved.groups[group];
        let mut started = Vec::new();
        let mut new = Vec::new();
        for &server in &place.servers {
            if running.contains(&server) {
                continue;
            }
            let name = self.name(server);
            let what = format!("start Pacemaker on {name}");
            if !self.is_known_node(group, server) || self.is_as_installed(server) {
                new.push(server);
            } else if self.is_there(server, &what) {
                started.push(self.start(server, &[]));
            }
        }
        if !new.is_empty() {
            started.extend(self.join(group, running, &new).into_iter().flatten());
        }
        started
    }

    pub(super) fn start(&mut self, on: ServerId, after: &[StepId]) -> StepId {
        let mut last = after.to_vec();
        for unit in ["corosync.service", "pacemaker.service"] {
            let ask = Ask {
                on,
                step: ServiceSet {
                    unit: unit.to_owned(),
                    is_running: true,
                    is_enabled: Some(true),
                }
                .into(),
                why: format!("{} is a node of its HA group.", self.name(on)),
                feels: Vec::new(),
            };
            last = vec![self.add(ask, &last)];
        }
        last[0]
    }

    fn is_known_node(&self, group: usize, server: ServerId) -> bool {
        let name = self.node(server);
        let cluster = self.cluster(group);
        cluster.is_some_and(|cluster| cluster.nodes.iter().any(|node| node.name == name))
    }

    /// The name of a server as a node.
    pub(super) fn node(&self, server: ServerId) -> String {
        let Some(report) = self.world.report(server) else {
            return self.name(server);
        };
        let identity = &report.identity;
        let known = self.world.inventory.servers.get(&server);
        let key = known.and_then(|known| known.ha.as_ref());
        let cluster = key.and_then(|key| self.world.inventory.ha_clusters.get(key));
        let mut nodes = cluster.into_iter().flat_map(|cluster| &cluster.nodes);
        let node = nodes.find(|node| node.name == identity.hostname || node.name == identity.fqdn);
        node.map_or_else(|| identity.hostname.clone(), |node| node.name.clone())
    }

    /// Who tells Pacemaker: a member that is online, best the controller.
    pub(super) fn teller(&self, group: usize) -> Option<ServerId> {
        let place = &self.resolved.groups[group];
        let online = place.servers.iter().copied();
        let online: Vec<ServerId> = online.filter(|id| self.world.is_online(*id)).collect();
        let dc = self.cluster(group).and_then(|cluster| cluster.dc.clone());
        let is_dc = |id: &ServerId| dc.as_deref() == Some(self.node(*id).as_str());
        let runs = |id: &ServerId| self.runs_pacemaker(*id);
        let best = online.iter().find(|id| is_dc(id));
        let best = best.or_else(|| online.iter().find(|id| runs(id)));
        best.or(online.first()).copied()
    }

    /// Each server can be turned off by the others.
    fn fences(&mut self, group: usize, started: &[StepId]) -> Vec<StepId> {
        let place = &self.resolved.groups[group];
        let Some(fencing) = &place.spec.fencing else {
            return Vec::new();
        };
        let known = self.cluster(group).map(|cluster| &cluster.fence_devices);
        let known = known.cloned().unwrap_or_default();
        let mut steps = Vec::new();
        for &server in &place.servers {
            let node = self.node(server);
            // A device that lists no hosts finds out by itself whom it can fence.
            let is_covered = known
                .iter()
                .any(|device| device.hosts.is_empty() || device.hosts.contains(&node));
            if is_covered {
                continue;
            }
            let step = self.fencing_of(group, server, fencing);
            steps.extend(self.fence(group, &step, started));
        }
        steps
    }

    /// How a server is turned off.
    fn fencing_of(&self, group: usize, server: ServerId, fencing: &Fencing) -> FenceConfigured {
        let mut parameters = fencing.parameters.clone();
        let own = fencing.servers.get(&self.name(server));
        parameters.extend(own.cloned().unwrap_or_default());
        let secrets = fencing.secrets.iter();
        let secrets: BTreeMap<String, Secret> = secrets
            .map(|(name, secret)| (name.clone(), Secret(secret.clone())))
            .collect();
        FenceConfigured {
            cluster: self.resolved.groups[group].spec.name.clone(),
            node: self.node(server),
            agent: fencing.agent.clone(),
            parameters,
            secrets,
            keeps_only: false,
        }
    }

    /// New nodes keep the secrets that they turn the others off with.
    pub(super) fn keep_secrets(&mut self, group: usize, new: &[ServerId]) -> Vec<StepId> {
        let place = &self.resolved.groups[group];
        let Some(fencing) = &place.spec.fencing else {
            return Vec::new();
        };
        let known = self.cluster(group).map(|cluster| &cluster.fence_devices);
        let known: BTreeSet<String> = known
            .into_iter()
            .flatten()
            .map(|one| one.id.clone())
            .collect();
        let mut steps = Vec::new();
        for &server in place.servers.iter().filter(|id| !new.contains(id)) {
            let step = FenceConfigured {
                keeps_only: true,
                ..self.fencing_of(group, server, fencing)
            };
            if step.secrets.is_empty() || !known.contains(&step.id()) {
                continue;
            }
            for &on in new {
                let ask = Ask {
                    on,
                    why: format!("{} is to be able to turn {} off.", self.name(on), step.node),
                    step: step.clone().into(),
                    feels: Vec::new(),
                };
                steps.push(self.add(ask, &[]));
            }
        }
        steps
    }

    /// The secrets are a file on each node, and there before Pacemaker is told.
    fn fence(
        &mut self,
        group: usize,
        step: &FenceConfigured,
        started: &[StepId],
    ) -> Option<StepId> {
        let place = &self.resolved.groups[group];
        let what = format!("let {} be fenced", step.node);
        let teller = self.teller(group);
        let n_keepers = if step.secrets.is_empty() {
            0
        } else {
            place.servers.len()
        };
        let keepers = place.servers.iter().copied().take(n_keepers);
        let keepers: Vec<ServerId> = keepers.filter(|on| Some(*on) != teller).collect();
        let mut after = started.to_vec();
        for (on, keeps_only) in keepers
            .into_iter()
            .map(|on| (on, true))
            .chain(teller.map(|on| (on, false)))
        {
            if !self.is_there(on, &what) {
                continue;
            }
            let ask = Ask {
                on,
                step: FenceConfigured {
                    keeps_only,
                    ..step.clone()
                }
                .into(),
                why: format!(
                    "{} must be proven off before another takes over.",
                    step.node
                ),
                feels: Vec::new(),
            };
            let added = self.add(ask, &after);
            if !keeps_only {
                return Some(added);
            }
            after.push(added);
        }
        None
    }

    /// Properties of a cluster that nobody has set up yet. What somebody chose
    /// is left.
    fn properties(&mut self, group: usize, started: &[StepId], fences: &[StepId]) -> Status {
        let place = &self.resolved.groups[group];
        let is_chosen = place.servers.iter().any(|id| {
            let report = self.world.report(*id);
            let ha = report.and_then(|report| report.ha.as_ref());
            ha.is_some_and(|ha| {
                let is_set = ha.properties.contains_key("stonith-enabled");
                ha.is_running && (is_set || !ha.resources.is_empty())
            })
        });
        let mut after = started.to_vec();
        after.extend(fences);
        if is_chosen {
            return match after.len() {
                0 => Status::Met,
                _ => Status::After(after),
            };
        }
        let Some(on) = self.teller(group) else {
            return Status::Blocked;
        };
        let pairs = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let fenced = if place.spec.fencing.is_some() {
            "true"
        } else {
            "false"
        };
        let step = HaProperties {
            cluster: place.spec.name.clone(),
            // With two nodes Corosync's `two_node` keeps quorum for the one that
            // is left, so that stopping without quorum is right for them too.
            // Pacemaker gives itself the name of Corosync's cluster only where
            // it has none yet; what came with the packages may have left one.
            properties: pairs(&[
                ("cluster-name", &place.spec.name),
                ("stonith-enabled", fenced),
                ("no-quorum-policy", "stop"),
            ]),
            defaults: pairs(&[
                ("resource-stickiness", "1000"),
                ("failure-timeout", "20min"),
                ("migration-threshold", "3"),
            ]),
        };
        let ask = Ask {
            on,
            step: step.into(),
            why: String::from("Targets stay where they run, and stop where there is no quorum."),
            feels: Vec::new(),
        };
        Status::step(self.add(ask, &after))
    }

    /// Servers that are drained, and those that are back.
    pub(super) fn standbys(&mut self, group: usize) {
        let resolved = self.resolved;
        let place = &resolved.groups[group];
        if !place.is_pacemaker() {
            return;
        }
        for &server in &place.servers {
            let Some(of) = resolved.servers.get(&server) else {
                continue;
            };
            let node = self.node(server);
            let state = self.node_state(group, &node);
            let is_standby = self.is_in_standby(group, server);
            let wanted = of.wanted == ServerWanted::Drained;
            if wanted != is_standby && (wanted || state.is_some()) {
                let step = self.standby(group, server, wanted);
                let back = step.filter(|_| !wanted);
                self.back.entry(group).or_default().extend(back);
            }
        }
    }

    pub(super) fn node_state(&self, group: usize, node: &str) -> Option<HaNodeState> {
        let cluster = self.cluster(group)?;
        let found = cluster.nodes.iter().find(|known| known.name == node)?;
        Some(found.state)
    }

    /// Puts a node into standby or takes it out.
    pub(super) fn standby(
        &mut self,
        group: usize,
        server: ServerId,
        is_on: bool,
    ) -> Option<StepId> {
        let node = self.node(server);
        let what = format!(
            "put {node} {} standby",
            if is_on { "into" } else { "out of" }
        );
        let Some(on) = self.teller(group) else {
            self.is_there(server, &what);
            return None;
        };
        self.standby_by(on, group, server, is_on)
    }

    /// Whether a node is in standby, or will be once it is back.
    pub(super) fn is_in_standby(&self, group: usize, server: ServerId) -> bool {
        let node = self.node(server);
        let cluster = self.cluster(group);
        let mut nodes = cluster.into_iter().flat_map(|cluster| &cluster.nodes);
        // An agent of before tells it by the state alone.
        let is_by = |known: &HaNode| known.is_standby || known.state == HaNodeState::Standby;
        nodes.any(|known| known.name == node && is_by(known))
    }

    /// A server comes out of standby again, however the graph ends.
    pub(super) fn back(&mut self, on: ServerId, server: ServerId, opened: StepId, after: StepId) {
        let node = self.node(server);
        self.graph.push(NewStep {
            on,
            why: format!("{node} serves again."),
            step: Standby { node, is_on: false }.into(),
            after: vec![after],
            feels: Vec::new(),
            closes: Some(opened),
        });
    }

    /// Steps after which the MGS is up of all that Pacemaker will start because
    /// of a standby: what the server serves, or what nobody serves. Where the
    /// group has the MGS itself, Pacemaker starts that with the rest.
    fn mgs_of_movers(
        &mut self,
        group: usize,
        server: ServerId,
        is_on: bool,
        what: &str,
    ) -> Option<Vec<StepId>> {
        let is_moved = |place: &TargetPlace| {
            let seen = self.seen(place);
            let is_served = seen == Seen::Mounted(server);
            let is_down = !matches!(seen, Seen::Mounted(_)) && place.group == Some(group);
            let is_elsewhere = match &self.resolved.filesystems[place.fs].mgs {
                MgsPlace::Target(at) => self.resolved.targets[*at].group != Some(group),
                MgsPlace::External(_) | MgsPlace::Unknown => false,
            };
            !place.is_mgs() && is_elsewhere && if is_on { is_served } else { is_down }
        };
        let moved = self.resolved.targets.iter().filter(|place| is_moved(place));
        let of: BTreeSet<usize> = moved.map(|place| place.fs).collect();
        let mut after = Vec::new();
        for fs in of {
            after.extend(self.mgs_for_move(fs, what)?);
        }
        Some(after)
    }

    /// Puts a node into standby or takes it out, told by this server.
    pub(super) fn standby_by(
        &mut self,
        on: ServerId,
        group: usize,
        server: ServerId,
        is_on: bool,
    ) -> Option<StepId> {
        let node = self.node(server);
        let ready = self.ha_ready(group);
        let mut after = ready.steps()?.to_vec();
        let what = if is_on {
            format!("put {node} into standby")
        } else {
            format!("take {node} out of standby")
        };
        after.extend(self.mgs_of_movers(group, server, is_on, &what)?);
        // What is to be down is neither moved before nor started again.
        let stopped = self.stopped.iter();
        let of_group = stopped.filter(|(at, _)| self.resolved.targets[**at].group == Some(group));
        after.extend(of_group.map(|(_, step)| *step));
        let feels = if is_on {
            self.feels_of_server(server, "waits while its targets move", 120)
        } else {
            Vec::new()
        };
        let ask = Ask {
            on,
            step: Standby {
                node: node.clone(),
                is_on,
            }
            .into(),
            why: if is_on {
                format!("{node} is to serve nothing.")
            } else {
                format!("{node} is in service.")
            },
            feels,
        };
        let step = self.add(ask, &after);
        if is_on {
            self.away.insert(server, step);
        }
        Some(step)
    }
}
