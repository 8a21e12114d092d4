//! One link of one agent: hello, reports, events, the end.

use crate::ingest::{Arrived, Caller, Kick, Order, Refusal};
use crate::jobs::{Ask, OUT_MAX};
use crate::state::{Manager, Note, VERSION};
use jiff::Timestamp;
use link::ManagerEnd;
use model::event::{HostEvent, Severity};
use model::ids::ServerId;
use model::report::Report;
use std::sync::Arc;
use std::time::Duration;
use store::journal::Run;
use store::record::{NewEvent, StoredReport};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use wire::code::Code;
use wire::message::{CLOCK_OFF_MAX_S, EVENTS_MAX, Events, Hello, MANAGED, RENEWS, Welcome};
use wire::{Sections, ToAgent, ToManager};

/// How long an agent may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(15);
/// Bytes of an event's text, and of its source line, that are kept.
const EVENT_TEXT_MAX: usize = 16 << 10;
/// What the journal says of such a clock; how far off it is, the server shows.
const CLOCK_OFF: &str = "The server's clock is far from the manager's.";
/// Greatest number of an event, as the store keeps it.
const NUMBER_MAX: u64 = i64::MAX.cast_unsigned();
/// Least time between two notes in the store of when an agent spoke.
const NOTE_SEEN_EVERY: Duration = Duration::from_mins(1);

/// Certificates that one link may ask for: an agent needs one in a year.
const RENEWALS_MAX: u32 = 5;

/// Who is at the other end, as far as the way it came proves it.
pub(crate) struct Proven {
    pub id: ServerId,
    /// Serial of its certificate; none in this process.
    pub certificate: Option<String>,
}

/// One link, from hello to end.
struct Attending<'m> {
    manager: &'m Arc<Manager>,
    end: ManagerEnd,
    id: ServerId,
    link: u64,
    /// Number of the last report, and that report; none until a full one came.
    report: Option<(u64, Arc<Report>)>,
    /// Whether a full report was asked for and has not come.
    asked: bool,
    agent_version: String,
    noted: Option<Instant>,
    is_clock_off: bool,
    /// Certificates that were given on this link.
    n_renewed: u32,
    /// What is to be sent to an agent whose server is managed.
    orders: Option<mpsc::Receiver<ToAgent>>,
}

/// Why a link ended.
enum End {
    Gone,
    Silent,
    Kicked(Kick),
    Stopping,
    Misused(String),
    Fault(String),
}

/// Serves one link to its end.
pub(crate) async fn attend(manager: Arc<Manager>, proven: Proven, mut end: ManagerEnd) {
    let hello = match timeout(HELLO_WITHIN, end.recv()).await {
        Ok(Some(ToManager::Hello(hello))) => hello,
        Ok(Some(_)) => return refuse(&end, misused("the first message must be a hello")).await,
        Ok(None) => return,
        Err(_) => return refuse(&end, misused("no hello came in time")).await,
    };
    let (kick, mut kicked) = oneshot::channel();
    let (id, shown) = (proven.id, proven.certificate.clone());
    let was_managed = {
        let world = manager.world();
        world
            .server(id)
            .is_some_and(|entry| entry.record.is_managed)
    };
    let arrived = match arrive(&manager, proven, &hello, kick).await {
        Ok(arrived) => arrived,
        Err(refusal) => return refuse(&end, refusal).await,
    };
    if let (true, Some(serial)) = (arrived.is_renewed, shown) {
        settle(&manager, id, serial).await;
    }
    if end
        .send(ToAgent::Welcome(welcome(&manager, id)))
        .await
        .is_err()
    {
        return leave(&manager, id, arrived.link, None).await;
    }
    if arrived.was_lost {
        say(
            &manager,
            id,
            Severity::Info,
            "server.back",
            "The server's agent reports again.",
        )
        .await;
    }
    let is_clock_off = clock_off(hello.sent_at_ms, manager.now()).is_some();
    if is_clock_off {
        say(
            &manager,
            id,
            Severity::Warning,
            "server.clock_off",
            CLOCK_OFF,
        )
        .await;
    }
    let link = arrived.link;
    // An agent whose server is only watched takes no orders.
    let is_managed = hello.extra.contains_key(MANAGED);
    let (out, orders) = mpsc::channel(OUT_MAX);
    note_managed(&manager, id, was_managed, is_managed).await;
    if is_managed {
        let server = id;
        manager.jobs.tell(Ask::Arrive { server, link, out }).await;
    }
    let agent_version = hello.agent_version;
    let (report, asked, noted) = (None, false, None);
    let mut attending = Attending {
        manager: &manager,
        end,
        id,
        link,
        report,
        asked,
        agent_version,
        noted,
        is_clock_off,
        n_renewed: 0,
        orders: is_managed.then_some(orders),
    };
    let why = attending.listen(&mut kicked).await;
    attending.finish(why).await;
}

