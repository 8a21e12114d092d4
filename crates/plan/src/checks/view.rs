//! The graph and the world, looked at from here: steps by what they are about,
//! what the reports show, who comes before whom.

use crate::world::World;
use lustre::label::TargetLabel;
use model::graph::{Graph, Planned, StepId};
use model::ids::{DeviceId, ServerId};
use model::inventory::TargetKey;
use model::report::{Report, TargetSeen};
use model::spec::{HaManager, Spec};
use model::step::Step;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A target: its label, and for MGTs its device too.
pub(super) type Key<'a> = (&'a TargetLabel, Option<&'a str>);

/// What a step does to a target's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act<'a> {
    /// Mounted by hand, and stays.
    Mount(&'a Planned),
    /// Mounted by hand and unmounted again.
    Register(&'a Planned),
    /// Unmounted by hand.
    Unmount(&'a Planned),
    /// Pacemaker starts it.
    Start(&'a Planned),
    /// Pacemaker stops it.
    Stop(&'a Planned),
}

impl<'a> Act<'a> {
    /// The step.
    pub fn planned(self) -> &'a Planned {
        match self {
            Self::Mount(one)
            | Self::Register(one)
            | Self::Unmount(one)
            | Self::Start(one)
            | Self::Stop(one) => one,
        }
    }
}

/// See the module.
pub(super) struct View<'a> {
    pub graph: &'a Graph,
    pub spec: &'a Spec,
    pub world: World<'a>,
    /// What the steps do to each target, in their order.
    pub acts: BTreeMap<Key<'a>, Vec<Act<'a>>>,
    /// Steps that bring LNet up, by server.
    pub lnet: BTreeMap<ServerId, Vec<StepId>>,
    /// Who runs targets on a server, by the spec.
    pub manager: BTreeMap<ServerId, HaManager>,
    /// Servers that take part.
    pub servers: BTreeSet<ServerId>,
}

impl<'a> View<'a> {
    pub fn new(graph: &'a Graph, spec: &'a Spec, world: World<'a>) -> Self {
        let mut view = Self {
            graph,
            spec,
            world,
            acts: BTreeMap::new(),
            lnet: BTreeMap::new(),
            manager: BTreeMap::new(),
            servers: graph.servers(),
        };
        for planned in &graph.steps {
            if let Some((key, act)) = act(planned) {
                view.acts.entry(key).or_default().push(act);
            }
            if matches!(planned.step, Step::LnetUp(_)) {
                view.lnet.entry(planned.on).or_default().push(planned.id);
            }
        }
        view.read_groups();
        view
    }

    fn read_groups(&mut self) {
        if self.spec.ha_groups.is_empty() {
            return;
        }
        let mut names: BTreeMap<&str, ServerId> = BTreeMap::new();
        for &id in &self.servers {
            if let Some(server) = self.world.inventory.servers.get(&id) {
                names.insert(&server.name, id);
            }
            if let Some(report) = self.report(id) {
                names.insert(&report.identity.fqdn, id);
                names.insert(&report.identity.hostname, id);
            }
        }
        for group in &self.spec.ha_groups {
            let servers = stdx::hostlist::expand(&group.servers).unwrap_or_default();
            for name in servers {
                if let Some(id) = names.get(name.as_str()) {
                    self.manager.insert(*id, group.manager);
                }
            }
        }
    }

    /// The newest report of a server.
    pub fn report(&self, id: ServerId) -> Option<&'a Report> {
        self.world.reports.get(&id).map(AsRef::as_ref)
    }

    /// A server's name for people.
    pub fn name(&self, id: ServerId) -> String {
        let report = self.report(id);
        report.map_or_else(|| id.to_string(), |r| r.identity.hostname.clone())
    }

    /// Servers that see a device.
    pub fn seen_by(&self, device: &str) -> impl Iterator<Item = ServerId> + 'a {
        let id = DeviceId(device.to_owned());
        let known = self.world.inventory.devices.get(&id);
        known
            .into_iter()
            .flat_map(|known| known.paths.keys().copied())
    }

    /// What the steps do to all targets of a label: MGTs share theirs.
    pub fn acts_of<'l>(&'l self, label: &'l TargetLabel) -> impl Iterator<Item = Act<'l>> {
        let acts: &'l BTreeMap<Key<'l>, Vec<Act<'l>>> = &self.acts;
        let of = acts.range((label, None)..);
        let of = of.take_while(move |((other, _), _)| *other == label);
        of.flat_map(|(_, acts)| acts.iter().copied())
    }

    /// Servers whose reports show a target mounted now.
    pub fn mounted_on(&self, (label, device): Key<'_>) -> Vec<ServerId> {
        let text = label.to_string();
        let known = self
            .world
            .inventory
            .targets
            .range(TargetKey(text.clone())..);
        let known = known.take_while(|(key, _)| key.0.starts_with(&text));
        let servers = known.flat_map(|(_, one)| one.servers.iter().chain(&one.mounted_on));
        let servers: BTreeSet<ServerId> = servers.copied().collect();
        let all = servers.into_iter();
        let is_it = |id: &ServerId| {
            let report = self.report(*id);
            let seen = report.and_then(|report| report.lustre.as_ref());
            let mut seen = seen.into_iter().flat_map(|lustre| &lustre.targets);
            seen.any(|one| {
                let of = one.device.as_ref().map(|id| id.0.as_str());
                one.label == *label
                    && runs(one)
                    && (device.is_none() || of.is_none() || of == device)
            })
        };
        all.filter(is_it).collect()
    }

    /// A device and all that it is made of.
    pub fn disks(&self, id: &DeviceId) -> BTreeSet<String> {
        let (mut found, mut todo) = (BTreeSet::new(), vec![id.clone()]);
        while let Some(id) = todo.pop() {
            if let Some(known) = self.world.inventory.devices.get(&id) {
                let parents = known.parents.iter();
                todo.extend(parents.filter(|id| !found.contains(&id.0)).cloned());
            }
            found.insert(id.0);
        }
        found
    }

    /// For each step whether it begins after this one has ended: for a step that
    /// many are asked about.
    pub fn after(&self, first: StepId) -> Vec<bool> {
        let mut later = vec![false; self.graph.steps.len()];
        for planned in &self.graph.steps {
            let is_after = |before: &StepId| *before == first || later[before.index()];
            later[planned.id.index()] = planned.after.iter().any(is_after);
        }
        later
    }

    /// For each step whether it has ended before this one begins.
    pub fn before(&self, then: StepId) -> Vec<bool> {
        let mut earlier = vec![false; self.graph.steps.len()];
        for planned in self.graph.steps.iter().rev() {
            if planned.id == then || earlier[planned.id.index()] {
                for before in &planned.after {
                    earlier[before.index()] = true;
                }
            }
        }
        earlier
    }

    /// Whether one step must have ended before another begins.
    ///
    /// Numbers grow along the order, so only those between the two are looked at.
    pub fn is_before(&self, first: StepId, then: StepId) -> bool {
        if first >= then {
            return false;
        }
        let mut seen = BTreeSet::new();
        let mut todo = VecDeque::from([then]);
        while let Some(id) = todo.pop_front() {
            let Some(planned) = self.graph.step(id) else {
                continue;
            };
            if planned.after.contains(&first) {
                return true;
            }
            let between = planned.after.iter().filter(|before| **before > first);
            todo.extend(between.filter(|before| seen.insert(**before)));
        }
        false
    }
}

