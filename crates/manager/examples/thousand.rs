//! Measures a manager with a thousand agents in this process at their usual
//! cadence: processor time, memory, and how long an event takes from the agent
//! to the stream of changes. The agents' own cost is in the figures.
//!
//! `cargo run --release -p candela-manager --example thousand [AGENTS [SECONDS]]`

use jiff::Timestamp;
use link::AgentEnd;
use manager::{Config, Running};
use model::event::{HostEvent, Severity};
use model::ids::DeviceId;
use model::report::{Device, DeviceKind, Hardware, Identity, Report};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use wire::message::{Events, HEARTBEAT_S, Hello};
use wire::{ToAgent, ToManager};

const DEVICES: usize = 40;
/// Seconds between two deltas of one agent.
const DELTA_S: u64 = 30;
const EVENT_EVERY: Duration = Duration::from_millis(100);
/// Clock ticks per second in /proc: fixed in Linux's interface.
const TICKS: f64 = 100.0;

fn report(n: usize, memory: u64) -> Report {
    // Neighbours see each other's disks, as HA pairs do.
    let disk = |d: usize| format!("0x5000c500{:08x}", n / 2 * DEVICES + d);
    let device = |d: usize| Device {
        id: DeviceId(format!("wwn:{}", disk(d))),
        kind: DeviceKind::Disk,
        path: format!("/dev/sd{d}"),
        links: vec![format!("/dev/disk/by-id/wwn-{}", disk(d))],
        size_bytes: 18_000_207_937_536,
        parents: Vec::new(),
        model: Some(String::from("ST18000NM004J")),
        serial: Some(format!("ZR5{n:04}{d:02}")),
        wwn: Some(disk(d)),
        transport: Some(String::from("sas")),
        content: None,
        label: None,
        uuid: None,
        is_read_only: false,
        is_rotational: Some(true),
        states: Vec::new(),
    };
    let (machine_id, hostname) = (format!("{n:032x}"), format!("oss{n:04}"));
    let fqdn = format!("{hostname}.lab");
    Report {
        format: 1,
        at: Some(Timestamp::now()),
        identity: Identity {
            machine_id,
            hostname,
            fqdn,
            ..Identity::default()
        },
        hardware: Some(Hardware {
            memory_available_bytes: memory,
            ..Hardware::default()
        }),
        devices: Some((0..DEVICES).map(device).collect()),
        ..Report::default()
    }
}

async fn join(running: &Running, n: usize) -> AgentEnd {
    let machine_id = format!("{n:032x}");
    let connector = running.memory_connector();
    let mut end = connector
        .connect(&machine_id, &format!("oss{n:04}"), None)
        .await
        .expect("joins");
    let sent_at_ms = Timestamp::now().as_millisecond();
    let hello = Hello {
        protocol: wire::PROTOCOL,
        machine_id,
        sent_at_ms,
        ..Hello::default()
    };
    end.send(ToManager::Hello(hello)).await.expect("is open");
    let sections = wire::sections(&report(n, 0)).expect("is JSON");
    end.send(ToManager::Full { seq: 1, sections })
        .await
        .expect("is open");
    while let Some(message) = end.recv().await {
        if message == (ToAgent::AckReport { seq: 1 }) {
            return end;
        }
    }
    panic!("agent {n} was not let in");
}

/// One agent at its usual cadence; agent 0 also sends the events.
async fn live(n: usize, agents: usize, mut end: AgentEnd) {
    let period = Duration::from_secs(DELTA_S);
    let offset = u32::try_from(n * 1000 / agents).expect("is small");
    let mut deltas = interval_at(Instant::now() + period * offset / 1000, period);
    let mut beats = interval(Duration::from_secs(HEARTBEAT_S));
    let (mut seq, mut last) = (1, wire::sections(&report(n, 0)).expect("is JSON"));
    loop {
        tokio::select! {
            _ = deltas.tick() => {
                seq += 1;
                let next = wire::sections(&report(n, seq << 26)).expect("is JSON");
                let (changed, removed) = wire::difference(&last, &next);
                last = next;
                let delta = ToManager::Delta { seq, changed, removed };
                if end.send(delta).await.is_err() { return }
            }
            _ = beats.tick() => {
                let sent_at_ms = Timestamp::now().as_millisecond();
                if end.send(ToManager::Heartbeat { sent_at_ms }).await.is_err() { return }
            }
            message = end.recv() => if message.is_none() { return },
        }
    }
}

/// Milliseconds from each event to its change on the stream.
async fn latencies(running: &Running, mut end: AgentEnd, span: Duration) -> Vec<f64> {
    let mut changes = running.manager().changes().subscribe(None);
    let mut ticks = interval(EVENT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    let mut taken = Vec::new();
    while begun.elapsed() < span {
        ticks.tick().await;
        let what = HostEvent {
            at: Timestamp::now(),
            severity: Severity::Info,
            kind: String::from("bench.event"),
            text: String::from("Something happened."),
            target: None,
            raw: None,
        };
        let first = u64::try_from(taken.len()).expect("is small") + 1;
        let sent = Instant::now();
        let events = Events::pack(1, first, &[what]).expect("is JSON");
        end.send(ToManager::Events(events)).await.expect("is open");
        while !changes
            .next()
            .await
            .views
            .iter()
            .any(|view| view == "events")
        {}
        taken.push(sent.elapsed().as_secs_f64() * 1000.0);
        while !matches!(end.recv().await, Some(ToAgent::AckEvents { .. })) {}
    }
    taken.sort_by(f64::total_cmp);
    taken
}

fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS
}

fn memory_line(name: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or("?")
        .trim_matches([':', ' ', '\t'])
        .to_owned()
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse::<usize>().ok());
    let agents = arguments.next().unwrap_or(1000);
    let span = Duration::from_secs(arguments.next().unwrap_or(30).try_into().expect("is small"));
    let folder = tempfile::tempdir().expect("has room");
    let listen = "127.0.0.1:0".parse().expect("is an address");
    let running = manager::start(Config::new(listen, folder.path().to_owned())).await;
    let running = running.unwrap_or_else(|error| panic!("{}", stdx::chain::chain(&error)));
    println!("empty manager: RSS {}", memory_line("VmRSS"));

    let (begun, cpu) = (Instant::now(), processor_seconds());
    let mut ends = Vec::new();
    for n in 0..agents {
        ends.push(join(&running, n).await);
    }
    let last = ends.pop().expect("there is one");
    let joined = begun.elapsed().as_secs_f64();
    println!(
        "{agents} agents joined in {joined:.2} s, CPU {:.2} s",
        processor_seconds() - cpu
    );

    let (begun, cpu) = (Instant::now(), processor_seconds());
    let mut living = JoinSet::new();
    for (n, end) in ends.into_iter().enumerate() {
        living.spawn(live(n, agents, end));
    }
    let taken = latencies(&running, last, span).await;
    let share = (processor_seconds() - cpu) / begun.elapsed().as_secs_f64() * 100.0;
    let at = |share: usize| {
        taken
            .get((taken.len() * share / 100).min(taken.len() - 1))
            .copied()
    };
    let (half, most) = (at(50).unwrap_or(0.0), at(99).unwrap_or(0.0));
    println!(
        "at rest: CPU {share:.1} % of a core, RSS {}",
        memory_line("VmRSS")
    );
    println!(
        "event to stream: {} events, p50 {half:.1} ms, p99 {most:.1} ms",
        taken.len()
    );
    living.abort_all();
    running.shutdown().await;
}