/// The certificate that was shown is the one that is good from now on. Should
/// the store fail, it is the next one still, and good as that.
async fn settle(manager: &Manager, id: ServerId, serial: String) {
    if let Err(error) = manager.store.certificate_renewed(id, serial).await {
        tracing::error!(error = stdx::chain::chain(&error), "A renewal is not kept.");
        return;
    }
    let text = "The server's agent has a new certificate; the one before is void.";
    say(
        manager,
        id,
        Severity::Info,
        "server.certificate_renewed",
        text,
    )
    .await;
}

/// Keeps what an agent says of whether it takes orders, where that is news.
async fn note_managed(manager: &Manager, id: ServerId, was: bool, is: bool) {
    if was == is {
        return;
    }
    if let Err(error) = manager.store.set_managed(id, is).await {
        tracing::error!(
            error = stdx::chain::chain(&error),
            "It is not kept whether a server is managed."
        );
    }
    let (kind, text) = if is {
        (
            "server.managed",
            "The server's agent takes orders: it is managed now.",
        )
    } else {
        (
            "server.watched",
            "The server's agent takes no orders: it is only watched now.",
        )
    };
    say(manager, id, Severity::Info, kind, text).await;
}

async fn arrive(
    manager: &Manager,
    proven: Proven,
    hello: &Hello,
    kick: oneshot::Sender<Kick>,
) -> Result<Arrived, Refusal> {
    if wire::agree(hello.protocol).is_none() {
        let text = format!(
            "the agent speaks protocol {}, this manager {} to {}; bring both to neighbouring releases",
            hello.protocol,
            wire::PROTOCOL_OLDEST,
            wire::PROTOCOL
        );
        return Err(Refusal {
            code: Code::ProtocolUnknown,
            text,
        });
    }
    let clock_off_ms = clock_off(hello.sent_at_ms, manager.now());
    if let Some(off) = clock_off_ms {
        tracing::warn!(server = %proven.id, off_ms = off, "Clock of a server is far off.");
    }
    let caller = Caller {
        id: proven.id,
        certificate: proven.certificate,
        machine_id: hello.machine_id.clone(),
        boot_id: hello.boot_id.clone(),
        agent_version: hello.agent_version.clone(),
        clock_off_ms,
        is_managed: hello.extra.contains_key(MANAGED),
        kick,
    };
    let stopping = || Refusal {
        code: Code::ManagerFault,
        text: String::from("it is stopping"),
    };
    let (answer, answered) = oneshot::channel();
    let order = Order::Arrive { caller, answer };
    manager.orders.send(order).await.map_err(|_| stopping())?;
    answered.await.map_err(|_| stopping())?
}

/// Milliseconds that a clock is ahead, if that is too far.
pub(crate) fn clock_off(sent_at_ms: i64, now: Timestamp) -> Option<i64> {
    let off = sent_at_ms.saturating_sub(now.as_millisecond());
    (off.unsigned_abs() > CLOCK_OFF_MAX_S.unsigned_abs() * 1000).then_some(off)
}

