//! What all parts of the manager share.

use crate::changes::Changes;
use crate::ingest::Order;
use crate::lists::Lists;
use jiff::Timestamp;
use link::authority::Authority;
use link::token;
use model::event::{HostEvent, Severity};
use model::ids::{EnrolmentId, ServerId};
use model::inventory::{Concern, Inventory};
use model::report::Report;
use rt::{Clock, Tasks};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use store::record::{self, NewEvent};
use store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Version of this manager.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The manager, as its parts see it; held in an `Arc`.
pub struct Manager {
    pub(crate) jobs: crate::jobs::Jobs,
    pub(crate) planner: Mutex<crate::planning::KeptPlanner>,
    pub(crate) sealer: crate::secrets::Sealer,
    pub(crate) world: RwLock<World>,
    pub(crate) changes: Changes,
    pub(crate) lists: Lists,
    pub(crate) store: Store,
    pub(crate) authority: Arc<Authority>,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) silence: Duration,
    /// How much of the journal is kept.
    pub(crate) retention: crate::retention::Retention,
}

/// What is known now. Written by the ingest task only.
#[derive(Default)]
pub struct World {
    /// Every server that was enrolled, revoked ones too.
    pub servers: BTreeMap<ServerId, ServerEntry>,
    pub(crate) detector: detect::Detector,
    by_machine: BTreeMap<String, ServerId>,
    /// What each server is called: the name that is shown, and its FQDN.
    names: BTreeMap<ServerId, (String, String)>,
    by_name: BTreeMap<String, BTreeSet<ServerId>>,
}

/// A server as the manager knows it.
#[derive(Clone, Debug)]
pub struct ServerEntry {
    /// Its row in the store.
    pub record: record::Server,
    /// Whether its agent is here.
    pub state: ServerState,
    /// Its last report.
    pub report: Option<Arc<Report>>,
    /// Whether that came over the link that its agent has now: what an earlier
    /// link or manager was told is old, though the agent is here.
    pub is_fresh: bool,
    /// When its agent last spoke, by the manager's clock.
    pub seen_at: Option<Timestamp>,
    /// Boot id of its agent's last link.
    pub boot_id: Option<String>,
    /// Milliseconds that its clock is ahead of ours, when it is too far off.
    pub clock_off_ms: Option<i64>,
}

/// Whether a server's agent is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerState {
    /// Connected.
    Online,
    /// Enrolled, silent now: its facts are old.
    Stale,
    /// Its certificate is void.
    Revoked,
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Online => "online",
            Self::Stale => "stale",
            Self::Revoked => "revoked",
        })
    }
}

impl ServerEntry {
    /// Name to show before and after `detect` has one.
    pub fn name(&self) -> &str {
        match &self.report {
            Some(report) if !report.identity.hostname.is_empty() => &report.identity.hostname,
            _ => &self.record.name,
        }
    }

    /// What the manager itself finds odd about it; `detect` has its own.
    pub fn concerns(&self) -> Vec<Concern> {
        let off = self.clock_off_ms.map(|ms| Concern {
            code: String::from("clock-off"),
            text: format!(
                "Its clock is {} s {} the manager's; times in its reports are wrong.",
                ms.unsigned_abs() / 1000,
                if ms < 0 { "behind" } else { "ahead of" }
            ),
        });
        off.into_iter().collect()
    }
}

impl World {
    /// What the reports mean together.
    pub fn inventory(&self) -> &Inventory {
        self.detector.inventory()
    }

    /// A server's last report.
    pub fn report(&self, id: ServerId) -> Option<&Arc<Report>> {
        self.servers.get(&id)?.report.as_ref()
    }

    /// The name of a server, as it is shown.
    pub fn name_of(&self, id: ServerId) -> Option<&str> {
        let found = self.inventory().servers.get(&id);
        let named = found.map(|server| server.name.as_str());
        named.or_else(|| self.server(id).map(ServerEntry::name))
    }

    /// Servers of a shown name or FQDN.
    pub fn servers_named(&self, name: &str) -> impl Iterator<Item = ServerId> + '_ {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    /// Takes note of what servers are called now; answers with those whose
    /// shown name is another one.
    pub(crate) fn rename<'a>(
        &mut self,
        ids: impl IntoIterator<Item = &'a ServerId>,
    ) -> BTreeSet<ServerId> {
        let mut renamed = BTreeSet::new();
        for &id in ids {
            let shown = self.name_of(id).unwrap_or_default().to_owned();
            let fqdn = self.report(id).map(|report| report.identity.fqdn.clone());
            let new = (shown, fqdn.unwrap_or_default());
            let old = self.names.get(&id);
            if old == Some(&new) {
                continue;
            }
            if old.is_none_or(|old| old.0 != new.0) {
                renamed.insert(id);
            }
            if let Some((shown, fqdn)) = self.names.remove(&id) {
                for name in [shown, fqdn] {
                    if let Some(ids) = self.by_name.get_mut(&name) {
                        ids.remove(&id);
                        if ids.is_empty() {
                            self.by_name.remove(&name);
                        }
                    }
                }
            }
            for name in [&new.0, &new.1] {
                if !name.is_empty() {
                    self.by_name.entry(name.clone()).or_default().insert(id);
                }
            }
            self.names.insert(id, new);
        }
        renamed
    }

    /// The server of a machine-id.
    pub fn server_of_machine(&self, machine_id: &str) -> Option<&ServerEntry> {
        self.servers.get(self.by_machine.get(machine_id)?)
    }

    /// Puts a server in, or another entry in its place.
    pub(crate) fn insert(&mut self, entry: ServerEntry) {
        let id = entry.record.id;
        self.by_machine.insert(entry.record.machine_id.clone(), id);
        self.servers.insert(id, entry);
    }

    /// A server.
    pub fn server(&self, id: ServerId) -> Option<&ServerEntry> {
        self.servers.get(&id)
    }
}

