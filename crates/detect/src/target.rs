//! Targets: those of one file system's name, and MGTs.

use crate::concern::{self, concern};
use crate::detector::{Changed, Index, drop_from, settle};
use crate::facts::url_safe;
use crate::filesystem;
use crate::group::{Dirty, Group, Sight};
use crate::node::{self, Entry};
use crate::place::{Place, evidence, is_running, place};
use lustre::label::{FsName, TargetKind, TargetLabel};
use lustre::nid::Nid;
use model::ids::{DeviceId, ServerId};
use model::inventory::{
    Confidence, Evidence, FileSystem, FsKey, Inventory, Target, TargetKey, TargetState,
};
use model::report::TargetSource;
use std::collections::{BTreeMap, BTreeSet};

/// Makes what of a file system's name is marked anew: its targets, and what
/// follows for the file systems.
pub(crate) fn rebuild_name(
    index: &mut Index,
    inventory: &mut Inventory,
    name: &FsName,
    changed: &mut Changed,
    servers: &mut BTreeSet<ServerId>,
) {
    let Some(mut of) = index.names.remove(name) else {
        return;
    };
    of.settle_keys(name);
    // Another group may have one of these keys now, so they go first.
    for key in std::mem::take(&mut of.gone) {
        let fs = inventory.filesystems.remove(&key);
        for target in fs.into_iter().flat_map(|fs| fs.targets) {
            put_target(index, inventory, &target, None, changed, servers);
        }
        changed.filesystems.insert(key);
    }
    for id in std::mem::take(&mut of.dirty) {
        let Some(group) = of.groups.get_mut(&id) else {
            continue;
        };
        let dirty = std::mem::take(&mut group.dirty);
        if let Some(key) = group.key.clone() {
            rebuild_group(
                index,
                inventory,
                (group, &key, name),
                &dirty,
                changed,
                servers,
            );
        }
    }
    filesystem::note_clients(index, inventory, (name, &mut of), changed);
    if !of.is_empty() {
        index.names.insert(name.clone(), of);
    }
}

fn rebuild_group(
    index: &mut Index,
    inventory: &mut Inventory,
    (group, key, name): (&mut Group, &FsKey, &FsName),
    dirty: &Dirty,
    changed: &mut Changed,
    servers: &mut BTreeSet<ServerId>,
) {
    let old = inventory.filesystems.remove(key);
    let is_new = old.is_none();
    let mut fs = old.unwrap_or_else(|| FileSystem::named(name.clone()));
    let mut labels = dirty.labels.clone();
    if dirty.all {
        labels.extend(group.labels.keys().cloned());
    }
    let mut is_changed = is_new;
    for label in &labels {
        let at = key_of(key, name, label);
        let is_here = group.labels.contains_key(label);
        let made = is_here.then(|| make_target(index, inventory, (group, key, name), label));
        if fs.targets.contains(&at)
            && let Some(old) = inventory.targets.get(&at)
        {
            group.tally.remove(&at, old);
        }
        is_changed |= if let Some(made) = &made {
            group.tally.add(&at, made);
            fs.targets.insert(at.clone())
        } else {
            fs.targets.remove(&at)
        };
        put_target(index, inventory, &at, made, changed, servers);
    }
    is_changed |= filesystem::note_evidence(index, name, group, dirty, &mut fs);
    is_changed |= filesystem::summarize(index, inventory, group, &mut fs);
    inventory.filesystems.insert(key.clone(), fs);
    if is_changed {
        changed.filesystems.insert(key.clone());
    }
}

