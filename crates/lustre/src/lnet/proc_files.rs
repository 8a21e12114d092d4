//! The files of LNet under `/sys/kernel/debug/lnet` (`/proc/sys/lnet` of old):
//! `stats`, `peers`, `nis`, `routes`, `routers`, `buffers`; also several of them
//! one after the other.

use crate::lfs::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of these files.
pub static KIND: Kind = Kind {
    name: "lnet-debugfs",
    about: "files of /sys/kernel/debug/lnet: stats, peers, nis, routes, routers, buffers",
    guess,
    read,
};

/// One row of one of the tables, by the table's headings. The second of two
/// equal headings has `_2` behind it: `min`, then `min_2` for the least of `tx`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row<'a> {
    /// Its cells by heading.
    #[serde(flatten)]
    pub cells: BTreeMap<String, &'a str>,
}

/// What LNet counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Messages being worked on.
    pub messages: u64,
    /// The most at once.
    pub messages_max: u64,
    /// Errors.
    pub errors: u64,
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Messages routed.
    pub routed: u64,
    /// Messages dropped.
    pub dropped: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes routed.
    pub bytes_routed: u64,
    /// Bytes dropped.
    pub bytes_dropped: u64,
}

/// Which table a heading begins.
fn heading(text: &str) -> Option<&'static str> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    Some(match words.as_slice() {
        ["nid", "refs", "state", ..] => "peer",
        ["nid", "status", "alive", ..] => "ni",
        ["net", "hops", "priority" | "state", ..] => "route",
        ["ref", "rtr_ref", ..] => "router",
        ["pages", "count", "credits", ..] => "buffer",
        _ => return None,
    })
}

fn columns(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        let n_before = found.iter().filter(|one| one.as_str() == word).count();
        match n_before {
            0 => found.push(word.to_owned()),
            n => found.push(format!("{word}_{}", n + 1)),
        }
    }
    found
}

fn row<'a>(columns: &[String], text: &'a str) -> Option<Row<'a>> {
    let cells: Vec<&str> = text.split_ascii_whitespace().collect();
    (cells.len() == columns.len()).then(|| Row {
        cells: columns.iter().cloned().zip(cells).collect(),
    })
}

/// The eleven numbers of `stats`.
fn counters(text: &str) -> Option<Counters> {
    let numbers = text.split_ascii_whitespace().map(str::parse);
    let numbers: Result<Vec<u64>, _> = numbers.collect();
    let numbers: [u64; 11] = numbers.ok()?.try_into().ok()?;
    let [messages, messages_max, errors, messages_and_bytes @ ..] = numbers;
    let [sent, received, routed, dropped, bytes @ ..] = messages_and_bytes;
    let [bytes_sent, bytes_received, bytes_routed, bytes_dropped] = bytes;
    Some(Counters {
        messages,
        messages_max,
        errors,
        sent,
        received,
        routed,
        dropped,
        bytes_sent,
        bytes_received,
        bytes_routed,
        bytes_dropped,
    })
}

/// A heading that a person put before a file: `== peers`, `==> peers <==`.
fn is_title(text: &str) -> bool {
    text.starts_with("==")
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = text_lines(sample.text()).map(str::trim);
    let Some(first) = lines.find(|line| !is_title(line)) else {
        return 0;
    };
    match heading(first) {
        Some(_) => 92,
        None if counters(first).is_some()
            && lines.all(|line| is_title(line) || heading(line).is_some()) =>
        {
            50
        }
        None if counters(first).is_some() && sample.text().contains("\nnid ") => 85,
        None if first == "Routing disabled" || first == "Routing enabled" => 80,
        None => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut table: Option<(&str, Vec<String>)> = None;
    for line in lines(input) {
        let text = line.text.trim();
        if is_title(text) {
            table = None;
            continue;
        }
        if let Some(name) = heading(text).filter(|_| !line.is_binary) {
            table = Some((name, columns(text)));
            continue;
        }
        if let Some(state) = text.strip_prefix("Routing ") {
            sink.record(
                "lnet-debugfs.routing",
                &|| json!({"is_enabled": state == "enabled"}),
            );
            continue;
        }
        let of_table = table.as_ref().filter(|_| !line.is_binary);
        let of_table = of_table.and_then(|(name, columns)| Some((name, row(columns, text)?)));
        match (of_table, counters(text)) {
            (Some((name, row)), _) => {
                sink.record(&format!("lnet-debugfs.{name}"), &|| json!(row));
            }
            (None, Some(counters)) => sink.record("lnet-debugfs.stats", &|| json!(counters)),
            (None, None) => odd(&line, "no row of a table of LNet", sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    const TEXT: &str = "== stats\n0 15 0 3914 3893 0 3 134420856 122643612 0 1560\n== peers\n\
        nid                      refs state  last   max   rtr   min    tx   min queue\r\n\
        192.168.77.12@tcp           1    NA    -1     8     8     8     8     7 0\nbad row\n\
        == routes\nRouting disabled\nnet      hops priority   state router\n";

    #[test]
    fn tables_are_read_by_their_headings() {
        let mut found = Collected::with_records();
        read(TEXT.as_bytes(), &mut found);
        let peer = &found.records["lnet-debugfs.peer"][0];
        assert_eq!(
            (&peer["nid"], &peer["min_2"]),
            (&json!("192.168.77.12@tcp"), &json!("7"))
        );
        assert_eq!(found.records["lnet-debugfs.stats"][0]["dropped"], 3);
        assert_eq!(
            found.records["lnet-debugfs.routing"][0]["is_enabled"],
            false
        );
        assert_eq!(found.skips.len(), 1);
        let of = |text: &str| {
            guess(Sample {
                name: "",
                head: text.as_bytes(),
            })
        };
        assert_eq!(of(TEXT), 85);
        assert_eq!(of("1 2 3 4 5 6 7 8 9 10 11\n1 2\n"), 0);
    }
}
