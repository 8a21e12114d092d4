//! File systems: their MGS, MDTs and OSTs.

use super::Resolver;
use super::label::Wanted;
use crate::resolved::{FsPlace, MgsPlace, TargetPlace};
use lustre::label::{FsName, TargetKind, TargetLabel};
use lustre::nid::{Nid, parse_nodes};
use model::inventory::FsKey;
use model::spec::{FsSpec, FsWanted, HaManager, MgsSpec};
use std::collections::BTreeMap;

impl<'a> Resolver<'a> {
    pub(super) fn filesystems(&mut self) {
        let spec: &'a model::spec::Spec = self.spec;
        let mut names = BTreeMap::new();
        let groups: Vec<Vec<_>> = self
            .out
            .groups
            .iter()
            .map(|group| group.servers.clone())
            .collect();
        let alone = self.out.servers.iter().filter(|(_, s)| s.group.is_none());
        let alone: Vec<Vec<_>> = alone.map(|(id, _)| vec![*id]).collect();
        self.places
            .rank(groups.iter().chain(&alone).map(Vec::as_slice));
        let mut wanted = Vec::new();
        for (place, fs) in spec.filesystems.iter().enumerate() {
            if let Some(other) = names.insert(&fs.name, place) {
                let reason = format!("{} is there twice (also filesystems[{other}]).", fs.name);
                self.found.error(
                    &format!("filesystems[{place}].name"),
                    reason,
                    "Give each file system its own name.",
                );
            }
            let key = self.fs_key(&fs.name);
            self.out.filesystems.push(FsPlace {
                name: fs.name.clone(),
                key,
                state: fs.state,
                mgs: MgsPlace::Unknown,
                mgt: None,
                mdts: Vec::new(),
                osts: Vec::new(),
                missing: Vec::new(),
            });
            if fs.state == FsWanted::Absent {
                self.leave(place, fs);
            } else {
                self.shape(place, fs);
                wanted.extend(self.wanted(place, fs).into_iter().map(|one| (place, one)));
            }
        }
        self.targets(&wanted);
        for (place, fs) in spec.filesystems.iter().enumerate() {
            self.left_out(place, fs);
        }
        self.mgses(&names);
        self.networks_of_homes();
    }

    /// The key of the file system of this name; where there are two, the one
    /// whose servers are ours.
    pub(super) fn fs_key(&self, name: &FsName) -> Option<FsKey> {
        let all = &self.world.inventory.filesystems;
        let only = FsKey(name.to_string());
        if all.contains_key(&only) {
            return Some(only);
        }
        let from = FsKey(format!("{name}~"));
        let mut marked = all
            .range(from.clone()..)
            .take_while(|(key, _)| key.0.starts_with(&from.0));
        let is_ours = |fs: &model::inventory::FileSystem| {
            let targets = fs.targets.iter().filter_map(|key| self.world.target(key));
            let mut servers = targets.flat_map(|target| &target.servers);
            servers.any(|id| self.out.servers.contains_key(id))
        };
        marked
            .find(|(_, fs)| is_ours(fs))
            .map(|(key, _)| key.clone())
    }

    fn shape(&mut self, place: usize, fs: &FsSpec) {
        let path = format!("filesystems[{place}]");
        let is_seen = self.out.filesystems[place].key.is_some();
        for (what, list) in [("mdts", &fs.mdts), ("osts", &fs.osts)] {
            if list.is_empty() {
                let reason = format!("{} has no {what}.", fs.name);
                let remedy = "A file system needs at least one of each.";
                let path = format!("{path}.{what}");
                if is_seen {
                    self.found.warn(&path, reason, remedy);
                } else {
                    self.found.error(&path, reason, remedy);
                }
            }
        }
        if self.spec.networks.is_empty() {
            let reason = format!("No network is described, so {} has no NIDs.", fs.name);
            let remedy = "Add `networks: [{net: tcp, interfaces: [eth0]}]`.";
            // What runs has its LNet, which is left as it is.
            if is_seen {
                self.found.warn("networks", reason, remedy);
            } else {
                self.found.error("networks", reason, remedy);
            }
        }
    }