/// Makes all MGTs anew. There are few: one or two for each site.
pub(crate) fn rebuild_mgts(
    index: &mut Index,
    inventory: &mut Inventory,
    changed: &mut Changed,
    servers: &mut BTreeSet<ServerId>,
) {
    let mut by_key: BTreeMap<TargetKey, Vec<Sight<'_>>> = BTreeMap::new();
    for (&server, facts) in index
        .with_mgs
        .iter()
        .filter_map(|id| index.facts.get_key_value(id))
    {
        let devices: BTreeSet<&DeviceId> = facts
            .mgs_sights()
            .filter_map(|seen| seen.device.as_ref())
            .collect();
        for seen in facts.mgs_sights() {
            // A sign without a device is of the one MGT that this server shows, if it shows one.
            let device = seen.device.as_ref().or(match devices.len() {
                1 => devices.first().copied(),
                _ => None,
            });
            let key = match device {
                Some(id) if id.is_shareable() => format!("MGS.{}", url_safe(&id.0)),
                _ => format!("MGS.at.{server}"),
            };
            by_key.entry(TargetKey(key)).or_default().push(Sight {
                server,
                facts,
                seen,
            });
        }
    }
    let made: BTreeMap<TargetKey, Target> = by_key
        .into_iter()
        .map(|(key, sights)| {
            (
                key,
                make((index, inventory), None, &TargetLabel::Mgs, &sights, &[]),
            )
        })
        .collect();
    let old = std::mem::replace(&mut index.made_mgts, made.keys().cloned().collect());
    for key in old.iter().filter(|key| !made.contains_key(key)) {
        put_target(index, inventory, key, None, changed, servers);
    }
    for (key, target) in made {
        put_target(index, inventory, &key, Some(target), changed, servers);
    }
}

/// Puts one target, and settles which devices carry it and which servers to look at.
fn put_target(
    index: &mut Index,
    inventory: &mut Inventory,
    key: &TargetKey,
    new: Option<Target>,
    changed: &mut Changed,
    servers: &mut BTreeSet<ServerId>,
) {
    let old = inventory.targets.get(key);
    let involved = [old, new.as_ref()].into_iter().flatten();
    let ids: Vec<ServerId> = involved.flat_map(|t| t.servers.iter()).copied().collect();
    let serving = new
        .as_ref()
        .map(|target| target.servers.clone())
        .unwrap_or_default();
    let device = new.as_ref().and_then(|target| target.device.as_ref());
    let is = device.map(|id| below(inventory, id)).unwrap_or_default();
    let was = if is.is_empty() {
        index.carried_by.remove(key)
    } else {
        index.carried_by.insert(key.clone(), is.clone())
    };
    for id in was.unwrap_or_default().difference(&is) {
        drop_from(&mut index.carries, id, key);
        if let Some(device) = inventory.devices.get_mut(id) {
            device.targets.remove(key);
            changed.devices.insert(id.clone());
        }
    }
    for id in is {
        let carried = index.carries.entry(id.clone()).or_default();
        carried.insert(key.clone());
        if let Some(device) = inventory.devices.get_mut(&id)
            && device.targets.insert(key.clone())
        {
            changed.devices.insert(id);
        }
    }
    if settle(&mut inventory.targets, key, new) {
        changed.targets.insert(key.clone());
        for id in &ids {
            let targets = index.serves.entry(*id).or_default();
            if serving.contains(id) {
                targets.insert(key.clone());
            } else {
                targets.remove(key);
            }
        }
        servers.extend(ids);
    }
}

/// A device and all that it is made of.
fn below(inventory: &Inventory, id: &DeviceId) -> BTreeSet<DeviceId> {
    let mut found = BTreeSet::new();
    let mut todo = vec![id.clone()];
    while let Some(id) = todo.pop() {
        if found.insert(id.clone())
            && let Some(device) = inventory.devices.get(&id)
        {
            todo.extend(device.parents.iter().cloned());
        }
    }
    found
}

