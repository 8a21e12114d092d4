//! The parts of a report that looks need, read afresh each time.

use super::Work;
use crate::observe::{Look, devices, host_facts, mounts, pools};
use model::report::{Dataset, Device, Mount, Zpool};
use model::step::DeviceRef;

/// Devices, pools, datasets and mounts of now.
pub struct Around {
    pub devices: Vec<Device>,
    pub zpools: Vec<Zpool>,
    pub datasets: Vec<Dataset>,
    pub mounts: Vec<Mount>,
}

impl Around {
    pub fn new(work: &Work<'_>) -> Self {
        let mut look = Look::new(work.hands);
        let machine = host_facts::identity(&mut look, &[]).machine_id;
        let mut devices = devices::devices(&mut look, &machine).unwrap_or_default();
        let zpools = pools::zpools(&mut look, &devices).unwrap_or_default();
        let datasets = pools::datasets(&mut look).unwrap_or_default();
        pools::add_devices(&mut devices, &zpools, &datasets);
        Self {
            devices,
            zpools,
            datasets,
            mounts: mounts::mounts(&mut look).unwrap_or_default(),
        }
    }

    /// The device that a step means, if its path still leads to it.
    pub fn device(&self, wanted: &DeviceRef) -> Option<&Device> {
        let found = devices::find(&self.devices, &wanted.path)?;
        (found.id == wanted.id).then_some(found)
    }

    /// A pool.
    pub fn zpool(&self, name: &str) -> Option<&Zpool> {
        self.zpools.iter().find(|pool| pool.name == name)
    }
}

/// Mounts alone: a look at a mount needs no more.
pub fn mounts(work: &Work<'_>) -> Vec<Mount> {
    mounts::mounts(&mut Look::new(work.hands)).unwrap_or_default()
}
