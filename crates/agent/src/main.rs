//! `candela-agent`: looks at this server and reports.

use agent::host::Host;
use agent::host::captured::{CapturedHost, HostFile};
use agent::host::hands::RealHands;
use agent::host::real::RealHost;
use agent::host::recording::Recording;
use agent::renewal::Renewal;
use agent::{log, observe, run, state, watch};
use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use rt::{Shutdown, Tasks};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Looks at this server, and reports to a Candela manager. Only where it was
/// enrolled to be managed does it carry out orders; otherwise it never writes to
/// the server outside its own state folder.
#[derive(Parser)]
#[command(name = "candela-agent", version)]
struct Cli {
    #[command(subcommand)]
    command: Do,
}

#[derive(Subcommand)]
enum Do {
    /// Prints one full report of this host as JSON.
    Once(Once),
    /// Records everything that a report reads, without keys and passwords.
    Capture {
        /// A folder that is not there yet.
        dir: PathBuf,
    },
    /// Makes this host known to a manager.
    Enroll(Enroll),
    /// Reports to the manager until stopped.
    Run(Run),
}

#[derive(Args)]
struct Once {
    /// A captured host instead of this one.
    #[arg(long)]
    captured: Option<PathBuf>,
    /// Its moment; the first if not given.
    #[arg(long, requires = "captured")]
    moment: Option<String>,
}

#[derive(Args)]
struct Enroll {
    /// The manager's address, HOST:PORT.
    #[arg(long)]
    manager: String,
    /// A token from `candela token create`.
    #[arg(long, env = "CANDELA_ENROLMENT_TOKEN", hide_env_values = true)]
    token: String,
    /// Where the agent keeps its certificate.
    #[arg(long)]
    state: Option<PathBuf>,
}

