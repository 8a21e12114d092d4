//! Plays a script: the real planner, the engine's desk, and real agents, one
//! order after the other, in a simulated world.

use crate::drill::agent::{Agent, Told, Trouble, order_of};
use crate::drill::scene::{self, Act, Reports};
use engine::{Desk, Limits};
use model::edit::Edit;
use model::graph::Planned;
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, JobEvent, JobState, Outcome};
use model::spec::{Goal, Spec};
use model::step::Class;
use sim::world::host::HostName;
use sim::world::layout::Layout;
use sim::world::{World, power};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use wire::order::{Order, OrderKey};

/// A server breaks in the middle of a step.
struct Break {
    host: HostName,
    kind: String,
    label: String,
}

/// Kinds of steps, as people say what goes on.
const DOINGS: &[(&str, &str)] = &[
    ("formatting", "target_formatted"),
    ("registering", "target_registered"),
    ("mounting", "target_mounted"),
    ("unmounting", "target_unmounted"),
    ("rebooting", "server_rebooted"),
];

pub struct Play {
    world: Arc<Mutex<World>>,
    agents: BTreeMap<ServerId, Agent>,
    names: BTreeMap<ServerId, HostName>,
    spec: Spec,
    desk: Desk,
    job: u128,
    breaks: Option<Break>,
    /// Orders whose server went down with them.
    cut_off: BTreeMap<ServerId, Vec<Order>>,
    /// What each agent reported last.
    last: Reports,
    said: String,
}

