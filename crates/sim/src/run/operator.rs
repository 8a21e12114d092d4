//! The operator of a run: edits the spec, has it planned, says yes to what was
//! meant, and looks after what failed. A person: nothing here decides about
//! storage.

use super::scenario::{Town, Wish};
use super::{Plant, Run, check};
use crate::run::post::Event;
use crate::world::layout::Layout;
use model::graph::{BLANK, Consent};
use model::ids::JobId;
use model::job::{JobEvent, JobState};
use model::spec::{
    BackEnd, FORM, Fencing, FsSpec, FsWanted, Goal, HaGroup, HaManager, MgsSpec, NetworkSpec,
    PoolSpec, ServerSpec, ServerWanted, Spec, TargetsSpec,
};
use plan::ConsentNeeded;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// Between two looks.
const LOOKS_EVERY: Duration = Duration::from_secs(5);
/// How long it looks at a failed job before it does something.
const THINKS: Duration = Duration::from_secs(20);
/// After so long without a record a job is cancelled.
const LOSES_PATIENCE: Duration = Duration::from_mins(40);
/// How often a goal is planned before it is given up.
const GOAL_TRIES: u32 = 12;
/// Jobs that an operator in haste has at once.
const AT_ONCE: usize = 2;
/// Names of file systems.
const NAMES: [&str; 4] = ["scratch", "home", "work", "data"];

/// The operator.
pub struct Operator {
    /// What should be.
    pub spec: Spec,
    wishes_done: usize,
    goal: Option<(Goal, u32)>,
    consents: Vec<Consent>,
    /// File systems that may be lost.
    given_up: BTreeSet<String>,
    n_jobs: u128,
    /// Wishes that a plan was made for.
    wishes_planned: usize,
    /// The next job is asked for twice.
    is_twice: bool,
    /// Since when a job needs attention, and how often it had some.
    attention: BTreeMap<JobId, (Duration, u32)>,
    last: (usize, Duration),
    /// Free devices of each group.
    free: Vec<Vec<String>>,
    /// What was known at the last plan, and when that was.
    planned: (u64, Duration),
    /// What the last plan waited for.
    waits: Vec<String>,
}

impl Operator {
    /// Of a town, with nothing but servers in the spec.
    pub fn new(town: &Town, layout: &Layout) -> Self {
        let names: Vec<String> = layout.names().iter().map(|name| name.0.clone()).collect();
        let names = &names[..town.n_managed];
        let groups = names.chunks(town.per_group).enumerate();
        let mut spec = Spec {
            candela: FORM,
            servers: names
                .iter()
                .map(|name| ServerSpec {
                    names: name.clone(),
                    state: ServerWanted::InService,
                })
                .collect(),
            networks: vec![NetworkSpec {
                net: String::from("tcp"),
                interfaces: vec![String::from("eth0")],
                servers: None,
            }],
            ..Spec::default()
        };
        let mut free = Vec::new();
        for (number, members) in groups {
            if town.per_group > 1 {
                spec.ha_groups
                    .push(group(number, members, town.is_pacemaker));
            }
            let disks = (0..town.disks_per_server * members.len()).rev();
            let ids = disks.map(|n| format!("wwn:0x5000c500{:08x}", number * 0x1000 + n + 1));
            free.push(ids.collect());
        }
        Self {
            spec,
            wishes_done: 0,
            goal: None,
            consents: Vec::new(),
            given_up: BTreeSet::new(),
            n_jobs: 0,
            wishes_planned: 0,
            is_twice: false,
            attention: BTreeMap::new(),
            last: (usize::MAX, Duration::ZERO),
            free,
            planned: (0, Duration::ZERO),
            waits: Vec::new(),
        }
    }

    /// Takes devices out of those that are free, the fullest group first.
    fn devices(
        &mut self,
        n: usize,
        first_group: bool,
        is_bad: &dyn Fn(&str) -> bool,
    ) -> Vec<String> {
        let mut taken = Vec::new();
        let from = usize::from(!first_group && self.free.len() > 1);
        for round in 0..n {
            let groups = self.free.len() - from;
            let group = if first_group {
                0
            } else {
                from + round % groups
            };
            let free = &mut self.free[group];
            if let Some(place) = free.iter().rposition(|id| !is_bad(id)) {
                taken.push(free.remove(place));
            }
        }
        taken
    }

