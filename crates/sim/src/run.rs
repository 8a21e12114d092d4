//! One seeded run: a small town of servers, an operator with wishes, faults at
//! any point, and checkers that look after every tick.
//!
//! The parts that decide are the real ones: `plan`, `detect`, the engine's
//! desk, the agents' ledger, steps and looks. The loops around them are this
//! module's own, over virtual time (`docs/decisions/0002-simulation-without-tokio.md`).
//!
//! - [`scenario`]: what a run is made of; it follows from a seed.
//! - [`agent`] and its [`look`], [`manager`], [`operator`]: who acts; [`fault`]: what goes wrong.
//! - [`post`]: what is to happen; [`stage`]: blocking work, one at a time.
//! - [`check`]: what must hold. It reads the world, the spec and the journal.
//! - [`shrink`]: the smallest run that still fails; [`many`]: many seeds;
//!   [`command`]: what is asked for on a command line.

pub mod agent;
pub mod check;
pub mod command;
pub mod fault;
pub mod look;
pub mod manager;
pub mod many;
pub mod operator;
pub mod post;
pub mod scenario;
pub mod shrink;
pub mod stage;

use crate::chance::Chance;
use crate::world::World;
use crate::world::disk::{Content, uuid_from};
use crate::world::host::HostName;
use crate::world::record::Happening;
use agent::Agent;
use check::{Checks, Violation};
use manager::{Manager, WATCHED};
use model::ids::ServerId;
use model::job::Recorded;
use operator::Operator;
use post::{Event, Post, ToAgent, ToManager};
use scenario::Scenario;
use stage::Stage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// What may happen at one time: more is a run that never goes on.
const TURNS_MAX: u32 = 100_000;

/// How long after the last fault all must have come to rest.
const REST_WITHIN: Duration = Duration::from_hours(3);

/// A fault of the product that is put in on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// A silent server counts as one that has nothing mounted.
    MountWithoutFence,
    /// Consent is made up by the manager.
    FormatWithoutConsent,
    /// Orders go to a server that is only watched.
    WatchedServerOrdered,
    /// A step is told done when it is begun.
    ClaimReleasedEarly,
    /// Orders go out before their record is durable.
    ToldBeforeJournalled,
    /// An order that comes twice is begun twice.
    StepTwice,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Times at which something happened.
    pub ticks: u64,
    /// Commands that agents ran to change something.
    pub commands: u64,
    /// Faults that came.
    pub faults: u64,
    /// Orders that were begun.
    pub orders: u64,
    /// Records of the journal.
    pub records: u64,
    /// Reports.
    pub reports: u64,
    /// Jobs.
    pub jobs: u64,
    /// Simulated time, milliseconds.
    pub simulated_ms: u64,
    /// A number that follows from all that happened, in order.
    pub hash: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What it did.
    pub tally: Tally,
    /// What was wrong, if anything was.
    pub violation: Option<Violation>,
    /// The last of what happened, where asked for.
    pub story: Vec<String>,
    /// The manager's journal of jobs.
    pub journal: Vec<Recorded>,
}

/// How to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// A fault of the product.
    pub plant: Option<Plant>,
    /// Whether to keep what happened in words.
    pub tells: bool,
}

/// Runs a scenario to its end.
pub fn run(scenario: &Scenario, how: How) -> Ended {
    let mut run = Run::new(scenario, how);
    run.go();
    let now = run.now();
    run.tally.simulated_ms = u64::try_from(now.as_millis()).unwrap_or(0);
    run.tally.hash = run.checks.hash();
    Ended {
        tally: std::mem::take(&mut run.tally),
        violation: run.violation.take(),
        story: std::mem::take(&mut run.story),
        journal: std::mem::take(&mut run.manager.disk.journal),
    }
}

/// A run that goes on.
struct Run {
    scenario: Scenario,
    plant: Option<Plant>,
    world: Arc<Mutex<World>>,
    stage: Stage,
    post: Post,
    agents: BTreeMap<HostName, Agent>,
    manager: Manager,
    operator: Operator,
    checks: Checks,
    chance: Chance,
    tally: Tally,
    /// Hosts that do not reach the manager.
    link_cuts: BTreeSet<HostName>,
    n_links: u64,
    read_upto: u64,
    violation: Option<Violation>,
    tells: bool,
    story: Vec<String>,
    is_calm: bool,
    is_at_rest: bool,
}

