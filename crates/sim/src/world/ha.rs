//! Corosync and Pacemaker: hosts that hear each other are a ring, and a ring
//! runs what its CIB says, by the world's own mounts, pools and BMCs.
//!
//! - [`corosync`]: its file, who hears whom, votes, its tools.
//! - [`membership`]: rings break and join; [`ring`]: what a ring knows.
//! - [`cib`], [`told`]: what Pacemaker is told, as XML and typed.
//! - [`schedule`]: where resources run; [`execute`]: start, stop, look;
//!   [`fence`]: turning off who is lost.
//! - [`tools`], [`show`], `past`: what the tools answer.
//!
//! Of Pacemaker's language it knows primitives, groups and location constraints:
//! no clones, no orders or colocations besides groups, no rules by time.

pub mod cib;
pub mod corosync;
pub mod execute;
pub mod fence;
pub mod membership;
mod past;
pub mod ring;
pub mod schedule;
pub mod show;
pub mod told;
mod tools;

use super::Due;
use super::World;
use super::command::{self, Part};
use super::host::HostName;
use ring::{Peer, Ring};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often rings look what is to be done.
const TICK: Duration = Duration::from_secs(1);

/// Corosync and Pacemaker.
pub const PART: Part = Part {
    name: "ha",
    programs: &[
        "cibadmin",
        "crm_attribute",
        "crm_resource",
        "crm_mon",
        "crm_node",
        "stonith_admin",
        "corosync-cfgtool",
        "corosync-quorumtool",
        "corosync-cmapctl",
    ],
    run: |world, host, argv| match command::program(argv) {
        "corosync-cfgtool" if argv.iter().any(|word| word == "-R") => corosync::reload(world, host),
        program if program.starts_with("corosync") => corosync::run(world, host, program),
        _ => tools::run(world, host, argv),
    },
    takes: |_, _, _| Duration::from_millis(200),
    go_on: tools::go_on,
    unit: |world, host, unit, starts| match (unit, starts) {
        ("corosync.service", true) => Some(start_corosync(world, host)),
        ("corosync.service", false) => {
            stop_pacemaker(world, host);
            stop_corosync(world, host);
            Some(Ok(()))
        }
        ("pacemaker.service", true) => Some(start_pacemaker(world, host)),
        ("pacemaker.service", false) => {
            stop_pacemaker(world, host);
            Some(Ok(()))
        }
        _ => None,
    },
    due: |world, _| {
        ring::tick(world);
        world.ha.is_ticking = false;
        keep_ticking(world);
    },
    before_down: |world, host| {
        // The others find out when its token is missed.
        world.ha.nodes.remove(host);
    },
    ..Part::BARE
};

/// What runs of it.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Hosts on which Corosync runs.
    pub nodes: BTreeMap<HostName, corosync::Node>,
    /// Rings by number.
    pub rings: BTreeMap<u64, Ring>,
    n_rings: u64,
    is_ticking: bool,
}

fn keep_ticking(world: &mut World) {
    let has_rings = !world.ha.rings.is_empty();
    if has_rings && !std::mem::replace(&mut world.ha.is_ticking, true) {
        world.after(TICK, Due::Part("ha", 0));
    }
}

fn set_unit(world: &mut World, host: &HostName, unit: &str, is_active: bool) {
    if let Some(state) = world.hosts.get_mut(host) {
        state.units.entry(unit.to_owned()).or_default().is_active = is_active;
    }
}

fn start_corosync(world: &mut World, host: &HostName) -> Result<(), String> {
    if world.ha.nodes.contains_key(host) {
        return Ok(());
    }
    let node = corosync::Node::start(world, host)?;
    let ring = Ring {
        members: [host.clone()].into(),
        ids: [node.id].into(),
        sequence: 1,
        ..Ring::default()
    };
    world.ha.nodes.insert(host.clone(), node);
    membership::insert(world, ring);
    set_unit(world, host, "corosync.service", true);
    keep_ticking(world);
    Ok(())
}

/// Pacemaker wants Corosync, and brings the CIB of its disk along.
fn start_pacemaker(world: &mut World, host: &HostName) -> Result<(), String> {
    start_corosync(world, host)?;
    let bytes = world
        .hosts
        .get(host)
        .and_then(|state| state.files.get(cib::PATH));
    let mine = cib::Cib::read(bytes);
    let Some(node) = world.ha.nodes.get_mut(host) else {
        return Ok(());
    };
    node.has_pacemaker = true;
    let id = node.ring;
    if let Some(ring) = world.ha.rings.get_mut(&id)
        && ring
            .cib
            .as_ref()
            .is_none_or(|cib| cib.version() < mine.version())
    {
        ring.told = told::Told::from(&mine);
        ring.cib = Some(mine);
    }
    Ok(())
}

/// Pacemaker stops what it runs on a host, and leaves.
fn stop_pacemaker(world: &mut World, host: &HostName) {
    let Some(node) = world.ha.nodes.get(host).filter(|node| node.has_pacemaker) else {
        return;
    };
    let (id, name) = (node.ring, node.name.clone());
    let Some(mut ring) = world.ha.rings.remove(&id) else {
        return;
    };
    let told = ring.told.clone();
    let members: Vec<&told::Primitive> = told.primitives().map(|(_, one)| one).collect();
    for one in members.into_iter().rev() {
        let key = (one.id.clone(), name.clone());
        if !ring.at.contains_key(&key) {
            continue;
        }
        let argv = execute::command(world, host, one, execute::Task::Stop);
        let is_stopped = argv.is_none_or(|argv| command::run(world, host, &argv).exit == 0);
        if is_stopped {
            ring.at.remove(&key);
        }
    }
    let keeps = ring.at.keys().any(|(_, on)| *on == name);
    let peer = Peer {
        is_unclean: keeps,
        ..Peer::default()
    };
    ring.peers.insert(name.clone(), peer);
    ring.probed.retain(|(_, on)| *on != name);
    if ring.dc.as_ref() == Some(host) {
        ring.dc = None;
    }
    if let Some(node) = world.ha.nodes.get_mut(host) {
        node.has_pacemaker = false;
    }
    world.ha.rings.insert(id, ring);
    set_unit(world, host, "pacemaker.service", false);
}

/// Corosync takes its leave: the others need not wait for its token.
fn stop_corosync(world: &mut World, host: &HostName) {
    let Some(node) = world.ha.nodes.remove(host) else {
        return;
    };
    if let Some(ring) = world.ha.rings.get_mut(&node.ring) {
        ring.members.remove(host);
        ring.ids.remove(&node.id);
        ring.sequence += 4;
        if ring.members.is_empty() {
            world.ha.rings.remove(&node.ring);
        }
    }
}

impl World {
    /// The nodes on which Pacemaker knows a resource to be active, as a host
    /// knows it.
    pub fn ha_places(&self, host: &HostName, resource: &str) -> Vec<String> {
        let node = self.ha.nodes.get(host);
        let ring = node.and_then(|node| self.ha.rings.get(&node.ring));
        let places = ring.iter().flat_map(|ring| ring.places(resource));
        places.map(|(node, _)| node.to_owned()).collect()
    }
}
