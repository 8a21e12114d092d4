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
    ("devices/blkid.txt", "blkid", 9, 0),
    ("devices/blkid-ip-udev-multi.txt", "blkid", 2, 0),
    (
        "live-lustre-2.17.0/02-mkfs-mount/blkid-p-ost3.txt",
        "blkid",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/blkid-p-zfs.txt",
        "blkid",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/00-before-modules/by-id.txt",
        "disk-links",
        26,
        0,
    ),
    ("devices/dmsetup-status.txt", "dmsetup", 12, 0),
    ("devices/dmsetup-none.txt", "dmsetup", 0, 1),
    ("devices/iml/dmsetup_1.txt", "dmsetup", 16, 0),
    ("devices/iml/dmsetup_NTAP-12.txt", "dmsetup", 13, 0),
    ("devices/pvs-headings.txt", "lvm", 9, 14),
    ("devices/vgs-nameprefixes.txt", "lvm", 6, 4),
    ("devices/mdstat.txt", "mdstat", 3, 0),
    ("devices/mdadm-faulty.txt", "mdadm", 1, 0),
    ("devices/mdadm-examine-raid5.txt", "mdadm", 1, 0),
    ("devices/lsscsi-iet.txt", "lsscsi", 4, 0),
    ("live-lustre-2.17.0/02-mkfs-mount/df.txt", "df", 7, 0),
    (
        "live-lustre-2.17.0/02-mkfs-mount/dumpe2fs-ost3.txt",
        "dumpe2fs",
        1,
        0,
    ),
    ("zfs/zpool-iostat-v.txt", "zpool-iostat", 6, 0),
    ("zfs/zpool-iostat.txt", "zpool-iostat", 3, 0),
    (
        "live-lustre-2.17.0/04-admin/zpool-iostat.txt",
        "zpool-iostat",
        12,
        0,
    ),
    (
        "live-lustre-2.17.0/04-admin/zpool-history.txt",
        "zpool-history",
        521,
        0,
    ),
    ("zfs/man/zfs-list-0.txt", "zfs-list", 4, 0),
    ("zfs/zfs-list-snapshots.txt", "zfs-list", 39, 0),
    (
        "live-lustre-2.17.0/02-mkfs-mount/zfs-list.txt",
        "zfs-list",
        12,
        0,
    ),
    (
        "live-lustre-2.17.0/00-before-modules/zfs-version.txt",
        "zfs-version",
        1,
        0,
    ),
    ("zfs/kstat-node_exporter/zil", "zfs-kstat", 1, 0),
    ("zfs/kstat-node_exporter/fm", "zfs-kstat", 1, 0),
    ("zfs/kstat-node_exporter/arcstats", "zfs-kstat", 1, 0),
    ("zfs/kstat-node_exporter/pool1/io", "zfs-kstat", 1, 0),
    ("zfs/kstat-node_exporter/pool2/state", "zfs-kstat", 1, 0),
    ("zfs/kstat-node_exporter/pool3/objset-1", "zfs-kstat", 1, 0),
    (
        "devices/iml/agent_plugin_mpath.json",
        "iml-device-json",
        302,
        0,
    ),
    (
        "devices/iml/device_aggregator.json.txt",
        "iml-device-json",
        17,
        0,
    ),
    (
        "devices/iml/device_aggregator_formatted_ldiskfs.json.txt",
        "iml-device-json",
        69,
        0,
    ),
    ("devices/iml/devices_1.json", "iml-device-json", 41, 0),
    ("devices/iml/devices_HYD-1390.json", "iml-device-json", 5, 0),
    (
        "devices/iml/devices_HYD-2431.json",
        "iml-device-json",
        20,
        0,
    ),
    (
        "devices/iml/devices_MdRaid_EMCPower.txt",
        "iml-device-json",
        11,
        0,
    ),
    ("devices/iml/devices_NTAP-12.txt", "iml-device-json", 41, 3),
    ("devices/iml/devtree.json", "iml-device-json", 86, 0),
    ("devices/iml/devtree_zpool.json", "iml-device-json", 14, 0),
    (
        "devices/iml/devtrees-4-hosts.json",
        "iml-device-json",
        212,
        0,
    ),
    ("devices/iml/lvs_HYD-2431.json", "iml-device-json", 2, 0),
    ("devices/iml/mpaths_1.json", "iml-device-json", 4, 0),
    (
        "devices/iml/scanner-lu-mounted.txt",
        "iml-device-json",
        22,
        0,
    ),
    (
        "devices/iml/scanner-lu-not-mounted.txt",
        "iml-device-json",
        22,
        0,
    ),
    ("node/node_exporter-proc-mdstat.txt", "mdstat", 17, 0),
    ("sfa-wbem/instance.xml", "sfa-wbem", 1, 0),
    ("sfa-wbem/instance_list.xml", "sfa-wbem", 4, 0),
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