/// An enrolment token that was just made. It holds a secret, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedEnrolment {
    /// Its record.
    pub id: EnrolmentId,
    /// The whole text, shown once.
    pub secret: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What is said of something that the manager or a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// Dotted kind: `server.revoked`, `login.failed`.
    pub kind: &'static str,
    /// One sentence.
    pub text: String,
    /// Who did it: `user:admin`, `token:ci`.
    pub actor: Option<String>,
    /// The server it is about.
    pub server: Option<ServerId>,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ManagerError {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such server.
    #[error("there is no such server")]
    ServerUnknown,
    /// It is revoked already.
    #[error("the server is revoked already")]
    RevokedAlready,
    /// The machine gives no randomness.
    #[error("the machine gives no random numbers")]
    Random,
    /// The manager is stopping.
    #[error("the manager is stopping")]
    Stopping,
}

impl Manager {
    /// Forgets events that are too old or too many, as it also does by itself
    /// from time to time. Answers with how many went.
    pub async fn forget_old_events(&self) -> Result<u64, StoreError> {
        crate::retention::forget(self).await
    }

    /// What is known now. The guard must not be held across an `.await`, and
    /// the compiler sees to it.
    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world
            .read()
            .expect("the ingest task does not panic with the world in hand")
    }

    pub(crate) fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.world
            .write()
            .expect("the ingest task does not panic with the world in hand")
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The stream of changes.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The tasks that run, for the status page.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The CA's certificate, PEM: public.
    pub fn ca_pem(&self) -> &str {
        self.authority.ca_pem()
    }

    /// Says that views changed, for changes that come from callers.
    pub fn touch(&self, views: &[&str]) {
        self.changes
            .publish(views.iter().map(ToString::to_string).collect(), Vec::new());
    }

    /// Puts a note into the journal and onto the stream.
    pub async fn record(&self, note: Note) -> Result<(), StoreError> {
        let now = self.now();
        let server_name = note.server.and_then(|id| self.name_of(id));
        let what = HostEvent {
            at: now,
            severity: note.severity,
            kind: note.kind.to_owned(),
            text: note.text,
            target: None,
            raw: None,
        };
        let (server, actor) = (note.server, note.actor);
        let event = NewEvent {
            recorded_at: now,
            server,
            server_name,
            actor,
            what,
        };
        let places = self.store.append(vec![event]).await?;
        // A manager that is stopping has no one to tell.
        let _ = self.orders.send(Order::Events { places }).await;
        Ok(())
    }

    pub(crate) fn name_of(&self, id: ServerId) -> Option<String> {
        self.world().server(id).map(|entry| entry.name().to_owned())
    }

    /// Makes a token that enrols one server, once, before `ttl` is over.
    pub async fn create_enrolment_token(
        &self,
        ttl: Duration,
        profile: String,
        actor: String,
    ) -> Result<IssuedEnrolment, ManagerError> {
        let secret = token::Secret::random().map_err(|_| ManagerError::Random)?;
        let now = self.now();
        let enrolment = record::Enrolment {
            id: EnrolmentId(Uuid::now_v7()),
            secret_hash: secret.hash(),
            profile,
            created_by: actor.clone(),
            created_at: now,
            expires_at: now.checked_add(ttl).unwrap_or(now),
            used_at: None,
        };
        let (id, expires_at) = (enrolment.id, enrolment.expires_at);
        self.store.add_enrolment(enrolment).await?;
        let text = format!("A token to enrol one server was made; it ends at {expires_at:.0}.");
        let kind = "enrolment-token.created";
        let actor = Some(actor);
        self.record(Note {
            severity: Severity::Info,
            kind,
            text,
            actor,
            server: None,
        })
        .await?;
        let secret = token::print(&secret, &self.authority.fingerprint());
        Ok(IssuedEnrolment {
            id,
            secret,
            expires_at,
        })
    }

    /// Voids a server's certificate, drops its connection and refuses it from
    /// now on. Answers once all of that holds.
    pub async fn revoke(&self, id: ServerId, actor: String) -> Result<(), ManagerError> {
        if self.world().server(id).is_none() {
            return Err(ManagerError::ServerUnknown);
        }
        if !self.store.revoke_server(id, self.now()).await? {
            return Err(ManagerError::RevokedAlready);
        }
        let (done, is_done) = oneshot::channel();
        self.orders
            .send(Order::Revoke { id, done })
            .await
            .map_err(|_| ManagerError::Stopping)?;
        is_done.await.map_err(|_| ManagerError::Stopping)?;
        let kind = "server.revoked";
        let text = String::from("The server was revoked; its agent is refused from now on.");
        let (actor, server) = (Some(actor), Some(id));
        self.record(Note {
            severity: Severity::Warning,
            kind,
            text,
            actor,
            server,
        })
        .await?;
        Ok(())
    }
}
