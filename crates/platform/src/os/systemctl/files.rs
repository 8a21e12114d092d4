//! `systemctl list-unit-files`.

use serde_json::Value;
use stdx::reading::{Likelihood, Sample, Skip, SkipKind};

use super::{Unit, is_unit, listed, some};
use crate::ha::lines;
use crate::storage::json;

const STATES: [&str; 14] = [
    "enabled",
    "enabled-runtime",
    "linked",
    "linked-runtime",
    "alias",
    "masked",
    "masked-runtime",
    "static",
    "disabled",
    "indirect",
    "generated",
    "transient",
    "bad",
    "invalid",
];

/// Reads every unit.
pub fn parse(input: &[u8]) -> (Vec<Unit>, Vec<Skip>) {
    if listed::is_json(input) {
        return from_json(input);
    }
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        let is_foot = text.ends_with("unit files listed.") || text.ends_with("unit file listed.");
        if text.is_empty() || is_heading(text) || is_foot {
            continue;
        }
        match row(text) {
            Some(unit) => found.push(unit),
            None if lines::is_error(text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad("no unit file with its state")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_heading(text: &str) -> bool {
    text.starts_with("UNIT FILE") && text.contains("STATE")
}

fn row(text: &str) -> Option<Unit> {
    let mut words = text.split_whitespace();
    let (name, state) = (words.next()?, words.next()?);
    let preset = words.next();
    let is_row = STATES.contains(&state) && words.next().is_none();
    is_row.then(|| Unit {
        name: name.to_owned(),
        enabled: Some(state.to_owned()),
        preset: preset.and_then(some),
        ..Unit::default()
    })
}

fn from_json(input: &[u8]) -> (Vec<Unit>, Vec<Skip>) {
    let mut skips = Vec::new();
    let list = match json::read(input, &mut skips) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let unit = |value: &Value| {
        let preset = json::field(value, "preset").or_else(|| json::field(value, "vendor_preset"));
        Some(Unit {
            name: json::text(&value["unit_file"])?,
            enabled: json::field(value, "state"),
            preset,
            ..Unit::default()
        })
    };
    (list.iter().filter_map(unit).collect(), skips)
}

pub(super) fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if listed::is_json(sample.head) {
        return if text.contains("\"unit_file\"") {
            92
        } else {
            0
        };
    }
    let mut full = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !lines::is_prompt(line));
    let Some(first) = full.next() else { return 0 };
    let is_row = |line: &str| row(line.trim()).is_some_and(|unit| is_unit(&unit.name));
    if is_heading(first) {
        95
    } else if is_row(first) && full.next().is_some_and(is_row) {
        85
    } else {
        0
    }
}
