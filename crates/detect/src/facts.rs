//! What of one report matters to conclusions, with the keys it is found by.

use crate::part::{Part, parts};
use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::DeviceId;
use model::report::{Ha, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One server's newest report and what follows from it alone.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub report: Arc<Report>,
    pub is_silent: bool,
    pub nids: BTreeSet<Nid>,
    /// NIDs that others may know it by: its own, or while its LNet is down those
    /// that its addresses would give.
    pub known_by: BTreeSet<Nid>,
    /// What it shows of each file system's name.
    pub parts: BTreeMap<FsName, Part>,
    /// Targets that it shows any sign of.
    pub labels: BTreeSet<TargetLabel>,
    /// NIDs that its targets name as their servers.
    pub served: BTreeSet<(Nid, TargetLabel)>,
    /// Devices that its targets lie on.
    pub seats: BTreeSet<(DeviceId, TargetLabel)>,
    /// Names that its Pacemaker calls nodes.
    pub nodes: BTreeSet<String>,
    /// Index into the report's devices.
    pub devices: BTreeMap<DeviceId, usize>,
    pub has_mgs: bool,
    pub ha_key: Option<String>,
}

impl Facts {
    /// `old`: the same server's facts before, to share what did not change.
    pub fn of(report: &Arc<Report>, is_silent: bool, old: Option<&Self>) -> Self {
        let nids = report
            .lnet
            .iter()
            .flat_map(|lnet| lnet.nis.iter().map(|ni| ni.nid.clone()));
        let nids: BTreeSet<Nid> = nids.collect();
        let known_by = if nids.is_empty() {
            by_address(report)
        } else {
            nids.clone()
        };
        let old = old.map(|old| (&*old.report, &old.parts));
        let mut facts = Self {
            parts: parts(report, (&nids, &known_by), old),
            nids,
            known_by,
            is_silent,
            labels: BTreeSet::new(),
            served: BTreeSet::new(),
            seats: BTreeSet::new(),
            nodes: report.ha.iter().flat_map(nodes).collect(),
            devices: BTreeMap::new(),
            has_mgs: false,
            ha_key: report.ha.as_ref().and_then(ha_key),
            report: Arc::clone(report),
        };
        for (at, device) in report.devices.iter().flatten().enumerate() {
            facts.devices.insert(device.id.clone(), at);
        }
        let Some(seen) = &report.lustre else {
            return facts;
        };
        facts.has_mgs = !seen.mgs.is_empty();
        for target in &seen.targets {
            facts.has_mgs |= target.label == TargetLabel::Mgs;
            facts.labels.insert(target.label.clone());
            let seat = target.device.clone();
            facts
                .seats
                .extend(seat.map(|id| (id, target.label.clone())));
            let data = target.mount_data.iter();
            for nid in data.flat_map(|data| data.service_nodes.iter().flatten()) {
                facts.served.insert((nid.clone(), target.label.clone()));
            }
        }
        facts
    }

    /// The names that it is found by.
    pub fn names(&self) -> BTreeSet<&str> {
        let identity = &self.report.identity;
        BTreeSet::from([identity.hostname.as_str(), identity.fqdn.as_str()])
    }

    /// Sights of an MGT on this server.
    pub fn mgs_sights(&self) -> impl Iterator<Item = &model::report::TargetSeen> {
        let seen = self
            .report
            .lustre
            .iter()
            .flat_map(|lustre| lustre.targets.iter());
        seen.filter(|target| target.label == TargetLabel::Mgs)
    }
}

/// NIDs that the addresses of a server would give on the nets that there mostly
/// are. Bridges for guests and containers have the same address on many servers.
fn by_address(report: &Report) -> BTreeSet<Nid> {
    let interfaces = report.interfaces.iter().flatten();
    let is_inner = |kind: &str| matches!(kind, "loopback" | "bridge" | "veth");
    let outer = interfaces.filter(|one| one.name != "lo" && !is_inner(&one.kind));
    let addresses = outer.flat_map(|interface| &interface.addresses);
    let addresses = addresses.map(|text| text.split('/').next().unwrap_or(text));
    let addresses = addresses.filter(|text| !text.contains(':'));
    let nids = addresses.flat_map(|address| ["tcp", "o2ib"].map(|net| format!("{address}@{net}")));
    nids.filter_map(|text| text.parse().ok()).collect()
}

fn nodes(ha: &Ha) -> impl Iterator<Item = String> + '_ {
    let places = ha.constraints.iter().filter(|c| c.kind == "location");
    let running = ha.resources.iter().flat_map(|resource| &resource.nodes);
    let members = ha.nodes.iter().map(|node| &node.name);
    members
        .chain(running)
        .chain(places.map(|c| &c.with))
        .cloned()
}

/// The cluster's name and its nodes' names: the same on each of its nodes.
pub(crate) fn ha_key(ha: &Ha) -> Option<String> {
    let mut nodes: Vec<&str> = ha.nodes.iter().map(|node| node.name.as_str()).collect();
    if nodes.is_empty() {
        return None;
    }
    nodes.sort_unstable();
    Some(format!("{}:{}", cluster_name(ha), nodes.join(",")))
}

/// The name that Pacemaker or Corosync gives, or none.
pub(crate) fn cluster_name(ha: &Ha) -> &str {
    let corosync = ha
        .corosync
        .as_ref()
        .and_then(|corosync| corosync.cluster_name.as_deref());
    ha.cluster_name.as_deref().or(corosync).unwrap_or("")
}

/// Text that may stand in a URL path unescaped.
pub(crate) fn url_safe(text: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.chars()
        .map(|c| if keep(c) { c } else { '_' })
        .collect()
}
