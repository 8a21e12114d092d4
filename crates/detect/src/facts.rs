//! What of one report matters to conclusions, with the keys it is found by.

use lustre::label::{FsName, TargetLabel};
use lustre::nid::Nid;
use model::ids::DeviceId;
use model::report::{Ha, MgsFs, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One server's newest report and what follows from it alone.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub report: Arc<Report>,
    pub is_silent: bool,
    pub nids: BTreeSet<Nid>,
    /// File systems that it shows any sign of.
    pub filesystems: BTreeSet<FsName>,
    /// Targets that it shows any sign of.
    pub labels: BTreeSet<TargetLabel>,
    /// NIDs that its targets name as their servers or MGS.
    pub named_nids: BTreeMap<FsName, BTreeSet<Nid>>,
    /// Index into the report's devices.
    pub devices: BTreeMap<DeviceId, usize>,
    pub has_mgs: bool,
    pub ha_key: Option<String>,
}

impl Facts {
    pub fn of(report: &Arc<Report>, is_silent: bool) -> Self {
        let nids = report
            .lnet
            .iter()
            .flat_map(|lnet| lnet.nis.iter().map(|ni| ni.nid.clone()));
        let mut facts = Self {
            nids: nids.collect(),
            is_silent,
            filesystems: BTreeSet::new(),
            labels: BTreeSet::new(),
            named_nids: BTreeMap::new(),
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
        for target in &seen.targets {
            let Some(fs) = target.label.fs() else {
                facts.has_mgs = true;
                continue;
            };
            facts.filesystems.insert(fs.clone());
            facts.labels.insert(target.label.clone());
            if let Some(data) = &target.mount_data {
                let named = facts.named_nids.entry(fs.clone()).or_default();
                named.extend(
                    data.service_nodes
                        .iter()
                        .chain(&data.mgs_nodes)
                        .flatten()
                        .cloned(),
                );
            }
        }
        facts.has_mgs |= !seen.mgs.is_empty();
        facts
            .filesystems
            .extend(seen.mgs.iter().map(|mgs| mgs.fs.clone()));
        facts
            .filesystems
            .extend(seen.clients.iter().map(|client| client.fs.clone()));
        facts
    }

    /// Whether the newest report shows `label` on this server.
    pub fn sights<'a>(
        &'a self,
        fs: &'a FsName,
    ) -> impl Iterator<Item = &'a model::report::TargetSeen> {
        let seen = self
            .report
            .lustre
            .iter()
            .flat_map(|lustre| lustre.targets.iter());
        seen.filter(move |target| target.label.fs() == Some(fs))
    }

    /// File systems that an MGS here knows, of this name: none or one.
    pub fn mgs_of<'a>(&'a self, fs: &'a FsName) -> impl Iterator<Item = &'a MgsFs> {
        let known = self
            .report
            .lustre
            .iter()
            .flat_map(|lustre| lustre.mgs.iter());
        known.filter(move |mgs| &mgs.fs == fs)
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

/// The cluster's name and its nodes' names: the same on each of its nodes.
fn ha_key(ha: &Ha) -> Option<String> {
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
