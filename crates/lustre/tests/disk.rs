//! The readers of on-disk data over whole fixture files, and their promises.

use lustre::disk::{self, format, llog, llog_text, mount_data, nodemap, registry};
use proptest::prelude::*;
use stdx::reading::{Collected, Kind, Sample};

fn fixture(path: &str) -> Option<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/");
    let found = std::fs::read(format!("{root}{path}")).ok();
    if found.is_none() {
        println!("skipped: {path} is absent");
    }
    found
}

fn best(path: &str, input: &[u8]) -> Option<&'static Kind> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let sample = Sample {
        name,
        head: &input[..input.len().min(65536)],
    };
    let guesses = lustre::kinds()
        .into_iter()
        .map(|kind| ((kind.guess)(sample), kind));
    guesses
        .filter(|(guess, _)| *guess > 0)
        .max_by_key(|(guess, _)| *guess)
        .map(|(_, kind)| kind)
}

const LIVE: &str = "live-lustre-2.17.0/";

/// Fixture, its kind, one family with its records, skips.
const FILES: &[(&str, &str, &str, u64, usize)] = &[
    (
        "ondisk-configs/2.10-ldiskfs/ost/CONFIGS/mountdata",
        "mountdata",
        "mountdata",
        1,
        0,
    ),
    (
        "ondisk-configs/2.10-ldiskfs/ost/CONFIGS/t32fs-OST0000",
        "config-llog",
        "llog.attach",
        1,
        0,
    ),
    (
        "ondisk-configs/2.10-ldiskfs/ost/CONFIGS/t32fs-client",
        "config-llog",
        "llog-target",
        4,
        0,
    ),
    (
        "ondisk-configs/2.9-ldiskfs/ost/CONFIGS/t32fs-client",
        "config-llog",
        "llog-target",
        2,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/lustre-client",
        "config-llog",
        "llog-target",
        4,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/lustre-MDT0000",
        "config-llog",
        "llog-target",
        4,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/lustre-MDT0001",
        "config-llog",
        "llog-target",
        4,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/lustre-OST0001",
        "config-llog",
        "llog-target",
        1,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/nodemap",
        "nodemap-index",
        "nodemap-entry",
        2,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/mountdata",
        "mountdata",
        "mountdata",
        1,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-mdt1/last_rcvd",
        "last-rcvd",
        "last_rcvd",
        1,
        0,
    ),
    (
        "ondisk-configs/2.11-ldiskfs-ost1/last_rcvd",
        "last-rcvd",
        "last_rcvd",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/04-admin/llog_catlist.txt",
        "llog-catlist",
        "llog-name",
        8,
        0,
    ),
    (
        "live-lustre-2.17.0/04-admin/llog_info.txt",
        "llog-catlist",
        "llog-info",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/04-admin/llog_print-raw.txt",
        "llog-print",
        "llog-target",
        6,
        0,
    ),
    (
        "live-lustre-2.17.0/04-admin/llog_print-params.txt",
        "llog-print",
        "llog.set_param",
        2,
        0,
    ),
    (
        "live-lustre-2.17.0/04-admin/llog_print-lab01-MDT0000.txt",
        "llog-print",
        "llog-target",
        6,
        0,
    ),
    (
        "live-lustre-2.17.0/05-events/replace_nids-mgs-only.txt",
        "llog-print",
        "llog-pool",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/mkfs-mgs.txt",
        "mkfs-lustre",
        "mountdata-permanent",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/mkfs-ldiskfs-ost3.txt",
        "mkfs-lustre",
        "mountdata-permanent",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/mkfs-ldiskfs-mdt-spare.txt",
        "mkfs-lustre",
        "mkfs-message",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/mkfs-mounted-ldiskfs.stderr.txt",
        "mkfs-lustre",
        "mkfs-message",
        2,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/mkfs-mdt0-badnid.stderr.txt",
        "mkfs-lustre",
        "mkfs-message",
        3,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/mkfs-mdt0-no-index.stderr.txt",
        "mkfs-lustre",
        "mkfs-message",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/tunefs-nodev.txt",
        "mkfs-lustre",
        "mkfs-run",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/tunefs-dryrun-ost3-ldiskfs.txt",
        "mkfs-lustre",
        "mountdata-previous",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/tunefs-erase.txt",
        "mkfs-lustre",
        "mountdata-previous",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/02-mkfs-mount/mount-mgs.txt",
        "mkfs-lustre",
        "mount-run",
        1,
        0,
    ),
    (
        "live-lustre-2.17.0/05-events/writeconf.txt",
        "mkfs-lustre",
        "llog-target",
        6,
        0,
    ),
    (
        "live-lustre-2.17.0/05-events/replace_nids-mgs-only.txt",
        "llog-print",
        "obd-device",
        3,
        0,
    ),
];

