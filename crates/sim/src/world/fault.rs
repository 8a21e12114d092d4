//! What can go wrong, for tests and for people who break a demonstration.

use super::World;
use super::command;
use super::disk::{DiskFault, DiskId};
use super::host::{Host, HostName};
use super::power;
use std::collections::BTreeSet;

/// Where the network between servers is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// What the first sends does not come to the second.
    pairs: BTreeSet<(HostName, HostName)>,
    /// Hosts that reach nobody.
    alone: BTreeSet<HostName>,
}

impl World {
    /// Whether one host reaches another over the network.
    pub fn reaches(&self, from: &HostName, to: &HostName) -> bool {
        let is_up = |host: &HostName| self.hosts.get(host).is_some_and(|host| host.is_up);
        if !is_up(from) || !is_up(to) {
            return false;
        }
        self.hears(from, to) && self.hears(to, from)
    }

    /// Whether what one host sends comes to another, as far as the network goes.
    pub fn hears(&self, from: &HostName, to: &HostName) -> bool {
        let hangs = |host| self.hosts.get(host).is_some_and(|host: &Host| host.is_hung);
        if from != to && (hangs(from) || hangs(to)) {
            return false;
        }
        let cuts = &self.cuts;
        let is_alone = cuts.alone.contains(from) || cuts.alone.contains(to);
        from == to || !is_alone && !cuts.pairs.contains(&(from.clone(), to.clone()))
    }

    /// Loses what one host sends to another, and not what comes back; or mends it.
    pub fn cut_one_way(&mut self, from: &HostName, to: &HostName, is_cut: bool) {
        let pair = (from.clone(), to.clone());
        if is_cut {
            self.cuts.pairs.insert(pair);
        } else {
            self.cuts.pairs.remove(&pair);
        }
    }

    /// Cuts the network between two hosts, or mends it.
    pub fn cut_between(&mut self, one: &HostName, other: &HostName, is_cut: bool) {
        self.cut_one_way(one, other, is_cut);
        self.cut_one_way(other, one, is_cut);
    }

    /// Cuts a host off all others, or mends that.
    pub fn cut_off(&mut self, host: &HostName, is_cut: bool) {
        if is_cut {
            self.cuts.alone.insert(host.clone());
        } else {
            self.cuts.alone.remove(host);
        }
    }

    /// Whether a host is cut off all others.
    pub fn is_cut_off(&self, host: &HostName) -> bool {
        self.cuts.alone.contains(host)
    }

    /// Lets the kernel of a host hang, until the host is turned off.
    pub fn hang(&mut self, host: &HostName) {
        if let Some(state) = self.hosts.get_mut(host).filter(|state| state.is_up) {
            state.is_hung = true;
        }
    }

    /// Takes a host's power away, or gives it back: it boots then.
    pub fn unplug(&mut self, host: &HostName, is_unplugged: bool) {
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        state.is_unpowered = is_unplugged;
        if is_unplugged {
            power::cut(self, host, "power loss");
        } else {
            power::on(self, host);
        }
    }

    /// Gives a disk a fault, or takes it away.
    pub fn break_disk(&mut self, disk: &DiskId, fault: Option<DiskFault>) {
        if let Some(disk) = self.disks.get_mut(disk) {
            disk.fault = fault;
        }
    }

    /// Lets a program hang on a host from now on, or lets those that hang go on.
    pub fn stick(&mut self, host: &HostName, program: &str, is_stuck: bool) {
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        if is_stuck {
            state.stuck.insert(program.to_owned());
            return;
        }
        state.stuck.remove(program);
        for (id, argv) in self.waiting(host) {
            if command::program(&argv) == program {
                self.release(id);
            }
        }
    }

    /// Sets a host's clock wrong by this much.
    pub fn set_clock_off(&mut self, host: &HostName, ms: i64) {
        if let Some(state) = self.hosts.get_mut(host) {
            state.clock_off_ms = ms;
        }
    }

    /// Takes LNet's nets of a host down, as if its interfaces were lost.
    pub fn break_lnet(&mut self, host: &HostName) {
        if let Some(lnet) = self.hosts.get_mut(host).and_then(|host| host.lnet.as_mut()) {
            lnet.clear();
        }
    }
}
