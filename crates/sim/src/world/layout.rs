//! How a world begins: bare servers in pairs that share their disks.

use super::World;
use super::disk::{Content, Disk, DiskId, scsi_name, uuid_from};
use super::host::{Host, HostName, Mount, Unit};
use super::os::systemd;
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
    /// Paths from a server to each shared disk; more than one are multipath maps.
    pub paths: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            n_servers: 8,
            per_group: 2,
            disks_per_server: 4,
            disk_bytes: 8 << 40,
            paths: 1,
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
                units: systemd::INSTALLED
                    .iter()
                    .map(|&(name, runs)| {
                        (
                            name.to_owned(),
                            Unit {
                                is_active: runs,
                                is_enabled: runs,
                            },
                        )
                    })
                    .collect(),
                modules: ["spl", "zfs"].map(str::to_owned).into(),
                ..Host::default()
            };
            for address in host.interfaces.values() {
                world.addresses.insert(address.clone(), name.clone());
            }
            world.hosts.insert(name.clone(), host);
        }
        for (group, members) in names.chunks(self.per_group.max(1)).enumerate() {
            for number in 0..self.disks_per_server * members.len() {
                let id = DiskId(format!("5000c500{:08x}", group * 0x1000 + number + 1));
                for (place, member) in members.iter().enumerate() {
                    if let Some(host) = world.hosts.get_mut(member) {
                        // Each server counts its disks and maps for itself.
                        let n_disks = self.disks_per_server * members.len();
                        let disk = (number + 2 * place) % n_disks;
                        let map = (number + place) % n_disks;
                        self.connect(host, disk, map, &id);
                    }
                }
                let serial = format!("ZA1{group:03}{number:02}");
                world.disks.insert(id, shared(self.disk_bytes, serial));
            }
        }
        for (place, name) in names.iter().enumerate() {
            let id = DiskId(format!("5000c500f{:07x}", place + 1));
            if let Some(host) = world.hosts.get_mut(name) {
                host.disks.insert(String::from("sda"), id.clone());
                host.mounts.push(root());
            }
            world.disks.insert(id, system(place));
        }
        world
    }

    /// Connects a host with a shared disk by all its paths.
    fn connect(&self, host: &mut Host, number: usize, map: usize, id: &DiskId) {
        for path in 0..self.paths.max(1) {
            let name = scsi_name(number * self.paths.max(1) + path + 1);
            host.disks.insert(name, id.clone());
        }
        if self.paths > 1 {
            let letters = scsi_name(map);
            let letters = letters.trim_start_matches("sd");
            host.maps.insert(id.clone(), format!("mpath{letters}"));
            let unit = Unit {
                is_active: true,
                is_enabled: true,
            };
            host.units.insert(String::from("multipathd.service"), unit);
        }
    }
}

/// A disk that a group shares.
fn shared(bytes: u64, serial: String) -> Disk {
    Disk {
        bytes,
        vendor: String::from("SEAGATE"),
        model: String::from("ST8000NM0075"),
        serial,
        is_rotational: true,
        content: Content::Blank,
        fault: None,
    }
}

/// The disk that a server boots from.
fn system(place: usize) -> Disk {
    Disk {
        bytes: 240 << 30,
        vendor: String::from("ATA"),
        model: String::from("SSDSC2KB240G8"),
        serial: format!("PHYF{place:06}"),
        is_rotational: false,
        content: Content::FileSystem {
            kind: String::from("ext4"),
            label: String::new(),
            uuid: uuid_from(&format!("system {place}")),
        },
        fault: None,
    }
}

/// What is mounted after a boot.
pub fn root() -> Mount {
    Mount {
        source: String::from("/dev/sda"),
        at: String::from("/"),
        kind: String::from("ext4"),
        options: String::from("rw,relatime"),
    }
}

/// One network for Lustre, one between the servers of a group.
fn interfaces(place: usize) -> BTreeMap<String, String> {
    let (high, low) = (place / 250, place % 250 + 1);
    [("eth0", "10.10"), ("eth1", "10.20")]
        .map(|(name, net)| (name.to_owned(), format!("{net}.{high}.{low}")))
        .into()
}
