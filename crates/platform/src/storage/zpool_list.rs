//! `zpool list`: text, `-H`, `-p`, `-v`, `-j`.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, table, text};

/// The reader of `zpool list`.
pub static KIND: Kind = Kind {
    name: "zpool-list",
    about: "zpool list, text, -H, -p, -v or -j",
    guess,
    read,
};

/// One pool, or with `-v` one virtual device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Name.
    pub name: String,
    /// The pool a virtual device is of; none for a pool.
    pub pool: Option<String>,
    /// Depth: 0 a pool, 1 a top-level virtual device, and so on.
    pub depth: usize,
    /// Guid, from JSON.
    pub guid: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Bytes in use.
    pub alloc: Option<u64>,
    /// Bytes free.
    pub free: Option<u64>,
    /// Bytes held by a checkpoint.
    pub ckpoint: Option<u64>,
    /// Bytes by which it could grow.
    pub expandsz: Option<u64>,
    /// Fragmentation, percent.
    pub frag: Option<u64>,
    /// Use, percent.
    pub cap: Option<f64_text::Percent>,
    /// Deduplication ratio as printed without `x`.
    pub dedup: Option<String>,
    /// Health.
    pub health: Option<String>,
    /// Alternate root.
    pub altroot: Option<String>,
}

/// A percentage that keeps its fraction.
pub mod f64_text {
    use serde::Serialize;

    /// Hundredths of a percent.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
    pub struct Percent(pub u32);

    impl Percent {
        /// Reads `32%`, `0.02%` or `1`.
        pub fn parse(text: &str) -> Option<Self> {
            let (whole, part) = text
                .trim_end_matches('%')
                .split_once('.')
                .unwrap_or((text.trim_end_matches('%'), ""));
            let hundredths: u32 = format!("{part:0<2}").get(..2)?.parse().ok()?;
            whole
                .parse::<u32>()
                .ok()?
                .checked_mul(100)?
                .checked_add(hundredths)
                .map(Self)
        }
    }
}

const COLUMNS: [&str; 11] = [
    "NAME", "SIZE", "ALLOC", "FREE", "CKPOINT", "EXPANDSZ", "FRAG", "CAP", "DEDUP", "HEALTH",
    "ALTROOT",
];

impl Row {
    fn set(&mut self, column: &str, value: &str) {
        let Some(value) = text::some(value) else {
            return;
        };
        let bytes = || text::size(&value).map(|(bytes, _)| bytes);
        match column.to_ascii_uppercase().as_str() {
            "NAME" => self.name = value,
            "SIZE" => self.size = bytes(),
            "ALLOC" | "ALLOCATED" => self.alloc = bytes(),
            "FREE" => self.free = bytes(),
            "CKPOINT" | "CHECKPOINT" => self.ckpoint = bytes(),
            "EXPANDSZ" | "EXPANDSIZE" => self.expandsz = bytes(),
            "FRAG" | "FRAGMENTATION" => self.frag = value.trim_end_matches('%').parse().ok(),
            "CAP" | "CAPACITY" => self.cap = f64_text::Percent::parse(&value),
            "DEDUP" | "DEDUPRATIO" => self.dedup = Some(value.trim_end_matches('x').to_owned()),
            "HEALTH" => self.health = Some(value),
            "ALTROOT" => self.altroot = Some(value),
            _ => {}
        }
    }
}

/// Reads pools, and with `-v` their virtual devices, in the order printed.
pub fn parse(input: &[u8]) -> (Vec<Row>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut rows = Vec::new();
    if json::is_object(input) {
        if let Some(value) = json::read(input, &mut skips) {
            match value.get("pools").and_then(Value::as_object) {
                Some(pools) => pools
                    .iter()
                    .for_each(|(name, pool)| add_json(&mut rows, name, pool, None, 0)),
                None => skips.push(Skip::new(1, SkipKind::BadValue, "no `pools` object")),
            }
        }
        return (rows, skips);
    }
    let mut lines = text::lines(input, &mut skips);
    lines.retain(|line| !line.text.trim().is_empty() && !text::is_prompt(line.text));
    match lines.iter().position(|line| is_heading(line.text)) {
        Some(at) => headed(&lines[at..], &mut rows, &mut skips),
        None => lines
            .iter()
            .for_each(|line| match tabbed(line.text, rows.last()) {
                Some(row) => rows.push(row),
                None if line.text.starts_with("no pools available")
                    || line.text.starts_with("cannot ") =>
                {
                    skips.push(Skip::new(
                        line.no,
                        SkipKind::ErrorText,
                        text::cut(line.text),
                    ));
                }
                None => skips.push(text::bad_line(*line, "wanted a row of zpool list")),
            }),
    }
    (rows, skips)
}

