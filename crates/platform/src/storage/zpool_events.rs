//! `zpool events`, also with `-v` and `-H`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of `zpool events`.
pub static KIND: Kind = Kind {
    name: "zpool-events",
    about: "zpool events, also -v, -H",
    guess,
    read,
};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Event<'a> {
    /// Local time as printed, `Nov 21 2026 00:35:06.123456789`.
    pub time: &'a str,
    /// E.g. `sysevent.fs.zfs.pool_import`, `ereport.fs.zfs.io`.
    pub class: &'a str,
    /// Members from `-v` in the order printed, without quotes.
    pub members: Vec<(&'a str, &'a str)>,
}

impl<'a> Event<'a> {
    /// The first member of that name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.members
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }
}

/// Reads every event.
pub fn parse(input: &[u8]) -> (Vec<Event<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out: Vec<Event<'_>> = Vec::new();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty()
            || is_heading(text)
            || text.starts_with('(')
            || text::is_prompt(line.text)
        {
            continue;
        }
        if let Some(event) = event(text) {
            out.push(event);
            continue;
        }
        match (out.last_mut(), text.split_once(" = ")) {
            (Some(last), Some((name, value))) => last
                .members
                .push((name.trim(), value.trim().trim_matches('"'))),
            _ => skips.push(text::bad_line(
                line,
                "wanted `time class` or `name = value`",
            )),
        }
    }
    (out, skips)
}

fn is_heading(text: &str) -> bool {
    text.split_whitespace().eq(["TIME", "CLASS"])
}

fn event(text: &str) -> Option<Event<'_>> {
    let (time, class) = text.rsplit_once(char::is_whitespace)?;
    let known = ["sysevent.fs.zfs.", "ereport.fs.zfs.", "resource.fs.zfs."];
    known
        .iter()
        .any(|begin| class.starts_with(begin))
        .then(|| Event {
            time: time.trim_end(),
            class,
            members: Vec::new(),
        })
        .filter(|event| !event.time.contains('='))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let first = text::first_line(sample.text()).trim();
    if is_heading(first) {
        return 95;
    }
    if event(first).is_some() { 96 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (events, skips) = parse(input);
    text::emit("zpool.event", &events, skips, sink);
}
