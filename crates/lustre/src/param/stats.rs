//! Counter rows: `name  N samples [unit] min max sum sumsq`.
//!
//! The last four may be absent; a sum of squares may overflow and print
//! negative. Header rows (`snapshot_time`, `start_time`, `elapsed_time`) may
//! stand alone after the counters were cleared.

use super::scan::Words;
use super::{Lines, skip};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stat<'a> {
    /// Name of the operation.
    pub name: &'a str,
    /// How often.
    pub samples: u64,
    /// Unit as printed: `usecs`, `bytes`, `reqs`.
    pub unit: &'a str,
    /// Least, where printed.
    pub min: Option<u64>,
    /// Most, where printed.
    pub max: Option<u64>,
    /// Sum, where printed.
    pub sum: Option<u64>,
    /// Sum of squares, where printed and not overflowed.
    pub sum_squares: Option<u64>,
}

/// A row of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stamp<'a> {
    /// `snapshot_time`, `start_time`, `elapsed_time`.
    pub name: &'a str,
    /// Seconds with fraction, as printed.
    pub seconds: &'a str,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Row<'a> {
    /// Of the header.
    Stamp(Stamp<'a>),
    /// A counter.
    Stat(Stat<'a>),
}

/// Whether there is nothing but the header.
pub(crate) fn is_only_header(lines: Lines<'_>) -> bool {
    let mut rows = lines.filter(|line| !line.text.trim().is_empty());
    rows.all(|line| is_stamp(line.text))
}

fn is_stamp(text: &str) -> bool {
    matches!(text.as_bytes().first(), Some(b's' | b'e'))
        && ["snapshot_time", "start_time", "elapsed_time"]
            .iter()
            .any(|name| text.starts_with(name))
}

/// The rows, and a skip for each line that is none.
pub fn rows(lines: Lines<'_>) -> impl Iterator<Item = Result<Row<'_>, Skip>> {
    lines.filter_map(|line| match row(line.text) {
        Some(row) => Some(Ok(row)),
        None => bad(&line).map(Err),
    })
}

/// A line that is no row; nothing if it is blank.
fn bad(line: &super::Line<'_>) -> Option<Skip> {
    let is_blank = line.text.trim().is_empty();
    let (kind, what) = match (line.is_binary, is_blank) {
        (true, true) => (SkipKind::Binary, "not text"),
        (true, false) => (SkipKind::Binary, "not a counter"),
        (false, true) => return None,
        (false, false) => (SkipKind::BadLine, "not a counter"),
    };
    Some(skip(line.number, kind, what, line.text))
}

/// Whether a row is a counter, by its first words.
#[inline]
pub(crate) fn is_counter(text: &str) -> bool {
    let mut words = Words::new(text);
    words.next().is_some() && words.number().is_some() && words.next() == Some("samples")
}

/// Reads one row.
#[inline]
pub(crate) fn row(text: &str) -> Option<Row<'_>> {
    let mut words = Words::new(text);
    let name = words.next()?;
    if is_stamp(name) {
        return Some(Row::Stamp(Stamp {
            name: name.trim_end_matches(':'),
            seconds: words.next()?,
        }));
    }
    let samples = words.number()?;
    if words.next()? != "samples" {
        return None;
    }
    let unit = words.next()?.strip_prefix('[')?.strip_suffix(']')?;
    Some(Row::Stat(Stat {
        name,
        samples,
        unit,
        min: words.number(),
        max: words.number(),
        sum: words.number(),
        sum_squares: words.number(),
    }))
}

/// Decimal digits only; faster than `str::parse`, and strict.
#[inline]
pub(crate) fn number(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 20 {
        return None;
    }
    let mut value: u64 = 0;
    // 19 digits never overflow.
    let (safe, last) = bytes.split_at(bytes.len().min(19));
    for &byte in safe {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    for &byte in last {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown: Vec<String> = rows(Lines::new(text.as_bytes(), 1))
            .map(|row| match row {
                Ok(Row::Stamp(s)) => format!("{}={}", s.name, s.seconds),
                Ok(Row::Stat(s)) => format!("{}:{}[{}]{:?}", s.name, s.samples, s.unit, s.sum),
                Err(skip) => format!("!{}", skip.line),
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{text:?}");
    }

    #[test]
    fn rows_are_read() {
        check(
            "snapshot_time 171.5 secs.nsecs\nread_bytes 3 samples [bytes] 1 2 6 14\nping 7 samples [reqs]",
            "snapshot_time=171.5 read_bytes:3[bytes]Some(6) ping:7[reqs]None",
        );
    }

    #[test]
    fn odd_rows_cost_no_neighbour() {
        check(
            "open x samples [usecs]\nclose 1 samples [usecs] 1 1 1 -5\nmkd",
            "!1 close:1[usecs]Some(1) !3",
        );
        check("\n", "");
    }

    #[test]
    fn numbers_are_strict() {
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        assert_eq!(number("18446744073709551616"), None);
        assert_eq!(number("+1"), None);
    }
}
