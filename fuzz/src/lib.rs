//! What the fuzz targets share: running readers that must never panic.

use stdx::reading::{Collected, Kind, Sample};

/// Recognises and reads `bytes` with one kind.
pub fn run(kind: &Kind, bytes: &[u8]) {
    let _ = (kind.guess)(Sample { name: "", head: &bytes[..bytes.len().min(65_536)] });
    let mut found = Collected::with_records();
    (kind.read)(bytes, &mut found);
}

/// Runs every kind whose name contains `part`. A target that finds none is an
/// error of the target, not of the input.
pub fn run_named(part: &str, bytes: &[u8]) {
    let mut n_run = 0;
    for kind in lustre::kinds().into_iter().chain(platform::kinds()) {
        if kind.name.contains(part) {
            run(kind, bytes);
            n_run += 1;
        }
    }
    assert!(n_run > 0, "no kind is named like {part}");
}
