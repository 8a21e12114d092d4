//! The one task that changes the world: it takes in reports, knows who is
//! connected, and tells the stream what changed, at most every 50 ms.

use crate::state::{Manager, ServerEntry, ServerState};
use detect::Changed;
use jiff::Timestamp;
use model::ids::ServerId;
use model::report::Report;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::record;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use wire::code::Code;

/// Orders that may wait.
pub(crate) const ORDERS_WAITING_MAX: usize = 1024;
/// Orders taken from the queue at a time.
const BATCH_MAX: usize = 128;
/// How long the world may be locked before readers have their turn.
const LOCK_MAX: Duration = Duration::from_millis(10);
/// Least time between two messages on the stream.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

/// What the ingest task is asked to do.
pub(crate) enum Order {
    /// A server was enrolled, anew or again.
    Enrolled {
        server: record::Server,
        done: oneshot::Sender<()>,
    },
    /// An agent wants to be taken for this server's.
    Arrive {
        caller: Caller,
        answer: oneshot::Sender<Result<Arrived, Refusal>>,
    },
    /// A server's newest report.
    Report {
        id: ServerId,
        link: u64,
        report: Arc<Report>,
        at: Timestamp,
    },
    /// An agent spoke.
    Heard {
        id: ServerId,
        link: u64,
        at: Timestamp,
        clock_off_ms: Option<i64>,
    },
    /// A server's next certificate, in the store already.
    Renew { id: ServerId, serial: String },
    /// Events are in the journal at these positions.
    Events { places: Vec<u64> },
    /// A link ended. `done` says whether the server is silent now.
    Leave {
        id: ServerId,
        link: u64,
        done: oneshot::Sender<bool>,
    },
    /// A server is revoked, in the store already.
    Revoke {
        id: ServerId,
        done: oneshot::Sender<()>,
    },
}

/// An agent at the door.
pub(crate) struct Caller {
    pub id: ServerId,
    /// Serial of its certificate; none for agents in this process.
    pub certificate: Option<String>,
    pub machine_id: String,
    pub boot_id: String,
    pub agent_version: String,
    pub clock_off_ms: Option<i64>,
    /// Whether it takes orders.
    pub is_managed: bool,
    /// Ends its link.
    pub kick: oneshot::Sender<Kick>,
}

/// An agent let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    /// Number of its link; what an older link says is passed over.
    pub link: u64,
    /// Whether it went silent while this manager ran.
    pub was_lost: bool,
    /// Whether it shows its next certificate for the first time.
    pub is_renewed: bool,
}

/// Why an agent is not let in.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub code: Code,
    pub text: String,
}

/// Why a link is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kick {
    Revoked,
    Replaced,
}

struct Link {
    number: u64,
    boot_id: String,
    kick: oneshot::Sender<Kick>,
}

/// The task's own state.
pub(crate) struct Ingest {
    manager: Arc<Manager>,
    links: BTreeMap<ServerId, Link>,
    lost: BTreeSet<ServerId>,
    next_link: u64,
    changed: Changed,
    events: Vec<u64>,
    published: Instant,
}

