//! Carries out a command: one file for each noun.

pub mod allowed;
pub mod change;
pub mod client;
pub mod create;
pub mod device;
pub mod event;
pub mod explain;
pub mod filesystem;
pub mod ha;
pub mod inspect;
pub mod job;
pub mod login;
pub mod net;
pub mod secret;
pub mod server;
pub mod spec;
pub mod target;
pub mod token;
pub mod user;
pub mod zpool;

use crate::args::{Command, Common, Format, ListArgs, Noun};
use crate::client::{Client, segment};
use crate::output::{self, Row, Screen};
use crate::profile;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Runs one command to its end. `shape` is the whole command line, for
/// completion and manual pages.
pub async fn run(command: Command, common: &Common, shape: clap::Command) -> Result<ExitCode> {
    match command {
        Command::Inspect(args) => return inspect::run(&args, common),
        Command::Completion { shell } => {
            let mut shape = shape;
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut shape, "candela", &mut script);
            output::say(String::from_utf8_lossy(&script).trim_end())?;
        }
        Command::Man { dir } => clap_mangen::generate_to(shape, &dir)
            .with_context(|| format!("could not write manual pages into {}", dir.display()))?,
        Command::Login(args) => login::run(args).await?,
        other => {
            let client = Client::new(&profile::load()?)?;
            match other {
                Command::Server(verb) => return change::server(&client, verb, common).await,
                Command::Target(verb) => return change::target(&client, verb, common).await,
                Command::Fs(verb) => return create::run(&client, verb, common).await,
                Command::Device(noun) => device::run(&client, noun, common).await?,
                Command::Net(noun) => net::run(&client, noun, common).await?,
                Command::Ha(verb) => return change::ha(&client, verb, common).await,
                Command::Client(verb) => return change::client(&client, verb, common).await,
                Command::Zpool(verb) => return change::zpool(&client, verb, common).await,
                Command::Event(verb) => event::run(&client, verb, common).await?,
                Command::Spec(verb) => return spec::run(&client, verb, common).await,
                Command::Job(verb) => return job::run(&client, verb, common).await,
                Command::Secret(verb) => secret::run(&client, verb, common).await?,
                Command::Allowed { thing, noun } => {
                    allowed::run(&client, &thing, noun, common).await?;
                }
                Command::Explain { thing } => explain::run(&client, &thing, common).await?,
                Command::Token(verb) => token::run(&client, verb, common).await?,
                Command::User(verb) => user::run(&client, verb, common).await?,
                Command::Password => user::password(&client).await?,
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
pub(crate) struct View<T, D> {
    /// The noun as it is typed.
    pub noun: &'static str,
    pub path: &'static str,
    /// Rows of this kind alone.
    pub only: Option<&'static str>,
    /// Columns; those from `n_columns` on are of the wide table.
    pub head: &'static [&'static str],
    pub n_columns: usize,
    pub row: fn(&T) -> Row,
    /// The field that rows are sorted by if nothing else is asked for.
    pub order: &'static str,
    /// Whether a row goes by this name.
    pub is_named: fn(&T, &str) -> bool,
    pub show: fn(&D, Screen) -> String,
}

impl<T, D> View<T, D> {
    /// The list as a table.
    pub fn table(&self, items: &[T], screen: Screen, is_wide: bool) -> String {
        let n = if is_wide {
            self.head.len()
        } else {
            self.n_columns
        };
        let rows = items.iter().map(|item| {
            let mut row = (self.row)(item);
            row.truncate(n);
            row
        });
        screen.table(&self.head[..n.min(self.head.len())], rows)
    }
}

/// Lists or shows a noun.
pub(crate) async fn noun<T, D>(
    client: &Client,
    verb: Noun,
    common: &Common,
    view: &View<T, D>,
) -> Result<()>
where
    T: Serialize + DeserializeOwned,
    D: Serialize + DeserializeOwned,
{
    match verb {
        Noun::List(args) => {
            let items = list(client, view, &args).await?;
            if !common.output.is_table() {
                return output::data(common.output, &items);
            }
            if items.is_empty() {
                return say_nothing(client, view, &args).await;
            }
            let is_wide = common.output == Format::Wide;
            output::say(&view.table(&items, Screen::standard(), is_wide))
        }
        Noun::Show { names } => {
            let mut found: Vec<D> = Vec::new();
            for name in names_of(view.noun, &names)? {
                let path = format!("{}/{}", view.path, segment(&name));
                found.push(client.get(&path, &[]).await?);
            }
            print(&found, common, view.show)
        }
    }
}

/// Prints what is shown: words, or the data.
pub(crate) fn print<D: Serialize>(
    found: &[D],
    common: &Common,
    show: impl Fn(&D, Screen) -> String,
) -> Result<()> {
    match found {
        many if common.output.is_table() => {
            let shown: Vec<_> = many
                .iter()
                .map(|one| show(one, Screen::standard()))
                .collect();
            output::say(shown.join("\n\n").trim_end())
        }
        [one] => output::data(common.output, one),
        many => output::data(common.output, many),
    }
}

/// Says on stderr that there is nothing, and what there would be to ask for.
async fn say_nothing<T: Serialize + DeserializeOwned, D>(
    client: &Client,
    view: &View<T, D>,
    args: &ListArgs,
) -> Result<()> {
    let filters = [&args.state, &args.kind, &args.filesystem, &args.server];
    let is_all = args.names.is_empty() && args.query.is_none();
    let is_all = is_all && filters.iter().all(|filter| filter.is_none());
    let mut said = if is_all {
        "there is none"
    } else {
        "nothing matches"
    }
    .to_owned();
    for (field, wanted) in [("state", &args.state), ("kind", &args.kind)] {
        let Some(wanted) = wanted else { continue };
        let all: Vec<T> = client.list(view.path, &[], None).await?;
        let values = all.iter().filter_map(|item| {
            let value = serde_json::to_value(item).ok()?;
            Some(value.get(field)?.as_str()?.to_owned())
        });
        let values: BTreeSet<String> = values.collect();
        if !values.is_empty() && !values.contains(wanted) {
            let there: Vec<_> = values.into_iter().collect();
            said = format!("nothing is {wanted}; there is: {}", there.join(", "));
        }
    }
    eprintln!("{said}");
    Ok(())
}

/// Rows of a list, filtered by the server, and by name where names are given.
pub(crate) async fn list<T: DeserializeOwned, D>(
    client: &Client,
    view: &View<T, D>,
    args: &ListArgs,
) -> Result<Vec<T>> {
    let pairs = [
        ("state", &args.state),
        ("kind", &args.kind),
        ("filesystem", &args.filesystem),
        ("server", &args.server),
        ("q", &args.query),
    ];
    let mut query: Vec<(&str, String)> = Vec::new();
    for (key, value) in pairs {
        let Some(value) = value else { continue };
        if key != "q" && !crate::args::noun::filters(view.noun).contains(&key) {
            let option = if key == "filesystem" { "fs" } else { key };
            bail!(
                "`candela {} list` has no --{option}\n  `candela {0} list --help` shows what it has",
                view.noun
            );
        }
        query.push((key, value.clone()));
    }
    query.extend(view.only.map(|kind| ("kind", kind.to_owned())));
    let order = args.sort.clone().unwrap_or_else(|| view.order.to_owned());
    query.push(("sort", order));
    let names = names_of(view.noun, &args.names)?;
    let limit = args.limit.filter(|_| names.is_empty());
    let mut items: Vec<T> = client.list(view.path, &query, limit).await?;
    if !names.is_empty() {
        let is = |item: &T, wanted: &String| (view.is_named)(item, wanted);
        let is_absent = |wanted: &&String| !items.iter().any(|item| is(item, wanted));
        let absent: Vec<&String> = names.iter().filter(is_absent).collect();
        if !absent.is_empty() {
            eprintln!("not found: {}", stdx::hostlist::fold(&absent));
        }
        items.retain(|item| names.iter().any(|wanted| is(item, wanted)));
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

/// Names of a noun with their lists expanded. The index of a target is hexadecimal.
fn names_of(noun: &str, names: &[String]) -> Result<Vec<String>> {
    if noun != "target" {
        return expand(names);
    }
    let mut all = Vec::new();
    for name in names {
        all.extend(stdx::hostlist::expand_hex(name)?);
    }
    Ok(all)
}

/// Concerns, a sentence each.
pub(crate) fn concerns(all: &[api::server::Concern]) -> Vec<String> {
    all.iter()
        .map(|c| format!("[{}] {}", c.code, c.text))
        .collect()
}

/// Evidence, a line each: which sign, who showed it, what it said.
pub(crate) fn evidence(all: &[api::target::Evidence], screen: Screen) -> String {
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
    output::table_block(
        "Why we think so",
        screen,
        &["CLAIM", "SIGN", "SERVER", "WHAT IT SAID~"],
        all.iter().map(line),
    )
}
