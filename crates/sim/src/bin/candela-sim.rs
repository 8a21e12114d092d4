//! Runs seeds of the fault simulation: `candela-sim --first-seed A --seeds N
//! [--minutes M] [--threads T]`, or one in words: `candela-sim --tell SEED|FILE`.

use anyhow::{Context, Result, bail};
use sim::run::many::{self, Failed, Range};
use sim::run::scenario::Scenario;
use sim::run::shrink::shrink;
use sim::run::{How, many::caught};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Failing seeds that are made smaller and kept, at most.
const KEPT_MAX: usize = 5;

struct Args {
    range: Range,
    tell: Option<String>,
    keep: Option<PathBuf>,
}

fn args() -> Result<Args> {
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
    let mut words = std::env::args().skip(1);
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
            "--tell" => args.tell = Some(value),
            "--keep" => args.keep = Some(PathBuf::from(value)),
            _ => bail!(
                "{word} is not known: --first-seed, --seeds, --minutes, --threads, --tell, --keep"
            ),
        }
    }
    Ok(args)
}

fn main() -> ExitCode {
    match go() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("candela-sim: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn go() -> Result<bool> {
    let args = args()?;
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
    let sum = many::seeds(args.range, &told);
    if let Some(folder) = &args.keep {
        for failed in sum.failed.iter().take(KEPT_MAX) {
            keep(folder, failed)?;
        }
    }
    println!("{}", many::line(&sum, begun.elapsed()));
    Ok(sum.failed.is_empty())
}

/// Makes a failing seed smaller and keeps it as a file.
fn keep(folder: &Path, failed: &Failed) -> Result<()> {
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
