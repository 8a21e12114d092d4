//! `candela manager`.

use anyhow::{Context, Result};
use cli::args::Format;
use manager::{Config, Tls};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
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
    /// Speak plain HTTP, behind a proxy of your own; agents cannot come in then.
    #[arg(long)]
    plain_http: bool,
}

/// Runs until it is told to stop.
pub async fn run(args: Args, format: Format) -> Result<ExitCode> {
    rt::logs::start("info", rt::logs::Shape::Text);
    let mut config = Config::new(args.listen, args.data.clone());
    config.public_names = args.names;
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
            eprintln!("It is shown this once. Change it after the first login.");
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