fn welcome(manager: &Manager, id: ServerId) -> Welcome {
    Welcome {
        protocol: wire::PROTOCOL,
        server_id: id.to_string(),
        now_ms: manager.now().as_millisecond(),
        manager_version: VERSION.to_owned(),
        extra: [(RENEWS.to_owned(), String::from("1"))].into(),
    }
}

fn misused(text: &str) -> Refusal {
    Refusal {
        code: Code::LinkMisused,
        text: text.to_owned(),
    }
}

async fn refuse(end: &ManagerEnd, Refusal { code, text }: Refusal) {
    tracing::warn!(%code, text, "Agent is refused.");
    // One that is gone needs no reason.
    let _ = end.send(ToAgent::Refused { code, text }).await;
}

async fn say(manager: &Manager, id: ServerId, severity: Severity, kind: &'static str, text: &str) {
    let (text, server) = (text.to_owned(), Some(id));
    let note = Note {
        severity,
        kind,
        text,
        actor: None,
        server,
    };
    if let Err(error) = manager.record(note).await {
        tracing::error!(error = stdx::chain::chain(&error), kind, "Event is lost.");
    }
}

/// The next message for an agent; never for one that takes no orders.
async fn next(orders: &mut Option<mpsc::Receiver<ToAgent>>) -> Option<ToAgent> {
    match orders {
        Some(orders) => orders.recv().await,
        None => std::future::pending().await,
    }
}

async fn leave(manager: &Manager, id: ServerId, link: u64, why: Option<&str>) {
    manager.jobs.tell(Ask::Leave { server: id, link }).await;
    let (done, is_done) = oneshot::channel();
    if manager
        .orders
        .send(Order::Leave { id, link, done })
        .await
        .is_err()
    {
        return;
    }
    if let (Ok(true), Some(why)) = (is_done.await, why) {
        say(manager, id, Severity::Warning, "server.silent", why).await;
    }
}

