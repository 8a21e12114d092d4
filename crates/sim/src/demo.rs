//! A cluster of simulated servers that lives by itself, to look at and to try
//! things on: bare managed servers in pairs that share disks, each with a real
//! agent in front of its simulated host.
//!
//! - [`pace`]: the world's time follows the wall's.
//! - `life`: an agent's life, from boot to boot; `heed`: what makes it look.
//! - [`breaking`]: what people can break, and mend.
//! - `ready`: a spec that fits the cluster.

pub mod breaking;
mod heed;
mod life;
pub mod pace;
mod ready;

use crate::world::host::HostName;
use crate::world::layout::Layout;
use crate::world::{Clock, World};
use anyhow::{Context, Result, ensure};
use breaking::{Done, How, NoServer};
use life::Agent;
use manager::memory::Connector;
use pace::Pace;
use rt::{Shutdown, Tasks};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Servers at most.
pub const SERVERS_MAX: usize = 10_000;
/// How many times faster things happen than on real servers, for people who watch.
pub const HASTE: u32 = 10;
/// The site that its servers are of.
const SITE: &str = "demo";
/// Agents that start in a second.
const STARTS_PER_S: u32 = 500;
/// How long tasks may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A cluster that runs.
pub struct Cluster {
    shared: Arc<Shared>,
    tasks: Tasks,
}

/// What its tasks share.
struct Shared {
    world: Arc<Mutex<World>>,
    pace: Arc<Pace>,
    agents: BTreeMap<HostName, Agent>,
    /// Servers that share their disks.
    groups: Vec<Vec<HostName>>,
    layout: Layout,
    /// Where agents keep what they were told to do.
    folder: PathBuf,
}

impl Shared {
    /// A server and those that share its disks.
    fn group(&self, name: &HostName) -> &[HostName] {
        let group = self
            .agents
            .get(name)
            .and_then(|agent| self.groups.get(agent.group));
        group.map_or(&[], Vec::as_slice)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server, for those who look at the demonstration itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// `up`, `off`, `booting`, `hangs`.
    pub state: &'static str,
    /// What was broken and not mended.
    pub broken: Vec<How>,
    /// Labels of the targets that run on it.
    pub targets: Vec<String>,
}

impl Cluster {
    /// Starts so many servers, an even number, whose agents report through a
    /// connector and keep their ledgers in a folder. Things happen `haste` times
    /// faster than on real servers; at least 1.
    pub fn start(
        n_servers: usize,
        haste: u32,
        connector: &Connector,
        folder: PathBuf,
    ) -> Result<Self> {
        ensure!(
            (2..=SERVERS_MAX).contains(&n_servers) && n_servers.is_multiple_of(2),
            "simulated servers come in pairs: give an even number from 2 to {SERVERS_MAX}"
        );
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let layout = Layout {
            n_servers,
            ..Layout::default()
        };
        let mut world = layout.build(1);
        world.clock = Clock {
            began_ms: jiff::Timestamp::now().as_millisecond(),
            haste,
        };
        let names = layout.names();
        let groups: Vec<Vec<HostName>> =
            names.chunks(layout.per_group).map(<[_]>::to_vec).collect();
        let mut agents = BTreeMap::new();
        for (group, members) in groups.iter().enumerate() {
            for name in members {
                let state = world.hosts.get(name);
                let machine = state.map(|state| state.machine_id.clone());
                let agent = Agent::new(machine.unwrap_or_default(), group);
                agents.insert(name.clone(), agent);
            }
        }
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::new(Shared {
            pace: Arc::new(Pace::new(Arc::clone(&world), haste)),
            world,
            agents,
            groups,
            layout,
            folder,
        });
        let tasks = Tasks::new(Shutdown::new());
        tasks.spawn(
            "demo",
            "time",
            heed::run(Arc::clone(&shared), tasks.shutdown().clone()),
        );
        for (number, name) in (0..).zip(names) {
            let first = Duration::from_secs(number) / STARTS_PER_S;
            let named = format!("agent of {name}");
            let life = life::live(Arc::clone(&shared), name, connector.clone(), first);
            tasks.spawn("demo", named, life);
        }
        Ok(Self { shared, tasks })
    }

    /// Breaks a server; says what was done.
    pub fn break_server(&self, name: &str, how: How) -> Result<Done, NoServer> {
        let host = breaking::find(&self.shared.agents, name)?;
        let broken = breaking::broken(&mut self.shared.world(), &host, how);
        heed::alive(&self.shared, &host);
        Ok(broken)
    }

    /// Mends all that was broken of a server; says what that was.
    pub fn mend(&self, name: &str) -> Result<Done, NoServer> {
        let host = breaking::find(&self.shared.agents, name)?;
        let mended = breaking::mended(&mut self.shared.world(), &host);
        heed::alive(&self.shared, &host);
        Ok(mended)
    }

    /// Its servers, as they are; not as anyone reports them.
    pub fn servers(&self) -> Vec<Seen> {
        let world = self.shared.world();
        let all = world.hosts.iter();
        all.map(|(name, state)| Seen {
            name: name.0.clone(),
            state: match (state.is_up, state.is_hung, state.is_booting) {
                (true, true, _) => "hangs",
                (true, false, _) => "up",
                (false, _, true) => "booting",
                (false, _, false) => "off",
            },
            broken: breaking::of(&world, name),
            targets: {
                let running = world.lustre.on(name).filter(|(_, one)| one.is_started);
                running.map(|(_, one)| one.label.to_string()).collect()
            },
        })
        .collect()
    }

    /// A spec that makes a file system of it.
    pub fn spec(&self) -> String {
        ready::spec(&self.shared.layout)
    }

    /// The name of the secret that the spec needs, and the secret.
    pub fn secret() -> (&'static str, &'static str) {
        (ready::SECRET, "simulated")
    }

    /// Ends it.
    pub async fn stop(&self) {
        self.shared.pace.end();
        // Agents in the middle of something are aborted: so dies a server.
        self.tasks.finish(STOP_WITHIN).await;
    }
}