fn headed(lines: &[text::Line<'_>], rows: &mut Vec<Row>, skips: &mut Vec<Skip>) {
    let headings = table::headings(lines[0].text, 1);
    let mut pool = None;
    for found in table::rows(&headings, &lines[1..]) {
        let mut row = Row {
            depth: found.indent.div_ceil(2),
            ..Row::default()
        };
        for (heading, cell) in headings.iter().zip(&found.cells) {
            row.set(&heading.name, cell);
        }
        if row.name.is_empty() || row.name.contains(' ') {
            skips.push(text::bad_line(found.line, "wanted a row of zpool list"));
            continue;
        }
        if row.depth == 0 {
            pool = Some(row.name.clone());
        } else {
            row.pool.clone_from(&pool);
        }
        rows.push(row);
    }
}

/// A row of `-H`: the default columns with tabs between; old tools have no CKPOINT.
fn tabbed(text: &str, above: Option<&Row>) -> Option<Row> {
    let member = text.starts_with('\t');
    let cells: Vec<&str> = text.trim_start_matches('\t').split('\t').collect();
    let columns: Vec<&str> = match cells.len() {
        11 => COLUMNS.to_vec(),
        10 => COLUMNS
            .into_iter()
            .filter(|column| *column != "CKPOINT")
            .collect(),
        _ => return None,
    };
    let mut row = Row::default();
    for (column, cell) in columns.iter().zip(&cells) {
        row.set(column, cell);
    }
    if member {
        row.depth = 1;
        row.pool = above.map(|above| above.pool.clone().unwrap_or_else(|| above.name.clone()));
    }
    let sane = !row.name.is_empty() && (row.size.is_some() || cells[1] == "-");
    sane.then_some(row)
}

fn add_json(rows: &mut Vec<Row>, name: &str, value: &Value, pool: Option<&str>, depth: usize) {
    let mut row = Row {
        name: name.to_owned(),
        pool: pool.map(str::to_owned),
        depth,
        ..Row::default()
    };
    row.guid = json::field(value, "pool_guid").or_else(|| json::field(value, "guid"));
    row.health = json::field(value, "state");
    for (key, property) in value
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(found) = property.get("value").and_then(json::text) {
            row.set(key, &found);
        }
    }
    rows.push(row);
    for (child, vdev) in value
        .get("vdevs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if child == name && depth == 0 {
            let inner = vdev
                .get("vdevs")
                .and_then(Value::as_object)
                .into_iter()
                .flatten();
            inner.for_each(|(child, vdev)| add_json(rows, child, vdev, Some(name), 1));
        } else {
            add_json(rows, child, vdev, Some(pool.unwrap_or(name)), depth + 1);
        }
    }
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.first() == Some(&"NAME")
        && words.iter().filter(|word| COLUMNS.contains(word)).count() >= 3
        && words
            .iter()
            .any(|word| matches!(*word, "ALLOC" | "HEALTH" | "CAP"))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if let Some(at) = text.find("\"output_version\"").filter(|&at| at < 200) {
        return if text[at..]
            .lines()
            .take(4)
            .any(|line| line.contains("\"zpool list\""))
        {
            98
        } else {
            0
        };
    }
    let first = text::first_line(text);
    if is_heading(first) {
        return 97;
    }
    let state = |row: Row| {
        row.health
            .is_some_and(|health| health.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    if tabbed(first, None).is_some_and(state) {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (rows, skips) = parse(input);
    text::emit("zpool.list", &rows, skips, sink);
}
