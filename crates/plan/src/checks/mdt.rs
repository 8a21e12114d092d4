//! MDT0000 is up while new targets come up, and all MDTs while new OSTs do.

use super::Fault;
use super::view::{Act, View};
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use model::graph::{Planned, StepId};
use model::step::Step;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(view: &View<'_>) -> Vec<Fault> {
    let mut order = Order::new(view);
    let mut faults = Vec::new();
    for ((label, _), acts) in &view.acts {
        if !order.made.contains(label) {
            continue;
        }
        for (place, act) in acts.iter().enumerate() {
            let (Act::Mount(planned) | Act::Register(planned) | Act::Start(planned)) = act else {
                continue;
            };
            // Once it was mounted all know it, and it is new no more.
            let mut earlier = acts[..place].iter();
            let was_up = earlier.any(|act| match act {
                Act::Mount(first) => view.is_before(first.id, planned.id),
                _ => false,
            });
            if !was_up {
                faults.extend(order.fault(label, planned));
            }
        }
    }
    faults
}

/// What happens to an MDT.
#[derive(Default)]
struct Mdt {
    is_up_now: bool,
    ups: Vec<StepId>,
    downs: Vec<StepId>,
}

/// The MDTs that steps are about, by file system.
struct Order<'v, 'a> {
    view: &'v View<'a>,
    mdts: BTreeMap<&'a FsName, BTreeMap<u16, Mdt>>,
    /// Steps that bring up MDTs that nothing takes down.
    only_up: BTreeMap<&'a FsName, BTreeMap<StepId, u16>>,
    /// MDTs of which it is not plain that they are up all the while.
    open: BTreeMap<&'a FsName, BTreeSet<u16>>,
    /// Those that are left of them once a step of `only_up` has ended: new OSTs
    /// wait for the same few steps, and there may be many of both.
    left: BTreeMap<StepId, BTreeSet<u16>>,
    made: BTreeSet<&'a TargetLabel>,
    /// Steps before, and steps after, those that take MDTs down and bring them
    /// up again: each new target is asked about them.
    before: BTreeMap<StepId, Vec<bool>>,
    after: BTreeMap<StepId, Vec<bool>>,
}

/// Steps of which it is kept what comes before or after them.
const KEPT_MAX: usize = 64;

impl<'v, 'a> Order<'v, 'a> {
    fn new(view: &'v View<'a>) -> Self {
        let mut order = Self {
            view,
            mdts: BTreeMap::new(),
            only_up: BTreeMap::new(),
            open: BTreeMap::new(),
            left: BTreeMap::new(),
            made: BTreeSet::new(),
            before: BTreeMap::new(),
            after: BTreeMap::new(),
        };
        for planned in &view.graph.steps {
            if let Step::TargetFormatted(step) = &planned.step {
                order.made.insert(&step.label);
            }
        }
        if order.made.is_empty() {
            return order;
        }
        for ((label, device), acts) in &view.acts {
            if let TargetLabel::Of {
                fs,
                kind: TargetKind::Mdt,
                index: TargetIndex(index),
            } = label
            {
                let mut mdt = Mdt::of(acts);
                mdt.is_up_now = !view.mounted_on((label, *device)).is_empty();
                if mdt.downs.is_empty() {
                    let ups = mdt.ups.iter().map(|up| (*up, *index));
                    order.only_up.entry(fs).or_default().extend(ups);
                }
                if !(mdt.is_up_now && mdt.downs.is_empty()) {
                    order.open.entry(fs).or_default().insert(*index);
                }
                order.mdts.entry(fs).or_default().insert(*index, mdt);
            }
        }
        order.keep();
        order
    }

    fn keep(&mut self) {
        let all = self.mdts.values().flat_map(BTreeMap::values);
        let moved: Vec<&Mdt> = all.filter(|mdt| !mdt.downs.is_empty()).collect();
        let n_kept: usize = moved
            .iter()
            .map(|one| one.ups.len() + one.downs.len())
            .sum();
        if n_kept > KEPT_MAX {
            return;
        }
        for mdt in moved {
            for up in &mdt.ups {
                self.after.insert(*up, self.view.after(*up));
            }
            for down in &mdt.downs {
                self.before.insert(*down, self.view.before(*down));
            }
        }
    }

    fn is_before(&self, first: StepId, then: StepId) -> bool {
        if let Some(later) = self.after.get(&first) {
            return later[then.index()];
        }
        match self.before.get(&then) {
            Some(earlier) => earlier[first.index()],
            None => self.view.is_before(first, then),
        }
    }

    fn fault(&mut self, label: &TargetLabel, planned: &Planned) -> Option<Fault> {
        let TargetLabel::Of { fs, kind, index } = label else {
            return None;
        };
        let is_mdt = *kind == TargetKind::Mdt;
        if is_mdt && index.0 == 0 {
            return None;
        }
        if !is_mdt {
            self.cover(fs, planned);
        }
        let open = self.open.get(fs)?;
        let left = planned.after.iter().filter_map(|id| self.left.get(id));
        let left = left.min_by_key(|left| left.len()).unwrap_or(open);
        let needed = if is_mdt { ..=0 } else { ..=u16::MAX };
        let mdts = self.mdts.get(fs)?;
        let is_up = |mdt: &u16| {
            mdts.get(mdt)
                .is_some_and(|of| self.is_up_at(of, planned.id))
        };
        let late = left.range(needed).find(|mdt| !is_up(mdt))?;
        let text = format!("{label} is brought up before MDT{late:04x}.");
        Some(Fault::of(planned.id, text))
    }

    /// Whether an MDT is up while a step runs, in any order that the graph allows:
    /// whatever may take it down before has ended, and it came up again since.
    fn is_up_at(&self, mdt: &Mdt, step: StepId) -> bool {
        let ups = mdt.ups.iter().copied();
        let ups: Vec<StepId> = ups.filter(|up| self.is_before(*up, step)).collect();
        let is_back = |down: &StepId| {
            let mut ups = ups.iter();
            self.is_before(step, *down) || ups.any(|up| self.is_before(*down, *up))
        };
        (mdt.is_up_now || !ups.is_empty()) && mdt.downs.iter().all(is_back)
    }

    /// Reads which MDTs are still open once those steps have ended that one right
    /// after them brings something up.
    fn cover(&mut self, fs: &FsName, planned: &Planned) {
        let (Some(ups), Some(open)) = (self.only_up.get(fs), self.open.get(fs)) else {
            return;
        };
        let steps = planned.after.iter();
        for last in steps.filter(|id| ups.contains_key(id)) {
            if self.left.contains_key(last) {
                continue;
            }
            let mut left = open.clone();
            for (up, nth) in ups {
                if up == last || self.view.is_before(*up, *last) {
                    left.remove(nth);
                }
            }
            self.left.insert(*last, left);
        }
    }
}

impl Mdt {
    fn of(acts: &[Act<'_>]) -> Self {
        let mut mdt = Self::default();
        for act in acts {
            match act {
                Act::Mount(up) | Act::Start(up) => mdt.ups.push(up.id),
                Act::Unmount(down) | Act::Stop(down) => mdt.downs.push(down.id),
                // It is down again once it is registered.
                Act::Register(_) => {}
            }
        }
        mdt
    }
}
