//! Follows the events of ZFS, whether its event daemon runs or not.

use super::lines::Lines;
use super::{Again, Signal, Signals, Step};
use crate::host::{Command, Host, HostError};
use jiff::Timestamp;
use jiff::civil::DateTime;
use model::event::{HostEvent, Severity};
use platform::storage::zpool_events::{self, Event};
use std::sync::Arc;

const COMMAND: &[&str] = &["zpool", "events", "-f", "-H", "-v"];
/// Bytes of one event at most.
const EVENT_MAX: usize = 64 << 10;

/// Follows them until the agent ends. What is not later than `after`, or than
/// the first start, is none of its news.
pub async fn run(host: Arc<dyn Host>, after: Option<Timestamp>, signals: Signals) {
    let mut again = Again::new();
    let mut after = after.unwrap_or_else(Timestamp::now);
    loop {
        let ended = match host.follow(&Command::read(COMMAND)) {
            Ok(following) => match Lines::new(following) {
                Ok(lines) => hear(lines, &mut after, &signals, &mut again).await,
                Err(error) => Some(HostError::from(error)),
            },
            Err(error) => Some(error),
        };
        match ended {
            // A host without ZFS is none that lacks something.
            None | Some(HostError::NotInstalled | HostError::NotRecorded) => return,
            Some(error) => tracing::debug!(%error, "ZFS tells no events now."),
        }
        again.wait().await;
    }
}

async fn hear(
    mut lines: Lines,
    after: &mut Timestamp,
    signals: &Signals,
    again: &mut Again,
) -> Option<HostError> {
    let mut block = Vec::new();
    loop {
        let line = match lines.next().await {
            Ok(Some(line)) => line,
            Ok(None) => return Some(HostError::Other("zpool events ended".into())),
            Err(error) => return Some(error.into()),
        };
        // A blank line ends an event.
        if !line.is_empty() {
            if block.len() + line.len() < EVENT_MAX {
                block.extend_from_slice(&line);
                block.push(b'\n');
            }
            continue;
        }
        again.works();
        for signal in signals_of(&std::mem::take(&mut block), after) {
            signals.send(signal).await.ok()?;
        }
    }
}

/// What one printed event is to us.
fn signals_of(block: &[u8], after: &mut Timestamp) -> Vec<Signal> {
    let (events, _) = zpool_events::parse(block);
    let mut found = Vec::new();
    for event in &events {
        let Some(at) = time(event.time).filter(|at| *at > *after) else {
            continue;
        };
        *after = at;
        let step = Step::Zpool(at);
        match happened(event, at) {
            Some(event) => found.push(Signal::Happened {
                event: Box::new(event),
                step,
            }),
            None => found.push(Signal::Passed(step)),
        }
        if changes(event.class) {
            found.push(Signal::Changed);
        }
    }
    found
}

/// `Nov 21 2026 00:35:06.123456789`, in UTC since the door says so.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let local = DateTime::strptime("%b %d %Y %H:%M:%S%.f", &text).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(local).ok()
}

/// Whether what is reported of pools may be another now.
fn changes(class: &str) -> bool {
    !matches!(
        class,
        "sysevent.fs.zfs.history_event" | "sysevent.fs.zfs.config_sync"
    )
}

/// Faults, and work that takes long. What is imported and what state a pool has
/// is found by looking.
fn happened(event: &Event<'_>, at: Timestamp) -> Option<HostEvent> {
    let pool = event.get("pool").unwrap_or("(unknown)");
    let (severity, kind, text) = match event.class.split_once(".fs.zfs.")? {
        ("ereport", name) => fault(name, pool, event)?,
        ("resource", name) => resource(name, pool, event)?,
        ("sysevent", name) => work(name, pool)?,
        _ => return None,
    };
    Some(HostEvent {
        at,
        severity,
        kind: kind.to_owned(),
        text,
        target: None,
        raw: Some(event.class.to_owned()),
    })
}

