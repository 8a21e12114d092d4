//! What goes wrong in a run, when it begins and when it is mended.

use super::Run;
use super::post::Event;
use super::scenario::Fault;
use crate::world::disk::{DiskFault, DiskId};
use crate::world::host::HostName;
use crate::world::power;
use std::time::Duration;

/// Where an admin mounts by hand: this, and the disk's name.
const BY_HAND: &str = "/mnt/by-hand-";

impl Run {
    fn host(&self, number: usize) -> HostName {
        let names = self.scenario.town.layout().names();
        names[number % names.len()].clone()
    }

    fn disk(&self, number: usize) -> DiskId {
        let world = self.world();
        let mut shared: Vec<&DiskId> = world.disks.keys().collect();
        shared.retain(|id| !id.0.starts_with("5000c500f"));
        shared[number % shared.len()].clone()
    }

    /// A target that is in use: its host, where it is mounted, its label.
    fn in_use(&self, number: usize) -> Option<(HostName, String, String)> {
        let world = self.world();
        let running: Vec<_> = world.lustre.running.iter().collect();
        let ((host, at), running) = running.get(number % running.len().max(1))?;
        Some((host.clone(), at.clone(), running.label.to_string()))
    }

    pub(super) fn fault_begins(&mut self, place: usize) {
        if self.is_calm {
            return;
        }
        let mishap = self.scenario.faults[place].clone();
        self.note(|| format!("FAULT {:?} for {} s", mishap.fault, mishap.lasts));
        if !matches!(
            mishap.fault,
            Fault::AgentDies { .. } | Fault::ManagerDies { .. }
        ) {
            self.tally.faults += 1;
        }
        self.put(&mishap.fault, true);
        if mishap.fault == Fault::StaleManager {
            self.old_orders_come(mishap.lasts);
        }
        let at = self.now() + Duration::from_secs(u64::from(mishap.lasts));
        self.post.add(at, Event::Heals(place));
    }

    pub(super) fn fault_heals(&mut self, place: usize) {
        let fault = self.scenario.faults[place].fault.clone();
        self.put(&fault, false);
    }

    /// No more faults: all that is broken is mended.
    pub(super) fn calm(&mut self) {
        self.is_calm = true;
        self.note(|| String::from("faults stop"));
        for place in 0..self.scenario.faults.len() {
            self.fault_heals(place);
        }
        let hosts: Vec<HostName> = self.agents.keys().cloned().collect();
        for host in &hosts {
            power::on(&mut self.world(), host);
            if let Some(agent) = self.agents.get_mut(host) {
                agent.dies_in = None;
            }
        }
        self.manager.dies_in = None;
        self.manager.clock_off_ms = 0;
    }

    fn put(&mut self, fault: &Fault, is_on: bool) {
        match fault {
            Fault::ServerDies { server } => {
                let host = self.host(*server);
                if is_on {
                    power::cut(&mut self.world(), &host, "crash");
                } else {
                    power::on(&mut self.world(), &host);
                }
            }
            Fault::AgentDies {
                server,
                stops,
                kills,
            } => {
                let host = self.host(*server);
                if let Some(agent) = self.agents.get_mut(&host) {
                    agent.dies_in = is_on.then_some((*stops, *kills));
                }
            }
            Fault::ManagerDies {
                records,
                is_durable,
            } => self.manager.dies_in = is_on.then_some((*records, *is_durable)),
            Fault::LinkCut { server } => self.cut_link(&self.host(*server), is_on),
            Fault::CutOff { server } => {
                let host = self.host(*server);
                self.cut_link(&host, is_on);
                self.world().cut_off(&host, is_on);
            }
            Fault::NetCut {
                from,
                to,
                is_one_way,
            } => {
                let (from, to) = (self.host(*from), self.host(*to));
                let mut world = self.world();
                world.cut_one_way(&from, &to, is_on);
                if !is_one_way {
                    world.cut_one_way(&to, &from, is_on);
                }
            }
            Fault::DiskGone { disk } => self.break_disk(*disk, is_on, DiskFault::Gone),
            Fault::DiskReadOnly { disk } => self.break_disk(*disk, is_on, DiskFault::ReadOnly),
            Fault::DiskFull { disk } => self.break_disk(*disk, is_on, DiskFault::Full),
            Fault::DiskSlow { disk } => self.break_disk(*disk, is_on, DiskFault::Slow),
            Fault::ClockJump { server, seconds } => {
                let off = if is_on { i64::from(*seconds) * 1000 } else { 0 };
                let host = self.host(*server);
                self.world().set_clock_off(&host, off);
            }
            Fault::ManagerClock { seconds } => {
                self.manager.clock_off_ms = if is_on { i64::from(*seconds) * 1000 } else { 0 };
                let life = self.manager.life;
                self.manager_turns(life);
            }
            Fault::Stuck { server, program } => {
                let host = self.host(*server);
                self.world().stick(&host, program, is_on);
            }
            Fault::BmcDeaf { server } => {
                let host = self.host(*server);
                if let Some(state) = self.world().hosts.get_mut(&host) {
                    state.bmc.answers = !is_on;
                }
            }
            Fault::BmcLies { server } => {
                let host = self.host(*server);
                if let Some(state) = self.world().hosts.get_mut(&host) {
                    state.bmc.lies = is_on;
                }
            }
            once if is_on => self.put_once(once),
            _ => {}
        }
    }

