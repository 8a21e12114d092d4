//! A target is in use on one server at most, and nothing of ours tries to take
//! one that is in use elsewhere, whatever would have kept it from harm.

use crate::world::World;
use crate::world::host::HostName;
use crate::world::lustre::mount::place_of;
use crate::world::target::Place;
use std::collections::BTreeMap;
use std::time::Duration;

/// Since when what is in use where.
#[derive(Default)]
pub struct Single {
    since: BTreeMap<(Place, HostName), Duration>,
}

impl Single {
    /// A device came into use.
    pub fn mounted(&mut self, world: &World, host: &HostName, device: &str, at: Duration) {
        if let Some(place) = place_of(world, host, device) {
            self.since.insert((place, host.clone()), at);
        }
    }

    /// Where a place is in use besides this host.
    fn elsewhere<'a>(
        world: &'a World,
        host: &'a HostName,
        place: &'a Place,
    ) -> Option<&'a HostName> {
        let mut running = world.lustre.running.iter();
        let found = running.find(|((on, _), one)| on != host && one.place == *place);
        found.map(|((on, _), _)| on)
    }

    /// One of our commands is begun; its job was submitted at `since`.
    pub fn commanded(
        &self,
        world: &World,
        host: &HostName,
        argv: &[String],
        since_s: Option<u64>,
    ) -> Option<String> {
        let is_mount = argv.first().is_some_and(|word| word == "mount");
        let device = argv.get(argv.len().checked_sub(2)?)?;
        if !is_mount || device.contains(":/") {
            return None;
        }
        let place = place_of(world, host, device)?;
        let other = Self::elsewhere(world, host, &place)?;
        let began = self.since.get(&(place.clone(), other.clone()));
        // What came into use behind the plan's back is not the plan's fault.
        let is_behind = began.is_some_and(|began| since_s.is_some_and(|s| began.as_secs() >= s));
        (!is_behind).then(|| {
            format!(
                "`{}` on {host} while {place} is in use on {other}",
                argv.join(" ")
            )
        })
    }

    /// Nothing is in use twice now; if something is, whether it lies in a pool.
    pub fn look(world: &World) -> Option<(String, bool)> {
        let mut seen: BTreeMap<&Place, &HostName> = BTreeMap::new();
        for ((host, _), running) in &world.lustre.running {
            if let Some(other) = seen.insert(&running.place, host) {
                let text = format!("{} is in use on {other} and on {host}", running.label);
                return Some((text, matches!(running.place, Place::Dataset(..))));
            }
        }
        world.pools.values().find_map(|pool| {
            let up = |host: &&HostName| world.hosts.get(*host).is_some_and(|one| one.is_up);
            let holders: Vec<&HostName> = pool.holders.keys().filter(up).collect();
            match holders.as_slice() {
                [one, other, ..] => {
                    let text = format!("{} is imported on {one} and {other}", pool.name);
                    Some((text, true))
                }
                _ => None,
            }
        })
    }
}
