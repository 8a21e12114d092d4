//! Targets that a file system has and its entry does not name: they are left as
//! they are, and how one is taken out for good is said.

use super::Resolver;
use lustre::label::{FsName, TargetIndex, TargetKind, TargetLabel};
use model::spec::{FsSpec, FsWanted};
use std::collections::BTreeSet;

/// Why a single target is not taken out of its file system by Candela, and what
/// is safe by hand.
pub(crate) fn why_not_removed(label: &TargetLabel, fs: &FsName) -> String {
    let (kind, index) = (label.kind(), label.index());
    match (kind, index) {
        (TargetKind::Mgt, _) => {
            format!("Without its MGS {fs} cannot be mounted; it goes with {fs}.")
        }
        (TargetKind::Mdt, Some(TargetIndex(0)) | None) => {
            format!("It holds the root of {fs}, and goes with {fs}.")
        }
        (TargetKind::Mdt, Some(_)) => format!(
            "Candela does not take single targets out. By hand: on a client move its directories off (`lfs migrate -m 0 DIR`), on the MGS `lctl conf_param {label}.mdc.active=0`, then unmount it; what is still on it is lost."
        ),
        (TargetKind::Ost, _) => format!(
            "Candela does not take single targets out. By hand, in this order: on each MDS `lctl set_param osp.{label}-osc-MDT*.max_create_count=0`; on a client `lfs find MOUNT --ost {label} | lfs_migrate -y` until that finds nothing; on the MGS `lctl conf_param {label}.osc.active=0`; then unmount it. What is still on it is lost."
        ),
    }
}

impl Resolver<'_> {
    /// Says which targets of a file system nobody names.
    pub(super) fn left_out(&mut self, fs: usize, spec: &FsSpec) {
        let of = &self.out.filesystems[fs];
        let seen = of.key.as_ref();
        let seen = seen.and_then(|key| self.world.inventory.filesystems.get(key));
        let Some(seen) = seen.filter(|_| spec.state != FsWanted::Absent) else {
            return;
        };
        let named = of
            .targets()
            .filter_map(|at| self.out.targets[at].key.as_ref());
        let named: BTreeSet<_> = named.collect();
        let others = seen.targets.iter().filter(|key| !named.contains(key));
        let others = others.filter_map(|key| self.world.target(key));
        let others: Vec<TargetLabel> = others
            .filter(|target| {
                let is_ours = target
                    .servers
                    .iter()
                    .any(|id| self.out.servers.contains_key(id));
                let is_other_mgt = target.label == TargetLabel::Mgs;
                is_ours && target.device.is_some() && !is_other_mgt
            })
            .map(|target| target.label.clone())
            .collect();
        for label in others {
            let part = match label.kind() {
                TargetKind::Mdt => "mdts",
                _ => "osts",
            };
            self.found.warn(
                &format!("filesystems[{fs}].{part}"),
                format!(
                    "{label} is there and not named: it is left as it is, and nobody sees to it."
                ),
                format!(
                    "Name its device; or take it out for good. {}",
                    why_not_removed(&label, &spec.name)
                ),
            );
        }
    }
}
