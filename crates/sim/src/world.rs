//! A world of servers that share disks, answering real command lines with real
//! text. It decides nothing for Candela, and knows nothing of it.
//!
//! Time is virtual: [`World::advance`] goes on and lets happen what is due. A
//! command is begun ([`World::begin`]), takes its time, has its effect at its
//! end if its host still lives, and then its output is fetched
//! ([`World::fetch`]). What only reads answers at once ([`World::read`]).
//!
//! - [`host`]: a server: power, boot, files, units, network.
//! - [`disk`]: disks, and which hosts see them.
//! - [`target`]: what a target of Lustre carries on its disk.
//! - [`os`]: the system's own programs; [`ldiskfs`], [`zfs`], [`lnet`],
//!   [`lustre`]: those of storage.
//! - [`ha`]: Corosync and Pacemaker.
//! - [`fault`]: what can go wrong, to be called by tests.
//! - [`layout`]: how a world begins.
//! - [`power`]: BMCs, turning off and on.
//! - [`command`]: what answers which program.
//! - [`record`]: what happened, for checkers: apart from what anyone reports.

pub mod command;
pub mod disk;
pub mod fault;
pub mod ha;
pub mod host;
pub mod layout;
pub mod ldiskfs;
pub mod lnet;
pub mod lustre;
pub mod os;
pub mod power;
pub mod record;
pub mod target;
pub mod zfs;

use crate::chance::Chance;
use agent::host::{HostError, Output};
use disk::{Disk, DiskId};
use host::{Host, HostName};
use record::{Happening, Record};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// When the clocks of a world begin: 2026-01-01T00:00:00Z, milliseconds.
pub const EPOCH_MS: i64 = 1_767_225_600_000;
/// What the hosts' clocks show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// When the world began, milliseconds since 1970.
    pub began_ms: i64,
    /// How many times faster than on the clocks things happen: where people
    /// look on, a boot takes seconds, and the clocks are right all the same.
    pub haste: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            began_ms: EPOCH_MS,
            haste: 1,
        }
    }
}

impl Clock {
    /// How long something has lasted by the clocks.
    pub fn shown(&self, time: Duration) -> Duration {
        time / self.haste.max(1)
    }
}

/// Happenings that are kept for those who read them.
const RECORDS_MAX: usize = 100_000;

/// How often a command of a host that hangs looks whether it still does.
const HUNG_LOOK: Duration = Duration::from_secs(1);

/// A command that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// Something that happens at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// A command ends.
    Command(RunId),
    /// A host has booted.
    Booted(HostName),
    /// A host is off.
    Off(HostName),
    /// Something of one of the other parts: its name and a number of its own.
    Part(&'static str, u64),
}

#[derive(Clone)]
struct Running {
    host: HostName,
    boot: u32,
    argv: Vec<String>,
    begun: Duration,
    phase: u32,
    /// Nobody fetches its output.
    is_detached: bool,
    output: Option<Result<Output, HostError>>,
}

/// The world. A copy goes its own way from where it was made.
#[derive(Clone)]
pub struct World {
    now: Duration,
    /// What the hosts' clocks show.
    pub clock: Clock,
    /// Choices that the world itself makes.
    pub chance: Chance,
    /// Servers by name.
    pub hosts: BTreeMap<HostName, Host>,
    /// Disks by id.
    pub disks: BTreeMap<DiskId, Disk>,
    /// Pools by guid.
    pub pools: BTreeMap<u64, zfs::Pool>,
    /// Lustre: what runs where.
    pub lustre: lustre::State,
    /// Corosync and Pacemaker: what runs where.
    pub ha: ha::State,
    /// Hosts by the address of each of their interfaces.
    pub addresses: BTreeMap<String, HostName>,
    /// Where the network is cut.
    pub cuts: fault::Cuts,
    running: BTreeMap<RunId, Running>,
    due: BTreeMap<(Duration, u64), Due>,
    next: u64,
    records: VecDeque<Record>,
    n_records: u64,
}

