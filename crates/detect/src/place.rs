//! Where a target is, where it may be, and where it belongs.

use crate::concern::{self, concern};
use crate::detector::Index;
use crate::device;
use crate::group::Sight;
use crate::node::{Node, print};
use model::ids::ServerId;
use model::inventory::{Concern, Evidence, Inventory, TargetState};
use model::report::{HaResource, RecoveryState, TargetSource};
use std::collections::BTreeSet;

/// What was concluded of a target's place.
#[derive(Default)]
pub(crate) struct Place {
    pub state: TargetState,
    pub mounted_on: BTreeSet<ServerId>,
    pub servers: Vec<ServerId>,
    pub home: Option<ServerId>,
    pub unknown_servers: Vec<String>,
    pub ha_resource: Option<String>,
    pub evidence: Vec<Evidence>,
    pub concerns: Vec<Concern>,
}

/// Whether this sight says that the target runs on its server.
pub(crate) fn is_running(sight: &Sight<'_>) -> bool {
    match sight.seen.source {
        TargetSource::Mount => true,
        TargetSource::ObdDevice => sight.seen.obd_state.as_deref() == Some("UP"),
        // The mount table knows better, where it could be read.
        TargetSource::HaResource => sight.facts.report.mounts.is_none(),
        _ => false,
    }
}

