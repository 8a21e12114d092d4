//! Who is connected to a target, and recovery after it starts again.

use super::{Client, Running};
use crate::world::host::HostName;
use crate::world::{Due, World, lnet};
use lustre::label::{TargetKind, TargetLabel};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long clients may take to come back, from the first that comes.
const WINDOW: Duration = Duration::from_mins(5);
/// Between two looks who has come back.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After this long a client that is gone is evicted.
const EVICT_AFTER: Duration = Duration::from_mins(3);

/// What a number of a due part stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A target looks who has come back: host and mount point.
    Look(HostName, String),
    /// A client that is gone is evicted.
    Evict(String),
}

/// How far a target's recovery is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Who has to come back.
    expected: BTreeSet<String>,
    /// Who has.
    done: BTreeSet<String>,
    /// When the first came; since 1970 by the host's clock, seconds.
    started: Option<(Duration, i64)>,
    /// When it was over.
    ended: Option<Duration>,
}

impl Recovery {
    /// Whether clients are still waited for.
    pub fn is_running(&self) -> bool {
        !self.expected.is_empty() && self.ended.is_none()
    }

    /// As `recovery_status` prints it; the first line is the state.
    pub fn status(&self, now: Duration) -> String {
        let (all, done) = (self.expected.len(), self.done.len());
        match (self.started, self.ended) {
            _ if all == 0 => String::from("status: INACTIVE\n"),
            (Some((began, start)), Some(ended)) => format!(
                "status: COMPLETE\nrecovery_start: {start}\nrecovery_duration: {}\ncompleted_clients: {done}/{all}\nreplayed_requests: 0\nlast_transno: 4294967303\nVBR: DISABLED\nIR: DISABLED\n",
                ended.saturating_sub(began).as_secs()
            ),
            (Some((began, start)), None) => format!(
                "status: RECOVERING\nrecovery_start: {start}\ntime_remaining: {}\nconnected_clients: {done}/{all}\nreq_replay_clients: 0\nlock_repay_clients: 0\ncompleted_clients: {done}\nevicted_clients: 0\nreplayed_requests: 0\nqueued_requests: 0\nnext_transno: 4294967304\n",
                (began + WINDOW).saturating_sub(now).as_secs()
            ),
            (None, _) => String::from("status: WAITING_FOR_CLIENTS\n"),
        }
    }
}

/// The UUID by which an MDT is a client of other targets.
pub fn mdt_uuid(label: &TargetLabel) -> String {
    format!("{label}-mdtlov_UUID")
}

/// The host that runs a target.
pub fn host_of(world: &World, label: &TargetLabel) -> Option<HostName> {
    let mut all = world.lustre.running.iter();
    let ((host, _), _) = all.find(|(_, running)| running.label == *label && running.is_started)?;
    Some(host.clone())
}

/// Whether two hosts reach each other over LNet.
pub fn is_linked(world: &World, from: &HostName, to: &HostName) -> bool {
    from == to
        || lnet::nids(world, to)
            .iter()
            .any(|nid| lnet::reach(world, from, nid).is_some())
}

type Key = (HostName, String);

fn timer(world: &mut World, wait: Duration, timer: Timer) {
    world.lustre.n_timers += 1;
    let number = world.lustre.n_timers;
    world.lustre.timers.insert(number, timer);
    world.after(wait, Due::Part("lustre", number));
}

/// A timer is due.
pub fn due(world: &mut World, number: u64) {
    match world.lustre.timers.remove(&number) {
        Some(Timer::Look(host, at)) => look(world, (host, at)),
        Some(Timer::Evict(uuid)) if !is_client(world, &uuid) => forget(world, &uuid),
        _ => {}
    }
}

fn is_client(world: &World, uuid: &str) -> bool {
    world
        .lustre
        .clients
        .values()
        .any(|client| client.uuid == uuid)
}

