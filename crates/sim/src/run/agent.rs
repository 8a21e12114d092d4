//! The agents of a run: the loop of `agent::run` over virtual time. Its ledger
//! is the real one, and outlives it; steps and looks are the real ones.

use super::check::Begun;
use super::look::Last;
use super::post::{Event, ToAgent, ToManager};
use super::stage::{ActorId, Product, Stop};
use super::{Plant, Run};
use crate::door::Door;
use crate::world::host::HostName;
use agent::orders::{self, Answer, Ledger};
use agent::steps::{self, Work};
use model::ids::ServerId;
use model::job::Outcome;
use model::step::{Secret, Step};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wire::order::{Order, OrderKey};

/// Between two looks at a host of which nothing is heard.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How soon it looks after it heard of a change.
const LOOK_SOON: Duration = Duration::from_secs(2);
/// How long an agent waits before it dials again.
const DIALS_AGAIN: Duration = Duration::from_secs(5);

/// An agent, and what its host keeps for it.
pub struct Agent {
    /// The server.
    pub id: ServerId,
    /// Whether it may change its host.
    pub is_managed: bool,
    /// Whether it runs.
    pub is_up: bool,
    /// How often it started.
    pub life: u32,
    /// The ledger as it was saved last.
    saved: Vec<u8>,
    ledger: Ledger,
    working: BTreeMap<ActorId, Task>,
    /// The link that it has.
    pub link: Option<u64>,
    /// Whether a look is due already, and when.
    looks_at: Option<Duration>,
    is_looking: bool,
    look_begun: Duration,
    last_look: Arc<Mutex<Last>>,
    /// Outcomes that wait for a look that began later, and when they came.
    held: Vec<(Duration, OrderKey, Outcome)>,
    n_reports: u64,
    /// Stops at commands until it dies, and whether its commands die with it.
    pub dies_in: Option<(u32, bool)>,
}

/// What an actor of an agent does.
pub enum Task {
    /// Carries an order out.
    Order {
        /// Which.
        key: OrderKey,
        /// Whether it only looks what became of it.
        is_interrupted: bool,
        /// Set to have it end early.
        cancel: Arc<AtomicBool>,
    },
    /// Looks at its host.
    Look,
}

impl Agent {
    /// One that has never started.
    pub fn new(id: ServerId, is_managed: bool) -> Self {
        Self {
            id,
            is_managed,
            is_up: false,
            life: 0,
            saved: Vec::new(),
            ledger: Ledger::default(),
            working: BTreeMap::new(),
            link: None,
            looks_at: None,
            is_looking: false,
            look_begun: Duration::ZERO,
            last_look: Arc::default(),
            held: Vec::new(),
            n_reports: 0,
            dies_in: None,
        }
    }

    fn save(&mut self) {
        self.saved = serde_json::to_vec(&self.ledger).expect("a ledger can be written");
    }

    /// Whose order an actor carries out.
    pub fn order_of(&self, actor: ActorId) -> Option<&OrderKey> {
        match self.working.get(&actor)? {
            Task::Order { key, .. } => Some(key),
            Task::Look => None,
        }
    }

    /// Whether it has an actor.
    pub fn has(&self, actor: ActorId) -> bool {
        self.working.contains_key(&actor)
    }
}

impl Run {
    fn agent(&mut self, host: &HostName) -> &mut Agent {
        self.agents.get_mut(host).expect("each host has an agent")
    }

    /// An agent starts, if its host is up: what it left unfinished is looked at.
    pub(super) fn agent_starts(&mut self, host: &HostName, life: u32) {
        let is_up = self.world().hosts.get(host).is_some_and(|one| one.is_up);
        let agent = self.agent(host);
        if agent.is_up || agent.life != life || !is_up {
            return;
        }
        agent.is_up = true;
        agent.life += 1;
        agent.link = None;
        agent.looks_at = None;
        agent.ledger = if agent.saved.is_empty() {
            Ledger::default()
        } else {
            serde_json::from_slice(&agent.saved).expect("a ledger that was written can be read")
        };
        let life = agent.life;
        for (key, step) in self.agent(host).ledger.unfinished() {
            self.begin(host, key, &step, BTreeMap::new(), true);
        }
        self.agent_dials(host, life);
        self.looks_soon(host, Duration::ZERO);
    }

    /// An agent ends, wherever it is; it starts again after a while.
    pub(super) fn agent_ends(&mut self, host: &HostName, kills: bool, after: Duration) {
        let agent = self.agent(host);
        if !agent.is_up {
            return;
        }
        agent.is_up = false;
        agent.dies_in = None;
        agent.is_looking = false;
        agent.held.clear();
        let link = agent.link.take();
        let id = agent.id;
        let life = agent.life;
        let working = std::mem::take(&mut agent.working);
        for actor in working.into_keys() {
            self.stage.leave(actor);
            self.checks.actor_gone(actor);
        }
        if kills {
            let mut world = self.world();
            for (run, _) in world.waiting(host) {
                world.kill(run);
            }
        }
        if let Some(link) = link {
            // Its end of the connection is closed by the system, if that lives.
            let wait = if after.is_zero() { 35_000 } else { 50 };
            let at = self.now() + Duration::from_millis(wait);
            self.post.add(at, Event::ManagerLoses(id, link));
        }
        let at = self.now() + after;
        self.post.add(at, Event::AgentStarts(host.clone(), life));
    }