impl Run {
    fn new(scenario: &Scenario, how: How) -> Self {
        let layout = scenario.town.layout();
        let mut world = layout.build(scenario.seed);
        take_disks(&mut world, scenario);
        let mut agents = BTreeMap::new();
        for (place, name) in layout.names().into_iter().enumerate() {
            let is_managed = place < scenario.town.n_managed;
            let number = place as u128 + 1 + if is_managed { 0 } else { WATCHED };
            let id = ServerId(Uuid::from_u128(number));
            let opens = is_managed || how.plant == Some(Plant::WatchedServerOrdered);
            agents.insert(name, Agent::new(id, opens));
        }
        let ids = agents.iter().map(|(name, agent)| (agent.id, name.clone()));
        let checks = Checks::new(ids.collect());
        let chance = Chance::new(scenario.seed ^ 0xc0ff_ee00);
        let operator = Operator::new(&scenario.town, &layout);
        Self {
            scenario: scenario.clone(),
            plant: how.plant,
            world: Arc::new(Mutex::new(world)),
            stage: Stage::default(),
            post: Post::default(),
            agents,
            manager: Manager::default(),
            operator,
            checks,
            chance,
            tally: Tally::default(),
            link_cuts: BTreeSet::new(),
            n_links: 0,
            read_upto: 0,
            violation: None,
            tells: how.tells,
            story: Vec::new(),
            is_calm: false,
            is_at_rest: false,
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.world().now()
    }

    /// Something is wrong: the run ends.
    fn fail(&mut self, checker: &str, text: String) {
        let at = self.now();
        self.violation.get_or_insert(Violation {
            checker: checker.to_owned(),
            at_s: at.as_secs(),
            text,
        });
    }

    /// Keeps something for who reads the story.
    fn note(&mut self, text: impl FnOnce() -> String) {
        if self.tells {
            let at = self.now();
            self.story
                .push(format!("{:>9.3} {}", at.as_secs_f64(), text()));
        }
    }

    fn prepare(&mut self) {
        let hosts: Vec<HostName> = self.agents.keys().cloned().collect();
        for host in hosts {
            let at = self.chance.between_ms(0, 5000);
            self.post.add(at, Event::AgentStarts(host, 0));
        }
        self.post.add(Duration::ZERO, Event::ManagerStarts);
        self.post.add(Duration::from_secs(10), Event::OperatorLooks);
        for (place, mishap) in self.scenario.faults.iter().enumerate() {
            let at = Duration::from_secs(u64::from(mishap.at));
            self.post.add(at, Event::Begins(place));
        }
        let calm_at = Duration::from_secs(u64::from(self.scenario.calm_at));
        self.post.add(calm_at, Event::Calm);
    }

    fn go(&mut self) {
        self.prepare();
        let calm_at = Duration::from_secs(u64::from(self.scenario.calm_at));
        while self.violation.is_none() && !self.is_at_rest {
            let due = self.world().next_due();
            let next = [due, self.post.next_at(), self.stage.next_wake()];
            let Some(at) = next.into_iter().flatten().min() else {
                return;
            };
            if at > calm_at + REST_WITHIN {
                return self.never_at_rest();
            }
            self.tick(at);
        }
    }

    fn tick(&mut self, at: Duration) {
        self.tally.ticks += 1;
        self.world().advance(at);
        let found = self.check_world();
        self.react(found);
        let now = self.now();
        let mut turns = 0;
        while self.violation.is_none() && !self.is_at_rest {
            turns += 1;
            if turns > TURNS_MAX {
                let text = String::from("time does not go on: something happens again and again");
                return self.fail("converge", text);
            }
            let actors = self.stage.due(now);
            let is_post = self.post.next_at().is_some_and(|at| at <= now);
            let n = actors.len() + usize::from(is_post);
            if n == 0 {
                break;
            }
            match actors.get(self.chance.below(n)) {
                Some(actor) => self.actor_goes_on(*actor),
                None => {
                    if let Some(event) = self.post.take(now) {
                        self.happen(event);
                    }
                }
            }
            let found = self.check_world();
            self.react(found);
        }
    }

    /// Has the checkers look at what happened; gives what agents hear of it.
    fn check_world(&mut self) -> Vec<Happening> {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for record in world.records_after(self.read_upto) {
            self.read_upto = record.number;
            self.checks.happened(&world, record);
            if let Happening::Commanded { .. } = record.what {
                self.tally.commands += 1;
            }
            found.push(record.what.clone());
        }
        self.checks.look(&world);
        drop(world);
        if let Some(violation) = self.checks.take() {
            self.violation.get_or_insert(violation);
        }
        // What comes of a lie is nobody's fault here: the run is over.
        self.is_at_rest |= self.checks.is_lied_to();
        found
    }

    fn react(&mut self, found: Vec<Happening>) {
        for what in found {
            self.note(|| format!("{what:?}"));
            match what {
                Happening::Down { host, .. } => self.host_down(&host),
                Happening::Up { host } => self.host_up(&host),
                Happening::Mounted { host, .. }
                | Happening::Unmounted { host, .. }
                | Happening::Erased { host, .. }
                | Happening::DatasetErased { host, .. }
                | Happening::Imported { host, .. }
                | Happening::Exported { host, .. }
                | Happening::FileChanged { host, .. }
                | Happening::Commanded { host, .. } => self.host_changed(&host),
                Happening::ShuttingDown { .. } => {}
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::ToAgent(host, _, message) => {
                if !self.link_cuts.contains(&host) {
                    self.agent_hears(&host, message);
                }
            }
            Event::ToManager(id, link, message) => {
                let host = self.checks.name(id);
                if !self.link_cuts.contains(&host) {
                    self.manager_hears(id, link, message);
                }
            }
            Event::Dials(host, life) => self.agent_dials(&host, life),
            Event::AgentLoses(host, link) => self.agent_loses(&host, link),
            Event::ManagerLoses(id, link) => self.manager_loses(id, link),
            Event::AgentStarts(host, life) => self.agent_starts(&host, life),
            Event::Looks(host, life) => self.agent_looks(&host, life),
            Event::ManagerStarts => self.manager_starts(),
            Event::ManagerTurns(life) => self.manager_turns(life),
            Event::OperatorLooks => self.operator_looks(),
            Event::Begins(place) => self.fault_begins(place),
            Event::Heals(place) => self.fault_heals(place),
            Event::Calm => self.calm(),
        }
    }

    /// Whether an agent and the manager reach each other.
    fn is_linkable(&self, host: &HostName) -> bool {
        let is_up = self.world().hosts.get(host).is_some_and(|one| one.is_up);
        is_up && !self.link_cuts.contains(host)
    }

    fn tell_agent(&mut self, server: ServerId, message: ToAgent) {
        let host = self.checks.name(server);
        if let Some(link) = self.agents.get(&host).and_then(|agent| agent.link) {
            let event = |message| Event::ToAgent(host.clone(), link, message);
            self.send(&host, link, message, event);
        }
    }

    fn tell_manager(&mut self, host: &HostName, message: ToManager) {
        let Some(agent) = self.agents.get(host) else {
            return;
        };
        let id = agent.id;
        if let Some(link) = agent.link {
            let event = |message| Event::ToManager(id, link, message);
            self.send(host, link, message, event);
        }
    }

    /// A message goes on its way: late, twice, or never, and then its link is
    /// found broken by both.
    fn send<M: Clone>(
        &mut self,
        host: &HostName,
        link: u64,
        message: M,
        event: impl Fn(M) -> Event,
    ) {
        let now = self.now();
        if !self.is_calm && self.chance.percent(2) {
            self.break_link(host, link);
            return;
        }
        let is_slow = self.chance.percent(6);
        let wait = self
            .chance
            .between_ms(1, if is_slow { 20_000 } else { 150 });
        self.post.add(now + wait, event(message.clone()));
        let (percent, late_ms) = match self.plant {
            Some(Plant::StepTwice) => (60, 3000),
            _ => (5, 60_000),
        };
        if self.chance.percent(percent) {
            let wait = self.chance.between_ms(1, late_ms);
            self.post.add(now + wait, event(message));
        }
    }

    /// Both ends of a link find out that it broke, each in its time.
    fn break_link(&mut self, host: &HostName, link: u64) {
        let now = self.now();
        let Some(agent) = self.agents.get(host) else {
            return;
        };
        let id = agent.id;
        let (one, other) = (
            self.chance.between_ms(10, 35_000),
            self.chance.between_ms(10, 35_000),
        );
        self.post
            .add(now + one, Event::AgentLoses(host.clone(), link));
        self.post.add(now + other, Event::ManagerLoses(id, link));
    }
}

/// Some disks hold somebody's data.
fn take_disks(world: &mut World, scenario: &Scenario) {
    let mut shared: Vec<_> = world.disks.keys().cloned().collect();
    shared.retain(|id| !id.0.starts_with("5000c500f"));
    for (place, id) in shared.into_iter().enumerate() {
        if place % 5 < scenario.town.n_taken
            && let Some(disk) = world.disks.get_mut(&id)
        {
            disk.content = Content::FileSystem {
                kind: String::from("xfs"),
                label: String::from("precious"),
                uuid: uuid_from(&id.0),
            };
        }
    }
}
