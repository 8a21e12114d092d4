//! Histograms: `brw_stats`, `rpc_stats`, `extents_stats`, `io_latency_stats`.
//!
//! Two forms: tables with a title line and rows `bucket: ios % cum | ios % cum`,
//! and lines `name: { bucket: count, … }`.

use super::scan::{Words, trim};
use super::stats::number;
use super::{Lines, skip};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// One bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket<'a> {
    /// Title of its table: `pages per bulk r/w`, `rd_1024K`.
    pub table: &'a str,
    /// Its name: `4K`, `512us`.
    pub bucket: &'a str,
    /// Reads, or the only count.
    pub read: u64,
    /// Writes, where the table has both.
    pub write: Option<u64>,
}

const PARAMS: [&str; 9] = [
    "brw_stats",
    "rpc_stats",
    "extents_stats",
    "extents_stats_per_process",
    "io_latency_stats",
    "rename_stats",
    "offset_stats",
    "io_latency_by_size",
    "osc_stats_hist",
];

/// Whether a body is a histogram, by its parameter or its look.
pub(crate) fn is_histogram(param: &str, lines: Lines<'_>) -> bool {
    PARAMS.contains(&param)
        || lines
            .take(12)
            .any(|line| line.text.starts_with("pages per bulk") || line.text.contains("% cum %"))
}

/// The buckets, and a skip for each line that is none.
pub fn buckets(lines: Lines<'_>) -> Buckets<'_> {
    Buckets {
        lines,
        table: "",
        rest: None,
    }
}

/// Iterator of [`buckets`].
#[derive(Clone, Debug)]
pub struct Buckets<'a> {
    lines: Lines<'a>,
    table: &'a str,
    rest: Option<&'a str>,
}

impl<'a> Iterator for Buckets<'a> {
    type Item = Result<Bucket<'a>, Skip>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(bucket) = self.of_map() {
                return Some(Ok(bucket));
            }
            let line = self.lines.next()?;
            if let Some(bucket) = plain_row(self.table, line.text) {
                return Some(Ok(bucket));
            }
            let text = trim(line.text);
            if let Some(title) = plain_title(text) {
                self.table = title;
                continue;
            }
            let text = text.strip_prefix("- ").unwrap_or(text);
            if text.is_empty() || is_heading(text) {
                continue;
            }
            if let Some(name) = text.strip_suffix(':').filter(|name| !name.contains(' ')) {
                self.table = name;
                continue;
            }
            if let Some(bucket) = sampled(self.table, text) {
                return Some(Ok(bucket));
            }
            if let Some((name, map)) = text.split_once(": {") {
                (self.table, self.rest) = (name, Some(map));
                continue;
            }
            if let Some(title) = title(line.text) {
                self.table = title;
                continue;
            }
            return Some(row(self.table, text).ok_or_else(|| {
                skip(
                    line.number,
                    SkipKind::BadLine,
                    "not a row of a histogram",
                    text,
                )
            }));
        }
    }
}

impl<'a> Buckets<'a> {
    fn of_map(&mut self) -> Option<Bucket<'a>> {
        let rest = self.rest?.trim_start_matches([' ', ',']);
        let end = memchr::memchr2(b',', b'}', rest.as_bytes());
        let (pair, after) = match end {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        let bucket = pair.split_once(':').and_then(|(bucket, count)| {
            let read = number(count.trim())?;
            Some(Bucket {
                table: self.table,
                bucket: bucket.trim(),
                read,
                write: None,
            })
        });
        self.rest = if bucket.is_some() { after } else { None };
        bucket
    }
}

/// `32KB: { sample: 1, pct: 100, cum_pct: 100 }`.
fn sampled<'a>(table: &'a str, text: &'a str) -> Option<Bucket<'a>> {
    let (bucket, map) = text.split_once(':')?;
    let map = map.trim_start().strip_prefix('{')?.trim_start();
    let count = map.strip_prefix("sample:")?.split([',', '}']).next()?;
    Some(Bucket {
        table,
        bucket,
        read: number(count.trim())?,
        write: None,
    })
}

