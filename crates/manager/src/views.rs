//! The inventory as callers see it: rows, details, pages.
//!
//! **Invariant:** a view adds no conclusion of its own but the few states named
//! here, which follow from those of `detect`.

pub(crate) mod job;
pub(crate) mod list;
pub(crate) mod noun;
pub(crate) mod out;
pub(crate) mod picture;
pub(crate) mod server;
pub(crate) mod side;
pub(crate) mod storage;
pub(crate) mod table;

use crate::state::World;
use api::server::{Concern, Ref};
use api::target::Evidence;
use model::ids::ServerId;
use model::inventory::{self, Confidence, TargetKey};

/// A server by id and name.
pub(crate) fn server_ref(world: &World, id: ServerId) -> Ref {
    let name = world.name_of(id).map(str::to_owned);
    Ref {
        id: id.to_string(),
        name: name.unwrap_or_else(|| id.to_string()),
    }
}

/// A target by key and label.
pub(crate) fn target_ref(world: &World, key: &TargetKey) -> Ref {
    let target = world.inventory().targets.get(key);
    let name = target.map_or_else(|| key.0.clone(), |target| target.label.to_string());
    Ref {
        id: key.0.clone(),
        name,
    }
}

/// How sure, as text.
pub(crate) fn confidence(of: Confidence) -> String {
    format!("{of:?}").to_lowercase()
}

/// Concerns, as callers see them.
pub(crate) fn concerns(all: &[inventory::Concern]) -> Vec<Concern> {
    let view = |one: &inventory::Concern| Concern {
        code: one.code.clone(),
        text: one.text.clone(),
    };
    all.iter().map(view).collect()
}

/// Evidence, as callers see it.
pub(crate) fn evidence(world: &World, all: &[inventory::Evidence]) -> Vec<Evidence> {
    let view = |one: &inventory::Evidence| Evidence {
        claim: one.claim.clone(),
        sign: one.sign.clone(),
        server: one.server.map(|id| server_ref(world, id)),
        text: one.text.clone(),
        at: one.at.map(|at| at.to_string()),
        agrees: one.agrees,
    };
    all.iter().map(view).collect()
}