/// A target runs from now on.
pub fn begin(world: &mut World, host: &HostName, at: &str) {
    let key = (host.clone(), at.to_owned());
    let Some(running) = world.lustre.running.get(&key).cloned() else {
        return;
    };
    if running.label == TargetLabel::Mgs {
        return;
    }
    let expected = world
        .target(&running.place)
        .map(|data| data.clients.clone())
        .unwrap_or_default();
    let waits = !expected.is_empty();
    if let Some(running) = world.lustre.running.get_mut(&key) {
        running.recovery.expected = expected;
    }
    if running.label.kind() == TargetKind::Mdt {
        world.lustre.mdts.insert(key.clone());
        as_client(world, host, &running.label);
    }
    if waits {
        let wait = world.chance.between_ms(3000, 12_000);
        timer(world, wait, Timer::Look(host.clone(), at.to_owned()));
    } else {
        connect_all(world, &key);
    }
}

/// Everyone who could use a target: UUID and host.
fn users(world: &World, running: &Running) -> Vec<(String, HostName)> {
    let fs = running
        .label
        .fs()
        .map(ToString::to_string)
        .unwrap_or_default();
    let clients = world
        .lustre
        .clients
        .iter()
        .filter(|(_, client)| client.fs == fs);
    let mut all: Vec<(String, HostName)> = clients
        .map(|((host, _), client)| (client.uuid.clone(), host.clone()))
        .collect();
    let mdts = world.lustre.mdts.iter();
    let mdts = mdts.filter_map(|key| Some((&key.0, &world.lustre.running.get(key)?.label)));
    let mdts = mdts.filter(|(_, one)| **one != running.label && one.fs() == running.label.fs());
    all.extend(mdts.map(|(host, one)| (mdt_uuid(one), host.clone())));
    all
}

fn connect_all(world: &mut World, key: &Key) {
    let Some(running) = world.lustre.running.get(key) else {
        return;
    };
    let users = users(world, running);
    let linked: BTreeSet<String> = users
        .into_iter()
        .filter(|(_, from)| is_linked(world, from, &key.0))
        .map(|(uuid, _)| uuid)
        .collect();
    let place = running.place.clone();
    if let Some(data) = world.target_mut(&place) {
        data.clients.extend(linked.iter().cloned());
    }
    if let Some(running) = world.lustre.running.get_mut(key) {
        running.connected.extend(linked);
    }
}

/// Looks who has come back, and whether it is over.
fn look(world: &mut World, key: Key) {
    let Some(running) = world
        .lustre
        .running
        .get(&key)
        .filter(|running| running.recovery.is_running())
    else {
        return;
    };
    let users = users(world, running);
    let back: BTreeSet<String> = users
        .into_iter()
        .filter(|(_, from)| is_linked(world, from, &key.0))
        .map(|(uuid, _)| uuid)
        .collect();
    let (now, clock) = (world.now(), world.clock_ms(&key.0) / 1000);
    let Some(running) = world.lustre.running.get_mut(&key) else {
        return;
    };
    let recovery = &mut running.recovery;
    // A client that is new starts the clock too, and is told to wait.
    if !back.is_empty() && recovery.started.is_none() {
        recovery.started = Some((now, clock));
    }
    recovery
        .done
        .extend(back.intersection(&recovery.expected).cloned());
    running.connected.extend(recovery.done.iter().cloned());
    let is_late = recovery
        .started
        .is_some_and(|(began, _)| now.saturating_sub(began) >= WINDOW);
    if recovery.done.len() < recovery.expected.len() && !is_late {
        timer(world, LOOK_EVERY, Timer::Look(key.0, key.1));
        return;
    }
    end(world, &key);
}

