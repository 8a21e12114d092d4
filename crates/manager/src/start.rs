//! Configuration in, a running manager out.

use crate::changes::Changes;
use crate::ingest::{Ingest, ORDERS_WAITING_MAX};
use crate::jobs::{self, Driver, Jobs};
use crate::lists::Lists;
use crate::memory::Connector;
use crate::retention::{self, Retention};
use crate::secrets::Sealer;
use crate::state::{Manager, ServerEntry, ServerState, World};
use crate::{auth, http, serve};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use link::authority::{Authority, AuthorityError};
use model::ids::{ServerId, UserId};
use model::role::Role;
use rt::{Clock, Shutdown, Tasks};
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use store::record::User;
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

/// How long tasks may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// The first account.
const FIRST_ADMIN: &str = "admin";

/// How to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of the one port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder for the database and the CA; made if absent.
    pub data_dir: PathBuf,
    /// Whether the port speaks TLS.
    pub tls: Tls,
    /// Host names and addresses by which browsers know the manager, beside the
    /// address it listens on and `localhost`.
    pub public_names: Vec<String>,
    /// Silence after which a server is stale.
    pub silence: Duration,
    /// How much of the journal is kept.
    pub retention: Retention,
    /// The time.
    pub clock: Clock,
}

/// Whether the port speaks TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// With a certificate of the manager's own CA.
    #[default]
    Own,
    /// Not at all: behind a proxy, or in demonstrations. Agents cannot come
    /// over the network then.
    Off,
}

impl Config {
    /// What is usual.
    pub fn new(listen: SocketAddr, data_dir: PathBuf) -> Self {
        Self {
            listen,
            data_dir,
            tls: Tls::Own,
            public_names: Vec::new(),
            silence: Duration::from_secs(wire::message::SILENCE_S),
            retention: Retention::default(),
            clock: Clock::system(),
        }
    }
}

/// The account made at the first start.
#[derive(Clone)]
pub struct FirstAdmin {
    /// Name.
    pub user: String,
    /// Password, shown once.
    pub password: String,
}

/// A running manager.
pub struct Running {
    /// The account made at this start, if it was the first.
    pub first_admin: Option<FirstAdmin>,
    manager: Arc<Manager>,
    address: SocketAddr,
    tls: Tls,
    _lock: File,
}

/// Why a manager does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("could not use the data folder {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Another manager has it.
    #[error("another manager uses the data folder {0}")]
    FolderTaken(PathBuf),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CA.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The port.
    #[error("could not listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The first account.
    #[error("could not make the first account: {0}")]
    FirstAdmin(String),
}

/// Starts a manager.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let lock = take(&config.data_dir)?;
    let now = config.clock.now();
    let authority = Arc::new(Authority::open(&config.data_dir, now)?);
    let store = Store::open(&store::connection::file_in(&config.data_dir))?;
    let first_admin = first_admin(&store, now).await?;
    let world = remember(&store).await?;
    let address = config.listen;
    let failed = |cause| StartError::Listen { address, cause };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let tls = acceptor(&config, &authority, address)?;
    let (orders, inbox) = mpsc::channel(ORDERS_WAITING_MAX);
    let (jobs, asks) = Jobs::resume(&store).await?;
    let epoch = jobs::next_epoch(&store).await?;
    let key = config.data_dir.join("secret.key");
    let sealer = Sealer::open(&key).map_err(|cause| StartError::Folder { path: key, cause })?;
    let manager = Arc::new(Manager {
        world: RwLock::new(world),
        // Positions of the stream must not repeat after a restart.
        changes: Changes::new(u64::try_from(now.as_millisecond()).unwrap_or(1).max(1)),
        lists: Lists::default(),
        jobs,
        sealer,
        planner: std::sync::Mutex::default(),
        store,
        authority,
        clock: config.clock,
        tasks: Tasks::new(Shutdown::new()),
        orders,
        silence: config.silence,
        retention: config.retention,
    });
    let ingest = Ingest::new(Arc::clone(&manager)).run(inbox);
    manager.tasks.spawn("manager", "ingest", ingest);
    let drive = Driver::new(Arc::clone(&manager), epoch).run(asks);
    manager.tasks.spawn("manager", "jobs", drive);
    let forget = retention::run(Arc::clone(&manager));
    manager.tasks.spawn("manager", "retention", forget);
    let router = serve::router(&manager, http::router(Arc::clone(&manager)));
    let accept = serve::accept(Arc::clone(&manager), listener, tls, router);
    manager.tasks.spawn("manager", "accept", accept);
    tracing::info!(%address, "Manager answers.");
    Ok(Running {
        first_admin,
        manager,
        address,
        tls: config.tls,
        _lock: lock,
    })
}

