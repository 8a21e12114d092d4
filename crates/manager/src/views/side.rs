//! A target as Pacemaker, the mount tables, the MGS and the spec each say it,
//! and where they disagree. It only compares.

use super::list::SortKey;
use super::{concerns, server_ref, storage, target_ref};
use crate::state::World;
use api::codes;
use api::ha::{HaTarget, HaTargetSpec};
use api::server::Concern;
use model::ids::ServerId;
use model::inventory::{HaCluster, Target, TargetKey};
use model::report::HaResource;
use model::spec::{FsWanted, HaManager};
use plan::resolved::{Resolved, TargetPlace};
use std::collections::{BTreeMap, BTreeSet};

/// What detection says where two of its sources disagree about a place.
const OF_PLACES: [&str; 8] = [
    "ha-disagrees",
    "target-mounted-twice",
    "target-away-from-home",
    "target-not-registered",
    "target-missing",
    "target-stale",
    "target-on-two-devices",
    "target-unmounted",
];

/// Targets that the servers of a cluster may serve, or do, by label.
pub(crate) fn targets(world: &World, ha: &HaCluster) -> Vec<TargetKey> {
    let servers = &world.inventory().servers;
    let known = ha.servers.iter().filter_map(|id| servers.get(id));
    let near = known.flat_map(|server| server.may_serve.iter().chain(&server.mounted));
    let all: BTreeSet<&TargetKey> = ha.targets.iter().chain(near).collect();
    let mut all: Vec<TargetKey> = all.into_iter().cloned().collect();
    all.sort_by_cached_key(|key| SortKey::text(&target_ref(world, key).name));
    all
}

/// What all of them say, to be asked target by target.
pub(crate) struct Sides<'a> {
    world: &'a World,
    ha: &'a HaCluster,
    resolved: &'a Resolved,
    places: BTreeMap<&'a TargetKey, &'a TargetPlace>,
}

impl<'a> Sides<'a> {
    /// Of one cluster.
    pub fn new(world: &'a World, ha: &'a HaCluster, resolved: &'a Resolved) -> Self {
        let places = resolved.targets.iter();
        let places = places.filter_map(|place| Some((place.key.as_ref()?, place)));
        Self {
            world,
            ha,
            resolved,
            places: places.collect(),
        }
    }

    /// A target; none if it is not there.
    pub fn row(&self, key: &TargetKey) -> Option<HaTarget> {
        let target = self.world.inventory().targets.get(key)?;
        let place = self.places.get(key).copied();
        let resource = target.ha_resource.as_ref();
        let resource = resource.and_then(|id| self.ha.resources.iter().find(|one| one.id == *id));
        let refs = |ids: &mut dyn Iterator<Item = ServerId>| {
            ids.map(|id| server_ref(self.world, id)).collect()
        };
        Some(HaTarget {
            target: target_ref(self.world, key),
            state: storage::target_state(target.state).to_owned(),
            resource: resource.cloned(),
            mounted_on: refs(&mut target.mounted_on.iter().copied()),
            home: target.home.map(|id| server_ref(self.world, id)),
            servers: refs(&mut target.servers.iter().copied()),
            spec: place.map(|place| self.spec(place)),
            disagreements: self.disagreements(target, place, resource),
        })
    }

    fn wanted(&self, place: &TargetPlace) -> FsWanted {
        let fs = self.resolved.filesystems.get(place.fs);
        fs.map(|fs| fs.state).unwrap_or_default()
    }

    fn spec(&self, place: &TargetPlace) -> HaTargetSpec {
        let group = place.group.and_then(|at| self.resolved.groups.get(at));
        let wanted = match self.wanted(place) {
            FsWanted::Mounted => "mounted",
            FsWanted::Stopped => "stopped",
            FsWanted::Absent => "absent",
        };
        let manager = group.map(|group| match group.spec.manager {
            HaManager::Pacemaker => "pacemaker",
            HaManager::None => "none",
            HaManager::External => "external",
        });
        let heirs = place.heirs.iter();
        HaTargetSpec {
            wanted: wanted.to_owned(),
            home: server_ref(self.world, place.home),
            heirs: heirs.map(|id| server_ref(self.world, *id)).collect(),
            group: group.map(|group| group.spec.name.clone()),
            manager: manager.map(str::to_owned),
        }
    }

    fn disagreements(
        &self,
        target: &Target,
        place: Option<&TargetPlace>,
        resource: Option<&HaResource>,
    ) -> Vec<Concern> {
        let is_to_be_up = place.is_none_or(|place| self.wanted(place) == FsWanted::Mounted);
        let mut found = concerns(&target.concerns);
        found.retain(|one| {
            let is_wanted = one.code == "target-unmounted" && !is_to_be_up;
            OF_PLACES.contains(&one.code.as_str()) && !is_wanted
        });
        if let Some(one) = resource.filter(|one| one.is_failed || one.is_blocked) {
            let word = if one.is_blocked { "blocked" } else { "failed" };
            found.push(Concern {
                code: "ha-resource-failed".to_owned(),
                text: format!("Pacemaker's resource {} is {word}.", one.id),
            });
        }
        let differs = place.map(|place| self.differs(target, place));
        let differs = differs.into_iter().flatten().map(|text| Concern {
            code: codes::SPEC_DIFFERS.to_owned(),
            text,
        });
        found.extend(differs);
        found
    }

    /// What the spec says otherwise than what is there, one sentence each.
    fn differs(&self, target: &Target, place: &TargetPlace) -> Vec<String> {
        let name = |id: ServerId| server_ref(self.world, id).name;
        let names = |ids: &[ServerId]| {
            ids.iter()
                .map(|id| name(*id))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut found = Vec::new();
        let on: Vec<ServerId> = target.mounted_on.iter().copied().collect();
        if self.wanted(place) != FsWanted::Mounted && !on.is_empty() {
            found.push(format!(
                "The spec wants it down; it is mounted on {}.",
                names(&on)
            ));
        }
        if let Some(home) = target.home.filter(|home| *home != place.home) {
            found.push(format!(
                "The spec has its home on {}; what is there has it on {}.",
                name(place.home),
                name(home)
            ));
        }
        let unknown = place.servers().filter(|id| !target.servers.contains(id));
        let unknown: Vec<ServerId> = unknown.collect();
        if !unknown.is_empty() && !target.servers.is_empty() {
            found.push(format!(
                "The spec lets {} serve it; what is there does not.",
                names(&unknown)
            ));
        }
        let group = place.group.and_then(|at| self.resolved.groups.get(at));
        if group.is_some_and(plan::resolved::GroupPlace::is_pacemaker)
            && target.ha_resource.is_none()
        {
            found.push(
                "The spec has Pacemaker run it; Pacemaker has no resource for it.".to_owned(),
            );
        }
        found
    }
}

#[cfg(test)]
mod tests;
