//! Servers: what follows for each from its own report and from the targets.

use crate::concern::{self, concern};
use crate::detector::{Changed, Index, settle};
use crate::facts::Facts;
use lustre::label::TargetKind;
use model::ids::ServerId;
use model::inventory::{Concern, Inventory, Server, ServerRole, TargetKey};
use model::report::LnetState;
use std::collections::BTreeSet;

/// Makes one server anew.
pub(crate) fn rebuild(
    index: &Index,
    inventory: &mut Inventory,
    id: ServerId,
    changed: &mut Changed,
) {
    let made = index
        .facts
        .get(&id)
        .map(|facts| make(index, inventory, id, facts));
    if settle(&mut inventory.servers, &id, made) {
        changed.servers.insert(id);
    }
}

fn make(index: &Index, inventory: &Inventory, id: ServerId, facts: &Facts) -> Server {
    let may_serve = index.serves.get(&id).cloned().unwrap_or_default();
    let is_here = |key: &&TargetKey| {
        inventory
            .targets
            .get(key)
            .is_some_and(|target| target.mounted_on.contains(&id))
    };
    let mounted: BTreeSet<TargetKey> = may_serve.iter().filter(is_here).cloned().collect();
    let ha = match &facts.ha_key {
        Some(key) => Some(model::inventory::HaKey(crate::facts::url_safe(key))),
        None => index.group_of.get(&id).cloned(),
    };
    let has_mounts = !mounted.is_empty();
    Server {
        name: index.name_of(id),
        roles: roles(inventory, facts, &may_serve),
        nids: facts.nids.iter().cloned().collect(),
        ha: ha.filter(|key| inventory.ha_clusters.contains_key(key)),
        mounted,
        may_serve,
        seen_at: facts.report.at,
        concerns: concerns(facts, has_mounts),
    }
}

fn roles(
    inventory: &Inventory,
    facts: &Facts,
    may_serve: &BTreeSet<TargetKey>,
) -> BTreeSet<ServerRole> {
    let mut roles = BTreeSet::new();
    for target in may_serve
        .iter()
        .filter_map(|key| inventory.targets.get(key))
    {
        roles.insert(match target.kind {
            TargetKind::Mgt => ServerRole::Mgs,
            TargetKind::Mdt => ServerRole::Mds,
            TargetKind::Ost => ServerRole::Oss,
        });
        if target.is_mgs_too {
            roles.insert(ServerRole::Mgs);
        }
    }
    if facts
        .report
        .lustre
        .as_ref()
        .is_some_and(|lustre| !lustre.clients.is_empty())
    {
        roles.insert(ServerRole::Client);
    }
    if facts
        .report
        .lnet
        .as_ref()
        .is_some_and(|lnet| lnet.is_router)
    {
        roles.insert(ServerRole::Router);
    }
    roles
}

fn concerns(facts: &Facts, has_mounts: bool) -> Vec<Concern> {
    let report = &facts.report;
    let mut found = Vec::new();
    if facts.is_silent {
        let text = "Its agent is silent; what is shown is what it last saw.";
        found.push(concern(concern::SERVER_SILENT, text));
    }
    let health = report
        .lustre
        .as_ref()
        .and_then(|lustre| lustre.health.as_ref());
    if let Some(health) = health.filter(|health| !health.is_healthy) {
        let what = match health.unhealthy.as_slice() {
            [] => "Lustre reports that something is not healthy.".to_owned(),
            named => format!("Lustre reports {} not healthy.", named.join(", ")),
        };
        found.push(concern(concern::UNHEALTHY, what));
    }
    if let Some(time) = report
        .time
        .as_ref()
        .filter(|time| time.is_synced == Some(false))
    {
        let text = format!("The clock is not in step with a source ({}).", time.service);
        found.push(concern(concern::CLOCK, text));
    }
    for pool in report
        .zpools
        .iter()
        .flatten()
        .filter(|pool| pool.state != "ONLINE")
    {
        found.push(concern(
            concern::ZPOOL,
            format!("Pool {} is {}.", pool.name, pool.state),
        ));
    }
    let lnet = report.lnet.as_ref().map(|lnet| lnet.state);
    if has_mounts && lnet.is_some_and(|state| state != LnetState::Up) {
        let text = "LNet is not up, though targets are mounted here.";
        found.push(concern(concern::LNET_DOWN, text));
    }
    found
}
