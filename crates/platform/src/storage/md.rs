//! Software RAID: `/proc/mdstat`, and `mdadm --detail`, `--examine`, `--export`.

use std::collections::BTreeMap;

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of `/proc/mdstat`.
pub static MDSTAT: Kind = Kind {
    name: "mdstat",
    about: "/proc/mdstat",
    guess: guess_mdstat,
    read: read_mdstat,
};

/// The reader of `mdadm`.
pub static MDADM: Kind = Kind {
    name: "mdadm",
    about: "mdadm --detail, --examine or --export",
    guess: guess_mdadm,
    read: read_mdadm,
};

/// One member of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Kernel name or node; none for a removed one.
    pub dev: Option<String>,
    /// Role number, if it has one.
    pub role: Option<u64>,
    /// Flags or state: `F`, `S`, or `active sync`.
    pub state: Option<String>,
    /// Device number, from `--detail`.
    pub major_minor: Option<String>,
}

/// One array of mdstat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Array {
    /// Name, e.g. `md0`.
    pub name: String,
    /// `active` or `inactive`.
    pub state: String,
    /// `(read-only)`, `(auto-read-only)`.
    pub read_only: bool,
    /// Level, e.g. `raid6`.
    pub level: Option<String>,
    /// Members.
    pub members: Vec<Member>,
    /// KiB.
    pub blocks: Option<u64>,
    /// Members wanted.
    pub wanted: Option<u64>,
    /// Members working.
    pub working: Option<u64>,
    /// `UU_`.
    pub map: Option<String>,
    /// Progress as printed, e.g. `recovery = 12.6% (...) finish=127.5min`.
    pub progress: Option<String>,
}

/// What mdadm says of an array or a member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The node the report is of; none in `--export`.
    pub dev: Option<String>,
    /// UUID of the array.
    pub uuid: Option<String>,
    /// Name of the array.
    pub name: Option<String>,
    /// Level.
    pub level: Option<String>,
    /// State, trimmed.
    pub state: Option<String>,
    /// All lines by their title.
    pub fields: BTreeMap<String, String>,
    /// Members, from `--detail`.
    pub members: Vec<Member>,
}

/// Reads the arrays of mdstat.
pub fn parse_mdstat(input: &[u8]) -> (Vec<Array>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut arrays: Vec<Array> = Vec::new();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty()
            || text.starts_with("Personalities")
            || text.starts_with("unused devices")
        {
            continue;
        }
        if let Some(array) = array(text) {
            arrays.push(array);
        } else if !arrays
            .last_mut()
            .is_some_and(|array| line.text.starts_with(' ') && detail(array, text))
        {
            skips.push(text::bad_line(line, "wanted a line of mdstat"));
        }
    }
    (arrays, skips)
}

fn array(text: &str) -> Option<Array> {
    let (name, rest) = text.split_once(" : ")?;
    let mut array = Array {
        name: name.to_owned(),
        ..Array::default()
    };
    for word in rest.split_whitespace() {
        match word {
            "active" | "inactive" => word.clone_into(&mut array.state),
            _ if word.starts_with('(') => array.read_only |= word.contains("read-only"),
            _ => match member(word) {
                Some(member) => array.members.push(member),
                None => array.level = Some(word.to_owned()),
            },
        }
    }
    (!array.state.is_empty()).then_some(array)
}

/// `sdb1[2](F)`.
fn member(word: &str) -> Option<Member> {
    let (dev, rest) = word.split_once('[')?;
    let (role, flags) = rest.split_once(']')?;
    let state = flags.replace(['(', ')'], "");
    Some(Member {
        dev: Some(dev.into()),
        role: role.parse().ok(),
        state: text::some(&state),
        major_minor: None,
    })
}

fn detail(array: &mut Array, text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.get(1) == Some(&"blocks") {
        array.blocks = words[0].parse().ok();
        for word in &words[2..] {
            let Some(inner) = word.strip_prefix('[').and_then(|one| one.strip_suffix(']')) else {
                continue;
            };
            match inner.split_once('/') {
                Some((wanted, working)) => {
                    array.wanted = wanted.parse().ok();
                    array.working = working.parse().ok();
                }
                None => array.map = Some(inner.to_owned()),
            }
        }
        return true;
    }
    let task = ["recovery", "resync", "reshape", "check", "repair"]
        .iter()
        .find_map(|task| {
            text.find(&format!("{task} "))
                .or_else(|| text.find(&format!("{task}=")))
        });
    if let Some(at) = task {
        array.progress = Some(text[at..].to_owned());
        return true;
    }
    text.starts_with("bitmap:") || text.starts_with("super ") || text.starts_with("resync=")
}