#[test]
fn a_mount_says_what_is_mounted_where() {
    let Some(input) = fixture("live-lustre-2.17.0/02-mkfs-mount/mount-mgs.txt") else {
        return;
    };
    let (found, skips) = format::parse(&input);
    assert_eq!(skips, []);
    assert_eq!(found.written.len(), 5);
    let mounting = found.mounting.expect("a mount");
    assert_eq!(
        (mounting.source.as_str(), mounting.target.as_str()),
        ("lab-mgs/mgs", "/lustre/mgs")
    );
    assert!(mounting.options.ends_with(",svname=MGS,device=lab-mgs/mgs"));
}

#[test]
fn files_are_told_and_read_whole() {
    for (path, name, family, n_records, n_skips) in FILES {
        let Some(input) = fixture(path) else { continue };
        let kind = best(path, &input).unwrap_or_else(|| panic!("{path}: of no kind"));
        let mut found = Collected::with_records();
        (kind.read)(&input, &mut found);
        let n = found.counts.get(*family).copied().unwrap_or(0);
        assert_eq!(
            (kind.name, n, found.skips.len()),
            (*name, *n_records, *n_skips),
            "{path}: {:?} {:?}",
            found.counts,
            found.skips
        );
    }
}

fn nodes(nodes: &[Vec<lustre::nid::Nid>]) -> String {
    lustre::nid::print_nodes(nodes)
}

#[test]
fn mountdata_says_where_its_mgs_is() {
    let Some(input) = fixture("ondisk-configs/2.10-ldiskfs/ost/CONFIGS/mountdata") else {
        return;
    };
    let data = mount_data::parse(&input).expect("mountdata");
    assert_eq!(
        (data.name.as_str(), data.fs_name.as_str(), data.index),
        ("t32fs:OST0000", "t32fs", Some(0))
    );
    assert_eq!(
        (data.flag_words(), data.back_end),
        (vec!["OST", "first_time"], disk::BackEnd::Ldiskfs)
    );
    assert_eq!(
        (
            nodes(&data.mgs_nodes()).as_str(),
            nodes(&data.service_nodes()).as_str()
        ),
        ("10.9.6.154@tcp", "1.2.3.4@tcp,4.3.2.1@tcp")
    );
    assert_eq!(
        (data.mount_options.as_str(), data.parameters[1].as_str()),
        (",errors=remount-ro", "sys.timeout=20")
    );
}

