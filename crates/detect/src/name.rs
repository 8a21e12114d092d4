//! One name, perhaps several file systems: which servers show the same one.
//!
//! Two servers that show a file system's name show the same one when they have
//! a shared device or an MGS NID in common. What has nothing in common is
//! another site's file system of that name. (A server cannot serve two of one
//! name.) The groups are kept from report to report: one server joins groups by
//! what it shows anew, and only where it was the one link between others are
//! those looked at again.

use crate::detector::Index;
use crate::facts::Facts;
use crate::group::Group;
use crate::part::{Part, Token};
use lustre::label::{FsName, TargetLabel};
use model::ids::ServerId;
use model::inventory::FsKey;
use std::collections::{BTreeMap, BTreeSet};

/// A group's number inside its name; never shown.
pub(crate) type GroupId = u64;

/// Holders of a token that are asked whether they have another one too.
const ASKED_MAX: usize = 64;

/// Everything that is shown of one name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Name {
    pub groups: BTreeMap<GroupId, Group>,
    /// Servers with client mounts of this name.
    pub clients: BTreeSet<ServerId>,
    pub clients_dirty: BTreeSet<ServerId>,
    pub dirty: BTreeSet<GroupId>,
    /// Keys in the inventory whose group is no more.
    pub gone: BTreeSet<FsKey>,
    /// Groups that are file systems: some target is seen or named.
    pub real: BTreeSet<GroupId>,
    at: BTreeMap<ServerId, GroupId>,
    holders: BTreeMap<Token, BTreeSet<ServerId>>,
    next: GroupId,
}

/// What the other servers show.
#[derive(Clone, Copy)]
pub(crate) struct Others<'a> {
    pub name: &'a FsName,
    pub facts: &'a BTreeMap<ServerId, Facts>,
}

impl<'a> Others<'a> {
    fn part(self, server: ServerId) -> Option<&'a Part> {
        self.facts.get(&server)?.parts.get(self.name)
    }
}

