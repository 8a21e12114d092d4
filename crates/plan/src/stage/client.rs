//! Client mounts.

use crate::codes;
use crate::compose::{Ask, Composer, Status};
use crate::resolved::ClientPlace;
use lustre::argv::target::client_source;
use model::graph::StepId;
use model::spec::FsWanted;
use model::step::{ClientMounted, ClientUnmounted};
use std::collections::BTreeMap;

/// Up to so many targets each client waits for all of them; above, the others
/// wait for the first client.
const DIRECT_MAX: usize = 64;

impl Composer<'_> {
    /// Clients mount what is up, and leave what goes away (which waits for them).
    pub(super) fn clients(&mut self) {
        let mut first: BTreeMap<usize, StepId> = BTreeMap::new();
        let resolved = self.resolved;
        for at in self.loud.clients.clone() {
            let place = &resolved.clients[at];
            let mark = self.mark();
            let fs = place.fs_place.map(|fs| &self.resolved.filesystems[fs]);
            let is_served = fs.is_none_or(|fs| fs.state == FsWanted::Mounted);
            let is_mounted = self.is_client_mounted(place);
            if place.mounted && is_served && !is_mounted {
                self.client_mount(place, &mut first);
            } else if !place.mounted && is_mounted && is_served {
                self.client_unmount(place);
            }
            let is_so = place.mounted == is_mounted && is_served;
            if is_so && self.mark() == mark {
                self.quiet.clients.insert(at);
            }
        }
    }

    fn is_client_mounted(&self, place: &ClientPlace) -> bool {
        let report = self.world.report(place.server);
        let lustre = report.and_then(|report| report.lustre.as_ref());
        let mut mounts = lustre.into_iter().flat_map(|lustre| &lustre.clients);
        mounts.any(|mount| mount.fs == place.fs && mount.mount_point == place.mount_point)
    }

    fn client_mount(&mut self, place: &ClientPlace, first: &mut BTreeMap<usize, StepId>) {
        let what = format!("mount {} on {}", place.fs, self.name(place.server));
        if !self.is_there(place.server, &what) {
            return;
        }
        let lnet = self.lnet(place.server);
        let Some(lnet) = lnet.steps().map(<[StepId]>::to_vec) else {
            return;
        };
        let Some((source, mut after)) = self.source(place, first, &what) else {
            return;
        };
        after.extend(lnet);
        let ask = Ask {
            on: place.server,
            step: ClientMounted {
                fs: place.fs.clone(),
                source,
                mount_point: place.mount_point.clone(),
                options: place.options.clone(),
            }
            .into(),
            why: format!(
                "{} is to be a client of {}.",
                self.name(place.server),
                place.fs
            ),
            feels: Vec::new(),
        };
        let step = self.add(ask, &after);
        if let Some(fs) = place.fs_place {
            first.entry(fs).or_insert(step);
        }
    }

    /// Where a client finds its file system, and the steps after which it is there.
    fn source(
        &mut self,
        place: &ClientPlace,
        first: &BTreeMap<usize, StepId>,
        what: &str,
    ) -> Option<(String, Vec<StepId>)> {
        let Some(at) = place.fs_place else {
            let mut all = self.world.inventory.filesystems.values();
            let seen = all.find(|fs| fs.name == place.fs)?;
            let nodes: Vec<_> = seen.mgs_nids.iter().map(|nid| vec![nid.clone()]).collect();
            return Some((client_source(&nodes, &place.fs), Vec::new()));
        };
        let fs = &self.resolved.filesystems[at];
        let source = client_source(&self.mgs_nodes(fs), &place.fs);
        let mut after = Vec::new();
        let is_root_up = |status: &Status| *status != Status::Blocked;
        let root = fs.mdts.first().and_then(|mdt| self.up.get(mdt));
        if !root.is_some_and(is_root_up) {
            let text = format!("{}, whose MDT0000 is not up.", place.fs);
            self.wait(what, text, codes::MDT_WAITED);
            return None;
        }
        let steps = fs
            .targets()
            .filter_map(|target| self.up.get(&target)?.steps());
        let steps: Vec<StepId> = steps.flatten().copied().collect();
        match first.get(&at) {
            Some(first) if steps.len() > DIRECT_MAX => after.push(*first),
            _ => after.extend(steps),
        }
        Some((source, after))
    }

    pub(super) fn client_unmount(&mut self, place: &ClientPlace) -> Option<StepId> {
        let what = format!("unmount {} from {}", place.fs, self.name(place.server));
        if !self.is_there(place.server, &what) {
            return None;
        }
        let ask = Ask {
            on: place.server,
            step: ClientUnmounted {
                fs: place.fs.clone(),
                mount_point: place.mount_point.clone(),
            }
            .into(),
            why: format!(
                "{} is to be no client of {}.",
                self.name(place.server),
                place.fs
            ),
            feels: Vec::new(),
        };
        Some(self.add(ask, &[]))
    }
}