/// A log's targets: label, nodes, parameters.
fn check_log(path: &str, expected: &[(&str, &str, &[&str])]) {
    let Some(input) = fixture(path) else { return };
    let (records, _) = if llog::is_log(&input) {
        llog::parse(&input)
    } else {
        llog_text::parse(&input)
    };
    let log = registry::read(&records);
    let found: Vec<_> = log
        .targets
        .iter()
        .map(|t| (t.label.to_string(), nodes(&t.nodes), t.parameters.clone()))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(label, nodes, parameters)| {
            (
                (*label).to_owned(),
                (*nodes).to_owned(),
                parameters
                    .iter()
                    .map(|p| (*p).to_owned())
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(found, expected, "{path}");
}

#[test]
fn logs_know_targets_with_nids_and_parameters() {
    let both = "192.168.77.11@tcp:192.168.77.12@tcp";
    check_log(
        &format!("{LIVE}04-admin/llog_print-raw.txt"),
        &[
            ("lab01-MDT0000", both, &[]),
            ("lab01-MDT0001", both, &[]),
            ("lab01-OST0000", both, &[]),
            ("lab01-OST0001", both, &[]),
            ("lab01-OST0002", both, &["osc.active=1"]),
            ("lab01-OST0003", both, &[]),
        ],
    );
    check_log(
        &format!("{LIVE}05-events/replace_nids-mgs-only.txt"),
        &[
            ("lab01-MDT0000", both, &[]),
            ("lab01-MDT0001", both, &[]),
            ("lab01-OST0000", "192.168.77.11@tcp", &[]),
            ("lab01-OST0001", both, &[]),
            ("lab01-OST0002", both, &["osc.active=1"]),
            ("lab01-OST0003", both, &[]),
        ],
    );
    let two = "10.9.6.154@tcp:1.2.3.4@tcp,4.3.2.1@tcp";
    check_log(
        "ondisk-configs/2.10-ldiskfs/ost/CONFIGS/t32fs-client",
        &[
            ("t32fs-MDT0000", "10.9.6.154@tcp", &[]),
            ("t32fs-MDT0001", "10.9.6.154@tcp", &[]),
            ("t32fs-OST0000", two, &[]),
            ("t32fs-OST0001", two, &[]),
        ],
    );
    check_log(
        "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/lustre-client",
        &[
            ("lustre-MDT0000", "10.211.55.16@tcp", &[]),
            ("lustre-MDT0001", "10.211.55.16@tcp", &[]),
            ("lustre-OST0000", "10.211.55.16@tcp", &[]),
            ("lustre-OST0001", "10.211.55.16@tcp", &[]),
        ],
    );
}

#[test]
fn nodemaps_and_clients_are_read() {
    if let Some(input) = fixture("ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/nodemap") {
        let (entries, _) = nodemap::parse(&input);
        let first = nodemap::Entry::Nodemap {
            id: 0,
            name: "default".into(),
            flags: 0,
            squash_uid: 99,
            squash_gid: 99,
        };
        assert_eq!(
            entries,
            [first, nodemap::Entry::Active { is_active: false }]
        );
    }
    if let Some(input) = fixture("ondisk-configs/2.11-ldiskfs-ost1/last_rcvd") {
        let found = disk::last_rcvd::parse(&input).expect("last_rcvd");
        assert_eq!(
            (
                found.label().expect("a label").to_string().as_str(),
                found.last_transaction
            ),
            ("lustre-OST0000", 0x1_0000_0007)
        );
    }
}

#[test]
fn a_dry_run_says_what_is_on_the_disk() {
    let Some(input) = fixture("live-lustre-2.17.0/02-mkfs-mount/tunefs-dryrun-ost0.txt") else {
        return;
    };
    let (found, _) = format::parse(&input);
    let data = found.on_disk().expect("it was found");
    assert_eq!(
        (data.name.as_str(), data.index, data.back_end),
        ("lab01-OST0000", Some(0), disk::BackEnd::Zfs)
    );
    assert_eq!((found.was_formatted, found.is_dry_run), (Some(true), true));
    assert_eq!(
        nodes(&data.service_nodes()),
        "192.168.77.11@tcp:192.168.77.12@tcp"
    );
    assert_eq!(found.permanent.expect("it was shown").name, "lab01:OST0000");
    let Some(input) = fixture("live-lustre-2.17.0/02-mkfs-mount/mkfs-mgs.txt") else {
        return;
    };
    let (found, _) = format::parse(&input);
    assert_eq!(
        (found.device.as_deref(), found.written.len()),
        (Some("lab-mgs/mgs"), 5)
    );
    assert_eq!(
        found.on_disk().map(|data| (data.index, data.is_mgs())),
        Some((None, true))
    );
}

#[test]
fn a_cut_file_keeps_what_is_before_the_cut() {
    for (path, ..) in FILES {
        let Some(input) = fixture(path) else { continue };
        let kind = best(path, &input).expect("a kind");
        for end in (0..input.len()).step_by(1 + input.len() / 300) {
            let mut sink = Collected::counting();
            (kind.read)(&input[..end], &mut sink);
        }
    }
    let Some(input) = fixture("ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/lustre-client") else {
        return;
    };
    let whole = llog::parse(&input).0;
    let (part, skips) = llog::parse(&input[..0x2800]);
    assert_eq!((part.as_slice(), skips.len()), (&whole[..part.len()], 1));
    assert!(part.len() > 8);
}

proptest! {
    #[test]
    fn no_damage_panics(place in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 1..9), text in "[-#{}(): a-z0-9@=',.]{0,120}") {
        for path in ["ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/lustre-client", "ondisk-configs/2.11-ldiskfs-mdt1/CONFIGS/nodemap"] {
            let Some(mut input) = fixture(path) else { continue };
            let at = place.index(input.len() - bytes.len());
            input[at..at + bytes.len()].copy_from_slice(&bytes);
            for kind in disk::kind::KINDS {
                (kind.guess)(Sample { name: "", head: &input });
                (kind.read)(&input, &mut Collected::with_records());
            }
        }
        for kind in disk::kind::KINDS {
            (kind.guess)(Sample { name: "", head: text.as_bytes() });
            (kind.read)(text.as_bytes(), &mut Collected::with_records());
        }
    }
}
