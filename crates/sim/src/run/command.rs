//! What is asked for by words: `--first-seed A --seeds N [--minutes M]
//! [--threads T] [--keep FOLDER]`, or one run in words: `--tell SEED|FILE`.

use super::How;
use super::many::{self, Failed, Range, caught};
use super::scenario::Scenario;
use super::shrink::shrink;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Failing seeds that are made smaller and kept, at most.
const KEPT_MAX: usize = 5;

struct Args {
    range: Range,
    tell: Option<String>,
    keep: Option<PathBuf>,
}

fn args(words: &[String]) -> Result<Args> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut args = Args {
        range: Range {
            first: 1,
            n: 1000,
            within: None,
            threads: cores,
        },
        tell: None,
        keep: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words
            .next()
            .with_context(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--first-seed" => args.range.first = value.parse()?,
            "--seeds" => args.range.n = value.parse()?,
            "--minutes" => {
                let minutes: u64 = value.parse()?;
                args.range.within = Some(Duration::from_secs(minutes * 60));
            }
            "--threads" => args.range.threads = value.parse()?,
            "--tell" => args.tell = Some(value.clone()),
            "--keep" => args.keep = Some(PathBuf::from(value)),
            _ => bail!(
                "{word} is not known: --first-seed, --seeds, --minutes, --threads, --tell, --keep"
            ),
        }
    }
    Ok(args)
}

/// Does what is asked for; failing seeds are made smaller and kept in `keep`,
/// unless the words say where. Whether nothing was violated.
pub fn go(words: &[String], keep: Option<&Path>) -> Result<bool> {
    let mut args = args(words)?;
    args.keep = args.keep.or_else(|| keep.map(Path::to_path_buf));
    if let Some(what) = args.tell {
        return tell(&what);
    }
    let begun = Instant::now();
    let told = |failed: &Failed| {
        println!(
            "seed {}: {} at {} s: {}\n  again, in words: cargo xtask sim --tell {}",
            failed.seed,
            failed.violation.checker,
            failed.violation.at_s,
            failed.violation.text,
            failed.seed
        );
    };
    let sum = many::seeds(args.range, &[], &told);
    if let Some(folder) = &args.keep {
        for failed in sum.failed.iter().take(KEPT_MAX) {
            kept(folder, failed)?;
        }
    }
    println!("{}", many::line(&sum, begun.elapsed()));
    Ok(sum.failed.is_empty())
}

/// Makes a failing seed smaller and keeps it as a file.
fn kept(folder: &Path, failed: &Failed) -> Result<()> {
    let small = shrink(&Scenario::of_seed(failed.seed), How::default());
    let path = folder.join(format!("{}.json", failed.seed));
    std::fs::create_dir_all(folder)?;
    std::fs::write(&path, serde_json::to_string_pretty(&small)? + "\n")?;
    println!(
        "seed {}: {} wishes and {} faults are left; kept in {}",
        failed.seed,
        small.wishes.len(),
        small.faults.len(),
        path.display()
    );
    Ok(())
}

/// Runs one scenario and prints what happened.
fn tell(what: &str) -> Result<bool> {
    let scenario = match what.parse() {
        Ok(seed) => Scenario::of_seed(seed),
        Err(_) => serde_json::from_str(&std::fs::read_to_string(what)?)?,
    };
    println!("{}", serde_json::to_string_pretty(&scenario)?);
    let how = How {
        tells: true,
        ..How::default()
    };
    let ended = caught(&scenario, how);
    for line in &ended.story {
        println!("{line}");
    }
    match &ended.violation {
        Some(violation) => println!("{violation:?}"),
        None => println!("it came to rest: {:?}", ended.tally),
    }
    Ok(ended.violation.is_none())
}
