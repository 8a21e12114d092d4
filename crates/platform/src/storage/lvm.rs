//! `pvs`, `vgs`, `lvs`: with headings, `--nameprefixes`, `--reportformat json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, table, text};

/// The reader of LVM reports.
pub static KIND: Kind = Kind {
    name: "lvm",
    about: "pvs, vgs or lvs with headings, --nameprefixes or --reportformat json",
    guess,
    read,
};

/// What a row is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Physical volume.
    #[default]
    Pv,
    /// Volume group.
    Vg,
    /// Logical volume.
    Lv,
}

/// One row of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What the row is of.
    pub what: What,
    /// Physical volume: its node.
    pub pv: Option<String>,
    /// Volume group.
    pub vg: Option<String>,
    /// Logical volume.
    pub lv: Option<String>,
    /// UUID of that thing.
    pub uuid: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Bytes free.
    pub free: Option<u64>,
    /// Attribute letters.
    pub attr: Option<String>,
    /// The other columns by name as `--nameprefixes` has it, without `LVM2_`, in lower case.
    pub other: BTreeMap<String, String>,
}

impl Row {
    fn of(what: What) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }

    fn set(&mut self, column: &str, value: &str) {
        let Some(value) = text::some(value) else {
            return;
        };
        let bytes = || text::size(&value).map(|(bytes, _)| bytes);
        match (self.what, column) {
            (_, "pv_name" | "pv") => self.pv = Some(value),
            (_, "vg_name" | "vg") => self.vg = Some(value),
            (_, "lv_name" | "lv") => self.lv = Some(value),
            (What::Pv, "pv_uuid" | "pv uuid")
            | (What::Vg, "vg_uuid" | "vg uuid")
            | (What::Lv, "lv_uuid" | "lv uuid") => self.uuid = Some(value),
            (What::Pv, "pv_size" | "psize")
            | (What::Vg, "vg_size" | "vsize")
            | (What::Lv, "lv_size" | "lsize") => self.size = bytes(),
            (What::Pv, "pv_free" | "pfree") | (What::Vg, "vg_free" | "vfree") => {
                self.free = bytes();
            }
            (What::Pv, "pv_attr") | (What::Vg, "vg_attr") | (What::Lv, "lv_attr") | (_, "attr") => {
                self.attr = Some(value);
            }
            _ => _ = self.other.insert(column.replace(' ', "_"), value),
        }
    }
}

/// Reads any of the three forms.
pub fn parse(input: &[u8]) -> (Vec<Row>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut rows = Vec::new();
    if json::is_object(input) {
        if let Some(value) = json::read(input, &mut skips) {
            match value.get("report").and_then(Value::as_array) {
                Some(reports) => reports.iter().for_each(|one| add_json(&mut rows, one)),
                None => skips.push(Skip::new(1, SkipKind::BadValue, "no `report` list")),
            }
        }
        return (rows, skips);
    }
    let mut lines = text::lines(input, &mut skips);
    lines.retain(|line| {
        if is_message(line.text) {
            skips.push(Skip::new(
                line.no,
                SkipKind::ErrorText,
                text::cut(line.text.trim()),
            ));
        }
        !line.text.trim().is_empty() && !is_message(line.text)
    });
    let heading = lines.iter().position(|line| heading(line.text).is_some());
    for line in &lines[..heading.unwrap_or(lines.len())] {
        match prefixed(line.text) {
            Some(row) => rows.push(row),
            None => skips.push(text::bad_line(
                *line,
                "wanted a heading or LVM2_X='...' pairs",
            )),
        }
    }
    let Some(at) = heading else {
        return (rows, skips);
    };
    let Some((what, headings)) = self::heading(lines[at].text) else {
        return (rows, skips);
    };
    for found in table::rows(&headings, &lines[at + 1..]) {
        let mut row = Row::of(what);
        for (heading, cell) in headings.iter().zip(&found.cells) {
            row.set(&heading.name.to_ascii_lowercase(), cell);
        }
        if [&row.pv, &row.vg, &row.lv]
            .iter()
            .all(|name| name.is_none())
        {
            skips.push(text::bad_line(found.line, "wanted a row of an LVM report"));
        } else {
            rows.push(row);
        }
    }
    (rows, skips)
}