/// Concludes from all sights of one target, and the nodes that are written of it.
pub(crate) fn place(
    index: &Index,
    inventory: &Inventory,
    label: &str,
    (sights, nodes): (&[Sight<'_>], Vec<Node<'_>>),
) -> Place {
    let mut place = Place::default();
    settle_mounts(index, label, sights, &mut place);
    let resource = pacemaker(index, label, sights, &mut place);
    let mut servers: Vec<ServerId> = Vec::new();
    if let Some(resource) = &resource {
        place.home = resource.preferred;
        servers.extend(resource.preferred);
        servers.extend(&resource.nodes);
    }
    servers.extend(take_nodes(index, nodes, &mut place));
    let seers = seers(index, inventory, sights);
    let mut known = BTreeSet::new();
    servers.extend(seers);
    servers.retain(|id| known.insert(*id));
    place.servers = servers;
    note_away(index, label, &mut place);
    place
}

fn settle_mounts(index: &Index, label: &str, sights: &[Sight<'_>], place: &mut Place) {
    let running = |silent: bool| {
        let those = sights
            .iter()
            .filter(move |s| is_running(s) && s.facts.is_silent == silent);
        those.map(|sight| sight.server).collect::<BTreeSet<_>>()
    };
    let (live, silent) = (running(false), running(true));
    let names = |ids: &BTreeSet<ServerId>| {
        ids.iter()
            .map(|id| index.name_of(*id))
            .collect::<Vec<_>>()
            .join(" and ")
    };
    if live.len() > 1 {
        place.state = TargetState::MountedTwice;
        let text = format!("{label} is reported mounted on {} at once.", names(&live));
        place.concerns.push(concern(concern::MOUNTED_TWICE, text));
        place.mounted_on = live;
    } else if live.len() == 1 {
        let recovering = sights
            .iter()
            .filter(|s| live.contains(&s.server))
            .any(is_recovering);
        place.state = if recovering {
            TargetState::Recovering
        } else {
            TargetState::Mounted
        };
        if recovering {
            let text = format!("{label} is in recovery on {}.", names(&live));
            place.concerns.push(concern(concern::RECOVERING, text));
        }
        place.mounted_on = live;
    } else if !silent.is_empty() {
        place.state = TargetState::Stale;
        let text = format!(
            "{label} was mounted on {}, which is silent.",
            names(&silent)
        );
        place.concerns.push(concern(concern::STALE, text));
        place.mounted_on = silent;
    } else if sights.is_empty() {
        place.state = TargetState::Missing;
    } else {
        place.state = TargetState::Unmounted;
        let text = format!("{label} is mounted on no server that reports here.");
        place.concerns.push(concern(concern::UNMOUNTED, text));
    }
}

fn is_recovering(sight: &Sight<'_>) -> bool {
    let state = sight.seen.recovery.as_ref().map(|recovery| recovery.state);
    matches!(
        state,
        Some(RecoveryState::Recovering | RecoveryState::Waiting | RecoveryState::WaitingForClients)
    )
}

/// The servers of the written nodes, in their order; the first may be home.
fn take_nodes(index: &Index, nodes: Vec<Node<'_>>, place: &mut Place) -> Vec<ServerId> {
    let mut servers = Vec::new();
    for node in nodes {
        let Some(id) = node.nids.iter().find_map(|nid| index.server_with(nid)) else {
            place.unknown_servers.push(print(node.nids));
            continue;
        };
        servers.push(id);
        if node.is_home && place.home.is_none() {
            place.home = Some(id);
            let mut home = node.sign.clone();
            "home".clone_into(&mut home.claim);
            place.evidence.push(home);
        }
        place.evidence.push(node.sign);
    }
    if !place.unknown_servers.is_empty() {
        let text = format!(
            "It may also be served by {}, where no agent reports from.",
            place.unknown_servers.join(", ")
        );
        place.concerns.push(concern(concern::SERVER_UNKNOWN, text));
    }
    servers
}

/// Where it runs, then who sees its device, then who shows any sign of it.
fn seers(index: &Index, inventory: &Inventory, sights: &[Sight<'_>]) -> Vec<ServerId> {
    let running = sights.iter().filter(|s| is_running(s)).map(|s| s.server);
    let mut servers: Vec<ServerId> = running.collect();
    let device = sights
        .iter()
        .find_map(|s| s.seen.device.as_ref())
        .filter(|id| id.is_shareable());
    if let Some(device) = device {
        servers.extend(index.by_device.get(device).into_iter().flatten());
        servers.extend(device::reach(index, inventory, device));
    }
    servers.extend(sights.iter().map(|sight| sight.server));
    servers
}

fn note_away(index: &Index, label: &str, place: &mut Place) {
    let Some(home) = place.home else { return };
    let is_up = matches!(place.state, TargetState::Mounted | TargetState::Recovering);
    if is_up && !place.mounted_on.contains(&home) {
        let on = place
            .mounted_on
            .iter()
            .map(|id| index.name_of(*id))
            .collect::<Vec<_>>();
        let text = format!(
            "{label} runs on {}; its home is {}.",
            on.join(", "),
            index.name_of(home)
        );
        place.concerns.push(concern(concern::AWAY, text));
    }
}

/// A Pacemaker resource that runs this target.
struct Resource<'a> {
    of: &'a HaResource,
    nodes: Vec<ServerId>,
    preferred: Option<ServerId>,
}

fn pacemaker<'a>(
    index: &Index,
    label: &str,
    sights: &[Sight<'a>],
    place: &mut Place,
) -> Option<Resource<'a>> {
    let mut best: Option<(&Sight<'a>, Resource<'a>)> = None;
    for sight in sights {
        let Some(ha) = &sight.facts.report.ha else {
            continue;
        };
        let Some(key) = &sight.facts.ha_key else {
            continue;
        };
        let Some(resource) = ha.resources.iter().find(|r| runs(r, label, sights)) else {
            continue;
        };
        let is_better = best.as_ref().is_none_or(|(known, _)| {
            (known.facts.is_silent, ha.dc.is_none()) > (sight.facts.is_silent, false)
        });
        if !is_better {
            continue;
        }
        let members = index.by_ha.get(key).cloned().unwrap_or_default();
        let named = |name: &String| index.server_named(name, &members);
        let group = resource.group.as_deref().unwrap_or(&resource.id);
        let score = |c: &model::report::Constraint| match c.score.as_str() {
            "INFINITY" | "+INFINITY" => i64::from(i32::MAX),
            text => text.parse().unwrap_or(0),
        };
        let locations = ha
            .constraints
            .iter()
            .filter(|c| c.kind == "location" && (c.resource == resource.id || c.resource == group));
        let mut places: Vec<_> = locations.filter(|c| score(c) > 0).collect();
        places.sort_by_key(|c| std::cmp::Reverse(score(c)));
        let preferred = places.first().and_then(|c| named(&c.with));
        let nodes = places.iter().filter_map(|c| named(&c.with)).collect();
        best = Some((
            sight,
            Resource {
                of: resource,
                nodes,
                preferred,
            },
        ));
    }
    let (sight, resource) = best?;
    place.ha_resource = Some(resource.of.id.clone());
    compare(index, label, sight, &resource, place);
    Some(resource)
}

fn compare(index: &Index, label: &str, sight: &Sight<'_>, of: &Resource<'_>, place: &mut Place) {
    let members = sight
        .facts
        .ha_key
        .as_ref()
        .and_then(|key| index.by_ha.get(key));
    let members = members.cloned().unwrap_or_default();
    let on: BTreeSet<ServerId> = of
        .of
        .nodes
        .iter()
        .filter_map(|name| index.server_named(name, &members))
        .collect();
    let agrees = on == place.mounted_on || on.is_empty() && place.mounted_on.is_empty();
    let text = format!(
        "{} ({}) is {} on {}",
        of.of.id,
        of.of.agent,
        of.of.role,
        if of.of.nodes.is_empty() {
            "no node".into()
        } else {
            of.of.nodes.join(", ")
        }
    );
    let mut made = evidence("mounted", "pacemaker", sight, text.clone());
    made.agrees = agrees;
    place.evidence.push(made);
    if let Some(home) = of.preferred {
        let text = format!("location constraint prefers {}", index.name_of(home));
        place
            .evidence
            .push(evidence("home", "pacemaker", sight, text));
    }
    if !agrees {
        let text = format!("{label}: Pacemaker says {text}; the mount tables say otherwise.");
        place.concerns.push(concern(concern::HA_DISAGREES, text));
    }
}

/// Whether a resource runs this target: by device, mount point, or its own name.
fn runs(resource: &HaResource, label: &str, sights: &[Sight<'_>]) -> bool {
    if !resource.agent.contains("ustre") && !resource.agent.ends_with(":Filesystem") {
        return false;
    }
    let is = |value: &String| {
        sights.iter().any(|sight| {
            sight.seen.device_path.as_ref() == Some(value)
                || sight.seen.mount_point.as_ref() == Some(value)
        })
    };
    let keys = ["target", "device", "mountpoint", "directory"];
    keys.iter()
        .filter_map(|key| resource.parameters.get(*key))
        .any(is)
        || resource.target().is_some_and(|of| of.to_string() == label)
        || resource.id.eq_ignore_ascii_case(label)
        || resource
            .id
            .to_ascii_lowercase()
            .ends_with(&label.to_ascii_lowercase())
            && label != "MGS"
}

/// One sign, of one server.
pub(crate) fn evidence(claim: &str, sign: &str, sight: &Sight<'_>, text: String) -> Evidence {
    Evidence {
        claim: claim.to_owned(),
        sign: sign.to_owned(),
        server: Some(sight.server),
        text,
        at: sight.facts.report.at,
        agrees: true,
    }
}
