//! ZFS pools.

use super::{Action, Cancel, Claim, Class, DeviceRef, Facts, Thing, Undo};
use crate::graph::Consent;
use crate::ids::{DeviceId, ServerId};
use lustre::argv::pool;
use serde::{Deserialize, Serialize};

/// A pool exists, made of these devices, and is imported here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolPresent {
    /// Its name.
    pub pool: String,
    /// Its vdevs, in order.
    pub vdevs: Vec<VdevSpec>,
    /// `name=value` of more pool properties: `ashift=12`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// For each device: what may be lost; needed for a blank one too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consent: Vec<Consent>,
}

/// One vdev.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VdevSpec {
    /// `mirror`, `raidz2`, `draid2`, `spare`, `log`, `special`; none for a stripe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Its devices.
    pub devices: Vec<DeviceRef>,
}

impl PoolPresent {
    /// All its devices.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceRef> {
        self.vdevs.iter().flat_map(|vdev| &vdev.devices)
    }

    /// Whether there is something on its devices that goes.
    pub fn is_forced(&self) -> bool {
        let mut known = self.consent.iter();
        known.any(|consent| consent.signature != crate::graph::BLANK)
    }

    pub(super) fn facts(&self) -> Facts {
        let mut claims = vec![Claim::all(Thing::Zpool(self.pool.clone()))];
        let devices = self.devices();
        claims.extend(devices.map(|device| Claim::all(Thing::Device(device.id.clone()))));
        Facts {
            title: format!("Create zpool {}", self.pool),
            class: Class::DiskWriting,
            deadline_s: 600,
            attempts_max: 1,
            claims,
            undo: Undo::Ask("destroying a pool needs consent of its own"),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let vdevs = self.vdevs.iter().map(|vdev| {
            let paths = vdev.devices.iter().map(|device| device.path.as_str());
            (vdev.layout.as_deref(), paths.collect())
        });
        let create = pool::create(&self.pool, &self.options, vdevs, self.is_forced());
        vec![
            Action::service(pool::host_id(), 30),
            Action::disk(create, 600),
        ]
    }
}

/// A pool is imported here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolImported {
    /// Its name.
    pub pool: String,
    /// The server that held it and is proven off: only then is it forced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fenced: Option<ServerId>,
    /// Names of servers that show that they do not have it: from them it is taken
    /// where it was not exported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<String>,
}

/// The import, and the one by force that follows where one of `released` had the
/// pool last and did not export it.
fn imports(pool: &str, fenced: Option<ServerId>, released: &[String]) -> Vec<Action> {
    let mut actions = vec![
        Action::service(pool::host_id(), 30),
        Action::disk(pool::import(pool, fenced.is_some()), 300),
    ];
    if fenced.is_none() && !released.is_empty() {
        actions.push(Action::disk(pool::import(pool, true), 300));
    }
    actions
}

impl PoolImported {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Import zpool {}", self.pool),
            class: Class::DiskWriting,
            deadline_s: 600,
            attempts_max: 3,
            claims: vec![Claim::all(Thing::Zpool(self.pool.clone()))],
            undo: Undo::By(Box::new(
                PoolExported {
                    pool: self.pool.clone(),
                }
                .into(),
            )),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        imports(&self.pool, self.fenced, &self.released)
    }
}

/// A pool is not imported here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolExported {
    /// Its name.
    pub pool: String,
}

impl PoolExported {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Export zpool {}", self.pool),
            class: Class::DiskWriting,
            deadline_s: 300,
            attempts_max: 3,
            claims: vec![Claim::all(Thing::Zpool(self.pool.clone()))],
            undo: Undo::Nothing,
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        vec![Action::disk(pool::export(&self.pool), 300)]
    }
}

/// A pool is destroyed, and its disks are free. It is imported nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolAbsent {
    /// Its name.
    pub pool: String,
    /// Its devices, which are free afterwards.
    pub devices: Vec<DeviceId>,
    /// Their paths on this server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The server that held it and is proven off: only then is it taken by force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fenced: Option<ServerId>,
    /// Names of servers that show that they do not have it, as for an import.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<String>,
    /// The operator's word: for the pool, whose signature is its guid.
    pub consent: Vec<Consent>,
}

impl PoolAbsent {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            title: format!("Destroy zpool {}", self.pool),
            class: Class::DiskWriting,
            deadline_s: 900,
            attempts_max: 1,
            claims: vec![Claim::all(Thing::Zpool(self.pool.clone()))],
            undo: Undo::Ask("what is destroyed is gone"),
            cancel: Cancel::Finish,
        }
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = imports(&self.pool, self.fenced, &self.released);
        actions.push(Action::disk(pool::destroy(&self.pool), 300));
        let cleared = self.paths.iter().map(|path| pool::clear_label(path));
        actions.extend(cleared.map(|argv| Action::disk(argv, 60)));
        actions
    }
}
