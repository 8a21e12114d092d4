//! What Pacemaker lets agents do on nodes: start, stop, look.

use super::cib::INFINITY;
use super::ring::{Active, Done, Failure, Ring};
use super::told::{Primitive, is_true, time};
use crate::world::host::HostName;
use crate::world::{RunId, World, zfs};
use std::collections::BTreeSet;
use std::time::Duration;

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
}

impl Task {
    /// As the tools write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }
}

/// An operation that goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Which.
    pub task: Task,
    /// The node's name.
    pub node: String,
    /// Its host.
    pub host: HostName,
    /// The command that does it; none where nothing is run.
    run: Option<RunId>,
    /// When it began.
    begun: Duration,
    /// When it is over where nothing is run.
    over: Duration,
}

/// Whether a resource really is active on a host; none where only Pacemaker
/// knows.
pub fn is_active(world: &World, host: &HostName, resource: &Primitive) -> Option<bool> {
    match resource.kind.as_str() {
        "Lustre" => {
            let at = resource.parameter("mountpoint");
            let mounts = world.hosts.get(host).map(|state| state.mounts.iter());
            Some(
                mounts.is_some_and(|mut all| {
                    all.any(|mount| mount.at == at && mount.kind == "lustre")
                }),
            )
        }
        "ZFS" => Some(zfs::imported(world, host, resource.parameter("pool")).is_some()),
        _ => None,
    }
}

/// The command of an agent that does something; none where there is nothing to
/// be done.
pub fn command(world: &World, host: &HostName, one: &Primitive, task: Task) -> Option<Vec<String>> {
    let is_on = is_active(world, host, one)?;
    if is_on == (task == Task::Start) {
        return None;
    }
    let (target, at) = (one.parameter("target"), one.parameter("mountpoint"));
    let (options, pool) = (one.parameter("mountoptions"), one.parameter("pool"));
    let force = one.parameters.get("importforce");
    let is_forced = force.is_none_or(|value| is_true(value));
    let words: Vec<&str> = match (one.kind.as_str(), task) {
        ("Lustre", Task::Start) if options.is_empty() => vec!["mount", "-t", "lustre", target, at],
        ("Lustre", Task::Start) => vec!["mount", "-t", "lustre", "-o", options, target, at],
        ("Lustre", Task::Stop) => vec!["umount", at],
        (_, Task::Start) if is_forced => {
            vec!["zpool", "import", "-f", "-o", "cachefile=none", pool]
        }
        (_, Task::Start) => vec!["zpool", "import", "-o", "cachefile=none", pool],
        (_, Task::Stop) => vec!["zpool", "export", "-f", pool],
    };
    Some(words.into_iter().map(str::to_owned).collect())
}

/// Begins an operation of a resource on a node.
pub fn begin(world: &mut World, ring: &mut Ring, resource: &str, node: &str, task: Task) {
    let Some(host) = ring.host(world, node) else {
        return;
    };
    let Some(one) = ring.primitive(resource) else {
        return;
    };
    let argv = command(world, &host, one, task);
    let run = argv.map(|argv| world.begin(&host, &argv));
    let wait = world.chance.between_ms(300, 1500);
    let over = world.now() + wait;
    let operation = Operation {
        task,
        node: node.to_owned(),
        host,
        // A host without the program fails at once, by what its mount says.
        run: run.and_then(Result::ok),
        begun: world.now(),
        over,
    };
    ring.operations.insert(resource.to_owned(), operation);
}

/// Takes the results of what has ended.
pub fn finish(world: &mut World, ring: &mut Ring) {
    let ids: Vec<String> = ring.operations.keys().cloned().collect();
    for id in ids {
        let Some(operation) = ring.operations.get(&id).cloned() else {
            continue;
        };
        let lives = world.ha.nodes.get(&operation.host);
        if lives.is_none_or(|node| !node.has_pacemaker) {
            ring.operations.remove(&id);
            if let Some(run) = operation.run.filter(|run| world.fetch(*run).is_none()) {
                world.kill(run);
            }
            continue;
        }
        let Some(result) = result(world, ring, &id, &operation) else {
            continue;
        };
        ring.operations.remove(&id);
        ended(world, ring, &id, &operation, result);
    }
}

