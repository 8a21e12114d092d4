//! Drives jobs: the one task that owns the engine. It records, waits until
//! that is on disk, and only then hands orders to agents.

mod leaving;
mod lookers;
mod told;

use crate::secrets::SecretError;
use crate::state::Manager;
use engine::{Desk, Limits, Refused};
use lookers::lookers;
use model::graph::StepId;
use model::ids::{JobId, ServerId};
use model::job::{Attempt, Effect, Failure, JobEvent, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use store::job::Line;
use store::{Store, StoreError};
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};
use tokio::time::sleep;
use told::Told;
use uuid::Uuid;
use wire::ToAgent;
use wire::order::{ConsoleLine, Ended, Order, OrderKey};

/// Asks that may wait.
pub(crate) const ASKS_WAITING_MAX: usize = 1024;
/// Asks taken at a time, which share one commit.
const BATCH_MAX: usize = 256;
/// Messages that may wait for one agent.
pub(crate) const OUT_MAX: usize = 512;
/// Lines of one step's console that are kept for each attempt.
pub(crate) const CONSOLE_LINES_MAX: u32 = 10_000;
/// Longest sleep between two looks at what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the task is asked to do.
pub(crate) enum Ask {
    /// Something a person wants.
    Job {
        job: JobId,
        event: JobEvent,
        answer: oneshot::Sender<Result<(), AskError>>,
    },
    /// How much may run at once is another.
    Limits(Limits),
    /// An agent is here, whose server is managed.
    Arrive {
        server: ServerId,
        link: u64,
        out: mpsc::Sender<ToAgent>,
    },
    /// It is gone.
    Leave { server: ServerId, link: u64 },
    /// An order ended.
    Ended { server: ServerId, ended: Ended },
}

/// Why an ask was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AskError {
    /// It makes no sense now.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be recorded, so it did not happen.
    #[error("the journal could not be written: {0}")]
    Journal(String),
    /// The manager is stopping.
    #[error("the manager is stopping")]
    Stopping,
}

/// The handle of the others.
pub(crate) struct Jobs {
    desk: RwLock<Desk>,
    asks: mpsc::Sender<Ask>,
    turn: Mutex<()>,
}

impl Jobs {
    /// With the jobs of the journal.
    pub async fn resume(store: &Store) -> Result<(Self, mpsc::Receiver<Ask>), StoreError> {
        let (asks, inbox) = mpsc::channel(ASKS_WAITING_MAX);
        let desk = RwLock::new(fold(store).await?);
        let turn = Mutex::new(());
        Ok((Self { desk, asks, turn }, inbox))
    }

    /// The jobs as they stand. Not to be held across an `.await`.
    pub fn desk(&self) -> RwLockReadGuard<'_, Desk> {
        self.desk
            .read()
            .expect("the jobs task does not panic with the desk in hand")
    }

    /// The same, to be changed by the task alone.
    fn desk_mut(&self) -> RwLockWriteGuard<'_, Desk> {
        self.desk
            .write()
            .expect("only this task writes, and it has not panicked")
    }

    /// Whoever submits a job holds this from planning until it is durable.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Sets how much may run at once.
    pub async fn set_limits(&self, limits: Limits) {
        self.tell(Ask::Limits(limits)).await;
    }

    /// Asks for something, and waits until it is durable.
    pub async fn ask(&self, job: JobId, event: JobEvent) -> Result<(), AskError> {
        let (answer, answered) = oneshot::channel();
        self.tell(Ask::Job { job, event, answer }).await;
        answered.await.map_err(|_| AskError::Stopping)?
    }

    /// Tells the task something; one that has ended needs no telling.
    pub async fn tell(&self, ask: Ask) {
        let _ = self.asks.send(ask).await;
    }
}

async fn fold(store: &Store) -> Result<Desk, StoreError> {
    let (mut after, mut journal) = (0, Vec::new());
    loop {
        let (last, records) = store.job_records(after).await?;
        if records.is_empty() {
            return Ok(Desk::resume(&journal));
        }
        journal.extend(records);
        after = last;
    }
}

/// The next epoch: agents take no orders of an earlier one any more.
pub(crate) async fn next_epoch(store: &Store) -> Result<u64, StoreError> {
    let last = store.setting("epoch").await?;
    let next = last.and_then(|text| text.parse().ok()).unwrap_or(0_u64) + 1;
    store.put_setting("epoch", next.to_string()).await?;
    Ok(next)
}

/// The task's own state.
pub(crate) struct Driver {
    manager: Arc<Manager>,
    epoch: u64,
    outs: BTreeMap<ServerId, (u64, mpsc::Sender<ToAgent>)>,
    limits: Limits,
    told: Told,
}

/// What is answered once the records are on disk.
enum Answer {
    Asked(oneshot::Sender<Result<(), AskError>>, Result<(), AskError>),
    Ended(ServerId, OrderKey),
}

impl Driver {
    pub fn new(manager: Arc<Manager>, epoch: u64) -> Self {
        Self {
            manager,
            epoch,
            outs: BTreeMap::new(),
            limits: Limits::default(),
            told: Told::default(),
        }
    }

