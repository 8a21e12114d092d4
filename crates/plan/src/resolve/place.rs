//! Which server a target belongs on: consecutive ones spread over servers, and
//! each server gets as many as the others.

use model::ids::ServerId;
use std::collections::{BTreeMap, BTreeSet};

/// How many targets belong on each server so far.
#[derive(Debug, Default)]
pub(crate) struct Places {
    homes: BTreeMap<ServerId, u32>,
    ranks: BTreeMap<ServerId, u32>,
}

impl Places {
    /// The order among servers that have equally many: the first of each group,
    /// then the second of each.
    pub fn rank<'g>(&mut self, groups: impl IntoIterator<Item = &'g [ServerId]>) {
        let mut keyed = Vec::new();
        for (group, servers) in groups.into_iter().enumerate() {
            for (place, server) in servers.iter().enumerate() {
                keyed.push((place, group, *server));
            }
        }
        keyed.sort_unstable();
        for (rank, (_, _, server)) in keyed.into_iter().enumerate() {
            let rank = u32::try_from(rank).unwrap_or(u32::MAX);
            self.ranks.entry(server).or_insert(rank);
        }
    }

    /// How much a server has, and its rank: the least is next.
    pub fn key(&self, server: ServerId) -> (u32, u32) {
        let homes = self.homes.get(&server).copied().unwrap_or(0);
        let rank = self.ranks.get(&server).copied().unwrap_or(u32::MAX);
        (homes, rank)
    }

    /// A target belongs there.
    pub fn add(&mut self, server: ServerId) {
        *self.homes.entry(server).or_default() += 1;
    }

    /// A queue of servers, the next first.
    pub fn queue(&self, servers: impl Iterator<Item = ServerId>) -> Queue {
        let keyed = servers.map(|server| (self.key(server), server));
        Queue(keyed.collect())
    }
}

/// Servers by who is next.
pub(crate) struct Queue(BTreeSet<((u32, u32), ServerId)>);

impl Queue {
    /// Takes the next.
    pub fn pop(&mut self) -> Option<ServerId> {
        self.0.pop_first().map(|(_, server)| server)
    }

    /// Puts one back.
    pub fn push(&mut self, places: &Places, server: ServerId) {
        self.0.insert((places.key(server), server));
    }
}
