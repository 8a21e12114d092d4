//! File systems: their targets, MGS, space and clients.

use crate::concern::{self, concern};
use crate::detector::{Changed, Index};
use crate::group::Group;
use crate::target::key_of;
use lustre::label::{FsName, TargetKind};
use model::ids::ServerId;
use model::inventory::{
    Client, Confidence, Evidence, FileSystem, Inventory, Target, TargetKey, TargetState,
};
use std::collections::{BTreeMap, BTreeSet};

/// Makes a file system from its group and its targets.
pub(crate) fn make(index: &Index, inventory: &Inventory, group: &Group) -> FileSystem {
    let keys = group.labels.iter().map(|label| key_of(group, label));
    let targets: BTreeMap<TargetKey, &Target> = keys
        .filter_map(|key| Some((key.clone(), inventory.targets.get(&key)?)))
        .collect();
    let targets = &targets;
    let (mgt, mgs_servers) = find_mgt(index, inventory, group, targets);
    let of = |kind: TargetKind| {
        targets
            .values()
            .copied()
            .filter(move |target| target.kind == kind)
    };
    let sum = |kind: TargetKind, get: fn(&Target) -> Option<(u64, u64)>| {
        let parts = of(kind).filter_map(get);
        parts.reduce(|a, b| (a.0.saturating_add(b.0), a.1.saturating_add(b.1)))
    };
    let mut fs = FileSystem {
        name: group.name.clone(),
        is_mgs_external: mgt.is_none() && mgs_servers.is_empty(),
        mgt,
        mgs_nids: group.mgs_nids.iter().cloned().collect(),
        targets: targets.keys().cloned().collect(),
        clients: clients_of(index, group),
        n_clients: of(TargetKind::Mdt)
            .filter_map(|target| target.n_clients)
            .max(),
        bytes: sum(TargetKind::Ost, |target| target.bytes),
        inodes: sum(TargetKind::Mdt, |target| target.inodes),
        confidence: Confidence::Weak,
        evidence: evidence(index, group),
        concerns: Vec::new(),
    };
    fs.confidence = confidence(&fs, targets, !group.mgs.is_empty());
    note_gaps(inventory, &mut fs, targets);
    fs
}

/// The MGT: a target that is MGS too, or an MGT seen on a server that knows
/// this file system or whose NID its targets name.
fn find_mgt(
    index: &Index,
    inventory: &Inventory,
    group: &Group,
    targets: &BTreeMap<TargetKey, &Target>,
) -> (Option<TargetKey>, BTreeSet<ServerId>) {
    let by_nid = group
        .mgs_nids
        .iter()
        .filter_map(|nid| index.server_with(nid));
    let servers: BTreeSet<ServerId> = by_nid.chain(group.mgs.iter().copied()).collect();
    if let Some((key, _)) = targets.iter().find(|(_, target)| target.is_mgs_too) {
        return (Some(key.clone()), servers);
    }
    let knows = &group.mgs;
    let mgts = index
        .made_mgts
        .iter()
        .filter_map(|key| inventory.targets.get_key_value(key));
    let rank = |target: &Target| {
        let touches = |ids: &BTreeSet<ServerId>| {
            target
                .mounted_on
                .iter()
                .chain(&target.servers)
                .filter(|id| ids.contains(id))
                .count()
        };
        (touches(knows), touches(&servers))
    };
    let best = mgts
        .map(|(key, target)| (rank(target), key))
        .filter(|(rank, _)| *rank > (0, 0));
    (best.max().map(|(_, key)| key.clone()), servers)
}

fn clients_of(index: &Index, group: &Group) -> BTreeSet<(ServerId, String)> {
    let mut found = BTreeSet::new();
    for &server in index.by_fs.get(&group.name).into_iter().flatten() {
        let Some(facts) = index.facts.get(&server) else {
            continue;
        };
        let lustre = facts.report.lustre.iter();
        for client in lustre.flat_map(|lustre| &lustre.clients) {
            if client.fs == group.name && mounts_from(group, server, &client.mgs) {
                found.insert((server, client.mount_point.clone()));
            }
        }
    }
    found
}

