//! How many records of jobs a second come to be on disk, with one writer and
//! with many at once, which share commits; beside a bare file that is appended
//! to and synchronised in the same folder, which is what the disk can do.
//!
//! `cargo run --release -p candela-store --example journal [FOLDER]`

use model::graph::StepId;
use model::ids::JobId;
use model::job::{Attempt, JobEvent, Recorded};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::Store;

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(3);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let chosen = std::env::args().nth(1).map(PathBuf::from);
    let folder = tempfile::tempdir_in(chosen.unwrap_or_else(std::env::temp_dir))?;
    let bare = bare(folder.path())?;
    println!("a bare file: {bare:.0} appends/s");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    let store = Store::open(&folder.path().join("journal.sqlite"))?;
    for writers in [1_u32, 8, 64, 256] {
        let (records, commits) = runtime.block_on(journal(&store, writers))?;
        println!(
            "{writers} writers: {records:.0} records/s, {:.1} a commit, {:.2} times a bare file",
            records / commits,
            records / bare
        );
    }
    store.close();
    Ok(())
}

/// Appends of a line, each made durable before the next.
fn bare(folder: &Path) -> Outcome<f64> {
    let mut file = std::fs::File::create(folder.join("bare"))?;
    let begun = Instant::now();
    let mut n = 0_u32;
    while begun.elapsed() < TIME {
        file.write_all(&[b'x'; 120])?;
        file.sync_data()?;
        n += 1;
    }
    Ok(f64::from(n) / begun.elapsed().as_secs_f64())
}

/// Records and commits a second, each writer waiting for its own.
async fn journal(store: &Store, writers: u32) -> Outcome<(f64, f64)> {
    let begun = Instant::now();
    let commits_before = store.n_commits();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let store = store.clone();
        tasks.spawn(async move {
            let mut n = 0_u32;
            while begun.elapsed() < TIME {
                store.append_jobs(vec![record(writer, n)]).await?;
                n += 1;
            }
            Ok::<u32, store::StoreError>(n)
        });
    }
    let mut records = 0_u32;
    while let Some(n) = tasks.join_next().await {
        records += n??;
    }
    let elapsed = begun.elapsed().as_secs_f64();
    let commits = u32::try_from(store.n_commits() - commits_before)?;
    Ok((f64::from(records) / elapsed, f64::from(commits) / elapsed))
}

fn record(job: u32, n: u32) -> Recorded {
    Recorded {
        job: JobId(uuid::Uuid::from_u128(u128::from(job))),
        at_ms: 0,
        event: JobEvent::Started {
            step: StepId(n),
            attempt: Attempt(1),
        },
    }
}