impl World {
    /// An empty one.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            clock: Clock::default(),
            chance: Chance::new(seed),
            hosts: BTreeMap::new(),
            disks: BTreeMap::new(),
            pools: BTreeMap::new(),
            lustre: lustre::State::default(),
            ha: ha::State::default(),
            addresses: BTreeMap::new(),
            cuts: fault::Cuts::default(),
            running: BTreeMap::new(),
            due: BTreeMap::new(),
            next: 0,
            records: VecDeque::new(),
            n_records: 0,
        }
    }

    /// How long it has existed.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The time by a host's own clock, milliseconds since 1970.
    pub fn clock_ms(&self, host: &HostName) -> i64 {
        let off = self.hosts.get(host).map_or(0, |host| host.clock_off_ms);
        let shown = self.clock.shown(self.now).as_millis();
        self.clock.began_ms + i64::try_from(shown).unwrap_or(i64::MAX) + off
    }

    /// When the next thing happens by itself.
    pub fn next_due(&self) -> Option<Duration> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Lets something happen after a while.
    pub fn after(&mut self, wait: Duration, due: Due) {
        self.next += 1;
        self.due.insert((self.now + wait, self.next), due);
    }

    /// Goes on to a time, and lets happen what is due until then.
    pub fn advance(&mut self, to: Duration) {
        while let Some((&(at, number), _)) = self.due.first_key_value() {
            if at > to {
                break;
            }
            self.now = self.now.max(at);
            if let Some(due) = self.due.remove(&(at, number)) {
                self.happen(due);
            }
        }
        self.now = self.now.max(to);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Command(id) => self.end(id),
            Due::Booted(host) => power::booted(self, &host),
            Due::Off(host) => power::off(self, &host),
            Due::Part(part, number) => command::due(self, part, number),
        }
    }

    /// Begins a command that may change something.
    pub fn begin(&mut self, host: &HostName, argv: &[String]) -> Result<RunId, HostError> {
        self.begin_as(host, argv, false)
    }

    /// Begins a command whose output nobody wants: the host does it by itself.
    pub fn begin_detached(&mut self, host: &HostName, argv: &[String]) {
        // A host that is down or lacks the program does not do it.
        let _ = self.begin_as(host, argv, true);
    }

    fn begin_as(
        &mut self,
        host: &HostName,
        argv: &[String],
        is_detached: bool,
    ) -> Result<RunId, HostError> {
        let Some(state) = self.hosts.get(host).filter(|host| host.is_up) else {
            return Err(HostError::Other(String::from("the host is down")));
        };
        if !command::is_installed(state, argv) {
            return Err(HostError::NotInstalled);
        }
        let is_stuck = state.stuck.contains(command::program(argv));
        let boot = state.boot;
        self.next += 1;
        let id = RunId(self.next);
        let running = Running {
            host: host.clone(),
            boot,
            argv: argv.to_vec(),
            begun: self.now,
            phase: 0,
            is_detached,
            output: None,
        };
        self.running.insert(id, running);
        if !is_stuck {
            self.end(id);
        }
        Ok(id)
    }

    /// A command goes on, and perhaps comes to its end.
    fn end(&mut self, id: RunId) {
        let Some(running) = self.running.get_mut(&id) else {
            return;
        };
        let (host, argv) = (running.host.clone(), running.argv.clone());
        let (phase, boot) = (running.phase, running.boot);
        running.phase = phase.saturating_add(1);
        let since = self.now.saturating_sub(running.begun);
        let state = self.hosts.get(&host);
        if state.is_some_and(|state| state.is_hung) {
            return self.after(HUNG_LOOK, Due::Command(id));
        }
        let lives = state.is_some_and(|state| state.is_up && state.boot == boot);
        let output = if lives {
            let run = command::Run {
                host: &host,
                argv: &argv,
                phase,
                since,
            };
            match command::go_on(self, run) {
                command::Next::Done(output) => Ok(output),
                command::Next::Again(wait) => return self.after(wait, Due::Command(id)),
                command::Next::Never => return,
            }
        } else {
            Err(HostError::Other(String::from("the host went down")))
        };
        let seconds = since.as_secs_f64();
        let Some(running) = self.running.get_mut(&id) else {
            return;
        };
        if running.is_detached {
            self.running.remove(&id);
        } else {
            running.output = Some(output.map(|output| Output { seconds, ..output }));
        }
    }

    /// Commands of a host that went down end with it.
    fn end_all(&mut self, host: &HostName) {
        let here = self.running.iter().filter(|(_, run)| run.host == *host);
        let ids: Vec<RunId> = here.map(|(id, _)| *id).collect();
        for id in ids {
            self.end(id);
        }
    }

    /// The output of a command that has ended, once.
    pub fn fetch(&mut self, id: RunId) -> Option<Result<Output, HostError>> {
        self.running.get(&id)?.output.as_ref()?;
        self.running.remove(&id)?.output
    }

    /// Ends a command that was begun, without its effect.
    pub fn kill(&mut self, id: RunId) {
        if let Some(running) = self.running.remove(&id) {
            command::killed(self, &running.host, &running.argv);
        }
    }

    /// Commands that run on a host and would end only by something else; each
    /// with its words. Parts end them by [`World::release`].
    pub fn waiting(&self, host: &HostName) -> Vec<(RunId, Vec<String>)> {
        let here = self.running.iter().filter(|(_, run)| run.host == *host);
        here.filter(|(_, run)| run.output.is_none())
            .map(|(id, run)| (*id, run.argv.clone()))
            .collect()
    }

    /// Lets a waiting command come to its end now.
    pub fn release(&mut self, id: RunId) {
        self.after(Duration::ZERO, Due::Command(id));
    }

    /// Runs a command that only reads.
    pub fn read(&mut self, host: &HostName, argv: &[String]) -> Result<Output, HostError> {
        let Some(state) = self.hosts.get(host).filter(|host| host.is_up) else {
            return Err(HostError::Other(String::from("the host is down")));
        };
        if !command::is_installed(state, argv) {
            return Err(HostError::NotInstalled);
        }
        if state.stuck.contains(command::program(argv)) {
            return Err(HostError::Deadline(20));
        }
        Ok(command::run(self, host, argv))
    }

    /// Notes what happened.
    pub fn note(&mut self, what: Happening) {
        self.n_records += 1;
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        let (number, at) = (self.n_records, self.now);
        self.records.push_back(Record { number, at, what });
    }

    /// What happened after a number.
    pub fn records_after(&self, number: u64) -> impl Iterator<Item = &Record> {
        let first = self.n_records - u64::try_from(self.records.len()).unwrap_or(0);
        let skip = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        self.records.iter().skip(skip)
    }
}