    pub async fn run(mut self, mut inbox: mpsc::Receiver<Ask>) {
        let shutdown = self.manager.tasks.shutdown().clone();
        let mut batch = vec![Ask::Limits(self.manager.limits().await)];
        {
            let desk = self.manager.jobs.desk();
            self.told.begin(&desk);
            let all = desk.engine().jobs().map(engine::Job::id);
            self.manager.let_leave(&desk, all);
        }
        loop {
            let wait = self.wait();
            tokio::select! {
                n = inbox.recv_many(&mut batch, BATCH_MAX) => if n == 0 { return },
                () = sleep(wait) => {}
                () = shutdown.wait() => return,
            }
            self.turn(&mut batch).await;
        }
    }

    /// How long nothing is due.
    fn wait(&self) -> Duration {
        let now_ms = self.manager.now().as_millisecond();
        let next = self.manager.jobs.desk().next_timer_ms();
        let left = next.map_or(i64::MAX, |at_ms| at_ms.saturating_sub(now_ms));
        Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(LOOK_EVERY)
    }

    async fn turn(&mut self, batch: &mut Vec<Ask>) {
        let now_ms = self.manager.now().as_millisecond();
        let manager = Arc::clone(&self.manager);
        let (mut answers, records, effects);
        {
            let mut desk = manager.jobs.desk_mut();
            answers = Vec::new();
            for ask in batch.drain(..) {
                answers.extend(self.take(&mut desk, ask, now_ms));
            }
            desk.tick(now_ms);
            (records, effects) = desk.take();
        }
        let n_records = records.len();
        let touched: BTreeSet<JobId> = records.iter().map(|record| record.job).collect();
        if n_records > 0
            && let Err(error) = manager.store.append_jobs(records).await
        {
            let why = stdx::chain::chain(&error);
            tracing::error!(error = why, "The journal of jobs could not be written.");
            for answer in answers {
                if let Answer::Asked(asker, _) = answer {
                    let _ = asker.send(Err(AskError::Journal(why.clone())));
                }
            }
            return self.start_over().await;
        }
        for answer in answers {
            match answer {
                Answer::Asked(asker, result) => {
                    // An asker that is gone needs no answer.
                    let _ = asker.send(result);
                }
                Answer::Ended(server, key) => self.send(server, ToAgent::AckEnded { key }),
            }
        }
        for effect in effects {
            self.perform(effect).await;
        }
        if n_records > 0 {
            manager.touch(&["jobs"]);
        }
        self.tell(touched, now_ms).await;
    }

    /// Notes what became of jobs, and puts old ones away.
    async fn tell(&mut self, touched: BTreeSet<JobId>, now_ms: i64) {
        let manager = Arc::clone(&self.manager);
        let has_news = !touched.is_empty();
        let (notes, lookers) = {
            let desk = manager.jobs.desk();
            manager.let_leave(&desk, touched.iter().copied());
            let world = manager.world();
            let lookers = lookers(&desk, world.inventory(), touched.iter().copied());
            drop(world);
            let mut notes = self.told.turned(&desk, touched.into_iter());
            let name = |server| {
                manager
                    .name_of(server)
                    .unwrap_or_else(|| server.to_string())
            };
            notes.extend(self.told.waiting(&desk, name, now_ms));
            (notes, lookers)
        };
        for server in lookers {
            self.send(server, ToAgent::Look);
        }
        let is_over = notes.iter().any(|note| note.kind == "job.ended");
        manager.tell(notes).await;
        if has_news && is_over {
            manager.put_away(&mut self.told).await;
        }
    }

    fn take(&mut self, desk: &mut Desk, ask: Ask, now_ms: i64) -> Option<Answer> {
        match ask {
            Ask::Job { job, event, answer } => {
                let result = desk.ask(job, event, now_ms).map_err(AskError::from);
                Some(Answer::Asked(answer, result))
            }
            Ask::Arrive { server, link, out } => {
                self.outs.insert(server, (link, out));
                desk.arrive(server);
                None
            }
            Ask::Limits(limits) => {
                self.limits = limits.clone();
                desk.set_limits(limits);
                None
            }
            Ask::Leave { server, link } => {
                if self.outs.get(&server).is_some_and(|(now, _)| *now == link) {
                    self.outs.remove(&server);
                    desk.leave(server);
                }
                None
            }
            Ask::Ended { server, ended } => {
                let event = parse(&ended);
                if let Some((job, event)) = event
                    && is_of(desk, job, &event, server)
                {
                    // One that the engine does not want any more is old news,
                    // and is acknowledged all the same.
                    let _ = desk.ask(job, event, now_ms);
                }
                Some(Answer::Ended(server, ended.key))
            }
        }
    }

