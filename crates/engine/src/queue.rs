//! Which steps may start. Looked at are only servers where something changed:
//! a step became ready, one ended, a claim was given back, an agent came back.

use crate::Limits;
use crate::claims::{Key, Overlay, StepClaims};
use model::graph::{Planned, StepId};
use model::ids::{JobId, ServerId};
use std::collections::{BTreeMap, BTreeSet};

type Place = (JobId, StepId);

#[derive(Clone, Debug, Default)]
struct AtServer {
    ready: BTreeSet<Place>,
    running: BTreeSet<Place>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    limits: Limits,
    servers: BTreeMap<ServerId, AtServer>,
    n_running: usize,
    by_group: BTreeMap<String, usize>,
    /// Servers to look at.
    dirty: BTreeSet<ServerId>,
    /// Servers that wait for a thing to be given back.
    blocked: BTreeMap<Key, BTreeSet<ServerId>>,
    /// Servers that wait for room in their group.
    crowded: BTreeMap<String, BTreeSet<ServerId>>,
}

impl Queue {
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.by_group.clear();
        for (server, at) in &self.servers {
            if let Some(group) = self.limits.group_of.get(server) {
                *self.by_group.entry(group.clone()).or_default() += at.running.len();
            }
        }
        self.dirty.extend(self.servers.keys());
    }

    pub fn add(&mut self, id: JobId, step: StepId, on: ServerId, is_admitted: bool) {
        if is_admitted {
            self.servers.entry(on).or_default().ready.insert((id, step));
            self.dirty.insert(on);
        }
    }

    pub fn remove(&mut self, id: JobId, step: StepId, on: ServerId) {
        if let Some(at) = self.servers.get_mut(&on) {
            at.ready.remove(&(id, step));
        }
    }

    pub fn look_at(&mut self, server: ServerId) {
        if self.servers.contains_key(&server) {
            self.dirty.insert(server);
        }
    }

    pub fn started(&mut self, id: JobId, step: StepId, on: ServerId) {
        let at = self.servers.entry(on).or_default();
        at.ready.remove(&(id, step));
        if at.running.insert((id, step)) {
            self.n_running += 1;
            if let Some(group) = self.limits.group_of.get(&on) {
                *self.by_group.entry(group.clone()).or_default() += 1;
            }
        }
    }

    pub fn stopped(&mut self, id: JobId, step: StepId, on: ServerId, freed: &[Key]) {
        let Some(at) = self.servers.get_mut(&on) else {
            return;
        };
        if !at.running.remove(&(id, step)) {
            return;
        }
        self.n_running -= 1;
        self.dirty.insert(on);
        if let Some(group) = self.limits.group_of.get(&on) {
            if let Some(n) = self.by_group.get_mut(group) {
                *n -= 1;
            }
            let waiting = self.crowded.remove(group);
            self.dirty.extend(waiting.into_iter().flatten());
        }
        for key in freed {
            let waiting = self.blocked.remove(key);
            self.dirty.extend(waiting.into_iter().flatten());
        }
    }

    pub fn running_on(&self, server: ServerId) -> impl Iterator<Item = Place> + '_ {
        let at = self.servers.get(&server);
        at.into_iter().flat_map(|at| at.running.iter().copied())
    }

    /// What keeps steps on a server from starting, beside claims.
    pub fn limit_at(&self, server: ServerId) -> Option<&'static str> {
        let at = self.servers.get(&server)?;
        if at.running.len() >= self.limits.per_server {
            return Some("as many steps as may run on its server at once");
        }
        if self.is_crowded(server) {
            return Some("as many steps as may run in its HA group at once");
        }
        (self.n_running >= self.limits.in_all).then_some("as many steps as may run at once in all")
    }

    fn is_crowded(&self, server: ServerId) -> bool {
        let group = self.limits.group_of.get(&server);
        let n = group.and_then(|group| self.by_group.get(group)).copied();
        n.unwrap_or(0) >= self.limits.per_group
    }

    /// Steps that may start together, at most `max`; oldest jobs first on each
    /// server. What is chosen is still ready until it is recorded as started.
    pub fn choose<'a>(
        &mut self,
        claims: &StepClaims,
        planned: impl Fn(JobId, StepId) -> Option<&'a Planned>,
        is_here: impl Fn(ServerId) -> bool,
        max: usize,
    ) -> Vec<Place> {
        let mut claims = Overlay::new(claims);
        let mut chosen = Vec::new();
        let mut by_group = self.by_group.clone();
        let mut again = BTreeSet::new();
        while let Some(server) = self.dirty.pop_first() {
            let in_all = self.limits.in_all.saturating_sub(self.n_running).min(max);
            if chosen.len() >= in_all {
                again.insert(server);
                break;
            }
            let Some(at) = self.servers.get(&server).filter(|_| is_here(server)) else {
                continue;
            };
            let group = self.limits.group_of.get(&server);
            let mut n_here = at.running.len();
            for &(id, step) in &at.ready {
                if n_here >= self.limits.per_server {
                    break;
                }
                if chosen.len() >= in_all {
                    again.insert(server);
                    break;
                }
                if let Some(group) = group
                    && by_group.get(group).copied().unwrap_or(0) >= self.limits.per_group
                {
                    self.crowded
                        .entry(group.clone())
                        .or_default()
                        .insert(server);
                    break;
                }
                let Some(planned) = planned(id, step) else {
                    continue;
                };
                if let Some((key, _)) = claims.conflict(planned) {
                    self.blocked.entry(key).or_default().insert(server);
                    continue;
                }
                claims.take(id, planned);
                chosen.push((id, step));
                n_here += 1;
                if let Some(group) = group {
                    *by_group.entry(group.clone()).or_default() += 1;
                }
            }
        }
        self.dirty.extend(again);
        chosen
    }
}
