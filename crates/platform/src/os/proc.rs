//! `/proc/meminfo`, `/proc/stat`, `/proc/cpuinfo`.

use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
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

/// The reader of `/proc/cpuinfo`.
pub static CPUINFO: Kind = Kind {
    name: "proc-cpuinfo",
    about: "/proc/cpuinfo",
    guess: guess_cpuinfo,
    read: |input, sink| {
        let found = cpuinfo(input);
        if found.n_cpus > 0 {
            sink.record("cpuinfo", &|| json!(found));
        } else {
            sink.skip(Skip::new(1, SkipKind::BadLine, "no processor is listed"));
        }
    },
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

/// The processors of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CpuInfo {
    /// Processors that are online, threads of a core apart.
    pub n_cpus: u32,
    /// Sockets, where they are told.
    pub n_sockets: Option<u32>,
    /// Cores of all sockets, where they are told.
    pub n_cores: Option<u32>,
    /// The model of the first.
    pub model: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
}

/// Reads every processor.
pub fn cpuinfo(input: &[u8]) -> CpuInfo {
    let text = String::from_utf8_lossy(input);
    let mut found = CpuInfo::default();
    let (mut sockets, mut cores) = (BTreeSet::new(), BTreeSet::new());
    let mut socket = String::new();
    for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let (key, value) = (key.trim(), value.trim());
        let first = |known: Option<String>| known.or_else(|| Some(value.to_owned()));
        match key {
            // s390 writes `processor 0: version = …`, ARM of old `Processor : ARMv7`.
            "processor" => found.n_cpus = found.n_cpus.saturating_add(1),
            _ if is_numbered(key) => found.n_cpus = found.n_cpus.saturating_add(1),
            "model name" | "Model" | "cpu model" | "cpu" => found.model = first(found.model),
            "vendor_id" | "CPU implementer" => found.vendor = first(found.vendor),
            "physical id" => {
                value.clone_into(&mut socket);
                sockets.insert(value.to_owned());
            }
            "core id" => {
                cores.insert((socket.clone(), value.to_owned()));
            }
            _ => {}
        }
    }
    let count = |n: usize| u32::try_from(n).ok().filter(|n| *n > 0);
    (found.n_sockets, found.n_cores) = (count(sockets.len()), count(cores.len()));
    found
}

fn is_numbered(key: &str) -> bool {
    key.strip_prefix("processor ")
        .is_some_and(|number| number.trim().parse::<u32>().is_ok())
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
    // Of a host with many interrupts the head ends before `btime`.
    let known = ["\nbtime ", "\ncpu0 ", "\nintr ", "\nctxt "];
    let has_ticks = text.strip_prefix("cpu ").is_some_and(|rest| {
        let mut words = rest
            .lines()
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace();
        words.clone().count() >= 4 && words.all(|word| word.parse::<u64>().is_ok())
    });
    if has_ticks && known.iter().any(|key| text.contains(key)) {
        95
    } else {
        0
    }
}

fn guess_cpuinfo(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| {
        text.lines()
            .any(|line| line.split(':').next().unwrap_or_default().trim() == key)
    };
    let has_more = [
        "model name",
        "BogoMIPS",
        "bogomips",
        "CPU implementer",
        "cpu",
    ];
    let is_first = text.lines().take(3).any(|line| {
        line.split_once(':').is_some_and(|(key, _)| {
            key.trim() == "processor" || is_numbered(key) || key.trim() == "vendor_id"
        })
    });
    if is_first && has_more.iter().any(|key| has(key)) {
        94
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
        let cpus = cpuinfo(
            b"processor : 0\nmodel name : X 1\nphysical id : 0\ncore id : 0\n\nprocessor : 1\nphysical id : 0\ncore id : 0\n\nprocessor : 2\nphysical id : 1\ncore id : 0\n",
        );
        assert_eq!(
            (cpus.n_cpus, cpus.n_cores, cpus.n_sockets),
            (3, Some(2), Some(2))
        );
        assert_eq!(cpus.model.as_deref(), Some("X 1"));
    }
}
