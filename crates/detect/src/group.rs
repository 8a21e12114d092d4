//! One name, perhaps several file systems: which sights belong together.
//!
//! Two sights of a file system's name are of the same one when they share a
//! server (a server cannot serve two of one name), a shared device, or an MGS
//! NID. What shares nothing is another site's file system of that name.

use crate::detector::Index;
use crate::facts::{Facts, url_safe};
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::{DeviceId, ServerId};
use model::inventory::FsKey;
use model::report::TargetSeen;
use std::collections::{BTreeMap, BTreeSet};

/// One sight of one target.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub server: ServerId,
    pub facts: &'a Facts,
    pub seen: &'a TargetSeen,
}

/// One file system, before its targets are looked at.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub key: FsKey,
    pub name: FsName,
    /// Servers whose MGS knows it.
    pub mgs: BTreeSet<ServerId>,
    /// Targets that are seen, or named by its MGS.
    pub labels: BTreeSet<TargetLabel>,
    /// NIDs that its targets or the MGS's own server give for the MGS.
    pub mgs_nids: BTreeSet<Nid>,
    /// Servers that show anything of it.
    pub servers: BTreeSet<ServerId>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Token<'a> {
    Server(ServerId),
    Device(&'a DeviceId),
    Nid(&'a Nid),
}

/// The file systems of this name.
pub(crate) fn groups(index: &Index, name: &FsName) -> Vec<Group> {
    let Some(servers) = index.by_fs.get(name) else {
        return Vec::new();
    };
    let mut union = Union::default();
    for &server in servers {
        let Some(facts) = index.facts.get(&server) else {
            continue;
        };
        let own = Token::Server(server);
        for token in tokens(facts, name) {
            union.join(own.clone(), token);
        }
        union.find(own);
    }
    let mut by_root: BTreeMap<usize, Group> = BTreeMap::new();
    for &server in servers {
        let Some(facts) = index.facts.get(&server) else {
            continue;
        };
        let root = union.find(Token::Server(server));
        let group = by_root.entry(root).or_insert_with(|| Group {
            key: FsKey(name.to_string()),
            name: name.clone(),
            mgs: BTreeSet::new(),
            labels: BTreeSet::new(),
            mgs_nids: BTreeSet::new(),
            servers: BTreeSet::new(),
        });
        group.add(server, facts);
    }
    // A client alone proves no file system of ours.
    let mut groups: Vec<Group> = by_root
        .into_values()
        .filter(|group| !group.labels.is_empty())
        .collect();
    if groups.len() > 1 {
        for group in &mut groups {
            let mark = group.mgs_nids.first().map_or_else(
                || {
                    group
                        .servers
                        .first()
                        .map(ToString::to_string)
                        .unwrap_or_default()
                },
                ToString::to_string,
            );
            group.key = FsKey(format!("{name}~{}", url_safe(&mark)));
        }
    }
    groups
}

fn tokens<'a>(facts: &'a Facts, name: &'a FsName) -> BTreeSet<Token<'a>> {
    let mut tokens = BTreeSet::new();
    let mut is_mgs = facts.mgs_of(name).next().is_some();
    for seen in facts.sights(name) {
        tokens.extend(
            seen.device
                .iter()
                .filter(|id| id.is_shareable())
                .map(Token::Device),
        );
        let data = seen.mount_data.iter();
        tokens.extend(
            data.flat_map(|data| data.mgs_nodes.iter().flatten())
                .map(Token::Nid),
        );
        is_mgs |= seen.is_mgs_too;
    }
    if is_mgs {
        tokens.extend(facts.nids.iter().map(Token::Nid));
    }
    tokens
}

/// Whether two reports of one server leave the groups of this name as they are.
pub(crate) fn is_grouped_alike(old: &Facts, new: &Facts, name: &FsName) -> bool {
    let known = |facts: &Facts| facts.mgs_of(name).next().cloned();
    let labels = |facts: &Facts| {
        facts
            .sights(name)
            .map(|s| s.label.clone())
            .collect::<BTreeSet<_>>()
    };
    old.filesystems.contains(name)
        && new.filesystems.contains(name)
        && tokens(old, name) == tokens(new, name)
        && known(old) == known(new)
        && labels(old) == labels(new)
}

impl Group {
    fn add(&mut self, server: ServerId, facts: &Facts) {
        self.servers.insert(server);
        for seen in facts.sights(&self.name) {
            self.labels.insert(seen.label.clone());
            let data = seen.mount_data.iter();
            self.mgs_nids.extend(
                data.flat_map(|data| data.mgs_nodes.iter().flatten())
                    .cloned(),
            );
        }
        for mgs in facts.mgs_of(&self.name) {
            self.mgs.insert(server);
            self.labels
                .extend(mgs.targets.iter().map(|target| target.label.clone()));
            self.mgs_nids.extend(facts.nids.iter().cloned());
        }
    }

    /// All sights of one of its targets.
    pub fn sights<'a>(&self, index: &'a Index, label: &TargetLabel) -> Vec<Sight<'a>> {
        let servers = index.by_label.get(label).into_iter().flatten();
        let mut found = Vec::new();
        for &server in servers.filter(|server| self.servers.contains(server)) {
            let Some(facts) = index.facts.get(&server) else {
                continue;
            };
            let targets = facts
                .report
                .lustre
                .iter()
                .flat_map(|lustre| &lustre.targets);
            let those = targets.filter(|seen| &seen.label == label);
            found.extend(those.map(|seen| Sight {
                server,
                facts,
                seen,
            }));
        }
        found
    }
}

/// Disjoint sets over tokens.
#[derive(Default)]
struct Union<'a> {
    at: BTreeMap<Token<'a>, usize>,
    parent: Vec<usize>,
}

impl<'a> Union<'a> {
    fn find(&mut self, token: Token<'a>) -> usize {
        let next = self.parent.len();
        let mut at = *self.at.entry(token).or_insert(next);
        if at == next {
            self.parent.push(next);
        }
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, a: Token<'a>, b: Token<'a>) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b)] = a.min(b);
    }
}
