//! `systemctl list-units`.

use serde_json::Value;
use stdx::reading::{Likelihood, Sample, Skip, SkipKind};

use super::{Unit, is_unit, some};
use crate::ha::lines;
use crate::storage::json;

/// Words of the load column; with the active column they prove a row.
const LOAD: [&str; 8] = [
    "loaded",
    "not-found",
    "masked",
    "error",
    "bad-setting",
    "merged",
    "stub",
    "LOAD",
];
const ACTIVE: [&str; 8] = [
    "active",
    "inactive",
    "failed",
    "activating",
    "deactivating",
    "reloading",
    "refreshing",
    "maintenance",
];

/// Reads every unit.
pub fn parse(input: &[u8]) -> (Vec<Unit>, Vec<Skip>) {
    if is_json(input) {
        return from_json(input);
    }
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    // With a job under way the list has a column for it.
    let mut has_jobs = false;
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || is_legend(text) {
            continue;
        }
        if is_heading(text) {
            has_jobs = text.contains(" JOB");
            continue;
        }
        match row(text, has_jobs) {
            Some(unit) => found.push(unit),
            None if lines::is_error(text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad("no unit with its states")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.starts_with(&["UNIT", "LOAD", "ACTIVE", "SUB"])
}

fn is_legend(text: &str) -> bool {
    let keys = ["LOAD", "ACTIVE", "SUB", "JOB", "Legend:"];
    let first = text.split_whitespace().next().unwrap_or_default();
    keys.contains(&first) && text.contains(['=', '→', '-', ':'])
        || text.contains(" units listed.")
        || text.contains(" unit listed.")
        || text.contains("loaded units listed")
        || text.starts_with("To show all installed unit files")
        || text.starts_with("lines ")
}

/// A mark such as `●` stands before a unit that is not well.
fn unmarked(text: &str) -> &str {
    text.trim_start_matches(['●', '*', '○', '×', '↻', '→', ' '])
}

fn row(text: &str, has_jobs: bool) -> Option<Unit> {
    let mut rest = unmarked(text);
    let mut next = || {
        rest = rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        rest = rest.get(end..)?;
        (!word.is_empty()).then_some(word)
    };
    let (name, load, active, sub) = (next()?, next()?, next()?, next()?);
    if !LOAD.contains(&load) || !ACTIVE.contains(&active) {
        return None;
    }
    let job = if has_jobs { job(&mut rest) } else { None };
    Some(Unit {
        name: name.to_owned(),
        load: Some(load.to_owned()),
        active: Some(active.to_owned()),
        sub: Some(sub.to_owned()),
        job,
        description: some(rest),
        ..Unit::default()
    })
}

/// The job of a row: rows without one leave its column blank.
fn job(rest: &mut &str) -> Option<String> {
    const JOBS: [&str; 9] = [
        "start",
        "verify-active",
        "stop",
        "reload",
        "restart",
        "reload-or-start",
        "try-restart",
        "try-reload",
        "nop",
    ];
    let text = rest.trim_start();
    let word = text.split_whitespace().next()?;
    if !JOBS.contains(&word) || rest.len() - text.len() > 8 {
        return None;
    }
    *rest = text.get(word.len()..)?;
    Some(word.to_owned())
}

pub(super) fn is_json(input: &[u8]) -> bool {
    input.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

fn from_json(input: &[u8]) -> (Vec<Unit>, Vec<Skip>) {
    let mut skips = Vec::new();
    let list = match json::read(input, &mut skips) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let unit = |value: &Value| {
        Some(Unit {
            name: json::text(&value["unit"])?,
            load: json::field(value, "load"),
            active: json::field(value, "active"),
            sub: json::field(value, "sub"),
            job: json::field(value, "job"),
            description: json::field(value, "description"),
            ..Unit::default()
        })
    };
    (list.iter().filter_map(unit).collect(), skips)
}

pub(super) fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if is_json(sample.head) {
        let is_ours = text.contains("\"unit\"") && text.contains("\"active\"");
        return if is_ours && text.contains("\"sub\"") {
            92
        } else {
            0
        };
    }
    let mut full = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !lines::is_prompt(line));
    let Some(first) = full.next() else { return 0 };
    if is_heading(first) {
        return 95;
    }
    let is_row = |line: &str| row(line, false).is_some_and(|unit| is_unit(&unit.name));
    if is_row(first)
        && full
            .next()
            .is_none_or(|line| is_row(line) || is_legend(line))
    {
        88
    } else {
        0
    }
}