fn is_heading(text: &str) -> bool {
    // Counting is off: there is nothing but this, and how to turn it on.
    if text == "disabled" || text.starts_with("write anything to this file") {
        return true;
    }
    text.starts_with("snapshot_time")
        || text.starts_with("start_time")
        || text.starts_with("elapsed_time")
        || text.starts_with("read ") && text.contains("write")
        || text.starts_with("read\t")
        || text.starts_with("extents ")
        || text.ends_with("_by_size:")
        || text.split_ascii_whitespace().all(|word| {
            matches!(
                word,
                "|" | "%" | "cum" | "calls" | "read" | "write" | "modify"
            )
        })
        || text.split_once(':').is_some_and(|(name, _)| {
            name.contains("in flight")
                || name.ends_with("_in_flight")
                || name.starts_with("pending ")
        })
}

/// Title of the table that begins here: words, then the names of columns.
fn title(text: &str) -> Option<&str> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins
        || !text.contains("ios")
            && !text.contains("rpcs")
            && !text.contains("calls")
            && !text.contains(" maps ")
            && !text.contains(" cum %")
    {
        return None;
    }
    let end = [
        " ios ", "\tios ", " rpcs ", "\trpcs ", " ios\t", " rpcs\t", "  ",
    ]
    .iter()
    .filter_map(|mark| text.find(mark))
    .min()?;
    Some(text[..end].trim())
}

/// `4K:  5  50  50  |  7  1  1`: the row that nearly all lines are.
#[inline]
fn plain_row<'a>(table: &'a str, text: &'a str) -> Option<Bucket<'a>> {
    // Headings begin with letters.
    if !text.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let colon = text.bytes().position(|byte| byte == b':' || byte <= b' ')?;
    let bucket = text.get(..colon)?;
    let mut words = Words::new(text.get(colon..)?.strip_prefix(':')?);
    let read = words.number()?;
    let rest = words.rest();
    let write = match memchr::memchr2(b'|', b':', rest.as_bytes()) {
        Some(at) if rest.as_bytes().get(at) == Some(&b'|') => {
            Some(Words::new(rest.get(at + 1..)?).number()?)
        }
        Some(_) => return None,
        None => None,
    };
    Some(Bucket {
        table,
        bucket,
        read,
        write,
    })
}

/// `pages per bulk r/w     rpcs  % cum % |  rpcs        % cum %`: the title that
/// nearly all tables have, without the names of its columns.
#[inline]
fn plain_title(text: &str) -> Option<&str> {
    let words = text.strip_suffix("% cum %")?;
    let bytes = words.as_bytes();
    if !bytes.first()?.is_ascii_alphabetic() {
        return None;
    }
    let gap = bytes.windows(2).position(|pair| pair == b"  ")?;
    let title = words.get(..gap)?;
    let is_column = matches!(title, "rpcs" | "ios" | "maps" | "calls" | "read" | "write");
    // Where only one blank stands between, the long way finds the end.
    let has_column = title.ends_with(" ios") || title.ends_with(" rpcs");
    (!is_column && !has_column && !title.contains('\t')).then_some(title)
}

fn row<'a>(table: &'a str, text: &'a str) -> Option<Bucket<'a>> {
    let (bucket, counts) = text.rsplit_once(':')?;
    let (read, write) = match counts.split_once('|') {
        Some((read, write)) => (read, Some(write)),
        None => (counts, None),
    };
    let first = |text: &str| text.split_ascii_whitespace().next().and_then(number);
    let write = match write {
        Some(write) => Some(first(write)?),
        None => None,
    };
    Some(Bucket {
        table,
        bucket: bucket.trim(),
        read: first(read)?,
        write,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown: Vec<String> = buckets(Lines::new(text.as_bytes(), 1))
            .map(|bucket| match bucket {
                Ok(b) => format!("{}/{}={}|{:?}", b.table, b.bucket, b.read, b.write),
                Err(skip) => format!("!{}", skip.line),
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{text}");
    }

    #[test]
    fn tables_are_read() {
        check(
            "snapshot_time:         1.2 (secs.nsecs)\n\n                           read      |     write\npages per bulk r/w     rpcs  % cum % |  rpcs        % cum %\n1:\t\t         5  50  50   |    7  1   1\n2:\t\t         x\n",
            "pages per bulk r/w/1=5|Some(7) !6",
        );
    }

    #[test]
    fn maps_are_read() {
        check(
            "io_latency_by_size:\nrd_1024K: { 512us: 3, 4096us: 5, }\n",
            "rd_1024K/512us=3|None rd_1024K/4096us=5|None",
        );
    }
}
