//! Reads the same dumps with our reader and with crate `lustre_collector`
//! 0.12.1, and prints MB/s of both. A file on which the peer fails is said to
//! be so, and has no factor; that may also be since it does not mean to read
//! such a dump at all (its `job_stats` have a reader of their own).
//!
//! The two do not do the same: ours reads every row of counters, jobs, quota and
//! histograms but keeps only counts, the peer builds a list of records.
//!
//! `cargo run --release -- [FILE…]`; without files, those of `crates/lustre/testdata`.

use lustre::param::kind::GET_PARAM;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use stdx::reading::{Collected, Sample};

fn main() {
    let mut files: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/lustre/testdata");
        files = below(&data);
    }
    println!("{:<44} {:>9} {:>9} {:>9} {:>7}", "file", "bytes", "ours MB/s", "peer MB/s", "factor");
    for path in files {
        match std::fs::read(&path) {
            Ok(bytes) => compare(&path, &bytes),
            Err(error) => println!("{}: {error}", path.display()),
        }
    }
}

fn compare(path: &Path, bytes: &[u8]) {
    let sample = Sample { name: "", head: &bytes[..bytes.len().min(65_536)] };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if (GET_PARAM.guess)(sample) < 50 {
        return;
    }
    let ours = speed(bytes, |bytes| {
        let mut found = Collected::counting();
        (GET_PARAM.read)(bytes, &mut found);
        black_box(found.n_records());
    });
    let is_read = lustre_collector::parse_lctl_output(bytes).is_ok();
    if !is_read {
        println!("{name:<44} {:>9} {ours:>9.1} {:>9} {:>7}", bytes.len(), "fails", "-");
        return;
    }
    let peer = speed(bytes, |bytes| {
        black_box(lustre_collector::parse_lctl_output(bytes).map_or(0, |all| all.len()));
    });
    println!("{name:<44} {:>9} {ours:>9.1} {peer:>9.1} {:>7.1}", bytes.len(), ours / peer);
}

/// MB/s of the fastest of the runs that fit in half a second.
fn speed(bytes: &[u8], read: impl Fn(&[u8])) -> f64 {
    let mut best = Duration::MAX;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(500) || best == Duration::MAX {
        let start = Instant::now();
        read(black_box(bytes));
        best = best.min(start.elapsed());
    }
    bytes.len() as f64 / 1e6 / best.as_secs_f64()
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(below(&path));
        } else if path.extension().is_some_and(|ext| ext == "txt") {
            files.push(path);
        }
    }
    files.sort();
    files
}
