//! What can be typed.

pub mod change;
pub mod job;
pub mod noun;

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Roles of accounts and tokens.
const ROLES: [&str; 3] = ["viewer", "operator", "admin"];

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table that fits the terminal.
    #[default]
    Table,
    /// A table with more columns.
    Wide,
    /// JSON, as the API gives it.
    Json,
    /// YAML, the same data.
    Yaml,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// How to print results: `table` fits the terminal, `wide` has more columns, `json` and
    /// `yaml` are the data as the API gives it.
    #[arg(
        long,
        short,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "FORMAT",
        display_order = 900
    )]
    pub output: Format,
}

impl Format {
    /// Whether it is read by people.
    pub fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }
}

/// Commands that talk to a manager, or read files.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Servers that report here.
    #[command(subcommand)]
    Server(change::ServerVerb),
    /// Lustre targets: MGTs, MDTs, OSTs.
    #[command(subcommand)]
    Target(change::TargetVerb),
    /// Lustre file systems.
    #[command(subcommand, visible_alias = "filesystem")]
    Fs(change::FsVerb),
    /// Block devices, pools and datasets.
    #[command(subcommand)]
    Device(Noun),
    /// LNet and network interfaces, by server.
    #[command(subcommand)]
    Net(Noun),
    /// HA clusters.
    #[command(subcommand)]
    Ha(change::HaVerb),
    /// Clients: where a file system is mounted on a server that reports here.
    #[command(subcommand)]
    Client(change::ClientVerb),
    /// ZFS pools.
    #[command(subcommand, visible_alias = "pool")]
    Zpool(change::ZpoolVerb),
    /// What happened.
    #[command(subcommand)]
    Event(EventVerb),
    /// What should be: check it, plan it, apply it.
    #[command(subcommand)]
    Spec(job::SpecVerb),
    /// Plans that run.
    #[command(subcommand)]
    Job(job::JobVerb),
    /// Keys and passwords that steps need.
    #[command(subcommand)]
    Secret(job::SecretVerb),
    /// Say what may be done to a thing now, and if not, why.
    #[command(
        after_help = "A verb that may be used is typed as `candela NOUN VERB THING`; its plan is shown first.\n\nExamples:\n  candela allowed oss1\n  candela allowed lab01-OST0003\n  candela allowed node1 --noun ha-cluster\n  candela allowed login1:/mnt/lab01"
    )]
    Allowed {
        /// A server, target, file system, HA cluster, client (`SERVER:/MOUNT/POINT`) or pool.
        thing: String,
        /// Which of them it is, where a name could stand for several: `server`, `target`,
        /// `filesystem`, `ha-cluster`, `client`, `zpool`.
        #[arg(long)]
        noun: Option<String>,
    },
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
    /// Accounts of people.
    #[command(subcommand)]
    User(UserVerb),
    /// Change your own password; it is asked for.
    #[command(
        after_help = "Other sessions of the account end; API tokens stay good.\nWithout a terminal the current password and twice the new one are read from\nstandard input, a line each.\n\nExample:\n  candela password"
    )]
    Password,
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
    #[command(after_help = "Example:\n  candela man /usr/local/share/man/man1")]
    Man {
        /// The folder; it must exist.
        dir: PathBuf,
    },
}

/// What can be asked of a noun.
#[derive(Clone, Debug, Subcommand)]
pub enum Noun {
    /// List them.
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Show one, or several.
    Show {
        /// Names or ids.
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
    /// Only rows of this kind.
    #[arg(long)]
    pub kind: Option<String>,
    /// Only rows of this file system.
    #[arg(long = "fs", value_name = "NAME")]
    pub filesystem: Option<String>,
    /// Only rows that concern this server.
    #[arg(long)]
    pub server: Option<String>,
    /// Only rows in which a shown field holds this text.
    #[arg(long, short = 'q')]
    pub query: Option<String>,
    /// Field to sort by, as `--output json` calls it; `-field` for the other direction.
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
    /// Go on printing events as they come, until interrupted; with `json` or
    /// `yaml` one JSON object a line.
    #[arg(long, short)]
    pub follow: bool,
    /// Least severity.
    #[arg(long, value_parser = ["info", "warning", "error"])]
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

/// What can be asked of accounts.
#[derive(Clone, Debug, Subcommand)]
pub enum UserVerb {
    /// List accounts.
    #[command(after_help = "Example:\n  candela user list")]
    List,
    /// Make an account; its password is asked for.
    #[command(after_help = "Example:\n  candela user create vera --role operator")]
    Create {
        /// Its name: letters, digits, `.`, `_`, `-`.
        name: String,
        /// What it may do: a viewer sees, an operator changes servers, an admin also manages accounts.
        #[arg(long, default_value = "viewer", value_parser = ROLES)]
        role: String,
    },
    /// Change an account, not your own.
    #[command(
        after_help = "Examples:\n  candela user set vera --role admin\n  candela user set vera --disable"
    )]
    Set {
        /// Its name.
        name: String,
        /// What to change.
        #[command(flatten)]
        changes: UserChanges,
    },
    /// Remove an account with its tokens.
    #[command(after_help = "Example:\n  candela user remove vera")]
    Remove {
        /// Its name.
        name: String,
    },
}

/// What to change in an account.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
pub struct UserChanges {
    /// What it may do: a viewer sees, an operator changes servers, an admin also manages accounts.
    #[arg(long, value_parser = ROLES)]
    pub role: Option<String>,
    /// Let it in no more: its sessions end and its tokens are refused.
    #[arg(long, conflicts_with = "enable")]
    pub disable: bool,
    /// Let it in again.
    #[arg(long)]
    pub enable: bool,
    /// Ask for a new password; its sessions end.
    #[arg(long)]
    pub password: bool,
}

/// What can be asked of tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token that enrols one server; it is printed once.
    #[command(
        after_help = "Examples:\n  candela token create --minutes 15\n  candela token create --profile managed\n\nOn the server, then:\n  candela-agent enroll --manager HOST:PORT --token TOKEN"
    )]
    Create {
        /// Minutes until it ends.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10080))]
        minutes: u64,
        /// What the server is enrolled for: `monitor`, only to be watched;
        /// `managed`, to carry out jobs too.
        #[arg(long, default_value = "monitor", value_parser = ["monitor", "managed"])]
        profile: String,
    },
    /// Make a token for a program to use the API with; it is printed once.
    #[command(after_help = "Example:\n  candela token create-api grafana --role viewer --days 90")]
    CreateApi {
        /// What it is for.
        name: String,
        /// Role it acts with.
        #[arg(long, default_value = "viewer", value_parser = ROLES)]
        role: String,
        /// Days until it ends.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=365))]
        days: u64,
    },
    /// List the tokens of programs.
    #[command(visible_alias = "ls", after_help = "Example:\n  candela token list")]
    List,
    /// End a program's token at once.
    #[command(after_help = "Example:\n  candela token revoke 7")]
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
