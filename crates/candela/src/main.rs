//! The `candela` binary: puts the command line, the manager and the demo together.

mod demo;
mod manager;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Candela runs Lustre storage clusters: it shows which servers, targets, file systems
/// and HA pairs there are and why it thinks so, and changes them by plans it shows first.
#[derive(Parser)]
#[command(
    name = "candela",
    version,
    max_term_width = 100,
    after_help = "To begin:\n  candela demo                           # a manager over simulated servers, to try things\n  candela login https://manager:7443     # or one that runs\n  candela server list\n  candela fs create scratch --dry-run    # what would be done; nothing is\n\nThe manager is taken from CANDELA_URL and CANDELA_TOKEN, or from `candela login`.\nCANDELA_CA names the CA to trust; CANDELA_INSECURE=1 skips the check."
)]
struct Args {
    #[command(flatten)]
    common: cli::args::Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the manager: agents report to it, people look at it.
    #[command(
        after_help = "Example:\n  candela manager --listen 0.0.0.0:7443 --data /var/lib/candela --name manager.site"
    )]
    Manager(manager::Args),
    /// Run a manager over captured and simulated servers, to look around and to try things.
    #[command(
        after_help = "Examples:\n  candela demo\n  candela demo --servers 40\n  candela demo --site captures/site1\n  candela demo break oss01"
    )]
    Demo(demo::Args),
    #[command(flatten)]
    Cli(cli::Command),
}

/// The whole command line.
fn shape() -> clap::Command {
    cli::args::noun::complete(Args::command())
}

fn main() -> ExitCode {
    let matches = shape().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("candela: could not start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match args.command {
            Command::Manager(of) => manager::run(of, args.common.output).await,
            Command::Demo(of) => demo::run(of, args.common.output).await,
            Command::Cli(command) => cli::run::run(command, &args.common, shape()).await,
        }
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("candela: {error:#}");
            ExitCode::FAILURE
        }
    }
}