/// How an operation ended: the code, whether it was late, and why it failed.
fn result(
    world: &mut World,
    ring: &Ring,
    id: &str,
    operation: &Operation,
) -> Option<(i32, bool, String)> {
    let one = ring.primitive(id).cloned();
    let Some(run) = operation.run else {
        if world.now() < operation.over {
            return None;
        }
        let starts = operation.task == Task::Start;
        let fails = one.is_some_and(|one| match is_active(world, &operation.host, &one) {
            Some(is_on) => is_on != starts,
            None => starts && one.is_fence() && !answers(world, ring, &one),
        });
        return Some((i32::from(fails), false, String::new()));
    };
    let limit = one.as_ref().map_or(Duration::from_secs(20), |one| {
        one.limit(operation.task.name())
    });
    match world.fetch(run) {
        Some(Ok(output)) if output.exit == 0 => Some((0, false, String::new())),
        Some(Ok(output)) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let first = text.lines().next().unwrap_or_default().to_owned();
            Some((1, false, first))
        }
        Some(Err(error)) => Some((1, false, error.to_string())),
        None if world.now().saturating_sub(operation.begun) >= limit => {
            world.kill(run);
            let text = format!(
                "Resource agent did not complete within {}s",
                limit.as_secs()
            );
            Some((1, true, text))
        }
        None => None,
    }
}

/// Whether the BMCs of a fencing device answer.
pub fn answers(world: &World, ring: &Ring, one: &Primitive) -> bool {
    let list = one.parameter("pcmk_host_list");
    let mut hosts = list
        .split([' ', ',', ';'])
        .filter_map(|name| ring.host(world, name));
    hosts.all(|host| {
        world
            .hosts
            .get(&host)
            .is_some_and(|state| state.bmc.answers)
    })
}

fn ended(
    world: &mut World,
    ring: &mut Ring,
    id: &str,
    operation: &Operation,
    (code, is_late, reason): (i32, bool, String),
) {
    let key = (id.to_owned(), operation.node.clone());
    let took = world.now().saturating_sub(operation.begun);
    let done = Done {
        code,
        clock_ms: world.clock_ms(&operation.host),
        took,
    };
    let of = (id.to_owned(), operation.node.clone(), operation.task);
    ring.done.insert(of, done);
    match (operation.task, code) {
        (Task::Start, 0) => {
            let next = next_look(world, ring, id);
            let active = Active {
                next,
                ..Active::default()
            };
            ring.at.insert(key, active);
        }
        (Task::Stop, 0) => {
            ring.at.remove(&key);
        }
        (task, code) => {
            let starts = task == Task::Start;
            let is_fatal = !starts || ring.told.is("start-failure-is-fatal", true);
            let failure = Failure {
                count: if is_fatal { INFINITY } else { 1 },
                task: task.name().to_owned(),
                interval_ms: 0,
                code,
                is_late,
                reason,
                at: world.now(),
                clock_ms: world.clock_ms(&operation.host),
                took,
            };
            fail(ring, &key, failure);
            let active = ring.at.entry(key).or_default();
            (active.is_failed, active.is_stuck) = (true, !starts);
            // A node that cannot stop what it runs is not to be trusted.
            if !starts
                && ring.told.fences()
                && let Some(peer) = ring.peers.get_mut(&operation.node)
            {
                peer.is_unclean = true;
            }
        }
    }
}

/// Counts a failure.
fn fail(ring: &mut Ring, key: &(String, String), failure: Failure) {
    let before = ring.failures.get(key).map_or(0, |failure| failure.count);
    let count = (before + failure.count).min(INFINITY);
    ring.failures
        .insert(key.clone(), Failure { count, ..failure });
}

fn next_look(world: &World, ring: &Ring, id: &str) -> Option<Duration> {
    let every = ring.told.primitive(id)?.1.monitored()?;
    Some(world.now() + every)
}

