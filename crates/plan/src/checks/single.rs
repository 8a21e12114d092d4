//! No target in two places, in any order that the graph allows.

use super::Fault;
use super::view::{Act, Key, View, runs};
use model::graph::Planned;
use model::ids::ServerId;
use model::report::HaNodeState;
use model::step::{Elsewhere, Step, TargetMounted};
use std::collections::BTreeSet;

pub(super) fn check(view: &View<'_>) -> Vec<Fault> {
    let steps = view.graph.steps.iter();
    let mut faults: Vec<Fault> = steps
        .filter_map(|planned| taken_by_force(view, planned))
        .collect();
    for (key, acts) in &view.acts {
        let now = view.mounted_on(*key);
        for (place, act) in acts.iter().enumerate() {
            if let Act::Mount(planned) | Act::Register(planned) = act {
                faults.extend(now_elsewhere(view, &now, acts, planned));
                faults.extend(told_elsewhere(view, acts, place, planned));
            }
            if let Act::Mount(planned) = act
                && let Step::TargetMounted(step) = &planned.step
            {
                faults.extend(proven(view, planned, step, acts));
            }
            if let Act::Register(planned) | Act::Mount(planned) = act {
                faults.extend(run_by_pacemaker(view, *key, planned));
            }
        }
    }
    faults
}

/// A pool is taken by force only from servers that are off, or that are there and
/// do not have it.
fn taken_by_force(view: &View<'_>, planned: &Planned) -> Option<Fault> {
    let (pool, fenced, released) = match &planned.step {
        Step::PoolImported(step) => (&step.pool, step.fenced, &step.released),
        Step::PoolAbsent(step) => (&step.pool, step.fenced, &step.released),
        _ => return None,
    };
    let is_free = |name: &String| {
        view.world.online.iter().any(|id| {
            view.report(*id).is_some_and(|report| {
                let is_it = [&report.identity.hostname, &report.identity.fqdn].contains(&name);
                let pools = report.zpools.as_ref();
                is_it && pools.is_some_and(|pools| pools.iter().all(|one| one.name != *pool))
            })
        })
    };
    let is_off = fenced.is_none_or(|server| is_fenced(view, server));
    if is_off && released.iter().all(is_free) {
        return None;
    }
    let text = format!("zpool {pool} would be taken from a server that may have it.");
    Some(Fault::of(planned.id, text))
}

/// It is mounted elsewhere now, and nothing takes it down before.
fn now_elsewhere(
    view: &View<'_>,
    now: &[ServerId],
    acts: &[Act<'_>],
    planned: &Planned,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for server in now.iter().filter(|id| **id != planned.on) {
        // A fenced server has nothing mounted any more.
        if is_fenced(view, *server) || is_down_before(view, acts, *server, planned) {
            continue;
        }
        let text = format!(
            "{}: it is mounted on {} now.",
            planned.step.facts().title,
            view.name(*server)
        );
        faults.push(Fault::of(planned.id, text));
    }
    faults
}

fn is_down_before(view: &View<'_>, acts: &[Act<'_>], server: ServerId, planned: &Planned) -> bool {
    acts.iter().any(|act| {
        let other = act.planned();
        let is_down = match act {
            Act::Unmount(_) => other.on == server,
            Act::Stop(_) => true,
            _ => false,
        };
        is_down && view.is_before(other.id, planned.id)
    })
}

