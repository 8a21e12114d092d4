//! `zpool history`, also with `-i` and `-l`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of `zpool history`.
pub static KIND: Kind = Kind {
    name: "zpool-history",
    about: "zpool history, also -i, -l",
    guess,
    read,
};

/// One event of a pool's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// The pool.
    pub pool: &'a str,
    /// Local time, `2026-11-21.00:35:06`.
    pub time: &'a str,
    /// Transaction group of an internal event.
    pub txg: Option<u64>,
    /// The command or event, without the suffix of `-l`.
    pub text: &'a str,
    /// Host, from `-l`.
    pub host: Option<&'a str>,
    /// User, from `-l`.
    pub user: Option<&'a str>,
    /// Further lines of an ioctl event.
    pub detail: Vec<&'a str>,
}

/// Reads every entry.
pub fn parse(input: &[u8]) -> (Vec<Entry<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out: Vec<Entry<'_>> = Vec::new();
    let mut pool = "";
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text::is_prompt(line.text) {
            continue;
        }
        if let Some(name) = text
            .strip_prefix("History for '")
            .and_then(|rest| rest.strip_suffix("':"))
        {
            pool = name;
        } else if let Some((time, rest)) = text.split_once(' ').filter(|(time, _)| is_time(time)) {
            out.push(entry(pool, time, rest.trim()));
        } else if text.starts_with("cannot ") || text.starts_with("no pools") {
            skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
        } else if let Some(last) = out.last_mut().filter(|last| last.pool == pool) {
            match origin(text).filter(|(before, _, _)| before.is_empty()) {
                Some((_, user, host)) => (last.user, last.host) = (user, host),
                None => last.detail.push(line.text),
            }
        } else {
            skips.push(text::bad_line(line, "wanted an entry of a pool's history"));
        }
    }
    (out, skips)
}

fn entry<'a>(pool: &'a str, time: &'a str, rest: &'a str) -> Entry<'a> {
    let (rest, user, host) = origin(rest).unwrap_or((rest, None, None));
    let internal = rest
        .strip_prefix("[txg:")
        .and_then(|one| one.split_once("] "));
    let (txg, text) = match internal {
        Some((txg, text)) => (txg.parse().ok(), text),
        None => (None, rest),
    };
    Entry {
        pool,
        time,
        txg,
        text,
        host,
        user,
        detail: Vec::new(),
    }
}

/// Parts off `[user 0 (root) on node1:linux]` or `[on node1]`.
fn origin(text: &str) -> Option<(&str, Option<&str>, Option<&str>)> {
    let open = text.rfind('[')?;
    let inner = text[open + 1..].strip_suffix(']')?;
    if let Some(host) = inner.strip_prefix("on ") {
        return Some((text[..open].trim_end(), None, Some(host)));
    }
    let (user, host) = inner.strip_prefix("user ")?.split_once(" on ")?;
    Some((text[..open].trim_end(), Some(user), Some(host)))
}

fn is_time(word: &str) -> bool {
    let shape: String = word
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00.00:00:00"
}

fn guess(sample: Sample<'_>) -> Likelihood {
    if text::first_line(sample.text()).starts_with("History for '") {
        98
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (entries, skips) = parse(input);
    text::emit("zpool.history", &entries, skips, sink);
}
