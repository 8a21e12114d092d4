//! Who holds what. Two kinds of holding, so that neither deadlocks:
//!
//! - A **job** claims targets, devices, pools, file systems for its whole life.
//!   It asks for all of them at once, in the order of the journal, and starts
//!   when it has all: whoever waits, waits for jobs that were there before. A
//!   desk takes a job only if it has all at once; what waits is of a journal
//!   that was written otherwise (`docs/decisions/0003-jobs-do-not-queue.md`).
//! - A **step** claims all its things only while it runs, all or none.

use crate::Job;
use model::graph::{Graph, Planned, StepId};
use model::ids::{JobId, ServerId};
use model::step::Thing;
use std::collections::{BTreeMap, BTreeSet};

/// A thing, with the server where that matters.
pub(crate) type Key = (Thing, Option<ServerId>);

fn key(thing: &Thing, on: ServerId) -> Key {
    let is_local = matches!(
        thing,
        Thing::ThisServer | Thing::ThisLnet | Thing::MountPoint(_)
    );
    (thing.clone(), is_local.then_some(on))
}

/// Whether a job holds such a thing from its first step to its end.
fn is_lasting(thing: &Thing) -> bool {
    match thing {
        Thing::ThisServer | Thing::ThisLnet | Thing::Cib(_) | Thing::Mgs(_) => false,
        Thing::Node(_)
        | Thing::Device(_)
        | Thing::Zpool(_)
        | Thing::Target(_)
        | Thing::FileSystem(_)
        | Thing::MountPoint(_) => true,
    }
}

/// What a job would claim for its whole life, and whether for itself alone.
fn lasting(graph: &Graph) -> BTreeMap<Key, bool> {
    let mut wants: BTreeMap<Key, bool> = BTreeMap::new();
    for planned in &graph.steps {
        for claim in planned.step.facts().claims {
            if is_lasting(&claim.thing) {
                *wants.entry(key(&claim.thing, planned.on)).or_default() |= claim.exclusive;
            }
        }
    }
    wants
}

/// The queues in front of each lasting thing: who is before whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobClaims {
    queues: BTreeMap<Key, Vec<(JobId, bool)>>,
    wants: BTreeMap<JobId, BTreeMap<Key, bool>>,
}

impl JobClaims {
    pub fn enqueue(&mut self, job: &Job) {
        let wants = lasting(job.graph());
        for (key, exclusive) in &wants {
            let queue = self.queues.entry(key.clone()).or_default();
            queue.push((job.id(), *exclusive));
        }
        self.wants.insert(job.id(), wants);
    }

    /// A thing that a new job would not have at once, and the job that has it.
    pub fn in_the_way(&self, graph: &Graph) -> Option<(Key, JobId)> {
        lasting(graph).into_iter().find_map(|(key, exclusive)| {
            let mut ahead = self.queues.get(&key)?.iter();
            let (other, _) = ahead.find(|(_, other)| exclusive || *other)?;
            Some((key, *other))
        })
    }

    pub fn has_all(&self, id: JobId) -> bool {
        self.before(id).is_none()
    }

    /// A thing that a job does not have yet, and the job that has it.
    pub fn before(&self, id: JobId) -> Option<(&Key, JobId)> {
        let wants = self.wants.get(&id)?;
        wants.iter().find_map(|(key, exclusive)| {
            let queue = self.queues.get(key)?;
            let ahead = queue.iter().take_while(|(other, _)| *other != id);
            let mut ahead = ahead.filter(|(_, other)| *exclusive || *other);
            ahead.next().map(|(other, _)| (key, *other))
        })
    }

    /// A job has ended; gives those that may have all now.
    pub fn leave(&mut self, id: JobId) -> Vec<JobId> {
        let mut next = BTreeSet::new();
        for key in self.wants.remove(&id).unwrap_or_default().into_keys() {
            let Some(queue) = self.queues.get_mut(&key) else {
                continue;
            };
            queue.retain(|(other, _)| *other != id);
            // All that share the front, or the one at it.
            let n_shared = queue.iter().take_while(|(_, exclusive)| !exclusive).count();
            next.extend(queue.iter().take(n_shared.max(1)).map(|(other, _)| *other));
            if queue.is_empty() {
                self.queues.remove(&key);
            }
        }
        next.into_iter().collect()
    }
}

/// What running steps hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepClaims {
    held: BTreeMap<Key, BTreeMap<(JobId, StepId), bool>>,
}

impl StepClaims {
    pub fn take(&mut self, id: JobId, planned: &Planned) {
        for claim in planned.step.facts().claims {
            let holders = self.held.entry(key(&claim.thing, planned.on)).or_default();
            *holders.entry((id, planned.id)).or_default() |= claim.exclusive;
        }
    }

    /// Gives back what a step holds; gives the things that are freer now.
    pub fn release(&mut self, id: JobId, planned: &Planned) -> Vec<Key> {
        let mut freed = Vec::new();
        for claim in planned.step.facts().claims {
            let key = key(&claim.thing, planned.on);
            let Some(holders) = self.held.get_mut(&key) else {
                continue;
            };
            holders.remove(&(id, planned.id));
            if holders.is_empty() {
                self.held.remove(&key);
            }
            freed.push(key);
        }
        freed
    }

    /// What keeps a step from running: the thing and who holds it.
    pub fn conflict(&self, planned: &Planned) -> Option<(Key, (JobId, StepId))> {
        planned.step.facts().claims.into_iter().find_map(|claim| {
            let key = key(&claim.thing, planned.on);
            let mut holders = self.held.get(&key)?.iter();
            let holder = holders.find(|(_, exclusive)| claim.exclusive || **exclusive)?;
            Some((key.clone(), *holder.0))
        })
    }
}

/// What would be held if steps that were just chosen ran.
pub(crate) struct Overlay<'a> {
    held: &'a StepClaims,
    chosen: StepClaims,
}

impl<'a> Overlay<'a> {
    pub fn new(held: &'a StepClaims) -> Self {
        Self {
            held,
            chosen: StepClaims::default(),
        }
    }

    pub fn take(&mut self, id: JobId, planned: &Planned) {
        self.chosen.take(id, planned);
    }

    pub fn conflict(&self, planned: &Planned) -> Option<(Key, (JobId, StepId))> {
        let held = self.held.conflict(planned);
        held.or_else(|| self.chosen.conflict(planned))
    }
}
