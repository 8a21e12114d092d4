//! `zpool iostat`, also with `-v` and `-H`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of `zpool iostat`.
pub static KIND: Kind = Kind {
    name: "zpool-iostat",
    about: "zpool iostat, also -v, -H, -p",
    guess,
    read,
};

/// One row. With `-H` the depth is not printed and is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Pool or virtual device.
    pub name: String,
    /// 0 a pool, 1 a top-level virtual device, and so on.
    pub depth: usize,
    /// Bytes in use.
    pub alloc: Option<u64>,
    /// Bytes free.
    pub free: Option<u64>,
    /// Reads per second.
    pub read_ops: Option<u64>,
    /// Writes per second.
    pub write_ops: Option<u64>,
    /// Bytes read per second.
    pub read_bytes: Option<u64>,
    /// Bytes written per second.
    pub write_bytes: Option<u64>,
    /// Further columns as printed (`-l`, `-q`, `-c`).
    pub more: Vec<String>,
}

/// Reads every row.
pub fn parse(input: &[u8]) -> (Vec<Row>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        let title = text.starts_with("capacity ") || is_heading(text) || text.starts_with("---");
        if text.is_empty() || title || text::is_prompt(line.text) {
            continue;
        }
        match row(line.text) {
            Some(row) => out.push(row),
            // Titles of classes: `logs`, `cache`, `special`.
            None if matches!(
                text.split_whitespace().next(),
                Some("logs" | "cache" | "special" | "dedup" | "spares")
            ) => {}
            None => skips.push(text::bad_line(line, "wanted a row of zpool iostat")),
        }
    }
    (out, skips)
}

fn row(text: &str) -> Option<Row> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, alloc, free, reads, writes, read, write, more @ ..] = words.as_slice() else {
        return None;
    };
    let value = |word: &str| text::size(word).map(|(value, _)| value);
    let fits = [alloc, free, reads, writes, read, write]
        .iter()
        .all(|word| **word == "-" || value(word).is_some());
    (fits && !name.starts_with('-')).then(|| Row {
        name: (*name).to_owned(),
        depth: indent / 2,
        alloc: value(alloc),
        free: value(free),
        read_ops: value(reads),
        write_ops: value(writes),
        read_bytes: value(read),
        write_bytes: value(write),
        more: more.iter().map(|word| (*word).to_owned()).collect(),
    })
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    matches!(words.first(), Some(&"pool" | &"vdev"))
        && words.get(1..5) == Some(&["alloc", "free", "read", "write"])
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.lines().take(6).any(|line| is_heading(line.trim())) {
        return 96;
    }
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(6)
        .collect();
    let tabbed = |line: &&str| {
        line.split('\t').count() == 7
            && row(line).is_some()
            && line.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    if !lines.is_empty() && lines.iter().all(tabbed) {
        80
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (rows, skips) = parse(input);
    text::emit("zpool.iostat", &rows, skips, sink);
}
