//! File systems: their targets, MGS, space and clients.

use crate::concern::{self, concern};
use crate::detector::{Changed, Index};
use crate::group::{Dirty, Group};
use crate::name::Name;
use crate::tally::Tally;
use lustre::label::{FsName, TargetKind};
use model::ids::ServerId;
use model::inventory::{
    Client, Confidence, Evidence, FileSystem, FsKey, Inventory, Target, TargetKey, TargetState,
};
use std::collections::{BTreeMap, BTreeSet};
use stdx::hostlist::fold;

/// Makes anew what follows from its targets together, and says whether that
/// changed anything. Targets, evidence and clients are settled one by one.
pub(crate) fn summarize(
    index: &Index,
    inventory: &Inventory,
    group: &Group,
    fs: &mut FileSystem,
) -> bool {
    let tally = &group.tally;
    let (mgt, mgs_servers) = find_mgt(index, inventory, group);
    let mut new = FileSystem {
        is_mgs_external: mgt.is_none() && mgs_servers.is_empty(),
        mgt,
        mgs_nids: group.mgs_nids.keys().cloned().collect(),
        mgs_told: group.mgs_told.keys().cloned().collect(),
        n_clients: tally.n_clients(),
        bytes: tally.bytes(),
        inodes: tally.inodes(),
        counts: tally.counts(),
        ..FileSystem::named(fs.name.clone())
    };
    new.confidence = confidence(&new, tally, !group.mgs.is_empty());
    note_gaps(inventory, &mut new, tally);
    new.targets = std::mem::take(&mut fs.targets);
    new.evidence = std::mem::take(&mut fs.evidence);
    new.clients = std::mem::take(&mut fs.clients);
    let is_changed = fs.mgt != new.mgt
        || fs.is_mgs_external != new.is_mgs_external
        || (&fs.mgs_nids, &fs.mgs_told) != (&new.mgs_nids, &new.mgs_told)
        || (fs.n_clients, fs.bytes, fs.inodes) != (new.n_clients, new.bytes, new.inodes)
        || fs.counts != new.counts
        || fs.confidence != new.confidence
        || fs.concerns != new.concerns;
    *fs = new;
    is_changed
}

/// The MGT: a target that is MGS too, or an MGT seen on a server that knows
/// this file system or whose NID its targets name.
fn find_mgt(
    index: &Index,
    inventory: &Inventory,
    group: &Group,
) -> (Option<TargetKey>, BTreeSet<ServerId>) {
    let by_nid = group
        .mgs_nids
        .keys()
        .filter_map(|nid| index.server_with(nid));
    let servers: BTreeSet<ServerId> = by_nid.chain(group.mgs.iter().copied()).collect();
    if let Some(key) = group.tally.mgs_too.first() {
        return (Some(key.clone()), servers);
    }
    let knows = &group.mgs;
    let mgts = index
        .made_mgts
        .iter()
        .filter_map(|key| inventory.targets.get_key_value(key));
    // Where nothing names its MGS, one on a server of its targets may be it.
    let near = if servers.is_empty() {
        group.servers.clone()
    } else {
        BTreeSet::new()
    };
    let rank = |target: &Target| {
        let touches = |ids: &BTreeSet<ServerId>| {
            target
                .mounted_on
                .iter()
                .chain(&target.servers)
                .filter(|id| ids.contains(id))
                .count()
        };
        (touches(knows), touches(&servers), touches(&near))
    };
    let best = mgts
        .map(|(key, target)| (rank(target), key))
        .filter(|(rank, _)| *rank > (0, 0, 0));
    (best.max().map(|(_, key)| key.clone()), servers)
}

/// Whether a client that mounts from these MGS NIDs mounts this group's file system.
fn mounts_from(group: &Group, server: ServerId, mgs: &str) -> bool {
    if group.servers.contains(&server) || group.mgs_nids.is_empty() {
        return true;
    }
    let nids = mgs.split([':', ',']).filter_map(|text| text.parse().ok());
    nids.into_iter()
        .any(|nid: lustre::nid::Nid| group.mgs_nids.contains_key(&nid))
}

/// Makes the evidence of the marked servers anew, and says whether that changed
/// anything. It is in the order of servers.
pub(crate) fn note_evidence(
    index: &Index,
    name: &FsName,
    group: &Group,
    dirty: &Dirty,
    fs: &mut FileSystem,
) -> bool {
    if dirty.all {
        let new = group.servers.iter();
        let new: Vec<_> = new.flat_map(|id| evidence(index, name, *id)).collect();
        let is_changed = fs.evidence != new;
        fs.evidence = new;
        return is_changed;
    }
    let mut is_changed = false;
    for &id in &dirty.servers {
        let start = fs.evidence.partition_point(|one| one.server < Some(id));
        let end = fs.evidence.partition_point(|one| one.server <= Some(id));
        let new = if group.servers.contains(&id) {
            evidence(index, name, id)
        } else {
            Vec::new()
        };
        if fs.evidence.get(start..end) != Some(new.as_slice()) {
            fs.evidence.splice(start..end, new);
            is_changed = true;
        }
    }
    is_changed
}

fn evidence(index: &Index, name: &FsName, server: ServerId) -> Vec<Evidence> {
    let mut made = Vec::new();
    let Some(facts) = index.facts.get(&server) else {
        return made;
    };
    let Some(part) = facts.parts.get(name) else {
        return made;
    };
    let of = |sign: &str, text: String| Evidence {
        claim: "exists".into(),
        sign: sign.into(),
        server: Some(server),
        text,
        at: facts.report.at,
        agrees: true,
    };
    for mgs in &part.known {
        let n = mgs.targets.by_label.len();
        let text = format!("{n} targets are in {}", mgs.evidence);
        made.push(of("mgs", text));
    }
    let labels: Vec<_> = part.shown.iter().map(ToString::to_string).collect();
    if !labels.is_empty() {
        made.push(of("target", format!("shows {}", fold(&labels))));
    }
    made
}