/// Reads the reports of mdadm.
pub fn parse_mdadm(input: &[u8]) -> (Vec<Report>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut reports: Vec<Report> = Vec::new();
    let mut table = false;
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(dev) = text
            .strip_suffix(':')
            .filter(|dev| dev.starts_with('/') && !dev.contains(' '))
        {
            reports.push(Report {
                dev: Some(dev.to_owned()),
                ..Report::default()
            });
            table = false;
        } else if text.starts_with("mdadm:") {
            skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
        } else if let Some((key, value)) = exported(text) {
            if reports
                .last()
                .is_none_or(|last| last.dev.is_some() || last.fields.contains_key(key))
            {
                reports.push(Report::default());
            }
            set(reports.last_mut(), key, value);
        } else if text.starts_with("Number") && text.contains("RaidDevice") {
            table = true;
        } else if let (true, Some(report)) = (table, reports.last_mut()) {
            match row(text) {
                Some(member) => report.members.push(member),
                None => skips.push(text::bad_line(line, "wanted a member's row")),
            }
        } else if let (false, Some((key, value))) = (
            reports.is_empty(),
            text.split_once(" : ")
                .or_else(|| text.strip_suffix(" :").map(|key| (key, ""))),
        ) {
            set(reports.last_mut(), key.trim(), value.trim());
        } else {
            skips.push(text::bad_line(line, "wanted `Title : value`"));
        }
    }
    (reports, skips)
}

fn exported(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    (key.starts_with("MD_") && !key.contains(' ')).then_some((key, value))
}

fn set(report: Option<&mut Report>, key: &str, value: &str) {
    let Some(report) = report else { return };
    match key {
        "UUID" | "Array UUID" | "MD_UUID" => report.uuid = text::some(value),
        "Name" | "MD_NAME" | "MD_DEVNAME" => {
            report.name = report
                .name
                .take()
                .or_else(|| value.split("  (").next().and_then(text::some));
        }
        "Raid Level" | "MD_LEVEL" => report.level = text::some(value),
        "State" => report.state = text::some(value),
        _ => {}
    }
    report.fields.insert(key.to_owned(), value.to_owned());
}

/// `NUMBER MAJOR MINOR RAIDDEVICE STATE... [NODE]`.
fn row(text: &str) -> Option<Member> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [_number, major, minor, role, state @ ..] = words.as_slice() else {
        return None;
    };
    let (dev, state) = match state.split_last() {
        Some((last, rest)) if last.starts_with('/') => (Some((*last).to_owned()), rest),
        _ => (None, state),
    };
    let number = format!("{major}:{minor}");
    text::is_major_minor(&number).then(|| Member {
        role: role.parse().ok(),
        state: text::some(&state.join(" ")),
        major_minor: dev.is_some().then_some(number),
        dev,
    })
}

fn guess_mdstat(sample: Sample<'_>) -> Likelihood {
    if text::first_line(sample.text()).starts_with("Personalities :") {
        99
    } else {
        0
    }
}

fn guess_mdadm(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let first = text::first_line(text);
    if first.starts_with("MD_LEVEL=") || first.starts_with("MD_METADATA=") {
        return 95;
    }
    let titled = text.contains("Raid Level : ") || text.contains("Magic : a92b4efc");
    if first.starts_with("/dev/") && first.ends_with(':') && titled {
        98
    } else {
        0
    }
}

fn read_mdstat(input: &[u8], sink: &mut dyn Sink) {
    let (arrays, skips) = parse_mdstat(input);
    text::emit("md.array", &arrays, skips, sink);
}

fn read_mdadm(input: &[u8], sink: &mut dyn Sink) {
    let (reports, skips) = parse_mdadm(input);
    text::emit("md.report", &reports, skips, sink);
}
