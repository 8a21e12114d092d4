//! Who may be told what: managed servers whose agent is there; nobody else's
//! targets; Pacemaker's only through Pacemaker.

use super::Fault;
use super::view::View;
use model::graph::Planned;
use model::ids::ServerId;
use model::spec::HaManager;
use model::step::Step;
use std::collections::BTreeSet;

pub(super) fn check(view: &View<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let watched: BTreeSet<ServerId> = view
        .servers
        .difference(view.world.managed)
        .copied()
        .collect();
    let away: BTreeSet<ServerId> = view
        .servers
        .difference(view.world.online)
        .copied()
        .collect();
    for planned in &view.graph.steps {
        if watched.contains(&planned.on) {
            let name = view.name(planned.on);
            let text = format!("{name} is only watched, and would be changed.");
            faults.push(Fault::of(planned.id, text));
        }
        if away.contains(&planned.on) {
            let name = view.name(planned.on);
            let text = format!("The agent on {name} is not there to be told.");
            faults.push(Fault::of(planned.id, text));
        }
        faults.extend(hands_off(view, planned));
        faults.extend(asleep(view, planned));
        faults.extend(in_use(view, planned));
    }
    faults
}

/// A target is left alone by hand where Pacemaker, or somebody else, runs it.
fn hands_off(view: &View<'_>, planned: &Planned) -> Option<Fault> {
    let manager = view.manager.get(&planned.on)?;
    let is_by_hand = matches!(
        planned.step,
        Step::TargetMounted(_) | Step::TargetUnmounted(_)
    );
    let is_made = matches!(
        planned.step,
        Step::TargetFormatted(_) | Step::TargetRegistered(_) | Step::TargetWiped(_)
    );
    let is_asked = matches!(
        planned.step,
        Step::ResourcePresent(_)
            | Step::ResourceAbsent(_)
            | Step::ResourceRole(_)
            | Step::ResourcePlaced(_)
            | Step::Standby(_)
    );
    let text = match manager {
        HaManager::Pacemaker if is_by_hand && !is_stray(view, planned) => {
            "Pacemaker runs the targets of this server"
        }
        HaManager::External if is_by_hand || is_made || is_asked => {
            "Somebody else runs the targets of this server"
        }
        HaManager::None if is_asked && !is_taken_out(view, planned) => {
            "No Pacemaker runs the targets of this server"
        }
        _ => return None,
    };
    let step = planned.step.facts().title;
    Some(Fault::of(planned.id, format!("{text}: {step}.")))
}

/// What somebody mounted while Pacemaker was told to keep it down is unmounted.
fn is_stray(view: &View<'_>, planned: &Planned) -> bool {
    let Step::TargetUnmounted(step) = &planned.step else {
        return false;
    };
    let report = view.report(planned.on);
    let ha = report.and_then(|report| report.ha.as_ref());
    let mut resources = ha.into_iter().flat_map(|ha| &ha.resources);
    resources.any(|one| {
        let told = one.target_role.as_deref().unwrap_or_default();
        let is_stopped = told.eq_ignore_ascii_case("stopped") && one.nodes.is_empty();
        is_stopped && one.target().as_ref() == Some(&step.label)
    })
}

/// A Pacemaker that is to be gone is told to let go of what it has, no more.
fn is_taken_out(view: &View<'_>, planned: &Planned) -> bool {
    let ha = view
        .report(planned.on)
        .and_then(|report| report.ha.as_ref());
    let is_let_go = match &planned.step {
        Step::ResourceRole(step) => !step.is_started,
        Step::ResourceAbsent(_) => true,
        _ => false,
    };
    is_let_go && ha.is_some_and(|ha| ha.is_running)
}

/// LNet is not stopped under what is mounted, nor Pacemaker where it still has
/// a target: those that come back would be started by nobody.
fn in_use(view: &View<'_>, planned: &Planned) -> Option<Fault> {
    let report = || view.report(planned.on);
    match &planned.step {
        Step::LnetDown(_) => {
            let report = report()?;
            let mut mounted = report.lustre.iter().flat_map(|lustre| &lustre.targets);
            let left = mounted.find(|target| target.mount_point.is_some())?;
            let text = format!("{} is mounted where LNet is stopped.", left.label);
            Some(Fault::of(planned.id, text))
        }
        Step::ServiceSet(step) if step.unit == "pacemaker.service" && !step.is_running => {
            let report = report()?;
            let ha = report.ha.as_ref()?;
            let is_empty = |name: &str| {
                let mut steps = view.graph.steps.iter();
                let names = [&report.identity.hostname, &report.identity.fqdn];
                steps.any(|other| {
                    let is_it = match &other.step {
                        Step::ResourceAbsent(step) => step.resource.id == name,
                        Step::Standby(step) => step.is_on && names.contains(&&step.node),
                        _ => false,
                    };
                    is_it && view.is_before(other.id, planned.id)
                })
            };
            let mut here = ha.resources.iter().filter(|one| {
                let names = [&report.identity.hostname, &report.identity.fqdn];
                one.target().is_some() && one.nodes.iter().any(|node| names.contains(&node))
            });
            let left = here.find(|one| !is_empty(&one.id))?;
            let text = format!("Pacemaker runs {} where it is stopped.", left.id);
            Some(Fault::of(planned.id, text))
        }
        _ => None,
    }
}

/// A server does not boot under targets that are mounted by hand.
fn asleep(view: &View<'_>, planned: &Planned) -> Option<Fault> {
    if !matches!(planned.step, Step::ServerRebooted(_))
        || view.manager.get(&planned.on) == Some(&HaManager::Pacemaker)
    {
        return None;
    }
    let lustre = view.report(planned.on)?.lustre.as_ref()?;
    let mut mounted = lustre.targets.iter().filter(|t| t.mount_point.is_some());
    let left = mounted.find(|target| {
        let mut steps = view.graph.steps.iter();
        !steps.any(|other| {
            matches!(&other.step, Step::TargetUnmounted(step) if step.label == target.label)
                && other.on == planned.on
                && view.is_before(other.id, planned.id)
        })
    })?;
    let text = format!("{} is mounted while its server boots.", left.label);
    Some(Fault::of(planned.id, text))
}
