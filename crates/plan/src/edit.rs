//! Edits of a spec: the document that follows from a change as a person says
//! it. What cannot be changed so is a finding, and leaves the spec as it was.

use crate::allowed::Allowing;
use crate::findings::Findings;
use crate::resolve::server;
use crate::world::World;
use lustre::label::FsName;
use model::edit::Edit;
use model::ids::ServerId;
use model::role::Role;
use model::spec::{ClientSpec, Finding, FsWanted, ServerSpec, ServerWanted, Spec, TargetsSpec};
use std::collections::{BTreeMap, BTreeSet};

/// The spec after these edits, and what is wrong with them.
pub fn edit(spec: &Spec, edits: &[Edit], world: World<'_>) -> (Spec, Vec<Finding>) {
    let mut editor = Editor {
        spec: spec.clone(),
        world,
        names: server::names(world),
        found: Findings::default(),
    };
    for (nth, edit) in edits.iter().enumerate() {
        let path = format!("edits[{nth}]");
        match edit {
            Edit::Add { fragment } => editor.add(&path, fragment),
            Edit::SetServers { servers, state } => editor.set_servers(&path, servers, *state),
            Edit::RemoveServers { servers, force } => {
                editor.remove_servers(&path, servers, *force);
            }
            Edit::SetClient {
                server,
                filesystem,
                mount_point,
                mounted,
            } => {
                editor.set_client(&path, server, (filesystem, mount_point), *mounted);
            }
            Edit::SetFilesystem { filesystem, state } => {
                if let Some(at) = editor.filesystem(&path, filesystem) {
                    editor.spec.filesystems[at].state = *state;
                }
            }
            Edit::Grow {
                filesystem,
                mdts,
                osts,
            } => editor.grow(&path, filesystem, mdts, osts),
            Edit::ForgetFilesystem { filesystem } => editor.forget(&path, filesystem),
        }
    }
    (editor.spec, editor.found.all())
}

struct Editor<'a> {
    spec: Spec,
    world: World<'a>,
    names: BTreeMap<&'a str, Vec<ServerId>>,
    found: Findings,
}

/// Servers that an edit names, by each of their names.
struct Named<'a> {
    texts: BTreeSet<String>,
    ids: BTreeSet<ServerId>,
    names: &'a BTreeMap<&'a str, Vec<ServerId>>,
}

impl Named<'_> {
    fn has(&self, name: &str) -> bool {
        let is_id = |ids: &Vec<ServerId>| ids.iter().any(|id| self.ids.contains(id));
        self.texts.contains(name) || self.names.get(name).is_some_and(is_id)
    }

    /// Takes them out of a host list. Whether anything is left.
    fn take_from(&self, list: &mut String) -> bool {
        let Ok(all) = stdx::hostlist::expand(list) else {
            return true;
        };
        let left: Vec<&String> = all.iter().filter(|name| !self.has(name)).collect();
        if left.len() < all.len() {
            *list = stdx::hostlist::fold(&left);
        }
        !left.is_empty()
    }
}

impl<'a> Editor<'a> {
    fn expand(&mut self, path: &str, list: &str) -> Vec<String> {
        let reason = match stdx::hostlist::expand(list) {
            Ok(names) if !names.is_empty() => return names,
            Ok(_) => String::from("No server is named."),
            Err(error) => format!("{error}."),
        };
        let remedy = "Write a host list such as `oss[01-20],mds1`.";
        self.found.error(path, reason, remedy);
        Vec::new()
    }

