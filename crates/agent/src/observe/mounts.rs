//! What is mounted, without the kernel's own file systems.

use super::Look;
use model::report::Mount;

/// Types that hold no data of anyone.
const PSEUDO: &[&str] = &[
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "tmpfs",
    "cgroup",
    "cgroup2",
    "securityfs",
    "debugfs",
    "tracefs",
    "pstore",
    "bpf",
    "mqueue",
    "hugetlbfs",
    "configfs",
    "fusectl",
    "efivarfs",
    "autofs",
    "binfmt_misc",
    "rpc_pipefs",
    "ramfs",
    "nsfs",
    "selinuxfs",
];

/// Mounts in mount order.
pub fn mounts(look: &mut Look<'_>) -> Option<Vec<Mount>> {
    let (bytes, source) = match look.host().read_file("/proc/mounts") {
        Ok(bytes) => (bytes, "/proc/mounts".to_owned()),
        Err(crate::host::HostError::NotRecorded) => {
            look.run("mounts", &[&["mount", "-t", "lustre"]])?
        }
        Err(error) => {
            look.unread("mounts", "/proc/mounts", &error);
            return None;
        }
    };
    let (found, skips) = platform::storage::mounts::parse(&bytes);
    look.skips("mounts", &source, &skips);
    let real = found.iter().filter(|mount| !PSEUDO.contains(&mount.fstype));
    Some(
        real.map(|mount| Mount {
            source: mount.source.clone().into_owned(),
            mount_point: mount.target.clone().into_owned(),
            fs_type: mount.fstype.to_owned(),
            options: mount.options.to_owned(),
        })
        .collect(),
    )
}