    /// What happens once, and is mended by who finds it.
    fn put_once(&mut self, fault: &Fault) {
        match fault {
            Fault::LnetDown { server } => {
                let host = self.host(*server);
                self.world().break_lnet(&host);
                self.host_changed(&host);
            }
            Fault::HandUnmounts { target } | Fault::ResourceFails { target } => {
                if let Some((host, at, _)) = self.in_use(*target) {
                    self.by_hand(&host, &["umount", &at]);
                }
            }
            Fault::HandMounts { target, server } => self.mount_by_hand(*target, *server),
            Fault::HandMoves { target } => self.move_by_hand(*target),
            Fault::StaleManager => self.manager_ends(),
            _ => {}
        }
    }

    fn by_hand(&mut self, host: &HostName, line: &[&str]) {
        let argv: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
        self.note(|| format!("by hand on {host}: {}", line.join(" ")));
        self.world().begin_detached(host, &argv);
    }

    /// An admin takes back what was mounted by hand, as the plan asks.
    pub(super) fn unmount_what_was_mounted_by_hand(&mut self) {
        let world = self.world();
        let running = world.lustre.running.iter();
        let by_hand = running.filter(|((_, at), one)| at.starts_with(BY_HAND) && one.is_started);
        let all: Vec<(HostName, String)> = by_hand.map(|(key, _)| key.clone()).collect();
        drop(world);
        for (host, at) in all {
            self.by_hand(&host, &["umount", &at]);
        }
    }

    /// A target that is mounted nowhere is mounted, somewhere it can be.
    fn mount_by_hand(&mut self, target: usize, server: usize) {
        use crate::world::disk::Content;
        let host = self.host(server);
        let free = {
            let world = self.world();
            let Some(state) = world.hosts.get(&host) else {
                return;
            };
            let is_target = |id: &DiskId| {
                let disk = world.disks.get(id);
                disk.is_some_and(|disk| matches!(disk.content, Content::Ldiskfs(_)))
            };
            let used = |id: &DiskId| {
                let place = crate::world::target::Place::Disk(id.clone());
                world.lustre.running.values().any(|one| one.place == place)
            };
            let all = state
                .disks
                .iter()
                .filter(|(_, id)| is_target(id) && !used(id));
            let names: Vec<String> = all.map(|(name, _)| name.clone()).collect();
            names.get(target % names.len().max(1)).cloned()
        };
        let Some(name) = free else { return };
        let at = format!("{BY_HAND}{name}");
        if let Some(state) = self.world().hosts.get_mut(&host) {
            state.folders.insert(at.clone());
        }
        self.by_hand(
            &host,
            &["mount", "-t", "lustre", &format!("/dev/{name}"), &at],
        );
    }

    fn move_by_hand(&mut self, target: usize) {
        let Some((host, _, label)) = self.in_use(target) else {
            return;
        };
        let names = self.scenario.town.layout().names();
        let place = names.iter().position(|name| *name == host).unwrap_or(0);
        let other = if place % 2 == 0 { place + 1 } else { place - 1 };
        if let Some(other) = names.get(other) {
            let line = [
                "crm_resource",
                "--resource",
                &label,
                "--move",
                "--node",
                &other.0,
            ];
            self.by_hand(&host, &line);
        }
    }

    fn break_disk(&mut self, number: usize, is_on: bool, fault: DiskFault) {
        let disk = self.disk(number);
        self.world().break_disk(&disk, is_on.then_some(fault));
    }

    fn cut_link(&mut self, host: &HostName, is_cut: bool) {
        if !is_cut {
            self.link_cuts.remove(host);
            return;
        }
        self.link_cuts.insert(host.clone());
        if let Some(link) = self.agents.get(host).and_then(|agent| agent.link) {
            self.break_link(host, link);
        }
    }
}
