//! How a world begins: bare servers in pairs that share their disks.

use super::World;
use super::disk::{Content, Disk, DiskId};
use super::host::{Host, HostName};
use std::collections::BTreeMap;

/// A row of servers.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Servers in all; at least 2.
    pub n_servers: usize,
    /// Servers that share their disks.
    pub per_group: usize,
    /// Shared disks for each server.
    pub disks_per_server: usize,
    /// Bytes of each disk.
    pub disk_bytes: u64,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            n_servers: 8,
            per_group: 2,
            disks_per_server: 4,
            disk_bytes: 8 << 40,
        }
    }
}

impl Layout {
    /// The names of its servers: the first group are metadata servers.
    pub fn names(&self) -> Vec<HostName> {
        let n_mds = self.per_group.min(self.n_servers);
        let width = if self.n_servers > 99 { 5 } else { 2 };
        let name = |place: usize| {
            if place < n_mds {
                format!("mds{:0width$}", place + 1)
            } else {
                format!("oss{:0width$}", place - n_mds + 1)
            }
        };
        (0..self.n_servers)
            .map(|place| HostName(name(place)))
            .collect()
    }

    /// A world of it: all servers up, with an operating system and Lustre's
    /// packages, nothing configured.
    pub fn build(&self, seed: u64) -> World {
        let mut world = World::new(seed);
        let names = self.names();
        for (place, name) in names.iter().enumerate() {
            let host = Host {
                is_up: true,
                boot: 1,
                machine_id: format!("{:032x}", 0x5100_0000_0000_u64 + place as u64 + 1),
                interfaces: interfaces(place),
                ..Host::default()
            };
            world.hosts.insert(name.clone(), host);
        }
        for (group, members) in names.chunks(self.per_group.max(1)).enumerate() {
            for number in 0..self.disks_per_server * members.len() {
                let id = DiskId(format!("5000c500{:08x}", group * 0x1000 + number + 1));
                let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap_or(0));
                let short = if number < 25 {
                    format!("sd{}", letter(number + 1))
                } else {
                    format!("sd{}{}", letter(number / 26), letter(number))
                };
                let disk = Disk {
                    bytes: self.disk_bytes,
                    model: String::from("ST8000NM0055"),
                    serial: format!("ZA1{group:03}{number:02}"),
                    is_rotational: true,
                    names: members
                        .iter()
                        .map(|host| (host.clone(), short.clone()))
                        .collect(),
                    content: Content::Blank,
                    fault: None,
                };
                world.disks.insert(id, disk);
            }
        }
        world
    }
}

/// One network for Lustre, one between the servers of a group.
fn interfaces(place: usize) -> BTreeMap<String, String> {
    let (high, low) = (place / 250, place % 250 + 1);
    [("eth0", "10.10"), ("eth1", "10.20")]
        .map(|(name, net)| (name.to_owned(), format!("{net}.{high}.{low}")))
        .into()
}