    fn wanted(&mut self, place: usize, fs: &'a FsSpec) -> Vec<Wanted<'a>> {
        let at = |part: &str| format!("filesystems[{place}].{part}");
        let mut wanted = Vec::new();
        for (part, entries) in [("mdts", &fs.mdts), ("osts", &fs.osts)] {
            for (nth, of) in entries.iter().enumerate() {
                self.entry(&format!("{}[{nth}]", at(part)), of, fs.back_end);
            }
        }
        if let MgsSpec::Own(of) = &fs.mgs {
            self.entry(&at("mgs.own"), of, fs.back_end);
            if of.count.is_some_and(|count| count != 1) || of.index.is_some() {
                let reason = "There is one MGS, and it has no index.";
                self.found
                    .error(&at("mgs"), reason, "Leave `count` and `index` out.");
            }
            wanted.push(Wanted {
                label: TargetLabel::Mgs,
                of: of.as_ref(),
                path: at("mgs.own"),
                nth: 0,
            });
        }
        wanted.extend(self.labels(&at("mdts"), &fs.name, TargetKind::Mdt, &fs.mdts));
        wanted.extend(self.labels(&at("osts"), &fs.name, TargetKind::Ost, &fs.osts));
        wanted
    }

    /// Where each file system's MGS is, now that targets have places.
    fn mgses(&mut self, names: &BTreeMap<&FsName, usize>) {
        for place in 0..self.out.filesystems.len() {
            let mgs = self.mgs(place, names, 0);
            self.out.filesystems[place].mgs = mgs;
        }
    }

    fn mgs(&mut self, place: usize, names: &BTreeMap<&FsName, usize>, depth: usize) -> MgsPlace {
        let path = format!("filesystems[{place}].mgs");
        match &self.spec.filesystems[place].mgs {
            MgsSpec::Own(_) => {
                let own = self.out.filesystems[place].mgt;
                own.map_or(MgsPlace::Unknown, MgsPlace::Target)
            }
            MgsSpec::OnMdt0 => {
                let mdts = &self.out.filesystems[place].mdts;
                let first = mdts.iter().find(|at| self.out.targets[**at].is_mgs_too);
                first.map_or(MgsPlace::Unknown, |at| MgsPlace::Target(*at))
            }
            MgsSpec::Of(name) => {
                let other = FsName::new(name).ok();
                let other = other.and_then(|name| names.get(&name).copied());
                match other {
                    Some(other) if depth < names.len() => {
                        self.mgs_stays(place, other);
                        self.mgs(other, names, depth + 1)
                    }
                    Some(_) => {
                        let reason = "These file systems name each other's MGS in a circle.";
                        self.found
                            .error(&path, reason, "One of them must have its own.");
                        MgsPlace::Unknown
                    }
                    None => {
                        let reason = format!("No file system of the spec is called {name}.");
                        self.found
                            .error(&path, reason, "Name one of the spec, or the MGS's NIDs.");
                        MgsPlace::Unknown
                    }
                }
            }
            MgsSpec::External(texts) => {
                let texts = texts.clone();
                self.external(&path, &texts)
            }
        }
    }

    /// A file system that stays needs its MGS.
    fn mgs_stays(&mut self, place: usize, other: usize) {
        let (fs, other) = (&self.spec.filesystems[place], &self.spec.filesystems[other]);
        if fs.state != FsWanted::Absent && other.state == FsWanted::Absent {
            let reason = format!("{} is to be gone, with the MGS of {}.", other.name, fs.name);
            let remedy = "Let this one have the MGS (`own`), or let both go.";
            let path = format!("filesystems[{place}].mgs");
            self.found.error(&path, reason, remedy);
        }
    }

    fn external(&mut self, path: &str, texts: &[String]) -> MgsPlace {
        let mut nodes: Vec<Vec<Nid>> = Vec::new();
        for text in texts {
            let (found, odd) = parse_nodes(text);
            for word in odd {
                let reason = format!("{word:?} is not a NID.");
                let remedy = "Write NIDs such as `10.0.0.1@tcp`, those of one node with commas.";
                self.found.error(path, reason, remedy);
            }
            nodes.extend(found);
        }
        if nodes.is_empty() {
            self.found
                .error(path, "No NID of the MGS is named.", "Name at least one.");
        }
        MgsPlace::External(nodes)
    }

    /// Whoever may serve a target must have a NID.
    fn networks_of_homes(&mut self) {
        let serving = self.out.targets.iter().flat_map(TargetPlace::servers);
        let serving: std::collections::BTreeSet<_> = serving.collect();
        for id in serving {
            let server = self.out.servers.get(&id);
            if let Some(server) = server.filter(|server| server.nids.is_empty())
                && !self.spec.networks.is_empty()
            {
                let name = server.name.clone();
                self.found.error_of(
                    "networks",
                    &name,
                    "{} may serve targets, but is on no network.",
                    "Add it to a network.",
                );
            }
        }
        let named = self.out.filesystems.iter().enumerate();
        let odd: Vec<(usize, FsName)> = named
            .filter(|(place, fs)| self.is_pacemaker_run(*place) && !starts_with_letter(&fs.name))
            .map(|(place, fs)| (place, fs.name.clone()))
            .collect();
        for (place, name) in odd {
            let reason = format!("{name} does not begin with a letter, as Pacemaker needs.");
            self.found.error(
                &format!("filesystems[{place}].name"),
                reason,
                "Choose another name, or `manager: none`.",
            );
        }
    }

    fn is_pacemaker_run(&self, place: usize) -> bool {
        let fs = &self.out.filesystems[place];
        let mut groups = fs.targets().filter_map(|at| self.out.targets[at].group);
        groups.any(|group| self.out.groups[group].spec.manager == HaManager::Pacemaker)
    }
}

fn starts_with_letter(name: &FsName) -> bool {
    name.as_str().starts_with(|c: char| c.is_ascii_alphabetic())
}