    /// The journal did not take what the desk knows: only the journal is true.
    async fn start_over(&mut self) {
        loop {
            match fold(&self.manager.store).await {
                Ok(mut desk) => {
                    desk.set_limits(self.limits.clone());
                    for server in self.outs.keys() {
                        desk.arrive(*server);
                    }
                    *self.manager.jobs.desk_mut() = desk;
                    return;
                }
                Err(error) => {
                    let error = stdx::chain::chain(&error);
                    tracing::error!(error, "The journal of jobs cannot be read; trying again.");
                    sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    async fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Order {
                job,
                step,
                attempt,
                on,
            } => match self.order(job, step, attempt).await {
                Ok(Some(order)) => self.send(on, ToAgent::Order(order)),
                Ok(None) => {}
                Err(error) => self.fail(job, step, attempt, &error),
            },
            Effect::Recall {
                job,
                step,
                attempt,
                on,
            } => {
                let key = key(job, step, attempt);
                self.send(on, ToAgent::Recall { key });
            }
            Effect::Timer { .. } => {}
        }
    }

    async fn order(
        &self,
        job: JobId,
        step: StepId,
        attempt: Attempt,
    ) -> Result<Option<Order>, SecretError> {
        let planned = {
            let desk = self.manager.jobs.desk();
            let job = desk.engine().job(job);
            job.and_then(|job| job.graph().step(step)).cloned()
        };
        let Some(planned) = planned else {
            return Ok(None);
        };
        let mut secrets = Vec::new();
        for secret in planned.step.secrets() {
            secrets.push((secret.0.clone(), self.manager.secret(&secret.0).await?));
        }
        let order = Order::new(key(job, step, attempt), self.epoch, &planned.step, secrets);
        if let Err(error) = &order {
            tracing::error!(%error, "A step could not be written.");
        }
        Ok(order.ok())
    }

    /// A step that cannot even be handed out has failed.
    fn fail(&self, job: JobId, step: StepId, attempt: Attempt, error: &SecretError) {
        let outcome = Outcome::Failed(Failure {
            code: String::from("secret-missing"),
            text: error.to_string(),
            remedy: String::from("Set the secret, then retry the step."),
            is_transient: false,
        });
        let event = JobEvent::Ended {
            step,
            attempt,
            outcome,
        };
        let (answer, _) = oneshot::channel();
        let ask = Ask::Job { job, event, answer };
        // This task itself empties the queue, so it must not wait for room.
        if self.manager.jobs.asks.try_send(ask).is_err() {
            tracing::error!(%job, %step, "A step without its secret could not be failed.");
        }
    }

    /// Gives a message to an agent's link. A link that does not keep up is let
    /// go: its agent comes again, and is told all that is owed.
    fn send(&mut self, server: ServerId, message: ToAgent) {
        let Some((_, out)) = self.outs.get(&server) else {
            return;
        };
        if out.try_send(message).is_err() {
            self.outs.remove(&server);
        }
    }
}

fn key(job: JobId, step: StepId, attempt: Attempt) -> OrderKey {
    OrderKey {
        job: job.to_string(),
        step: step.0,
        attempt: attempt.0,
    }
}

fn parse(ended: &Ended) -> Option<(JobId, JobEvent)> {
    let job = JobId(Uuid::parse_str(&ended.key.job).ok()?);
    let outcome = ended.outcome().unwrap_or_else(|error| {
        Outcome::Failed(Failure {
            code: String::from("outcome-unreadable"),
            text: format!("the agent's answer cannot be read: {error}"),
            remedy: String::from("Bring the agent to this release, then retry the step."),
            is_transient: false,
        })
    });
    let event = JobEvent::Ended {
        step: StepId(ended.key.step),
        attempt: ended.key.attempt(),
        outcome,
    };
    Some((job, event))
}

/// An agent speaks for the steps of its own server only.
fn is_of(desk: &Desk, job: JobId, event: &JobEvent, server: ServerId) -> bool {
    let JobEvent::Ended { step, .. } = event else {
        return false;
    };
    let job = desk.engine().job(job);
    let planned = job.and_then(|job| job.graph().step(*step));
    planned.is_some_and(|planned| planned.on == server)
}

impl Manager {
    /// Keeps lines of consoles that an agent sent.
    pub(crate) async fn keep_lines(&self, server: ServerId, lines: &[ConsoleLine]) {
        let kept: Vec<Line> = {
            let desk = self.jobs.desk();
            let is_its = |line: &&ConsoleLine| {
                let Ok(job) = Uuid::parse_str(&line.key.job) else {
                    return false;
                };
                let job = desk.engine().job(JobId(job));
                let planned = job.and_then(|job| job.graph().step(StepId(line.key.step)));
                planned.is_some_and(|planned| planned.on == server)
            };
            let is_kept = |line: &&ConsoleLine| line.number < CONSOLE_LINES_MAX;
            let own = lines.iter().filter(is_kept).filter(is_its);
            own.filter_map(line).collect()
        };
        if let Err(error) = self.store.add_lines(kept).await {
            let error = stdx::chain::chain(&error);
            tracing::warn!(error, "Lines of a console are lost.");
        }
        self.touch(&["consoles"]);
    }
}

fn line(from: &ConsoleLine) -> Option<Line> {
    Some(Line {
        job: JobId(Uuid::parse_str(&from.key.job).ok()?),
        step: from.key.step,
        attempt: from.key.attempt,
        number: from.number,
        body: serde_json::to_string(from).ok()?,
    })
}
