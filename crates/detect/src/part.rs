//! What one server shows of one file system's name.

use crate::facts::ha_key;
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::DeviceId;
use model::report::{ClientMount, Connected, Lustre, MgsFs, MgsTarget, Report, TargetSource};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What two sights of one file system have in common, and two of different
/// file systems of one name do not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Token {
    Device(DeviceId),
    Nid(Nid),
    /// A Pacemaker cluster, by its key.
    Cluster(String),
}

/// What one server shows of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    pub tokens: BTreeSet<Token>,
    /// Targets that it shows.
    pub shown: BTreeSet<TargetLabel>,
    /// What an MGS here knows of it.
    pub known: Vec<Known>,
    /// Targets elsewhere that are connected to an MDT here. One MDT may have
    /// all OSTs, so the map is shared from one report to the next.
    pub connected: Arc<BTreeMap<TargetLabel, Connected>>,
    /// NIDs that it gives for the MGS.
    pub mgs_nids: BTreeSet<Nid>,
    /// Those of them that its targets were told.
    pub mgs_told: BTreeSet<Nid>,
    /// Client mounts, which prove no file system of ours.
    pub clients: Vec<ClientMount>,
}

/// An MGS names all targets of a file system, so the set is shared from one
/// report to the next.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub evidence: String,
    pub targets: Arc<Registered>,
}

/// The targets that an MGS knows of one file system.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Registered {
    pub by_label: BTreeMap<TargetLabel, MgsTarget>,
    /// Which of them a NID may serve.
    pub by_nid: BTreeMap<Nid, BTreeSet<TargetLabel>>,
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.evidence == other.evidence
            && (Arc::ptr_eq(&self.targets, &other.targets) || self.targets == other.targets)
    }
}

impl Part {
    /// Whether it shows nothing but client mounts, which prove no file system.
    pub fn is_bare(&self) -> bool {
        self.tokens.is_empty()
            && self.shown.is_empty()
            && self.known.is_empty()
            && self.connected.is_empty()
    }
}

/// The parts of a report. `old` is the same server's report before, with its parts.
pub(crate) fn parts(
    report: &Report,
    (nids, known_by): (&BTreeSet<Nid>, &BTreeSet<Nid>),
    old: Option<(&Report, &BTreeMap<FsName, Part>)>,
) -> BTreeMap<FsName, Part> {
    let mut parts: BTreeMap<FsName, Part> = BTreeMap::new();
    let Some(lustre) = &report.lustre else {
        return parts;
    };
    let mut is_mgs: BTreeSet<&FsName> = lustre.mgs.iter().map(|mgs| &mgs.fs).collect();
    for seen in &lustre.targets {
        let Some(fs) = seen.label.fs() else { continue };
        let part = parts.entry(fs.clone()).or_default();
        part.shown.insert(seen.label.clone());
        let device = seen.device.iter().filter(|id| id.is_shareable());
        part.tokens.extend(device.cloned().map(Token::Device));
        let data = seen.mount_data.iter();
        for nid in data.flat_map(|data| data.mgs_nodes.iter().flatten()) {
            part.tokens.insert(Token::Nid(nid.clone()));
            part.mgs_nids.insert(nid.clone());
            part.mgs_told.insert(nid.clone());
        }
        if seen.is_mgs_too {
            is_mgs.insert(fs);
        }
        // Where nothing but Pacemaker tells of targets, its cluster holds them together.
        if seen.source == TargetSource::HaResource {
            let cluster = report.ha.as_ref().and_then(ha_key);
            part.tokens.extend(cluster.map(Token::Cluster));
        }
    }
    let before = old.and_then(|(report, _)| report.lustre.as_ref());
    let is_same = before.is_some_and(|before| before.mgs == lustre.mgs);
    for mgs in &lustre.mgs {
        let part = parts.entry(mgs.fs.clone()).or_default();
        part.mgs_nids.extend(nids.iter().cloned());
        match old.and_then(|(_, parts)| parts.get(&mgs.fs)) {
            Some(old) if is_same => part.known.clone_from(&old.known),
            _ => part.known.push(known(mgs)),
        }
    }
    note_connected(lustre, old, &mut parts);
    for client in &lustre.clients {
        let part = parts.entry(client.fs.clone()).or_default();
        part.clients.push(client.clone());
    }
    for fs in is_mgs {
        if let Some(part) = parts.get_mut(fs) {
            part.tokens.extend(known_by.iter().cloned().map(Token::Nid));
        }
    }
    parts
}

fn note_connected(
    lustre: &Lustre,
    old: Option<(&Report, &BTreeMap<FsName, Part>)>,
    parts: &mut BTreeMap<FsName, Part>,
) {
    let before = old.and_then(|(report, _)| report.lustre.as_ref());
    if let Some((_, old)) = old
        && before.is_some_and(|before| before.connected == lustre.connected)
    {
        for (fs, part) in old.iter().filter(|(_, part)| !part.connected.is_empty()) {
            let part_now = parts.entry(fs.clone()).or_default();
            part_now.connected = Arc::clone(&part.connected);
        }
        return;
    }
    let mut by_fs: BTreeMap<&FsName, BTreeMap<TargetLabel, Connected>> = BTreeMap::new();
    for one in &lustre.connected {
        if let Some(fs) = one.label.fs() {
            let of = by_fs.entry(fs).or_default();
            of.insert(one.label.clone(), one.clone());
        }
    }
    for (fs, connected) in by_fs {
        parts.entry(fs.clone()).or_default().connected = Arc::new(connected);
    }
}

fn known(mgs: &MgsFs) -> Known {
    let mut registered = Registered::default();
    for target in &mgs.targets {
        for nid in target.nodes.iter().flatten() {
            let labels = registered.by_nid.entry(nid.clone()).or_default();
            labels.insert(target.label.clone());
        }
        let labels = &mut registered.by_label;
        labels.insert(target.label.clone(), target.clone());
    }
    Known {
        evidence: mgs.evidence.clone(),
        targets: Arc::new(registered),
    }
}
