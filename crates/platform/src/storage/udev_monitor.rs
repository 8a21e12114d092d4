//! `udevadm monitor`, also with `--property`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of udev events.
pub static KIND: Kind = Kind {
    name: "udev-monitor",
    about: "udevadm monitor, also with --property",
    guess,
    read,
};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Event<'a> {
    /// `KERNEL` (before the rules) or `UDEV` (after them).
    pub source: &'a str,
    /// Seconds after boot, as printed.
    pub time: &'a str,
    /// `add`, `remove`, `change`, `bind`, `unbind`, `move`.
    pub action: &'a str,
    /// Path below `/sys`.
    pub devpath: &'a str,
    /// Subsystem, e.g. `block`.
    pub subsystem: &'a str,
    /// Properties in the order printed.
    pub properties: Vec<(&'a str, &'a str)>,
}

/// Reads every event.
pub fn parse(input: &[u8]) -> (Vec<Event<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out: Vec<Event<'_>> = Vec::new();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim_end();
        let intro = text.starts_with("monitor will print")
            || text.starts_with("UDEV - ")
            || text.starts_with("KERNEL - ");
        if text.trim().is_empty() || intro {
            continue;
        }
        if let Some(event) = event(text) {
            out.push(event);
            continue;
        }
        match (out.last_mut(), text.split_once('=')) {
            (Some(last), Some((key, value))) if !key.is_empty() && !key.contains(' ') => {
                last.properties.push((key, value));
            }
            _ => skips.push(text::bad_line(
                line,
                "wanted `UDEV [time] action devpath (subsystem)`",
            )),
        }
    }
    (out, skips)
}

fn event(text: &str) -> Option<Event<'_>> {
    let (source, rest) = text.split_once('[')?;
    let source = source.trim_end();
    let (time, rest) = rest.split_once(']')?;
    let (action, rest) = rest.trim_start().split_once(' ')?;
    let (devpath, subsystem) = rest.trim().strip_suffix(')')?.rsplit_once(" (")?;
    let sure = matches!(source, "UDEV" | "KERNEL") && devpath.starts_with('/');
    sure.then(|| Event {
        source,
        time,
        action,
        devpath: devpath.trim_end(),
        subsystem,
        properties: Vec::new(),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let known = text.starts_with("monitor will print the received events");
    if known || event(text::first_line(text)).is_some() {
        98
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (events, skips) = parse(input);
    text::emit("udev.event", &events, skips, sink);
}
