//! What people can break of a demonstration, and mend.

use crate::world::World;
use crate::world::disk::{self, Content, DiskFault, DiskId};
use crate::world::host::HostName;
use crate::world::power;
use std::collections::BTreeMap;
use std::fmt;
use stdx::hostlist;

/// How a server is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It loses its power.
    Power,
    /// Its kernel hangs.
    Hang,
    /// Its network cables are pulled; its BMC's is not.
    Network,
    /// A disk that it uses is pulled.
    Disk,
}

impl How {
    /// Each way.
    pub const ALL: [Self; 4] = [Self::Power, Self::Hang, Self::Network, Self::Disk];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Hang => "hang",
            Self::Network => "network",
            Self::Disk => "disk",
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was done to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its name in full.
    pub server: String,
    /// What was done, a sentence.
    pub text: String,
}

/// There is no server of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the demo has no simulated server {name}{}; it has {all}", near.as_ref().map(|near| format!(" (is it {near}?)")).unwrap_or_default())]
pub struct NoServer {
    /// What was asked for.
    pub name: String,
    /// The name that is nearest, if one is near.
    pub near: Option<String>,
    /// Every name there is, as a host list.
    pub all: String,
}

/// The server of a name; the zeros before its number may be left out.
pub(super) fn find<T>(servers: &BTreeMap<HostName, T>, name: &str) -> Result<HostName, NoServer> {
    let exact = HostName(name.to_owned());
    if servers.contains_key(&exact) {
        return Ok(exact);
    }
    let wanted = plain(name);
    if let Some(found) = servers.keys().find(|one| plain(&one.0) == wanted) {
        return Ok(found.clone());
    }
    let near = servers
        .keys()
        .map(|one| (distance(&plain(&one.0), &wanted), one));
    let near = near.min_by_key(|(distance, _)| *distance);
    let near = near.filter(|(distance, _)| *distance <= 2);
    let all: Vec<&String> = servers.keys().map(|one| &one.0).collect();
    Err(NoServer {
        name: name.to_owned(),
        near: near.map(|(_, one)| one.0.clone()),
        all: hostlist::fold(&all),
    })
}

/// A name in lower case, without zeros before its number.
fn plain(name: &str) -> String {
    let name = name.to_lowercase();
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name
        .get(letters.len()..)
        .unwrap_or("")
        .trim_start_matches('0');
    format!("{letters}{number}")
}

/// Letters to change, add or take away between two words.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = before + usize::from(a != *b);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row[other.len()]
}

/// Disks that a server shares with others, in the order of its kernel.
fn shared_disks(world: &World, host: &HostName) -> Vec<(String, DiskId)> {
    let Some(state) = world.hosts.get(host) else {
        return Vec::new();
    };
    let disks = state.disks.iter().filter(|(name, _)| *name != "sda");
    disks.map(|(name, id)| (name.clone(), id.clone())).collect()
}

/// The disk that hurts most: one in use here, else one with something on it.
fn worst_disk(world: &World, host: &HostName) -> Option<(String, DiskId)> {
    let all = shared_disks(world, host);
    let weight = |(_, id): &&(String, DiskId)| {
        let content = world.disks.get(id).map(|disk| &disk.content);
        let pool = match content {
            Some(Content::PoolMember { pool, .. }) => Some(format!("{pool}/")),
            _ => None,
        };
        let mut running = world.lustre.on(host);
        let is_used = disk::mount_of(world, host, id).is_some()
            || pool.is_some_and(|pool| running.any(|(_, one)| one.device.starts_with(&pool)));
        let is_blank = matches!(content, None | Some(Content::Blank));
        (!is_used, is_blank)
    };
    all.iter().min_by_key(weight).cloned()
}

