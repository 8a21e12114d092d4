//! What keeps the clock, and how well.

use super::Look;
use model::report::{TimeSource, TimeSync};
use platform::os::{chrony, ntp, timedatectl};

/// Time synchronisation, by the first tool that answers.
pub fn time(look: &mut Look<'_>) -> Option<TimeSync> {
    let commands: &[&[&str]] = &[
        &["chronyc", "-n", "tracking"],
        &["ntpq", "-np"],
        &["timedatectl", "show"],
    ];
    let (bytes, source) = look.run("time", commands)?;
    let mut found = match source.split(' ').next() {
        Some("chronyc") => by_chrony(look, &bytes, &source),
        Some("ntpq") => by_ntpd(look, &bytes, &source),
        _ => by_systemd(look, &bytes, &source),
    };
    if found.time_zone.is_none() {
        let link = look.host().read_link("/etc/localtime").ok();
        found.time_zone = link.and_then(|path| Some(path.split_once("zoneinfo/")?.1.to_owned()));
    }
    Some(found)
}

fn by_chrony(look: &mut Look<'_>, bytes: &[u8], source: &str) -> TimeSync {
    let (tracking, skips) = chrony::tracking(bytes);
    look.skips("time", source, &skips);
    let tracking = tracking.unwrap_or_default();
    let mut sources = Vec::new();
    if let Some((bytes, source)) = look.run("time", &[&["chronyc", "-n", "sources"]]) {
        let (found, skips) = chrony::sources(&bytes);
        look.skips("time", &source, &skips);
        sources = found;
    }
    TimeSync {
        service: "chrony".into(),
        is_synced: (!tracking.leap.is_empty()).then(|| tracking.is_synced()),
        offset_us: tracking.offset_ns.map(rounded),
        stratum: tracking.stratum,
        sources: sources
            .into_iter()
            .map(|one| TimeSource {
                is_selected: one.state == chrony::State::Selected,
                is_reachable: one.reach != 0,
                name: one.name,
            })
            .collect(),
        time_zone: None,
    }
}

fn by_ntpd(look: &mut Look<'_>, bytes: &[u8], source: &str) -> TimeSync {
    let (peers, skips) = ntp::peers(bytes);
    look.skips("time", source, &skips);
    let selected = peers.iter().find(|peer| peer.is_selected());
    TimeSync {
        service: "ntpd".into(),
        is_synced: Some(selected.is_some()),
        // The peer's clock less ours is the error of ours, turned round.
        offset_us: selected
            .and_then(|peer| peer.offset_ns)
            .map(|ns| rounded(ns.saturating_neg())),
        stratum: selected.map_or(0, |peer| peer.stratum.saturating_add(1)),
        sources: peers
            .iter()
            .map(|peer| TimeSource {
                name: peer.name.clone(),
                is_selected: peer.is_selected(),
                is_reachable: peer.reach != 0,
            })
            .collect(),
        time_zone: None,
    }
}

fn by_systemd(look: &mut Look<'_>, bytes: &[u8], source: &str) -> TimeSync {
    let (found, skips) = timedatectl::show(bytes);
    look.skips("time", source, &skips);
    let service = if found.is_ntp_on == Some(true) {
        "systemd-timesyncd"
    } else {
        "none"
    };
    TimeSync {
        service: service.into(),
        is_synced: found.is_synced,
        time_zone: found.time_zone,
        ..TimeSync::default()
    }
}

/// Microseconds, rounded to whole milliseconds so that the noise is no news.
fn rounded(ns: i64) -> i64 {
    let half = if ns < 0 { -500_000 } else { 500_000 };
    ns.saturating_add(half) / 1_000_000 * 1000
}
