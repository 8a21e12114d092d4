//! One name, perhaps several file systems: which sights belong together.
//!
//! Two sights of a file system's name are of the same one when they share a
//! server (a server cannot serve two of one name), a shared device, or an MGS
//! NID. What shares nothing is another site's file system of that name.

use crate::detector::Index;
use crate::facts::{Facts, url_safe};
use lustre::label::FsName;
use lustre::nid::Nid;
use model::ids::{DeviceId, ServerId};
use model::inventory::FsKey;
use model::report::{MgsFs, TargetSeen};
use std::collections::{BTreeMap, BTreeSet};

/// One sight of one target.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub server: ServerId,
    pub facts: &'a Facts,
    pub seen: &'a TargetSeen,
}

/// All sights of one file system.
pub(crate) struct Group<'a> {
    pub key: FsKey,
    pub name: FsName,
    pub sights: Vec<Sight<'a>>,
    /// MGSs that know it.
    pub mgs: Vec<(ServerId, &'a MgsFs)>,
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
pub(crate) fn groups<'a>(index: &'a Index, name: &FsName) -> Vec<Group<'a>> {
    let Some(servers) = index.by_fs.get(name) else { return Vec::new() };
    let mut union = Union::default();
    for &server in servers {
        let Some(facts) = index.facts.get(&server) else { continue };
        let own = Token::Server(server);
        for token in tokens(facts, name) {
            union.join(own.clone(), token);
        }
        union.find(own);
    }
    let mut by_root: BTreeMap<usize, Group<'a>> = BTreeMap::new();
    for &server in servers {
        let Some(facts) = index.facts.get(&server) else { continue };
        let root = union.find(Token::Server(server));
        let group = by_root.entry(root).or_insert_with(|| Group {
            key: FsKey(name.to_string()),
            name: name.clone(),
            sights: Vec::new(),
            mgs: Vec::new(),
            mgs_nids: BTreeSet::new(),
            servers: BTreeSet::new(),
        });
        group.add(server, facts);
    }
    // A client alone proves no file system of ours.
    let mut groups: Vec<Group<'a>> =
        by_root.into_values().filter(|g| !g.sights.is_empty() || !g.mgs.is_empty()).collect();
    if groups.len() > 1 {
        for group in &mut groups {
            let mark = group.mgs_nids.first().map_or_else(
                || group.servers.first().map(ToString::to_string).unwrap_or_default(),
                ToString::to_string,
            );
            group.key = FsKey(format!("{name}~{}", url_safe(&mark)));
        }
    }
    groups
}

fn tokens<'a>(facts: &'a Facts, name: &'a FsName) -> Vec<Token<'a>> {
    let mut tokens = Vec::new();
    let mut is_mgs = false;
    for seen in facts.sights(name) {
        tokens.extend(seen.device.iter().filter(|id| id.is_shareable()).map(Token::Device));
        let data = seen.mount_data.iter();
        tokens.extend(data.flat_map(|data| data.mgs_nodes.iter().flatten()).map(Token::Nid));
        is_mgs |= seen.is_mgs_too;
    }
    let lustre = facts.report.lustre.iter();
    is_mgs |= lustre.flat_map(|lustre| &lustre.mgs).any(|mgs| &mgs.fs == name);
    if is_mgs {
        tokens.extend(facts.nids.iter().map(Token::Nid));
    }
    tokens
}

impl<'a> Group<'a> {
    fn add(&mut self, server: ServerId, facts: &'a Facts) {
        self.servers.insert(server);
        let name = self.name.clone();
        let lustre = facts.report.lustre.iter();
        let targets = lustre.clone().flat_map(|lustre| &lustre.targets);
        for seen in targets.filter(|seen| seen.label.fs() == Some(&name)) {
            self.sights.push(Sight { server, facts, seen });
            let data = seen.mount_data.iter();
            self.mgs_nids.extend(data.flat_map(|data| data.mgs_nodes.iter().flatten()).cloned());
        }
        for mgs in lustre.flat_map(|lustre| &lustre.mgs).filter(|mgs| mgs.fs == name) {
            self.mgs.push((server, mgs));
            self.mgs_nids.extend(facts.nids.iter().cloned());
        }
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
