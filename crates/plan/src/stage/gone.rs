//! Servers that leave for good: a person's word that one is off, and the end of
//! its enrolment once nothing is left on it.

use crate::codes;
use crate::compose::Composer;
use crate::plan::ConsentNeeded;
use crate::stage::goal::title;
use model::graph::SaidOff;
use model::ids::ServerId;
use model::inventory::TargetKey;
use model::spec::Goal;
use model::step::Step;

impl Composer<'_> {
    /// Takes persons' words that servers are off, before anything is planned.
    pub fn words(&mut self, goals: &[Goal]) {
        for goal in goals {
            let Goal::Remove { server, is_off } = goal else {
                continue;
            };
            let Some(id) = self.leaving(server).filter(|_| *is_off) else {
                continue;
            };
            // Whoever answers is not off, whatever is said of it.
            if self.world.is_online(id) {
                let text = format!("{server} to be off: its agent is connected.");
                self.wait(title(goal), text, codes::SERVER_ANSWERS);
                continue;
            }
            self.said_off(id, server);
        }
    }

    fn said_off(&mut self, server: ServerId, name: &str) {
        let Some(report) = self.world.report(server) else {
            return;
        };
        let (device, signature) = (SaidOff::device(server), SaidOff::signature(report));
        let consent = self.given(&device, &signature);
        if consent.is_empty() {
            self.consent_needed.insert(ConsentNeeded {
                device,
                signature,
                target: name.to_owned(),
                server,
                why: format!(
                    "{name} is taken to be powered off, by your word alone: if it runs, what is mounted elsewhere is destroyed."
                ),
            });
        }
        self.graph.said_off.push(SaidOff { server, consent });
    }

    /// A managed server of this name.
    fn leaving(&self, name: &str) -> Option<ServerId> {
        let names = crate::resolve::server::names(self.world);
        let mut ids = names.get(name).into_iter().flatten();
        ids.find(|id| self.world.managed.contains(id)).copied()
    }

    /// The enrolment of these servers ends, where nothing needs them any more.
    pub(super) fn remove(&mut self, goal: &Goal, name: &str) {
        let Some(server) = self.leaving(name) else {
            let text = format!("A managed server called {name}.");
            self.wait(title(goal), text, codes::GOAL_UNKNOWN);
            return;
        };
        if self.resolved.servers.contains_key(&server) {
            let text = format!("A spec that does not list {name}.");
            self.wait(title(goal), text, codes::SERVER_NEEDED);
            return;
        }
        let left: Vec<String> = self.left_on(server);
        if let Some(first) = left.first() {
            let n_more = left.len() - 1;
            let more = if n_more == 0 {
                String::new()
            } else {
                format!(" and {n_more} more")
            };
            let text = format!("{first}{more} to run elsewhere than on {name}.");
            self.wait(title(goal), text, codes::SERVER_NEEDED);
            return;
        }
        if self.is_still_node(server) {
            let node = self.node(server);
            let text = format!(
                "Its cluster to have forgotten node {node}; where Candela did not set that up, by hand: `pcs cluster node remove {node}`."
            );
            self.wait(title(goal), text, codes::SERVER_NEEDED);
            return;
        }
        self.graph.removes.push(server);
    }

    /// Whether a server is a node of a cluster that it does not leave by this plan.
    fn is_still_node(&self, server: ServerId) -> bool {
        let node = self.node(server);
        let clusters = self.world.inventory.ha_clusters.values();
        // What it saw itself when it was last heard of is of the past.
        let mut of = clusters.filter(|cluster| {
            let teller = cluster.seen_by.filter(|teller| *teller != server);
            let is_told = teller.is_some_and(|teller| self.world.is_online(teller));
            is_told && cluster.manager == "pacemaker"
        });
        let is_node = of.any(|cluster| {
            let is_it = cluster.nodes.iter().any(|one| one.name == node);
            is_it && cluster.servers.contains(&server)
        });
        let mut steps = self.graph.steps.iter();
        let is_forgotten =
            steps.any(|one| matches!(&one.step, Step::NodeForgotten(step) if step.node == node));
        is_node && !is_forgotten
    }

    /// Targets that are mounted on a server, as far as is known, and that no step
    /// brings up elsewhere.
    fn left_on(&self, server: ServerId) -> Vec<String> {
        let is_here = |key: &TargetKey| {
            let target = self.world.target(key);
            target.is_some_and(|target| target.mounted_on.contains(&server))
        };
        let known = self.world.inventory.servers.get(&server);
        let keys = known.into_iter().flat_map(|known| &known.may_serve);
        let keys = keys.filter(|key| is_here(key));
        let mut left = Vec::new();
        for key in keys {
            let mut places = self.resolved.targets.iter();
            let at = places.position(|place| place.key.as_ref() == Some(key));
            let is_moved = at.is_some_and(|at| self.moves_off(at, server));
            if !is_moved {
                let target = self.world.target(key);
                left.extend(target.map(|target| target.label.to_string()));
            }
        }
        left
    }

    fn moves_off(&self, at: usize, server: ServerId) -> bool {
        let is_up = |status: &crate::compose::Status| status.steps().is_some_and(|s| !s.is_empty());
        self.unmounted.contains_key(&(at, server)) || self.up.get(&at).is_some_and(is_up)
    }
}