impl Running {
    /// Where it answers.
    pub fn url(&self) -> String {
        let scheme = match self.tls {
            Tls::Own => "https",
            Tls::Off => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// The address of the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The manager.
    pub fn manager(&self) -> &Arc<Manager> {
        &self.manager
    }

    /// Connects agents of this process.
    pub fn memory_connector(&self) -> Connector {
        Connector::new(Arc::clone(&self.manager))
    }

    /// Stops: links are told goodbye, what was taken in is on disk.
    pub async fn shutdown(self) {
        let left = self.manager.tasks.finish(STOP_WITHIN).await;
        if !left.is_empty() {
            tracing::warn!(tasks = left.len(), "Tasks did not end in time.");
        }
        let Ok(manager) = Arc::try_unwrap(self.manager) else {
            tracing::debug!("Someone still holds the manager; its store closes with the last.");
            return;
        };
        let store = manager.store;
        // A thread that cannot be joined was logged where it ended.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}

/// Makes the data folder, and locks it.
fn take(folder: &Path) -> Result<File, StartError> {
    let failed = |cause| StartError::Folder {
        path: folder.to_owned(),
        cause,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    let lock = File::create(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::FolderTaken(folder.to_owned())),
        Err(fs::TryLockError::Error(cause)) => Err(failed(cause)),
    }
}

fn acceptor(
    config: &Config,
    authority: &Authority,
    address: SocketAddr,
) -> Result<Option<TlsAcceptor>, StartError> {
    if config.tls == Tls::Off {
        return Ok(None);
    }
    let mut names = config.public_names.clone();
    names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
    if !address.ip().is_unspecified() && !address.ip().is_loopback() {
        names.push(address.ip().to_string());
    }
    if let Ok(name) = fs::read_to_string("/proc/sys/kernel/hostname") {
        names.push(name.trim().to_owned());
    }
    let tls = authority.server_config(&names, config.clock.now())?;
    Ok(Some(TlsAcceptor::from(tls)))
}

async fn first_admin(
    store: &Store,
    now: jiff::Timestamp,
) -> Result<Option<FirstAdmin>, StartError> {
    if !store.users().await?.is_empty() {
        return Ok(None);
    }
    let failed = |error: &dyn std::fmt::Display| StartError::FirstAdmin(error.to_string());
    let mut random = [0; 15];
    getrandom::fill(&mut random).map_err(|error| failed(&error))?;
    let password = URL_SAFE_NO_PAD.encode(random);
    let plain = password.clone();
    let hashed = tokio::task::spawn_blocking(move || auth::password::hash(&plain)).await;
    let password_hash = hashed
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?;
    let user = User {
        id: UserId(Uuid::now_v7()),
        name: FIRST_ADMIN.to_owned(),
        role: Role::Admin,
        password_hash,
        created_at: now,
        is_disabled: false,
    };
    store.add_user(user).await?;
    Ok(Some(FirstAdmin {
        user: FIRST_ADMIN.to_owned(),
        password,
    }))
}

/// The world as it was: all facts are there, and old until agents come back.
async fn remember(store: &Store) -> Result<World, StartError> {
    let mut world = World::default();
    for record in store.servers().await? {
        let is_revoked = record.revoked_at.is_some();
        let state = if is_revoked {
            ServerState::Revoked
        } else {
            ServerState::Stale
        };
        let (report, seen_at) = (None, record.seen_at);
        let (boot_id, clock_off_ms) = (None, None);
        let entry = ServerEntry {
            record,
            state,
            report,
            seen_at,
            boot_id,
            clock_off_ms,
            is_fresh: false,
        };
        world.insert(entry);
    }
    let mut known = Vec::new();
    for stored in store.reports().await? {
        let Some(entry) = world.servers.get_mut(&stored.server) else {
            continue;
        };
        let report = match wire::report_from(&stored.sections) {
            Ok(report) => Arc::new(report),
            Err(error) => {
                let error = stdx::chain::chain(&error);
                tracing::warn!(server = %stored.server, error, "Kept report cannot be read.");
                continue;
            }
        };
        entry.report = Some(Arc::clone(&report));
        if entry.state != ServerState::Revoked {
            known.push((stored.server, report, true));
        }
    }
    world.detector.put_all(known);
    let ids: Vec<ServerId> = world.servers.keys().copied().collect();
    world.rename(&ids);
    Ok(world)
}
