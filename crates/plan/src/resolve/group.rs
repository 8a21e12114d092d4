//! HA groups: who stands in for whom, and how a lost server is turned off.

use super::Resolver;
use crate::resolved::GroupPlace;
use model::ids::ServerId;
use model::spec::{HaGroup, HaManager};
use std::collections::BTreeSet;

/// Servers in one group at most; Corosync is not made for more.
const SERVERS_MAX: usize = 32;

impl Resolver<'_> {
    pub(super) fn groups(&mut self) {
        let mut names = BTreeSet::new();
        for (place, group) in self.spec.ha_groups.iter().enumerate() {
            let path = format!("ha_groups[{place}]");
            self.group_name(&path, &group.name, &mut names);
            let servers = self.list(&format!("{path}.servers"), &group.servers);
            for id in &servers {
                self.join(&path, *id, place);
            }
            self.group_size(&path, group, &servers);
            if group.manager == HaManager::Pacemaker {
                self.fencing(&path, group, &servers);
            }
            self.out.groups.push(GroupPlace {
                spec: group.clone(),
                servers,
                addresses: Vec::new(),
            });
        }
    }

    fn group_name<'s>(&mut self, path: &str, name: &'s str, names: &mut BTreeSet<&'s str>) {
        let path = format!("{path}.name");
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
        if name.is_empty() || name.len() > 32 || !name.chars().all(is_allowed) {
            let reason = format!("{name:?} is not a name for a group.");
            self.found.error(
                &path,
                reason,
                "Use 1 to 32 letters, digits, `-`, `_` and `.`.",
            );
        }
        if !names.insert(name) {
            let reason = format!("Two groups are called {name}.");
            self.found.error(&path, reason, "Give each its own name.");
        }
    }

    fn join(&mut self, path: &str, id: ServerId, group: usize) {
        let Some(server) = self.out.servers.get_mut(&id) else {
            return;
        };
        match server.group {
            None => server.group = Some(group),
            Some(other) if other == group => {}
            Some(_) => {
                let name = server.name.clone();
                self.found.error_of(
                    &format!("{path}.servers"),
                    &name,
                    "{} is in another HA group already.",
                    "A server is in one group at most.",
                );
            }
        }
    }

    fn group_size(&mut self, path: &str, group: &HaGroup, servers: &[ServerId]) {
        let path = format!("{path}.servers");
        if servers.len() > SERVERS_MAX {
            let reason = format!(
                "{} has {} servers; {SERVERS_MAX} is the most.",
                group.name,
                servers.len()
            );
            self.found
                .error(&path, reason, "Split it; groups of two to four are usual.");
        } else if servers.len() == 1 {
            let reason = format!("{} has one server, so nobody can take over.", group.name);
            self.found
                .warn(&path, reason, "Add a second server that sees its devices.");
        }
    }

    /// Without fencing Pacemaker cannot take over safely. One that runs already
    /// is taken as it is, with a word.
    fn fencing(&mut self, path: &str, group: &HaGroup, servers: &[ServerId]) {
        let at = format!("{path}.fencing");
        let runs = servers.iter().any(|id| self.runs_pacemaker(*id));
        let Some(fencing) = &group.fencing else {
            let reason = format!(
                "{} has no fencing: a lost server cannot be proven off, so nobody may take over.",
                group.name
            );
            let remedy = "Name a fencing agent and each server's BMC, or write `manager: none`.";
            if runs {
                self.found.warn(&at, reason, remedy);
            } else {
                self.found.error(&at, reason, remedy);
            }
            return;
        };
        if fencing.agent.is_empty() {
            self.found.error(
                &format!("{at}.agent"),
                "No fencing agent is named.",
                "Name one such as `fence_ipmilan`.",
            );
        }
        let members: Vec<String> = servers
            .iter()
            .filter_map(|id| self.out.servers.get(id))
            .map(|server| server.name.clone())
            .collect();
        for name in members
            .iter()
            .filter(|name| !fencing.servers.contains_key(*name))
        {
            self.found.error_of(
                &format!("{at}.servers"),
                name,
                "Nothing says how to turn {} off.",
                "Give its parameters (its BMC's address).",
            );
        }
        for name in fencing
            .servers
            .keys()
            .filter(|name| !members.contains(name))
        {
            self.found.error_of(
                &format!("{at}.servers"),
                name,
                "{} is not in the group.",
                "Take it out, or add it to the group's servers.",
            );
        }
    }

    fn runs_pacemaker(&self, id: ServerId) -> bool {
        let report = self.world.report(id);
        report.is_some_and(|report| report.ha.as_ref().is_some_and(|ha| ha.is_running))
    }

    /// The addresses that Corosync talks over: those of the named links, or of
    /// LNet's interfaces.
    pub(super) fn addresses(&mut self) {
        for place in 0..self.out.groups.len() {
            let group = &self.out.groups[place];
            if !group.is_pacemaker() {
                continue;
            }
            let links = group.spec.links.clone();
            let servers = group.servers.clone();
            let path = format!("ha_groups[{place}].links");
            let found = servers.iter().map(|id| self.links_of(&path, *id, &links));
            let found: Vec<Vec<String>> = found.collect();
            let n_links = found.iter().map(Vec::len).min().unwrap_or(0);
            // One that runs has its links, and is not configured anew.
            let runs = servers.iter().any(|id| self.runs_pacemaker(*id));
            if n_links == 0 && !servers.is_empty() && !runs {
                let reason = "Corosync has no link that all servers of the group have.";
                self.found
                    .error(&path, reason, "Name interfaces that all of them have.");
            }
            let cut = found.into_iter().map(|mut addresses| {
                addresses.truncate(n_links);
                addresses
            });
            self.out.groups[place].addresses = cut.collect();
        }
    }

    fn links_of(&mut self, path: &str, id: ServerId, links: &[String]) -> Vec<String> {
        let Some(server) = self.out.servers.get(&id) else {
            return Vec::new();
        };
        let name = server.name.clone();
        let of_lnet = server.nets.iter().filter_map(|net| net.interfaces.first());
        let interfaces: Vec<String> = if links.is_empty() {
            of_lnet.cloned().collect()
        } else {
            links.to_vec()
        };
        let mut addresses = Vec::new();
        for interface in interfaces.iter().take(8) {
            match self.address(id, interface) {
                Some(address) => addresses.push(address),
                None if links.is_empty() => {}
                None => {
                    let reason = format!("{{}} has no address on {interface}.");
                    self.found
                        .error_of(path, &name, &reason, "Name interfaces that have one.");
                }
            }
        }
        if addresses.is_empty() && links.is_empty() {
            let report = self.world.report(id);
            let first = report.and_then(|report| report.identity.addresses.first());
            addresses.extend(first.map(|text| bare(text).to_owned()));
        }
        addresses
    }
}

/// An address without its prefix length.
pub(super) fn bare(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}
