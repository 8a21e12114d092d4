//! What can be typed.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table that fits the terminal.
    #[default]
    Table,
    /// JSON, as the API gives it.
    Json,
    /// YAML, the same data.
    Yaml,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// How to print results.
    #[arg(long, short, global = true, value_enum, default_value_t)]
    pub output: Format,
}

/// Commands that talk to a manager, or read files.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Servers that report here.
    #[command(subcommand)]
    Server(Noun),
    /// Lustre targets: MGTs, MDTs, OSTs.
    #[command(subcommand)]
    Target(Noun),
    /// Lustre file systems.
    #[command(subcommand, visible_alias = "filesystem")]
    Fs(Noun),
    /// Block devices, pools and datasets.
    #[command(subcommand)]
    Device(Noun),
    /// LNet and network interfaces, by server.
    #[command(subcommand)]
    Net(Noun),
    /// HA clusters.
    #[command(subcommand)]
    Ha(Noun),
    /// What happened.
    #[command(subcommand)]
    Event(EventVerb),
    /// Say why Candela thinks what it thinks of a thing.
    #[command(
        after_help = "Examples:\n  candela explain lab01-OST0003\n  candela explain oss1\n  candela explain wwn:0x5000c500a0000004"
    )]
    Explain {
        /// A server, target, file system, HA cluster, or device (id or path).
        thing: String,
    },
    /// Log in to a manager, and remember it.
    #[command(
        after_help = "The password is asked for, or read from standard input if that is no terminal.\n\nExample:\n  candela login https://manager:7443 --user admin"
    )]
    Login(LoginArgs),
    /// Tokens for enrolling servers, and for programs.
    #[command(subcommand)]
    Token(TokenVerb),
    /// Say what captured files are, and what Candela reads in them.
    #[command(
        after_help = "Exit status: 0 if every file was read, 1 if the kind of one cannot be told or it cannot be read.\n\nExamples:\n  lctl get_param -R '*' | candela inspect -\n  candela inspect --as crm-mon-xml status.xml\n  candela inspect --output json --records dump.txt"
    )]
    Inspect(InspectArgs),
    /// Print the completion script of a shell.
    #[command(after_help = "Example:\n  candela completion bash > /etc/bash_completion.d/candela")]
    Completion {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    Man {
        /// The folder; it must exist.
        dir: PathBuf,
    },
}

/// What can be asked of a noun.
#[derive(Clone, Debug, Subcommand)]
pub enum Noun {
    /// List them.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  candela target list --kind ost --state mounted\n  candela server list 'oss[01-20]'\n  candela device list --sort -size_bytes --limit 20"
    )]
    List(ListArgs),
    /// Show one, or several (`oss[01-04]`).
    Show {
        /// Names or ids; host lists are expanded.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// Filters of a list.
#[derive(Clone, Debug, Default, Args)]
pub struct ListArgs {
    /// Only these names; host lists such as `oss[01-20]` are expanded.
    pub names: Vec<String>,
    /// Only rows in this state.
    #[arg(long)]
    pub state: Option<String>,
    /// Only rows of this kind (`mgt`, `mdt`, `ost`; `disk`, `zpool`…).
    #[arg(long)]
    pub kind: Option<String>,
    /// Only rows of this file system.
    #[arg(long = "fs")]
    pub filesystem: Option<String>,
    /// Only rows that concern this server.
    #[arg(long)]
    pub server: Option<String>,
    /// Only rows in which a shown field holds this text.
    #[arg(long, short = 'q')]
    pub query: Option<String>,
    /// Field to sort by; `-field` for the other direction.
    #[arg(long, allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Rows at most; all if not given.
    #[arg(long)]
    pub limit: Option<u32>,
}

/// What can be asked of events.
#[derive(Clone, Debug, Subcommand)]
pub enum EventVerb {
    /// List the newest, or follow what comes.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  candela event list --severity error\n  candela event list --follow --server oss1"
    )]
    List(EventArgs),
}

/// Filters of events.
#[derive(Clone, Debug, Default, Args)]
pub struct EventArgs {
    /// Go on printing events as they come, until interrupted.
    #[arg(long, short)]
    pub follow: bool,
    /// Least severity: info, warning, error.
    #[arg(long)]
    pub severity: Option<String>,
    /// Beginning of the kind: `lustre.`, `target.mounted`.
    #[arg(long)]
    pub kind: Option<String>,
    /// Only of this server.
    #[arg(long)]
    pub server: Option<String>,
    /// Only of this target.
    #[arg(long)]
    pub target: Option<String>,
    /// Only those that hold this text.
    #[arg(long, short = 'q')]
    pub query: Option<String>,
    /// Rows at most.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// Where to log in.
#[derive(Clone, Debug, Args)]
pub struct LoginArgs {
    /// The manager's address; `CANDELA_URL` if not given.
    pub url: Option<String>,
    /// Account.
    #[arg(long, default_value = "admin")]
    pub user: String,
    /// Days until the token that is kept ends.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=365))]
    pub days: u64,
}

/// What can be asked of tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token that enrols one server; it is printed once.
    #[command(
        after_help = "On the server, then:\n  candela-agent enroll --manager HOST:PORT --token TOKEN"
    )]
    Create {
        /// Minutes until it ends.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10080))]
        minutes: u64,
    },
    /// Make a token for a program to use the API with; it is printed once.
    CreateApi {
        /// What it is for.
        name: String,
        /// Role it acts with: viewer, operator, admin.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Days until it ends.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=365))]
        days: u64,
    },
    /// List the tokens of programs.
    List,
    /// End a program's token at once.
    Revoke {
        /// Its id.
        id: String,
    },
}

/// What to inspect.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// Files, or `-` for standard input.
    #[arg(required_unless_present = "kinds")]
    pub files: Vec<PathBuf>,
    /// Read as this kind instead of guessing.
    #[arg(long = "as", value_name = "KIND")]
    pub kind: Option<String>,
    /// Add the typed records to the output.
    #[arg(long)]
    pub records: bool,
    /// List the kinds that can be read.
    #[arg(long, exclusive = true)]
    pub kinds: bool,
}
