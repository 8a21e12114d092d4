//! Quota entries: limits on the master (`glb-usr`), use on a target (`acct_user`).
//!
//! A header line (`global_pool0_dt_usr`, `usr_accounting:`), then for each id
//! `- id:` and one line of `limits: {…}` or `usage: {…}`.

use super::scan::{Pairs, trim};
use super::stats::number;
use super::{Lines, skip};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// One id's entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// User, group or project id; a name where one is printed.
    pub id: &'a str,
    /// Hard limit, KiB or inodes; 0 is none.
    pub hard: Option<u64>,
    /// Soft limit.
    pub soft: Option<u64>,
    /// Granted to targets.
    pub granted: Option<u64>,
    /// Grace left or moment of expiry, as printed.
    pub time: Option<u64>,
    /// Inodes in use.
    pub inodes: Option<u64>,
    /// KiB in use.
    pub kbytes: Option<u64>,
}

/// The entries, and a skip for each line that is of none.
pub fn entries(lines: Lines<'_>) -> Entries<'_> {
    Entries { lines, id: None }
}

/// Iterator of [`entries`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    lines: Lines<'a>,
    id: Option<(&'a str, u64)>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Skip>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(line) = self.lines.next() else {
                let (id, number) = self.id.take()?;
                return Some(Err(skip(
                    number,
                    SkipKind::Truncated,
                    "an id without an entry",
                    id,
                )));
            };
            let text = trim(line.text);
            if text.is_empty() || is_header(text) {
                continue;
            }
            if let Some(id) = text.strip_prefix("- id:") {
                let before = self.id.replace((trim(id), line.number));
                if let Some((id, number)) = before {
                    return Some(Err(skip(
                        number,
                        SkipKind::Truncated,
                        "an id without an entry",
                        id,
                    )));
                }
                continue;
            }
            let id = self.id.take().map(|(id, _)| id);
            let is_not = text.ends_with("not supported");
            let kind = if is_not {
                SkipKind::NotSupported
            } else {
                SkipKind::BadLine
            };
            return Some(
                id.and_then(|id| entry(id, text))
                    .ok_or_else(|| skip(line.number, kind, "not a quota entry", text)),
            );
        }
    }
}

fn is_header(text: &str) -> bool {
    text.ends_with("_accounting:")
        || text.starts_with("global_pool") && !text.contains(' ')
        || text.starts_with("global_index") && !text.contains(' ')
}

fn entry<'a>(id: &'a str, text: &'a str) -> Option<Entry<'a>> {
    let map = text
        .strip_prefix("limits:")
        .or(text.strip_prefix("usage:"))?;
    let mut pairs = Pairs::new(trim(map).strip_prefix('{')?);
    let mut entry = Entry {
        id,
        ..Entry::default()
    };
    for (key, value) in pairs.by_ref() {
        let value = number(value);
        match key {
            "hard" => entry.hard = value,
            "soft" => entry.soft = value,
            "granted" => entry.granted = value,
            "time" => entry.time = value,
            "inodes" => entry.inodes = value,
            "kbytes" => entry.kbytes = value,
            _ => {}
        }
    }
    // A line that was cut off before its brace is not trusted.
    if pairs.rest() != "}" {
        return None;
    }
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read() {
        let text = "global_pool0_dt_usr\n- id:      0\n  limits:  { hard: 0, soft: 1, granted: 2, time: 604800 }\n- id: 500\n- id: 7\n  limits: { hard: 9 }\n- id: 8\n  not supported";
        let shown: Vec<String> = entries(Lines::new(text.as_bytes(), 1))
            .map(|e| match e {
                Ok(e) => format!("{}={:?}/{:?}", e.id, e.hard, e.granted),
                Err(skip) => format!("!{}{:?}", skip.line, skip.kind),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "0=Some(0)/Some(2)",
                "!4Truncated",
                "7=Some(9)/None",
                "!8NotSupported"
            ]
        );
        let usage = "usr_accounting:\n- id:      0\n  usage:   { inodes: 3, kbytes: 5 }";
        let all: Vec<_> = entries(Lines::new(usage.as_bytes(), 1)).collect();
        assert_eq!(
            all[0].as_ref().map(|e| (e.inodes, e.kbytes)),
            Ok((Some(3), Some(5)))
        );
    }
}
