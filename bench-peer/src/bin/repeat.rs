//! Reads one dump so many times with one of the two readers, for a profiler or
//! to count allocations: `valgrind target/release/repeat FILE ours|peer TIMES`.
//! The difference between two counts of times is what one reading allocates.

use lustre::param::kind::GET_PARAM;
use std::hint::black_box;
use stdx::reading::Collected;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, reader, times] = args.as_slice() else {
        eprintln!("repeat FILE ours|peer TIMES");
        std::process::exit(2);
    };
    let bytes = std::fs::read(path).expect("a readable file");
    let times: u32 = times.parse().expect("a number of times");
    let mut n_records = 0;
    for _ in 0..times {
        n_records = match reader.as_str() {
            "ours" => {
                let mut found = Collected::counting();
                (GET_PARAM.read)(black_box(&bytes), &mut found);
                found.n_records()
            }
            _ => lustre_collector::parse_lctl_output(black_box(&bytes)).map_or(0, |all| all.len() as u64),
        };
    }
    println!("{n_records} records");
}
