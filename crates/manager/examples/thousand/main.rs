//! Measures a manager with a thousand agents in this process: processor time,
//! memory, how long an event takes from the agent to a caller's event stream
//! over HTTPS, and what pages of lists take there. The agents' and the caller's
//! own cost is in the figures.
//!
//! `cargo run --release -p candela-manager --example thousand [AGENTS [SECONDS]]`

mod agents;
mod caller;
mod site;

// The one that ships.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use caller::Caller;
use manager::{Config, Running};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Clock ticks per second in /proc: fixed in Linux's interface.
const TICKS: f64 = 100.0;
/// Requests for each page.
const REQUESTS: usize = 50;

/// What the agents do, all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// What is usual: a report a minute, a heartbeat every ten seconds.
    Usual,
    /// Every agent's report changes once in ten seconds.
    Busy,
    /// Every agent sends its whole report at once, as after a restart of the manager.
    Storm,
}

/// Processor time and the clock, since some moment.
struct Meter {
    begun: Instant,
    processor: f64,
}

impl Meter {
    fn start() -> Self {
        Self {
            begun: Instant::now(),
            processor: processor_seconds(),
        }
    }

    fn share(&self) -> f64 {
        (processor_seconds() - self.processor) / self.begun.elapsed().as_secs_f64() * 100.0
    }
}

fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    let fields = fields.split_whitespace().skip(11).take(2);
    fields
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS
}

fn memory(name: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    format!("{} MiB", kib.unwrap_or(0) / 1024)
}

/// The value below which this share of them is, in percent.
pub fn at(sorted: &[f64], share: usize) -> f64 {
    let place = (sorted.len() * share / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

async fn latency(name: &str, span: Duration, events: &mut agents::Source, caller: &Caller) {
    let meter = Meter::start();
    let taken = events.latencies(caller, span).await;
    println!(
        "{name}: CPU {:.1} % of a core, RSS {}; event to stream: {} events, p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        meter.share(),
        memory("VmRSS"),
        taken.len(),
        at(&taken, 50),
        at(&taken, 99),
        at(&taken, 100),
    );
}

async fn pages(caller: &Caller) {
    for path in [
        "/servers",
        "/servers?sort=age_s",
        "/targets",
        "/targets?sort=label",
        "/targets?sort=label&offset=30000",
        "/targets?sort=-n_clients&state=mounted&kind=ost",
        "/targets?sort=mounted_on&server=oss00007",
        "/targets?sort=label&q=oss00042",
        "/devices?sort=path",
        "/filesystems?sort=name",
        "/ha-clusters",
        "/summary",
        "/events",
        "/events?severity=warning",
        "/topology",
    ] {
        let (first, _) = caller.get(path).await;
        let mut taken = Vec::with_capacity(REQUESTS);
        let mut size = 0;
        for _ in 0..REQUESTS {
            let (took, answer) = caller.get(path).await;
            size = answer.len();
            taken.push(took);
        }
        taken.sort_by(f64::total_cmp);
        println!(
            "GET {path}: first {first:.1} ms, then p50 {:.1} ms, p99 {:.1} ms, {} kB",
            at(&taken, 50),
            at(&taken, 99),
            size / 1000
        );
    }
}

async fn started(folder: &std::path::Path) -> Running {
    let listen = "127.0.0.1:0".parse().expect("is an address");
    let running = manager::start(Config::new(listen, folder.to_owned())).await;
    running.unwrap_or_else(|error| panic!("{}", stdx::chain::chain(&error)))
}

#[tokio::main]
async fn main() {
    let arguments = std::env::args().skip(1);
    let mut arguments = arguments.filter_map(|text| text.parse::<usize>().ok());
    let n = arguments.next().unwrap_or(1000);
    let span = Duration::from_secs(arguments.next().unwrap_or(30).try_into().expect("is small"));
    let folder = tempfile::tempdir().expect("has room");
    let running = started(folder.path()).await;
    println!("empty manager: RSS {}", memory("VmRSS"));

    let meter = Meter::start();
    let (pace, paces) = watch::channel(Pace::Usual);
    let mut living = agents::join(&running, n, &paces).await;
    println!(
        "{n} agents with {} targets joined in {:.2} s, CPU {:.2} s",
        n * site::TARGETS,
        meter.begun.elapsed().as_secs_f64(),
        processor_seconds() - meter.processor,
    );
    let caller = Caller::new(&running).await;
    let mut events = agents::Source::join(&running, n).await;
    // What the joining left to do is not what is measured.
    sleep(Duration::from_secs(2)).await;
    latency("usual pace", span, &mut events, &caller).await;
    tokio::select! {
        () = pages(&caller) => {}
        () = events.stay() => {}
    }
    pace.send_replace(Pace::Busy);
    latency("every report changes in 10 s", span, &mut events, &caller).await;
    pace.send_replace(Pace::Storm);
    latency("every whole report at once", span, &mut events, &caller).await;
    println!("most memory: {}", memory("VmHWM"));
    living.abort_all();
    running.shutdown().await;
}