    /// A host went down: its agent is no more, until the host has booted.
    pub(super) fn host_down(&mut self, host: &HostName) {
        self.agent_ends(host, false, Duration::ZERO);
    }

    /// A host came up: its agent starts.
    pub(super) fn host_up(&mut self, host: &HostName) {
        let life = self.agent(host).life;
        let at = self.now() + self.chance.between_ms(500, 8000);
        self.post.add(at, Event::AgentStarts(host.clone(), life));
    }

    /// An agent dials the manager, and again while it does not come through.
    pub(super) fn agent_dials(&mut self, host: &HostName, life: u32) {
        let agent = self.agent(host);
        if !agent.is_up || agent.life != life || agent.link.is_some() {
            return;
        }
        if !self.is_linkable(host) || !self.manager.is_up {
            let at = self.now() + DIALS_AGAIN;
            self.post.add(at, Event::Dials(host.clone(), life));
            return;
        }
        self.n_links += 1;
        let (link, now) = (self.n_links, self.now());
        let agent = self.agent(host);
        agent.link = Some(link);
        let (id, is_managed) = (agent.id, agent.is_managed);
        let owed = agent.ledger.unacknowledged().into_iter();
        agent.held = owed.map(|(key, outcome)| (now, key, outcome)).collect();
        self.manager_arrive(id, link, is_managed);
        self.looks_soon(host, Duration::ZERO);
    }

    /// An agent's end of a link is found broken.
    pub(super) fn agent_loses(&mut self, host: &HostName, link: u64) {
        let agent = self.agent(host);
        if agent.link == Some(link) {
            agent.link = None;
            let life = agent.life;
            let at = self.now() + self.chance.between_ms(200, 3000);
            self.post.add(at, Event::Dials(host.clone(), life));
        }
    }

    /// A message of the manager comes.
    pub(super) fn agent_hears(&mut self, host: &HostName, message: ToAgent) {
        if !self.agent(host).is_up {
            return;
        }
        match message {
            ToAgent::Order(order) => self.agent_ordered(host, &order),
            ToAgent::Recall(key) => {
                for task in self.agent(host).working.values() {
                    if let Task::Order {
                        key: of, cancel, ..
                    } = task
                        && *of == key
                    {
                        cancel.store(true, Ordering::Release);
                    }
                }
            }
            ToAgent::Ack(key) => {
                let agent = self.agent(host);
                agent.ledger.acknowledge(&key);
                agent.save();
            }
        }
    }

    fn agent_ordered(&mut self, host: &HostName, order: &Order) {
        let key = order.key.clone();
        let at_s = self.now().as_secs();
        self.checks.order_came(&key, at_s);
        if !self.agent(host).is_managed {
            let text = String::from("this server is only watched: its agent changes nothing");
            let failure = steps::failure::failed("server-only-watched", text);
            self.tell_manager(host, ToManager::Ended(key, Outcome::Failed(failure)));
            return;
        }
        let is_twice = self.plant == Some(Plant::StepTwice);
        let agent = self.agent(host);
        match agent.ledger.take(order) {
            Answer::Runs if is_twice => {
                let step = order.step().expect("a step of this release");
                self.begin(host, key, &step, orders::secrets(order), false);
            }
            Answer::Runs | Answer::Refused(_) => {}
            Answer::Ended(outcome) => self.hold(host, key, outcome),
            Answer::Begin(step) => {
                agent.save();
                self.begin(host, key, &step, orders::secrets(order), false);
            }
        }
    }

    fn begin(
        &mut self,
        host: &HostName,
        key: OrderKey,
        step: &Step,
        secrets: BTreeMap<Secret, Vec<u8>>,
        is_interrupted: bool,
    ) {
        let cancel = Arc::new(AtomicBool::new(false));
        let is_cancelled = Arc::clone(&cancel);
        let work = {
            let step = step.clone();
            move |reach: &super::stage::Reach| {
                let is_cancelled = || is_cancelled.load(Ordering::Acquire);
                let work = Work {
                    hands: reach,
                    secrets: &secrets,
                    console: &|_| {},
                    is_cancelled: &is_cancelled,
                };
                Product::Outcome(if is_interrupted {
                    orders::after_interruption(&step, &work)
                } else {
                    steps::carry_out(&step, &work)
                })
            }
        };
        let actor = self.enter(host, work);
        let agent = self.agent(host);
        let id = agent.id;
        let begun = Begun {
            actor,
            on: id,
            key: &key,
            step,
            is_interrupted,
        };
        let at_s = self.now().as_secs();
        self.checks.begun(&begun, at_s);
        self.tally.orders += 1;
        if self.plant == Some(Plant::ClaimReleasedEarly) && !is_interrupted {
            let seen = String::from("it was begun");
            let outcome = Outcome::Done {
                changed: true,
                seen,
            };
            self.tell_manager(host, ToManager::Ended(key.clone(), outcome));
        }
        let task = Task::Order {
            key,
            is_interrupted,
            cancel,
        };
        self.agent(host).working.insert(actor, task);
    }