impl Name {
    /// Whether nothing is left to remember.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.clients.is_empty() && self.gone.is_empty()
    }

    /// Puts what a server shows in place of what it showed.
    pub fn replace(
        &mut self,
        server: ServerId,
        old: Option<&Part>,
        new: Option<&Part>,
        others: Others<'_>,
    ) {
        let nothing = Part::default();
        let (old, new) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
        if old.clients != new.clients {
            self.clients_dirty.insert(server);
            if new.clients.is_empty() {
                self.clients.remove(&server);
            } else {
                self.clients.insert(server);
            }
        }
        let home = self.at.get(&server).copied();
        if let Some(home) = home
            && !new.is_bare()
            && old.tokens == new.tokens
        {
            self.group(home).update(server, old, new);
            return;
        }
        self.leave(server, home, old, others);
        let base = if new.is_bare() {
            None
        } else {
            Some(self.join(server, home, new, others))
        };
        if base == home {
            if let Some(home) = home {
                self.group(home).update(server, old, new);
            }
            return;
        }
        if let Some(home) = home {
            self.take_out(home, server, old);
        }
        if let Some(base) = base {
            self.group(base).add(server, new);
            self.at.insert(server, base);
        }
    }

    /// Marks a target whose sights are not what they were.
    pub fn touch_label(&mut self, label: &TargetLabel, seen_by: Option<&BTreeSet<ServerId>>) {
        for server in seen_by.into_iter().flatten() {
            if let Some(&id) = self.at.get(server) {
                self.group(id).dirty.labels.insert(label.clone());
            }
        }
        // One that only an MGS names is shown by no server.
        for (&id, group) in &mut self.groups {
            if !group.mgs.is_empty() && group.labels.contains_key(label) {
                group.dirty.labels.insert(label.clone());
                self.dirty.insert(id);
            }
        }
    }

    /// Marks a server whose report is newer than what was said of it.
    pub fn touch_server(&mut self, server: ServerId) {
        if let Some(&id) = self.at.get(&server) {
            self.group(id).dirty.servers.insert(server);
        }
    }

    fn group(&mut self, id: GroupId) -> &mut Group {
        self.dirty.insert(id);
        self.groups.entry(id).or_default()
    }

    /// Takes the server's tokens away, and parts what only it held together.
    fn leave(&mut self, server: ServerId, home: Option<GroupId>, old: &Part, others: Others<'_>) {
        for token in &old.tokens {
            if let Some(holders) = self.holders.get_mut(token) {
                holders.remove(&server);
                if holders.is_empty() {
                    self.holders.remove(token);
                }
            }
        }
        let Some(home) = home else { return };
        if self.group(home).servers.len() <= 2 || self.is_still_joined(&old.tokens) {
            return;
        }
        let mut rest = self.group(home).servers.clone();
        rest.remove(&server);
        let mut pieces = Vec::new();
        while let Some(first) = rest.pop_first() {
            let piece = self.reach(first, others);
            rest.retain(|server| !piece.contains(server));
            pieces.push(piece);
        }
        // The largest stays where it is.
        pieces.sort_by_key(BTreeSet::len);
        pieces.pop();
        for piece in pieces {
            let id = self.fresh();
            for server in piece {
                self.relocate(server, home, id, others);
            }
        }
    }

    /// Whether all that held these tokens is certainly joined by other ones.
    fn is_still_joined(&self, tokens: &BTreeSet<Token>) -> bool {
        let held = tokens.iter().filter_map(|token| self.holders.get(token));
        let mut sets: Vec<&BTreeSet<ServerId>> = held.collect();
        sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
        let mut joined: Vec<&BTreeSet<ServerId>> = Vec::new();
        for set in sets {
            let meets = |known: &&&BTreeSet<ServerId>| {
                set.iter()
                    .take(ASKED_MAX)
                    .any(|server| known.contains(server))
            };
            if !joined.is_empty() && !joined.iter().any(|known| meets(&known)) {
                return false;
            }
            joined.push(set);
        }
        true
    }

    /// All servers that are joined with this one.
    fn reach(&self, first: ServerId, others: Others<'_>) -> BTreeSet<ServerId> {
        let mut found = BTreeSet::from([first]);
        let mut seen: BTreeSet<&Token> = BTreeSet::new();
        let mut todo = vec![first];
        while let Some(server) = todo.pop() {
            let tokens = others
                .part(server)
                .into_iter()
                .flat_map(|part| &part.tokens);
            for token in tokens {
                if !seen.insert(token) {
                    continue;
                }
                for &other in self.holders.get(token).into_iter().flatten() {
                    if found.insert(other) {
                        todo.push(other);
                    }
                }
            }
        }
        found
    }

    /// The group that the server's tokens lead to; those of other groups move there.
    fn join(
        &mut self,
        server: ServerId,
        home: Option<GroupId>,
        new: &Part,
        others: Others<'_>,
    ) -> GroupId {
        let mut wanted = BTreeSet::new();
        for token in &new.tokens {
            let holders = self.holders.entry(token.clone()).or_default();
            let other = holders.first().and_then(|other| self.at.get(other));
            wanted.extend(other.copied());
            holders.insert(server);
        }
        let is_alone = |id: &GroupId| self.groups.get(id).is_some_and(|g| g.servers.len() == 1);
        let size = |id: &GroupId| self.groups.get(id).map_or(0, |group| group.servers.len());
        let Some(base) = wanted.iter().copied().max_by_key(size) else {
            return home.filter(is_alone).unwrap_or_else(|| self.fresh());
        };
        for id in wanted.into_iter().filter(|id| *id != base) {
            let servers = self.group(id).servers.clone();
            for other in servers.into_iter().filter(|other| *other != server) {
                self.relocate(other, id, base, others);
            }
        }
        base
    }

    fn fresh(&mut self) -> GroupId {
        self.next += 1;
        self.next
    }

    fn relocate(&mut self, server: ServerId, from: GroupId, to: GroupId, others: Others<'_>) {
        let Some(part) = others.part(server) else {
            return;
        };
        self.take_out(from, server, part);
        self.group(to).add(server, part);
        self.at.insert(server, to);
        if !part.clients.is_empty() {
            self.clients_dirty.insert(server);
        }
    }

    fn take_out(&mut self, from: GroupId, server: ServerId, part: &Part) {
        self.at.remove(&server);
        let group = self.group(from);
        group.remove(server, part);
        if group.servers.is_empty() {
            let key = group.key.take();
            self.gone.extend(key);
            self.groups.remove(&from);
        }
    }

    /// Settles which groups are file systems, and their keys.
    pub fn settle_keys(&mut self, name: &FsName) {
        let was_only = self.real.len() <= 1;
        for id in &self.dirty {
            if self.groups.get(id).is_some_and(|g| !g.labels.is_empty()) {
                self.real.insert(*id);
            } else {
                self.real.remove(id);
            }
        }
        let is_only = self.real.len() <= 1;
        if was_only != is_only {
            self.dirty.extend(&self.real);
        }
        for id in &self.dirty {
            let Some(group) = self.groups.get_mut(id) else {
                continue;
            };
            let is_real = self.real.contains(id);
            let key = is_real.then(|| group.proper_key(name, is_only));
            if group.key != key {
                self.gone.extend(std::mem::replace(&mut group.key, key));
                group.tally = crate::tally::Tally::default();
                group.dirty.all = true;
                group.dirty.clients = true;
            }
        }
        let of_other = |id| self.groups.get(id).is_some_and(|g: &Group| g.dirty.clients);
        if !self.gone.is_empty() || self.dirty.iter().any(of_other) {
            self.clients_dirty.extend(&self.clients);
        }
    }
}

impl Index {
    /// Puts what a server shows of each name in place of what it showed.
    pub fn replace_parts(&mut self, id: ServerId, old: Option<&Facts>, new: Option<&Facts>) {
        let both = [old, new].into_iter().flatten();
        let names: BTreeSet<&FsName> = both.flat_map(|facts| facts.parts.keys()).collect();
        for name in names {
            let old = old.and_then(|facts| facts.parts.get(name));
            let new = new.and_then(|facts| facts.parts.get(name));
            if old == new {
                continue;
            }
            let facts = &self.facts;
            let others = Others { name, facts };
            let of = self.names.entry(name.clone()).or_default();
            of.replace(id, old, new, others);
        }
    }
}
