//! `timedatectl`: `status`, `show`, `timesync-status`, `show-timesync`.

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;
use crate::os::clock;

/// The reader of `timedatectl status` and `timedatectl timesync-status`.
pub static STATUS: Kind = Kind {
    name: "timedatectl",
    about: "timedatectl, timedatectl timesync-status",
    guess: guess_status,
    read: |input, sink| emit(status(input), sink),
};

/// The reader of `timedatectl show` and `timedatectl show-timesync`.
pub static SHOW: Kind = Kind {
    name: "timedatectl-show",
    about: "timedatectl show, timedatectl show-timesync",
    guess: guess_show,
    read: |input, sink| emit(show(input), sink),
};

/// What systemd says of the clock; what a command does not tell is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimeDate {
    /// `Europe/Athens`.
    pub time_zone: Option<String>,
    /// Whether the clock was set from the network.
    pub is_synced: Option<bool>,
    /// Whether a service that does so is on.
    pub is_ntp_on: Option<bool>,
    /// Whether the hardware's clock runs in the local zone, which it should not.
    pub is_rtc_local: Option<bool>,
    /// The server that is followed.
    pub server: Option<String>,
    /// Its hops to a reference clock.
    pub stratum: Option<u8>,
    /// Error of this clock by that server, nanoseconds.
    pub offset_ns: Option<i64>,
    /// Every field as printed, by name.
    pub fields: BTreeMap<String, String>,
}

