//! The stages of work, a file each, in the order in which they come.

mod client;
mod filesystem;
mod format;
mod goal;
mod ha;
mod host;
mod mount;
mod pacemaker;
mod remove;
mod seen;
mod stop;

use crate::compose::Composer;
use model::spec::{FsWanted, Goal};

impl Composer<'_> {
    /// All that the spec wants.
    pub fn everything(&mut self) {
        let servers: Vec<_> = self.resolved.servers.keys().copied().collect();
        for server in servers {
            self.host(server);
        }
        for group in 0..self.resolved.groups.len() {
            self.ha_ready(group);
        }
        self.standbys();
        let states: Vec<FsWanted> = self
            .resolved
            .filesystems
            .iter()
            .map(|fs| fs.state)
            .collect();
        for (fs, state) in states.iter().enumerate() {
            match state {
                FsWanted::Mounted => self.fs_up(fs),
                FsWanted::Stopped => {
                    self.fs_down(fs);
                }
                FsWanted::Absent => self.fs_gone(fs),
            }
        }
        self.clients();
    }

    /// What it is all for, in a few words.
    pub fn title(&self, goals: &[Goal]) -> String {
        let known = &self.resolved.filesystems;
        let mut parts: Vec<String> = goals.iter().map(goal::title).collect();
        for (place, fs) in known.iter().enumerate() {
            let touches = || {
                let mut steps = self.graph.steps.iter();
                steps.any(|planned| seen::touches(&planned.step, &fs.name))
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

    fn makes_targets(&self, fs: usize) -> bool {
        let targets = self.resolved.filesystems[fs].targets();
        let mut places = targets.map(|at| &self.resolved.targets[at]);
        places.any(|place| place.key.is_none())
    }
}
