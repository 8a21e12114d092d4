//! Signs of targets besides mounts, devices and datasets: a target has its
//! parameters where it runs, Pacemaker knows where it started it, and servers
//! are known by their connections.

use super::seen;
use lustre::label::TargetLabel;
use lustre::nid::Nid;
use lustre::param::Block;
use model::report::{Connected, Ha, Lustre, TargetSource};
use std::collections::{BTreeMap, BTreeSet};

/// A target that this parameter shows to run here. For where neither the mount
/// table nor the devices could be listed: both say more.
pub fn from_param(found: &mut Lustre, block: &Block<'_>) {
    let (class, param) = (block.name.class, block.name.param);
    let is_sign = match class {
        "mdt" | "obdfilter" | "mgs" => param == "num_exports",
        _ => class.starts_with("osd-") && param == "kbytestotal",
    };
    if !is_sign {
        return;
    }
    let Ok(label) = block.name.instance.parse::<TargetLabel>() else {
        return;
    };
    let back_end = class.strip_prefix("osd-").map(str::to_owned);
    let known = found.targets.iter_mut().find(|known| known.label == label);
    if let Some(known) = known {
        known.back_end = known.back_end.take().or(back_end);
        return;
    }
    let evidence = format!("lctl get_param: {} is there", block.name.full);
    let mut target = seen(label, TargetSource::ObdDevice, evidence);
    target.obd_state = Some("UP".into());
    target.back_end = back_end;
    found.targets.push(target);
}

/// Targets that Pacemaker runs on this host. For where the mount table could
/// not be read.
pub fn from_ha(found: &mut Lustre, ha: &Ha, host: &str) {
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    for resource in &ha.resources {
        let is_here = resource.nodes.iter().any(|node| short(node) == short(host));
        let is_lustre = resource.agent.to_ascii_lowercase().contains("lustre");
        if !is_here || !is_lustre || resource.role != "Started" {
            continue;
        }
        let Some(label) = resource.target() else {
            continue;
        };
        if found.targets.iter().any(|known| known.label == label) {
            continue;
        }
        let evidence = format!(
            "crm_mon: {} ({}) is {} here",
            resource.id, resource.agent, resource.role
        );
        let mut target = seen(label, TargetSource::HaResource, evidence);
        let value = |keys: [&str; 2]| keys.iter().find_map(|key| resource.parameters.get(*key));
        target.device_path = value(["device", "target"]).cloned();
        target.mount_point = value(["directory", "mountpoint"]).cloned();
        found.targets.push(target);
    }
}

/// Who is connected to the MDTs that run here.
#[derive(Default)]
pub struct Exports {
    clients: BTreeMap<TargetLabel, BTreeSet<String>>,
    elsewhere: BTreeMap<TargetLabel, Connected>,
}

impl Exports {
    /// Takes in `mdt.FS-MDTnnnn.exports.NID.uuid`.
    pub fn add(&mut self, block: &Block<'_>) {
        let (name, Some(nid)) = (&block.name, block.name.nid) else {
            return;
        };
        if name.class != "mdt" || name.param != "uuid" {
            return;
        }
        let Ok(mdt) = name.instance.parse::<TargetLabel>() else {
            return;
        };
        let clients = self.clients.entry(mdt).or_default();
        let lines = std::iter::once(block.inline).chain(block.body.map(|line| line.text));
        for uuid in lines.map(str::trim).filter(|uuid| !uuid.is_empty()) {
            if !uuid.ends_with("_UUID") {
                clients.insert(uuid.to_owned());
                continue;
            }
            let (Some(label), Ok(nid)) = (connected(uuid), nid.parse::<Nid>()) else {
                continue;
            };
            if !nid.is_loopback() {
                let evidence = name.full.to_owned();
                let one = Connected {
                    label: label.clone(),
                    nid,
                    evidence,
                };
                self.elsewhere.insert(label, one);
            }
        }
    }

    /// Tells the counts to the targets that run here.
    pub fn settle(self, found: &mut Lustre) {
        for target in &mut found.targets {
            let clients = self.clients.get(&target.label);
            if target.n_clients.is_some() {
                let count = clients.and_then(|clients| u32::try_from(clients.len()).ok());
                target.n_clients = count.or(target.n_clients);
            }
        }
        found.connected = self.elsewhere.into_values().collect();
    }
}

/// The target behind a server's export: `FS-MDT0000-lwp-OST0005_UUID` is
/// OST0005's, `FS-MDT0002-mdtlov_UUID` MDT0002's.
fn connected(uuid: &str) -> Option<TargetLabel> {
    let name = uuid.strip_suffix("_UUID")?;
    if let Some(mdt) = name.strip_suffix("-mdtlov") {
        return mdt.parse().ok();
    }
    let (mdt, target) = name.rsplit_once("-lwp-")?;
    let fs = mdt.rsplit_once('-')?.0;
    format!("{fs}-{target}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_a_client_or_another_target() {
        for (uuid, expected) in [
            ("fs-MDT0000-lwp-OST0005_UUID", Some("fs-OST0005")),
            ("a-b-MDT0000-lwp-MDT0001_UUID", Some("a-b-MDT0001")),
            ("fs-MDT0002-mdtlov_UUID", Some("fs-MDT0002")),
            ("fs_UUID", None),
            ("0212161f-2187-4f09-9fa2-16f46da653d9", None),
        ] {
            let found = connected(uuid).map(|label| label.to_string());
            assert_eq!(found.as_deref(), expected, "{uuid}");
        }
    }
}
