//! `multipath -ll`, plain and `-v4`, and the bracketed form of old tools.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{table, text};

/// The reader of multipath topologies.
pub static KIND: Kind = Kind {
    name: "multipath",
    about: "multipath -ll, also with -v4",
    guess,
    read,
};

/// One path of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Path {
    /// Host, channel, target, lun; `#:#:#:#` if unknown.
    pub hctl: String,
    /// Kernel name; `-` if the device is gone.
    pub dev: String,
    /// Device number.
    pub major_minor: String,
    /// State in device mapper: `active`, `failed`, `undef`.
    pub dm_state: Option<String>,
    /// State by the path checker: `ready`, `faulty`, `ghost`, `shaky`.
    pub checker_state: Option<String>,
    /// State of the device: `running`, `offline`.
    pub dev_state: Option<String>,
}

/// Paths of one priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PathGroup {
    /// E.g. `service-time 0`.
    pub policy: String,
    /// Priority.
    pub prio: Option<i64>,
    /// `active`, `enabled`, `disabled`.
    pub status: String,
    /// Its paths.
    pub paths: Vec<Path>,
}

/// One multipath map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Map {
    /// Alias, or the WWID when there is none.
    pub name: String,
    /// World wide id: the stable identity.
    pub wwid: String,
    /// Kernel name, e.g. `dm-4`.
    pub dm: String,
    /// Vendor.
    pub vendor: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// Bytes, rounded as printed.
    pub size: Option<u64>,
    /// Features, e.g. `1 queue_if_no_path`.
    pub features: Option<String>,
    /// Hardware handler, e.g. `1 alua`.
    pub hwhandler: Option<String>,
    /// `rw` or `ro`.
    pub wp: Option<String>,
    /// Path groups.
    pub groups: Vec<PathGroup>,
}

/// One row of the paths list that `-v3` and above print.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListedPath {
    /// WWID, if known.
    pub uuid: Option<String>,
    /// Host, channel, target, lun.
    pub hcil: String,
    /// Kernel name.
    pub dev: String,
    /// Device number.
    pub major_minor: String,
    /// State by the path checker.
    pub checker_state: Option<String>,
    /// State of the device.
    pub dev_state: Option<String>,
}

/// Everything one output holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Topology {
    /// The maps.
    pub maps: Vec<Map>,
    /// The paths list, from `-v3` and above.
    pub paths: Vec<ListedPath>,
}

/// Reads the maps and the paths list.
pub fn parse(input: &[u8]) -> (Topology, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Topology::default();
    let mut lines = text::lines(input, &mut skips);
    lines.retain(|line| !line.text.trim().is_empty() && !line.text.starts_with("====="));
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if is_list_heading(line.text) {
            let end = lines[at..]
                .iter()
                .position(|row| !is_list_row(row.text))
                .map_or(lines.len(), |n| at + n);
            listed(
                &table::headings(line.text, 1),
                &lines[at..end],
                &mut out.paths,
            );
            at = end;
            continue;
        }
        if let Some(map) = map_heading(line.text) {
            out.maps.push(map);
        } else if is_log(line.text) {
            skips.push(Skip::new(
                line.no,
                SkipKind::Unknown,
                format!("log line {:?}", text::cut(line.text)),
            ));
        } else if !out.maps.last_mut().is_some_and(|map| add(map, line.text)) {
            skips.push(text::bad_line(line, "wanted a map, a path group or a path"));
        }
    }
    (out, skips)
}

fn is_list_heading(text: &str) -> bool {
    text.trim_start().starts_with("uuid ") && text.contains(" hcil ") && text.contains("chk_st")
}

fn is_list_row(text: &str) -> bool {
    text.split_whitespace()
        .take(2)
        .any(|word| text::is_hctl(word) || word == "#:#:#:#")
}

fn is_log(text: &str) -> bool {
    text.get(15..18).is_some_and(|mark| mark == " | ")
        || (text.contains(" | ") && !text.starts_with([' ', '|', '`']))
}

