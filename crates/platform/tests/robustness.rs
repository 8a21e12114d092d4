//! What damage costs: no panic, and no record but the one that is damaged.
//!
//! Over every kind that has a fixture: line ends of another system, padding,
//! lines that are no text, foreign lines, prompts, cuts at every byte, and
//! random edits.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use stdx::reading::{Collected, Kind, Sample};

/// Larger files tell nothing more here.
const SIZE_MAX: usize = 12_000;

struct Fixture {
    name: String,
    bytes: Vec<u8>,
    kind: &'static Kind,
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        println!("skipped: {} is absent", dir.display());
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn guess(name: &str, bytes: &[u8]) -> Option<&'static Kind> {
    let head = &bytes[..bytes.len().min(65_536)];
    platform::inspect::guess(Sample { name, head }).map(|found| found.0)
}

/// For each kind the fixture with the most records, up to thirty.
fn fixtures() -> &'static [Fixture] {
    static FOUND: OnceLock<Vec<Fixture>> = OnceLock::new();
    FOUND.get_or_init(find)
}

fn find() -> Vec<Fixture> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&here.join("../lustre/testdata"), &mut paths);
    walk(&here.join("../../../shared/fixtures"), &mut paths);
    let mut best: BTreeMap<&str, (usize, Fixture)> = BTreeMap::new();
    let mut n_seen: BTreeMap<&str, u32> = BTreeMap::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str());
        let (Some(name), Ok(bytes)) = (name, std::fs::read(&path)) else {
            continue;
        };
        if bytes.is_empty() || bytes.len() > SIZE_MAX {
            continue;
        }
        let Some(kind) = guess(name, &bytes) else {
            continue;
        };
        let n = n_seen.entry(kind.name).or_default();
        *n += 1;
        if *n > 40 {
            continue;
        }
        let n_records = read(kind, &bytes).0.len().min(30);
        let known = best.get(kind.name).map_or(0, |known| known.0);
        if n_records > known {
            let name = name.to_owned();
            best.insert(kind.name, (n_records, Fixture { name, bytes, kind }));
        }
    }
    best.into_values().map(|(_, fixture)| fixture).collect()
}

/// The records, without their line numbers, and the lines of skips.
fn read(kind: &Kind, bytes: &[u8]) -> (Vec<String>, Vec<u64>) {
    let mut found = Collected::with_records();
    platform::inspect::read(kind, bytes, &mut found);
    let mut records = Vec::new();
    for (family, values) in found.records {
        for mut value in values {
            if let Some(fields) = value.as_object_mut() {
                fields.remove("line");
            }
            records.push(format!("{family} {value}"));
        }
    }
    (records, found.skips.iter().map(|skip| skip.line).collect())
}

fn lost<'a>(before: &'a [String], after: &[String]) -> Vec<&'a String> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for record in after {
        *left.entry(record.as_str()).or_default() += 1;
    }
    let is_lost = |record: &&String| match left.get_mut(record.as_str()) {
        Some(n @ 1..) => {
            *n -= 1;
            false
        }
        _ => true,
    };
    before.iter().filter(is_lost).collect()
}

fn with_line_ends(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    text.replace('\n', "\r\n").into_bytes()
}

/// Up to `n` places at which a line begins.
fn line_starts(bytes: &[u8], n: usize) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let starts: Vec<usize> = std::iter::once(0)
        .chain(ends.map(|(at, _)| at + 1))
        .collect();
    let step = (starts.len() / n).max(1);
    starts.into_iter().step_by(step).collect()
}

fn check(fixture: &Fixture, what: &str, bytes: &[u8], n_lost_max: usize) -> Vec<u64> {
    let (before, _) = read(fixture.kind, &fixture.bytes);
    let (after, skipped) = read(fixture.kind, bytes);
    let lost = lost(&before, &after);
    assert!(
        lost.len() <= n_lost_max,
        "{what} costs {} of {} records of {} ({}): {:.300}",
        lost.len(),
        before.len(),
        fixture.name,
        fixture.kind.name,
        lost[0],
    );
    skipped
}

#[test]
fn other_line_ends_padding_and_prompts_cost_nothing() {
    for fixture in fixtures() {
        let mut padded = fixture.bytes.clone();
        padded.resize(padded.len().next_multiple_of(4096), 0);
        check(fixture, "padding", &padded, 0);
        if std::str::from_utf8(&fixture.bytes).is_err() {
            continue;
        }
        check(fixture, "CRLF", &with_line_ends(&fixture.bytes), 0);
        for prompt in [
            "[root@oss1 ~]# lctl x\n",
            "\n",
            "root@oss1:~# cat x\r\n\r\n",
        ] {
            let text = [prompt.as_bytes(), &fixture.bytes].concat();
            check(fixture, "a prompt", &text, 0);
            let told = guess(&fixture.name, &text).map(|kind| kind.name);
            assert_eq!(told, Some(fixture.kind.name), "{}", fixture.name);
        }
    }
}

#[test]
fn a_line_that_is_no_text_costs_at_most_the_record_it_stands_in_and_is_told() {
    for fixture in fixtures() {
        if std::str::from_utf8(&fixture.bytes).is_err() {
            continue;
        }
        for at in line_starts(&fixture.bytes, 24) {
            let (before, after) = fixture.bytes.split_at(at);
            let text = [before, b"\xff\xfe\x80 junk\n", after].concat();
            let skipped = check(fixture, "a line that is no text", &text, 1);
            let n_before = before.split(|byte| *byte == b'\n').skip(1).count();
            let line = u64::try_from(n_before).expect("few lines") + 1;
            let (name, kind) = (&fixture.name, fixture.kind.name);
            assert!(
                skipped.contains(&line),
                "{name} ({kind}) is silent of {line}"
            );
        }
    }
}