/// Looks once on each node whether a resource is active there already.
pub fn probe(world: &mut World, ring: &mut Ring) {
    let online = ring.peers.iter().filter(|(_, peer)| peer.is_online);
    let online: Vec<String> = online.map(|(name, _)| name.clone()).collect();
    let ids: Vec<String> = ring
        .told
        .primitives()
        .map(|(_, one)| one.id.clone())
        .collect();
    for node in &online {
        for id in &ids {
            let key = (id.clone(), node.clone());
            if ring.probed.contains(&key) || ring.operations.contains_key(id) {
                continue;
            }
            let host = ring.host(world, node);
            let found = ring.told.primitive(id).map(|(_, one)| one);
            let is_on = host
                .zip(found)
                .and_then(|(host, one)| is_active(world, &host, one));
            let next = next_look(world, ring, id);
            match is_on {
                Some(true) => ring.at.entry(key.clone()).or_default().next = next,
                Some(false) => {
                    ring.at.remove(&key);
                }
                None => {}
            }
            ring.probed.insert(key);
        }
    }
    // What is not in the CIB any more is forgotten, once it is stopped.
    let is_known = |key: &(String, String)| ids.contains(&key.0);
    remember(ring);
    let stops = ring.told.is("stop-orphan-resources", true);
    let active = &ring.active;
    let is_stopped = |key: &(String, String)| !stops || !active.contains_key(&key.0);
    ring.at.retain(|key, _| is_known(key) || !is_stopped(key));
    ring.probed.retain(is_known);
    ring.failures.retain(|key, _| is_known(key));
    ring.done.retain(|(id, _, _), _| ids.contains(id));
}

/// Keeps how what is active was told.
fn remember(ring: &mut Ring) {
    let at: BTreeSet<&String> = ring.at.keys().map(|(id, _)| id).collect();
    ring.active.retain(|id, _| at.contains(id));
    for id in at {
        if !ring.active.contains_key(id)
            && let Some((_, one)) = ring.told.primitive(id)
        {
            ring.active.insert(id.clone(), one.clone());
        }
    }
}

/// Looks whether what is active still is, and forgets old failures.
pub fn monitor(world: &mut World, ring: &mut Ring) {
    let now = world.now();
    let due = ring.at.iter().filter(|(key, active)| {
        active.next.is_some_and(|next| next <= now)
            && ring.is_online(&key.1)
            && !ring.operations.contains_key(&key.0)
    });
    let due: Vec<(String, String)> = due.map(|(key, _)| key.clone()).collect();
    for key in due {
        let Some(host) = ring.host(world, &key.1) else {
            continue;
        };
        let Some((_, one)) = ring.told.primitive(&key.0) else {
            continue;
        };
        let is_well = if one.is_fence() {
            answers(world, ring, one)
        } else {
            is_active(world, &host, one).unwrap_or(true)
        };
        let every = one.monitored().unwrap_or_default();
        let (is_fence, next) = (one.is_fence(), next_look(world, ring, &key.0));
        if let Some(active) = ring.at.get_mut(&key) {
            active.next = next;
            active.is_failed |= !is_well;
        }
        if !is_well {
            let failure = Failure {
                count: 1,
                task: String::from("monitor"),
                interval_ms: every.as_millis(),
                code: if is_fence { 1 } else { 7 },
                is_late: false,
                reason: String::new(),
                at: now,
                clock_ms: world.clock_ms(&host),
                took: Duration::from_millis(40),
            };
            fail(ring, &key, failure);
        }
    }
    forget(ring, now);
}

fn forget(ring: &mut Ring, now: Duration) {
    let told = &ring.told;
    ring.failures.retain(|(id, _), failure| {
        let Some((top, one)) = told.primitive(id) else {
            return false;
        };
        let limit = told.meta(top, one, "failure-timeout").and_then(time);
        let limit = limit.filter(|limit| !limit.is_zero());
        limit.is_none_or(|limit| now.saturating_sub(failure.at) < limit)
    });
}