/// The column titles, where `PV UUID` and its like are one, and what rows are of.
fn heading(text: &str) -> Option<(What, Vec<table::Heading>)> {
    let mut merged: Vec<table::Heading> = Vec::new();
    for next in table::headings(text, 1) {
        match merged.last_mut() {
            Some(last)
                if matches!(last.name.as_str(), "PV" | "VG" | "LV")
                    && matches!(next.name.as_str(), "UUID" | "Tags")
                    && next.start == last.end + 1 =>
            {
                last.name = format!("{} {}", last.name, next.name);
                last.end = next.end;
            }
            _ => merged.push(next),
        }
    }
    let has = |name: &str| merged.iter().any(|heading| heading.name == name);
    let first = merged.first()?.name.as_str();
    let what = match first {
        _ if has("LV") && (has("LSize") || has("LV UUID")) => What::Lv,
        _ if has("PV") && (has("PSize") || has("Fmt")) => What::Pv,
        _ if has("VG") && (has("VSize") || has("#PV")) => What::Vg,
        _ => return None,
    };
    Some((what, merged))
}

/// `LVM2_PV_NAME='/dev/sdb' LVM2_VG_NAME='x'` (or with double quotes).
fn prefixed(text: &str) -> Option<Row> {
    let mut rest = text.trim();
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (value, after) = after[1..].split_once(quote)?;
        pairs.push((key.strip_prefix("LVM2_")?.to_ascii_lowercase(), value));
        rest = after.trim_start_matches([' ', ':', ',']);
    }
    let mut row = Row::of(what_of(pairs.iter().map(|(key, _)| key.as_str()))?);
    for (key, value) in &pairs {
        row.set(key, value);
    }
    Some(row)
}

fn what_of<'a>(keys: impl Iterator<Item = &'a str>) -> Option<What> {
    let mut what = None;
    for key in keys {
        what = match key {
            "lv_name" => Some(What::Lv),
            "pv_name" => what
                .max(Some(What::Pv))
                .filter(|one| *one != What::Vg)
                .or(Some(What::Pv)),
            "vg_name" => what.or(Some(What::Vg)),
            _ => what,
        };
    }
    what
}

fn add_json(rows: &mut Vec<Row>, report: &Value) {
    for (name, what) in [("pv", What::Pv), ("vg", What::Vg), ("lv", What::Lv)] {
        for found in report
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let mut row = Row::of(what);
            for (column, value) in found.as_object().into_iter().flatten() {
                if let Some(value) = json::text(value) {
                    row.set(column, &value);
                }
            }
            rows.push(row);
        }
    }
}

fn is_message(text: &str) -> bool {
    let text = text.trim();
    let begins = [
        "WARNING:",
        "Scanning ",
        "No PV label",
        "Wiping ",
        "Reloading ",
        "Using ",
        "File descriptor",
        "Failed ",
        "Cannot ",
        "Couldn't ",
        "Volume group \"",
        "Device ",
        "/dev/mapper/control",
    ];
    begins.iter().any(|begin| text.starts_with(begin))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if let Some(rest) = text.trim_start().strip_prefix('{') {
        let lvm = ["\"pv\"", "\"vg\"", "\"lv\""]
            .iter()
            .any(|key| rest.contains(key));
        return if rest.trim_start().starts_with("\"report\"") && lvm {
            96
        } else {
            0
        };
    }
    let mut body = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !is_message(line));
    let first = body.next().unwrap_or_default();
    if heading(first).is_some() || first.trim_start().starts_with("LVM2_") {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (rows, skips) = parse(input);
    text::emit("lvm.row", &rows, skips, sink);
}
