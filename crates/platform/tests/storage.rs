//! The storage readers over whole fixture files: exact expectations, and no
//! panic on any damage.

use std::path::PathBuf;

use platform::storage;
use stdx::reading::{Collected, Kind, Sample};

fn fixture(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let found = std::fs::read(root.join(path)).ok();
    if found.is_none() {
        println!("skipped: {path} is absent");
    }
    found
}

fn best(name: &str, input: &[u8]) -> (&'static str, u8) {
    let sample = Sample {
        name,
        head: &input[..input.len().min(65536)],
    };
    let mut found = ("none", 0);
    for kind in storage::kinds() {
        let likelihood = (kind.guess)(sample);
        if likelihood > found.1 {
            found = (kind.name, likelihood);
        }
    }
    found
}

fn kind(name: &str) -> &'static Kind {
    storage::kinds()
        .into_iter()
        .find(|kind| kind.name == name)
        .expect("a known kind")
}

/// Fixture, the kind it must be taken for, records, skips.
const FILES: &[(&str, &str, u64, usize)] = &[
    ("devices/lsblk-allcols-el7.txt", "lsblk", 6, 0),
    ("devices/lsblk-P-O.txt", "lsblk", 7, 0),
    ("devices/lsblk-mpath-lvm.txt", "lsblk", 19, 0),
    ("devices/lsblk-invalid-option.txt", "lsblk", 0, 7),
    (
        "live-lustre-2.17.0/00-before-modules/lsblk-J.txt",
        "lsblk",
        9,
        0,
    ),
    (
        "live-lustre-2.17.0/00-before-modules/lsblk-J-O.txt",
        "lsblk",
        9,
        0,
    ),
    (
        "live-lustre-2.17.0/00-before-modules/lsblk-J-cols.txt",
        "lsblk",
        9,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/lsblk-J-after-format.txt",
        "lsblk",
        21,
        0,
    ),
    ("devices/udevadm-info-export-db.txt", "udev-db", 365, 0),
    ("devices/udevadm-info-query-all.txt", "udev-db", 1, 0),
    (
        "live-lustre-2.17.0/00-before-modules/udevadm-export-db.txt",
        "udev-db",
        396,
        0,
    ),
    ("mount/mount-el7.txt", "mounts", 31, 0),
    ("mount/fstab-lustre-client.txt", "fstab", 4, 0),
    (
        "live-lustre-2.17.0/02-mkfs-mount/findmnt.txt",
        "findmnt",
        7,
        0,
    ),
    ("devices/multipath-v4-ll.txt", "multipath", 11, 6),
    ("devices/multipath-v4-ll-doc.txt", "multipath", 6, 6),
    ("zfs/zpool-status-tank.txt", "zpool-status", 1, 0),
    ("zfs/zpool-status-v3.txt", "zpool-status", 1, 0),
    ("zfs/zpool-status-file-vdev.txt", "zpool-status", 1, 0),
    ("zfs/zpool-status-bootpool.txt", "zpool-status", 2, 0),
    ("zfs/zpool-status-eden-many.txt", "zpool-status", 1, 0),
    ("zfs/zpool-status-spares.txt", "zpool-status", 1, 0),
    ("zfs/zpool-status-v.txt", "zpool-status", 3, 0),
    ("zfs/zpool-status-v4.txt", "zpool-status", 1, 0),
    ("zfs/man/zpool-status-1.txt", "zpool-status", 1, 0),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zpool-status.txt",
        "zpool-status",
        6,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zpool-status-json.txt",
        "zpool-status",
        6,
        0,
    ),
    ("zfs/zpool-status-import-two.txt", "zpool-import", 2, 0),
    ("zfs/man/zpool-import-0.txt", "zpool-import", 1, 0),
    (
        "live-lustre-2.17.0/06-failover/node2-zpool-import-scan-while-imported-on-node1.txt",
        "zpool-import",
        3,
        0,
    ),
    (
        "live-lustre-2.17.0/06-failover/node2-zpool-import-noforce.stderr.txt",
        "zpool-import",
        1,
        0,
    ),
    ("zfs/man/zpool-list-0.txt", "zpool-list", 3, 0),
    ("zfs/man/zpool-list-1.txt", "zpool-list", 5, 0),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zpool-list.txt",
        "zpool-list",
        6,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zpool-list-H-p.txt",
        "zpool-list",
        6,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zpool-list-v.txt",
        "zpool-list",
        12,
        0,
    ),
    ("zfs/man/zfs-set-0.txt", "zfs-get", 42, 0),
    ("zfs/man/zfs-set-2.txt", "zfs-get", 2, 0),
    ("zfs/man/zfs-set-3.txt", "zfs-get", 2, 0),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zfs-get-lustre.txt",
        "zfs-get",
        84,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zfs-get-json.txt",
        "zfs-get",
        943,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zpool-get-all.txt",
        "zpool-get",
        468,
        0,
    ),
];

#[test]
fn every_fixture_is_known_and_read_whole() {
    let mut wrong = Vec::new();
    for &(path, want, records, skips) in FILES {
        let Some(input) = fixture(path) else { continue };
        let (name, _) = best("", &input);
        let mut sink = Collected::counting();
        (kind(want).read)(&input, &mut sink);
        if name != want || sink.n_records() != records || sink.skips.len() != skips {
            wrong.push(format!(
                "{path}: {name}, {} records, {} skips {:?}",
                sink.n_records(),
                sink.skips.len(),
                sink.skips.iter().take(3).collect::<Vec<_>>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