fn make_target(
    index: &Index,
    inventory: &Inventory,
    (group, key, name): (&Group, &FsKey, &FsName),
    label: &TargetLabel,
) -> Target {
    let known = node::entries(index, (group, name), label);
    let is_known = !known.is_empty();
    let sights = group.sights(index, label);
    let connected = connections(index, (group, name), label);
    let mut target = make((index, inventory), Some(key), label, &sights, &known);
    if !connected.is_empty() && !is_known && target.state == TargetState::Missing {
        let nids: BTreeSet<String> = connected.iter().map(|(nid, _)| nid.to_string()).collect();
        target.unknown_servers = nids.into_iter().collect();
        let text = format!(
            "{label} is connected to an MDT from {}, but no server that reports here shows it.",
            target.unknown_servers.join(" and ")
        );
        target.concerns = vec![concern(concern::MISSING, text)];
    }
    if !is_known {
        let signs = connected.into_iter().map(|(_, sign)| sign);
        target.evidence.extend(signs);
    }
    if !group.mgs.is_empty() && !is_known {
        let text = format!("{label} is not among the targets that its MGS knows.");
        target.concerns.push(concern(concern::NOT_REGISTERED, text));
    }
    target
}

/// From where this target is connected to an MDT, and the signs of it.
fn connections(
    index: &Index,
    (group, name): (&Group, &FsName),
    label: &TargetLabel,
) -> Vec<(Nid, Evidence)> {
    let mut found = Vec::new();
    for server in &group.linked {
        let Some(facts) = index.facts.get(server) else {
            continue;
        };
        let part = facts.parts.get(name);
        let Some(one) = part.and_then(|part| part.connected.get(label)) else {
            continue;
        };
        let sign = Evidence {
            claim: "exists".into(),
            sign: "export".into(),
            server: Some(*server),
            text: format!("{} names {label}", one.evidence),
            at: facts.report.at,
            agrees: true,
        };
        found.push((one.nid.clone(), sign));
    }
    found
}

/// `lab01-OST0000`, with the mark of its file system where the name is not unique.
fn key_of(key: &FsKey, name: &FsName, label: &TargetLabel) -> TargetKey {
    match key.0.strip_prefix(name.as_str()) {
        Some("") | None => TargetKey(label.to_string()),
        Some(mark) => TargetKey(format!("{label}{mark}")),
    }
}

