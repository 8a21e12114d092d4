//! `systemctl show`: blocks of `Property=value`, a blank line between units.

use stdx::reading::{Likelihood, Sample, Skip, SkipKind};

use super::{Unit, some};
use crate::ha::lines;

/// Reads every unit.
pub fn parse(input: &[u8]) -> (Vec<Unit>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    let mut unit = Unit::default();
    for line in lines::read(input, &mut skips) {
        if line.text.is_empty() {
            take(&mut unit, &mut found);
            continue;
        }
        match line
            .text
            .split_once('=')
            .filter(|(key, _)| is_property(key))
        {
            Some((key, value)) => {
                // Without blank lines between them, a property that comes again
                // begins the next unit.
                if key == "Id" && unit.properties.contains_key("Id") {
                    take(&mut unit, &mut found);
                }
                set(&mut unit, key, value);
            }
            None if lines::is_error(line.text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad("no Property=value")),
        }
    }
    take(&mut unit, &mut found);
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn take(unit: &mut Unit, found: &mut Vec<Unit>) {
    let one = std::mem::take(unit);
    if !one.properties.is_empty() {
        found.push(one);
    }
}

pub(super) fn is_property(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_uppercase())
        && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn set(unit: &mut Unit, key: &str, value: &str) {
    match key {
        "Id" => value.clone_into(&mut unit.name),
        "LoadState" => unit.load = some(value),
        "ActiveState" => unit.active = some(value),
        "SubState" => unit.sub = some(value),
        "UnitFileState" => unit.enabled = some(value),
        "UnitFilePreset" => unit.preset = some(value),
        "Description" => unit.description = some(value),
        "MainPID" => unit.main_pid = value.parse().ok().filter(|pid| *pid != 0),
        _ => {}
    }
    // A property such as ExecStart may come several times.
    let known = unit.properties.entry(key.to_owned()).or_default();
    if !known.is_empty() {
        known.push('\n');
    }
    known.push_str(value);
}

pub(super) fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| {
        text.lines().any(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with('='))
        })
    };
    let n_states = ["LoadState", "ActiveState", "SubState", "UnitFileState"]
        .iter()
        .filter(|key| has(key))
        .count();
    match (has("Id"), n_states) {
        (true, 1..) => 94,
        (_, 2..) => 90,
        (_, 1) => 60,
        _ => 0,
    }
}
