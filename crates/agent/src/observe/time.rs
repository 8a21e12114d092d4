//! What keeps the clock, and how well.

use super::Look;
use model::report::{TimeSource, TimeSync};

/// Time synchronisation, by the first tool that answers.
pub fn time(look: &mut Look<'_>) -> Option<TimeSync> {
    let commands: &[&[&str]] = &[
        &["chronyc", "-n", "tracking"],
        &["ntpq", "-np"],
        &["timedatectl", "show"],
    ];
    let (bytes, source) = look.run("time", commands)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut found = match source.split(' ').next() {
        Some("chronyc") => chrony(look, &text),
        Some("ntpq") => ntp(&text),
        _ => timedate(&text),
    };
    if found.time_zone.is_none() {
        let link = look.host().read_link("/etc/localtime").ok();
        found.time_zone = link.and_then(|path| Some(path.split_once("zoneinfo/")?.1.to_owned()));
    }
    Some(found)
}

fn chrony(look: &mut Look<'_>, text: &str) -> TimeSync {
    let value = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let offset = value("System time").and_then(|text| {
        let seconds: f64 = text.split(' ').next()?.parse().ok()?;
        Some(rounded(if text.contains("slow") {
            -seconds
        } else {
            seconds
        }))
    });
    let listed = look.run("time", &[&["chronyc", "-n", "sources"]]);
    let listed = listed
        .map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let sources = listed.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let state = words
            .next()
            .filter(|word| word.len() == 2 && word.starts_with(['^', '=', '#']))?;
        let name = words.next()?.to_owned();
        let reach = words.nth(2)?;
        Some(TimeSource {
            name,
            is_selected: state.ends_with('*'),
            is_reachable: reach != "0",
        })
    });
    TimeSync {
        service: "chrony".into(),
        is_synced: value("Leap status").map(|text| text == "Normal"),
        offset_us: offset,
        stratum: value("Stratum")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
        sources: sources.collect(),
        time_zone: None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "seconds of a clock's error fit"
)]
fn rounded(seconds: f64) -> i64 {
    (seconds * 1e3).round() as i64 * 1000
}

fn ntp(text: &str) -> TimeSync {
    let mut found = TimeSync {
        service: "ntpd".into(),
        is_synced: Some(false),
        ..TimeSync::default()
    };
    for line in text.lines().skip(2) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(name) = words.first() else { continue };
        let is_selected = name.starts_with(['*', 'o']);
        let reach = words.get(6).copied().unwrap_or("0");
        if is_selected {
            found.is_synced = Some(true);
            found.offset_us = words
                .get(8)
                .and_then(|ms| ms.parse::<f64>().ok())
                .map(|ms| rounded(ms / 1e3));
            found.stratum = words
                .get(2)
                .and_then(|n| n.parse().ok())
                .map_or(0, |n: u8| n.saturating_add(1));
        }
        found.sources.push(TimeSource {
            name: name
                .trim_start_matches(['*', '+', '-', '#', 'x', '.', 'o', '~'])
                .to_owned(),
            is_selected,
            is_reachable: reach != "0",
        });
    }
    found
}

fn timedate(text: &str) -> TimeSync {
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    TimeSync {
        service: if value("NTP") == Some("yes") {
            "systemd-timesyncd"
        } else {
            "none"
        }
        .into(),
        is_synced: value("NTPSynchronized").map(|word| word == "yes"),
        time_zone: value("Timezone").map(str::to_owned),
        ..TimeSync::default()
    }
}