fn make(
    (index, inventory): (&Index, &Inventory),
    fs: Option<&FsKey>,
    label: &TargetLabel,
    sights: &[Sight<'_>],
    known: &[Entry<'_>],
) -> Target {
    let text = label.to_string();
    let nodes = node::nodes(sights, known);
    let mut at = place(index, inventory, &text, (sights, nodes));
    let mut evidence: Vec<Evidence> = sights.iter().map(|s| sign(s, &at)).collect();
    let signs: BTreeSet<TargetSource> = sights.iter().map(|sight| sight.seen.source).collect();
    let confidence = confidence(&signs, !known.is_empty(), &at);
    if at.state == TargetState::Missing {
        let sentence = missing(index, &text, &at);
        at.concerns.insert(0, concern(concern::MISSING, sentence));
    }
    let (device, device_conflict) = device(sights);
    at.concerns
        .extend(device_conflict.map(|text| concern(concern::TWO_DEVICES, text)));
    evidence.extend(known.iter().map(|entry| registered(entry, label)));
    evidence.append(&mut at.evidence);
    evidence.sort();
    evidence.dedup();
    let best = sights.iter().filter(|s| is_running(s)).max_by_key(|s| {
        (
            !s.facts.is_silent,
            s.facts.report.at,
            s.seen.source == TargetSource::Mount,
        )
    });
    let on = |s: &&Sight<'_>| best.is_some_and(|best| best.server == s.server);
    let from = |s: &Sight<'_>| s.seen.clone();
    let here: Vec<_> = sights.iter().filter(on).map(from).collect();
    let pair = |a: Option<u64>, b: Option<u64>| a.zip(b);
    Target {
        label: label.clone(),
        kind: label.kind(),
        fs: fs.cloned(),
        state: at.state,
        mount_point: here.iter().find_map(|seen| seen.mount_point.clone()),
        mounted_on: at.mounted_on,
        servers: at.servers,
        home: at.home,
        unknown_servers: at.unknown_servers,
        device,
        back_end: sights.iter().find_map(|sight| sight.seen.back_end.clone()),
        is_mgs_too: label.kind() == TargetKind::Mdt && sights.iter().any(|s| s.seen.is_mgs_too),
        recovery: here.iter().find_map(|seen| seen.recovery.clone()),
        n_clients: here.iter().find_map(|seen| seen.n_clients),
        bytes: here
            .iter()
            .find_map(|seen| pair(seen.bytes_total, seen.bytes_available)),
        inodes: here
            .iter()
            .find_map(|seen| pair(seen.inodes_total, seen.inodes_free)),
        ha_resource: at.ha_resource,
        confidence,
        evidence,
        concerns: at.concerns,
    }
}

fn sign(sight: &Sight<'_>, at: &Place) -> Evidence {
    let (claim, name) = match sight.seen.source {
        TargetSource::Mount => ("mounted", "mount"),
        TargetSource::ObdDevice => ("mounted", "obd"),
        TargetSource::MountData => ("exists", "mountdata"),
        TargetSource::ZfsProperties => ("exists", "zfs"),
        TargetSource::Label => ("exists", "label"),
        TargetSource::HaResource => ("exists", "pacemaker"),
        TargetSource::ConfigFile => ("exists", "config"),
    };
    let mut made = evidence(claim, name, sight, sight.seen.evidence.clone());
    // A silent server's word on what is mounted speaks of the past.
    if claim == "mounted" && !at.mounted_on.contains(&sight.server) {
        made.agrees = false;
    }
    made
}

fn confidence(signs: &BTreeSet<TargetSource>, in_mgs: bool, at: &Place) -> Confidence {
    let is_strong = |source: &TargetSource| {
        use TargetSource::{MountData, ObdDevice, ZfsProperties};
        matches!(
            source,
            TargetSource::Mount | ObdDevice | MountData | ZfsProperties
        )
    };
    let conflicts = [concern::MOUNTED_TWICE, concern::HA_DISAGREES];
    if at
        .concerns
        .iter()
        .any(|concern| conflicts.contains(&concern.code.as_str()))
    {
        return Confidence::Conflict;
    }
    let strong = signs.iter().filter(|source| is_strong(source)).count();
    match (strong, signs.len() + usize::from(in_mgs)) {
        (0, _) => Confidence::Weak,
        (_, 1) => Confidence::Good,
        (_, _) => Confidence::Certain,
    }
}

fn registered(entry: &Entry<'_>, label: &TargetLabel) -> Evidence {
    let mut text = format!("{label} is in {}", entry.known.evidence);
    if entry.target.is_inactive {
        text.push_str("; clients are told not to use it");
    }
    entry.sign("exists", text)
}

/// Why a target that an MGS names is not there.
fn missing(index: &Index, label: &str, at: &Place) -> String {
    let mut text = format!("{label} is in the MGS log, but no server that reports here shows it.");
    let names = at.servers.iter().map(|id| index.name_of(*id));
    let names: Vec<String> = names.chain(at.unknown_servers.iter().cloned()).collect();
    if !names.is_empty() {
        let list = names.join(", ");
        text.push_str(&format!(" By the log it is served by {list}."));
    }
    text
}

/// The device with the best sign, and a sentence if signs name different ones.
fn device(sights: &[Sight<'_>]) -> (Option<DeviceId>, Option<String>) {
    let mut named: Vec<_> = sights
        .iter()
        .filter_map(|s| Some((s.facts.is_silent, s.seen.source, s.seen.device.as_ref()?)))
        .collect();
    named.sort();
    let shared: BTreeSet<_> = named
        .iter()
        .map(|n| n.2)
        .filter(|id| id.is_shareable())
        .collect();
    let best = named.iter().map(|n| n.2).find(|id| id.is_shareable());
    let conflict = (shared.len() > 1).then(|| {
        let ids: Vec<_> = shared.iter().map(ToString::to_string).collect();
        format!(
            "Its label is found on {} devices: {}.",
            ids.len(),
            ids.join(", ")
        )
    });
    (best.or(named.first().map(|n| n.2)).cloned(), conflict)
}
