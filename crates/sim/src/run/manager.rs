//! The manager of a run: the loop of `manager::jobs` over virtual time. What it
//! has on disk outlives it: the journal, the newest reports, its epoch.

use super::post::{Event, ToAgent, ToManager};
use super::{Plant, Run};
use crate::world::EPOCH_MS;
use detect::Detector;
use engine::{Desk, Limits, Refused};
use model::graph::{Consent, StepId};
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, JobEvent, Outcome, Recorded};
use model::report::Report;
use model::spec::{Goal, Spec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use wire::order::{Order, OrderKey};

/// Orders that a manager which was given up says again, at most.
const GAVE_MAX: usize = 40;

/// The manager.
#[derive(Default)]
pub struct Manager {
    /// Whether it runs.
    pub is_up: bool,
    /// How often it started.
    pub life: u64,
    /// The jobs.
    pub desk: Desk,
    /// On disk.
    pub disk: Disk,
    detector: Detector,
    links: BTreeMap<ServerId, (u64, u64)>,
    managed: BTreeSet<ServerId>,
    /// Records until it dies, and whether the last is durable then.
    pub dies_in: Option<(u32, bool)>,
    /// How far its clock is off.
    pub clock_off_ms: i64,
    turns_at: Option<Duration>,
    /// Orders that it gave in this life, the newest ones.
    gave: Vec<(ServerId, Order)>,
    /// Whether silence counts as an answer. Only for planted faults.
    trusts_silence: bool,
}

/// What outlives a manager.
#[derive(Default)]
pub struct Disk {
    /// The journal of jobs.
    pub journal: Vec<Recorded>,
    reports: BTreeMap<ServerId, Arc<Report>>,
}

/// What is answered once records are durable.
enum Answer {
    Ended(ServerId, OrderKey),
}

impl Manager {
    /// Its clock.
    pub fn clock_ms(&self, now: Duration) -> i64 {
        EPOCH_MS + i64::try_from(now.as_millis()).unwrap_or(0) + self.clock_off_ms
    }

    /// The plan for a spec, as the manager knows the world now.
    pub fn plan(
        &self,
        now: Duration,
        spec: &Spec,
        goals: &[Goal],
        consents: &[Consent],
    ) -> plan::Plan {
        // What an earlier link reported does not count as fresh.
        let fresh = self
            .links
            .iter()
            .filter(|(_, (_, n_reports))| *n_reports > 0);
        let mut online: BTreeSet<ServerId> = fresh.map(|(id, _)| *id).collect();
        if self.trusts_silence {
            online.extend(&self.managed);
        }
        let world = plan::World {
            inventory: self.detector.inventory(),
            reports: &self.disk.reports,
            managed: &self.managed,
            online: &online,
            now_ms: self.clock_ms(now),
        };
        plan::plan(spec, world, goals, consents)
    }

    /// What the manager concludes from all reports.
    pub fn inventory(&self) -> &model::inventory::Inventory {
        self.detector.inventory()
    }

    /// Lets it believe what it must not: that a silent server has nothing
    /// mounted. Only for planted faults.
    pub fn forget(&mut self, server: ServerId) {
        self.trusts_silence = true;
        if let Some(report) = self.disk.reports.get(&server) {
            let mut report = report.as_ref().clone();
            report.mounts = Some(Vec::new());
            if let Some(lustre) = &mut report.lustre {
                lustre.targets.clear();
            }
            let report = Arc::new(report);
            self.disk.reports.insert(server, Arc::clone(&report));
            self.detector.put(server, report);
        }
    }
}

impl Run {
    /// The manager starts: the journal is folded, servers are silent until
    /// they come.
    pub(super) fn manager_starts(&mut self) {
        let managed: BTreeSet<ServerId> = self
            .agents
            .values()
            .filter(|agent| agent.id.0.as_u128() <= WATCHED)
            .map(|agent| agent.id)
            .collect();
        let manager = &mut self.manager;
        if manager.is_up {
            return;
        }
        manager.is_up = true;
        manager.life += 1;
        manager.managed = managed;
        manager.desk = Desk::resume(&manager.disk.journal);
        manager.desk.set_limits(Limits::default());
        manager.links.clear();
        manager.gave.clear();
        let known = manager.disk.reports.iter();
        let known = known.map(|(id, report)| (*id, Arc::clone(report), true));
        manager.detector = Detector::new();
        manager.detector.put_all(known.collect());
        manager.turns_at = None;
        self.note(|| String::from("the manager starts"));
        self.manager_turn(Vec::new());
    }

    /// The manager ends; another starts after a while.
    pub(super) fn manager_ends(&mut self) {
        if !self.manager.is_up {
            return;
        }
        self.manager.is_up = false;
        self.manager.dies_in = None;
        self.note(|| String::from("the manager ends"));
        let links = std::mem::take(&mut self.manager.links);
        let by_id: BTreeMap<ServerId, crate::world::host::HostName> = self
            .agents
            .iter()
            .map(|(host, agent)| (agent.id, host.clone()))
            .collect();
        for (id, (link, _)) in links {
            let at = self.now() + self.chance.between_ms(10, 35_000);
            self.post
                .add(at, Event::AgentLoses(by_id[&id].clone(), link));
        }
        let at = self.now() + self.chance.between_ms(1000, 40_000);
        self.post.add(at, Event::ManagerStarts);
    }

    /// A manager that was given up lives on for a while, and says again what it
    /// had said: its connections are still open.
    pub(super) fn old_orders_come(&mut self, lasts_s: u32) {
        let now = self.now();
        for (server, order) in std::mem::take(&mut self.manager.gave) {
            let host = self.checks.name(server);
            for _ in 0..2 {
                let wait = self.chance.between_ms(1, u64::from(lasts_s) * 1000);
                let message = ToAgent::Order(order.clone());
                self.post
                    .add(now + wait, Event::ToAgent(host.clone(), 0, message));
            }
        }
    }

    /// An agent's link is here.
    pub(super) fn manager_arrive(&mut self, id: ServerId, link: u64, is_managed: bool) {
        self.manager.links.insert(id, (link, 0));
        if is_managed {
            self.manager.desk.arrive(id);
            self.manager_turn(Vec::new());
        }
    }

    /// A link is gone.
    pub(super) fn manager_loses(&mut self, id: ServerId, link: u64) {
        let manager = &mut self.manager;
        if manager.links.get(&id).is_some_and(|(now, _)| *now == link) {
            manager.links.remove(&id);
            manager.desk.leave(id);
            manager.detector.set_silent(id, true);
        }
    }

    /// A message of an agent comes.
    pub(super) fn manager_hears(&mut self, id: ServerId, link: u64, message: ToManager) {
        if !self.manager.is_up {
            return;
        }
        match message {
            ToManager::Report(number, report, ended) => {
                let Some((now, last)) = self.manager.links.get_mut(&id) else {
                    return;
                };
                if *now == link && *last < number {
                    *last = number;
                    self.manager.disk.reports.insert(id, Arc::clone(&report));
                    self.manager.detector.put(id, report);
                }
                if !ended.is_empty() {
                    let ended = ended.into_iter();
                    self.manager_turn(ended.map(|(key, outcome)| (id, key, outcome)).collect());
                }
            }
            ToManager::Ended(key, outcome) => {
                self.manager_turn(vec![(id, key, outcome)]);
            }
        }
    }

    /// Asks the manager for something; whether it is durable.
    pub(super) fn ask(&mut self, job: JobId, event: JobEvent) -> Result<bool, Refused> {
        let now_ms = self.manager.clock_ms(self.now());
        self.manager.desk.ask(job, event, now_ms)?;
        Ok(self.manager_turn(Vec::new()))
    }

    /// One turn of the driver: records, makes them durable, and only then acts.
    /// Whether all of it became durable.
    pub(super) fn manager_turn(&mut self, ended: Vec<(ServerId, OrderKey, Outcome)>) -> bool {
        if !self.manager.is_up {
            return false;
        }
        let now_ms = self.manager.clock_ms(self.now());
        let desk = &mut self.manager.desk;
        let mut answers = Vec::new();
        for (server, key, outcome) in ended {
            if let Some((job, event)) = parse(&key, outcome)
                && is_of(desk, job, &event, server)
            {
                // What the engine does not want any more is old news.
                let _ = desk.ask(job, event, now_ms);
            }
            answers.push(Answer::Ended(server, key));
        }
        desk.tick(now_ms);
        let (records, effects) = desk.take();
        if self.plant == Some(Plant::ToldBeforeJournalled) {
            self.perform(effects.clone());
        }
        let n = u32::try_from(records.len()).unwrap_or(u32::MAX);
        let mut dies = false;
        if let Some((left, is_durable)) = self.manager.dies_in {
            if n > left {
                dies = true;
                if !is_durable {
                    self.tally.faults += 1;
                    self.manager_ends();
                    return false;
                }
            } else {
                self.manager.dies_in = Some((left - n, is_durable));
            }
        }
        let at_s = self.now().as_secs();
        for record in &records {
            self.checks.journalled(record, at_s);
        }
        self.tally.records += u64::from(n);
        self.manager.disk.journal.extend(records);
        if dies {
            self.tally.faults += 1;
            self.manager_ends();
            return true;
        }
        for answer in answers {
            let Answer::Ended(server, key) = answer;
            self.checks.acknowledged(&key, at_s);
            self.tell_agent(server, ToAgent::Ack(key));
        }
        self.perform(effects);
        self.turn_later();
        true
    }

    /// The next turn by itself.
    fn turn_later(&mut self) {
        let Some(due) = self.manager.desk.next_timer_ms() else {
            return;
        };
        let now = self.now();
        let wait = due.saturating_sub(self.manager.clock_ms(now)).max(1);
        let at = now + Duration::from_millis(u64::try_from(wait).unwrap_or(1));
        if self
            .manager
            .turns_at
            .is_none_or(|known| known > at || known <= now)
        {
            self.manager.turns_at = Some(at);
            let life = self.manager.life;
            self.post.add(at, Event::ManagerTurns(life));
        }
    }

    /// The manager looks what is due.
    pub(super) fn manager_turns(&mut self, life: u64) {
        if self.manager.life == life && self.manager.is_up {
            self.manager.turns_at = None;
            self.manager_turn(Vec::new());
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Order {
                    job,
                    step,
                    attempt,
                    on,
                } => {
                    if let Some(order) = self.order(job, step, attempt) {
                        let gave = &mut self.manager.gave;
                        gave.push((on, order.clone()));
                        gave.drain(..gave.len().saturating_sub(GAVE_MAX));
                        self.tell_agent(self.stray(on), ToAgent::Order(order));
                    }
                }
                Effect::Recall {
                    job,
                    step,
                    attempt,
                    on,
                } => self.tell_agent(on, ToAgent::Recall(key(job, step, attempt))),
                Effect::Timer { .. } => {}
            }
        }
    }

    /// The server that an order goes to: with one planted fault, another one.
    fn stray(&self, on: ServerId) -> ServerId {
        let watched = || {
            self.agents
                .values()
                .filter(|agent| agent.id.0.as_u128() > WATCHED)
        };
        match self.plant {
            Some(Plant::WatchedServerOrdered) => watched().next().map_or(on, |agent| agent.id),
            _ => on,
        }
    }

    fn order(&self, job: JobId, step: StepId, attempt: Attempt) -> Option<Order> {
        let found = self.manager.desk.engine().job(job)?;
        let planned = found.graph().step(step)?;
        let secrets = planned.step.secrets().into_iter();
        let secrets = secrets.map(|secret| (secret.0.clone(), vec![7; 128]));
        let key = key(job, step, attempt);
        let epoch = self.manager.life;
        Order::new(key, epoch, &planned.step, secrets.collect()).ok()
    }
}

/// Ids of servers that are only watched are above this.
pub const WATCHED: u128 = 1000;

fn key(job: JobId, step: StepId, attempt: Attempt) -> OrderKey {
    OrderKey {
        job: job.to_string(),
        step: step.0,
        attempt: attempt.0,
    }
}

fn parse(key: &OrderKey, outcome: Outcome) -> Option<(JobId, JobEvent)> {
    let job = JobId(Uuid::parse_str(&key.job).ok()?);
    let event = JobEvent::Ended {
        step: StepId(key.step),
        attempt: key.attempt(),
        outcome,
    };
    Some((job, event))
}

fn is_of(desk: &Desk, job: JobId, event: &JobEvent, server: ServerId) -> bool {
    let JobEvent::Ended { step, .. } = event else {
        return false;
    };
    let job = desk.engine().job(job);
    let planned = job.and_then(|job| job.graph().step(*step));
    planned.is_some_and(|planned| planned.on == server)
}
