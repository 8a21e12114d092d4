//! Which devices a proposal takes: those that are free, alike in size, and
//! dealt out so that consecutive targets lie on different servers.

use super::{Chosen, Proposer, pool_of};
use crate::resolve::place::Places;
use crate::resolved::TargetPlace;
use model::ids::{DeviceId, ServerId};
use model::proposal::LeftOut;
use model::report::DeviceKind;
use model::spec::{BackEnd, HaGroup, PoolSpec};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Devices passed over that are told one by one.
const LEFT_OUT_MAX: usize = 200;

/// What is free on the chosen servers.
pub(super) struct Free {
    by_server: BTreeMap<ServerId, Vec<DeviceId>>,
    mdt: Vec<ServerId>,
    ost: Vec<ServerId>,
    places: Places,
    taken: BTreeSet<DeviceId>,
}

/// The devices of each target.
pub(super) struct Dealt {
    pub mgt: Vec<Vec<DeviceId>>,
    pub mdts: Vec<Vec<DeviceId>>,
    pub osts: Vec<Vec<DeviceId>>,
}

/// Devices that are alike.
struct Class {
    is_fast: bool,
    bytes_min: u64,
    bytes_all: u64,
    ids: BTreeSet<DeviceId>,
}

impl Free {
    pub fn of(
        proposer: &Proposer<'_>,
        chosen: &Chosen,
        groups: &[(HaGroup, Vec<ServerId>)],
    ) -> Self {
        let before = &proposer.before;
        let known = before.groups.iter().map(|group| group.servers.as_slice());
        let new = groups.iter().map(|(_, members)| members.as_slice());
        let all_groups: Vec<&[ServerId]> = known.chain(new).collect();
        let all = chosen.all();
        let group_of = all_groups.iter().flat_map(|members| {
            let each = members.iter();
            each.map(|id| (*id, *members))
        });
        let group_of: BTreeMap<ServerId, &[ServerId]> = group_of.collect();
        let alone: Vec<[ServerId; 1]> = all
            .iter()
            .filter(|id| !group_of.contains_key(id))
            .map(|id| [*id])
            .collect();
        let mut places = Places::default();
        let rest = alone.iter().map(<[ServerId; 1]>::as_slice);
        places.rank(all_groups.iter().copied().chain(rest));
        let mut taken = BTreeSet::new();
        for place in &before.targets {
            places.add(place.home);
            taken.extend(devices_of(place));
        }
        let by_server = all.iter().map(|id| {
            let group = group_of.get(id).copied();
            let members = group.unwrap_or(std::slice::from_ref(id));
            let blank = proposer.devices.blank(*id, members).into_iter();
            let blank = blank.filter(|device| !taken.contains(device)).collect();
            (*id, blank)
        });
        Self {
            by_server: by_server.collect(),
            mdt: chosen.mdt.clone(),
            ost: chosen.ost.clone(),
            places,
            taken,
        }
    }

    /// Disks of the chosen servers that are passed over, and how many in all.
    pub fn left_out(&self, proposer: &Proposer<'_>, chosen: &Chosen) -> (Vec<LeftOut>, u32) {
        let free: BTreeSet<&DeviceId> = self.by_server.values().flatten().collect();
        let named = &proposer.wish.mdt_devices;
        let named: BTreeSet<DeviceId> = named
            .iter()
            .chain(&proposer.wish.ost_devices)
            .filter_map(|text| proposer.devices.find(text).ok())
            .collect();
        let servers = chosen.all();
        let all = proposer.world.inventory.devices.iter();
        let (mut told, mut n) = (Vec::new(), 0);
        for (id, device) in all {
            let is_disk = matches!(
                device.kind,
                DeviceKind::Disk | DeviceKind::Multipath | DeviceKind::MdRaid
            );
            let mut paths = device.paths.iter();
            let here = paths.find(|(server, _)| servers.contains(server));
            let Some((server, path)) = here.filter(|_| is_disk) else {
                continue;
            };
            if free.contains(id) || named.contains(id) {
                continue;
            }
            n += 1;
            if told.len() < LEFT_OUT_MAX {
                let (why, may_be_named) = self.why_not(proposer, id);
                told.push(LeftOut {
                    device: id.to_string(),
                    path: path.clone(),
                    server: proposer.world.name(*server),
                    bytes: device.size_bytes,
                    why,
                    may_be_named,
                });
            }
        }
        (told, n)
    }

    /// Why a device is passed over, and whether it is taken where a wish names it.
    fn why_not(&self, proposer: &Proposer<'_>, id: &DeviceId) -> (String, bool) {
        if self.taken.contains(id) {
            let why = String::from("The spec gives it to a target already.");
            return (why, false);
        }
        if let Some(trouble) = proposer.devices.trouble(id) {
            return (format!("{trouble}."), false);
        }
        let device = proposer.world.inventory.devices.get(id);
        if let Some(content) = device.and_then(|device| device.content.as_deref()) {
            let why = format!("It holds {content}; name it to use it all the same.");
            return (why, true);
        }
        let why = if proposer.bytes(id) == 0 {
            "It has no size."
        } else {
            "Not every server that sees it agrees that it is blank."
        };
        (why.to_owned(), false)
    }