    fn fs(&mut self, number: usize) -> Option<&mut FsSpec> {
        let n = self.spec.filesystems.len();
        self.spec.filesystems.get_mut(number % n.max(1))
    }

    fn set_server(&mut self, number: usize, state: ServerWanted) {
        let n = self.spec.servers.len();
        if let Some(server) = self.spec.servers.get_mut(number % n.max(1)) {
            server.state = state;
        }
    }

    /// Drains a server, where another of its group stays in service.
    fn drain(&mut self, number: usize) {
        let n = self.spec.servers.len();
        let name = self.spec.servers[number % n.max(1)].names.clone();
        let serves = |name: &str| {
            let mut all = self.spec.servers.iter();
            all.any(|one| one.names == name && one.state == ServerWanted::InService)
        };
        let mut groups = self.spec.ha_groups.iter();
        let group = groups.find(|group| group.servers.split(',').any(|one| one == name));
        let mut others = group.iter().flat_map(|group| group.servers.split(','));
        if others.any(|other| other != name && serves(other)) {
            self.set_server(number, ServerWanted::Drained);
        }
    }

    /// Says yes to what was meant: blank devices, and what is to go.
    fn agrees(&self, needed: &ConsentNeeded) -> bool {
        let fs = self.spec.filesystems.iter().find(|fs| {
            let name = fs.name.as_str();
            needed.target.starts_with(name) || needed.device.0.contains(name)
        });
        let fs = fs.map(|fs| fs.name.to_string());
        let is_going = fs.as_ref().is_some_and(|fs| self.given_up.contains(fs));
        let is_own = fs.is_some_and(|fs| needed.signature.contains(&fs));
        needed.signature == BLANK
            || is_going
            || is_own
            || !self.given_up.is_empty() && needed.target.contains("MGS")
    }
}

