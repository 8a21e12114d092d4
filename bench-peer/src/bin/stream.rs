//! Reads standard input through the chunk-fed reader and prints what it found.
//!
//! `/usr/bin/time -v target/release/stream < dump` gives memory and CPU time.

use lustre::param::stream::Feeder;
use std::io::Read;
use stdx::reading::Collected;

fn main() -> std::io::Result<()> {
    let mut found = Collected::counting();
    let mut feeder = Feeder::new();
    let mut chunk = vec![0; 64 << 10];
    let mut input = std::io::stdin().lock();
    loop {
        let n_read = input.read(&mut chunk)?;
        if n_read == 0 {
            break;
        }
        feeder.feed(&chunk[..n_read], &mut found);
    }
    feeder.finish(&mut found);
    println!("{:?}, {} skips", found.counts, found.skips.len());
    Ok(())
}
