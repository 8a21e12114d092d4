//! File systems that are to be gone: all their targets that are seen, and pools
//! of theirs that show no target: exported by a removal that ended early, or
//! made and still empty.

use super::Resolver;
use super::label::Wanted;
use super::target::pool_name;
use crate::resolved::{MgsPlace, TargetPlace};
use lustre::label::{TargetIndex, TargetKind, TargetLabel};
use model::ids::DeviceId;
use model::inventory::{FsKey, TargetKey};
use model::spec::{BackEnd, FsSpec, FsWanted, MgsSpec, TargetsSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What is said of a target that only its pool's name tells of.
static NO_WISHES: LazyLock<TargetsSpec> = LazyLock::new(TargetsSpec::default);

impl<'a> Resolver<'a> {
    /// The targets of a file system that is to be gone: all that there is of it.
    pub(super) fn leave(&mut self, fs: usize, spec: &'a FsSpec) {
        if let Some(key) = self.out.filesystems[fs].key.clone() {
            self.leave_seen(fs, spec, &key);
        }
        if spec.back_end == BackEnd::Zfs {
            self.leave_pools(fs, spec);
        }
        let targets = &self.out.targets;
        let by_index = |at: &usize| targets[*at].label.index();
        let of = &mut self.out.filesystems[fs];
        of.mdts.sort_by_key(by_index);
        of.osts.sort_by_key(by_index);
        if let MgsSpec::OnMdt0 | MgsSpec::Own(_) = spec.mgs {
            of.mgs = MgsPlace::Unknown;
        }
    }

    fn leave_seen(&mut self, fs: usize, spec: &FsSpec, key: &FsKey) {
        let Some(seen) = self.world.inventory.filesystems.get(key) else {
            return;
        };
        let mut keys: Vec<TargetKey> = Vec::new();
        let mgt = seen.mgt.as_ref().filter(|mgt| !seen.targets.contains(*mgt));
        if let (MgsSpec::Own(_), Some(mgt)) = (&spec.mgs, mgt) {
            let others = self.world.inventory.filesystems.iter();
            let is_shared = others
                .filter(|(other, _)| *other != key)
                .any(|(_, other)| other.mgt.as_ref() == Some(mgt));
            if is_shared {
                self.shared(fs, spec);
            } else {
                keys.push(mgt.clone());
            }
        }
        keys.extend(seen.targets.iter().cloned());
        for key in keys {
            let Some(target) = self.world.target(&key) else {
                continue;
            };
            if let Some(place) = self.existing(fs, &target.label, &key, None) {
                self.put(fs, place);
            }
        }
    }

    fn shared(&mut self, fs: usize, spec: &FsSpec) {
        let path = format!("filesystems[{fs}].mgs");
        let reason = format!("The MGS of {} serves another file system too.", spec.name);
        let remedy = "Let the other one have the MGS (`own`), and this one use it (`of`).";
        self.found.error(&path, reason, remedy);
    }

    /// Pools of the file system in which no target is seen.
    fn leave_pools(&mut self, fs: usize, spec: &'a FsSpec) {
        let placed = self.out.filesystems[fs].targets();
        let placed = placed.map(|at| self.out.targets[at].label.clone());
        let placed: BTreeSet<TargetLabel> = placed.collect();
        for (label, wanted) in self.pools_left(spec) {
            if placed.contains(&label) {
                continue;
            }
            let Some(place) = self.in_pool(fs, &wanted) else {
                continue;
            };
            if self.holds_other(&place) {
                continue;
            }
            if label == TargetLabel::Mgs && self.serves_other(spec, &place) {
                self.shared(fs, spec);
                continue;
            }
            let missing = &mut self.out.filesystems[fs].missing;
            missing.retain(|known| *known != label);
            self.put(fs, place);
        }
    }

    /// Targets that may lie in pools: those that pools are named for, and those
    /// that the spec says lie in one.
    fn pools_left(&self, spec: &'a FsSpec) -> BTreeMap<TargetLabel, Wanted<'a>> {
        let has_mgs = matches!(spec.mgs, MgsSpec::Own(_));
        let named = self.devices.pool_names();
        let named = named.filter_map(|name| label_of(spec, name));
        let named = named.filter(|label| *label != TargetLabel::Mgs || has_mgs);
        let mut found: BTreeMap<TargetLabel, Wanted<'a>> = named
            .map(|label| {
                let wanted = Wanted {
                    label: label.clone(),
                    of: &NO_WISHES,
                    path: String::new(),
                    nth: 0,
                };
                (label, wanted)
            })
            .collect();
        let mut add = |label: TargetLabel, of: &'a TargetsSpec, nth: usize| {
            let is_dataset = |device: &String| device.starts_with("dataset:");
            if of.devices.get(nth).is_some_and(is_dataset) {
                let wanted = Wanted {
                    label: label.clone(),
                    of,
                    path: String::new(),
                    nth,
                };
                found.insert(label, wanted);
            }
        };
        if let MgsSpec::Own(of) = &spec.mgs {
            add(TargetLabel::Mgs, of, 0);
        }
        for (kind, entries) in [(TargetKind::Mdt, &spec.mdts), (TargetKind::Ost, &spec.osts)] {
            let mut next = 0_usize;
            for of in entries {
                let first = of.index.map_or(next, usize::from);
                for nth in 0..of.devices.len() {
                    if let Ok(index) = u16::try_from(first + nth) {
                        add(label(spec, kind, index), of, nth);
                    }
                }
                let count = of.count.map(usize::from);
                next = first + count.unwrap_or(of.devices.len().max(1));
            }
        }
        found
    }

    /// Whether something else than the target is seen in its pool.
    fn holds_other(&self, place: &TargetPlace) -> bool {
        let path = place.device.0.strip_prefix("dataset:");
        let Some((guid, _)) = path.and_then(|path| path.split_once('/')) else {
            return true;
        };
        let prefix = format!("dataset:{guid}/");
        let all = &self.world.inventory.devices;
        let in_pool = all.range(DeviceId(prefix.clone())..);
        let mut in_pool = in_pool.take_while(|(id, _)| id.0.starts_with(&prefix));
        in_pool.any(|(id, _)| *id != place.device)
    }

    /// Whether a file system that stays may use the MGS that lies in a pool: one
    /// that is only watched, and was told these servers.
    fn serves_other(&self, spec: &FsSpec, place: &TargetPlace) -> bool {
        let servers = place.servers().filter_map(|id| self.out.servers.get(&id));
        let ours: Vec<&str> = servers
            .flat_map(|server| &server.nids)
            .map(lustre::nid::Nid::address)
            .collect();
        let is_gone = |name: &lustre::label::FsName| {
            let mut of_spec = self.spec.filesystems.iter();
            of_spec.any(|fs| fs.name == *name && fs.state == FsWanted::Absent)
        };
        let mut seen = self.world.inventory.filesystems.values();
        seen.any(|other| {
            let mut told = other.mgs_nids.iter().map(lustre::nid::Nid::address);
            let is_other = other.name != spec.name && !is_gone(&other.name);
            is_other && other.mgt.is_none() && told.any(|address| ours.contains(&address))
        })
    }
}

fn label(spec: &FsSpec, kind: TargetKind, index: u16) -> TargetLabel {
    TargetLabel::Of {
        fs: spec.name.clone(),
        kind,
        index: TargetIndex(index),
    }
}

/// The target that a pool is named for, by our names.
fn label_of(spec: &FsSpec, pool: &str) -> Option<TargetLabel> {
    let rest = pool.strip_prefix("lustre-").unwrap_or(pool);
    let rest = rest.strip_prefix(spec.name.as_str())?.strip_prefix('-')?;
    let found = if rest == TargetKind::Mgt.to_string() {
        TargetLabel::Mgs
    } else {
        let kinds = [TargetKind::Mdt, TargetKind::Ost].into_iter();
        let mut named =
            kinds.filter_map(|kind| Some((kind, rest.strip_prefix(&kind.to_string())?)));
        let (kind, digits) = named.next()?;
        label(spec, kind, u16::from_str_radix(digits, 16).ok()?)
    };
    (pool_name(spec, &found) == pool).then_some(found)
}