/// Another step brings it up elsewhere, and the two may overlap.
fn told_elsewhere(
    view: &View<'_>,
    acts: &[Act<'_>],
    place: usize,
    planned: &Planned,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for other in acts.iter().skip(place + 1) {
        let then = other.planned();
        let is_up = match other {
            Act::Mount(_) | Act::Register(_) => then.on != planned.on,
            Act::Start(_) => true,
            Act::Unmount(_) | Act::Stop(_) => false,
        };
        if !is_up {
            continue;
        }
        let ends_itself = matches!(planned.step, Step::TargetRegistered(_));
        let is_ended = if ends_itself {
            view.is_before(planned.id, then.id)
        } else {
            acts.iter().any(|act| {
                let down = act.planned();
                matches!(act, Act::Unmount(_))
                    && down.on == planned.on
                    && view.is_before(planned.id, down.id)
                    && view.is_before(down.id, then.id)
            })
        };
        if !is_ended {
            let text = format!(
                "{}: step {} brings it up elsewhere.",
                planned.step.facts().title,
                then.id
            );
            faults.push(Fault::of(planned.id, text));
        }
    }
    faults
}

/// Each server that reaches the device is named, and what is said of it is so.
fn proven(
    view: &View<'_>,
    planned: &Planned,
    step: &TargetMounted,
    acts: &[Act<'_>],
) -> Vec<Fault> {
    let mut reach: BTreeSet<ServerId> = BTreeSet::new();
    let mut disks = view.disks(&step.device.id);
    for before in &planned.after {
        let before = view.graph.step(*before).map(|before| &before.step);
        if let Some(Step::PoolPresent(pool)) = before {
            disks.extend(pool.devices().map(|device| device.id.0.clone()));
        }
    }
    for disk in disks {
        reach.extend(view.seen_by(&disk));
    }
    reach.remove(&planned.on);
    let mut faults = Vec::new();
    for server in reach {
        let said = step.elsewhere.iter().find(|(id, _)| *id == server);
        let is_so = match said {
            None => false,
            Some((_, Elsewhere::Fenced)) => is_fenced(view, server),
            Some((_, Elsewhere::Unmounted)) => {
                let shows = view.report(server).is_some_and(|report| {
                    let lustre = report.lustre.as_ref();
                    let mut seen = lustre.into_iter().flat_map(|lustre| &lustre.targets);
                    let is_open = lustre.is_some_and(|of| of.opened.contains(&step.label));
                    is_open
                        || seen.any(|one| {
                            let is_it = one.label == step.label
                                && one.device.as_ref().is_none_or(|id| *id == step.device.id);
                            is_it && runs(one)
                        })
                });
                let is_down = is_down_before(view, acts, server, planned);
                view.world.online.contains(&server) && (!shows || is_down)
            }
        };
        if !is_so {
            let text = format!(
                "{}: nothing proves that {} does not have it.",
                planned.step.facts().title,
                view.name(server)
            );
            faults.push(Fault::of(planned.id, text));
        }
    }
    faults
}

/// Whether a server that is silent was fenced after it was last heard of, by
/// the word of one that is there; or is off by a person's, which `consent` reads.
pub(super) fn is_fenced(view: &View<'_>, server: ServerId) -> bool {
    let mut said = view.graph.said_off.iter();
    if said.any(|of| of.server == server) {
        return !view.world.online.contains(&server);
    }
    let Some(lost) = view.report(server) else {
        return false;
    };
    let names = [&lost.identity.hostname, &lost.identity.fqdn];
    let tellers = view.world.online.iter().filter(|id| **id != server);
    let told = tellers.filter_map(|id| view.report(*id)?.ha.as_ref());
    let told = told.filter(|ha| {
        let mut nodes = ha.nodes.iter();
        let node = nodes.find(|node| names.contains(&&node.name));
        node.is_none_or(|node| node.state == HaNodeState::Offline)
    });
    let mut events = told.flat_map(|ha| &ha.fence_history);
    !view.world.online.contains(&server)
        && events.any(|event| {
            names.contains(&&event.target)
                && event.status == "success"
                && (event.action == "off" || event.action == "reboot")
                && event.at.is_some_and(|at| Some(at) >= lost.at)
        })
}

/// A target that Pacemaker runs is not mounted by hand, not even for a moment.
fn run_by_pacemaker(view: &View<'_>, (label, _): Key<'_>, planned: &Planned) -> Option<Fault> {
    let ha = view.report(planned.on)?.ha.as_ref()?;
    let runs = ha
        .resources
        .iter()
        .any(|resource| resource.target().as_ref() == Some(label) && resource.role == "Started");
    let mut steps = view.graph.steps.iter();
    let is_taken_out = steps.any(|other| {
        let is_it =
            matches!(&other.step, Step::ResourceAbsent(step) if step.resource.label == *label);
        is_it && view.is_before(other.id, planned.id)
    });
    let text = format!("Pacemaker runs {label}, and it would be mounted by hand.");
    (runs && !is_taken_out).then(|| Fault::of(planned.id, text))
}
