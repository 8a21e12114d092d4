//! Scans that check a target: `lfsck_layout`, `lfsck_namespace`, `oi_scrub`.
//!
//! All three print `key: value` lines with a `status`, times, positions and
//! counters; which counters there are depends on the scan and the release.

use super::flow;
use super::stats::number;
use super::{Block, skip};
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Skip, SkipKind};

/// How a scan stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scan<'a> {
    /// `lfsck_layout`, `lfsck_namespace`, `OI_scrub`.
    pub name: &'a str,
    /// `init`, `scanning`, `scanning-phase1`, `completed`, `failed`, `stopped`, `paused`, `crashed`, `partial`, …
    pub status: &'a str,
    /// `inconsistent`, `auto`, `recreated`, `upgrade`, …
    pub flags: Vec<&'a str>,
    /// What it was started with: `all_targets`, `dryrun`, …
    pub param: Vec<&'a str>,
    /// When it was last completed, seconds since 1970 (`LFSCK` only).
    pub last_completed: Option<u64>,
    /// When it was last started, seconds since 1970 (`LFSCK` only).
    pub latest_start: Option<u64>,
    /// Seconds since it was last completed.
    pub secs_since_completed: Option<u64>,
    /// Seconds since it was last started.
    pub secs_since_start: Option<u64>,
    /// Counters, times and speeds, without their units: `checked_phase1`, `repaired_dangling`.
    pub counters: BTreeMap<&'a str, u64>,
    /// Places in the scan, as printed: `latest_start_position`, `first_failure_position`.
    pub positions: BTreeMap<&'a str, &'a str>,
}

/// Reads the lines; none without a status.
pub fn scan<'a>(block: &Block<'a>, skips: &mut Vec<Skip>) -> Option<Scan<'a>> {
    let mut found = Scan::default();
    for pair in flow::pairs(block) {
        match pair {
            Ok(pair) => field(&mut found, pair.key, pair.value),
            Err(line) => skips.push(skip(
                line.number,
                SkipKind::BadLine,
                "not a field of a scan",
                line.text,
            )),
        }
    }
    (!found.status.is_empty()).then_some(found)
}

fn field<'a>(found: &mut Scan<'a>, key: &'a str, value: &'a str) {
    let count = number(value.split_ascii_whitespace().next().unwrap_or_default());
    match key {
        "name" => found.name = value,
        "status" => found.status = value,
        "flags" => found.flags = flow::items(value).collect(),
        "param" => found.param = flow::items(value).collect(),
        "last_completed_time" => found.last_completed = count,
        "latest_start_time" => found.latest_start = count,
        "time_since_last_completed" => found.secs_since_completed = count,
        "time_since_latest_start" => found.secs_since_start = count,
        "magic" => {}
        key if key.ends_with("_position") => {
            if value != "N/A" && !value.is_empty() {
                found.positions.insert(key, value);
            }
        }
        key => {
            if let Some(count) = count {
                found.counters.insert(key, count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks;
    use super::*;

    #[test]
    fn scans_are_read() {
        let text = "mdd.a-MDT0000.lfsck_layout=\nname: lfsck_layout\nmagic: 0xb1732fed\nstatus: completed\nflags: inconsistent,upgrade\nparam: all_targets\nlast_completed_time: 1795223717\ntime_since_last_completed: 12 seconds\nlatest_start_position: 63\nfirst_failure_position: N/A\nchecked_phase1: 13\naverage_speed_phase1: 13 items/sec\nreal_time_speed_phase1: N/A\n!!\n";
        let block = blocks(text.as_bytes()).next().unwrap().unwrap();
        let mut skips = Vec::new();
        let found = scan(&block, &mut skips).unwrap();
        assert_eq!((found.status, found.flags.len()), ("completed", 2));
        assert_eq!(
            (found.last_completed, found.secs_since_completed),
            (Some(1_795_223_717), Some(12))
        );
        assert_eq!(found.counters["average_speed_phase1"], 13);
        assert_eq!(found.positions.len(), 1);
        assert_eq!((skips.len(), skips[0].line), (1, 14));
    }
}