/// Whether a sight shows that a target runs: in the mount table, or set up in the
/// kernel. A look at a busy server may fall between the two. Of an MGS the kernel
/// does not say which it is: all have one name.
pub(super) fn runs(one: &TargetSeen) -> bool {
    one.mount_point.is_some() || one.label != TargetLabel::Mgs && is_set_up(one)
}

/// Whether a sight shows that a target is set up in the kernel.
pub(super) fn is_set_up(one: &TargetSeen) -> bool {
    one.obd_state.as_deref() == Some("UP")
}

fn act(planned: &Planned) -> Option<(Key<'_>, Act<'_>)> {
    Some(match &planned.step {
        Step::TargetMounted(step) => (key(&step.label, &step.device.id.0), Act::Mount(planned)),
        Step::TargetRegistered(step) => {
            (key(&step.label, &step.device.id.0), Act::Register(planned))
        }
        Step::TargetUnmounted(step) => (key(&step.label, &step.device.id.0), Act::Unmount(planned)),
        Step::ResourceRole(step) => {
            let act = if step.is_started {
                Act::Start(planned)
            } else {
                Act::Stop(planned)
            };
            (key(&step.resource.label, &step.resource.id), act)
        }
        _ => return None,
    })
}

/// MGTs share one label.
fn key<'a>(label: &'a TargetLabel, other: &'a str) -> Key<'a> {
    match label {
        TargetLabel::Mgs => (label, Some(other)),
        TargetLabel::Of { .. } => (label, None),
    }
}
