//! Work that excludes each other never runs at once, on any agent.

use super::Begun;
use crate::run::stage::ActorId;
use model::ids::ServerId;
use model::step::{Claim, Thing};
use std::collections::BTreeMap;

/// What runs, and what it holds.
#[derive(Default)]
pub struct Claims {
    running: BTreeMap<ActorId, (String, ServerId, Vec<Claim>)>,
}

/// Whether two claims, each of a step on its server, exclude each other.
fn clash(one: (&Claim, ServerId), other: (&Claim, ServerId)) -> bool {
    let is_local = matches!(
        one.0.thing,
        Thing::ThisServer | Thing::ThisLnet | Thing::MountPoint(_)
    );
    one.0.thing == other.0.thing
        && (one.0.exclusive || other.0.exclusive)
        && (!is_local || one.1 == other.1)
}

impl Claims {
    pub fn begun(&mut self, begun: &Begun<'_>) -> Option<String> {
        let claims = begun.step.facts().claims;
        let title = begun.step.facts().title;
        let found = self.running.values().find_map(|(other, on, held)| {
            let held: Vec<_> = held.iter().map(|claim| (claim, *on)).collect();
            let clashes = claims
                .iter()
                .find(|claim| held.iter().any(|held| clash((claim, begun.on), *held)))?;
            Some(format!(
                "`{title}` begins while `{other}` runs, and both claim {}",
                clashes.thing
            ))
        });
        self.running.insert(begun.actor, (title, begun.on, claims));
        found
    }

    pub fn gone(&mut self, actor: ActorId) {
        self.running.remove(&actor);
    }
}
