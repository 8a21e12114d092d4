//! An agent in a few lines, and a manager in a temporary folder.

use jiff::Timestamp;
use link::AgentEnd;
use manager::state::{Manager, ServerState};
use manager::{Config, Running};
use model::report::{Identity, Report};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wire::message::Hello;
use wire::{ToAgent, ToManager};

pub const PATIENCE: Duration = Duration::from_mins(1);

pub async fn start(folder: &Path) -> Running {
    start_with(folder, |_| {}).await
}

pub async fn start_with(folder: &Path, change: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config::new("127.0.0.1:0".parse().unwrap(), folder.to_owned());
    change(&mut config);
    manager::start(config).await.unwrap()
}

pub fn machine(n: usize) -> String {
    format!("{n:032x}")
}

pub fn hello(machine_id: &str, boot_id: &str) -> Hello {
    Hello {
        protocol: wire::PROTOCOL,
        agent_version: String::from("0.1.0"),
        machine_id: machine_id.to_owned(),
        boot_id: boot_id.to_owned(),
        sent_at_ms: Timestamp::now().as_millisecond(),
        ..Hello::default()
    }
}

pub fn report(machine_id: &str, hostname: &str) -> Report {
    let identity = Identity {
        machine_id: machine_id.to_owned(),
        boot_id: String::from("boot"),
        hostname: hostname.to_owned(),
        fqdn: hostname.to_owned(),
        ..Identity::default()
    };
    Report {
        format: 1,
        identity,
        at: Some(Timestamp::now()),
        ..Report::default()
    }
}

/// Says hello and hears the answer.
pub async fn greet(end: &mut AgentEnd, hello: Hello) -> ToAgent {
    end.send(ToManager::Hello(hello)).await.unwrap();
    hear(end).await
}

pub async fn hear(end: &mut AgentEnd) -> ToAgent {
    tokio::time::timeout(PATIENCE, end.recv())
        .await
        .unwrap()
        .expect("the link is open")
}

pub async fn full(end: &mut AgentEnd, seq: u64, report: &Report) {
    let sections = wire::sections(report).unwrap();
    end.send(ToManager::Full { seq, sections }).await.unwrap();
    assert_eq!(hear(end).await, ToAgent::AckReport { seq });
}

/// A connected agent whose first report is in.
pub async fn join(running: &Running, n: usize) -> AgentEnd {
    let (id, name) = (machine(n), format!("oss{n}"));
    let mut end = running
        .memory_connector()
        .connect(&id, &name, Some("lab"))
        .await
        .unwrap();
    assert!(matches!(
        greet(&mut end, hello(&id, "boot")).await,
        ToAgent::Welcome(_)
    ));
    full(&mut end, 1, &report(&id, &name)).await;
    end
}

/// Waits until the world is so, woken by the stream of changes.
pub async fn until(manager: &Arc<Manager>, what: &str, holds: impl Fn(&Manager) -> bool) {
    let mut changes = manager.changes().subscribe(None);
    let wait = async {
        while !holds(manager) {
            changes.next().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

pub fn n_in(manager: &Manager, state: ServerState) -> usize {
    manager
        .world()
        .servers
        .values()
        .filter(|entry| entry.state == state)
        .count()
}