/// In forms where one line heads others (a group of paths, a document) these go
/// with it, but never most of a file.
#[test]
fn a_foreign_line_costs_no_more_than_what_it_stands_in() {
    for fixture in fixtures() {
        if std::str::from_utf8(&fixture.bytes).is_err() {
            continue;
        }
        let n_records = read(fixture.kind, &fixture.bytes).0.len();
        let n_lost_max = if n_records < 6 {
            n_records
        } else {
            n_records / 2
        };
        for at in line_starts(&fixture.bytes, 24) {
            let (before, after) = fixture.bytes.split_at(at);
            let text = [before, b"!!! zz ??\n", after].concat();
            check(fixture, "a foreign line", &text, n_lost_max);
        }
    }
}

#[test]
fn a_cut_at_any_byte_keeps_what_is_before_it() {
    let is_short = |one: &&Fixture| (600..2_400).contains(&one.bytes.len());
    let ten: Vec<&Fixture> = fixtures().iter().filter(is_short).collect();
    // Kinds of different families stand apart in the list.
    let step = (ten.len() / 10).max(1);
    for fixture in ten.iter().step_by(step).take(12) {
        let is_text = std::str::from_utf8(&fixture.bytes).is_ok();
        let mut n_before = 0;
        for end in 0..fixture.bytes.len() {
            if end % 8 == 0 {
                let _ = guess(&fixture.name, &fixture.bytes[..end]);
            }
            let n = read(fixture.kind, &fixture.bytes[..end]).0.len();
            // A record is whole, in doubt while its last line is read, and whole again.
            assert!(
                n + 1 >= n_before || !is_text,
                "{} cut at {end}: {n} records after {n_before}",
                fixture.name
            );
            n_before = n;
        }
    }
}

/// One random edit of a text.
#[derive(Clone, Debug)]
enum Edit {
    Put(usize, u8),
    Insert(usize, Vec<u8>),
    Drop(usize, usize),
    Repeat(usize, usize),
    Swap(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0..SIZE_MAX;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Edit::Put(at, byte)),
        (at.clone(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (at.clone(), 1..200_usize).prop_map(|(at, n)| Edit::Drop(at, n)),
        (at.clone(), 1..200_usize).prop_map(|(at, n)| Edit::Repeat(at, n)),
        (at.clone(), at).prop_map(|(one, other)| Edit::Swap(one, other)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let n = bytes.len();
    if n == 0 {
        return;
    }
    match edit {
        Edit::Put(at, byte) => bytes[at % n] = *byte,
        Edit::Insert(at, new) => {
            bytes.splice(at % n..at % n, new.iter().copied());
        }
        Edit::Drop(at, length) => {
            bytes.drain(at % n..(at % n + length).min(n));
        }
        Edit::Repeat(at, length) => {
            let piece = bytes[at % n..(at % n + length).min(n)].to_vec();
            bytes.splice(at % n..at % n, piece);
        }
        Edit::Swap(one, other) => bytes.swap(one % n, other % n),
    }
}

#[test]
fn no_edit_makes_a_reader_panic() {
    let fixtures = fixtures();
    if fixtures.is_empty() {
        return;
    }
    let config = Config {
        cases: 4 * u32::try_from(fixtures.len()).expect("few kinds"),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let edits = prop::collection::vec(edit(), 1..6);
    TestRunner::new_with_rng(config, rng)
        .run(&(0..fixtures.len(), edits), |(which, edits)| {
            let fixture = &fixtures[which];
            let mut bytes = fixture.bytes.clone();
            for edit in &edits {
                apply(&mut bytes, edit);
            }
            let _ = guess(&fixture.name, &bytes);
            // Readers of other kinds meet such texts too, by `--as`.
            let other = &fixtures[(which * 7 + edits.len()) % fixtures.len()];
            read(fixture.kind, &bytes);
            read(other.kind, &bytes);
            Ok(())
        })
        .expect("no panic");
}

/// A kind must know its own whatever the file is called, and whichever line of
/// the middle is missing.
#[test]
fn each_kind_knows_its_own_without_a_name_and_without_a_line() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        let is_named = ["lustre-param-file", "lnet-routes-conf", "modprobe-conf"];
        if is_named.contains(&fixture.kind.name) || std::str::from_utf8(&fixture.bytes).is_err() {
            continue;
        }
        let mut is_told = |name: &str, bytes: &[u8], what: &str| {
            let told = guess(name, bytes).map(|kind| kind.name);
            if told != Some(fixture.kind.name) {
                let (name, kind) = (&fixture.name, fixture.kind.name);
                wrong.push(format!("{name} ({kind}) {what}: {told:?}"));
            }
        };
        is_told("", &fixture.bytes, "without its name");
        let starts = line_starts(&fixture.bytes, usize::MAX);
        // The missing line must not be the one heading of the file.
        if starts.len() < 8 || !read(fixture.kind, &fixture.bytes).1.is_empty() {
            continue;
        }
        let (from, to) = (starts[starts.len() / 2], starts[starts.len() / 2 + 1]);
        let text = [&fixture.bytes[..from], &fixture.bytes[to..]].concat();
        is_told(&fixture.name, &text, "without a line");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
