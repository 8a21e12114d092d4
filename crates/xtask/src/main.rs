//! The project's own tasks. `cargo xtask help` lists them.
//!
//! - [`demo`](tasks::demo): build the page and the product, run it on captured servers.
//! - `test`: every test. `ci`: test, lints, formatting, page checks, browser tests.
//! - `sim`: seeds of the fault simulation.
//! - `openapi`: write `openapi/v1.json` anew. `web`: build the page.
//! - `rigs`: real hosts, a real cluster, real power cuts.

mod browser;
mod rigs;
mod run;
mod sites;
mod tasks;
mod totals;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A seeded run of the simulation allocates all the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Candela's own tasks",
    max_term_width = 100
)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and run the product on captured and simulated servers.
    Demo {
        /// Passed on to `candela demo`, for example `--listen 127.0.0.1:7443`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run every test: Rust, page, browser.
    Test,
    /// All that the gate runs: tests, lints, formatting, layers, page, browser.
    Ci,
    /// Build the page into `web/dist`.
    Web,
    /// Build the demo's captured sites anew, where the collected captures are.
    Sites,
    /// Write `openapi/v1.json` and the page's types anew.
    Openapi,
    /// Try the product on real hosts, a real cluster and real power cuts. Needs root.
    Rigs {
        /// Leave the hosts up at the end, to look around.
        #[arg(long)]
        keep: bool,
    },
    /// Run seeds of the fault simulation; see `docs/simulation.md`.
    Sim {
        /// Passed on: `--first-seed A --seeds N [--minutes M] [--threads T] [--keep FOLDER]`, or
        /// `--tell SEED` for one seed in words.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Args::parse().task {
        Task::Demo { args } => tasks::demo(&args),
        Task::Test => tasks::test(),
        Task::Ci => tasks::ci(),
        Task::Web => tasks::web(),
        Task::Sites => sites::build(),
        Task::Openapi => tasks::openapi(),
        Task::Rigs { keep } => rigs::run(keep),
        Task::Sim { args } => match tasks::sim(&args) {
            // What it found is its last line.
            Ok(false) => return ExitCode::FAILURE,
            outcome => outcome.map(|_| ()),
        },
    };
    report(outcome)
}

fn report(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