/// Recovery is over: who has not come back is evicted.
fn end(world: &mut World, key: &Key) {
    let (now, clock) = (world.now(), world.clock_ms(&key.0) / 1000);
    let Some(running) = world.lustre.running.get_mut(key) else {
        return;
    };
    running.recovery.started.get_or_insert((now, clock));
    running.recovery.ended = Some(now);
    let (place, done) = (running.place.clone(), running.recovery.done.clone());
    if let Some(data) = world.target_mut(&place) {
        data.clients = done;
    }
    connect_all(world, key);
}

/// Ends the recovery of a target on a host at once. Whether there is such a one.
pub fn abort(world: &mut World, host: &HostName, label: &str) -> bool {
    let is_it = |running: &Running| running.label.to_string() == label;
    let found = world.lustre.on(host).find(|(_, running)| is_it(running));
    let found = found.map(|(at, running)| (at.clone(), running.recovery.is_running()));
    let Some((at, is_running)) = found else {
        return false;
    };
    if is_running {
        end(world, &(host.clone(), at));
    }
    true
}

/// A client was mounted.
pub fn joined(world: &mut World, host: &HostName, client: &Client) {
    let targets = world.lustre.running.iter().filter(|(_, running)| {
        running.is_started
            && !running.recovery.is_running()
            && running
                .label
                .fs()
                .is_some_and(|fs| fs.as_str() == client.fs)
    });
    let keys: Vec<Key> = targets.map(|(key, _)| key.clone()).collect();
    for key in keys {
        connect(world, host, &key, &client.uuid);
    }
}

/// An MDT started, and is a client of the other targets.
fn as_client(world: &mut World, host: &HostName, mdt: &TargetLabel) {
    let targets = world.lustre.running.iter().filter(|(_, running)| {
        running.is_started
            && !running.recovery.is_running()
            && running.label != *mdt
            && running.label.fs() == mdt.fs()
    });
    let keys: Vec<Key> = targets.map(|(key, _)| key.clone()).collect();
    for key in keys {
        connect(world, host, &key, &mdt_uuid(mdt));
    }
}

fn connect(world: &mut World, from: &HostName, key: &Key, uuid: &str) {
    if !is_linked(world, from, &key.0) {
        return;
    }
    let Some(running) = world.lustre.running.get_mut(key) else {
        return;
    };
    running.connected.insert(uuid.to_owned());
    let place = running.place.clone();
    if let Some(data) = world.target_mut(&place) {
        data.clients.insert(uuid.to_owned());
    }
}

/// A client is gone for good: no target that runs knows it any more.
fn forget(world: &mut World, uuid: &str) {
    let running = world.lustre.running.values_mut();
    let known = running.filter_map(|running| {
        running
            .connected
            .remove(uuid)
            .then(|| running.place.clone())
    });
    for place in known.collect::<Vec<_>>() {
        if let Some(data) = world.target_mut(&place) {
            data.clients.remove(uuid);
        }
    }
}

/// A client took its leave of the targets that it reaches; the others evict it.
pub fn left(world: &mut World, host: &HostName, uuid: &str) {
    let linked = world
        .lustre
        .running
        .keys()
        .all(|(to, _)| is_linked(world, host, to));
    if linked {
        forget(world, uuid);
    } else {
        timer(world, EVICT_AFTER, Timer::Evict(uuid.to_owned()));
    }
}

/// A target is about to be unmounted.
pub fn leave(world: &mut World, host: &HostName, at: &str) {
    let running = world.lustre.running.get(&(host.clone(), at.to_owned()));
    if let Some(label) = running.map(|running| running.label.clone())
        && label.kind() == TargetKind::Mdt
    {
        left(world, host, &mdt_uuid(&label));
    }
}

/// A host went down with its clients.
pub fn host_lost(world: &mut World, host: &HostName) {
    let here: Vec<Key> = world
        .lustre
        .clients_on(host)
        .map(|(at, _)| (host.clone(), at.clone()))
        .collect();
    for key in here {
        if let Some(client) = world.lustre.clients.remove(&key) {
            timer(world, EVICT_AFTER, Timer::Evict(client.uuid));
        }
    }
}
