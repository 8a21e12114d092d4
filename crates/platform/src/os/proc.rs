//! `/proc/meminfo`, `/proc/stat`, `/proc/cpuinfo`.

use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `/proc/meminfo`.
pub static MEMINFO: Kind = Kind {
    name: "proc-meminfo",
    about: "/proc/meminfo",
    guess: guess_meminfo,
    read: read_meminfo,
};

/// The reader of `/proc/stat`.
pub static STAT: Kind = Kind {
    name: "proc-stat",
    about: "/proc/stat",
    guess: guess_stat,
    read: read_stat,
};

/// Bytes by name; counts of pages as they are.
pub fn meminfo(input: &[u8]) -> (BTreeMap<String, u64>, Vec<Skip>) {
    let (mut found, mut skips) = (BTreeMap::new(), Vec::new());
    for (number, line) in (1_u64..).zip(String::from_utf8_lossy(input).lines()) {
        let line = line.trim_matches(['\0', '\r', ' ']);
        if line.is_empty() {
            continue;
        }
        let pair = line.split_once(':').and_then(|(name, value)| {
            let mut words = value.split_ascii_whitespace();
            let amount: u64 = words.next()?.parse().ok()?;
            let factor = if words.next() == Some("kB") { 1024 } else { 1 };
            Some((name.to_owned(), amount.checked_mul(factor)?))
        });
        match pair {
            Some((name, amount)) => {
                found.insert(name, amount);
            }
            None => skips.push(Skip::new(
                number,
                SkipKind::BadLine,
                format!("no amount: {line:?}"),
            )),
        }
    }
    (found, skips)
}

/// What of `/proc/stat` says when the host booted and how busy it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stat {
    /// Boot, seconds since 1970.
    pub boot_time_s: Option<u64>,
    /// Ticks of all processors together: user, nice, system, idle, iowait, irq, softirq, steal…
    pub cpu_ticks: Vec<u64>,
    /// Processors listed.
    pub n_cpus: u32,
}

/// Reads what is known; other lines are none of its business.
pub fn stat(input: &[u8]) -> Stat {
    let mut found = Stat::default();
    for line in String::from_utf8_lossy(input).lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("btime") => found.boot_time_s = words.next().and_then(|word| word.parse().ok()),
            Some("cpu") => found.cpu_ticks = words.map_while(|word| word.parse().ok()).collect(),
            Some(word) if word.starts_with("cpu") => found.n_cpus += 1,
            _ => {}
        }
    }
    found
}

/// Processors that are online, and the model of the first.
pub fn cpuinfo(input: &[u8]) -> (u32, Option<String>) {
    let text = String::from_utf8_lossy(input);
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let (mut count, mut model) = (0, None);
    for (key, value) in pairs {
        match key.trim() {
            "processor" => count += 1,
            "model name" | "Model" | "cpu model" => {
                model = model.or_else(|| Some(value.trim().to_owned()));
            }
            _ => {}
        }
    }
    (count, model)
}

fn guess_meminfo(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.trim_start().starts_with("MemTotal:") && text.contains(" kB") {
        95
    } else {
        0
    }
}

fn guess_stat(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.starts_with("cpu ") && text.contains("\nbtime ") {
        95
    } else {
        0
    }
}

fn read_meminfo(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = meminfo(input);
    for (name, amount) in &found {
        sink.record("meminfo", &|| json!({"name": name, "amount": amount}));
    }
    for skip in skips {
        sink.skip(skip);
    }
}

fn read_stat(input: &[u8], sink: &mut dyn Sink) {
    let found = stat(input);
    if found != Stat::default() {
        sink.record("stat", &|| json!(found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_bytes() {
        let (found, skips) = meminfo(b"MemTotal:  2 kB\nHugePages_Total: 3\nodd\n");
        assert_eq!(
            (found["MemTotal"], found["HugePages_Total"], skips.len()),
            (2048, 3, 1)
        );
    }

    #[test]
    fn the_boot_and_the_processors_are_found() {
        let found = stat(b"cpu  1 2 3\ncpu0 1 2 3\ncpu1 0 0 0\nintr 5\nbtime 1700000000\n");
        assert_eq!(
            (found.boot_time_s, found.n_cpus, found.cpu_ticks.len()),
            (Some(1_700_000_000), 2, 3)
        );
        assert_eq!(
            cpuinfo(b"processor : 0\nmodel name : X 1\nprocessor : 1\n"),
            (2, Some("X 1".into()))
        );
    }
}