fn group(number: usize, members: &[String], is_pacemaker: bool) -> HaGroup {
    let bmc = |(place, name): (usize, &String)| {
        let ip = format!("10.1.{number}.{}", place + 1);
        (name.clone(), BTreeMap::from([(String::from("ip"), ip)]))
    };
    let fencing = Fencing {
        agent: String::from("fence_ipmilan"),
        parameters: [("username", "admin"), ("lanplus", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        servers: members.iter().enumerate().map(bmc).collect(),
        secrets: [(String::from("password"), String::from("bmc"))].into(),
    };
    HaGroup {
        name: format!("g{number}"),
        servers: members.join(","),
        manager: if is_pacemaker {
            HaManager::Pacemaker
        } else {
            HaManager::None
        },
        links: Vec::new(),
        fencing: is_pacemaker.then_some(fencing),
    }
}

fn targets(devices: Vec<String>, zfs: bool) -> TargetsSpec {
    TargetsSpec {
        zpool: zfs.then(|| PoolSpec {
            layout: None,
            n_devices: 1,
            options: Vec::new(),
        }),
        devices,
        ..TargetsSpec::default()
    }
}

impl Run {
    /// The operator looks at the manager, and does what is to be done.
    pub(super) fn operator_looks(&mut self) {
        let at = self.now() + LOOKS_EVERY;
        self.post.add(at, Event::OperatorLooks);
        if !self.manager.is_up {
            return;
        }
        self.forge();
        self.take_wishes();
        let jobs = self.manager.desk.engine().jobs();
        let open = jobs.filter(|job| !job.state().is_final());
        let open: Vec<(JobId, JobState)> = open.map(|job| (job.id(), job.state())).collect();
        let is_open = |id: &JobId| open.iter().any(|(one, _)| one == id);
        self.operator.attention.retain(|id, _| is_open(id));
        for (id, state) in &open {
            self.look_after(*id, *state);
        }
        let is_new = self.operator.wishes_planned != self.operator.wishes_done;
        if !open.is_empty() {
            if self.scenario.is_hasty && is_new && open.len() < AT_ONCE {
                self.plan_and_submit();
            }
            return;
        }
        let known = self.tally.reports + self.tally.records + self.n_links + self.manager.life;
        let known = known + u64::try_from(self.operator.wishes_done).unwrap_or(0);
        let now = self.now();
        let (last, at) = self.operator.planned;
        if known != last || now.saturating_sub(at) >= Duration::from_mins(1) {
            self.operator.planned = (known, now);
            self.plan_and_submit();
        }
    }

    /// With one planted fault, the manager believes that silent servers have
    /// nothing mounted.
    fn forge(&mut self) {
        if self.plant != Some(Plant::MountWithoutFence) {
            return;
        }
        let silent: Vec<_> = self
            .agents
            .values()
            .filter(|agent| agent.is_managed && !self.manager.desk.is_here(agent.id))
            .map(|agent| agent.id)
            .collect();
        for id in silent {
            self.manager.forget(id);
        }
    }

    /// A job that has not ended: what failed is tried again, then given up.
    fn look_after(&mut self, id: JobId, state: JobState) {
        let now = self.now();
        let n_records = self.manager.disk.journal.len();
        let (since, tries) = *self.operator.attention.entry(id).or_insert((now, 0));
        let by = || String::from("user:operator");
        if state == JobState::NeedsAttention {
            if now.saturating_sub(since) < THINKS {
                return;
            }
            self.operator.attention.insert(id, (now, tries + 1));
            let event = if tries % 4 < 2 {
                JobEvent::RetryAsked {
                    step: None,
                    by: by(),
                }
            } else {
                JobEvent::CancelAsked { by: by() }
            };
            self.note(|| format!("operator: job needs attention, {event:?}"));
            // Refused where it is cancelled already: then the rest is tried again.
            if self.ask(id, event).is_err() {
                let event = JobEvent::RetryAsked {
                    step: None,
                    by: by(),
                };
                let _ = self.ask(id, event);
            }
            return;
        }
        if self.operator.last.0 != n_records {
            self.operator.last = (n_records, now);
            self.operator.attention.insert(id, (now, tries));
        } else if now.saturating_sub(self.operator.last.1) > LOSES_PATIENCE
            && state == JobState::Running
        {
            let _ = self.ask(id, JobEvent::CancelAsked { by: by() });
        }
    }

    /// Wishes whose time has come.
    fn take_wishes(&mut self) {
        let now_s = self.now().as_secs();
        let is_free = self.operator.goal.is_none();
        let next = self.scenario.wishes.get(self.operator.wishes_done).cloned();
        let Some(wanted) = next.filter(|one| u64::from(one.at) <= now_s && is_free) else {
            return;
        };
        self.operator.wishes_done += 1;
        self.note(|| format!("WISH {:?}", wanted.wish));
        if wanted.wish == Wish::Cancel {
            let jobs = self.manager.desk.engine().jobs();
            let open = jobs
                .filter(|job| !job.state().is_final())
                .map(engine::Job::id);
            let by = String::from("user:operator");
            if let Some(job) = open.collect::<Vec<_>>().first() {
                let _ = self.ask(*job, JobEvent::CancelAsked { by });
            }
            return;
        }
        if wanted.wish == Wish::Twice {
            self.operator.is_twice = true;
            return;
        }
        let before = self.operator.spec.clone();
        self.wish(&wanted.wish);
        let (now, goal) = (self.now(), self.operator.goal.clone());
        let goals: Vec<Goal> = goal.into_iter().map(|(goal, _)| goal).collect();
        let plan = self.manager.plan(now, &self.operator.spec, &goals, &[]);
        if plan.has_errors() {
            self.note(|| format!("operator: takes it back: {:?}", plan.findings));
            self.operator.spec = before;
            self.operator.goal = None;
            self.refused(&plan.findings);
        }
    }

    /// A plan that breaks its own checks is a fault of the planner.
    fn refused(&mut self, findings: &[model::spec::Finding]) {
        let own = findings
            .iter()
            .find(|one| one.remedy.contains("fault of Candela"));
        if let Some(own) = own {
            let text = format!("the planner's graph breaks its checks: {}", own.reason);
            self.fail("plan", text);
        }
    }

    fn wish(&mut self, wish: &Wish) {
        match wish {
            Wish::Create {
                zfs,
                own_mgs,
                n_mdts,
                n_osts,
            } => self.create((*zfs, *own_mgs), *n_mdts, *n_osts),
            Wish::Grow { fs, n_osts } => {
                let devices = self.pick(*n_osts, false);
                if let Some(fs) = self.operator.fs(*fs)
                    && !devices.is_empty()
                {
                    let more = targets(devices, fs.back_end == BackEnd::Zfs);
                    fs.osts.push(more);
                }
            }
            Wish::Stop { fs } => self.set_fs(*fs, FsWanted::Stopped),
            Wish::Start { fs } => self.set_fs(*fs, FsWanted::Mounted),
            Wish::Remove { fs } => self.set_fs(*fs, FsWanted::Absent),
            Wish::Drain { server } => self.operator.drain(*server),
            Wish::Return { server } => self.operator.set_server(*server, ServerWanted::InService),
            Wish::Failover { target } => {
                let target = self.known_target(*target);
                self.operator.goal =
                    target.map(|target| (Goal::Failover { target, to: None }, GOAL_TRIES));
            }
            Wish::Failback { target } => {
                let target = self.known_target(*target);
                self.operator.goal = target.map(|target| (Goal::Failback { target }, GOAL_TRIES));
            }
            Wish::Reboot { server } => {
                let n = self.operator.spec.servers.len();
                let server = self.operator.spec.servers[server % n].names.clone();
                self.operator.goal = Some((Goal::Reboot { server }, GOAL_TRIES));
            }
            Wish::Cancel | Wish::Twice => {}
        }
    }

    fn set_fs(&mut self, number: usize, state: FsWanted) {
        let shares = self
            .operator
            .spec
            .filesystems
            .iter()
            .any(|fs| matches!(fs.mgs, MgsSpec::Of(_)) && fs.state != FsWanted::Absent);
        let Some(fs) = self.operator.fs(number) else {
            return;
        };
        // A file system that is gone does not come back under this spec.
        let is_gone = fs.state == FsWanted::Absent;
        let has_others = shares && !matches!(fs.mgs, MgsSpec::Of(_));
        if is_gone || has_others && state == FsWanted::Absent {
            return;
        }
        fs.state = state;
        let name = fs.name.to_string();
        if state == FsWanted::Absent {
            self.operator.given_up.insert(name);
        }
    }

    fn known_target(&self, number: usize) -> Option<String> {
        let targets = self.manager.inventory().targets.values();
        let labels: Vec<String> = targets.map(|target| target.label.to_string()).collect();
        labels.get(number % labels.len().max(1)).cloned()
    }

    /// Devices, of those that hold nothing; with one planted fault, of those
    /// that do.
    fn pick(&mut self, n: usize, first_group: bool) -> Vec<String> {
        let world = self.world.lock();
        let world = world.unwrap_or_else(std::sync::PoisonError::into_inner);
        let wants_taken = self.plant == Some(Plant::FormatWithoutConsent);
        let is_bad = |id: &str| {
            let id = crate::world::disk::DiskId(id.trim_start_matches("wwn:0x").to_owned());
            let content = world.disks.get(&id).map(|disk| disk.content.signature());
            !wants_taken && content.is_none_or(|content| content != BLANK)
        };
        self.operator.devices(n, first_group, &is_bad)
    }

    fn create(&mut self, (zfs, own_mgs): (bool, bool), n_mdts: usize, n_osts: usize) {
        let n = self.operator.spec.filesystems.len();
        let Some(name) = NAMES.get(n) else { return };
        let other = self.operator.spec.filesystems.iter();
        let mut other = other.filter(|fs| !matches!(fs.mgs, MgsSpec::Of(_)));
        let other = other.next().map(|fs| fs.name.to_string());
        let mgs = match other {
            Some(other) => MgsSpec::Of(other),
            None if own_mgs => {
                let devices = self.pick(1, true);
                MgsSpec::Own(Box::new(targets(devices, zfs)))
            }
            None => MgsSpec::OnMdt0,
        };
        let mdts = self.pick(n_mdts, true);
        let osts = self.pick(n_osts, false);
        if mdts.is_empty() || osts.is_empty() {
            return;
        }
        self.operator.spec.filesystems.push(FsSpec {
            name: name.parse().expect("a name of this list"),
            state: FsWanted::Mounted,
            back_end: if zfs { BackEnd::Zfs } else { BackEnd::Ldiskfs },
            mgs,
            mdts: vec![targets(mdts, zfs)],
            osts: vec![targets(osts, zfs)],
        });
    }

    fn plan_and_submit(&mut self) {
        let now = self.now();
        self.operator.wishes_planned = self.operator.wishes_done;
        let goals: Vec<Goal> = self
            .operator
            .goal
            .iter()
            .map(|(goal, _)| goal.clone())
            .collect();
        let consents = self.operator.consents.clone();
        let mut plan = self
            .manager
            .plan(now, &self.operator.spec, &goals, &consents);
        self.refused(&plan.findings);
        if !plan.consent_needed.is_empty() {
            self.consent(&plan.consent_needed);
            let consents = self.operator.consents.clone();
            plan = self
                .manager
                .plan(now, &self.operator.spec, &goals, &consents);
        }
        if let Some((_, tries)) = &mut self.operator.goal {
            *tries -= 1;
            if *tries == 0 || plan.has_errors() {
                self.operator.goal = None;
            }
        }
        self.operator.waits = plan
            .waiting
            .iter()
            .map(|one| format!("{}: {}", one.what, one.for_what))
            .chain(
                plan.findings
                    .iter()
                    .map(|one| format!("{}: {}", one.path, one.reason)),
            )
            .collect();
        let is_over = |code: &str| check::rest::may_wait(&self.operator.spec, code);
        if plan.graph.is_empty()
            && !plan.has_errors()
            && plan.waiting.iter().all(|one| is_over(&one.code))
        {
            return self.at_rest();
        }
        if plan.graph.is_empty() || !plan.is_ready() {
            if self.is_calm && plan.waiting.iter().any(|one| one.code == "ha-not-ours") {
                self.unmount_what_was_mounted_by_hand();
            }
            return;
        }
        if std::mem::take(&mut self.operator.is_twice) {
            self.submit(plan.clone());
        }
        self.submit(plan);
    }

    fn submit(&mut self, plan: plan::Plan) {
        self.operator.n_jobs += 1;
        let job = JobId(Uuid::from_u128(0x00f0_0000 + self.operator.n_jobs));
        let n_steps = plan.graph.steps.len();
        self.note(|| format!("operator: submits {} ({n_steps} steps)", plan.graph.title));
        let submitted = JobEvent::Submitted {
            graph: Box::new(plan.graph),
            by: String::from("user:operator"),
            plan_hash: plan.hash,
            consents: self.operator.consents.clone(),
        };
        if matches!(self.ask(job, submitted), Ok(true)) {
            self.tally.jobs += 1;
            self.operator.goal = None;
        }
    }

    fn consent(&mut self, needed: &[ConsentNeeded]) {
        let is_forged = self.plant == Some(Plant::FormatWithoutConsent);
        let at_ms = self.manager.clock_ms(self.now());
        for one in needed {
            let is_meant = self.operator.agrees(one);
            if !is_meant && !is_forged {
                self.note(|| format!("operator: does not agree to lose {one:?}"));
                continue;
            }
            let consent = Consent {
                device: one.device.clone(),
                signature: one.signature.clone(),
                by: String::from("operator"),
                at_ms,
            };
            if is_meant {
                self.checks.consented(&consent);
            }
            self.operator.consents.push(consent);
        }
    }

    /// Nothing is left to be done, as the planner sees it. Once faults have
    /// stopped, it must be so.
    fn at_rest(&mut self) {
        let jobs = &mut self.manager.desk.engine().jobs();
        let is_done = self.operator.wishes_done == self.scenario.wishes.len()
            && jobs.all(|job| job.state().is_final());
        if !self.is_calm || !is_done || self.operator.goal.is_some() {
            return;
        }
        let differences = check::rest::differences(&self.world(), &self.operator.spec);
        self.is_at_rest = differences.is_empty();
    }

    /// Faults stopped long ago, and it is still not as it should be.
    pub(super) fn never_at_rest(&mut self) {
        let differences = check::rest::differences(&self.world(), &self.operator.spec);
        let engine = self.manager.desk.engine();
        let jobs = engine.jobs().filter(|job| !job.state().is_final());
        let jobs: Vec<String> = jobs
            .map(|job| {
                let failed: Vec<String> = job
                    .graph()
                    .steps
                    .iter()
                    .filter_map(|step| {
                        let failure = job.failure_of(step.id)?;
                        Some(format!("{}: {}", step.step.facts().title, failure.text))
                    })
                    .collect();
                format!("job {:?} {failed:?}", job.state())
            })
            .collect();
        let waits = self.operator.waits.join("; ");
        let text = format!(
            "after faults stopped it never came to rest: {}; open: {}; waits: {waits}",
            differences.join("; "),
            jobs.join("; ")
        );
        self.fail("converge", text);
    }
}
