//! The parts of a report that looks need, read afresh each time.

use super::Work;
use super::failure::passing;
use crate::observe::{Look, devices, host_facts, mounts, pools};
use model::job::Failure;
use model::report::{Dataset, Device, Mount, Zpool};
use model::step::DeviceRef;

/// Devices, pools, datasets and mounts of now. What could not be read is no
/// answer: never taken for nothing being there.
pub struct Around {
    pub devices: Vec<Device>,
    pub mounts: Vec<Mount>,
    zpools: Option<Vec<Zpool>>,
    datasets: Option<Vec<Dataset>>,
}

impl Around {
    pub fn new(work: &Work<'_>) -> Result<Self, Failure> {
        let mut look = Look::new(work.hands);
        let machine = host_facts::identity(&mut look, &[]).machine_id;
        let devices = devices::devices(&mut look, &machine);
        let mut devices = devices.ok_or_else(|| no_answer("lsblk"))?;
        let zpools = pools::zpools(&mut look, &devices);
        let datasets = pools::datasets(&mut look);
        pools::add_devices(
            &mut devices,
            zpools.as_deref().unwrap_or_default(),
            datasets.as_deref().unwrap_or_default(),
        );
        Ok(Self {
            devices,
            mounts: self::mounts(work)?,
            zpools,
            datasets,
        })
    }

    /// The device that a step means, if its path still leads to it.
    pub fn device(&self, wanted: &DeviceRef) -> Option<&Device> {
        let found = devices::find(&self.devices, &wanted.path)?;
        (found.id == wanted.id).then_some(found)
    }

    /// A pool, where it is imported here.
    pub fn zpool(&self, name: &str) -> Result<Option<&Zpool>, Failure> {
        let zpools = self.zpools.as_ref().ok_or_else(|| no_answer("zpool"))?;
        Ok(zpools.iter().find(|pool| pool.name == name))
    }

    /// A dataset, where its pool is imported here.
    pub fn dataset(&self, name: &str) -> Result<Option<&Dataset>, Failure> {
        let datasets = self.datasets.as_ref().ok_or_else(|| no_answer("zfs"))?;
        Ok(datasets.iter().find(|dataset| dataset.name == name))
    }

    /// Names of all that lies in a pool that is imported here.
    pub fn datasets_of(&self, pool: &str) -> Result<impl Iterator<Item = &str>, Failure> {
        let datasets = self.datasets.as_ref().ok_or_else(|| no_answer("zfs"))?;
        let names = datasets.iter().map(|dataset| dataset.name.as_str());
        let is_in = move |name: &&str| {
            let rest = name.strip_prefix(pool);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        Ok(names.filter(is_in))
    }
}

/// Mounts alone: a look at a mount needs no more.
pub fn mounts(work: &Work<'_>) -> Result<Vec<Mount>, Failure> {
    mounts::mounts(&mut Look::new(work.hands)).ok_or_else(|| no_answer("/proc/mounts"))
}

/// Links that are followed at most, one after the other.
const LINKS_MAX: usize = 8;

/// A device as the kernel names it: `/dev/dm-3` for `/dev/mapper/a` and for
/// `/dev/disk/by-id/a`. A path that leads nowhere stays as it is.
pub fn real_name(work: &Work<'_>, path: &str) -> String {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if !path.starts_with('/') {
            break;
        }
        let Ok(to) = work.hands.read_link(&path) else {
            break;
        };
        path = joined(&path, &to);
    }
    path
}

/// Where a link at a path leads.
fn joined(link: &str, to: &str) -> String {
    let mut parts: Vec<&str> = link.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    if to.starts_with('/') {
        parts.clear();
    }
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A tool or file that tells how things are told nothing.
pub fn no_answer(what: &str) -> Failure {
    passing(
        "no-answer",
        format!("{what} did not answer, so it is not known how things are"),
    )
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn links_lead_from_their_folder() {
        for (link, to, expected) in [
            ("/dev/disk/by-id/wwn-0x5", "../../sdb", "/dev/sdb"),
            ("/dev/mapper/ost0", "../dm-3", "/dev/dm-3"),
            ("/dev/vg/lv", "./x", "/dev/vg/x"),
            ("/dev/a", "/dev/b", "/dev/b"),
            ("/a", "../../b", "/b"),
        ] {
            assert_eq!(joined(link, to), expected);
        }
    }
}
