//! LNet before all that needs it; the MGS before those that it knows.

use super::Fault;
use super::view::{Act, View, is_set_up, runs};
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use model::graph::{Planned, StepId};
use model::ids::ServerId;
use model::inventory::TargetKey;
use model::report::{LnetState, TargetSeen};
use model::spec::MgsSpec;
use model::step::Step;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(view: &View<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for planned in &view.graph.steps {
        faults.extend(lnet(view, planned));
    }
    let order = Order::new(view);
    for acts in view.acts.values() {
        for act in acts {
            if let Act::Mount(planned) | Act::Register(planned) | Act::Start(planned) = act {
                faults.extend(order.mgs(planned));
            }
        }
    }
    faults
}

fn lnet(view: &View<'_>, planned: &Planned) -> Option<Fault> {
    let needs = matches!(
        planned.step,
        Step::TargetFormatted(_)
            | Step::TargetRegistered(_)
            | Step::TargetMounted(_)
            | Step::ClientMounted(_)
    );
    if !needs {
        return None;
    }
    let lnet = view.report(planned.on).and_then(|r| r.lnet.as_ref());
    if lnet.is_some_and(|lnet| lnet.state == LnetState::Up) {
        return None;
    }
    let mut steps = view.lnet.get(&planned.on).into_iter().flatten();
    if steps.any(|up| view.is_before(*up, planned.id)) {
        return None;
    }
    let text = format!(
        "{}: LNet is not up on {} before.",
        planned.step.facts().title,
        view.name(planned.on)
    );
    Some(Fault::of(planned.id, text))
}