#[derive(Args)]
struct Run {
    /// Where the agent keeps its certificate.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Captured hosts or sites to replay instead of this host.
    #[arg(long, num_args = 1..)]
    captured: Vec<PathBuf>,
    /// Another address of the manager than at enrolment.
    #[arg(long)]
    manager: Option<String>,
    /// A token, to enrol captured hosts that are not yet.
    #[arg(long, env = "CANDELA_ENROLMENT_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

fn main() -> std::process::ExitCode {
    match go(Cli::parse().command) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("candela-agent: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn go(command: Do) -> anyhow::Result<()> {
    match command {
        Do::Once(once) => print_once(&once),
        Do::Capture { dir } => capture(&dir),
        Do::Enroll(enroll) => runtime()?.block_on(enrol_here(&enroll)),
        Do::Run(options) => runtime()?.block_on(run_all(options)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    rt::logs::start("info", rt::logs::Shape::Text);
    let made = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build();
    made.context("cannot start the runtime")
}

fn print_once(once: &Once) -> anyhow::Result<()> {
    let report = match &once.captured {
        None => observe::report(&RealHost),
        Some(folder) => {
            let host = CapturedHost::open(folder)?;
            if let Some(moment) = &once.moment {
                host.go_to(moment)?;
            }
            observe::report(&host)
        }
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

fn capture(dir: &std::path::Path) -> anyhow::Result<()> {
    let host = Recording::new(RealHost);
    let report = observe::report(&host);
    // What the kernel said is no part of a report, but a replay tells it.
    let _ = log::recorded(&host, None);
    let about = HostFile {
        hostname: report.identity.hostname,
        machine_id: report.identity.machine_id,
        captured_at: report.at,
        ..HostFile::default()
    };
    let n_things = host
        .save(dir, about, "01-now")
        .with_context(|| format!("cannot write the capture to {}", dir.display()))?;
    eprintln!("{n_things} commands and files are in {}", dir.display());
    Ok(())
}

async fn enrol_here(enroll: &Enroll) -> anyhow::Result<()> {
    let folder = enroll.state.clone().unwrap_or_else(state::default_folder);
    state::prepare(&folder).with_context(|| {
        let folder = folder.display();
        format!("cannot write {folder}; name another folder with --state; nothing was sent")
    })?;
    let enrolled = enrol(&RealHost, &enroll.manager, &enroll.token, None).await?;
    state::save(&folder, &enrolled).with_context(|| {
        format!(
            "cannot write {}; name another folder with --state",
            folder.display()
        )
    })?;
    eprintln!(
        "enrolled as server {}; now start `candela-agent run`",
        enrolled.server_id
    );
    Ok(())
}

async fn enrol(
    host: &dyn Host,
    manager: &str,
    token: &str,
    site: Option<String>,
) -> anyhow::Result<state::Enrolled> {
    let report = observe::report(host);
    if report.identity.machine_id.is_empty() {
        bail!("this host has no /etc/machine-id; make one with `systemd-machine-id-setup`");
    }
    let asked = link::Enrolment {
        manager: manager.to_owned(),
        token: token.to_owned(),
        machine_id: report.identity.machine_id.clone(),
        boot_id: report.identity.boot_id,
        hostname: report.identity.hostname,
        agent_version: agent::VERSION.to_owned(),
        sent_at: jiff::Timestamp::now(),
        site,
        tasks: Tasks::new(Shutdown::new()),
    };
    let identity = link::enrol(asked)
        .await
        .with_context(|| format!("not enrolled with {manager}"))?;
    Ok(state::Enrolled {
        manager: manager.to_owned(),
        server_id: identity.server_id,
        machine_id: report.identity.machine_id,
        cert_pem: identity.cert_pem,
        key_pem: identity.key_pem,
        ca_pem: identity.ca_pem,
        stream: stream(),
        is_managed: identity.is_managed,
    })
}

/// A number for a fresh numbering of events.
fn stream() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

async fn run_all(options: Run) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    let tasks = Tasks::new(shutdown.clone());
    let base = options.state.clone().unwrap_or_else(state::default_folder);
    let mut jobs = tokio::task::JoinSet::new();
    let mut add = |host: Arc<dyn Host>, folder: PathBuf, site: Option<String>| {
        let (options, tasks) = (
            (options.manager.clone(), options.token.clone()),
            tasks.clone(),
        );
        jobs.spawn(keep(host, folder, site, options, tasks));
    };
    if options.captured.is_empty() {
        add(Arc::new(RealHost), base.clone(), None);
    }
    for folder in &options.captured {
        let (site, hosts) = run::replay(folder)?;
        for host in hosts {
            let place = base.join(&host.about.machine_id);
            tasks.spawn(
                "agent",
                "replay",
                run::play(Arc::clone(&host), 1.0, shutdown.clone()),
            );
            add(host, place, site.clone());
        }
    }
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let ended = tokio::select! {
        ended = jobs.join_next() => ended,
        _ = tokio::signal::ctrl_c() => None,
        _ = terminate.recv() => None,
    };
    shutdown.begin();
    tasks.finish(Duration::from_secs(2)).await;
    match ended {
        None => Ok(()),
        Some(result) => result.context("the agent's task failed")?,
    }
}

/// Dials again and again until told to stop or sent away.
async fn keep(
    host: Arc<dyn Host>,
    folder: PathBuf,
    site: Option<String>,
    (manager, token): (Option<String>, Option<String>),
    tasks: Tasks,
) -> anyhow::Result<()> {
    let mut enrolled =
        state::load(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    if let (None, Some(manager), Some(token)) = (&enrolled, &manager, &token) {
        state::prepare(&folder).with_context(|| format!("cannot write {}", folder.display()))?;
        let made = enrol(host.as_ref(), manager, token, site.clone()).await?;
        state::save(&folder, &made)
            .with_context(|| format!("cannot write {}", folder.display()))?;
        enrolled = Some(made);
    }
    let Some(enrolled) = enrolled else {
        bail!(
            "this host is not enrolled: run `candela-agent enroll --manager HOST:PORT --token T` first"
        );
    };
    // A replay begins anew, with a numbering of its own.
    let mut memory = if host.is_live() {
        run::Memory::open(&folder, stream(), site)
            .with_context(|| format!("cannot keep events in {}", folder.display()))?
    } else {
        run::Memory::new(stream(), site)
    };
    // A recording cannot be changed, whatever it was enrolled for.
    if enrolled.is_managed && host.is_live() {
        let ledger = folder.join("orders.json");
        let work = run::Workshop::open(Arc::new(RealHands::of_managed_server()), Some(ledger))
            .with_context(|| format!("cannot read {}/orders.json", folder.display()))?;
        memory = memory.with_work(work);
    }
    memory = memory.with_renewal(Renewal::new(folder, enrolled));
    if host.is_live() {
        memory.hear(watch::start(&host, memory.place(), &tasks));
    }
    let shutdown = tasks.shutdown().clone();
    let mut pause = Duration::from_secs(1);
    loop {
        let enrolled = memory.renewal().map(Renewal::enrolled);
        let enrolled = enrolled.context("the agent has lost its enrolment")?;
        let config = link::Config {
            manager: manager.clone().unwrap_or_else(|| enrolled.manager.clone()),
            ca_pem: enrolled.ca_pem.clone(),
            cert_pem: enrolled.cert_pem.clone(),
            key_pem: enrolled.key_pem.clone(),
            tasks: tasks.clone(),
        };
        match link::dial(config).await {
            Err(error) => tracing::warn!(%error, "no link; trying again"),
            Ok(end) => {
                pause = Duration::from_secs(1);
                let ended = run::run(
                    Arc::clone(&host),
                    end,
                    run::Cadence::default(),
                    &mut memory,
                    &shutdown,
                )
                .await;
                match ended {
                    run::Ended::Stopped => return Ok(()),
                    run::Ended::Lost => tracing::warn!("the link is gone; dialling again"),
                    other => bail!(other),
                }
            }
        }
        let jitter = Duration::from_millis(stream() % 1000);
        tokio::select! {
            () = shutdown.wait() => return Ok(()),
            () = memory.listen() => {}
            () = tokio::time::sleep(pause + jitter) => pause = (pause * 2).min(Duration::from_secs(30)),
        }
    }
}