impl Play {
    /// Servers of a number, in pairs, with so many paths to each disk.
    pub fn new(n_servers: usize, paths: usize) -> Self {
        let layout = Layout {
            n_servers,
            paths,
            ..Layout::default()
        };
        let world = layout.build(1);
        let names = scene::ids(&world);
        let world = Arc::new(Mutex::new(world));
        let agents = names.iter();
        let agents = agents.map(|(id, name)| (*id, Agent::on(&world, name)));
        let mut desk = Desk::default();
        desk.set_limits(Limits::default());
        Self {
            agents: agents.collect(),
            world,
            names,
            spec: Spec::default(),
            desk,
            job: 0,
            breaks: None,
            cut_off: BTreeMap::new(),
            last: Reports::new(),
            said: String::new(),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn say(&mut self, line: impl AsRef<str>) {
        let _ = writeln!(self.said, "  {}", line.as_ref());
    }

    /// One command and the lines that belong to it; what is printed.
    pub fn command(&mut self, line: &str, document: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["spec"] => self.spec = serde_saphyr::from_str(document).unwrap(),
            ["adopt"] => self.adopt(),
            ["plan"] => self.plan(Vec::new()),
            ["apply"] => self.apply(Vec::new()),
            ["failover", target] => self.apply(vec![failover(target, None)]),
            ["failover", target, "to", host] => self.apply(vec![failover(target, Some(host))]),
            ["failback", target] => self.apply(vec![Goal::Failback {
                target: (*target).to_owned(),
            }]),
            ["reboot", server] => self.apply(vec![Goal::Reboot {
                server: (*server).to_owned(),
            }]),
            ["remove", server] => self.remove(server, false),
            ["remove", server, "off"] => self.remove(server, true),
            ["retry"] => self.retry(),
            ["wait", seconds] => self.wait(seconds.trim_end_matches('s').parse().unwrap()),
            ["break", host, "deaf"] => {
                scene::die(&mut self.world(), host);
            }
            ["break", host] => power::cut(&mut self.world(), &named(host), "crash"),
            ["break", host, "while", doing, label] => {
                let kind = DOINGS.iter().find(|(word, _)| word == doing);
                self.breaks = Some(Break {
                    host: named(host),
                    kind: kind.unwrap_or_else(|| panic!("{doing}?")).1.to_owned(),
                    label: (*label).to_owned(),
                });
            }
            ["unplug", host, disk] => {
                let mut world = self.world();
                let state = world.hosts.get_mut(&named(host)).unwrap();
                assert!(state.disks.contains_key(*disk), "{host} has no {disk}");
                state.lost.insert((*disk).to_owned());
            }
            ["mend", host] => self.mend(&named(host)),
            ["run", host, rest @ ..] => self.run(&named(host), rest),
            ["show", "targets"] => self.show_targets(),
            ["show", "pacemaker"] => self.show_pacemaker(),
            ["show", "clients"] => self.show_clients(),
            _ => panic!("what is {line:?}?"),
        }
        let world = self.world().clone();
        self.last.extend(scene::reports(&world));
        std::mem::take(&mut self.said)
    }

    fn wait(&mut self, seconds: u64) {
        let mut world = self.world();
        let to = world.now() + Duration::from_secs(seconds);
        world.advance(to);
        drop(world);
        self.drive();
    }

    fn act(&self, goals: Vec<Goal>) -> Act {
        Act {
            spec: self.spec.clone(),
            goals,
            dies: None,
        }
    }

    fn planned(&self, goals: Vec<Goal>) -> plan::Plan {
        let world = self.world().clone();
        scene::plan(&world, &self.last, &self.act(goals))
    }

    fn plan(&mut self, goals: Vec<Goal>) {
        let asked = {
            let world = self.world().clone();
            scene::asked(&world, &self.last, &self.act(goals))
        };
        self.troubles(&asked);
        for need in &asked.consent_needed {
            // The rest of it is a number that chance gives.
            let holds = need.signature.split(" uuid=").next().unwrap_or_default();
            self.say(format!(
                "needs consent: {} holds {holds}, for {}",
                need.device.0, need.target
            ));
        }
        for planned in &asked.graph.steps {
            self.say(self.line(planned));
        }
        if asked.is_settled() {
            self.say("nothing is to be done");
        }
    }

    fn line(&self, planned: &Planned) -> String {
        format!(
            "{}  {}",
            self.names[&planned.on],
            planned.step.facts().title
        )
    }

    fn troubles(&mut self, plan: &plan::Plan) {
        for finding in &plan.findings {
            let word = if finding.is_error { "wrong" } else { "note" };
            self.say(format!("{word}: {}: {}", finding.path, finding.reason));
        }
        for waiting in &plan.waiting {
            self.say(format!(
                "waits: {}: {} ({})",
                waiting.what, waiting.for_what, waiting.code
            ));
        }
    }

    fn apply(&mut self, goals: Vec<Goal>) {
        let plan = self.planned(goals);
        self.troubles(&plan);
        if plan.graph.is_empty() {
            self.say("nothing is to be done");
            return;
        }
        self.job += 1;
        let job = JobId(uuid::Uuid::from_u128(self.job));
        self.say(format!("job {}: {}", self.job, plan.graph.title));
        let submitted = JobEvent::Submitted {
            graph: Box::new(plan.graph),
            by: String::from("user:operator"),
            plan_hash: plan.hash,
            consents: Vec::new(),
        };
        let now_ms = self.now_ms();
        self.desk.ask(job, submitted, now_ms).unwrap();
        self.drive();
        self.ended(job);
    }

    /// A server leaves for good; `is_off` is the operator's word for it.
    fn remove(&mut self, server: &str, is_off: bool) {
        let edit = Edit::RemoveServers {
            servers: server.to_owned(),
            force: is_off,
        };
        let world = self.world().clone();
        let (spec, findings) = scene::seen(&world, &self.last, |seen| {
            plan::edit(&self.spec, &[edit], seen)
        });
        if let Some(first) = findings.first() {
            return self.say(&first.reason);
        }
        self.spec = spec;
        let goal = Goal::Remove {
            server: server.to_owned(),
            is_off,
        };
        let plan = self.planned(vec![goal.clone()]);
        for said in &plan.graph.said_off {
            self.say(format!(
                "by the operator's word {} is off",
                self.names[&said.server]
            ));
        }
        for id in &plan.graph.removes {
            self.say(format!("forgets {} at the end", self.names[id]));
        }
        self.apply(vec![goal]);
    }

    fn now_ms(&self) -> i64 {
        let world = self.world();
        sim::world::EPOCH_MS + i64::try_from(world.now().as_millis()).unwrap()
    }

    /// Says how a job stands.
    fn ended(&mut self, job: JobId) {
        let engine = self.desk.engine();
        let Some(known) = engine.job(job) else { return };
        let number = job.0.as_u128();
        let state = match known.state() {
            JobState::Done => String::from("done"),
            JobState::NeedsAttention => String::from("needs attention"),
            state => format!("{state:?}").to_lowercase(),
        };
        let is_here = |id: ServerId| self.desk.is_here(id);
        let name = |id: ServerId| self.names[&id].to_string();
        let why = engine.waits_for(job, is_here, name);
        self.say(format!("job {number}: {state}"));
        if let Some(why) = why {
            self.say(why);
        }
    }

    fn retry(&mut self) {
        let job = JobId(uuid::Uuid::from_u128(self.job));
        let event = JobEvent::RetryAsked {
            step: None,
            by: String::from("user:operator"),
        };
        let now_ms = self.now_ms();
        if let Err(refused) = self.desk.ask(job, event, now_ms) {
            self.say(format!("refused: {refused}"));
        }
        self.drive();
        self.ended(job);
    }

    /// Lets jobs go on until nothing more happens by itself.
    fn drive(&mut self) {
        for _ in 0..100_000 {
            self.arrivals();
            let now_ms = self.now_ms();
            self.desk.tick(now_ms);
            let (_, effects) = self.desk.take();
            let orders: Vec<_> = effects.iter().filter_map(ordered).collect();
            if orders.is_empty() && !self.next_timer() {
                return;
            }
            for (job, step, attempt, on) in orders {
                self.order(job, step, attempt, on);
            }
        }
        panic!("jobs go round and round");
    }

    /// Goes on to the next timer, if something waits for one that can help.
    fn next_timer(&mut self) -> bool {
        let engine = self.desk.engine();
        let retries = engine.jobs().any(|job| {
            let steps = job.graph().steps.iter();
            let mut states = steps.filter_map(|one| job.state_of(one.id));
            states.any(|state| state == model::job::StepState::Retrying)
        });
        let Some(due) = self.desk.next_timer_ms().filter(|_| retries) else {
            return false;
        };
        let wait = u64::try_from(due - self.now_ms()).unwrap_or(0);
        let mut world = self.world();
        let to = world.now() + Duration::from_millis(wait.max(1));
        world.advance(to);
        true
    }

    fn arrivals(&mut self) {
        let names = self.names.clone();
        for (id, name) in names {
            let is_up = self.world().hosts[&name].is_up;
            if !is_up {
                self.desk.leave(id);
            } else if !self.desk.is_here(id) {
                for order in self.cut_off.remove(&id).unwrap_or_default() {
                    let outcome = self.agents.get_mut(&id).unwrap().answer_again(&order);
                    self.take(&order, outcome);
                }
                self.desk.arrive(id);
            }
        }
    }

    fn order(&mut self, job: JobId, step: model::graph::StepId, attempt: Attempt, on: ServerId) {
        if !self.world().hosts[&self.names[&on]].is_up {
            return;
        }
        let known = self.desk.engine().job(job).unwrap();
        let planned = known.graph().step(step).unwrap().clone();
        let key = OrderKey {
            job: job.0.to_string(),
            step: step.0,
            attempt: attempt.0,
        };
        let order = order_of(key, &planned.step);
        let trouble = self.trouble(&planned);
        match self.agents.get_mut(&on).unwrap().order(&order, trouble) {
            Told::Ended(outcome, ..) => self.take(&order, outcome),
            Told::Silent => {
                let line = self.line(&planned);
                self.say(format!("silent  {line}"));
                self.desk.leave(on);
                self.cut_off.entry(on).or_default().push(order);
            }
            // It has ended, and was answered.
            Told::Answered(_) => {}
        }
    }

    /// Whether the server is to break now: at the first thing that writes.
    fn trouble(&mut self, planned: &Planned) -> Option<(Trouble, usize)> {
        let wanted = self.breaks.as_ref()?;
        let title = planned.step.facts().title;
        let is_it = wanted.host == self.names[&planned.on]
            && wanted.kind == planned.step.kind()
            && title.contains(&wanted.label);
        if !is_it {
            return None;
        }
        self.breaks = None;
        let actions = planned.step.actions();
        let at = actions
            .iter()
            .position(|action| action.class() == Class::DiskWriting);
        Some((Trouble::Crashes, at.unwrap_or(0)))
    }

    fn take(&mut self, order: &Order, outcome: Outcome) {
        let job = JobId(order.key.job.parse().unwrap());
        let step = model::graph::StepId(order.key.step);
        let known = self.desk.engine().job(job).unwrap();
        let line = self.line(known.graph().step(step).unwrap());
        match &outcome {
            Outcome::Done { .. } => self.say(format!("done    {line}")),
            Outcome::Failed(failure) => {
                self.say(format!("failed  {line}"));
                self.say(format!(
                    "        {}: {}",
                    failure.code,
                    first_line(&failure.text)
                ));
            }
            Outcome::Cancelled => self.say(format!("ended   {line}")),
        }
        let event = JobEvent::Ended {
            step,
            attempt: Attempt(order.key.attempt),
            outcome,
        };
        let now_ms = self.now_ms();
        self.desk.ask(job, event, now_ms).unwrap();
    }

    /// A server is turned on, and boots.
    fn mend(&mut self, host: &HostName) {
        power::on(&mut self.world(), host);
        while !self.world().hosts[host].is_up {
            let mut world = self.world();
            let to = world.now() + Duration::from_secs(1);
            world.advance(to);
        }
        self.drive();
        if self.job > 0 {
            self.ended(JobId(uuid::Uuid::from_u128(self.job)));
        }
    }

    /// An admin's command, by hand.
    fn run(&mut self, host: &HostName, words: &[&str]) {
        let argv: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let id = self.world().begin(host, &argv).unwrap();
        for _ in 0..1000 {
            let output = self.world().fetch(id);
            if let Some(output) = output {
                let output = output.unwrap();
                let text = [output.stdout, output.stderr].concat();
                for line in String::from_utf8_lossy(&text).lines() {
                    self.say(line);
                }
                return;
            }
            let mut world = self.world();
            let to = world.now() + Duration::from_secs(1);
            world.advance(to);
        }
        panic!("{words:?} does not end");
    }

    /// The spec that is there already becomes the one that is wanted.
    fn adopt(&mut self) {
        let spec = scene::seen(&self.world().clone(), &self.last, plan::export);
        let text = serde_saphyr::to_string(&spec).unwrap();
        self.spec = spec;
        for line in text.lines() {
            self.say(line);
        }
    }

    fn show_targets(&mut self) {
        let lines = scene::seen(&self.world().clone(), &self.last, |seen| {
            let targets = seen.inventory.targets.values();
            let lines = targets.map(|target| {
                let on = target.mounted_on.iter().map(|id| seen.name(*id));
                let on: Vec<String> = on.collect();
                format!("{}  {:?}  {}", target.label, target.state, on.join(" "))
            });
            lines.collect::<Vec<_>>()
        });
        for line in lines {
            self.say(line.trim_end());
        }
    }

    fn show_pacemaker(&mut self) {
        let lines = scene::seen(&self.world().clone(), &self.last, |seen| {
            let mut lines = Vec::new();
            for cluster in seen.inventory.ha_clusters.values() {
                if cluster.manager != "pacemaker" {
                    continue;
                }
                let nodes = cluster.nodes.iter();
                let nodes = nodes.map(|node| format!("{} {:?}", node.name, node.state));
                lines.push(format!(
                    "{}: {}",
                    cluster.name,
                    nodes.collect::<Vec<_>>().join(", ")
                ));
                for one in &cluster.resources {
                    lines.push(format!(
                        "  {}  {}  {}",
                        one.id,
                        one.role,
                        one.nodes.join(" ")
                    ));
                }
                for event in &cluster.fence_history {
                    lines.push(format!("  fenced {}: {}", event.target, event.status));
                }
            }
            lines
        });
        for line in lines {
            self.say(line.trim_end());
        }
    }

    fn show_clients(&mut self) {
        let lines: Vec<String> = {
            let world = self.world();
            let clients = world.lustre.clients.iter();
            let lines = clients.map(|((host, at), one)| format!("{host}  {at}  {}", one.fs));
            lines.collect()
        };
        for line in lines {
            self.say(line);
        }
    }
}

fn ordered(effect: &Effect) -> Option<(JobId, model::graph::StepId, Attempt, ServerId)> {
    match effect {
        Effect::Order {
            job,
            step,
            attempt,
            on,
        } => Some((*job, *step, *attempt, *on)),
        Effect::Recall { .. } | Effect::Timer { .. } => None,
    }
}

fn failover(target: &str, to: Option<&str>) -> Goal {
    Goal::Failover {
        target: target.to_owned(),
        to: to.map(str::to_owned),
    }
}

fn named(name: &str) -> HostName {
    HostName(name.to_owned())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
