//! Carries out a command: one file for each noun.

pub mod device;
pub mod event;
pub mod explain;
pub mod filesystem;
pub mod ha;
pub mod inspect;
pub mod login;
pub mod net;
pub mod server;
pub mod target;
pub mod token;

use crate::args::{Command, Common, ListArgs, Noun};
use crate::client::{Client, segment};
use crate::output::{self, Row};
use crate::profile;
use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::process::ExitCode;

/// Runs one command to its end. `shape` is the whole command line, for
/// completion and manual pages.
pub async fn run(command: Command, common: &Common, shape: clap::Command) -> Result<ExitCode> {
    match command {
        Command::Inspect(args) => return inspect::run(&args, common),
        Command::Completion { shell } => {
            let mut shape = shape;
            clap_complete::generate(shell, &mut shape, "candela", &mut std::io::stdout());
        }
        Command::Man { dir } => clap_mangen::generate_to(shape, &dir)
            .with_context(|| format!("could not write manual pages into {}", dir.display()))?,
        Command::Login(args) => login::run(args).await?,
        other => {
            let client = Client::new(&profile::load()?)?;
            match other {
                Command::Server(noun) => server::run(&client, noun, common).await?,
                Command::Target(noun) => target::run(&client, noun, common).await?,
                Command::Fs(noun) => filesystem::run(&client, noun, common).await?,
                Command::Device(noun) => device::run(&client, noun, common).await?,
                Command::Net(noun) => net::run(&client, noun, common).await?,
                Command::Ha(noun) => ha::run(&client, noun, common).await?,
                Command::Event(verb) => event::run(&client, verb, common).await?,
                Command::Explain { thing } => explain::run(&client, &thing, common).await?,
                Command::Token(verb) => token::run(&client, verb, common).await?,
                Command::Login(_)
                | Command::Inspect(_)
                | Command::Completion { .. }
                | Command::Man { .. } => {}
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How one noun is listed and shown.
pub(crate) struct View<'a, T, D> {
    pub path: &'a str,
    pub head: &'a [&'a str],
    pub row: fn(&T) -> Row,
    pub name: fn(&T) -> &str,
    pub show: fn(&D) -> String,
}

/// Lists or shows a noun.
pub(crate) async fn noun<T, D>(
    client: &Client,
    noun: Noun,
    common: &Common,
    view: View<'_, T, D>,
) -> Result<()>
where
    T: Serialize + DeserializeOwned,
    D: Serialize + DeserializeOwned,
{
    match noun {
        Noun::List(args) => {
            let items = list(client, view.path, &args, view.name).await?;
            output::rows(common.output, &items, view.head, view.row)
        }
        Noun::Show { names } => {
            let mut found: Vec<D> = Vec::new();
            for name in expand(&names)? {
                found.push(
                    client
                        .get(&format!("{}/{}", view.path, segment(&name)), &[])
                        .await?,
                );
            }
            match (common.output, found.as_slice()) {
                (crate::args::Format::Table, many) => {
                    let shown: Vec<_> = many.iter().map(view.show).collect();
                    output::say(shown.join("\n\n").trim_end())
                }
                (format, [one]) => output::data(format, one),
                (format, many) => output::data(format, many),
            }
        }
    }
}

/// Rows of a list, filtered by the server, and by name where names are given.
pub(crate) async fn list<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    args: &ListArgs,
    name: fn(&T) -> &str,
) -> Result<Vec<T>> {
    let pairs = [
        ("state", &args.state),
        ("kind", &args.kind),
        ("filesystem", &args.filesystem),
        ("server", &args.server),
        ("q", &args.query),
        ("sort", &args.sort),
    ];
    let query: Vec<(&str, String)> = pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.clone()?)))
        .collect();
    let names = expand(&args.names)?;
    let limit = args.limit.filter(|_| names.is_empty());
    let mut items: Vec<T> = client.list(path, &query, limit).await?;
    if !names.is_empty() {
        items.retain(|item| names.iter().any(|wanted| wanted == name(item)));
        for wanted in &names {
            if !items.iter().any(|item| name(item) == wanted) {
                eprintln!("no {path} row is named {wanted}");
            }
        }
        items.truncate(usize::try_from(args.limit.unwrap_or(u32::MAX)).unwrap_or(usize::MAX));
    }
    Ok(items)
}

/// Names with their host lists expanded. Only nodes of a list are brackets: an
/// IPv6 address or a NUMA range never meets this.
fn expand(names: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for name in names {
        all.extend(stdx::hostlist::expand(name)?);
    }
    Ok(all)
}

/// Concerns, a line each.
pub(crate) fn concerns(all: &[api::server::Concern]) -> String {
    all.iter()
        .map(|c| format!("[{}] {}", c.code, c.text))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Evidence, a line each: which sign, who showed it, what it said.
pub(crate) fn evidence(all: &[api::target::Evidence]) -> String {
    let line = |e: &api::target::Evidence| {
        let server = e.server.as_ref().map_or("", |server| server.name.as_str());
        let word = if e.agrees { "" } else { "AGAINST: " };
        vec![
            e.claim.clone(),
            e.sign.clone(),
            server.to_owned(),
            format!("{word}{}", e.text),
        ]
    };
    if all.is_empty() {
        return String::new();
    }
    output::table(
        &["CLAIM", "SIGN", "SERVER", "WHAT IT SAID"],
        all.iter().map(line).collect(),
    )
}
