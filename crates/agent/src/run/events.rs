//! Events that follow from two looks at one host.

use jiff::Timestamp;
use lustre::label::TargetLabel;
use model::event::{HostEvent, Severity};
use model::report::{HaNodeState, Report, TargetSource};
use std::collections::BTreeMap;

/// What happened between two looks. The first look tells only what is wrong.
pub fn between(old: Option<&Report>, new: &Report) -> Vec<HostEvent> {
    let mut events = Events {
        at: new.at.unwrap_or_else(Timestamp::now),
        list: Vec::new(),
    };
    let Some(old) = old else { return events.list };
    events.boot(old, new);
    events.mounts(old, new);
    events.pools(old, new);
    events.devices(old, new);
    events.nodes(old, new);
    events.list
}

struct Events {
    at: Timestamp,
    list: Vec<HostEvent>,
}

impl Events {
    fn add(&mut self, severity: Severity, kind: &str, text: String, target: Option<TargetLabel>) {
        self.list.push(HostEvent {
            at: self.at,
            severity,
            kind: kind.to_owned(),
            text,
            target,
            raw: None,
        });
    }

    fn boot(&mut self, old: &Report, new: &Report) {
        let (before, after) = (&old.identity.boot_id, &new.identity.boot_id);
        if before != after && !before.is_empty() && !after.is_empty() {
            self.add(
                Severity::Warning,
                "host.booted",
                format!("{} booted", new.identity.hostname),
                None,
            );
        }
    }

    fn mounts(&mut self, old: &Report, new: &Report) {
        let (Some(before), Some(after)) = (&old.lustre, &new.lustre) else {
            return;
        };
        let mounted = |lustre: &model::report::Lustre| -> BTreeMap<TargetLabel, String> {
            let here = lustre
                .targets
                .iter()
                .filter(|target| target.source == TargetSource::Mount);
            here.map(|target| {
                (
                    target.label.clone(),
                    target.mount_point.clone().unwrap_or_default(),
                )
            })
            .collect()
        };
        let (before, after) = (mounted(before), mounted(after));
        let host = &new.identity.hostname;
        for (label, place) in after
            .iter()
            .filter(|(label, _)| !before.contains_key(label))
        {
            self.add(
                Severity::Info,
                "target.mounted",
                format!("{label} is mounted on {host} at {place}"),
                Some(label.clone()),
            );
        }
        for label in before.keys().filter(|label| !after.contains_key(label)) {
            self.add(
                Severity::Warning,
                "target.unmounted",
                format!("{label} is no longer mounted on {host}"),
                Some(label.clone()),
            );
        }
    }

    fn pools(&mut self, old: &Report, new: &Report) {
        let (Some(before), Some(after)) = (&old.zpools, &new.zpools) else {
            return;
        };
        for pool in after {
            let was = before
                .iter()
                .find(|one| one.guid == pool.guid && one.name == pool.name);
            match was {
                None => self.add(
                    Severity::Info,
                    "zpool.imported",
                    format!("pool {} is imported ({})", pool.name, pool.state),
                    None,
                ),
                Some(was) if was.state != pool.state => {
                    let severity = if pool.state == "ONLINE" {
                        Severity::Info
                    } else {
                        Severity::Error
                    };
                    self.add(
                        severity,
                        "zpool.state",
                        format!(
                            "pool {} went from {} to {}",
                            pool.name, was.state, pool.state
                        ),
                        None,
                    );
                }
                Some(_) => {}
            }
        }
        for pool in before
            .iter()
            .filter(|pool| !after.iter().any(|one| one.name == pool.name))
        {
            self.add(
                Severity::Info,
                "zpool.exported",
                format!("pool {} is no longer imported", pool.name),
                None,
            );
        }
    }

    fn devices(&mut self, old: &Report, new: &Report) {
        let (Some(before), Some(after)) = (&old.devices, &new.devices) else {
            return;
        };
        let names = |list: &[model::report::Device]| -> BTreeMap<String, String> {
            list.iter()
                .map(|device| (device.id.to_string(), device.path.clone()))
                .collect()
        };
        let (before, after) = (names(before), names(after));
        for (id, path) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
            self.add(
                Severity::Info,
                "device.added",
                format!("{path} ({id}) appeared"),
                None,
            );
        }
        for (id, path) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
            self.add(
                Severity::Warning,
                "device.removed",
                format!("{path} ({id}) is gone"),
                None,
            );
        }
    }

    fn nodes(&mut self, old: &Report, new: &Report) {
        let (Some(before), Some(after)) = (&old.ha, &new.ha) else {
            return;
        };
        for node in &after.nodes {
            let was = before
                .nodes
                .iter()
                .find(|one| one.name == node.name)
                .map(|one| one.state);
            if was.is_some_and(|was| was != node.state) {
                let severity = match node.state {
                    HaNodeState::Online => Severity::Info,
                    HaNodeState::Unclean => Severity::Error,
                    _ => Severity::Warning,
                };
                let state = format!("{:?}", node.state).to_lowercase();
                self.add(
                    severity,
                    "ha.node_state",
                    format!("cluster node {} is now {state}", node.name),
                    None,
                );
            }
        }
    }
}
