//! An agent's life: it starts when its host has booted, is linked to the
//! manager, and dies with its host. What it was told to do it finds again.

use super::{SITE, Shared};
use crate::door::{Door, Gate};
use crate::world::host::HostName;
use agent::host::{Hands, Host};
use agent::run::{Cadence, Ended, Memory, Workshop};
use agent::watch::Signal;
use manager::memory::Connector;
use rt::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Pause before an agent links again.
const AGAIN: Duration = Duration::from_secs(1);
/// Reasons to look that wait: one is as good as many.
const SIGNALS_MAX: usize = 1;
/// Whole looks without a reason in a second, over all servers.
const LOOKS_PER_S: usize = 10;
/// A server is looked at without a reason this often at most, and at least.
const FULL_MIN: Duration = Duration::from_mins(1);
const FULL_MAX: Duration = Duration::from_mins(30);

/// An agent, as those see it who tell it things.
pub(super) struct Agent {
    machine: String,
    /// Number of the servers that it shares disks with.
    pub group: usize,
    /// The boot of its host in which it lives; none while the host is down.
    alive: watch::Sender<Option<u32>>,
    signals: Mutex<Option<mpsc::Sender<Signal>>>,
}

impl Agent {
    /// On a host that has booted once.
    pub fn new(machine: String, group: usize) -> Self {
        Self {
            machine,
            group,
            alive: watch::Sender::new(Some(1)),
            signals: Mutex::new(None),
        }
    }

    /// Tells in which boot its host is.
    pub fn is_alive(&self, boot: Option<u32>) {
        let changes = |now: &mut Option<u32>| std::mem::replace(now, boot) != boot;
        self.alive.send_if_modified(changes);
    }

    /// Gives it a reason to look.
    pub fn nudge(&self) {
        let signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signals) = signals.as_ref() {
            // One that waits already is enough.
            let _ = signals.try_send(Signal::Changed);
        }
    }

    fn hear(&self, memory: &mut Memory) {
        let (sender, receiver) = mpsc::channel(SIGNALS_MAX);
        memory.hear(receiver);
        *self.signals.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }
}

/// Lives until it is aborted.
pub(super) async fn live(
    shared: Arc<Shared>,
    name: HostName,
    connector: Connector,
    first: Duration,
) {
    let Some(agent) = shared.agents.get(&name) else {
        return;
    };
    tokio::time::sleep(first).await;
    let mut alive = agent.alive.subscribe();
    loop {
        let boot = *alive.borrow_and_update();
        match boot {
            None => {}
            Some(boot) => {
                let life = life(&shared, &name, &connector, boot);
                tokio::select! {
                    () = life => {}
                    // What its host was doing for it dies with the host.
                    _ = alive.wait_for(|now| *now != Some(boot)) => continue,
                }
            }
        }
        if alive.changed().await.is_err() {
            return;
        }
    }
}

/// One life, in one boot.
async fn life(shared: &Arc<Shared>, name: &HostName, connector: &Connector, boot: u32) {
    let Some(agent) = shared.agents.get(name) else {
        return;
    };
    let gate = Arc::clone(&shared.pace) as Arc<dyn Gate>;
    let door = Door::new(Arc::clone(&shared.world), name.clone(), gate, true).of_boot(boot);
    let door = Arc::new(door);
    let ledger = shared.folder.join(format!("{name}.json"));
    let hands = Arc::clone(&door) as Arc<dyn Hands>;
    let workshop = match Workshop::open(hands, Some(ledger)) {
        Ok(workshop) => workshop,
        Err(error) => {
            tracing::error!(%name, %error, "A simulated server's agent cannot start.");
            return;
        }
    };
    let mut memory = Memory::new(u64::from(boot), Some(SITE.to_owned())).with_work(workshop);
    agent.hear(&mut memory);
    let cadence = cadence(shared.agents.len());
    let never = Shutdown::new();
    loop {
        match connector.connect(&agent.machine, &name.0, Some(SITE)).await {
            Ok(link) => {
                let host = Arc::clone(&door) as Arc<dyn Host>;
                match agent::run::run(host, link, cadence, &mut memory, &never).await {
                    Ended::Revoked => return,
                    Ended::Lost | Ended::Stopped => {}
                    ended => tracing::warn!(%name, %ended, "A simulated agent lost its link."),
                }
            }
            Err(error) => tracing::warn!(%name, %error, "A simulated agent gets no link."),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// How often so many agents look without a reason. They start one after the
/// other, and so look one after the other.
fn cadence(n_agents: usize) -> Cadence {
    let full = Duration::from_secs(u64::try_from(n_agents / LOOKS_PER_S).unwrap_or(u64::MAX));
    let full = full.clamp(FULL_MIN, FULL_MAX);
    // A simulated host moves on in the open: it tells, and is not asked.
    Cadence { full, quick: full }
}
