//! Speed of the parameter reader, with bytes and allocations.
//!
//! `cargo bench -p candela-lustre`. Every row of every body is read.

use divan::counter::BytesCount;
use lustre::param::{kind, stream::Feeder};
use std::hint::black_box;
use stdx::reading::Collected;

#[global_allocator]
static ALLOC: divan::AllocProfiler = divan::AllocProfiler::system();

const FILES: [&str; 6] = [
    "2.12/server-mgs-mds-oss-all.txt",
    "2.14/2.14.0_ddn133-many-exports.txt",
    "2.14/2.14.0_ddn133-not_supported.txt",
    "2.14/2.14.0_ddn194-mds-oss.txt",
    "2.14/synthetic-100-jobs.txt",
    "2.17/job_stats.txt",
];

fn main() {
    divan::main();
}

fn load(name: &str) -> Vec<u8> {
    let path = format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[divan::bench(args = FILES)]
fn dump(bencher: divan::Bencher, name: &str) {
    let bytes = load(name);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| {
            let mut found = Collected::counting();
            (kind::GET_PARAM.read)(black_box(&bytes), &mut found);
            found.n_records()
        });
}

/// 10,000 jobs in chunks of 64 KiB.
#[divan::bench(sample_count = 10)]
fn jobs_in_chunks(bencher: divan::Bencher) {
    let jobs = load("2.14/synthetic-100-jobs.txt");
    let body = jobs
        .splitn(3, |&byte| byte == b'\n')
        .nth(2)
        .unwrap_or_default();
    let mut bytes = b"obdfilter.a-OST0000.job_stats=\njob_stats:\n".to_vec();
    for _ in 0..100 {
        bytes.extend_from_slice(body.trim_ascii_end());
        bytes.push(b'\n');
    }
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| {
            let mut found = Collected::counting();
            let mut feeder = Feeder::new();
            for chunk in black_box(&bytes).chunks(64 << 10) {
                feeder.feed(chunk, &mut found);
            }
            feeder.finish(&mut found);
            found.n_records()
        });
}