/// What is broken of a server.
pub(super) fn of(world: &World, host: &HostName) -> Vec<How> {
    let Some(state) = world.hosts.get(host) else {
        return Vec::new();
    };
    let has_fault = |(_, id): (String, DiskId)| {
        let disk = world.disks.get(&id);
        disk.is_some_and(|disk| disk.fault.is_some())
    };
    let is = |how: &How| match how {
        How::Power => state.is_unpowered,
        How::Hang => state.is_hung,
        How::Network => world.is_cut_off(host),
        How::Disk => shared_disks(world, host).into_iter().any(has_fault),
    };
    How::ALL.into_iter().filter(is).collect()
}

/// Breaks a server.
pub(super) fn broken(world: &mut World, host: &HostName, how: How) -> Done {
    let is_up = world.hosts.get(host).is_some_and(|state| state.is_up);
    let text = match how {
        _ if of(world, host).contains(&how) => format!("{host} is broken so already ({how})."),
        How::Power => {
            world.unplug(host, true);
            format!("{host} has lost its power.")
        }
        How::Hang if !is_up => format!("{host} is off, and cannot hang."),
        How::Hang => {
            world.hang(host);
            format!("The kernel of {host} hangs.")
        }
        How::Network => {
            world.cut_off(host, true);
            format!(
                "The network cables of {host} are pulled; those of its BMC and of its agent are not."
            )
        }
        How::Disk => match worst_disk(world, host) {
            Some((name, id)) => {
                world.break_disk(&id, Some(DiskFault::Gone));
                format!("The disk {name} of {host} (wwn 0x{}) is pulled.", id.0)
            }
            None => format!("{host} has no disk to pull."),
        },
    };
    let server = host.0.clone();
    Done { server, text }
}

/// Mends all that is broken of a server, and turns it on if it is off.
pub(super) fn mended(world: &mut World, host: &HostName) -> Done {
    let was = of(world, host);
    let mut said = Vec::new();
    for how in was {
        said.push(match how {
            How::Power => {
                world.unplug(host, false);
                "has power again, and boots"
            }
            How::Hang => {
                power::cut(world, host, "reset");
                power::on(world, host);
                "is reset, and boots"
            }
            How::Network => {
                world.cut_off(host, false);
                "has its network again"
            }
            How::Disk => {
                for (_, id) in shared_disks(world, host) {
                    world.break_disk(&id, None);
                }
                "has its disks again"
            }
        });
    }
    let state = world.hosts.get(host);
    if state.is_some_and(|state| !state.is_up && !state.is_booting) {
        power::on(world, host);
        said.push("is turned on, and boots");
    }
    if said.is_empty() {
        said.push("is not broken");
    }
    let text = format!("{host} {}.", said.join("; it "));
    let server = host.0.clone();
    Done { server, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::layout::Layout;

    fn servers() -> BTreeMap<HostName, u8> {
        let names = Layout::default().names().into_iter();
        names.map(|name| (name, 0)).collect()
    }

    #[test]
    fn a_server_is_found_by_its_name_without_zeros_and_a_wrong_name_is_helped() {
        for name in ["oss01", "oss1", "OSS001"] {
            assert_eq!(find(&servers(), name).unwrap().0, "oss01", "{name}");
        }
        let lost = find(&servers(), "os1").unwrap_err();
        assert_eq!(
            lost.to_string(),
            "the demo has no simulated server os1 (is it oss01?); it has mds[01-02],oss[01-06]"
        );
        let lost = find(&servers(), "elephant").unwrap_err();
        assert_eq!(lost.near, None, "{lost}");
    }

    #[test]
    fn what_is_broken_is_known_and_mended() {
        let mut world = Layout::default().build(1);
        let host = HostName(String::from("oss01"));
        for how in How::ALL {
            broken(&mut world, &host, how);
            assert_eq!(of(&world, &host), [how]);
            assert!(broken(&mut world, &host, how).text.contains("already"));
            mended(&mut world, &host);
            assert_eq!(of(&world, &host), []);
            let later = world.now() + power::BOOT;
            world.advance(later);
            assert!(world.hosts[&host].is_up, "{how}");
        }
        assert_eq!(mended(&mut world, &host).text, "oss01 is not broken.");
    }
}