impl Ingest {
    pub fn new(manager: Arc<Manager>) -> Self {
        Self {
            manager,
            links: BTreeMap::new(),
            lost: BTreeSet::new(),
            next_link: 1,
            changed: Changed::default(),
            events: Vec::new(),
            published: Instant::now(),
        }
    }

    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let shutdown = self.manager.tasks.shutdown().clone();
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            let due = self.published + PUBLISH_EVERY;
            let is_dirty = !self.changed.is_empty() || !self.events.is_empty();
            tokio::select! {
                _ = orders.recv_many(&mut batch, BATCH_MAX) => self.apply_all(&mut batch),
                () = sleep_until(due), if is_dirty => self.publish(),
                () = shutdown.wait() => return,
            }
        }
    }

    fn apply_all(&mut self, batch: &mut Vec<Order>) {
        let manager = Arc::clone(&self.manager);
        let mut orders = batch.drain(..).peekable();
        while orders.peek().is_some() {
            let begun = Instant::now();
            let mut world = manager.world_mut();
            for order in orders.by_ref() {
                self.apply(&mut world, order);
                if begun.elapsed() >= LOCK_MAX {
                    break;
                }
            }
            drop(world);
            if self.published.elapsed() >= PUBLISH_EVERY {
                self.publish();
            }
        }
    }

    fn apply(&mut self, world: &mut crate::state::World, order: Order) {
        // An asker that is gone needs no answer.
        match order {
            Order::Enrolled { server, done } => {
                self.enrolled(world, server);
                let _ = done.send(());
            }
            Order::Arrive { caller, answer } => {
                let _ = answer.send(self.arrive(world, caller));
            }
            Order::Report {
                id,
                link,
                report,
                at,
            } => {
                let Some(entry) = self.entry(world, id, link) else {
                    return;
                };
                entry.seen_at = Some(at);
                entry.report = Some(Arc::clone(&report));
                entry.is_fresh = true;
                let mut changed = world.detector.put(id, report);
                // Its row shows more of the report than what follows from it.
                changed.servers.insert(id);
                self.note(world, changed);
            }
            Order::Heard {
                id,
                link,
                at,
                clock_off_ms,
            } => {
                let Some(entry) = self.entry(world, id, link) else {
                    return;
                };
                entry.seen_at = Some(at);
                let was = std::mem::replace(&mut entry.clock_off_ms, clock_off_ms);
                let shown = |ms: Option<i64>| ms.map(|ms| ms / 1000);
                if shown(was) != shown(clock_off_ms) {
                    self.note(world, only(id));
                }
            }
            Order::Renew { id, serial } => {
                if let Some(entry) = world.servers.get_mut(&id)
                    && entry.state != ServerState::Revoked
                {
                    entry.record.certificate_next = Some(serial);
                }
            }
            Order::Events { places } => self.events.extend(places),
            Order::Leave { id, link, done } => {
                let _ = done.send(self.leave(world, id, link));
            }
            Order::Revoke { id, done } => {
                self.revoke(world, id);
                let _ = done.send(());
            }
        }
    }

    /// The server, if `link` is the one it has now.
    fn entry<'w>(
        &self,
        world: &'w mut crate::state::World,
        id: ServerId,
        link: u64,
    ) -> Option<&'w mut ServerEntry> {
        self.links.get(&id).filter(|now| now.number == link)?;
        world.servers.get_mut(&id)
    }

    fn enrolled(&mut self, world: &mut crate::state::World, server: record::Server) {
        let id = server.id;
        if let Some(link) = self.links.remove(&id) {
            let _ = link.kick.send(Kick::Replaced);
        }
        let old = world.servers.remove(&id);
        let report = old.and_then(|entry| entry.report);
        let mut changed = only(id);
        if let Some(report) = &report {
            changed.merge(world.detector.put(id, Arc::clone(report)));
            changed.merge(world.detector.set_silent(id, true));
        }
        let seen_at = server.seen_at;
        let state = ServerState::Stale;
        let (boot_id, clock_off_ms) = (None, None);
        let entry = ServerEntry {
            record: server,
            state,
            report,
            is_fresh: false,
            seen_at,
            boot_id,
            clock_off_ms,
        };
        world.insert(entry);
        self.note(world, changed);
    }

    fn arrive(
        &mut self,
        world: &mut crate::state::World,
        caller: Caller,
    ) -> Result<Arrived, Refusal> {
        let id = caller.id;
        let entry = world.servers.get_mut(&id).ok_or_else(|| unknown(&caller))?;
        check(entry, &caller)?;
        let is_renewed = entry.record.certificate != caller.certificate;
        if let Some(now) = self.links.get(&id)
            && now.boot_id != caller.boot_id
        {
            return Err(cloned(&caller.machine_id));
        }
        if let Some(old) = self.links.remove(&id) {
            let _ = old.kick.send(Kick::Replaced);
        }
        let number = self.next_link;
        self.next_link += 1;
        let boot_id = caller.boot_id.clone();
        self.links.insert(
            id,
            Link {
                number,
                boot_id,
                kick: caller.kick,
            },
        );
        if is_renewed {
            entry.record.certificate = entry.record.certificate_next.take();
        }
        entry.state = ServerState::Online;
        entry.is_fresh = false;
        entry.record.agent_version = caller.agent_version;
        entry.record.is_managed = caller.is_managed;
        entry.seen_at = Some(self.manager.now());
        entry.boot_id = Some(caller.boot_id);
        entry.clock_off_ms = caller.clock_off_ms;
        self.note(world, only(id));
        // Facts stay old until the first report of this link.
        Ok(Arrived {
            link: number,
            was_lost: self.lost.remove(&id),
            is_renewed,
        })
    }

    fn leave(&mut self, world: &mut crate::state::World, id: ServerId, link: u64) -> bool {
        let Some(entry) = self.entry(world, id, link) else {
            return false;
        };
        entry.state = ServerState::Stale;
        entry.is_fresh = false;
        self.links.remove(&id);
        self.lost.insert(id);
        let mut changed = world.detector.set_silent(id, true);
        changed.servers.insert(id);
        self.note(world, changed);
        true
    }

    fn revoke(&mut self, world: &mut crate::state::World, id: ServerId) {
        if let Some(link) = self.links.remove(&id) {
            let _ = link.kick.send(Kick::Revoked);
        }
        if let Some(entry) = world.servers.get_mut(&id) {
            entry.state = ServerState::Revoked;
            entry.record.revoked_at = Some(self.manager.now());
            entry.record.certificate = None;
            entry.record.certificate_next = None;
        }
        // What it showed is no longer ours to tell; the record stays.
        let mut changed = world.detector.remove(id);
        changed.servers.insert(id);
        self.note(world, changed);
    }

    /// Marks what changed in the lists, and for the stream.
    fn note(&mut self, world: &mut crate::state::World, changed: Changed) {
        let renamed = world.rename(&changed.servers);
        self.manager.lists.note(world, &changed, &renamed);
        self.changed.merge(changed);
    }

    fn publish(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        let events = std::mem::take(&mut self.events);
        if changed.is_empty() && events.is_empty() {
            return;
        }
        let mut views = Vec::new();
        let mut ids: Vec<String> = Vec::new();
        let mut note = |view: &str, keys: Vec<String>| {
            if !keys.is_empty() {
                views.push(view.to_owned());
                ids.extend(keys);
            }
        };
        note(
            "servers",
            changed.servers.iter().map(ToString::to_string).collect(),
        );
        note(
            "devices",
            changed.devices.iter().map(ToString::to_string).collect(),
        );
        note(
            "targets",
            changed.targets.iter().map(|key| key.0.clone()).collect(),
        );
        note(
            "filesystems",
            changed
                .filesystems
                .iter()
                .map(|key| key.0.clone())
                .collect(),
        );
        note(
            "ha-clusters",
            changed
                .ha_clusters
                .iter()
                .map(|key| key.0.clone())
                .collect(),
        );
        note("events", events.iter().map(ToString::to_string).collect());
        if !changed.is_empty() {
            views.push(String::from("summary"));
        }
        if changed.clients && !views.iter().any(|view| view == "filesystems") {
            views.push(String::from("filesystems"));
        }
        self.manager.changes.publish(views, ids);
        self.published = Instant::now();
    }
}

