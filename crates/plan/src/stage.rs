//! The stages of work, a file each, in the order in which they come.

mod client;
mod filesystem;
mod format;
mod goal;
mod gone;
mod ha;
mod host;
mod leave;
mod mount;
mod pacemaker;
mod remove;
mod ring;
mod seen;
mod stop;

use crate::compose::{Composer, Status};
use model::ids::ServerId;
use model::spec::{FsWanted, Goal, ServerWanted};
use model::step::Step;
use std::collections::{BTreeMap, BTreeSet};

/// Steps that a target or a server takes from nothing, about.
const STEPS_EACH: usize = 5;

impl Composer<'_> {
    /// All that the spec wants.
    pub fn everything(&mut self) {
        let made = self.resolved.targets.iter().filter(|at| at.key.is_none());
        let n_made = made.count();
        if n_made > 0 {
            // A list of many thousand steps that grows is copied again and again.
            let n_steps = n_made * STEPS_EACH + self.loud.servers.len() * STEPS_EACH;
            self.graph.steps.reserve(n_steps);
        }
        for server in self.loud.servers.clone() {
            let mark = self.mark();
            self.host(server);
            if self.mark() == mark {
                self.quiet.servers.insert(server);
            }
        }
        let states = self.resolved.filesystems.iter().map(|fs| fs.state);
        let states: Vec<FsWanted> = states.collect();
        // What is to be down goes first: Pacemaker is not to move it meanwhile.
        let mut down: BTreeMap<usize, Status> = BTreeMap::new();
        for (fs, state) in states.iter().enumerate() {
            if *state != FsWanted::Mounted {
                down.insert(fs, self.fs_down(fs));
            }
        }
        for group in self.loud.groups.clone() {
            let mark = self.mark();
            self.ha_ready(group);
            self.standbys(group);
            self.leavers(group);
            if self.mark() == mark {
                self.quiet.groups.insert(group);
            }
        }
        for (fs, state) in states.into_iter().enumerate() {
            match (state, down.get(&fs)) {
                (FsWanted::Mounted, _) => self.fs_up(fs),
                (FsWanted::Absent, Some(down)) => self.fs_gone(fs, down),
                (FsWanted::Absent | FsWanted::Stopped, _) => {}
            }
        }
        self.clients();
        for group in self.loud.groups.clone() {
            let mark = self.mark();
            self.pacemaker_gone(group);
            if self.mark() != mark {
                self.quiet.groups.remove(&group);
            }
        }
    }

    /// What follows where one server is drained or is back.
    pub fn server_moved(&mut self, server: ServerId) {
        let group = self
            .resolved
            .servers
            .get(&server)
            .and_then(|place| place.group);
        let by_pacemaker = group.filter(|group| self.resolved.groups[*group].is_pacemaker());
        if let Some(group) = by_pacemaker {
            let wanted = self.resolved.servers.get(&server).map(|place| place.wanted);
            self.standby(group, server, wanted == Some(ServerWanted::Drained));
            return;
        }
        for at in 0..self.resolved.targets.len() {
            let place = &self.resolved.targets[at];
            if place.servers().any(|id| id == server) {
                self.one_up(at);
            }
        }
    }

    /// One target is up, with its MGS.
    pub fn one_up(&mut self, at: usize) {
        let fs = self.resolved.targets[at].fs;
        if self.resolved.filesystems[fs].state == FsWanted::Mounted {
            let mgs = self.mgs_up(fs);
            self.target_up(at, &mgs, crate::codes::MGS_WAITED);
        }
    }

    /// What follows where one file system is to be up or down.
    pub fn fs_moved(&mut self, fs: usize) {
        match self.resolved.filesystems[fs].state {
            FsWanted::Mounted => self.fs_up(fs),
            FsWanted::Stopped | FsWanted::Absent => {
                self.fs_down(fs);
            }
        }
    }

    /// The MGS of a file system is up, or what it waits for.
    pub fn mgs_there(&mut self, fs: usize) {
        self.mgs_up(fs);
    }

    /// What it is all for, in a few words.
    pub fn title(&self, goals: &[Goal]) -> String {
        let known = &self.resolved.filesystems;
        let mut parts: Vec<String> = goals.iter().map(goal::title).collect();
        for (place, fs) in known.iter().enumerate() {
            let touches = || {
                let pools = self.pools_of(place);
                let mut steps = self.graph.steps.iter().map(|planned| &planned.step);
                steps.any(|step| match step {
                    Step::PoolAbsent(step) => pools.contains(step.pool.as_str()),
                    step => seen::touches(step, &fs.name),
                })
            };
            let verb = match (fs.state, &fs.key) {
                (FsWanted::Mounted, None) => "Create",
                (FsWanted::Mounted, Some(_)) if self.makes_targets(place) => "Grow",
                (FsWanted::Mounted, Some(_)) => "Bring up",
                (FsWanted::Stopped, _) => "Stop",
                (FsWanted::Absent, _) => "Remove",
            };
            if goals.is_empty() && touches() {
                parts.push(format!("{verb} file system {}", fs.name));
            }
        }
        match parts.len() {
            0 => String::from("Set up servers as the spec says"),
            1..=3 => parts.join("; "),
            n => format!("{}; and {} more", parts[..2].join("; "), n - 2),
        }
    }

    fn pools_of(&self, fs: usize) -> BTreeSet<&str> {
        let targets = self.resolved.filesystems[fs].targets();
        let pools = targets.filter_map(|at| self.resolved.targets[at].pool.as_ref());
        pools.map(|pool| pool.name.as_str()).collect()
    }

    fn makes_targets(&self, fs: usize) -> bool {
        let targets = self.resolved.filesystems[fs].targets();
        let mut places = targets.map(|at| &self.resolved.targets[at]);
        places.any(|place| place.key.is_none())
    }
}