/// Whether a client that mounts from these MGS NIDs mounts this group's file system.
fn mounts_from(group: &Group, server: ServerId, mgs: &str) -> bool {
    if group.servers.contains(&server) || group.mgs_nids.is_empty() {
        return true;
    }
    let nids = mgs.split([':', ',']).filter_map(|text| text.parse().ok());
    nids.into_iter()
        .any(|nid: lustre::nid::Nid| group.mgs_nids.contains(&nid))
}

fn evidence(index: &Index, group: &Group) -> Vec<Evidence> {
    let of = |server: ServerId, sign: &str, text: String| Evidence {
        claim: "exists".into(),
        sign: sign.into(),
        server: Some(server),
        text,
        at: index.facts.get(&server).and_then(|facts| facts.report.at),
        agrees: true,
    };
    let mut made = Vec::new();
    for &server in &group.servers {
        let Some(facts) = index.facts.get(&server) else {
            continue;
        };
        for mgs in facts.mgs_of(&group.name) {
            let text = format!("{} lists {} targets", mgs.evidence, mgs.targets.len());
            made.push(of(server, "mgs", text));
        }
        let labels = facts
            .labels
            .iter()
            .filter(|label| label.fs() == Some(&group.name));
        let labels: Vec<_> = labels.map(ToString::to_string).collect();
        if !labels.is_empty() {
            made.push(of(server, "target", format!("shows {}", labels.join(", "))));
        }
    }
    made
}

fn confidence(fs: &FileSystem, targets: &BTreeMap<TargetKey, &Target>, in_mgs: bool) -> Confidence {
    let least = targets.values().map(|target| target.confidence).min();
    match least {
        Some(Confidence::Conflict) => Confidence::Conflict,
        _ if !in_mgs => least.map_or(Confidence::Weak, |least| least.min(Confidence::Good)),
        Some(least) if fs.mgt.is_some() => least,
        _ => Confidence::Weak,
    }
}

fn note_gaps(inventory: &Inventory, fs: &mut FileSystem, targets: &BTreeMap<TargetKey, &Target>) {
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
    let has = |kind: TargetKind| targets.values().any(|target| target.kind == kind);
    for (kind, word) in [(TargetKind::Mdt, "MDT"), (TargetKind::Ost, "OST")] {
        if !has(kind) {
            let text = format!("No {word} of it is seen on the servers that report here.");
            fs.concerns.push(concern(concern::FS_INCOMPLETE, text));
        }
    }
    let away = |state: TargetState| targets.values().filter(|t| t.state == state).count();
    for (state, code, words) in [
        (
            TargetState::Missing,
            concern::MISSING,
            "known to the MGS, shown by no server here",
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
        let n = away(state);
        if n > 0 {
            let text = format!("{n} of {} targets: {words}.", targets.len());
            fs.concerns.push(concern(code, text));
        }
    }
}

/// Settles the inventory's client mounts of this name.
pub(crate) fn note_clients(
    index: &mut Index,
    inventory: &mut Inventory,
    name: &FsName,
    changed: &mut Changed,
) {
    let mut made = BTreeMap::new();
    for &server in index.by_fs.get(name).into_iter().flatten() {
        let Some(facts) = index.facts.get(&server) else {
            continue;
        };
        for client in facts
            .report
            .lustre
            .iter()
            .flat_map(|lustre| &lustre.clients)
        {
            if &client.fs == name {
                let at = (server, client.mount_point.clone());
                let keys = index.made.get(name).into_iter().flat_map(|made| &made.1);
                let mut homes = keys.filter(|key| {
                    inventory
                        .filesystems
                        .get(key)
                        .is_some_and(|fs| fs.clients.contains(&at))
                });
                let fs = homes.next().cloned();
                let mgs = client.mgs.clone();
                made.insert(
                    at,
                    Client {
                        fs_name: name.clone(),
                        fs,
                        mgs,
                    },
                );
            }
        }
    }
    let keys = made.keys().cloned().collect();
    let old = index
        .made_clients
        .insert(name.clone(), keys)
        .unwrap_or_default();
    let stale: Vec<_> = old
        .into_iter()
        .filter(|at| !made.contains_key(at))
        .collect();
    changed.clients |= !stale.is_empty();
    for at in stale {
        inventory.clients.remove(&at);
    }
    for (at, client) in made {
        if inventory.clients.get(&at) != Some(&client) {
            inventory.clients.insert(at, client);
            changed.clients = true;
        }
    }
}
