//! `candela manager`.

use anyhow::{Context, Result};
use cli::args::Format;
use manager::{Config, Retention, Tls};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How to run the manager.
#[derive(clap::Args)]
pub struct Args {
    /// Address of its one port, for agents, browsers and programs.
    #[arg(long, default_value = "0.0.0.0:7443")]
    listen: SocketAddr,
    /// Folder for its database and its CA; made if absent.
    #[arg(long, default_value = "/var/lib/candela")]
    data: PathBuf,
    /// Host names and addresses under which it is reached.
    #[arg(long = "name")]
    names: Vec<String>,
    /// Days that events stay in the journal.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    journal_days: u32,
    /// Events that the journal holds at most; the oldest go first.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    journal_events: u64,
    /// Speak plain HTTP, behind a proxy of your own; agents cannot come in then.
    #[arg(long)]
    plain_http: bool,
}

/// Runs until it is told to stop.
pub async fn run(args: Args, format: Format) -> Result<ExitCode> {
    rt::logs::start("info", rt::logs::Shape::Text);
    let mut config = Config::new(args.listen, args.data.clone());
    config.public_names = args.names;
    config.retention = Retention {
        age: Duration::from_hours(u64::from(args.journal_days) * 24),
        events_max: args.journal_events,
    };
    config.tls = if args.plain_http { Tls::Off } else { Tls::Own };
    let running = manager::start(config).await?;
    let ca = args.data.join("ca.pem");
    if format == Format::Json {
        let first = running.first_admin.as_ref();
        let line = serde_json::json!({
            "url": running.url(),
            "ca": ca,
            "user": first.map(|admin| &admin.user),
            "password": first.map(|admin| &admin.password),
        });
        println!("{line}");
    } else {
        eprintln!(
            "Candela is at {}. Its CA is {}.",
            running.url(),
            ca.display()
        );
        if let Some(admin) = &running.first_admin {
            eprintln!(
                "First login: {} with password {}",
                admin.user, admin.password
            );
            eprintln!("It is shown this once. Change it with `candela password`.");
        }
    }
    stopped().await?;
    eprintln!("stopping");
    running.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for an interrupt or the order to end.
pub async fn stopped() -> Result<()> {
    let mut end = signal(SignalKind::terminate()).context("could not wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not wait for signals")?;
    tokio::select! {
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
