//! Nothing is erased without an operator's word for that very device with that
//! very content, and nothing while it is in use.

use super::Fault;
use super::single::is_fenced;
use super::view::View;
use lustre::label::TargetLabel;
use model::graph::{Consent, Planned, SaidOff, StepId};
use model::ids::ServerId;
use model::step::Step;
use std::collections::BTreeMap;

pub(super) fn check(view: &View<'_>, needs_consent: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut by_device: BTreeMap<&str, StepId> = BTreeMap::new();
    let mut by_label: BTreeMap<&TargetLabel, StepId> = BTreeMap::new();
    if needs_consent {
        faults.extend(said_off(view));
    }
    for planned in &view.graph.steps {
        let Some(given) = planned.step.consent() else {
            continue;
        };
        if needs_consent {
            faults.extend(given_for(view, planned, given));
        }
        if let Step::TargetFormatted(step) = &planned.step {
            let twice = match &step.label {
                TargetLabel::Mgs => None,
                label @ TargetLabel::Of { .. } => by_label.insert(label, planned.id),
            };
            let same = by_device.insert(&step.device.id.0, planned.id);
            if let Some(other) = twice.or(same) {
                let text = format!("{} is formatted by step {other} too.", step.label);
                faults.push(Fault::of(planned.id, text));
            }
        }
        faults.extend(in_use(view, planned));
    }
    faults
}

/// Servers that are held to be off without a person's word for this silence.
fn said_off(view: &View<'_>) -> Vec<Fault> {
    let is_unsaid = |of: &&SaidOff| {
        let name = format!("server:{}", of.server);
        let silence = view.report(of.server).map(SaidOff::signature);
        !of.consent.iter().any(|one| {
            let is_it = one.device.0 == name && Some(&one.signature) == silence.as_ref();
            is_it && !one.by.is_empty()
        })
    };
    let unsaid = view.graph.said_off.iter().filter(is_unsaid);
    let faults = unsaid.map(|of| Fault {
        code: crate::codes::CONSENT_NEEDED.to_owned(),
        step: None,
        text: format!("Nobody says that {} is off.", view.name(of.server)),
    });
    faults.collect()
}

/// Devices without consent that holds for what is on them now.
fn given_for(view: &View<'_>, planned: &Planned, given: &[Consent]) -> Vec<Fault> {
    let devices: Vec<&str> = match &planned.step {
        Step::PoolAbsent(step) => {
            let is_given = given.iter().any(|one| is_pool(view, &step.pool, one));
            return missing(planned, &step.pool, is_given);
        }
        Step::TargetFormatted(step) if is_in_new_pool(view, &step.device.id.0, planned) => {
            // Whoever gave the pool's devices gave what is made in it.
            let is_given = given.iter().any(|one| one.device == step.device.id);
            return missing(planned, &step.device.id.0, is_given);
        }
        step => step.erases().into_iter().map(|id| id.0.as_str()).collect(),
    };
    let each = devices.into_iter().flat_map(|device| {
        let is_given = given.iter().any(|one| {
            let is_said = !one.by.is_empty() && one.device.0 == device;
            is_said && now_on(view, device, planned.on).contains(&one.signature)
        });
        missing(planned, device, is_given)
    });
    each.collect()
}

fn missing(planned: &Planned, device: &str, is_given: bool) -> Vec<Fault> {
    if is_given {
        return Vec::new();
    }
    let step = planned.step.facts().title;
    vec![Fault {
        code: crate::codes::CONSENT_NEEDED.to_owned(),
        step: Some(planned.id),
        text: format!("{step}: nobody has said that {device} may lose what is on it now."),
    }]
}

/// What servers that are there show on a device. The one that erases it is asked
/// in any case: a dataset whose pool does not answer is listed without one, so
/// that the inventory does not have it.
fn now_on(view: &View<'_>, device: &str, on: ServerId) -> Vec<String> {
    let servers = view.seen_by(device).chain(std::iter::once(on));
    let there = servers.filter(|id| view.world.online.contains(id));
    let id = model::ids::DeviceId(device.to_owned());
    let shown = there.filter_map(|server| {
        let report = view.report(server)?;
        model::graph::signature_seen(report, &id)
    });
    let mut shown: Vec<String> = shown.collect();
    if shown.is_empty() && device.starts_with("dataset:") {
        // A pool without it.
        shown.push(model::graph::BLANK.to_owned());
    }
    shown
}

fn is_pool(view: &View<'_>, name: &str, given: &Consent) -> bool {
    let Some(guid) = given.device.0.strip_prefix("zpool:") else {
        return false;
    };
    // One that is exported has only its guid to be known by.
    let known = view.world.inventory.devices.get(&given.device);
    let is_it = known.is_none_or(|known| known.paths.values().any(|path| path == name));
    is_it && guid == given.signature && !given.by.is_empty()
}

/// Whether a dataset lies in a pool that an earlier step makes.
fn is_in_new_pool(view: &View<'_>, device: &str, planned: &Planned) -> bool {
    let Some((pool, _)) = device
        .strip_prefix("dataset:")
        .and_then(|path| path.split_once('/'))
    else {
        return false;
    };
    planned.after.iter().any(|before| {
        let before = view.graph.step(*before).map(|before| &before.step);
        matches!(before, Some(Step::PoolPresent(step)) if step.pool == pool)
    })
}

/// Whether what is erased is mounted, and nothing unmounts it before.
fn in_use(view: &View<'_>, planned: &Planned) -> Vec<Fault> {
    let (label, device) = match &planned.step {
        Step::TargetFormatted(step) => (&step.label, Some(&step.device.id)),
        Step::TargetWiped(step) => (&step.label, Some(&step.device.id)),
        _ => return Vec::new(),
    };
    let device = device.filter(|_| *label == TargetLabel::Mgs);
    let device = device.map(|id| id.0.as_str());
    let on = view.mounted_on((label, device));
    let is_left = |server: &ServerId| {
        !view.acts_of(label).any(|act| {
            let other = act.planned();
            let is_down = match act {
                super::view::Act::Unmount(_) => other.on == *server,
                super::view::Act::Stop(_) => true,
                _ => false,
            };
            is_down && view.is_before(other.id, planned.id)
        })
    };
    // A fenced server has nothing mounted any more.
    let left = on
        .iter()
        .filter(|server| is_left(server) && !is_fenced(view, **server));
    left.map(|server| {
        let name = view.name(*server);
        Fault::of(planned.id, format!("{label} is mounted on {name}."))
    })
    .collect()
}
