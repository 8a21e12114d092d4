//! `systemctl status`: a block a unit, with its last messages.

use stdx::reading::{Likelihood, Sample, Skip};

use super::{Unit, is_unit, some};
use crate::ha::lines;

/// Reads every unit. Its tree of processes and its messages are passed by: they
/// are the journal's to tell.
pub fn parse(input: &[u8]) -> (Vec<Unit>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::<Unit>::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        if let Some(unit) = title(line.text) {
            found.push(unit);
        } else if let Some(unit) = found.last_mut() {
            detail(unit, line.text.trim());
        } else if !line.text.trim().is_empty() {
            skips.push(line.bad("no unit before this"));
        }
    }
    (found, skips)
}

/// `● chronyd.service - NTP client/server`.
fn title(text: &str) -> Option<Unit> {
    let marks = ['●', '*', '○', '×', '↻'];
    let marked = text.strip_prefix(marks).map(str::trim_start);
    let bare = marked.unwrap_or(text);
    let (name, description) = match bare.split_once(" - ") {
        Some((name, description)) => (name, some(description)),
        None => (bare, None),
    };
    let is_title = is_unit(name)
        && !name.contains(char::is_whitespace)
        && (marked.is_some() || description.is_some());
    is_title.then(|| Unit {
        name: name.to_owned(),
        description,
        ..Unit::default()
    })
}

fn detail(unit: &mut Unit, text: &str) {
    let Some((key, value)) = text.split_once(": ") else {
        return;
    };
    let value = value.trim();
    let word = |text: &str| some(text.split([' ', '(', ';']).next().unwrap_or_default());
    match key {
        "Loaded" if unit.load.is_none() => {
            unit.load = word(value);
            let inside = value.split_once('(').map_or("", |(_, inside)| inside);
            for part in inside.trim_end_matches(')').split(';').skip(1) {
                match part.trim().split_once("preset: ") {
                    Some((_, preset)) => unit.preset = some(preset),
                    None => unit.enabled = unit.enabled.take().or_else(|| some(part)),
                }
            }
        }
        "Active" if unit.active.is_none() => {
            unit.active = word(value);
            let inside = value.split_once('(').map(|(_, inside)| inside);
            unit.sub = inside.and_then(|inside| some(inside.split([')', ' ']).next()?));
        }
        "Main PID" => unit.main_pid = word(value).and_then(|pid| pid.parse().ok()),
        _ => {}
    }
}

pub(super) fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.lines().any(|line| line.trim_start().starts_with(key));
    let has_title = text.lines().take(5).any(|line| title(line).is_some());
    if has_title && has("Loaded: ") && has("Active: ") {
        93
    } else {
        0
    }
}