    fn named<'n>(
        names: &'n BTreeMap<&'a str, Vec<ServerId>>,
        texts: impl IntoIterator<Item = String>,
    ) -> Named<'n>
    where
        'a: 'n,
    {
        let texts: BTreeSet<String> = texts.into_iter().collect();
        let ids = texts.iter().filter_map(|text| names.get(text.as_str()));
        Named {
            ids: ids.flatten().copied().collect(),
            texts,
            names,
        }
    }

    /// The names of the spec's servers, as they are written in it.
    fn listed(&self) -> Vec<String> {
        let lists = self.spec.servers.iter();
        let names = lists.filter_map(|of| stdx::hostlist::expand(&of.names).ok());
        names.flatten().collect()
    }

    /// The servers of a host list that the spec lists, as it writes them; the
    /// others are findings.
    fn of_spec(&mut self, path: &str, list: &str) -> Vec<String> {
        let wanted = self.expand(path, list);
        let listed = self.listed();
        let known = Self::named(&self.names, listed.iter().cloned());
        let absent: Vec<String> = wanted.iter().filter(|n| !known.has(n)).cloned().collect();
        let asked = Self::named(&self.names, wanted);
        let found = listed.into_iter().filter(|name| asked.has(name)).collect();
        for name in &absent {
            self.found.error_of(
                path,
                name,
                "The spec does not list {}.",
                "Name servers of the spec; `candela spec show` prints it.",
            );
        }
        found
    }

    fn set_servers(&mut self, path: &str, list: &str, state: ServerWanted) {
        let moved = self.of_spec(&format!("{path}.servers"), list);
        let named = Self::named(&self.names, moved);
        let mut joined = BTreeSet::new();
        for of in &mut self.spec.servers {
            if of.state == state {
                continue;
            }
            let Ok(names) = stdx::hostlist::expand(&of.names) else {
                continue;
            };
            joined.extend(names.into_iter().filter(|name| named.has(name)));
            named.take_from(&mut of.names);
        }
        self.list(joined, state);
    }

    /// Puts names under `servers`.
    fn list(&mut self, joined: BTreeSet<String>, state: ServerWanted) {
        let all = &mut self.spec.servers;
        all.retain(|of| !of.names.is_empty());
        if joined.is_empty() {
            return;
        }
        match all.iter_mut().find(|of| of.state == state) {
            Some(of) => {
                let known = stdx::hostlist::expand(&of.names).unwrap_or_default();
                let known: Vec<String> = known.into_iter().chain(joined).collect();
                of.names = stdx::hostlist::fold(&known);
            }
            None => all.push(ServerSpec {
                names: stdx::hostlist::fold(&joined.into_iter().collect::<Vec<_>>()),
                state,
            }),
        }
    }

    fn remove_servers(&mut self, path: &str, list: &str, force: bool) {
        let path = format!("{path}.servers");
        let gone = self.of_world(&path, list);
        self.refuse_needed(&path, &gone, force);
        let named = Self::named(&self.names, gone);
        let spec = &mut self.spec;
        spec.servers.retain_mut(|of| named.take_from(&mut of.names));
        spec.ha_groups.retain_mut(|of| {
            if let Some(fencing) = &mut of.fencing {
                fencing.servers.retain(|name, _| !named.has(name));
            }
            named.take_from(&mut of.servers)
        });
        spec.networks.retain_mut(|of| {
            let Some(servers) = &mut of.servers else {
                return true;
            };
            named.take_from(servers)
        });
        spec.clients
            .retain_mut(|of| named.take_from(&mut of.servers));
        for fs in &mut spec.filesystems {
            let own = match &mut fs.mgs {
                model::spec::MgsSpec::Own(own) => Some(own.as_mut()),
                _ => None,
            };
            for of in fs.mdts.iter_mut().chain(&mut fs.osts).chain(own) {
                if of.home.as_ref().is_some_and(|home| named.has(home)) {
                    of.home = None;
                }
            }
        }
    }

    /// The same of servers that are managed, be they listed or not: one that was
    /// taken out may still be there.
    fn of_world(&mut self, path: &str, list: &str) -> Vec<String> {
        let wanted = self.expand(path, list);
        let is_managed = |name: &String| {
            let mut ids = self.names.get(name.as_str()).into_iter().flatten();
            ids.any(|id| self.world.managed.contains(id))
        };
        let (known, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(is_managed);
        let listed = if others.is_empty() {
            Vec::new()
        } else {
            self.of_spec(path, &stdx::hostlist::fold(&others))
        };
        known.into_iter().chain(listed).collect()
    }

    /// Servers that something still needs are not taken out.
    fn refuse_needed(&mut self, path: &str, names: &[String], force: bool) {
        let wanted = if force { "force-remove" } else { "remove" };
        let allowing = Allowing::new(self.world, &self.spec, Role::Admin);
        for name in names {
            let ids = self.names.get(name.as_str());
            let verbs = ids
                .into_iter()
                .flatten()
                .flat_map(|id| allowing.server(*id));
            let mut whys = verbs.filter(|verb| verb.verb == wanted);
            if let Some(why) = whys.find_map(|verb| verb.why_not) {
                let reason = format!("{name} may not be removed: {why}");
                let remedy = if force {
                    "Use force only for a server that is off and never comes back; give up first what only it may serve."
                } else {
                    "Drain it first; or use force if it is off and will never come back."
                };
                self.found.error(path, reason, remedy);
            }
        }
    }

    /// A server is a client at a place, or no more. What it was mounted with stays.
    fn set_client(
        &mut self,
        path: &str,
        server: &str,
        (fs, mount_point): (&FsName, &str),
        mounted: bool,
    ) {
        let names = self.of_spec(&format!("{path}.server"), server);
        let named = Self::named(&self.names, names.clone());
        let mut like = None;
        self.spec.clients.retain_mut(|of| {
            let is_place = of.filesystem == *fs && of.mount_point == mount_point;
            let all = stdx::hostlist::expand(&of.servers).unwrap_or_default();
            if !is_place || !all.iter().any(|name| named.has(name)) {
                return true;
            }
            like = Some(of.clone());
            named.take_from(&mut of.servers)
        });
        if names.is_empty() {
            return;
        }
        let options = like.map(|of| of.options).unwrap_or_default();
        self.spec.clients.push(ClientSpec {
            filesystem: fs.clone(),
            servers: stdx::hostlist::fold(&names),
            mount_point: mount_point.to_owned(),
            options,
            mounted,
        });
    }

    fn filesystem(&mut self, path: &str, name: &FsName) -> Option<usize> {
        let mut all = self.spec.filesystems.iter();
        let found = all.position(|fs| fs.name == *name);
        if found.is_none() {
            let reason = format!("No file system of the spec is called {name}.");
            let remedy = "Name one of the spec; `candela spec export` writes what is there.";
            self.found
                .error(&format!("{path}.filesystem"), reason, remedy);
        }
        found
    }

    fn grow(&mut self, path: &str, name: &FsName, mdts: &[TargetsSpec], osts: &[TargetsSpec]) {
        let Some(at) = self.filesystem(path, name) else {
            return;
        };
        if mdts.is_empty() && osts.is_empty() {
            let remedy = "Say how many MDTs or OSTs it gets, or on which devices.";
            self.found.error(path, "No target is added.", remedy);
        }
        let fs = &mut self.spec.filesystems[at];
        fs.mdts.extend_from_slice(mdts);
        fs.osts.extend_from_slice(osts);
    }

    fn forget(&mut self, path: &str, name: &FsName) {
        let Some(at) = self.filesystem(path, name) else {
            return;
        };
        if self.spec.filesystems[at].state != FsWanted::Absent {
            let reason = format!("{name} is not to be gone.");
            let remedy = "Remove it first: a spec that does not name it leaves it as it is.";
            self.found.error(path, reason, remedy);
            return;
        }
        self.spec.filesystems.remove(at);
        self.spec
            .clients
            .retain(|client| client.filesystem != *name);
    }

    fn add(&mut self, path: &str, fragment: &Spec) {
        let path = format!("{path}.fragment");
        let spec = &mut self.spec;
        spec.candela = spec.candela.max(fragment.candela);
        for (nth, of) in fragment.servers.iter().enumerate() {
            let names = self.expand(&format!("{path}.servers[{nth}].names"), &of.names);
            let known = self.listed();
            let known = Self::named(&self.names, known);
            let new: BTreeSet<String> = names.into_iter().filter(|n| !known.has(n)).collect();
            self.list(new, of.state);
        }
        let spec = &mut self.spec;
        for (nth, group) in fragment.ha_groups.iter().enumerate() {
            match spec.ha_groups.iter().find(|of| of.name == group.name) {
                None => spec.ha_groups.push(group.clone()),
                Some(known) if known == group => {}
                Some(_) => {
                    let reason = format!("There is another HA group called {}.", group.name);
                    let path = format!("{path}.ha_groups[{nth}].name");
                    self.found.error(&path, reason, "Choose another name.");
                }
            }
        }
        for net in &fragment.networks {
            if !spec.networks.contains(net) {
                spec.networks.push(net.clone());
            }
        }
        if spec.time.is_none() {
            spec.time.clone_from(&fragment.time);
        }
        for (nth, fs) in fragment.filesystems.iter().enumerate() {
            if spec.filesystems.iter().any(|of| of.name == fs.name) {
                let reason = format!("There is a file system called {} already.", fs.name);
                let path = format!("{path}.filesystems[{nth}].name");
                let remedy = "Choose another name, or grow the one that is there.";
                self.found.error(&path, reason, remedy);
            } else {
                spec.filesystems.push(fs.clone());
            }
        }
        for client in &fragment.clients {
            if !spec.clients.contains(client) {
                spec.clients.push(client.clone());
            }
        }
    }
}
