//! What the kernel logged, as events: followed on a live host, read from the
//! record of a captured one.

use crate::host::{Command, Host};
use jiff::Timestamp;
use lustre::console::{self, Event, Message};
use model::event::{HostEvent, Severity};
use platform::os::journal::Entry;
use platform::os::stamp::Stamp;
use platform::os::syslog;

/// Bytes of a message that go into an event at most.
const TEXT_MAX: usize = 2000;

/// The record of the kernel's log: what `capture` keeps of it and a replay reads.
const RECORD: &[&str] = &[
    "journalctl",
    "-k",
    "-b",
    "-o",
    "short-iso-precise",
    "--no-pager",
];

/// What of one entry is an event: everything that Lustre and LNet say with a
/// known meaning or as an error, and what the kernel says of disks, links and
/// itself that a server of Lustre may suffer from.
pub fn event(entry: &Entry) -> Option<HostEvent> {
    let said = entry.console().filter(is_news)?;
    let Stamp::AtUs(at) = entry.at else {
        return None;
    };
    Some(HostEvent {
        at: Timestamp::from_microsecond(at).ok()?,
        severity: match said.severity {
            console::Severity::Info => Severity::Info,
            console::Severity::Warning => Severity::Warning,
            console::Severity::Error => Severity::Error,
        },
        kind: said.name().to_owned(),
        text: cut(&said.text),
        target: said.target,
        raw: Some(cut(&entry.message)),
    })
}

fn is_news(said: &Message) -> bool {
    match said.event {
        Event::Repeated { .. } => false,
        Event::Other => said.name() != "kernel.other" && said.severity > console::Severity::Info,
        _ => true,
    }
}

fn cut(text: &str) -> String {
    let end = (0..=text.len().min(TEXT_MAX))
        .rev()
        .find(|&at| text.is_char_boundary(at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

/// The events of a recorded log that are later than `after`, in its order.
pub fn recorded(host: &dyn Host, after: Option<Timestamp>) -> Vec<HostEvent> {
    let Ok(output) = host.run(&Command::read(RECORD)) else {
        return Vec::new();
    };
    let (entries, _) = syslog::parse(&output.stdout);
    let events = entries.iter().filter_map(event);
    events
        .filter(|event| after.is_none_or(|after| event.at > after))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, want: Option<(&str, Severity, Option<&str>)>) {
        let line = format!("2026-11-21T01:24:11.804042+0000 oss1 kernel: {message}\n");
        let (entries, _) = syslog::parse(line.as_bytes());
        let found = event(&entries[0]);
        let seen = found.as_ref().map(|one| {
            let target = one.target.as_ref().map(ToString::to_string);
            (one.kind.clone(), one.severity, target)
        });
        let want = want
            .map(|(kind, severity, target)| (kind.to_owned(), severity, target.map(str::to_owned)));
        assert_eq!(seen, want, "{message}");
        if let Some(event) = found {
            assert_eq!(event.at.as_microsecond(), 1_795_224_251_804_042);
            assert_eq!(event.raw.as_deref(), Some(message));
        }
    }

    #[test]
    fn what_matters_to_a_server_is_an_event() {
        check(
            "Lustre: lab01-OST0001: Imperative Recovery enabled, recovery window shrunk from 180-540 down to 120-540",
            Some((
                "lustre.target_started",
                Severity::Info,
                Some("lab01-OST0001"),
            )),
        );
        check(
            "LustreError: 1:0:(x.c:1:y()) lab01-OST0001: never seen before",
            Some(("lustre.other", Severity::Warning, Some("lab01-OST0001"))),
        );
        check("Lustre: never seen before", None);
        check("Lustre: Skipped 3 previous similar messages", None);
        check("usb 1-1: new device", None);
    }
}
