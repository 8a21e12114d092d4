//! One file system, before its targets are looked at: what its servers show together.

use crate::detector::Index;
use crate::facts::{Facts, url_safe};
use crate::part::Part;
use crate::tally::Tally;
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::ServerId;
use model::inventory::FsKey;
use model::report::TargetSeen;
use std::collections::{BTreeMap, BTreeSet};

/// One sight of one target.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub server: ServerId,
    pub facts: &'a Facts,
    pub seen: &'a TargetSeen,
}

/// One file system. What its servers contribute is counted, so that one
/// server's change costs what that server shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// Its key in the inventory, where it is there.
    pub key: Option<FsKey>,
    /// Servers whose MGS knows it.
    pub mgs: BTreeSet<ServerId>,
    /// Servers to whose MDTs targets elsewhere are connected.
    pub linked: BTreeSet<ServerId>,
    /// Targets that are seen, named by its MGS or connected, with how often.
    pub labels: BTreeMap<TargetLabel, u32>,
    /// NIDs that its targets or the MGS's own server give for the MGS.
    pub mgs_nids: BTreeMap<Nid, u32>,
    /// Those of them that its targets were told.
    pub mgs_told: BTreeMap<Nid, u32>,
    /// Servers that show anything of it.
    pub servers: BTreeSet<ServerId>,
    /// Its targets, counted.
    pub tally: Tally,
    pub dirty: Dirty,
}

/// What of a group must be made anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dirty {
    pub all: bool,
    pub labels: BTreeSet<TargetLabel>,
    /// Servers that show something else than before.
    pub servers: BTreeSet<ServerId>,
    /// Whether the NIDs of the MGS changed: other clients may be its own.
    pub clients: bool,
}

impl Group {
    /// Takes in what a server shows.
    pub fn add(&mut self, server: ServerId, part: &Part) {
        self.update(server, &Part::default(), part);
        self.servers.insert(server);
    }

    /// Takes out what a server shows.
    pub fn remove(&mut self, server: ServerId, part: &Part) {
        self.update(server, part, &Part::default());
        self.servers.remove(&server);
    }

    /// Takes in what a server shows in place of what it showed.
    pub fn update(&mut self, server: ServerId, old: &Part, new: &Part) {
        self.dirty.servers.insert(server);
        for label in new.shown.difference(&old.shown) {
            self.gain(label);
        }
        for label in old.shown.difference(&new.shown) {
            self.lose(label);
        }
        self.update_known(server, old, new);
        self.update_connected(server, old, new);
        count(&mut self.mgs_told, &old.mgs_told, &new.mgs_told);
        self.dirty.clients |= count(&mut self.mgs_nids, &old.mgs_nids, &new.mgs_nids);
    }

    fn update_known(&mut self, server: ServerId, old: &Part, new: &Part) {
        if old.known == new.known {
            return;
        }
        match (old.known.as_slice(), new.known.as_slice()) {
            ([old], [new]) if old.evidence == new.evidence => {
                let (old, new) = (&old.targets.by_label, &new.targets.by_label);
                for (label, target) in new {
                    match old.get(label) {
                        None => self.gain(label),
                        Some(before) if before != target => {
                            self.dirty.labels.insert(label.clone());
                        }
                        Some(_) => {}
                    }
                }
                for label in old.keys().filter(|label| !new.contains_key(*label)) {
                    self.lose(label);
                }
            }
            (old, new) => {
                for label in new.iter().flat_map(|known| known.targets.by_label.keys()) {
                    self.gain(label);
                }
                for label in old.iter().flat_map(|known| known.targets.by_label.keys()) {
                    self.lose(label);
                }
            }
        }
        let had = self.mgs.is_empty();
        if new.known.is_empty() {
            self.mgs.remove(&server);
        } else {
            self.mgs.insert(server);
        }
        // Whether a target is registered can only be said where an MGS is seen.
        self.dirty.all |= had != self.mgs.is_empty();
    }

    fn update_connected(&mut self, server: ServerId, old: &Part, new: &Part) {
        if old.connected == new.connected {
            return;
        }
        for (label, one) in new.connected.iter() {
            match old.connected.get(label) {
                None => self.gain(label),
                Some(before) if before != one => {
                    self.dirty.labels.insert(label.clone());
                }
                Some(_) => {}
            }
        }
        for label in old.connected.keys() {
            if !new.connected.contains_key(label) {
                self.lose(label);
            }
        }
        if new.connected.is_empty() {
            self.linked.remove(&server);
        } else {
            self.linked.insert(server);
        }
    }

    fn gain(&mut self, label: &TargetLabel) {
        *self.labels.entry(label.clone()).or_insert(0) += 1;
        self.dirty.labels.insert(label.clone());
    }

    fn lose(&mut self, label: &TargetLabel) {
        let Some(count) = self.labels.get_mut(label) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.labels.remove(label);
        }
        self.dirty.labels.insert(label.clone());
    }

    /// The key that it must have: the name, with a mark where it is not the
    /// only one of that name.
    pub fn proper_key(&self, name: &FsName, is_only: bool) -> FsKey {
        if is_only {
            return FsKey(name.to_string());
        }
        let server = || self.servers.first().map(ToString::to_string);
        let nid = self.mgs_nids.keys().next().map(ToString::to_string);
        let mark = nid.or_else(server).unwrap_or_default();
        FsKey(format!("{name}~{}", url_safe(&mark)))
    }

    /// All sights of one of its targets.
    pub fn sights<'a>(&self, index: &'a Index, label: &TargetLabel) -> Vec<Sight<'a>> {
        let servers = index.by_label.get(label).into_iter().flatten();
        let mut found = Vec::new();
        for &server in servers.filter(|server| self.servers.contains(server)) {
            let Some(facts) = index.facts.get(&server) else {
                continue;
            };
            let targets = facts
                .report
                .lustre
                .iter()
                .flat_map(|lustre| &lustre.targets);
            let those = targets.filter(|seen| &seen.label == label);
            found.extend(those.map(|seen| Sight {
                server,
                facts,
                seen,
            }));
        }
        found
    }
}

/// Counts what one server says otherwise now; whether any NID came or went.
fn count(counts: &mut BTreeMap<Nid, u32>, old: &BTreeSet<Nid>, new: &BTreeSet<Nid>) -> bool {
    let mut is_changed = false;
    for nid in new.difference(old) {
        let count = counts.entry(nid.clone()).or_insert(0);
        is_changed |= *count == 0;
        *count += 1;
    }
    for nid in old.difference(new) {
        let Some(count) = counts.get_mut(nid) else {
            continue;
        };
        *count -= 1;
        if *count == 0 {
            counts.remove(nid);
            is_changed = true;
        }
    }
    is_changed
}