fn read_all(input: &[u8]) {
    for kind in storage::kinds() {
        let _ = (kind.guess)(Sample {
            name: "",
            head: &input[..input.len().min(65536)],
        });
        let mut sink = Collected::counting();
        (kind.read)(input, &mut sink);
    }
}

#[test]
fn any_cut_of_a_file_is_read_without_panic() {
    let files = [
        ("zfs/zpool-status-v3.txt", "zpool-status"),
        ("devices/lsblk-mpath-lvm.txt", "lsblk"),
        ("devices/multipath-v4-ll-doc.txt", "multipath"),
        ("devices/udevadm-info-query-all.txt", "udev-db"),
        (
            "live-lustre-2.17.0/00-before-modules/lsblk-J-cols.txt",
            "lsblk",
        ),
        ("devices/mdadm-faulty.txt", "mdadm"),
        (
            "live-lustre-2.17.0/02-mkfs-mount/zpool-status-json.txt",
            "zpool-status",
        ),
        ("devices/vgs-nameprefixes.txt", "lvm"),
    ];
    for (path, name) in files {
        let Some(input) = fixture(path) else { continue };
        let mut whole = Collected::counting();
        (kind(name).read)(&input, &mut whole);
        for end in 0..input.len() {
            let cut = &input[..end];
            let mut sink = Collected::counting();
            (kind(name).read)(cut, &mut sink);
            assert!(
                sink.n_records() <= whole.n_records() + 1,
                "{path} cut at {end}: a row that lost its end may name one more device, not two"
            );
        }
        for end in (0..input.len()).step_by(97) {
            read_all(&input[..end]);
        }
    }
}

#[test]
fn crlf_line_ends_change_nothing() {
    for &(path, name, records, skips) in FILES {
        let Some(input) = fixture(path) else { continue };
        let Ok(text) = String::from_utf8(input) else {
            continue;
        };
        let mut sink = Collected::counting();
        (kind(name).read)(text.replace('\n', "\r\n").as_bytes(), &mut sink);
        assert_eq!(
            (sink.n_records(), sink.skips.len()),
            (records, skips),
            "{path}"
        );
    }
}

#[test]
fn a_line_of_nul_bytes_costs_one_skip() {
    let input =
        b"/dev/sda1: UUID=\"a\" TYPE=\"xfs\"\n\0\0\0\n/dev/sdb1: UUID=\"b\" TYPE=\"ext4\"\n";
    let (found, skips) = storage::blkid::parse(input);
    assert_eq!(found.len(), 2);
    assert_eq!(skips.len(), 1);
    assert_eq!(
        (skips[0].line, skips[0].kind),
        (2, stdx::reading::SkipKind::Binary)
    );
}

#[test]
fn truncated_json_keeps_whole_devices_and_says_so() {
    let path = "live-lustre-2.17.0/00-before-modules/lsblk-J-cols.txt";
    let Some(input) = fixture(path) else { return };
    let (whole, _) = storage::lsblk::parse(&input);
    let (part, skips) = storage::lsblk::parse(&input[..input.len() / 2]);
    assert!(!part.is_empty() && part.len() < whole.len());
    assert_eq!(part[..], whole[..part.len()]);
    assert_eq!(skips[0].kind, stdx::reading::SkipKind::Truncated);
}

#[test]
fn links_that_are_no_nodes_are_not_taken() {
    let path = "live-lustre-2.17.0/01-lnet/proc-sys-lnet.txt";
    let Some(input) = fixture(path) else { return };
    assert_eq!(best("", &input).0, "none");
}

#[test]
fn multipath_over_many_disks_is_one_device() {
    let Some(input) = fixture("devices/lsblk-mpath-lvm.txt") else {
        return;
    };
    let (devices, _) = storage::lsblk::parse(&input);
    let named = |name: &str| {
        devices
            .iter()
            .find(|one| one.name == name)
            .expect("the device")
    };
    assert_eq!(named("mpathb").parents, ["sdb", "sde"]);
    assert_eq!(named("mpathb").kname.as_deref(), Some("dm-2"));
    assert_eq!(named("mpathb").children, ["mpathbp1"]);
    assert_eq!(
        named("appdg-app").parents,
        ["mpathbp1", "mpathap1", "mpathcp1"]
    );
    assert_eq!(named("appdg-app").mountpoints, ["/splunk"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(input in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        read_all(&input);
    }

    #[test]
    fn no_damaged_text_makes_a_reader_panic(
        at in 0usize..4000, with in "[\\x00-\\x7fé─]{0,8}", which in 0usize..FILES.len()
    ) {
        if let Some(mut input) = fixture(FILES[which].0) {
            input.truncate(20_000);
            let at = at.min(input.len());
            input.splice(at..(at + 3).min(input.len()), with.bytes());
            read_all(&input);
        }
    }
}
