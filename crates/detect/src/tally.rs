//! A file system's targets, counted: sums that one target's change adjusts.

use lustre::label::TargetKind;
use model::inventory::{Confidence, Counts, Target, TargetKey, TargetState};
use std::collections::{BTreeMap, BTreeSet};

/// What the targets of one file system add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub n: u32,
    kinds: BTreeMap<TargetKind, u32>,
    states: BTreeMap<TargetState, u32>,
    confidences: BTreeMap<Confidence, u32>,
    /// Those that are mounted.
    up: BTreeMap<TargetKind, u32>,
    first_mdt_up: u32,
    /// Clients as each MDT counts them.
    clients: BTreeMap<u32, u32>,
    bytes: Sum,
    inodes: Sum,
    /// Targets that hold an MGS too.
    pub mgs_too: BTreeSet<TargetKey>,
}

/// A sum of pairs that can be taken back; wide, so that it cannot overflow.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    n: u32,
    a: u128,
    b: u128,
}

impl Sum {
    fn change(&mut self, by: Option<(u64, u64)>, is_gain: bool) {
        let Some((a, b)) = by else { return };
        let (a, b) = (u128::from(a), u128::from(b));
        if is_gain {
            self.n += 1;
            self.a += a;
            self.b += b;
        } else {
            self.n = self.n.saturating_sub(1);
            self.a = self.a.saturating_sub(a);
            self.b = self.b.saturating_sub(b);
        }
    }

    fn get(self) -> Option<(u64, u64)> {
        let narrow = |wide: u128| u64::try_from(wide).unwrap_or(u64::MAX);
        (self.n > 0).then(|| (narrow(self.a), narrow(self.b)))
    }
}

impl Tally {
    /// Counts a target.
    pub fn add(&mut self, key: &TargetKey, target: &Target) {
        self.change(target, true);
        if target.is_mgs_too {
            self.mgs_too.insert(key.clone());
        }
    }

    /// Takes a target out.
    pub fn remove(&mut self, key: &TargetKey, target: &Target) {
        self.change(target, false);
        self.mgs_too.remove(key);
    }

    fn change(&mut self, target: &Target, is_gain: bool) {
        self.n = if is_gain {
            self.n + 1
        } else {
            self.n.saturating_sub(1)
        };
        count(&mut self.kinds, target.kind, is_gain);
        count(&mut self.states, target.state, is_gain);
        count(&mut self.confidences, target.confidence, is_gain);
        if matches!(target.state, TargetState::Mounted | TargetState::Recovering) {
            count(&mut self.up, target.kind, is_gain);
            let is_first = target.label.index().is_some_and(|index| index.0 == 0);
            if is_first && target.kind == TargetKind::Mdt {
                self.first_mdt_up = if is_gain {
                    self.first_mdt_up + 1
                } else {
                    self.first_mdt_up.saturating_sub(1)
                };
            }
        }
        match target.kind {
            TargetKind::Mdt => {
                if let Some(clients) = target.n_clients {
                    count(&mut self.clients, clients, is_gain);
                }
                self.inodes.change(target.inodes, is_gain);
            }
            TargetKind::Ost => self.bytes.change(target.bytes, is_gain),
            TargetKind::Mgt => {}
        }
    }

    /// What callers are told of it.
    pub fn counts(&self) -> Counts {
        let of = |map: &BTreeMap<TargetKind, u32>, kind| map.get(&kind).copied().unwrap_or(0);
        Counts {
            n_mdts: of(&self.kinds, TargetKind::Mdt),
            n_osts: of(&self.kinds, TargetKind::Ost),
            n_up: self.up.values().sum(),
            n_osts_up: of(&self.up, TargetKind::Ost),
            n_stale: self.in_state(TargetState::Stale),
            is_first_mdt_up: self.first_mdt_up > 0,
        }
    }

    /// How many are in this state.
    pub fn in_state(&self, state: TargetState) -> u32 {
        self.states.get(&state).copied().unwrap_or(0)
    }

    /// Whether there is one of this kind.
    pub fn has(&self, kind: TargetKind) -> bool {
        self.kinds.contains_key(&kind)
    }

    /// How sure the least sure one is.
    pub fn least_confidence(&self) -> Option<Confidence> {
        self.confidences.keys().next().copied()
    }

    /// Clients, as the MDT with most of them counts.
    pub fn n_clients(&self) -> Option<u32> {
        self.clients.keys().next_back().copied()
    }

    /// Bytes in all and available, over OSTs.
    pub fn bytes(&self) -> Option<(u64, u64)> {
        self.bytes.get()
    }

    /// Inodes in all and free, over MDTs.
    pub fn inodes(&self) -> Option<(u64, u64)> {
        self.inodes.get()
    }
}

fn count<K: Ord>(of: &mut BTreeMap<K, u32>, key: K, is_gain: bool) {
    if is_gain {
        *of.entry(key).or_insert(0) += 1;
        return;
    }
    if let Some(n) = of.get_mut(&key) {
        *n = n.saturating_sub(1);
        if *n == 0 {
            of.remove(&key);
        }
    }
}
