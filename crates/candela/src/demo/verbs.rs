//! What can be done to a running demo: break and mend its simulated servers.

use super::control::{self, Ask, Said};
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use cli::args::Format;
use std::path::PathBuf;
use std::process::ExitCode;

/// What can be done to a demo that runs.
#[derive(Subcommand)]
pub enum Verb {
    /// List its simulated servers, as they are.
    #[command(
        visible_alias = "ls",
        after_help = "This tells what is so in the simulated world; `candela server list` tells what\nCandela has seen of it.\n\nExample:\n  candela demo list"
    )]
    List(Which),
    /// Break a simulated server.
    #[command(
        after_help = "power    it loses its power, and boots when it is mended\nhang     its kernel hangs; who fences it boots it\nnetwork  its network cables are pulled, not those of its BMC and of its agent\ndisk     a shared disk that it uses is pulled\n\nExamples:\n  candela demo break oss01\n  candela demo break oss01 --how hang"
    )]
    Break {
        /// Its name; zeros before the number may be left out.
        server: String,
        /// How.
        #[arg(long, value_enum, default_value_t = Way::Power)]
        how: Way,
        #[command(flatten)]
        which: Which,
    },
    /// Mend all that was broken of a simulated server, and turn it on.
    #[command(after_help = "Example:\n  candela demo mend oss01")]
    Mend {
        /// Its name; zeros before the number may be left out.
        server: String,
        #[command(flatten)]
        which: Which,
    },
    /// Print a spec that makes a file system of its simulated servers.
    #[command(
        after_help = "Example:\n  candela demo spec > lab.yaml\n  candela spec apply lab.yaml --yes --yes-destroy blank --follow"
    )]
    Spec(Which),
}

/// Which demo.
#[derive(Args)]
pub struct Which {
    /// Its data folder; that of the demo that was started last if not given.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// How a server is broken.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    Power,
    Hang,
    Network,
    Disk,
}

impl Way {
    fn word(self) -> String {
        let word = match self {
            Self::Power => "power",
            Self::Hang => "hang",
            Self::Network => "network",
            Self::Disk => "disk",
        };
        word.to_owned()
    }
}

/// Asks the demo, and prints its answer.
pub fn run(verb: Verb, format: Format) -> Result<ExitCode> {
    let (which, ask) = match verb {
        Verb::List(which) => (which, Ask::List),
        Verb::Spec(which) => (which, Ask::Spec),
        Verb::Break { server, how, which } => {
            let how = how.word();
            (which, Ask::Break { server, how })
        }
        Verb::Mend { server, which } => (which, Ask::Mend { server }),
    };
    match control::ask(which.data, &ask)? {
        Said::Spec(text) => cli::output::say(text.trim_end())?,
        Said::Done { text, .. } if format.is_table() => eprintln!("{text}"),
        Said::Done { server, text } => {
            let said = serde_json::json!({"server": server, "text": text});
            cli::output::data(format, &said)?;
        }
        Said::Servers(lines) if format.is_table() => {
            let rows = lines.into_iter().map(|line| {
                let list = |words: &[String]| cli::output::some_or_dash(words.join(" "));
                let (broken, targets) = (list(&line.broken), list(&line.targets));
                vec![line.name, line.state, broken, targets]
            });
            let head = ["NAME", "STATE", "BROKEN", "TARGETS~"];
            cli::output::say(&cli::output::Screen::standard().table(&head, rows))?;
        }
        Said::Servers(lines) => cli::output::data(format, &lines)?,
        // `ask` has made an error of it.
        Said::Refused(why) => anyhow::bail!("{why}"),
    }
    Ok(ExitCode::SUCCESS)
}
