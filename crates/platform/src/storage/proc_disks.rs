//! `/proc/partitions` and `/proc/diskstats`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of `/proc/partitions`.
pub static PARTITIONS: Kind = Kind {
    name: "partitions",
    about: "/proc/partitions",
    guess: guess_partitions,
    read: read_partitions,
};

/// The reader of `/proc/diskstats`.
pub static DISKSTATS: Kind = Kind {
    name: "diskstats",
    about: "/proc/diskstats",
    guess: guess_diskstats,
    read: read_diskstats,
};

/// One partition or disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition<'a> {
    /// Device number: major.
    pub major: u32,
    /// Device number: minor.
    pub minor: u32,
    /// KiB.
    pub blocks: u64,
    /// Kernel name.
    pub name: &'a str,
}

/// Counters of one disk since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diskstat<'a> {
    /// Device number: major.
    pub major: u32,
    /// Device number: minor.
    pub minor: u32,
    /// Kernel name.
    pub name: &'a str,
    /// Reads completed.
    pub reads: u64,
    /// Reads merged.
    pub reads_merged: u64,
    /// Sectors of 512 bytes read.
    pub read_sectors: u64,
    /// Milliseconds of reading.
    pub read_ms: u64,
    /// Writes completed.
    pub writes: u64,
    /// Writes merged.
    pub writes_merged: u64,
    /// Sectors of 512 bytes written.
    pub write_sectors: u64,
    /// Milliseconds of writing.
    pub write_ms: u64,
    /// Requests under way now.
    pub in_flight: u64,
    /// Milliseconds with any request.
    pub busy_ms: u64,
    /// Milliseconds weighted by requests.
    pub weighted_ms: u64,
    /// Further counters: discards (Linux 4.18), flushes (5.5).
    pub more: Vec<u64>,
}

/// Reads partitions.
pub fn parse_partitions(input: &[u8]) -> (Vec<Partition<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    for line in text::lines(input, &mut skips) {
        if line.text.trim().is_empty() || line.text.starts_with("major ") {
            continue;
        }
        match partition(line.text) {
            Some(partition) => out.push(partition),
            None => skips.push(text::bad_line(line, "wanted `major minor blocks name`")),
        }
    }
    (out, skips)
}

fn partition(text: &str) -> Option<Partition<'_>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [major, minor, blocks, name] = words.as_slice() else {
        return None;
    };
    Some(Partition {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
        blocks: blocks.parse().ok()?,
        name,
    })
}

/// Reads counters of disks.
pub fn parse_diskstats(input: &[u8]) -> (Vec<Diskstat<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    for line in text::lines(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        match diskstat(line.text) {
            Some(stat) => out.push(stat),
            None => skips.push(text::bad_line(line, "wanted a line of diskstats")),
        }
    }
    (out, skips)
}

fn diskstat(text: &str) -> Option<Diskstat<'_>> {
    let mut words = text.split_whitespace();
    let (major, minor, name) = (
        words.next()?.parse().ok()?,
        words.next()?.parse().ok()?,
        words.next()?,
    );
    let numbers: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    let [
        reads,
        reads_merged,
        read_sectors,
        read_ms,
        writes,
        writes_merged,
        write_sectors,
        write_ms,
        in_flight,
        busy_ms,
        weighted_ms,
        more @ ..,
    ] = numbers.as_slice()
    else {
        return None;
    };
    Some(Diskstat {
        major,
        minor,
        name,
        reads: *reads,
        reads_merged: *reads_merged,
        read_sectors: *read_sectors,
        read_ms: *read_ms,
        writes: *writes,
        writes_merged: *writes_merged,
        write_sectors: *write_sectors,
        write_ms: *write_ms,
        in_flight: *in_flight,
        busy_ms: *busy_ms,
        weighted_ms: *weighted_ms,
        more: more.to_vec(),
    })
}

fn guess_partitions(sample: Sample<'_>) -> Likelihood {
    let first = text::first_line(sample.text());
    if first
        .split_whitespace()
        .eq(["major", "minor", "#blocks", "name"])
    {
        99
    } else {
        0
    }
}

fn guess_diskstats(sample: Sample<'_>) -> Likelihood {
    let first = text::first_line(sample.text());
    let named = diskstat(first).is_some_and(|stat| !text::all_digits(stat.name));
    if named { 94 } else { 0 }
}

fn read_partitions(input: &[u8], sink: &mut dyn Sink) {
    let (partitions, skips) = parse_partitions(input);
    text::emit("partitions.partition", &partitions, skips, sink);
}

fn read_diskstats(input: &[u8], sink: &mut dyn Sink) {
    let (stats, skips) = parse_diskstats(input);
    text::emit("diskstats.disk", &stats, skips, sink);
}
