//! The MGS: what it knows, and how targets come to it.

use crate::world::World;
use crate::world::host::HostName;
use crate::world::lnet;
use crate::world::target::{FsConfig, KnownTarget, Place, Standing};

/// NIDs of nodes, each NID once: `a,b:c`.
pub fn nids(nodes: &[String]) -> impl Iterator<Item = &str> {
    nodes.iter().flat_map(|node| node.split([',', ':']))
}

/// Where the MGS lies that one of these nodes runs, as seen from a host.
pub fn find(world: &World, from: &HostName, nodes: &[String]) -> Option<Place> {
    nids(nodes).find_map(|nid| {
        let to = lnet::reach(world, from, nid)?;
        here(world, &to)
    })
}

/// Where the MGS lies that runs on a host.
pub fn here(world: &World, host: &HostName) -> Option<Place> {
    let mut running = world.lustre.on(host).map(|(_, running)| running);
    let mgs = running.find(|running| running.is_mgs && running.is_started)?;
    Some(mgs.place.clone())
}

/// Makes a target known to an MGS: the errno if it is refused.
pub fn register(
    world: &mut World,
    host: &HostName,
    target: &Place,
    mgs: &Place,
) -> Result<(), i32> {
    let Some(data) = world.target(target).cloned() else {
        return Err(5);
    };
    let at = world.clock_ms(host) / 1000;
    let mut nodes = data.service_nodes.clone();
    if nodes.is_empty() {
        nodes = vec![lnet::nids(world, host).join(",")];
    }
    let Some(mgs) = world.target_mut(mgs) else {
        return Err(110);
    };
    let fs = mgs.configs.get(&data.fs());
    let is_known = fs.is_some_and(|fs| fs.targets.iter().any(|one| one.label == data.label));
    match (data.standing, is_known) {
        (Standing::Known, true) => return Ok(()),
        // The MGS has lost its log.
        (Standing::Known, false) => return Err(2),
        (Standing::New, true) => return Err(98),
        (Standing::New, false) | (Standing::WriteConf, _) => {}
    }
    let config: &mut FsConfig = mgs.configs.entry(data.fs()).or_default();
    config.targets.retain(|one| one.label != data.label);
    config.targets.push(KnownTarget {
        label: data.label,
        nodes,
        at,
    });
    config.generation += 1;
    Ok(())
}
