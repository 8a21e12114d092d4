//! Servers: their names, and which of them may be changed.

use super::Resolver;
use crate::resolved::ServerPlace;
use crate::world::World;
use model::ids::ServerId;
use std::collections::BTreeMap;

/// Servers by each of their names.
pub(crate) fn names(world: World<'_>) -> BTreeMap<&str, Vec<ServerId>> {
    let mut names: BTreeMap<&str, Vec<ServerId>> = BTreeMap::new();
    let mut add = |name, id| {
        let ids: &mut Vec<ServerId> = names.entry(name).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    };
    for (id, server) in &world.inventory.servers {
        add(server.name.as_str(), *id);
    }
    for (id, report) in world.reports {
        add(report.identity.hostname.as_str(), *id);
        add(report.identity.fqdn.as_str(), *id);
    }
    names
}

impl Resolver<'_> {
    pub(super) fn servers(&mut self) {
        for (place, of) in self.spec.servers.iter().enumerate() {
            let path = format!("servers[{place}].names");
            let names = match stdx::hostlist::expand(&of.names) {
                Ok(names) => names,
                Err(error) => {
                    let remedy = "Write a host list such as `oss[01-20],mds1`.";
                    self.found.error(&path, format!("{error}."), remedy);
                    continue;
                }
            };
            if names.is_empty() {
                self.found
                    .error(&path, "No server is named.", "Name one, or drop the entry.");
            }
            for name in &names {
                let Some(id) = self.named(&path, name) else {
                    continue;
                };
                self.server(&path, name, id, of.state);
            }
        }
    }

    fn server(&mut self, path: &str, name: &str, id: ServerId, wanted: model::spec::ServerWanted) {
        if !self.world.managed.contains(&id) {
            self.found.error_of(
                path,
                name,
                "{} is only watched, and may not be changed.",
                "Let it be managed (enrol it with a profile that manages), or take it out.",
            );
            return;
        }
        if self.out.servers.contains_key(&id) {
            self.found.error_of(
                path,
                name,
                "{} is listed more than once.",
                "List each server in one entry.",
            );
            return;
        }
        if self.world.report(id).is_none() {
            self.found.error_of(
                path,
                name,
                "{} has not reported yet, so nothing is known of it.",
                "Start its agent and wait for the first report.",
            );
            return;
        }
        let place = ServerPlace {
            name: name.to_owned(),
            wanted,
            group: None,
            nets: Vec::new(),
            nids: Vec::new(),
        };
        self.out.servers.insert(id, place);
    }
}
