//! Any bytes, as `candela inspect` takes them: which kind they are, then read
//! as that kind. The first byte chooses the name the file has.
#![no_main]

use stdx::reading::{Collected, Sample};

/// Names that some kinds look at.
const NAMES: [&str; 8] = [
    "",
    "stats",
    "job_stats",
    "lnet.conf",
    "mountdata",
    "x.stderr.txt",
    "lab01-client",
    "modprobe.conf",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let head = &bytes[..bytes.len().min(65_536)];
    if let Some((kind, likelihood)) = platform::inspect::guess(Sample { name, head }) {
        assert!(likelihood <= 100, "{} is surer than sure", kind.name);
        let mut found = Collected::with_records();
        platform::inspect::read(kind, bytes, &mut found);
    }
});
