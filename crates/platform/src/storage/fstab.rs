//! `/etc/fstab`.

use std::borrow::Cow;

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of fstab.
pub static KIND: Kind = Kind {
    name: "fstab",
    about: "/etc/fstab",
    guess,
    read,
};

/// One line of fstab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// Device, `UUID=...`, `LABEL=...`, or `nid:/fsname`.
    pub source: Cow<'a, str>,
    /// Mount point, `none` or `swap`.
    pub target: Cow<'a, str>,
    /// Type.
    pub fstype: &'a str,
    /// Options as written, parted by commas.
    pub options: &'a str,
    /// Fifth field, 0 if absent.
    pub dump: u32,
    /// Sixth field, 0 if absent.
    pub pass: u32,
}

/// Reads every entry; comments and blank lines are no records and no skips.
pub fn parse(input: &[u8]) -> (Vec<Entry<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut entries = Vec::new();
    for line in text::lines(input, &mut skips) {
        if line.text.trim().is_empty() || line.text.trim_start().starts_with('#') {
            continue;
        }
        match entry(line.text) {
            Some(entry) => entries.push(entry),
            None => skips.push(text::bad_line(line, "wanted an fstab entry")),
        }
    }
    (entries, skips)
}

fn entry(text: &str) -> Option<Entry<'_>> {
    let fields: Vec<&str> = text
        .split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .collect();
    let [source, target, fstype, rest @ ..] = fields.as_slice() else {
        return None;
    };
    let number = |at: usize| rest.get(at).map_or(Ok(0), |one| one.parse());
    let sane = target.starts_with('/') || matches!(*target, "none" | "swap");
    (sane && rest.len() <= 3).then_some(Entry {
        source: text::unescape_octal(source),
        target: text::unescape_octal(target),
        fstype,
        options: rest.first().copied().unwrap_or("defaults"),
        dump: number(1).ok()?,
        pass: number(2).ok()?,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let body: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .take(20)
        .collect();
    let found = body
        .iter()
        .filter(|line| {
            entry(line).is_some_and(|one| {
                one.source.contains(['/', '='])
                    || one.fstype == "tmpfs"
                    || one.fstype == "proc"
                    || one.fstype == "swap"
            })
        })
        .count();
    if body.is_empty() || found < body.len() {
        return 0;
    }
    if sample.name.contains("fstab") || text.contains("/etc/fstab") {
        93
    } else {
        70
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (entries, skips) = parse(input);
    text::emit("fstab.entry", &entries, skips, sink);
}
