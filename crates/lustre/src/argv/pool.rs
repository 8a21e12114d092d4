//! ZFS pools that hold targets.
//!
//! `cachefile=none` keeps a pool from being imported at boot, `multihost=on`
//! from being imported on two servers, `failmode=panic` lets the other server
//! take over when the disks are lost.

use super::{Argv, words};

/// `zpool create …`; each vdev is its layout (none for a stripe) and devices.
pub fn create<'a>(
    pool: &str,
    options: &[String],
    vdevs: impl IntoIterator<Item = (Option<&'a str>, Vec<&'a str>)>,
    is_forced: bool,
) -> Argv {
    let mut argv = words(["zpool", "create"]);
    if is_forced {
        argv.push(String::from("-f"));
    }
    for option in ["cachefile=none", "multihost=on", "failmode=panic"] {
        argv.extend(words(["-o", option]));
    }
    for option in options {
        argv.extend(words(["-o", option]));
    }
    for option in ["canmount=off", "mountpoint=none"] {
        argv.extend(words(["-O", option]));
    }
    argv.push(pool.to_owned());
    for (layout, devices) in vdevs {
        argv.extend(layout.map(str::to_owned));
        argv.extend(devices.into_iter().map(str::to_owned));
    }
    argv
}

/// `zpool import -o cachefile=none POOL`; forced only with proof that the
/// server that held it is off.
pub fn import(pool: &str, is_forced: bool) -> Argv {
    let mut argv = words(["zpool", "import"]);
    if is_forced {
        argv.push(String::from("-f"));
    }
    argv.extend(words(["-o", "cachefile=none", pool]));
    argv
}

/// `zpool export POOL`.
pub fn export(pool: &str) -> Argv {
    words(["zpool", "export", pool])
}

/// `zpool destroy POOL`.
pub fn destroy(pool: &str) -> Argv {
    words(["zpool", "destroy", pool])
}

/// `zpool labelclear DEVICE`: a destroyed pool's name stays on its disks. Never
/// forced: one of a pool that is only exported is refused by ZFS itself.
pub fn clear_label(device: &str) -> Argv {
    words(["zpool", "labelclear", device])
}

/// `zfs destroy POOL/DATASET`.
pub fn destroy_dataset(dataset: &str) -> Argv {
    words(["zfs", "destroy", dataset])
}

/// `zgenhostid`: a host needs an id before `multihost` protects its pools.
pub fn host_id() -> Argv {
    words(["zgenhostid"])
}