/// A change of one server, of which nothing follows for others.
fn only(id: ServerId) -> Changed {
    Changed {
        servers: BTreeSet::from([id]),
        ..Changed::default()
    }
}

/// Whether a machine-id belongs to a running host of another boot.
pub(crate) fn cloned(machine_id: &str) -> Refusal {
    let text = format!(
        "another running host has the machine-id {machine_id}; if this host is a copy of it, give it an id of its own (`rm /etc/machine-id; systemd-machine-id-setup`) and enrol it"
    );
    Refusal {
        code: Code::MachineCloned,
        text,
    }
}

fn unknown(caller: &Caller) -> Refusal {
    let text = format!("no server has the id {}; enrol this host again", caller.id);
    Refusal {
        code: Code::CertificateUnknown,
        text,
    }
}

fn check(entry: &ServerEntry, caller: &Caller) -> Result<(), Refusal> {
    if entry.state == ServerState::Revoked {
        let text = String::from("this server was revoked; enrol it again if that was a mistake");
        return Err(Refusal {
            code: Code::ServerRevoked,
            text,
        });
    }
    let is_next =
        caller.certificate.is_some() && entry.record.certificate_next == caller.certificate;
    if entry.record.certificate != caller.certificate && !is_next {
        let text = String::from("this certificate was replaced by a newer one of the same server");
        return Err(Refusal {
            code: Code::CertificateUnknown,
            text,
        });
    }
    // Whoever runs this process says which of its agents is whose.
    let is_elsewhere = caller.certificate.is_some();
    if is_elsewhere && entry.record.machine_id != caller.machine_id {
        let text = format!(
            "this certificate was given to machine-id {}, not to {}; enrol this host by itself",
            entry.record.machine_id, caller.machine_id
        );
        return Err(Refusal {
            code: Code::MachineCloned,
            text,
        });
    }
    Ok(())
}
