//! Selectors: which of the blank devices each target of an entry takes.

use super::Resolver;
use super::label::{Wanted, devices_each};
use crate::resolved::TargetPlace;
use lustre::label::TargetLabel;
use model::ids::{DeviceId, ServerId};
use model::spec::Selector;
use std::collections::BTreeMap;

/// What is left of a server's blank devices for one entry.
struct Left {
    devices: std::vec::IntoIter<DeviceId>,
}

impl<'a> Resolver<'a> {
    /// Gives the open targets of one entry blank devices: the server with the
    /// fewest targets takes its next one.
    pub(super) fn select(
        &mut self,
        wanted: &[(usize, Wanted<'a>)],
        open: &[usize],
        slots: &mut [Option<TargetPlace>],
        taken: &mut BTreeMap<DeviceId, TargetLabel>,
    ) {
        let Some((_, first)) = open.first().and_then(|at| wanted.get(*at)) else {
            return;
        };
        let Some(servers) = self.servers_for(first) else {
            return;
        };
        let each = devices_each(first.of);
        let select = first.of.select.clone().unwrap_or_default();
        let mut left: BTreeMap<ServerId, Left> = BTreeMap::new();
        let mut queue = self.places.queue(servers.into_iter());
        let mut todo = open.iter().copied().peekable();
        while let Some(at) = todo.peek().copied() {
            let Some(home) = queue.pop() else { break };
            let devices = self.take(home, each, &select, &mut left, taken);
            // A server without enough is not asked again.
            let Some(devices) = devices else { continue };
            let (fs, one) = &wanted[at];
            for device in &devices {
                taken.insert(device.clone(), one.label.clone());
            }
            self.places.add(home);
            self.pool_described(*fs, one);
            slots[at] = self.chosen(*fs, one, home, devices);
            queue.push(&self.places, home);
            todo.next();
        }
        let n_short = todo.count();
        if n_short > 0 {
            let reason = format!(
                "{n_short} of {} targets find no blank device that suits them.",
                open.len()
            );
            let remedy = "Lower `count`, widen `select`, or name devices; only blank whole devices are taken.";
            self.found.error(&first.path, reason, remedy);
        }
    }

    fn servers_for(&mut self, wanted: &Wanted<'_>) -> Option<Vec<ServerId>> {
        let mut servers: Vec<ServerId> = self.candidates(wanted).into_iter().collect();
        if let Some(name) = &wanted.of.home {
            let home = self.listed(&format!("{}.home", wanted.path), name)?;
            servers.retain(|id| *id == home);
        }
        Some(servers)
    }

    fn take(
        &self,
        home: ServerId,
        each: usize,
        select: &Selector,
        left: &mut BTreeMap<ServerId, Left>,
        taken: &BTreeMap<DeviceId, TargetLabel>,
    ) -> Option<Vec<DeviceId>> {
        let left = left.entry(home).or_insert_with(|| {
            let group = self.out.servers.get(&home).and_then(|server| server.group);
            let members = group.map(|group| self.out.groups[group].servers.as_slice());
            let devices = self.devices.blank(home, members.unwrap_or(&[home]));
            Left {
                devices: devices.into_iter(),
            }
        });
        let mut found = Vec::new();
        for device in left.devices.by_ref() {
            if !taken.contains_key(&device) && self.devices.matches(&device, home, select) {
                found.push(device);
                if found.len() == each {
                    return Some(found);
                }
            }
        }
        None
    }
}