/// What brings targets up, by file system.
struct Order<'v, 'a> {
    view: &'v View<'a>,
    /// Steps that bring an MGS up, with the addresses of the servers that may.
    mgs: Vec<(StepId, BTreeSet<&'a str>)>,
    /// Steps that take an MGS down, with the address.
    mgs_down: Vec<(StepId, BTreeSet<&'a str>)>,
    /// Addresses of servers with an MGS mounted.
    mgs_now: BTreeSet<&'a str>,
    /// Addresses of the MGS that a file system's targets are told, by format steps.
    told: BTreeMap<&'a FsName, BTreeSet<&'a str>>,
    /// MDTs that hold an MGS too.
    combined: BTreeSet<TargetLabel>,
    /// Steps after each of `mgs`, where those are few.
    after_mgs: Vec<Vec<bool>>,
}

/// Steps that bring an MGS up, of which it is kept what comes after.
const MGS_KEPT_MAX: usize = 64;

impl<'v, 'a> Order<'v, 'a> {
    fn new(view: &'v View<'a>) -> Self {
        let mut order = Self {
            view,
            mgs: Vec::new(),
            mgs_down: Vec::new(),
            mgs_now: BTreeSet::new(),
            told: BTreeMap::new(),
            combined: BTreeSet::new(),
            after_mgs: Vec::new(),
        };
        order.read_world();
        order.read_steps();
        if order.mgs.len() <= MGS_KEPT_MAX {
            let ups = order.mgs.iter();
            order.after_mgs = ups.map(|(step, _)| view.after(*step)).collect();
        }
        order
    }

    fn addresses(&self, server: ServerId) -> BTreeSet<&'a str> {
        let Some(report) = self.view.report(server) else {
            return BTreeSet::new();
        };
        let interfaces = report.interfaces.iter().flatten();
        let interfaces = interfaces.flat_map(|one| &one.addresses);
        let own = interfaces.map(|text| text.split('/').next().unwrap_or(text));
        let nis = report.lnet.iter().flat_map(|lnet| &lnet.nis);
        own.chain(nis.map(|ni| ni.nid.address())).collect()
    }

    fn read_world(&mut self) {
        let seen: &'a model::inventory::Inventory = self.view.world.inventory;
        let own = seen.filesystems.values().filter_map(|fs| fs.mgt.as_ref());
        let alone = seen.targets.range(TargetKey(String::from("MGS"))..);
        let alone = alone.take_while(|(key, _)| key.0.starts_with("MGS"));
        let keys: BTreeSet<&TargetKey> = own.chain(alone.map(|(key, _)| key)).collect();
        for target in keys.into_iter().filter_map(|key| seen.targets.get(key)) {
            if target.is_mgs_too {
                self.combined.insert(target.label.clone());
            }
            for server in &target.mounted_on {
                let report = self.view.report(*server);
                let of = report.and_then(|report| report.lustre.as_ref());
                let mut shown = of.into_iter().flat_map(|lustre| &lustre.targets);
                let is_up = |one: &TargetSeen| runs(one) || is_set_up(one);
                if shown.any(|one| is_up(one) && one.label == target.label) {
                    let addresses = self.addresses(*server);
                    self.mgs_now.extend(addresses);
                }
            }
        }
        for fs in seen.filesystems.values() {
            let nids = fs.mgs_told.iter().map(lustre::nid::Nid::address);
            self.told.entry(&fs.name).or_default().extend(nids);
        }
    }

    fn read_steps(&mut self) {
        let graph: &'a model::graph::Graph = self.view.graph;
        let of_spec = self.view.spec.filesystems.iter();
        let on_mdt0 = of_spec.filter(|fs| fs.mgs == MgsSpec::OnMdt0);
        self.combined.extend(on_mdt0.map(|fs| TargetLabel::Of {
            fs: fs.name.clone(),
            kind: TargetKind::Mdt,
            index: TargetIndex(0),
        }));
        for planned in &graph.steps {
            if let Step::TargetFormatted(step) = &planned.step {
                if step.is_mgs_too {
                    self.combined.insert(step.label.clone());
                }
                if let Some(fs) = step.label.fs() {
                    let nids = step.mgs_nodes.iter().flatten();
                    let nids = nids.map(lustre::nid::Nid::address);
                    self.told.entry(fs).or_default().extend(nids);
                }
            }
            self.read_step(planned);
        }
    }

    fn read_step(&mut self, planned: &'a Planned) {
        let (label, is_up) = match &planned.step {
            Step::TargetMounted(step) => (&step.label, true),
            Step::TargetUnmounted(step) => (&step.label, false),
            Step::ResourceRole(step) => (&step.resource.label, step.is_started),
            _ => return,
        };
        if *label == TargetLabel::Mgs || self.combined.contains(label) {
            let servers = match &planned.step {
                Step::ResourceRole(step) => self.servers(&step.resource.nodes),
                _ => vec![planned.on],
            };
            let mut addresses = BTreeSet::new();
            for server in servers {
                addresses.extend(self.addresses(server));
            }
            let list = if is_up {
                &mut self.mgs
            } else {
                &mut self.mgs_down
            };
            list.push((planned.id, addresses));
        }
    }

    fn servers(&self, names: &[String]) -> Vec<ServerId> {
        let reports = self.view.world.reports.iter();
        let named = reports.filter(|(_, report)| {
            names.contains(&report.identity.hostname) || names.contains(&report.identity.fqdn)
        });
        named.map(|(id, _)| *id).collect()
    }

    fn mgs(&self, planned: &Planned) -> Option<Fault> {
        let label = label(&planned.step)?;
        let fs = label.fs()?;
        let mut of_spec = self.view.spec.filesystems.iter();
        let of_spec = of_spec.find(|known| known.name == *fs);
        if of_spec.is_some_and(|known| matches!(known.mgs, MgsSpec::External(_))) {
            return None;
        }
        // Nothing shows whom it was told where its pool is exported: any MGS then.
        let told = self.told.get(fs).filter(|told| !told.is_empty());
        let knows = |addresses: &BTreeSet<&str>| {
            let is_any = !addresses.is_empty();
            told.map_or(is_any, |told| {
                told.iter().any(|nid| addresses.contains(nid))
            })
        };
        // A combined one knows itself.
        if self.mgs.iter().any(|(step, _)| *step == planned.id) {
            return None;
        }
        let before = |first: StepId, then: StepId| self.view.is_before(first, then);
        let mut downs = self.mgs_down.iter();
        let is_taken_down = downs.any(|(step, at)| knows(at) && !before(planned.id, *step));
        if knows(&self.mgs_now) && !is_taken_down {
            return None;
        }
        // One that holds the MGS too registers with itself.
        let is_own = matches!(&planned.step, Step::TargetRegistered(_));
        if is_own && self.combined.contains(label) {
            return None;
        }
        let mut ups = self.mgs.iter().enumerate();
        let is_up_before = ups.any(|(nth, (step, at))| {
            let is_after = || match self.after_mgs.get(nth) {
                Some(later) => later[planned.id.index()],
                None => before(*step, planned.id),
            };
            knows(at) && is_after()
        });
        if is_up_before {
            return None;
        }
        let text = format!("{label} is brought up before its MGS is.");
        Some(Fault::of(planned.id, text))
    }
}

fn label(step: &Step) -> Option<&TargetLabel> {
    match step {
        Step::TargetMounted(step) => Some(&step.label),
        Step::TargetRegistered(step) => Some(&step.label),
        Step::ResourceRole(step) => Some(&step.resource.label),
        _ => None,
    }
}