/// Reads `Name: value` lines.
pub fn status(input: &[u8]) -> (TimeDate, Vec<Skip>) {
    let (mut found, mut skips) = (TimeDate::default(), Vec::new());
    let mut last = String::new();
    let mut is_warning = false;
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        is_warning |= line.text.to_ascii_lowercase().starts_with("warning:");
        if text.is_empty() || is_warning {
            continue;
        }
        match text
            .split_once(": ")
            .or_else(|| Some((text.strip_suffix(':')?, "")))
        {
            Some((key, value)) if is_status_key(key) => {
                set_status(&mut found, key, value.trim());
                key.clone_into(&mut last);
                found.fields.insert(key.to_owned(), value.trim().to_owned());
            }
            // A change of daylight saving time is told on two lines more.
            _ if last.ends_with("DST change") => {
                if let Some(value) = found.fields.get_mut(&last) {
                    value.push('\n');
                    value.push_str(text);
                }
            }
            _ if lines::is_error(text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            _ => skips.push(line.bad("no field of timedatectl")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_status_key(key: &str) -> bool {
    const KEYS: [&str; 26] = [
        "Local time",
        "Universal time",
        "Timezone",
        "Time zone",
        "RTC time",
        "NTP enabled",
        "NTP synchronized",
        "NTP service",
        "Network time on",
        "System clock synchronized",
        "systemd-timesyncd.service active",
        "RTC in local TZ",
        "DST active",
        "Last DST change",
        "Next DST change",
        "Server",
        "Poll interval",
        "Leap",
        "Version",
        "Stratum",
        "Reference",
        "Precision",
        "Root distance",
        "Offset",
        "Delay",
        "Jitter",
    ];
    KEYS.contains(&key) || key == "Packet count" || key == "Frequency"
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "yes" | "active" => Some(true),
        "no" | "inactive" | "n/a" => Some(false),
        _ => None,
    }
}

fn set_status(found: &mut TimeDate, key: &str, value: &str) {
    match key {
        "Time zone" | "Timezone" => {
            found.time_zone = value.split_whitespace().next().map(str::to_owned);
        }
        "NTP synchronized" | "System clock synchronized" => found.is_synced = flag(value),
        "NTP enabled" | "NTP service" | "Network time on" | "systemd-timesyncd.service active" => {
            found.is_ntp_on = flag(value);
        }
        "RTC in local TZ" => found.is_rtc_local = flag(value),
        "Server" => {
            let name = value
                .split_once('(')
                .map(|(_, name)| name.trim_end_matches(')'));
            found.server = Some(name.unwrap_or(value).to_owned()).filter(|name| name != "n/a");
        }
        "Stratum" => found.stratum = value.parse().ok(),
        "Offset" => found.offset_ns = clock::with_unit(value),
        _ => {}
    }
}

/// Reads `Name=value` lines.
pub fn show(input: &[u8]) -> (TimeDate, Vec<Skip>) {
    let (mut found, mut skips) = (TimeDate::default(), Vec::new());
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        let pair = line.text.split_once('=');
        let Some((key, value)) =
            pair.filter(|(key, _)| key.bytes().all(|b| b.is_ascii_alphanumeric()))
        else {
            skips.push(if lines::is_error(line.text) {
                line.skip(SkipKind::ErrorText, "an error")
            } else {
                line.bad("no Name=value")
            });
            continue;
        };
        match key {
            "Timezone" => found.time_zone = Some(value.to_owned()).filter(|zone| !zone.is_empty()),
            "NTPSynchronized" => found.is_synced = flag(value),
            "NTP" => found.is_ntp_on = flag(value),
            "LocalRTC" => found.is_rtc_local = flag(value),
            "ServerName" => found.server = Some(value.to_owned()).filter(|name| !name.is_empty()),
            "NTPMessage" => found.stratum = message_field(value, "Stratum"),
            _ => {}
        }
        found.fields.insert(key.to_owned(), value.to_owned());
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

/// `{ Leap=0, Version=4, Mode=4, Stratum=2, … }`.
fn message_field(message: &str, key: &str) -> Option<u8> {
    let mut parts = message.trim_matches(['{', '}', ' ']).split(',');
    parts.find_map(|part| {
        part.trim()
            .strip_prefix(key)?
            .strip_prefix('=')?
            .parse()
            .ok()
    })
}

fn guess_status(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let keys = text.lines().filter_map(|line| line.trim().split_once(": "));
    let n_keys = keys.filter(|(key, _)| is_status_key(key)).count();
    let has = |word: &str| text.contains(word);
    let is_status = has("Universal time:") && has("Local time:");
    let is_timesync = has("Poll interval:") && has("Server:") && n_keys >= 2;
    if is_status || is_timesync { 95 } else { 0 }
}

fn guess_show(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    if has("NTPSynchronized=") || has("Timezone=") && has("NTP=") {
        95
    } else if has("NTPMessage=") || has("ServerName=") && has("PollIntervalUSec=") {
        93
    } else {
        0
    }
}

fn emit((found, skips): (TimeDate, Vec<Skip>), sink: &mut dyn Sink) {
    if !found.fields.is_empty() {
        sink.record("time-date", &|| serde_json::json!(found));
    }
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_age_of_status_is_read() {
        let (found, skips) = status(b"      Local time: Tue 2019-03-12 10:00:00 EDT\n  Universal time: Tue 2019-03-12 14:00:00 UTC\n        RTC time: Tue 2019-03-12 14:00:00\n       Time zone: America/New_York (EDT, -0400)\n     NTP enabled: yes\nNTP synchronized: no\n RTC in local TZ: no\n      DST active: yes\n Last DST change: DST began at\n                  Sun 2019-03-10 01:59:59 EST\n                  Sun 2019-03-10 03:00:00 EDT\n");
        assert_eq!(skips, []);
        assert_eq!(found.time_zone.as_deref(), Some("America/New_York"));
        assert_eq!(
            (found.is_synced, found.is_ntp_on),
            (Some(false), Some(true))
        );
        assert_eq!(found.fields["Last DST change"].lines().count(), 3);
        let (found, skips) = status(
            b"Failed to query server: x\nNTP service: n/a\nWarning: The system\n  is odd: yes\n",
        );
        assert_eq!(
            (found.is_ntp_on, skips[0].kind),
            (Some(false), SkipKind::ErrorText)
        );
    }

    #[test]
    fn shown_values_are_read() {
        let (found, skips) = show(b"Timezone=Etc/UTC\nLocalRTC=no\nCanNTP=yes\nNTP=yes\nNTPSynchronized=yes\nTimeUSec=Sat 2026-11-21 08:00:00 UTC\n\nServerName=ntp.example.com\nNTPMessage={ Leap=0, Version=4, Mode=4, Stratum=2, Precision=-24 }\n???\n");
        assert_eq!((skips.len(), skips[0].line), (1, 10));
        assert_eq!((found.is_synced, found.stratum), (Some(true), Some(2)));
        assert_eq!(found.server.as_deref(), Some("ntp.example.com"));
    }
}
