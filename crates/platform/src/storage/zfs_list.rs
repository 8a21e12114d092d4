//! `zfs list` (text, `-H`, `-j`), also bare names from `zfs list -H -o name`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, table, text};

/// The reader of `zfs list`.
pub static KIND: Kind = Kind {
    name: "zfs-list",
    about: "zfs list, text, -H or -j",
    guess,
    read,
};

/// One dataset or snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dataset {
    /// Name.
    pub name: String,
    /// Bytes in use.
    pub used: Option<u64>,
    /// Bytes to be had.
    pub available: Option<u64>,
    /// Bytes referenced.
    pub referenced: Option<u64>,
    /// Mount point, `none` or `legacy`.
    pub mountpoint: Option<String>,
    /// Other columns by lower-case name.
    pub other: BTreeMap<String, String>,
}

impl Dataset {
    fn set(&mut self, column: &str, value: &str) {
        let Some(value) = text::some(value) else {
            return;
        };
        let bytes = || text::size(&value).map(|(bytes, _)| bytes);
        match column.to_ascii_lowercase().as_str() {
            "name" => self.name = value,
            "used" => self.used = bytes(),
            "avail" | "available" => self.available = bytes(),
            "refer" | "referenced" => self.referenced = bytes(),
            "mountpoint" => self.mountpoint = Some(value),
            column => _ = self.other.insert(column.to_owned(), value),
        }
    }

    /// Whether this is a snapshot.
    pub fn is_snapshot(&self) -> bool {
        self.name.contains('@')
    }
}

/// Reads every dataset.
pub fn parse(input: &[u8]) -> (Vec<Dataset>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    if json::is_object(input) {
        if let Some(value) = json::read(input, &mut skips) {
            match value.get("datasets").and_then(Value::as_object) {
                Some(all) => out.extend(all.iter().map(|(name, one)| from_json(name, one))),
                None => skips.push(Skip::new(1, SkipKind::BadValue, "no `datasets` object")),
            }
        }
        return (out, skips);
    }
    let mut lines = text::lines(input, &mut skips);
    lines.retain(|line| !line.text.trim().is_empty() && !text::is_prompt(line.text));
    if let Some(at) = lines.iter().position(|line| is_heading(line.text)) {
        let headings = table::headings(lines[at].text, 1);
        for row in table::rows(&headings, &lines[at + 1..]) {
            let mut dataset = Dataset::default();
            headings
                .iter()
                .zip(&row.cells)
                .for_each(|(heading, cell)| dataset.set(&heading.name, cell));
            if is_name(&dataset.name) {
                out.push(dataset);
            } else {
                skips.push(text::bad_line(row.line, "wanted a row of zfs list"));
            }
        }
        return (out, skips);
    }
    for line in lines {
        match bare(line.text) {
            Some(dataset) => out.push(dataset),
            None if line.text.starts_with("cannot open")
                || line.text.starts_with("no datasets") =>
            {
                skips.push(Skip::new(
                    line.no,
                    SkipKind::ErrorText,
                    text::cut(line.text),
                ));
            }
            None => skips.push(text::bad_line(line, "wanted a dataset")),
        }
    }
    (out, skips)
}

/// A row without headings: the five default columns with tabs, or a name alone.
fn bare(text: &str) -> Option<Dataset> {
    let cells: Vec<&str> = text.trim_end().split('\t').collect();
    let mut dataset = Dataset::default();
    let columns: &[&str] = match cells.len() {
        1 => &["name"],
        5 => &["name", "used", "avail", "refer", "mountpoint"],
        _ => return None,
    };
    columns
        .iter()
        .zip(&cells)
        .for_each(|(column, cell)| dataset.set(column, cell));
    is_name(&dataset.name).then_some(dataset)
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '@' | '#' | '%')
    };
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(fits)
}

fn from_json(name: &str, value: &Value) -> Dataset {
    let mut dataset = Dataset {
        name: name.to_owned(),
        ..Dataset::default()
    };
    for (column, property) in value
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(found) = property.get("value").and_then(json::text) {
            dataset.set(column, &found);
        }
    }
    for key in ["type", "createtxg"] {
        if let Some(found) = json::field(value, key) {
            dataset.other.insert(key.to_owned(), found);
        }
    }
    dataset
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let known = ["USED", "AVAIL", "REFER", "MOUNTPOINT"];
    words.first() == Some(&"NAME")
        && words.iter().filter(|word| known.contains(word)).count() >= 2
        && !words.contains(&"MAJ:MIN")
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if let Some(at) = text.find("\"output_version\"").filter(|&at| at < 200) {
        return if text[at..]
            .lines()
            .take(4)
            .any(|line| line.contains("\"zfs list\""))
        {
            98
        } else {
            0
        };
    }
    let first = text::first_line(text);
    if is_heading(first) {
        return 96;
    }
    let sized = bare(first).is_some_and(|one| one.used.is_some() && one.referenced.is_some());
    if sized {
        return 90;
    }
    let names: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(20)
        .collect();
    let snapshots = names
        .iter()
        .all(|line| is_name(line) && line.matches('@').count() == 1);
    if !names.is_empty() && snapshots && names.iter().any(|line| line.contains('/')) {
        75
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (datasets, skips) = parse(input);
    text::emit("zfs.dataset", &datasets, skips, sink);
}
