//! Block devices, mounts, device mapper, LVM, software RAID and ZFS.
//!
//! Every reader is one file with a `parse` that gives typed records and the
//! skips, and a `KIND` for reading by kind.

pub mod blkid;
pub mod df;
pub mod disk_links;
pub mod dmsetup;
pub mod dumpe2fs;
pub mod findmnt;
pub mod findmnt_poll;
pub mod fstab;
pub mod iml_json;
pub mod lsblk;
pub mod lsscsi;
pub mod lvm;
pub mod md;
pub mod mounts;
pub mod multipath;
pub mod proc_disks;
pub mod sfa;
pub mod udev;
pub mod udev_monitor;
pub mod uevent;
pub mod wipefs;
pub mod zfs_kstat;
pub mod zfs_list;
pub mod zfs_props;
pub mod zfs_version;
pub mod zpool_events;
pub mod zpool_history;
pub mod zpool_iostat;
pub mod zpool_list;
pub mod zpool_status;

pub(crate) mod json;
pub(crate) mod table;
pub(crate) mod text;

use stdx::reading::Kind;

/// Every kind of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &lsblk::KIND,
        &udev::KIND,
        &mounts::KIND,
        &fstab::KIND,
        &findmnt::KIND,
        &findmnt_poll::KIND,
        &multipath::KIND,
        &zpool_status::KIND,
        &zpool_status::IMPORT_KIND,
        &zpool_list::KIND,
        &zfs_props::KIND,
        &zfs_props::POOL_KIND,
        &zfs_list::KIND,
        &zfs_version::KIND,
        &zfs_kstat::KIND,
        &zpool_iostat::KIND,
        &zpool_history::KIND,
        &blkid::KIND,
        &disk_links::KIND,
        &dmsetup::KIND,
        &lvm::KIND,
        &md::MDSTAT,
        &md::MDADM,
        &lsscsi::KIND,
        &df::KIND,
        &dumpe2fs::KIND,
        &proc_disks::PARTITIONS,
        &proc_disks::DISKSTATS,
        &iml_json::KIND,
        &sfa::KIND,
        &udev_monitor::KIND,
        &zpool_events::KIND,
        &wipefs::KIND,
    ]
}
