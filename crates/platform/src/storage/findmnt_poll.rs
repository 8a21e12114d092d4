//! `findmnt --poll -P`: what is mounted, remounted, moved and unmounted, a line
//! an event, as it happens.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of such events.
pub static KIND: Kind = Kind {
    name: "findmnt-poll",
    about: "findmnt --poll -P: events of mounts",
    guess,
    read,
};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MountEvent {
    /// `mount`, `umount`, `remount`, `move`.
    pub action: String,
    /// Where.
    pub target: String,
    /// What.
    pub source: Option<String>,
    /// Type of file system.
    pub fstype: Option<String>,
    /// Options.
    pub options: Option<String>,
    /// Where it was before.
    pub target_before: Option<String>,
    /// Options before.
    pub options_before: Option<String>,
}

/// Reads every event.
pub fn parse(input: &[u8]) -> (Vec<MountEvent>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in text::lines(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        match event(line.text) {
            Some(event) => found.push(event),
            None => skips.push(text::bad_line(line, "wanted ACTION=\"…\" TARGET=\"…\"")),
        }
    }
    (found, skips)
}

fn event(line: &str) -> Option<MountEvent> {
    // A line that was kept as a string of a program has its quotes escaped.
    let plain;
    let line = if line.contains("=\\\"") {
        plain = line.replace("\\\"", "\"");
        plain.as_str()
    } else {
        line
    };
    let mut event = MountEvent::default();
    for (key, value) in text::pairs(line).ok()? {
        let value = value.into_owned();
        let some = (!value.is_empty()).then(|| value.clone());
        match key {
            "ACTION" => event.action = value,
            "TARGET" => event.target = value,
            "SOURCE" => event.source = some,
            "FSTYPE" => event.fstype = some,
            "OPTIONS" => event.options = some,
            "OLD-TARGET" | "OLD_TARGET" => event.target_before = some,
            "OLD-OPTIONS" | "OLD_OPTIONS" => event.options_before = some,
            _ => {}
        }
    }
    (!event.action.is_empty() && !event.target.is_empty()).then_some(event)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = sample.text().lines().take(8);
    if lines.any(|line| event(line).is_some()) {
        92
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("findmnt.event", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        let text = "ACTION=\"umount\" TARGET=\"/a\\x20b\" SOURCE=\"p/a\" FSTYPE=\"zfs\" OPTIONS=\"rw\" OLD-TARGET=\"/a\" OLD-OPTIONS=\"\"\r\n\
            ACTION=\\\"mount\\\" TARGET=\\\"/x\\\"\nmount\" TARGET=\"/y\"\n";
        let (found, skips) = parse(text.as_bytes());
        assert_eq!(
            (found[0].action.as_str(), found[0].target.as_str()),
            ("umount", "/a b")
        );
        assert_eq!(found[0].target_before.as_deref(), Some("/a"));
        assert_eq!((found[1].target.as_str(), skips.len()), ("/x", 1));
    }
}
