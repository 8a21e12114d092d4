//! Every shared fixture is read by some parser, or is listed in
//! `testdata/not-read.tsv` with the reason why not. The list must be exact: a
//! listed file that is read, or that is absent, fails too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use stdx::reading::{Collected, Sample, SkipKind};

/// Bytes that are looked at to tell the kind, as `candela inspect` does.
const HEAD: usize = 64 * 1024;

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(dir).expect("the folder is readable");
    for entry in entries {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Why the file counts as unread, if it does.
fn unread(name: &str, bytes: &[u8]) -> Option<String> {
    let sample = Sample {
        name,
        head: &bytes[..bytes.len().min(HEAD)],
    };
    let Some((kind, _)) = platform::inspect::guess(sample) else {
        return Some("its kind cannot be told".to_owned());
    };
    let mut found = Collected::counting();
    (kind.read)(bytes, &mut found);
    // A tool that says there is nothing, or a file that sets nothing, is read.
    let is_said = found
        .skips
        .iter()
        .any(|skip| matches!(skip.kind, SkipKind::ErrorText | SkipKind::NotSupported));
    if found.n_records() > 0 || !found.hints.is_empty() || is_said {
        return None;
    }
    // The shell of a list: `cib` without resources, `job_stats:` without jobs.
    if found.skips.is_empty() {
        return None;
    }
    let first = &found.skips[0];
    Some(format!("{} reads no record: {}", kind.name, first.reason))
}

/// The list: path to reason.
fn listed() -> BTreeMap<&'static str, &'static str> {
    let text = include_str!("../testdata/not-read.tsv");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let (path, reason) = line.split_once('\t').expect("path, tab, reason");
        assert!(reason.len() > 10, "{path} has no reason");
        (path, reason)
    })
    .collect()
}

#[test]
fn every_fixture_is_read_or_listed_with_the_reason() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    if !root.is_dir() {
        println!("skipped: {} is absent", root.display());
        return;
    }
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut listed = listed();
    let mut wrong = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&root).expect("it is below the root");
        let path = path.to_str().expect("names of fixtures are text");
        let name = path.rsplit('/').next().unwrap_or(path);
        let bytes = std::fs::read(file).expect("the fixture is readable");
        match (unread(name, &bytes), listed.remove(path)) {
            (None, None) | (Some(_), Some(_)) => {}
            (Some(why), None) => wrong.push(format!("{path}: {why}")),
            (None, Some(_)) => wrong.push(format!("{path}: is listed, and is read")),
        }
    }
    wrong.extend(
        listed
            .keys()
            .map(|path| format!("{path}: is listed, and is absent")),
    );
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {} files:\n{}",
        wrong.len(),
        files.len(),
        wrong.join("\n")
    );
}