type Told = (Severity, &'static str, String);

fn vdev(event: &Event<'_>) -> String {
    let path = event.get("vdev_path").map(|path| format!(" on {path}"));
    path.unwrap_or_default()
}

fn fault(name: &str, pool: &str, event: &Event<'_>) -> Option<Told> {
    let vdev = vdev(event);
    let (severity, kind, text) = match name {
        "checksum" => (
            Severity::Warning,
            "zpool.checksum",
            format!("pool {pool} read data that is not what was written{vdev}"),
        ),
        "io" | "probe_failure" | "io_failure" | "log_replay" => (
            Severity::Warning,
            "zpool.io_error",
            format!("pool {pool} had an I/O error{vdev}"),
        ),
        "delay" | "deadman" => (
            Severity::Warning,
            "zpool.slow_io",
            format!("pool {pool} waits long for I/O{vdev}"),
        ),
        "data" => (
            Severity::Error,
            "zpool.data_lost",
            format!("pool {pool} has data that it cannot repair"),
        ),
        other if other.starts_with("vdev") => (
            Severity::Error,
            "zpool.vdev_failed",
            format!("pool {pool} cannot use a device{vdev} ({other})"),
        ),
        _ => return None,
    };
    Some((severity, kind, text))
}

fn resource(name: &str, pool: &str, event: &Event<'_>) -> Option<Told> {
    let vdev = vdev(event);
    match name {
        "statechange" => {
            let state = event.get("vdev_state").unwrap_or("another state");
            let severity = if state.contains("ONLINE") {
                Severity::Info
            } else {
                Severity::Warning
            };
            let text = format!("a device of pool {pool}{vdev} is now {state}");
            Some((severity, "zpool.vdev_state", text))
        }
        "removed" => {
            let text = format!("a device of pool {pool}{vdev} was taken away");
            Some((Severity::Error, "zpool.vdev_removed", text))
        }
        _ => None,
    }
}

fn work(name: &str, pool: &str) -> Option<Told> {
    let (work, step) = name.rsplit_once('_')?;
    if !matches!(work, "scrub" | "resilver" | "trim" | "initialize") {
        return None;
    }
    let step = match step {
        "start" => "began",
        "finish" => "ended",
        "abort" | "cancel" => "was ended early",
        "paused" | "suspend" => "pauses",
        "resume" => "goes on",
        _ => return None,
    };
    let text = format!("the {work} of pool {pool} {step}");
    Some((Severity::Info, "zpool.work", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IO: &str = "Nov 21 2026 00:35:06.123456789\tereport.fs.zfs.io\n        class = \"ereport.fs.zfs.io\"\n        pool = \"lab-ost0\"\n        vdev_path = \"/dev/sda1\"\n";

    #[test]
    fn faults_are_events_once() {
        let mut after = "2026-11-21T00:00:00Z".parse().unwrap();
        let found = signals_of(IO.as_bytes(), &mut after);
        let [Signal::Happened { event, step }, Signal::Changed] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(event.kind, "zpool.io_error");
        assert_eq!(event.text, "pool lab-ost0 had an I/O error on /dev/sda1");
        assert_eq!(*step, Step::Zpool(after));
        assert_eq!(after.to_string(), "2026-11-21T00:35:06.123456789Z");
        assert_eq!(
            signals_of(IO.as_bytes(), &mut after),
            [],
            "it was heard before"
        );
    }

    #[test]
    fn what_zfs_writes_for_itself_is_no_reason_to_look() {
        let check = |class: &str, want: &[&str]| {
            let mut after = Timestamp::UNIX_EPOCH;
            let text = format!("Nov  1 2026 00:35:06.1\tsysevent.fs.zfs.{class}\n  pool = \"p\"\n");
            let found: Vec<String> = signals_of(text.as_bytes(), &mut after)
                .iter()
                .map(|signal| match signal {
                    Signal::Happened { event, .. } => event.text.clone(),
                    Signal::Passed(_) => "passed".to_owned(),
                    Signal::Changed => "look".to_owned(),
                })
                .collect();
            assert_eq!(found, want, "{class}");
        };
        check("history_event", &["passed"]);
        check("pool_import", &["passed", "look"]);
        check("scrub_start", &["the scrub of pool p began", "look"]);
        check("resilver_finish", &["the resilver of pool p ended", "look"]);
    }
}