    /// Deals devices out to what is wished.
    pub fn deal(mut self, proposer: &mut Proposer<'_>, n_mdts: usize, has_mgt: bool) -> Dealt {
        let wish = proposer.wish;
        let is_zfs = proposer.back_end() == BackEnd::Zfs;
        let each = |pool: Option<&PoolSpec>| {
            let n = is_zfs.then(|| usize::from(pool_of(pool).n_devices));
            n.unwrap_or(1)
        };
        let (mdt_each, ost_each) = (each(wish.mdt_pool.as_ref()), each(wish.ost_pool.as_ref()));
        let named_mdts = self.named(proposer, "mdt_devices", &wish.mdt_devices, mdt_each);
        let named_osts = self.named(proposer, "ost_devices", &wish.ost_devices, ost_each);
        let n_mdts = if wish.mdt_devices.is_empty() {
            n_mdts
        } else {
            0
        };
        let n_osts = wish.n_osts.map(usize::from);
        let n_osts = if wish.ost_devices.is_empty() {
            n_osts
        } else {
            Some(0)
        };
        let n_before = n_mdts * mdt_each + usize::from(has_mgt);
        let of_osts = self.ost_devices(proposer, n_osts.map(|n| n * ost_each), n_before);
        let mut mgt = Vec::new();
        if has_mgt {
            let ids = self.mdt_devices(proposer, &of_osts, 1);
            mgt = self.hand_out(&self.mdt.clone(), &ids, 1, Some(1));
        }
        let ids = self.mdt_devices(proposer, &of_osts, n_mdts * mdt_each);
        let mdts = self.hand_out(&self.mdt.clone(), &ids, mdt_each, Some(n_mdts));
        let osts = self.hand_out(&self.ost.clone(), &of_osts, ost_each, n_osts);
        short(proposer, "mgs", "MGTs", mgt.len(), usize::from(has_mgt));
        short(proposer, "n_mdts", "MDTs", mdts.len(), n_mdts);
        // With nothing said at least one is wished.
        short(proposer, "n_osts", "OSTs", osts.len(), n_osts.unwrap_or(1));
        uneven(proposer, &osts);
        Dealt {
            mgt,
            mdts: [named_mdts, mdts].concat(),
            osts: [named_osts, osts].concat(),
        }
    }

    /// Devices that are asked for by name, though they may hold data.
    fn named(
        &mut self,
        proposer: &mut Proposer<'_>,
        path: &str,
        names: &[String],
        each: usize,
    ) -> Vec<Vec<DeviceId>> {
        let mut found = Vec::new();
        for (nth, name) in names.iter().enumerate() {
            let path = format!("{path}[{nth}]");
            match proposer.devices.find(name) {
                Ok(id) => {
                    if let Some(trouble) = proposer.devices.trouble(&id) {
                        let remedy = "Free it by hand, or name another.";
                        proposer.found.error(&path, format!("{trouble}."), remedy);
                    } else if !self.taken.insert(id.clone()) {
                        let reason = format!("{id} is taken already.");
                        let remedy = "Give each target its own device.";
                        proposer.found.error(&path, reason, remedy);
                    } else {
                        found.push(id);
                    }
                }
                Err(reason) => {
                    let remedy = "Name a device as `candela device list` shows it.";
                    proposer.found.error(&path, reason, remedy);
                }
            }
        }
        found.chunks(each).map(<[DeviceId]>::to_vec).collect()
    }

    /// Free devices of some servers, those that are alike together.
    fn classes(&self, proposer: &Proposer<'_>, servers: &[ServerId]) -> Vec<Class> {
        let mut known: BTreeMap<&DeviceId, (bool, u64)> = BTreeMap::new();
        for server in servers {
            for id in self.by_server.get(server).into_iter().flatten() {
                if !self.taken.contains(id) {
                    known.entry(id).or_insert_with(|| {
                        let seen = proposer.world.device_on(*server, id);
                        let spins = seen.and_then(|device| device.is_rotational);
                        (spins == Some(false), proposer.bytes(id))
                    });
                }
            }
        }
        let mut sorted: Vec<(bool, u64, &DeviceId)> = known
            .into_iter()
            .map(|(id, (is_fast, bytes))| (is_fast, bytes, id))
            .collect();
        sorted.sort_unstable();
        let mut classes: Vec<Class> = Vec::new();
        for (is_fast, bytes, id) in sorted {
            // Disks of one nominal size differ by a few parts in a hundred.
            let last = classes.last_mut();
            let alike = last.filter(|class| {
                class.is_fast == is_fast && bytes <= class.bytes_min + class.bytes_min / 20
            });
            match alike {
                Some(class) => {
                    class.bytes_all += bytes;
                    class.ids.insert(id.clone());
                }
                None => classes.push(Class {
                    is_fast,
                    bytes_min: bytes,
                    bytes_all: bytes,
                    ids: BTreeSet::from([id.clone()]),
                }),
            }
        }
        classes
    }

