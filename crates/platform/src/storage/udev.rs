//! The udev database: `udevadm info --export-db`, `--query=all`,
//! `--query=property`, and the files of `/run/udev/data`.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of the udev database.
pub static KIND: Kind = Kind {
    name: "udev-db",
    about: "udevadm info (--export-db, --query=all, --query=property), /run/udev/data",
    guess,
    read,
};

/// One device of the database. Texts are borrowed from the input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Device<'a> {
    /// Path below `/sys`.
    pub devpath: Option<&'a str>,
    /// Node below `/dev` without that prefix (`N:`), e.g. `dm-3`.
    pub node: Option<&'a str>,
    /// Symbolic links below `/dev` without that prefix, in the order printed.
    pub links: Vec<&'a str>,
    /// Priority of the links.
    pub link_priority: Option<i64>,
    /// Tags, from `G:` lines or the `TAGS` property.
    pub tags: Vec<&'a str>,
    /// Microseconds after boot, from an `I:` line.
    pub initialized_usec: Option<u64>,
    /// Properties in the order printed.
    #[serde(serialize_with = "as_map")]
    pub properties: Vec<(&'a str, &'a str)>,
}

fn as_map<S: Serializer>(pairs: &[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (key, value) in pairs {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

impl<'a> Device<'a> {
    /// The last value of a property, without quotes around it.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        let (_, value) = self
            .properties
            .iter()
            .rev()
            .find(|(name, _)| *name == key)?;
        Some(
            value
                .strip_prefix('"')
                .and_then(|one| one.strip_suffix('"'))
                .unwrap_or(value),
        )
    }

    /// Name of the node without `/dev/`.
    pub fn devname(&self) -> Option<&'a str> {
        self.node.or_else(|| {
            self.get("DEVNAME")
                .map(|name| name.strip_prefix("/dev/").unwrap_or(name))
        })
    }

    /// `MAJOR:MINOR`.
    pub fn major_minor(&self) -> Option<String> {
        Some(format!("{}:{}", self.get("MAJOR")?, self.get("MINOR")?))
    }

    /// Whether this is a block device.
    pub fn is_block(&self) -> bool {
        self.get("SUBSYSTEM") == Some("block")
            || self.devpath.is_some_and(|path| path.contains("/block/"))
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn finish(mut self) -> Self {
        self.devpath = self.devpath.or_else(|| self.get("DEVPATH"));
        if self.links.is_empty() {
            let links = self.get("DEVLINKS").unwrap_or_default();
            self.links = links
                .split_whitespace()
                .map(|link| link.strip_prefix("/dev/").unwrap_or(link))
                .collect();
        }
        if self.tags.is_empty() {
            let tags = self.get("TAGS").unwrap_or_default();
            self.tags = tags.split(':').filter(|tag| !tag.is_empty()).collect();
        }
        self
    }
}

/// Reads every device. A blank line, a `P:` line, or a second `DEVPATH` begins the next.
pub fn parse(input: &[u8]) -> (Vec<Device<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut devices = Vec::new();
    let mut current = Device::default();
    let mut last = 0;
    for line in text::lines(input, &mut skips) {
        let gap = line.no != last + 1;
        last = line.no;
        let full = line.text.trim_start();
        let begins = full.starts_with("P:")
            || (full.starts_with("DEVPATH=")
                && current.properties.iter().any(|(key, _)| *key == "DEVPATH"));
        if (full.trim().is_empty() || begins || gap && full.starts_with("P:"))
            && !current.is_empty()
        {
            devices.push(std::mem::take(&mut current).finish());
        }
        if full.trim().is_empty() || text::is_prompt(full) {
            continue;
        }
        match add(&mut current, full) {
            Added::Yes => {}
            Added::Unknown => skips.push(Skip::new(line.no, SkipKind::Unknown, text::cut(full))),
            Added::No if is_error(full) => {
                skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(full)));
            }
            Added::No => skips.push(text::bad_line(line, "wanted `X: value` or KEY=value")),
        }
    }
    if !current.is_empty() {
        devices.push(current.finish());
    }
    (devices, skips)
}

enum Added {
    Yes,
    Unknown,
    No,
}

fn add<'a>(device: &mut Device<'a>, line: &'a str) -> Added {
    let bytes = line.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_uppercase) && bytes.get(1) == Some(&b':') {
        let value = &line[2..];
        return add_coded(device, bytes[0], value.strip_prefix(' ').unwrap_or(value));
    }
    match property(line) {
        Some(pair) => {
            device.properties.push(pair);
            Added::Yes
        }
        None => Added::No,
    }
}

fn add_coded<'a>(device: &mut Device<'a>, code: u8, value: &'a str) -> Added {
    match code {
        b'P' => device.devpath = Some(value),
        b'N' => device.node = Some(value),
        b'S' => device.links.push(value),
        b'L' => match value.trim().parse() {
            Ok(priority) => device.link_priority = Some(priority),
            Err(_) => return Added::No,
        },
        b'G' => device.tags.push(value),
        b'I' => match value.trim().parse() {
            Ok(usec) => device.initialized_usec = Some(usec),
            Err(_) => return Added::No,
        },
        b'E' => match property(value) {
            Some(pair) => device.properties.push(pair),
            None => return Added::No,
        },
        // sysfs name and number, subsystem, device type and number, driver,
        // interface index, sequence number, current tags, version, watch
        // handle: each is in the properties too, or of no use here.
        b'M' | b'R' | b'U' | b'T' | b'D' | b'Q' | b'V' | b'W' | b'A' | b'B' | b'J' => {}
        _ => return Added::Unknown,
    }
    Added::Yes
}

fn property(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    (!key.is_empty() && key.chars().all(fits)).then_some((key, value))
}

fn is_error(line: &str) -> bool {
    line.starts_with("Unknown device") || line.contains("udevadm") || line.contains("No such")
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let first = text::first_line(text);
    if first.starts_with("P: /devices/") || first.starts_with("P: /module/") {
        return 98;
    }
    if first.starts_with("DEVPATH=/") || first.starts_with("DEVLINKS=/dev/") {
        return 92;
    }
    let short = |line: &str| {
        matches!(
            line.get(..2),
            Some("S:" | "E:" | "I:" | "G:" | "L:" | "V:" | "W:" | "Q:" | "N:")
        )
    };
    let coded = text.lines().take(20).filter(|line| short(line)).count();
    let all = text.lines().take(20).count();
    let sure = text
        .lines()
        .take(40)
        .any(|line| line.starts_with("E:") && property(line[2..].trim()).is_some());
    if sure && coded == all { 90 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (devices, skips) = parse(input);
    text::emit("udev.device", &devices, skips, sink);
}
