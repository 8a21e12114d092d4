//! Fencing: a node that is lost, or that cannot stop what it runs, is turned
//! off by its BMC before anything of it is taken over.

use super::ring::{Peer, Ring};
use super::told::Primitive;
use crate::world::World;
use crate::world::host::{Host, HostName};
use crate::world::power;
use std::time::Duration;

/// After a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a BMC that does not answer is waited for: `stonith-timeout`.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long a host may take until it is off.
const OFF: Duration = Duration::from_secs(20);
/// Events that are kept.
const EVENTS_MAX: usize = 50;

/// A node that is being fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fencing {
    /// The host that does it.
    pub by: HostName,
    /// When its result is there.
    until: Duration,
    /// It failed, and begins again then.
    is_over: bool,
}

/// A node was fenced, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// Which.
    pub target: String,
    /// `reboot`, `off`.
    pub action: String,
    /// Who did it; none where nobody could.
    pub by: Option<String>,
    /// Who asked for it.
    pub origin: String,
    /// Why it failed; none where it did not.
    pub error: Option<String>,
    /// When.
    pub at: Duration,
    /// The same by the controller's clock.
    pub clock_ms: i64,
}

/// Fencing of a ring goes on.
pub fn go_on(world: &mut World, ring: &mut Ring) {
    let unclean = ring.peers.iter().filter(|(_, peer)| peer.is_unclean);
    let unclean: Vec<String> = unclean.map(|(name, _)| name.clone()).collect();
    if !ring.told.fences() {
        // Without fencing a node that is lost counts as off.
        for name in unclean {
            if !ring.is_online(&name) {
                gone(ring, &name);
            }
        }
        return;
    }
    if !ring.may_act(world) {
        return;
    }
    for name in unclean {
        match ring.fencing.get(&name).cloned() {
            None => begin(world, ring, &name),
            Some(fencing) if world.now() < fencing.until => {}
            Some(fencing) if fencing.is_over => begin(world, ring, &name),
            Some(fencing) => end(world, ring, &name, &fencing.by),
        }
    }
}

/// A node is off: nothing runs on it.
fn gone(ring: &mut Ring, node: &str) {
    ring.at.retain(|(_, on), _| on != node);
    ring.probed.retain(|(_, on)| on != node);
    ring.failures.retain(|(_, on), _| on != node);
    ring.peers.insert(node.to_owned(), Peer::default());
    ring.fencing.remove(node);
}

/// A person says that a node is off: that counts as fenced.
pub fn confirmed(world: &World, ring: &mut Ring, node: &str) {
    note(world, ring, node, Some(String::from("a human")), None);
    if let Some(event) = ring.fenced.last_mut() {
        "off".clone_into(&mut event.action);
    }
    gone(ring, node);
}

/// A host that can run a fencing device.
fn executor(world: &World, ring: &Ring, device: &Primitive, target: &str) -> Option<HostName> {
    let top = ring.told.tops.iter().find(|top| top.id == device.id)?;
    let has_secrets = |host: &HostName| {
        let mut names = device
            .parameters
            .iter()
            .filter(|(_, value)| *value == "lrm://");
        let files = world.hosts.get(host).map(|state| &state.files);
        names.all(|(name, _)| {
            let path = format!("/var/lib/pacemaker/lrm/secrets/{}/{name}", device.id);
            files.is_some_and(|files| {
                // Pacemaker takes no secret whose sum is not beside it.
                let sum = files.get(&format!("{path}.sign"));
                let secret = files.get(&path);
                secret.is_some_and(|secret| {
                    sum.is_some_and(|sum| *sum == stdx::md5::hex(secret).into_bytes())
                })
            })
        })
    };
    let mut all = ring.pacemakers(world).into_iter();
    let found = all.find(|(host, name)| {
        name != target && ring.told.points(top, name) >= 0 && has_secrets(host)
    });
    found.map(|(host, _)| host)
}

fn begin(world: &mut World, ring: &mut Ring, target: &str) {
    let is_on = |one: &&Primitive| {
        let role = one.meta.get("target-role");
        one.can_fence(target) && role.is_none_or(|role| !role.eq_ignore_ascii_case("stopped"))
    };
    let device = ring.told.primitives().map(|(_, one)| one).find(is_on);
    let by = device.and_then(|device| executor(world, ring, device, target));
    let bmc = ring
        .host(world, target)
        .and_then(|host| world.hosts.get(&host));
    let (answers, works) = bmc.map_or((false, false), |state| (state.bmc.answers, state.bmc.works));
    let Some(by) = by else {
        note(world, ring, target, None, Some("No such device"));
        let by = ring.dc.clone().unwrap_or_else(|| HostName(String::new()));
        let until = world.now() + TIMEOUT;
        let is_over = true;
        ring.fencing
            .insert(target.to_owned(), Fencing { by, until, is_over });
        return;
    };
    let wait = match (answers, works) {
        (false, _) => TIMEOUT,
        (_, false) => OFF,
        _ => world.chance.between_ms(3000, 8000),
    };
    let fencing = Fencing {
        by,
        until: world.now() + wait,
        is_over: false,
    };
    ring.fencing.insert(target.to_owned(), fencing);
}

fn end(world: &mut World, ring: &mut Ring, target: &str, by: &HostName) {
    let Some(host) = ring.host(world, target) else {
        return;
    };
    // The agent asks the BMC afterwards whether it is off.
    let said = power::bmc_off(world, &host, "fenced");
    let is_off = |state: &Host| !state.is_up || state.bmc.lies;
    let is_off = world.hosts.get(&host).is_none_or(is_off);
    let name = world.ha.nodes.get(by).map(|node| node.name.clone());
    if said && is_off {
        note(world, ring, target, name, None);
        gone(ring, target);
        if ring.told.property("stonith-action", "reboot") != "off" {
            power::on(world, &host);
        }
        return;
    }
    let error = if said {
        "Agent returned error"
    } else {
        "Fence agent did not complete in time"
    };
    note(world, ring, target, name, Some(error));
    if let Some(fencing) = ring.fencing.get_mut(target) {
        fencing.until = world.now() + AGAIN;
        fencing.is_over = true;
    }
}

fn note(world: &World, ring: &mut Ring, target: &str, by: Option<String>, error: Option<&str>) {
    let dc = ring.dc.clone();
    let origin = dc.as_ref().and_then(|dc| world.ha.nodes.get(dc));
    let event = Fenced {
        target: target.to_owned(),
        action: ring.told.property("stonith-action", "reboot").to_owned(),
        by,
        origin: origin.map(|node| node.name.clone()).unwrap_or_default(),
        error: error.map(str::to_owned),
        at: world.now(),
        clock_ms: dc.map_or(0, |dc| world.clock_ms(&dc)),
    };
    // Of what failed again and again, the last is kept.
    ring.fenced
        .retain(|old| old.target != target || old.error.is_none());
    ring.fenced.push(event);
    if ring.fenced.len() > EVENTS_MAX {
        ring.fenced.remove(0);
    }
}
