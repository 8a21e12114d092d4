//! Indices: which targets a file system has, by its entries.

use super::Resolver;
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use model::spec::{BackEnd, HaManager, TargetsSpec};
use std::collections::BTreeSet;

/// A target of an entry.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub label: TargetLabel,
    pub of: &'a TargetsSpec,
    /// Path of the entry.
    pub path: String,
    /// Its place in the entry.
    pub nth: usize,
}

/// Devices that each target of an entry takes.
pub(super) fn devices_each(of: &TargetsSpec) -> usize {
    let pool = of.zpool.as_ref();
    pool.map_or(1, |pool| usize::from(pool.n_devices.max(1)))
}

impl<'a> Resolver<'a> {
    /// Whether what an entry names is there, and fits the back end.
    pub(super) fn entry(&mut self, path: &str, of: &TargetsSpec, back_end: BackEnd) {
        for name in &of.ha_groups {
            let known = self.spec.ha_groups.iter().find(|group| group.name == *name);
            let path = format!("{path}.ha_groups");
            match known.map(|group| group.manager) {
                None => {
                    let reason = format!("No HA group is called {name}.");
                    self.found.error(&path, reason, "Name one of `ha_groups`.");
                }
                Some(HaManager::External) => {
                    let reason = format!("Somebody else runs {name}.");
                    let remedy = "Candela puts no targets there; name another group.";
                    self.found.error(&path, reason, remedy);
                }
                Some(_) => {}
            }
        }
        let Some(zpool) = &of.zpool else { return };
        let path = format!("{path}.zpool");
        if back_end == BackEnd::Ldiskfs {
            let reason = "A pool is described for ldiskfs, which needs none.";
            self.found
                .error(&path, reason, "Take `zpool` out, or write `back_end: zfs`.");
        }
        let layout = zpool.layout.as_deref();
        let least = match layout {
            None => 1,
            Some("mirror" | "raidz" | "raidz1") => 2,
            Some("raidz2") => 3,
            Some("raidz3") => 4,
            Some(other) => {
                let reason = format!("{other:?} is not a layout of a pool.");
                let remedy = "Write `mirror`, `raidz`, `raidz2` or `raidz3`.";
                self.found.error(&format!("{path}.layout"), reason, remedy);
                1
            }
        };
        if zpool.n_devices > 0 && zpool.n_devices < least {
            let reason = format!(
                "{} needs at least {least} devices.",
                layout.unwrap_or_default()
            );
            self.found.error(
                &format!("{path}.n_devices"),
                reason,
                "Raise `n_devices`, or choose another layout.",
            );
        }
        if layout.is_none() && zpool.n_devices > 1 {
            self.found.warn(
                &path,
                "A pool of several disks without redundancy is lost with any of them.",
                "Choose `mirror` or `raidz2` if that is not meant.",
            );
        }
    }

    /// How many targets an entry stands for.
    fn count(&mut self, path: &str, of: &TargetsSpec) -> usize {
        let each = devices_each(of);
        let n_devices = of.devices.len();
        if let Some(zpool) = &of.zpool
            && zpool.n_devices == 0
        {
            self.found.error(
                &format!("{path}.zpool.n_devices"),
                "A pool needs at least one device.",
                "Say how many devices each pool has.",
            );
        }
        let count = match of.count {
            Some(count) => usize::from(count),
            None if n_devices > 0 => n_devices.div_ceil(each),
            None => 1,
        };
        if n_devices > 0 && n_devices != count * each {
            let reason = format!(
                "{n_devices} devices are named, but {count} targets with {each} each need {}.",
                count * each
            );
            self.found.error(
                &format!("{path}.devices"),
                reason,
                "Correct `count` or the list of devices.",
            );
        }
        if n_devices > 0 && of.select.is_some() {
            self.found.error(
                &format!("{path}.select"),
                "Devices are named and selected at once.",
                "Keep `devices` or `select`.",
            );
        }
        let mut seen = BTreeSet::new();
        for (nth, device) in of.devices.iter().enumerate() {
            if !seen.insert(device) {
                let path = format!("{path}.devices[{nth}]");
                let reason = format!("{device} is named twice.");
                self.found.error(&path, reason, "Name each device once.");
            }
        }
        count
    }

    /// The targets of one kind, in order of index.
    pub(super) fn labels(
        &mut self,
        at: &str,
        fs: &FsName,
        kind: TargetKind,
        entries: &'a [TargetsSpec],
    ) -> Vec<Wanted<'a>> {
        let mut found = Vec::new();
        let mut taken = BTreeSet::new();
        let mut next = 0_usize;
        for (place, of) in entries.iter().enumerate() {
            let path = format!("{at}[{place}]");
            let count = self.count(&path, of);
            let first = of.index.map_or(next, usize::from);
            for nth in 0..count {
                let Ok(index) = u16::try_from(first + nth) else {
                    let reason = format!("The index {} is above 65535.", first + nth);
                    self.found.error(&path, reason, "Lower `index` or `count`.");
                    break;
                };
                let label = TargetLabel::Of {
                    fs: fs.clone(),
                    kind,
                    index: TargetIndex(index),
                };
                if !taken.insert(index) {
                    let reason = format!("{label} is there twice.");
                    let remedy = "Give each target its own index.";
                    self.found.error(&format!("{path}.index"), reason, remedy);
                    continue;
                }
                found.push(Wanted {
                    label,
                    of,
                    path: path.clone(),
                    nth,
                });
            }
            next = first + count;
        }
        found.sort_by_key(|wanted| wanted.label.index());
        if kind == TargetKind::Mdt {
            self.gaps(at, fs, &taken);
        }
        found
    }

    /// MDT0000 is the root, and MDTs are counted without a gap.
    fn gaps(&mut self, at: &str, fs: &FsName, taken: &BTreeSet<u16>) {
        let gap = taken.iter().zip(0..).find(|(index, nth)| **index != *nth);
        let Some((_, missing)) = gap else {
            return;
        };
        let is_seen = self.fs_key(fs).is_some();
        let reason = format!("{fs} has MDTs above {missing:04x}, but not MDT{missing:04x}.");
        let remedy = "Number MDTs from 0 without a gap.";
        if is_seen {
            self.found.warn(at, reason, remedy);
        } else {
            self.found.error(at, reason, remedy);
        }
    }
}
