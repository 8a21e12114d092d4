//! Block devices, mounts, device mapper, LVM, software RAID and ZFS.
//!
//! Every reader is one file with a `parse` that gives typed records and the
//! skips, and a `KIND` for reading by kind.

pub mod findmnt;
pub mod fstab;
mod json;
pub mod lsblk;
pub mod mounts;
pub mod multipath;
mod table;
mod text;
pub mod udev;
pub mod zfs_props;
pub mod zpool_list;
pub mod zpool_status;

use stdx::reading::Kind;

/// Every kind of this family.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &lsblk::KIND,
        &udev::KIND,
        &mounts::KIND,
        &fstab::KIND,
        &findmnt::KIND,
        &multipath::KIND,
        &zpool_status::KIND,
        &zpool_status::IMPORT_KIND,
        &zpool_list::KIND,
        &zfs_props::KIND,
        &zfs_props::POOL_KIND,
    ]
}
