//! `/etc/ldev.conf`: which server mounts which target from which device, and
//! which other server may.
//!
//! `local foreign/- label [md|zfs:]device [journal/-] [raidtab/-]`

use lustre::label::TargetLabel;
use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::lines;
use crate::storage::text;

/// The reader of ldev.conf.
pub static KIND: Kind = Kind {
    name: "ldev-conf",
    about: "/etc/ldev.conf: targets, their devices, their two servers",
    guess,
    read,
};

/// One target as ldev.conf names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The server that mounts it when all is well.
    pub local: String,
    /// The server that may take it over.
    pub foreign: Option<String>,
    /// The name as written.
    pub name: String,
    /// The target, if the name is that of one.
    pub target: Option<TargetLabel>,
    /// What is before the colon of the device: `zfs`, `md`.
    pub backend: Option<String>,
    /// A path, or a ZFS dataset.
    pub device: String,
    /// A journal on a device of its own.
    pub journal: Option<String>,
    /// A RAID table for the device.
    pub raidtab: Option<String>,
}

/// Reads every entry.
pub fn parse(input: &[u8]) -> (Vec<Entry>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        match entry(&setting.text) {
            Some(entry) => found.push(entry),
            None => skips.push(text::bad_line(
                setting.line,
                "wanted `local foreign label device`",
            )),
        }
    }
    (found, skips)
}

fn entry(line: &str) -> Option<Entry> {
    let words: Vec<&str> = line
        .split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .collect();
    let [local, foreign, name, device, rest @ ..] = words.as_slice() else {
        return None;
    };
    if rest.len() > 2 {
        return None;
    }
    let (backend, device) = match device.split_once(':') {
        Some((backend, device)) if !backend.contains('/') => (Some(backend.to_owned()), device),
        _ => (None, *device),
    };
    (!device.is_empty()).then(|| Entry {
        local: (*local).to_owned(),
        foreign: text::some(foreign),
        name: (*name).to_owned(),
        target: name.parse().ok(),
        backend,
        device: device.to_owned(),
        journal: rest.first().and_then(|word| text::some(word)),
        raidtab: rest.get(1).and_then(|word| text::some(word)),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_named = sample.name == "ldev.conf";
    let (mut n_entries, mut n_other) = (0_u32, 0_u32);
    for line in lines::active(text) {
        match entry(line) {
            Some(entry) if entry.target.is_some() => n_entries += 1,
            _ => n_other += 1,
        }
    }
    match (n_entries, n_other) {
        (0, 0) if is_named || text.contains("ldev.conf") => 60,
        (1.., 0) => 85,
        (1.., _) if is_named || n_entries > n_other => 70,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    if found.is_empty() && skips.is_empty() {
        lines::hint_nothing_set(sink);
    }
    text::emit("ldev.target", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: &str) {
        let (found, skips) = parse(line.as_bytes());
        let shown = match (&found[..], &skips[..]) {
            ([one], []) => format!(
                "{} {:?} {} {:?} {} {:?}",
                one.local,
                one.foreign.as_deref().unwrap_or("-"),
                one.target
                    .as_ref()
                    .map_or("none".into(), ToString::to_string),
                one.backend.as_deref().unwrap_or("-"),
                one.device,
                one.journal.as_deref().unwrap_or("-"),
            ),
            ([], [skip]) => format!("{:?}", skip.kind),
            _ => format!("{} records, {} skips", found.len(), skips.len()),
        };
        assert_eq!(shown, wanted, "{line:?}");
    }

    #[test]
    fn entries_are_read() {
        check(
            "zeno1 zeno5 zeno-OST0000 zfs:lustre-zeno1/ost1\r\n",
            r#"zeno1 "zeno5" zeno-OST0000 "zfs" lustre-zeno1/ost1 "-""#,
        );
        check(
            "mds1 - MGS /dev/disk/by-id/scsi-1:0 /dev/sdj -  # the MGT\n",
            r#"mds1 "-" MGS "-" /dev/disk/by-id/scsi-1:0 "/dev/sdj""#,
        );
        check(
            "mds1 mds2 zeno-backup /dev/sda\n",
            r#"mds1 "mds2" none "-" /dev/sda "-""#,
        );
    }

    #[test]
    fn a_broken_line_is_said() {
        check("zeno1 zeno5 zeno-OST0000\n", "BadLine");
        check("zeno1 zeno5 zeno-OST0000 zfs:", "Truncated");
        check("a b c d e f g\n", "BadLine");
        check("# local foreign label device\n", "0 records, 0 skips");
    }
}
