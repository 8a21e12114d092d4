//! Parameters as real servers printed them, whole, cut off and damaged.

use lustre::param::{kind, stream::Feeder};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use stdx::reading::{Collected, Sample, SkipKind};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn load(name: &str) -> Vec<u8> {
    fs::read(testdata().join(name)).unwrap()
}

fn read(bytes: &[u8]) -> Collected {
    let mut found = Collected::counting();
    (kind::GET_PARAM.read)(bytes, &mut found);
    found
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Families and their counts that a file must give.
#[track_caller]
fn check(name: &str, expected: &[(&str, u64)]) {
    let found = read(&load(name));
    for &(family, count) in expected {
        let got = found.counts.get(family).copied().unwrap_or(0);
        assert_eq!(got, count, "{family} in {name}: {:?}", found.counts);
    }
}

#[test]
fn servers_of_2_12_are_read() {
    check(
        "2.12/small-mixed.txt",
        &[("health_check", 1), ("memused", 1), ("mdt.exports.uuid", 9)],
    );
    check("2.12/server-unhealthy.txt", &[("health_check", 1)]);
    check("2.12/complete-single.txt", &[]);
    check(
        "2.12/multiple-recovering.txt",
        &[("obdfilter.recovery_status", 3), ("mdt.recovery_status", 2)],
    );
}

#[test]
fn servers_of_2_14_are_read() {
    check(
        "2.14/synthetic-100-jobs.txt",
        &[("obdfilter.job_stats", 100)],
    );
    check(
        "2.14/mdd-changelog_users.txt",
        &[("mdd.changelog_users", 2)],
    );
    check(
        "2.14/waiting-for-clients.txt",
        &[("obdfilter.recovery_status", 3), ("mdt.recovery_status", 2)],
    );
}

#[test]
fn servers_of_2_17_are_read() {
    check(
        "2.17/recovery_status.txt",
        &[("mdt.recovery_status", 2), ("obdfilter.recovery_status", 3)],
    );
    check("2.17/mgs-live.txt", &[("mgs.live", 2)]);
    check(
        "2.17/hsm-copytool.txt",
        &[("mdt.hsm.agents", 2), ("mdt.hsm.actions", 2)],
    );
}

/// Values of typed bodies, by a JSON pointer into the first record of a family.
#[test]
fn bodies_of_2_17_have_types() {
    let mut found = Collected::with_records();
    for name in [
        "2.17/osc-import.txt",
        "2.17/osc-state.txt",
        "2.17/lfsck-params.txt",
        "2.17/nodemap_params.txt",
        "2.17/mgs-live.txt",
        "2.17/hsm-copytool.txt",
    ] {
        (kind::GET_PARAM.read)(&load(name), &mut found);
    }
    for (family, pointer, expected) in [
        ("osc.import", "/value/state", "\"FULL\""),
        ("osc.import", "/value/nids/0/nid", "\"0@lo\""),
        ("osc.import", "/value/rpc_timeouts", "5"),
        ("osc.state", "/value/history/14/1", "\"FULL\""),
        ("mdd.lfsck_namespace", "/value/param/0", "\"all_targets\""),
        (
            "mdd.lfsck_namespace",
            "/value/counters/checked_phase1",
            "14",
        ),
        ("nodemap.ranges", "/value/0/end", "\"192.168.77.60@tcp\""),
        ("nodemap.idmap", "/value/0/fs_id", "600"),
        ("mgs.live", "/value/generation", "28"),
        ("mdt.hsm.agents", "/value/0/ok", "1"),
        ("mdt.hsm.actions", "/value/0/status", "\"SUCCEED\""),
    ] {
        let value = found
            .records
            .get(family)
            .and_then(|all| all[0].pointer(pointer));
        let shown = value.map(ToString::to_string);
        assert_eq!(shown.as_deref(), Some(expected), "{family} {pointer}");
    }
}

#[test]
fn what_is_not_supported_is_said_and_costs_no_neighbour() {
    let with = read(&load("2.14/2.14.0_ddn133-not_supported.txt"));
    let skips: Vec<_> = with
        .skips
        .iter()
        .filter(|skip| skip.kind == SkipKind::NotSupported)
        .collect();
    assert!(!skips.is_empty(), "no skip in {:?}", with.skips);
    assert!(with.counts.values().sum::<u64>() > 50);
}

#[test]
fn nothing_captured_is_passed_over_as_a_bad_line() {
    for path in files_below(&testdata()) {
        if path.extension().is_none_or(|ext| ext != "txt") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let sample = Sample {
            name: "",
            head: &bytes,
        };
        if (kind::GET_PARAM.guess)(sample) < 50 {
            assert!(
                (kind::BODY.guess)(sample) >= 60,
                "{} is of no kind",
                path.display()
            );
            continue;
        }
        let bad: Vec<_> = read(&bytes)
            .skips
            .into_iter()
            .filter(|skip| matches!(skip.kind, SkipKind::BadLine | SkipKind::Binary))
            .collect();
        // The hole in this capture is its own: commands of lfs are between the parameters.
        if !path.ends_with("2.17/hsm-copytool.txt") && !path.ends_with("2.17/nodemap_params.txt") {
            assert_eq!(bad, [], "{}", path.display());
        }
    }
}

#[test]
fn carriage_returns_change_nothing() {
    for name in [
        "2.12/small-mixed.txt",
        "2.12/multiple-recovering.txt",
        "2.17/job_stats.txt",
    ] {
        let plain = load(name);
        let text = String::from_utf8(plain.clone())
            .unwrap()
            .replace('\n', "\r\n");
        let (plain, dos) = (read(&plain), read(text.as_bytes()));
        assert_eq!(
            (plain.counts, plain.skips),
            (dos.counts, dos.skips),
            "{name}"
        );
    }
}

#[test]
fn padding_costs_no_record() {
    for name in ["2.12/small-mixed.txt", "2.17/job_stats.txt"] {
        let plain = load(name);
        let mut padded = plain.clone();
        padded.extend([0_u8; 4096]);
        assert_eq!(read(&plain).counts, read(&padded).counts, "{name}");
    }
}

/// However much of the tail is missing, what was whole before it stays.
#[test]
fn a_cut_at_any_byte_costs_only_the_last_record() {
    for name in [
        "2.12/multiple-recovering.txt",
        "2.12/mdt-exports-uuid-4.txt",
        "2.12/small-mixed.txt",
        "2.15/2026-with-start_time.txt",
        "2.16/by_size-b.txt",
        "2.17/mgs-live.txt",
    ] {
        let whole = load(name);
        let mut before = 0;
        for end in 0..=whole.len() {
            let count = read(&whole[..end]).n_records();
            assert!(
                count + 1 >= before,
                "{name} at {end}: {count} after {before}"
            );
            before = before.max(count);
        }
    }
}

#[test]
fn chunks_give_what_the_whole_gives() {
    for path in files_below(&testdata()) {
        let bytes = fs::read(&path).unwrap();
        let whole = read(&bytes);
        let mut pieces = Collected::counting();
        let mut feeder = Feeder::new();
        bytes
            .chunks(1013)
            .for_each(|chunk| feeder.feed(chunk, &mut pieces));
        feeder.finish(&mut pieces);
        assert_eq!(
            (pieces.counts, pieces.skips),
            (whole.counts, whole.skips),
            "{}",
            path.display()
        );
    }
}

#[test]
fn fixtures_that_may_not_be_copied_are_read_in_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    if !folder.is_dir() {
        println!("skipped: no fixtures folder beside the repository");
        return;
    }
    let all = fs::read(folder.join("live-lustre-2.17.0/03-running/get_param-all.txt")).unwrap();
    let found = read(&all);
    for family in [
        "osd.kbytesfree",
        "mgs.live",
        "mdt.exports.uuid",
        "obdfilter.stats",
        "version",
        "nis",
    ] {
        assert!(found.counts.contains_key(family), "{family} is missing");
    }
    assert_eq!(found.skips.first(), None, "of {}", found.skips.len());
    let mut n_files = 0;
    for path in files_below(&folder.join("proc-trees")) {
        let bytes = fs::read(&path).unwrap_or_default();
        let sample = Sample {
            name: "",
            head: &bytes[..bytes.len().min(65_536)],
        };
        let _ = (kind::GET_PARAM.guess)(sample);
        if (kind::BODY.guess)(sample) > 0 {
            let mut found = Collected::with_records();
            (kind::BODY.read)(&bytes, &mut found);
            n_files += usize::from(found.n_records() > 0);
        }
    }
    assert!(
        n_files > 50,
        "{n_files} files of the trees are known bodies"
    );
}

