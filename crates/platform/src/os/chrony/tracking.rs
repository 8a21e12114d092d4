//! `chronyc tracking`.

use stdx::reading::{Likelihood, Sample, Skip, SkipKind};

use super::{Tracking, skip};
use crate::ha::lines;
use crate::os::clock;

/// Reads the one answer there is.
pub fn parse(input: &[u8]) -> (Option<Tracking>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut found = None;
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        if let Some(tracking) = from_csv(line.text) {
            found = Some(tracking);
            continue;
        }
        let Some((key, value)) = line.text.split_once(':').filter(|(key, _)| is_key(key)) else {
            skips.push(skip(&line, "no answer of chronyc tracking"));
            continue;
        };
        let tracking = found.get_or_insert_with(Tracking::default);
        if set(tracking, key.trim(), value.trim()).is_none() {
            skips.push(line.skip(SkipKind::BadValue, "no such amount"));
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

const KEYS: [&str; 13] = [
    "Reference ID",
    "Stratum",
    "Ref time (UTC)",
    "System time",
    "Last offset",
    "RMS offset",
    "Frequency",
    "Residual freq",
    "Skew",
    "Root delay",
    "Root dispersion",
    "Update interval",
    "Leap status",
];

fn is_key(key: &str) -> bool {
    let key = key.trim();
    KEYS.contains(&key) || key == "Ref time"
}

/// Sets one field; none where its value is not of the form.
fn set(tracking: &mut Tracking, key: &str, value: &str) -> Option<()> {
    let amount = || {
        let mut words = value.split_whitespace();
        clock::seconds(words.next()?)
    };
    match key {
        "Reference ID" => {
            let (id, name) = value.split_once('(').unwrap_or((value, ""));
            id.trim().clone_into(&mut tracking.reference_id);
            let name = name.trim_end_matches(')');
            tracking.reference = Some(name.to_owned()).filter(|name| !name.is_empty());
        }
        "Stratum" => tracking.stratum = value.parse().ok()?,
        "Ref time (UTC)" | "Ref time" => value.clone_into(&mut tracking.reference_time),
        "System time" => {
            let sign = if value.contains("slow") { -1 } else { 1 };
            tracking.offset_ns = Some(amount()?.checked_mul(sign)?);
        }
        "Last offset" => tracking.last_offset_ns = Some(amount()?),
        "RMS offset" => tracking.rms_offset_ns = Some(amount()?),
        "Frequency" => {
            let sign = if value.contains("slow") { -1 } else { 1 };
            tracking.frequency_ppb = Some(ppb(value)?.checked_mul(sign)?);
        }
        "Skew" => tracking.skew_ppb = Some(ppb(value)?),
        "Root delay" => tracking.root_delay_ns = Some(amount()?),
        "Root dispersion" => tracking.root_dispersion_ns = Some(amount()?),
        "Leap status" => value.clone_into(&mut tracking.leap),
        _ => {}
    }
    Some(())
}

fn ppb(value: &str) -> Option<i64> {
    clock::scaled(value.split_whitespace().next()?, 1000)
}

/// `C0A80101,192.168.1.1,3,1511174582.123,0.000001,…,Normal`: fourteen fields.
fn from_csv(text: &str) -> Option<Tracking> {
    let fields: Vec<&str> = text.trim().split(',').collect();
    let [
        id,
        name,
        stratum,
        time,
        offset,
        last,
        rms,
        frequency,
        _,
        skew,
        delay,
        dispersion,
        _,
        leap,
    ] = fields.as_slice()
    else {
        return None;
    };
    let is_id = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(())?;
    Some(Tracking {
        reference_id: (*id).to_owned(),
        reference: Some((*name).to_owned()).filter(|name| !name.is_empty()),
        stratum: stratum.parse().ok()?,
        reference_time: (*time).to_owned(),
        offset_ns: clock::seconds(offset),
        last_offset_ns: clock::seconds(last),
        rms_offset_ns: clock::seconds(rms),
        frequency_ppb: clock::scaled(frequency, 1000),
        skew_ppb: clock::scaled(skew, 1000),
        root_delay_ns: clock::seconds(delay),
        root_dispersion_ns: clock::seconds(dispersion),
        leap: (*leap).to_owned(),
    })
}

pub(super) fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let keys = text.lines().filter_map(|line| line.split_once(':'));
    if keys.filter(|(key, _)| is_key(key)).count() >= 4 && text.contains("Ref") {
        return 95;
    }
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty() && !lines::is_prompt(line));
    if first.is_some_and(|line| from_csv(line).is_some()) {
        90
    } else {
        0
    }
}