fn listed(headings: &[table::Heading], lines: &[text::Line<'_>], paths: &mut Vec<ListedPath>) {
    for row in table::rows(headings, lines) {
        let cell = |name: &str| {
            let at = headings.iter().position(|heading| heading.name == name)?;
            text::some(row.cells.get(at)?)
        };
        paths.push(ListedPath {
            uuid: cell("uuid"),
            hcil: cell("hcil").unwrap_or_default(),
            dev: cell("dev").unwrap_or_default(),
            major_minor: cell("dev_t").unwrap_or_default(),
            checker_state: cell("chk_st"),
            dev_state: cell("dev_st"),
        });
    }
}

/// `[action: ][alias (]wwid[)] dm-N vendor,product`.
fn map_heading(text: &str) -> Option<Map> {
    if text.starts_with([' ', '|', '`', '\\', '[']) || is_log(text) {
        return None;
    }
    let place = text
        .match_indices(" dm-")
        .map(|(at, _)| at)
        .find(|&at| text[at + 4..].starts_with(|c: char| c.is_ascii_digit()))?;
    let names = text[..place].trim();
    let names = names
        .split_once(": ")
        .filter(|(word, _)| word.bytes().all(|b| b.is_ascii_lowercase()))
        .map_or(names, |(_, rest)| rest);
    let (dm, device) = text[place + 1..]
        .split_once(' ')
        .unwrap_or((&text[place + 1..], ""));
    let (name, wwid) = match names
        .strip_suffix(')')
        .and_then(|one| one.rsplit_once(" ("))
    {
        Some((name, wwid)) => (name, wwid),
        None => (names, names),
    };
    let (vendor, product) = device
        .split_once(',')
        .map_or((None, None), |(v, p)| (text::some(v), text::some(p)));
    Some(Map {
        name: name.trim().into(),
        wwid: wwid.into(),
        dm: dm.into(),
        vendor,
        product,
        ..Map::default()
    })
}

/// Adds a line below a heading: false if it is none of the known forms.
fn add(map: &mut Map, text: &str) -> bool {
    if text.starts_with("size=") || text.starts_with("[size=") {
        set_attributes(map, text);
        return true;
    }
    let body = text.trim_start_matches(['|', '`', '-', '+', ' ', '\\', '_', '─']);
    if let Some(path) = path(body) {
        if map.groups.is_empty() {
            map.groups.push(PathGroup::default());
        }
        if let Some(group) = map.groups.last_mut() {
            group.paths.push(path);
        }
        return true;
    }
    match group(body) {
        Some(group) => {
            map.groups.push(group);
            true
        }
        None => false,
    }
}

fn set_attributes(map: &mut Map, text: &str) {
    let plain = text.replace("][", " ").replace(['[', ']'], " ");
    let value = |key: &str| -> Option<String> {
        let rest = &plain[plain.find(key)? + key.len()..];
        let found = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split('\'').next(),
            None => rest.split_whitespace().next(),
        };
        found.map(str::to_owned)
    };
    map.size = value("size=")
        .and_then(|size| text::size(&size))
        .map(|(bytes, _)| bytes);
    map.features = value("features=");
    map.hwhandler = value("hwhandler=");
    let bare = || {
        plain
            .split_whitespace()
            .find(|word| matches!(*word, "rw" | "ro"))
            .map(str::to_owned)
    };
    map.wp = value("wp=").or_else(bare);
}

fn path(body: &str) -> Option<Path> {
    let plain = body.replace(['[', ']'], " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let [hctl, dev, number, states @ ..] = words.as_slice() else {
        return None;
    };
    let addressed = text::is_hctl(hctl) || *hctl == "#:#:#:#";
    if !addressed || !(text::is_major_minor(number) || *number == "-" || *number == "#:#") {
        return None;
    }
    let state = |at: usize| states.get(at).map(|one| (*one).to_owned());
    Some(Path {
        hctl: (*hctl).into(),
        dev: (*dev).into(),
        major_minor: (*number).into(),
        dm_state: state(0),
        checker_state: state(1),
        dev_state: state(2),
    })
}

fn group(body: &str) -> Option<PathGroup> {
    let mut group = PathGroup::default();
    if let Some(rest) = body.strip_prefix("policy='") {
        let (policy, rest) = rest.split_once('\'')?;
        policy.clone_into(&mut group.policy);
        for word in rest.split_whitespace() {
            match word.split_once('=') {
                Some(("prio", value)) => group.prio = value.parse().ok(),
                Some(("status", value)) => value.clone_into(&mut group.status),
                _ => {}
            }
        }
        return Some(group);
    }
    let (policy, rest) = body.split_once(" [")?;
    policy.clone_into(&mut group.policy);
    for word in rest.split(['[', ']']) {
        match word.strip_prefix("prio=") {
            Some(value) => group.prio = value.parse().ok(),
            None if !word.trim().is_empty() => word.clone_into(&mut group.status),
            None => {}
        }
    }
    Some(group)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.contains("===== paths list =====") {
        return 96;
    }
    let mut found = false;
    for (line, next) in text.lines().zip(text.lines().skip(1)) {
        found |= map_heading(line).is_some()
            && (next.starts_with("size=") || next.starts_with("[size="));
    }
    if found { 96 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (topology, skips) = parse(input);
    text::emit("multipath.map", &topology.maps, Vec::new(), sink);
    text::emit("multipath.path", &topology.paths, skips, sink);
}
