//! Lets time pass in the world, and gives agents a reason to look where
//! something happened: a simulated host has no kernel that they could watch.

use super::Shared;
use crate::world::World;
use crate::world::host::HostName;
use crate::world::record::Happening;
use rt::Shutdown;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(20);
/// How often it is looked what happened.
const TICKS_PER_LOOK: u32 = 5;
/// What goes on by itself on a server in use (recovery, Pacemaker, fencing) is
/// looked at this often at most.
const IN_USE_EVERY: Duration = Duration::from_secs(3);
/// Servers in use that are looked at at a time, at most.
const IN_USE_MAX: usize = 10;

/// Runs until the end.
pub(super) async fn run(shared: Arc<Shared>, shutdown: Shutdown) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut n_ticks, mut seen) = (0_u32, 0_u64);
    let (mut in_use, mut next_round) = (VecDeque::new(), Instant::now());
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            _ = ticks.tick() => {}
        }
        shared.pace.go_on();
        n_ticks = n_ticks.wrapping_add(1);
        if !n_ticks.is_multiple_of(TICKS_PER_LOOK) {
            continue;
        }
        let touched = touched(&shared.world(), &mut seen);
        for name in &touched {
            alive(&shared, name);
            // Those that see the same disks, and hear the same ring.
            for near in shared.group(name) {
                nudge(&shared, near);
            }
        }
        if in_use.is_empty() && next_round <= Instant::now() {
            in_use = used(&shared.world());
            next_round = Instant::now() + IN_USE_EVERY;
        }
        for name in in_use.drain(..in_use.len().min(IN_USE_MAX)) {
            nudge(&shared, &name);
        }
    }
}

fn nudge(shared: &Shared, name: &HostName) {
    if let Some(agent) = shared.agents.get(name) {
        agent.nudge();
    }
}

/// Tells an agent whether its host lives.
pub(super) fn alive(shared: &Shared, name: &HostName) {
    let boot = {
        let world = shared.world();
        let state = world.hosts.get(name);
        let state = state.filter(|state| state.is_up && !state.is_hung);
        state.map(|state| state.boot)
    };
    if let Some(agent) = shared.agents.get(name) {
        agent.is_alive(boot);
    }
}

/// Servers on which something happened after a record.
fn touched(world: &World, seen: &mut u64) -> BTreeSet<HostName> {
    let mut names = BTreeSet::new();
    for record in world.records_after(*seen) {
        *seen = record.number;
        match &record.what {
            Happening::Mounted { host, .. }
            | Happening::Unmounted { host, .. }
            | Happening::Erased { host, .. }
            | Happening::DatasetErased { host, .. }
            | Happening::Imported { host, .. }
            | Happening::Exported { host, .. }
            | Happening::FileChanged { host, .. }
            | Happening::Commanded { host, .. }
            | Happening::ShuttingDown { host }
            | Happening::Down { host, .. }
            | Happening::Up { host } => names.insert(host.clone()),
        };
    }
    names
}

/// Servers in use: with targets, clients, or Corosync.
fn used(world: &World) -> VecDeque<HostName> {
    let running = world.lustre.running.keys().map(|(host, _)| host);
    let mut names: BTreeSet<HostName> = running.cloned().collect();
    names.extend(world.ha.nodes.keys().cloned());
    names.into_iter().collect()
}