impl Attending<'_> {
    async fn listen(&mut self, kicked: &mut oneshot::Receiver<Kick>) -> End {
        let shutdown = self.manager.tasks.shutdown().clone();
        loop {
            let message = tokio::select! {
                message = timeout(self.manager.silence, self.end.recv()) => message,
                // Without a reason the ingest task itself has ended.
                message = next(&mut self.orders) => {
                    let Some(message) = message else {
                        return End::Fault(String::from("its orders pile up"));
                    };
                    if self.end.send(message).await.is_err() {
                        return End::Gone;
                    }
                    continue;
                }
                kick = &mut *kicked => return kick.map_or(End::Stopping, End::Kicked),
                () = shutdown.wait() => return End::Stopping,
            };
            match message {
                Err(_) => return End::Silent,
                Ok(None) => {
                    let broken = self.end.broken().map(ToString::to_string);
                    return broken.map_or(End::Gone, End::Misused);
                }
                Ok(Some(message)) => {
                    if let Err(end) = self.take(message).await {
                        return end;
                    }
                }
            }
        }
    }

    async fn take(&mut self, message: ToManager) -> Result<(), End> {
        match message {
            ToManager::Hello(_) => Err(End::Misused(String::from("a second hello"))),
            ToManager::Full { seq, sections } => self.full(seq, sections).await,
            ToManager::Delta {
                seq,
                changed,
                removed,
            } => self.delta(seq, changed, removed).await,
            ToManager::Events(events) => self.events(&events).await,
            ToManager::Ended(ended) => {
                let server = self.id;
                self.manager.jobs.tell(Ask::Ended { server, ended }).await;
                Ok(())
            }
            ToManager::Console(lines) => {
                self.manager.keep_lines(self.id, &lines).await;
                Ok(())
            }
            ToManager::Renew { csr } => self.renew(&csr).await,
            ToManager::Heartbeat { sent_at_ms } => {
                let at = self.manager.now();
                let clock_off_ms = clock_off(sent_at_ms, at);
                let (id, link) = (self.id, self.link);
                self.order(Order::Heard {
                    id,
                    link,
                    at,
                    clock_off_ms,
                })
                .await?;
                let was_off = std::mem::replace(&mut self.is_clock_off, clock_off_ms.is_some());
                if self.is_clock_off && !was_off {
                    say(
                        self.manager,
                        id,
                        Severity::Warning,
                        "server.clock_off",
                        CLOCK_OFF,
                    )
                    .await;
                }
                self.note_seen().await
            }
        }
    }

    /// Signs the next certificate. It is in the store before the agent has it,
    /// and the old one is good until the agent comes with the new one.
    async fn renew(&mut self, csr: &str) -> Result<(), End> {
        if self.n_renewed == RENEWALS_MAX {
            let text = "asks for one certificate after another";
            return Err(End::Misused(String::from(text)));
        }
        self.n_renewed += 1;
        let (manager, id) = (self.manager, self.id);
        let machine = {
            let world = manager.world();
            let entry = world.servers.get(&id);
            entry.map(|entry| entry.record.machine_id.clone())
        };
        let machine = machine.ok_or(End::Gone)?;
        let made = manager
            .authority
            .grant(csr, &id.to_string(), &machine, manager.now());
        let made = made.map_err(|error| {
            let why = stdx::chain::chain(&error);
            End::Misused(format!(
                "a certificate request that cannot be signed: {why}"
            ))
        })?;
        let serial = made.serial;
        let is_kept = manager.store.renew_certificate(id, serial.clone()).await;
        if !is_kept.map_err(|error| fault(&error))? {
            // It was revoked in this moment; the kick is on its way.
            return Ok(());
        }
        self.order(Order::Renew { id, serial }).await?;
        let certificate = made.pem;
        let answer = ToAgent::Renewed { certificate };
        self.end.send(answer).await.map_err(|_| End::Gone)
    }

    async fn full(&mut self, seq: u64, sections: Sections) -> Result<(), End> {
        let report = wire::report_from(&sections).map_err(|error| unreadable(&error))?;
        self.asked = false;
        self.show(seq, report).await?;
        let stored = StoredReport {
            server: self.id,
            sections,
        };
        self.manager.store.put_report(stored);
        self.acknowledge(seq).await
    }

    async fn delta(
        &mut self,
        seq: u64,
        changed: Sections,
        removed: Vec<String>,
    ) -> Result<(), End> {
        let last = self
            .report
            .as_ref()
            .filter(|(last, _)| last.checked_add(1) == Some(seq));
        let Some((_, last)) = last else {
            // What is between is lost: nothing is taken until all comes anew.
            self.report = None;
            if !std::mem::replace(&mut self.asked, true) {
                self.end
                    .send(ToAgent::NeedFull)
                    .await
                    .map_err(|_| End::Gone)?;
            }
            return Ok(());
        };
        let report = wire::patch(last, &changed, &removed).map_err(|error| unreadable(&error))?;
        self.show(seq, report).await?;
        self.manager.store.change_report(self.id, changed, removed);
        self.acknowledge(seq).await
    }

    async fn show(&mut self, seq: u64, report: Report) -> Result<(), End> {
        let report = Arc::new(report);
        self.report = Some((seq, Arc::clone(&report)));
        let (id, link, at) = (self.id, self.link, self.manager.now());
        self.order(Order::Report {
            id,
            link,
            report,
            at,
        })
        .await
    }

    async fn acknowledge(&mut self, seq: u64) -> Result<(), End> {
        self.end
            .send(ToAgent::AckReport { seq })
            .await
            .map_err(|_| End::Gone)?;
        self.note_seen().await
    }

    async fn events(&mut self, events: &Events) -> Result<(), End> {
        if events.events.len() > EVENTS_MAX || events.first == 0 || events.upto() > NUMBER_MAX {
            return Err(End::Misused(String::from(
                "a run of events with bad numbers",
            )));
        }
        let recorded_at = self.manager.now();
        let server_name = self.manager.name_of(self.id);
        let mut news = Vec::with_capacity(events.events.len());
        for (number, what) in events.unpack() {
            let what = what.unwrap_or_else(|reason| unread_event(number, &reason, recorded_at));
            let what = clipped(what);
            let (server, server_name) = (Some(self.id), server_name.clone());
            news.push(NewEvent {
                recorded_at,
                server,
                server_name,
                actor: None,
                what,
            });
        }
        let run = Run {
            server: self.id,
            stream: events.stream,
            first: events.first,
        };
        let places = self
            .manager
            .store
            .append_run(run, news)
            .await
            .map_err(|error| fault(&error))?;
        if !places.is_empty() {
            self.order(Order::Events { places }).await?;
        }
        let ack = ToAgent::AckEvents {
            stream: events.stream,
            upto: events.upto(),
        };
        self.end.send(ack).await.map_err(|_| End::Gone)
    }

    async fn order(&self, order: Order) -> Result<(), End> {
        self.manager
            .orders
            .send(order)
            .await
            .map_err(|_| End::Stopping)
    }

    async fn note_seen(&mut self) -> Result<(), End> {
        if self
            .noted
            .is_some_and(|noted| noted.elapsed() < NOTE_SEEN_EVERY)
        {
            return Ok(());
        }
        self.noted = Some(Instant::now());
        self.note_seen_now().await.map_err(|error| fault(&error))
    }

    async fn note_seen_now(&self) -> Result<(), store::StoreError> {
        let manager = self.manager;
        let Some(name) = manager.name_of(self.id) else {
            return Ok(());
        };
        manager
            .store
            .note_seen(self.id, manager.now(), (name, self.agent_version.clone()))
            .await
    }

    async fn finish(self, why: End) {
        let (manager, id, link) = (self.manager, self.id, self.link);
        let silent = match why {
            End::Kicked(Kick::Revoked) => {
                let _ = self.end.send(ToAgent::Revoked).await;
                return;
            }
            // The newer link speaks for the server now.
            End::Kicked(Kick::Replaced) => return,
            End::Stopping => {
                let _ = self.note_seen_now().await;
                let _ = self.end.send(ToAgent::Goodbye).await;
                return;
            }
            End::Gone => "The server's agent closed its link.".to_owned(),
            End::Silent => "The server's agent went silent.".to_owned(),
            End::Misused(text) => {
                refuse(&self.end, misused(&text)).await;
                format!("The server's agent sent what cannot be read: {text}.")
            }
            End::Fault(text) => {
                tracing::error!(server = %id, error = text, "Link is closed for a fault here.");
                let text = String::from("the manager cannot keep what it is told; see its log");
                refuse(
                    &self.end,
                    Refusal {
                        code: Code::ManagerFault,
                        text,
                    },
                )
                .await;
                "The manager could not keep what the server's agent said.".to_owned()
            }
        };
        // Without a store there is no journal to tell, and the log has it.
        let _ = self.note_seen_now().await;
        leave(manager, id, link, Some(&silent)).await;
    }
}

fn fault(error: &store::StoreError) -> End {
    End::Fault(stdx::chain::chain(error))
}

fn unreadable(error: &wire::SectionsError) -> End {
    End::Misused(stdx::chain::chain(error))
}

/// The event without what is too long to keep.
fn clipped(mut event: HostEvent) -> HostEvent {
    let clip = |text: &mut String| text.truncate(text.floor_char_boundary(EVENT_TEXT_MAX));
    clip(&mut event.kind);
    clip(&mut event.text);
    event.raw.as_mut().map(clip);
    event
}

fn unread_event(number: u64, reason: &str, at: Timestamp) -> HostEvent {
    HostEvent {
        at,
        severity: Severity::Warning,
        kind: String::from("agent.event_unread"),
        text: format!("Event {number} of the server's agent cannot be read: {reason}."),
        target: None,
        raw: None,
    }
}