    /// Keeps an outcome until there was a look that began later.
    fn hold(&mut self, host: &HostName, key: OrderKey, outcome: Outcome) {
        let now = self.now();
        let held = &mut self.agent(host).held;
        if held.iter().all(|(_, known, _)| *known != key) {
            held.push((now, key, outcome));
        }
        self.looks_soon(host, Duration::ZERO);
    }

    fn enter(
        &mut self,
        host: &HostName,
        work: impl FnOnce(&super::stage::Reach) -> Product + Send + 'static,
    ) -> ActorId {
        let world = Arc::clone(&self.world);
        let is_managed = self.agent(host).is_managed;
        let host = host.clone();
        let now = self.now();
        let door = |gate| Door::new(world, host, gate, is_managed);
        self.stage.enter(now, door, work)
    }

    /// Something changed on a host: its agent looks soon.
    pub(super) fn looks_soon(&mut self, host: &HostName, wait: Duration) {
        let at = self.now() + wait;
        let agent = self.agent(host);
        if !agent.is_up || agent.looks_at.is_some_and(|known| known <= at) {
            return;
        }
        agent.looks_at = Some(at);
        let life = agent.life;
        self.post.add(at, Event::Looks(host.clone(), life));
    }

    /// Its host changed.
    pub(super) fn host_changed(&mut self, host: &HostName) {
        self.looks_soon(host, LOOK_SOON);
    }

    pub(super) fn agent_looks(&mut self, host: &HostName, life: u32) {
        let now = self.now();
        let agent = self.agent(host);
        if !agent.is_up || agent.life != life || agent.looks_at.is_none_or(|at| at > now) {
            return;
        }
        agent.looks_at = None;
        if agent.is_looking {
            self.looks_soon(host, LOOK_SOON);
            return;
        }
        agent.is_looking = true;
        agent.look_begun = now;
        let last = Arc::clone(&agent.last_look);
        let work = move |reach: &super::stage::Reach| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            Product::Report(Box::new(last.report(reach)))
        };
        let actor = self.enter(host, work);
        self.agent(host).working.insert(actor, Task::Look);
    }

    /// Lets an actor go on until it stops.
    pub(super) fn actor_goes_on(&mut self, actor: ActorId) {
        let owner = self.agents.iter().find(|(_, agent)| agent.has(actor));
        let Some(host) = owner.map(|(host, _)| host.clone()) else {
            self.stage.leave(actor);
            return;
        };
        let key = self.agents[&host].order_of(actor).cloned();
        self.checks.at_work(key);
        let stop = self.stage.go_on(actor, self.now());
        let worked = self.check_world();
        self.checks.at_work(None);
        self.react(worked);
        match stop {
            None => self.fail("product", format!("a step or a look on {host} panicked")),
            Some(Stop::Waits(_)) => {}
            Some(Stop::Before | Stop::After) => self.agent_counts(&host, actor),
            Some(Stop::Over(product)) => self.actor_over(&host, actor, product),
        }
    }

    /// An agent that is to die at a command dies there.
    fn agent_counts(&mut self, host: &HostName, actor: ActorId) {
        let agent = self.agent(host);
        let works = matches!(agent.working.get(&actor), Some(Task::Order { .. }));
        let Some((left, kills)) = agent.dies_in.filter(|_| works) else {
            return;
        };
        if left > 0 {
            agent.dies_in = Some((left - 1, kills));
            return;
        }
        self.tally.faults += 1;
        let after = self.chance.between_ms(1000, 40_000);
        self.agent_ends(host, kills, after);
    }

    fn actor_over(&mut self, host: &HostName, actor: ActorId, product: Product) {
        let agent = self.agent(host);
        let task = agent.working.remove(&actor);
        self.checks.actor_gone(actor);
        match (task, product) {
            (Some(Task::Order { key, .. }), Product::Outcome(outcome)) => {
                let agent = self.agent(host);
                agent.ledger.end(&key, outcome.clone());
                agent.save();
                self.note(|| format!("{host}: {} step {} ended: {outcome:?}", key.job, key.step));
                self.hold(host, key, outcome);
            }
            (Some(Task::Look), Product::Report(report)) => {
                self.tally.reports += 1;
                let agent = self.agent(host);
                agent.is_looking = false;
                agent.n_reports += 1;
                let (number, begun) = (agent.n_reports, agent.look_begun);
                let (over, held) = std::mem::take(&mut agent.held)
                    .into_iter()
                    .partition(|(at, ..)| *at <= begun);
                agent.held = held;
                let again = if agent.held.is_empty() {
                    LOOK_EVERY
                } else {
                    Duration::ZERO
                };
                let over: Vec<_> = over;
                let ended = over.into_iter().map(|(_, key, outcome)| (key, outcome));
                let report = ToManager::Report(number, Arc::from(report), ended.collect());
                self.tell_manager(host, report);
                self.looks_soon(host, again);
            }
            _ => {}
        }
    }
}