fn confidence(fs: &FileSystem, tally: &Tally, in_mgs: bool) -> Confidence {
    let least = tally.least_confidence();
    match least {
        Some(Confidence::Conflict) => Confidence::Conflict,
        _ if !in_mgs => least.map_or(Confidence::Weak, |least| least.min(Confidence::Good)),
        Some(least) if fs.mgt.is_some() => least,
        _ => Confidence::Weak,
    }
}

fn note_gaps(inventory: &Inventory, fs: &mut FileSystem, tally: &Tally) {
    let mgt = fs.mgt.as_ref().and_then(|key| inventory.targets.get(key));
    match mgt {
        None if fs.is_mgs_external => {
            let nids: Vec<_> = fs.mgs_nids.iter().map(ToString::to_string).collect();
            let at = if nids.is_empty() {
                "an unknown place".into()
            } else {
                nids.join(", ")
            };
            let text = format!("Its MGS ({at}) runs on no server that reports here.");
            fs.concerns.push(concern(concern::MGS_EXTERNAL, text));
        }
        Some(mgt) if mgt.state == TargetState::Unmounted => {
            let text = "Its MGS is mounted nowhere: no new mount and no imperative recovery.";
            fs.concerns.push(concern(concern::MGS_DOWN, text));
        }
        _ => {}
    }
    for (kind, word) in [(TargetKind::Mdt, "MDT"), (TargetKind::Ost, "OST")] {
        if !tally.has(kind) {
            let text = format!("No {word} of it is seen on the servers that report here.");
            fs.concerns.push(concern(concern::FS_INCOMPLETE, text));
        }
    }
    for (state, code, words) in [
        (
            TargetState::Missing,
            concern::MISSING,
            "known of, shown by no server here",
        ),
        (
            TargetState::Unmounted,
            concern::UNMOUNTED,
            "mounted nowhere",
        ),
        (
            TargetState::MountedTwice,
            concern::MOUNTED_TWICE,
            "reported mounted twice",
        ),
        (
            TargetState::Stale,
            concern::STALE,
            "last seen on a silent server",
        ),
        (TargetState::Recovering, concern::RECOVERING, "in recovery"),
    ] {
        let n = tally.in_state(state);
        if n > 0 {
            let text = format!("{n} of {} targets: {words}.", tally.n);
            fs.concerns.push(concern(code, text));
        }
    }
}

/// Settles the client mounts of the marked servers.
pub(crate) fn note_clients(
    index: &Index,
    inventory: &mut Inventory,
    (name, of): (&FsName, &mut Name),
    changed: &mut Changed,
) {
    for server in std::mem::take(&mut of.clients_dirty) {
        let facts = index.facts.get(&server);
        let part = facts.and_then(|facts| facts.parts.get(name));
        let mounts = part.map(|part| part.clients.as_slice()).unwrap_or_default();
        let mut homes: BTreeMap<String, FsKey> = BTreeMap::new();
        for group in of.real.iter().filter_map(|id| of.groups.get(id)) {
            let of_group = mounts.iter().filter(|c| mounts_from(group, server, &c.mgs));
            let new: BTreeSet<&str> = of_group.map(|c| c.mount_point.as_str()).collect();
            let Some(key) = &group.key else { continue };
            for mount_point in &new {
                let home = homes.entry((*mount_point).to_owned());
                let home = home.or_insert_with(|| key.clone());
                if key < home {
                    home.clone_from(key);
                }
            }
            if let Some(fs) = inventory.filesystems.get_mut(key)
                && put_clients(fs, server, &new)
            {
                changed.filesystems.insert(key.clone());
            }
        }
        let made = mounts.iter().map(|client| {
            let made = Client {
                fs_name: name.clone(),
                fs: homes.get(&client.mount_point).cloned(),
                mgs: client.mgs.clone(),
            };
            (client.mount_point.clone(), made)
        });
        changed.clients |= put_mounts(inventory, (server, name), made.collect());
    }
}

fn put_clients(fs: &mut FileSystem, server: ServerId, new: &BTreeSet<&str>) -> bool {
    let from = (server, String::new());
    let old: BTreeSet<String> = fs
        .clients
        .range(from..)
        .take_while(|(of, _)| *of == server)
        .map(|(_, mount_point)| mount_point.clone())
        .collect();
    if old.iter().map(String::as_str).eq(new.iter().copied()) {
        return false;
    }
    for mount_point in old {
        fs.clients.remove(&(server, mount_point));
    }
    let new = new
        .iter()
        .map(|mount_point| (server, (*mount_point).to_owned()));
    fs.clients.extend(new);
    true
}

fn put_mounts(
    inventory: &mut Inventory,
    (server, name): (ServerId, &FsName),
    made: BTreeMap<String, Client>,
) -> bool {
    let from = (server, String::new());
    let here = inventory.clients.range(from..);
    let old = here.take_while(|((of, _), _)| *of == server);
    let stale: Vec<_> = old
        .filter(|((_, at), client)| &client.fs_name == name && !made.contains_key(at))
        .map(|(key, _)| key.clone())
        .collect();
    let mut is_changed = !stale.is_empty();
    for key in stale {
        inventory.clients.remove(&key);
    }
    for (mount_point, client) in made {
        let key = (server, mount_point);
        if inventory.clients.get(&key) != Some(&client) {
            inventory.clients.insert(key, client);
            is_changed = true;
        }
    }
    is_changed
}