/// Lines as dumps have them, mixed with noise.
fn dump_like() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(b"obdfilter.a-OST0000.stats=".to_vec()),
        Just(b"mdt.a-MDT0000.exports.fd00::1@tcp.uuid=x".to_vec()),
        Just(b"mdt.a-MDT0000.job_stats=".to_vec()),
        Just(b"- job_id: \"a:b".to_vec()),
        Just(b"  open: { samples: 1, unit: usecs, hist: { 4K: 3 ".to_vec()),
        Just(b"x.recovery_status=status: ".to_vec()),
        Just(b"qmt.a-QMT0000.dt-0x0.glb-usr=".to_vec()),
        Just(b"- id:      0".to_vec()),
        Just(b"osd-zfs.a-OST0000.brw_stats=".to_vec()),
        Just(b"1:  5 50 50 | 3 1".to_vec()),
        Just(b"current_index: ".to_vec()),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..24),
    ];
    prop::collection::vec(line, 0..24).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_input_stops_the_reader(bytes in dump_like()) {
        let sample = Sample { name: "", head: &bytes };
        for kind in [&kind::GET_PARAM, &kind::BODY] {
            let _ = (kind.guess)(sample);
            let mut found = Collected::with_records();
            (kind.read)(&bytes, &mut found);
        }
    }
}
