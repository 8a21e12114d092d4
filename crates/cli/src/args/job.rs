//! What can be typed of the spec, of jobs and of secrets.

use super::change::Doing;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be asked of the spec.
#[derive(Clone, Debug, Subcommand)]
pub enum SpecVerb {
    /// Print what is there now as a spec.
    #[command(after_help = "Example:\n  candela spec export > site.yaml")]
    Export,
    /// Print the kept spec as it was written.
    #[command(after_help = "Examples:\n  candela spec show\n  candela spec show --version 3")]
    Show {
        /// An older version.
        #[arg(long)]
        version: Option<u64>,
    },
    /// List the versions: who wrote each, when and why.
    #[command(after_help = "Example:\n  candela spec versions")]
    Versions,
    /// Say all that is wrong with a spec. Exit status 1 if anything is.
    #[command(after_help = "Example:\n  candela spec check site.yaml")]
    Check {
        /// A file, or `-` for standard input.
        file: PathBuf,
    },
    /// Compare a spec with the kept one, line by line.
    #[command(after_help = "Example:\n  candela spec diff site.yaml")]
    Diff {
        /// A file, or `-` for standard input.
        file: PathBuf,
    },
    /// Show what would be done for a spec; nothing is changed.
    #[command(
        after_help = "Examples:\n  candela spec plan site.yaml\n  candela spec plan site.yaml --output json"
    )]
    Plan {
        /// A file, or `-` for standard input.
        file: PathBuf,
    },
    /// Show the plan for a spec, ask, and carry it out.
    #[command(
        after_help = "Devices that lose what is on them need consent beside --yes: names are asked for, or\ngiven with --yes-destroy. `--yes-destroy blank` is for all devices that hold nothing.\n\nExamples:\n  candela spec apply site.yaml\n  candela spec apply site.yaml --yes --yes-destroy blank --follow"
    )]
    Apply(ApplyArgs),
    /// Go back to an older version: show its plan, ask, and carry it out.
    #[command(after_help = "Example:\n  candela spec back 3 --dry-run")]
    Back {
        /// The version, as `candela spec versions` lists it.
        version: u64,
        /// How.
        #[command(flatten)]
        doing: Doing,
    },
}

/// How to apply a spec.
#[derive(Clone, Debug, Args)]
pub struct ApplyArgs {
    /// A file, or `-` for standard input.
    pub file: PathBuf,
    /// How.
    #[command(flatten)]
    pub doing: Doing,
}

/// What can be asked of jobs.
#[derive(Clone, Debug, Subcommand)]
pub enum JobVerb {
    /// List jobs, newest first.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  candela job list\n  candela job list --state needs_attention"
    )]
    List {
        /// Only jobs in this state.
        #[arg(long, value_parser = ["running", "needs_attention", "cancelling", "done", "cancelled"])]
        state: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show a job and its steps.
    #[command(after_help = "Example:\n  candela job show 0199b6c2-7d1e-7a50-8000-000000000001")]
    Show {
        /// Its id.
        id: String,
    },
    /// Print what a step ran, and what came back.
    #[command(
        after_help = "Example:\n  candela job console 0199b6c2-7d1e-7a50-8000-000000000001 3"
    )]
    Console {
        /// The job's id.
        id: String,
        /// The step's number.
        step: u32,
    },
    /// Print what happens until the job ends. Exit status 1 if a person is needed.
    #[command(after_help = "Example:\n  candela job follow 0199b6c2-7d1e-7a50-8000-000000000001")]
    Follow {
        /// Its id.
        id: String,
    },
    /// End a job early.
    ///
    /// Nothing more is begun; what runs is stopped, or brought to its end where it must
    /// not stay half done. Cancelled a second time, a job leaves such a step as it is while
    /// it waits to be asked again.
    #[command(after_help = "Example:\n  candela job cancel 0199b6c2-7d1e-7a50-8000-000000000001")]
    Cancel {
        /// Its id.
        id: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Try again what failed.
    #[command(
        after_help = "Examples:\n  candela job retry 0199b6c2-7d1e-7a50-8000-000000000001\n  candela job retry 0199b6c2-7d1e-7a50-8000-000000000001 --step 3"
    )]
    Retry {
        /// Its id.
        id: String,
        /// Only this step.
        #[arg(long)]
        step: Option<u32>,
    },
    /// Say that a failed step does not matter. For admins.
    #[command(
        after_help = "Example:\n  candela job skip 0199b6c2-7d1e-7a50-8000-000000000001 3 --reason 'done by hand'"
    )]
    Skip {
        /// The job's id.
        id: String,
        /// The step's number.
        step: u32,
        /// Why; it is kept.
        #[arg(long)]
        reason: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

/// What can be asked of secrets.
#[derive(Clone, Debug, Subcommand)]
pub enum SecretVerb {
    /// List their names.
    #[command(visible_alias = "ls", after_help = "Example:\n  candela secret list")]
    List,
    /// Keep a secret; it is asked for, or read from standard input. For admins.
    #[command(after_help = "Example:\n  candela secret set bmc/oss01")]
    Set {
        /// Its name, as the spec has it.
        name: String,
    },
}
