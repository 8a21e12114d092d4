//! File systems come up: MGS, then MDT0000, then the other MDTs, then OSTs.

use crate::codes;
use crate::compose::{Composer, Status};
use crate::resolved::MgsPlace;
use crate::stage::seen::Seen;
use model::graph::StepId;
use model::spec::FsWanted;

impl Composer<'_> {
    /// All targets of a file system are up.
    ///
    /// The last MDT that is brought up waits for the others, and OSTs wait for
    /// it alone: so the order costs one edge for each target, not one for each pair.
    pub(super) fn fs_up(&mut self, fs: usize) {
        let place = &self.resolved.filesystems[fs];
        for label in &place.missing {
            let text = format!("A server that sees the device of {label} to report.");
            self.wait(format!("mount {label}"), text, codes::TARGET_GONE);
        }
        let mgs = self.mgs_up(fs);
        let Some((&first, rest)) = place.mdts.split_first() else {
            self.osts_up(fs, &mgs, codes::MGS_WAITED);
            return;
        };
        let code = if mgs == Status::Blocked {
            codes::MGS_WAITED
        } else {
            codes::MDT_WAITED
        };
        // An MDT0000 that runs already says nothing of the MGS.
        let root = match self.target_up(first, &mgs, codes::MGS_WAITED) {
            Status::Met => mgs,
            other => other,
        };
        let is_new = |at: &usize| self.resolved.targets[*at].key.is_none();
        let is_grown = place.osts.iter().any(is_new);
        // One that changes its place is away for a while, in which new OSTs cannot
        // come up. It goes first: the last of all then is seldom one that clients miss.
        let is_waited = |at: &usize| match self.seen(&self.resolved.targets[*at]) {
            Seen::Mounted(on) => is_grown && self.is_to_move(*at, on),
            _ => true,
        };
        let (mut open, others): (Vec<usize>, Vec<usize>) =
            rest.iter().partition(|at| is_waited(at));
        open.sort_by_key(|at| !matches!(self.seen(&self.resolved.targets[*at]), Seen::Mounted(_)));
        let mut ready = root.clone();
        if let Some((&last, others)) = open.split_last() {
            let mut all = root.clone();
            for &mdt in others {
                let up = self.target_up(mdt, &root, code);
                all = all.and(&up);
            }
            ready = self.target_up(last, &all, code);
        }
        for mdt in others {
            self.target_up(mdt, &root, code);
        }
        self.osts_up(fs, &ready, code);
    }

    /// OSTs stand one after the other, in order of index.
    fn osts_up(&mut self, fs: usize, ready: &Status, code: &str) {
        let osts = &self.resolved.filesystems[fs].osts;
        if let (Some(first), Some(last)) = (osts.first(), osts.last()) {
            let loud = self.loud.targets.range(*first..=*last).copied();
            for ost in loud.collect::<Vec<usize>>() {
                self.target_up(ost, ready, code);
            }
        }
    }

    /// Steps after which the MGS of a file system is up, for those of its targets
    /// that are about to move: without it they cannot be mounted where they go.
    pub(super) fn mgs_for_move(&mut self, fs: usize, what: &str) -> Option<Vec<StepId>> {
        if self.resolved.filesystems[fs].state != FsWanted::Mounted {
            return Some(Vec::new());
        }
        let mgs = self.mgs_up(fs);
        if mgs == Status::Blocked {
            let text = "The MGS, which is not up; without it nothing can be mounted elsewhere.";
            self.wait(what, text, codes::MGS_WAITED);
        }
        mgs.steps().map(<[StepId]>::to_vec)
    }

    /// The MGS of a file system is up.
    pub(super) fn mgs_up(&mut self, fs: usize) -> Status {
        match &self.resolved.filesystems[fs].mgs {
            MgsPlace::Target(at) => self.target_up(*at, &Status::Met, codes::MGS_WAITED),
            MgsPlace::External(_) => Status::Met,
            MgsPlace::Unknown => Status::Blocked,
        }
    }
}