    /// Devices for OSTs: alike, and as much as can be. `n_before` are wanted of
    /// the same servers first.
    fn ost_devices(
        &self,
        proposer: &Proposer<'_>,
        n: Option<usize>,
        n_before: usize,
    ) -> BTreeSet<DeviceId> {
        let mut classes = self.classes(proposer, &self.ost);
        classes.sort_by_key(|class| std::cmp::Reverse(class.bytes_all));
        let shared = self.ost.iter().any(|id| self.mdt.contains(id));
        let others = classes.len() > 1 || !shared;
        let n_before = if others { 0 } else { n_before };
        let wanted = n.unwrap_or(1) + n_before;
        if let Some(class) = classes.iter().find(|class| class.ids.len() >= wanted) {
            return class.ids.clone();
        }
        let mut found = BTreeSet::new();
        for class in classes {
            if found.len() >= wanted {
                break;
            }
            found.extend(class.ids);
        }
        found
    }

    /// Devices for MDTs, alike: fast ones best, then small ones, and not those
    /// of OSTs where there are others.
    fn mdt_devices(
        &self,
        proposer: &Proposer<'_>,
        of_osts: &BTreeSet<DeviceId>,
        n: usize,
    ) -> BTreeSet<DeviceId> {
        let mut classes = self.classes(proposer, &self.mdt);
        classes.sort_by_key(|class| {
            let is_of_osts = class.ids.iter().any(|id| of_osts.contains(id));
            (is_of_osts, !class.is_fast, class.bytes_min)
        });
        if let Some(class) = classes.iter().find(|class| class.ids.len() >= n) {
            return class.ids.clone();
        }
        classes.into_iter().flat_map(|class| class.ids).collect()
    }

    /// The server with the fewest targets takes its next devices.
    fn hand_out(
        &mut self,
        servers: &[ServerId],
        of: &BTreeSet<DeviceId>,
        each: usize,
        n: Option<usize>,
    ) -> Vec<Vec<DeviceId>> {
        let mut left: BTreeMap<ServerId, VecDeque<DeviceId>> = BTreeMap::new();
        for server in servers {
            let own = self.by_server.get(server).into_iter().flatten();
            let own = own.filter(|id| of.contains(*id)).cloned();
            left.insert(*server, own.collect());
        }
        let mut queue = self.places.queue(servers.iter().copied());
        let mut found = Vec::new();
        while n.is_none_or(|n| found.len() < n) {
            let Some(home) = queue.pop() else { break };
            let mut own = Vec::new();
            let devices = left.entry(home).or_default();
            while own.len() < each
                && let Some(id) = devices.pop_front()
            {
                if !self.taken.contains(&id) {
                    own.push(id);
                }
            }
            if own.len() < each {
                continue;
            }
            self.taken.extend(own.iter().cloned());
            self.places.add(home);
            queue.push(&self.places, home);
            found.push(own);
        }
        found
    }
}

fn devices_of(place: &TargetPlace) -> impl Iterator<Item = DeviceId> + '_ {
    let pool = place.pool.iter().flat_map(|pool| &pool.devices);
    pool.chain([&place.device]).cloned()
}

/// Says that devices do not suffice.
fn short(proposer: &mut Proposer<'_>, path: &str, what: &str, n: usize, wanted: usize) {
    if n >= wanted {
        return;
    }
    let reason = format!("Only {n} of {wanted} {what} find devices that are free.");
    let remedy = "Wish for fewer, free devices, or name those to use; `left_out` says why others are not taken.";
    proposer.found.error(path, reason, remedy);
}

/// Says that OSTs are not alike.
fn uneven(proposer: &mut Proposer<'_>, osts: &[Vec<DeviceId>]) {
    let sizes = osts
        .iter()
        .map(|ids| ids.iter().map(|id| proposer.bytes(id)).sum());
    let sizes: Vec<u64> = sizes.collect();
    let (Some(least), Some(most)) = (sizes.iter().min(), sizes.iter().max()) else {
        return;
    };
    if *most > least + least / 20 {
        let reason = format!(
            "The OSTs are of several sizes, {} to {}.",
            terabytes(*least),
            terabytes(*most)
        );
        let remedy = "Lustre fills them unevenly; wish for fewer to have them alike.";
        proposer.found.warn("osts", reason, remedy);
    }
}

fn terabytes(bytes: u64) -> String {
    const GB: u64 = 1_000_000_000;
    if bytes >= 1000 * GB {
        let tenths = bytes / (100 * GB);
        return format!("{}.{} TB", tenths / 10, tenths % 10);
    }
    format!("{} GB", bytes / GB)
}
