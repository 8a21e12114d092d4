//! `candela demo`: a manager, agents that replay captured hosts, and simulated
//! servers, in one process, with data in a temporary folder.
//!
//! - [`control`]: how other processes reach it; [`verbs`]: what they ask of it.

mod control;
mod verbs;

use agent::host::Host;
use agent::host::captured::CapturedHost;
use agent::run::{Cadence, Ended, Memory};
use anyhow::{Context, Result, bail};
use cli::args::Format;
use manager::memory::Connector;
use manager::{Config, Running};
use model::role::Role;
use rt::Shutdown;
use sim::demo::{Cluster, HASTE};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How to run the demo, or what to do to the one that runs.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(flatten)]
    start: Start,
    #[command(subcommand)]
    verb: Option<verbs::Verb>,
}

/// How to run the demo.
#[derive(clap::Args)]
struct Start {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7443")]
    listen: SocketAddr,
    /// Folder for its data; a temporary one if not given.
    #[arg(long)]
    data: Option<PathBuf>,
    /// A captured site or host to show, instead of those that are built in; can be repeated.
    #[arg(long = "site")]
    sites: Vec<PathBuf>,
    /// Simulated servers, an even number up to 10000; 0 for none. 8 if not
    /// given, or none beside a `--site`.
    #[arg(long, value_name = "N")]
    servers: Option<usize>,
    /// How fast captures play: 0.1 is ten times as fast.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
}

/// How long the demo's API token lives.
const TOKEN_TTL: Duration = Duration::from_hours(24);
/// Simulated servers where nobody says how many.
const SERVERS: usize = 8;
/// How often it is looked whether a captured host is silent.
const LOOK: Duration = Duration::from_millis(200);
/// Pause before an agent of the demo links again.
const AGAIN: Duration = Duration::from_secs(2);

/// Runs until it is told to stop, or asks the demo that runs.
pub async fn run(args: Args, format: Format) -> Result<ExitCode> {
    match args.verb {
        Some(verb) => verbs::run(verb, format),
        None => start(args.start, format).await,
    }
}

async fn start(args: Start, format: Format) -> Result<ExitCode> {
    rt::logs::start("warn", rt::logs::Shape::Text);
    let temporary = match args.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("could not make a temporary folder")?),
    };
    let data = args
        .data
        .or(temporary.as_ref().map(|folder| folder.path().to_path_buf()));
    let data = data.context("there is a folder, given or temporary")?;
    let n_servers = args
        .servers
        .unwrap_or(if args.sites.is_empty() { SERVERS } else { 0 });
    let mut hosts = Vec::new();
    let sites = if args.sites.is_empty() {
        sim::sites::unpack(&data.join("sites"))?
    } else {
        args.sites
    };
    for folder in &sites {
        let (name, found) = agent::run::replay(folder)?;
        hosts.extend(found.into_iter().map(|host| (name.clone(), host)));
    }
    let running = manager::start(Config::new(args.listen, data.clone())).await?;
    let Some(admin) = &running.first_admin else {
        bail!(
            "{} holds data of an earlier run; remove it, or name another folder with --data",
            data.display()
        );
    };
    let shutdown = Shutdown::new();
    for (site, host) in hosts {
        let machine = host.about.hostname.clone();
        tokio::spawn(agent::run::play(
            Arc::clone(&host),
            args.scale,
            shutdown.clone(),
        ));
        tokio::spawn(keep(
            running.memory_connector(),
            site,
            host,
            machine,
            shutdown.clone(),
        ));
    }
    let cluster = simulate(&running, n_servers, &data).await?.map(Arc::new);
    control::serve(cluster.clone(), &data)?;
    let is_noted = control::remember(&data).is_ok();
    announce(&running, &admin.user, &admin.password, &data, format).await?;
    if cluster.is_some() && format.is_table() {
        let which = if is_noted {
            String::new()
        } else {
            format!(" --data {}", data.display())
        };
        println!(
            "\nIts simulated servers are bare. To make a file system of them, then break one:\n  candela demo spec{which} > lab.yaml\n  candela spec apply lab.yaml --yes --yes-destroy blank --follow\n  candela demo break oss01{which}"
        );
    }
    crate::manager::stopped().await?;
    shutdown.begin();
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    running.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Starts the simulated servers, if any.
async fn simulate(running: &Running, n_servers: usize, data: &Path) -> Result<Option<Cluster>> {
    if n_servers == 0 {
        return Ok(None);
    }
    let connector = running.memory_connector();
    let cluster = Cluster::start(n_servers, HASTE, &connector, data.join("agents"))?;
    let (name, secret) = Cluster::secret();
    let kept = running.manager().put_secret(name, secret.as_bytes()).await;
    kept.context("could not keep the secret of the simulated BMCs")?;
    Ok(Some(cluster))
}

async fn announce(
    running: &Running,
    user: &str,
    password: &str,
    data: &Path,
    format: Format,
) -> Result<()> {
    let manager = running.manager();
    let account = manager.store().user_by_name(user.to_owned()).await?;
    let account = account.context("the first account was just made")?;
    let token =
        manager::http::issue_token(manager, account.id, "demo".into(), Role::Admin, TOKEN_TTL);
    let token = token
        .await?
        .context("the machine gives no random numbers")?
        .secret;
    let url = running.url();
    if format == Format::Json {
        println!(
            "{}",
            serde_json::json!({"url": url, "user": user, "password": password, "token": token})
        );
        return Ok(());
    }
    println!(
        "Candela is at {url}\n  user      {user}\n  password  {password}\n  token     {token}"
    );
    println!(
        "\nIts certificate is its own; in another terminal:\n  export CANDELA_URL={url} CANDELA_TOKEN={token} CANDELA_CA={}/ca.pem\n  candela target list",
        data.display()
    );
    Ok(())
}

/// Keeps one captured host linked to the manager until the demo ends.
async fn keep(
    connector: Connector,
    site: Option<String>,
    host: Arc<CapturedHost>,
    hostname: String,
    shutdown: Shutdown,
) {
    let looked = Arc::clone(&host);
    let report = tokio::task::spawn_blocking(move || agent::observe::report(looked.as_ref())).await;
    let Ok(report) = report else { return };
    let machine = report.identity.machine_id;
    let mut memory = Memory::new(1, site.clone());
    while !shutdown.is_begun() {
        if host.is_silent() {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        let link = match connector
            .connect(&machine, &hostname, site.as_deref())
            .await
        {
            Ok(link) => link,
            Err(error) => {
                eprintln!("{hostname}: {error}");
                return;
            }
        };
        let door: Arc<dyn Host> = Arc::clone(&host) as Arc<dyn Host>;
        // A host that falls silent drops its link as one that died does.
        let stop = Shutdown::new();
        let (dead, whole) = (Arc::clone(&host), shutdown.clone());
        let until = stop.clone();
        let watch = tokio::spawn(async move {
            while !dead.is_silent() && !whole.is_begun() {
                tokio::time::sleep(LOOK).await;
            }
            until.begin();
        });
        let ended = agent::run::run(door, link, Cadence::default(), &mut memory, &stop).await;
        watch.abort();
        match ended {
            Ended::Lost => tokio::time::sleep(AGAIN).await,
            Ended::Stopped => {}
            other => {
                eprintln!("{hostname}: {other}");
                return;
            }
        }
    }
}
