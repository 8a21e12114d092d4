//! What the kernel calls a block device: a disk, a path to one, a multipath map,
//! a partition that ZFS made.

use super::{Content, Disk, DiskFault, DiskId, mount_of, uuid_from};
use crate::world::World;
use crate::world::host::{Host, HostName};

/// Bytes of the partition that ZFS reserves at the end.
const PART9: u64 = 8 << 20;
/// Minor numbers of a map and its two partitions.
const MINORS_PER_MAP: usize = 3;

/// What a block device is, besides a partition or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A disk that is used as it is.
    Disk,
    /// One path to a disk that a map is over.
    Path,
    /// A multipath map.
    Map,
}

/// A block device of a host.
pub(super) struct Block<'a> {
    /// The kernel's name: `sdb1`, `dm-0`.
    pub kname: String,
    /// The name that is shown: `sdb1`, `mpatha1`.
    pub name: String,
    pub role: Role,
    /// Its number among the disks, or maps, of the host.
    pub number: usize,
    /// 1 or 9 for a partition.
    pub part: Option<u32>,
    pub id: DiskId,
    pub disk: &'a Disk,
    pub bytes: u64,
    /// First sector.
    pub start: u64,
    /// Kind, label, UUID.
    pub known: Option<(String, String, String)>,
    pub mounted_at: Option<String>,
}

impl<'a> Block<'a> {
    /// Those of a host, disks in the order of the kernel, each with what is over it.
    pub fn all(world: &'a World, host: &HostName) -> Vec<Self> {
        let Some(state) = world.hosts.get(host) else {
            return Vec::new();
        };
        let mut disks: Vec<(&String, &DiskId)> = state.disks.iter().collect();
        disks.sort_by_key(|(name, _)| (name.len(), *name));
        let mut blocks = Vec::new();
        for (number, (name, id)) in disks.into_iter().enumerate() {
            let disk = world.disks.get(id);
            let disk = disk.filter(|disk| disk.fault != Some(DiskFault::Gone));
            let Some(disk) = disk.filter(|_| !state.lost.contains(name)) else {
                continue;
            };
            let seen = Seen {
                id,
                disk,
                mounted_at: mount_of(world, host, id).map(|mount| mount.at.clone()),
            };
            let Some(map) = state.maps.get(id) else {
                blocks.extend(seen.whole(Role::Disk, number, name));
                continue;
            };
            let member = (String::from("mpath_member"), String::new(), String::new());
            blocks.push(Block {
                known: Some(member),
                mounted_at: None,
                ..seen.block(Role::Path, number, name, None)
            });
            // It is listed below the first of its paths.
            if !blocks
                .iter()
                .any(|one: &Block<'_>| one.role == Role::Map && one.id == *id)
            {
                blocks.extend(seen.whole(Role::Map, number_of(state, id), map));
            }
        }
        blocks
    }

    /// Major and minor number.
    pub fn device(&self) -> (usize, usize) {
        const MAJORS: [usize; 16] = [
            8, 65, 66, 67, 68, 69, 70, 71, 128, 129, 130, 131, 132, 133, 134, 135,
        ];
        if self.role == Role::Map {
            return (253, minor(self.number, self.part));
        }
        let major = MAJORS.get(self.number / 16).copied().unwrap_or(259);
        let part = self.part.map_or(0, |part| part as usize);
        (major, self.number % 16 * 16 + part)
    }

    /// The path of its node, as people use it.
    pub fn path(&self) -> String {
        match self.role {
            Role::Map => format!("/dev/mapper/{}", self.name),
            Role::Disk | Role::Path => format!("/dev/{}", self.name),
        }
    }

    /// The kernel's name of what it is a partition of.
    pub fn whole(&self) -> String {
        match self.role {
            Role::Map => format!("dm-{}", minor(self.number, None)),
            Role::Disk | Role::Path => {
                let digits = |c: char| c.is_ascii_digit();
                self.kname.trim_end_matches(digits).to_owned()
            }
        }
    }

    /// The type of its partition.
    pub fn part_type(&self) -> &'static str {
        match self.part {
            Some(9) => "6a945a3b-1dd2-11b2-99a6-080020736631",
            _ => "6a898cc3-1dd2-11b2-99a6-080020736631",
        }
    }

    /// The member's own guid, of the partition that holds a pool.
    pub fn member(&self) -> Option<u64> {
        match (&self.disk.content, self.part) {
            (Content::PoolMember { member, .. }, Some(1)) => Some(*member),
            _ => None,
        }
    }

    /// Whether it has a partition table.
    pub fn has_table(&self) -> bool {
        self.role != Role::Path && matches!(self.disk.content, Content::PoolMember { .. })
    }

    /// The name that ZFS gave the partition.
    pub fn part_label(&self) -> Option<String> {
        self.member().map(|member| format!("zfs-{member:016x}"))
    }

    /// A UUID of the partition, or of the table.
    pub fn part_uuid(&self) -> String {
        uuid_from(&format!("{}/{}", self.id.0, self.part.unwrap_or(0)))
    }
}

/// A disk as a host sees it.
struct Seen<'a, 's> {
    id: &'s DiskId,
    disk: &'a Disk,
    mounted_at: Option<String>,
}

impl<'a> Seen<'a, '_> {
    /// The device and its partitions.
    fn whole(&self, role: Role, number: usize, name: &str) -> Vec<Block<'a>> {
        let disk = self.disk;
        let known = disk.content.known();
        let known = known.map(|(kind, label, uuid)| (kind.to_owned(), label, uuid));
        let block = |part| self.block(role, number, name, part);
        if !matches!(disk.content, Content::PoolMember { .. }) {
            return vec![Block {
                known,
                ..block(None)
            }];
        }
        let data = disk.bytes.saturating_sub(PART9 + (2 << 20));
        let first = Block {
            bytes: data,
            start: 2048,
            known,
            ..block(Some(1))
        };
        let ninth = Block {
            bytes: PART9,
            start: 2048 + data / 512,
            ..block(Some(9))
        };
        vec![block(None), first, ninth]
    }

    fn block(&self, role: Role, number: usize, name: &str, part: Option<u32>) -> Block<'a> {
        let name = part.map_or_else(|| name.to_owned(), |part| format!("{name}{part}"));
        let kname = match role {
            Role::Map => format!("dm-{}", minor(number, part)),
            Role::Disk | Role::Path => name.clone(),
        };
        Block {
            kname,
            name,
            role,
            number,
            part,
            id: self.id.clone(),
            disk: self.disk,
            bytes: self.disk.bytes,
            start: 0,
            known: None,
            mounted_at: self.mounted_at.clone().filter(|_| part.is_none()),
        }
    }
}

/// The number of a disk's map.
fn number_of(state: &Host, id: &DiskId) -> usize {
    state.maps.keys().position(|one| one == id).unwrap_or(0)
}

fn minor(number: usize, part: Option<u32>) -> usize {
    let place = match part {
        None => 0,
        Some(1) => 1,
        Some(_) => 2,
    };
    number * MINORS_PER_MAP + place
}
