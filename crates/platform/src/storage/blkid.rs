//! `blkid`: the default lines, and `-o udev`/`-o export` blocks (also with `-p`).

use std::collections::BTreeMap;

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of `blkid`.
pub static KIND: Kind = Kind {
    name: "blkid",
    about: "blkid: default, -o udev or -o export",
    guess,
    read,
};

/// What was found on one device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Node; none in `-o udev` blocks, which do not name it.
    pub dev: Option<String>,
    /// File system or member type.
    pub fstype: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// UUID.
    pub uuid: Option<String>,
    /// UUID of the member within its array or pool.
    pub uuid_sub: Option<String>,
    /// Partition UUID.
    pub partuuid: Option<String>,
    /// Other tags as printed.
    pub other: BTreeMap<String, String>,
}

impl Found {
    fn set(&mut self, key: &str, value: &str) {
        let value = value.to_owned();
        match key {
            "DEVNAME" => self.dev = Some(value),
            "TYPE" | "ID_FS_TYPE" => self.fstype = Some(value),
            "LABEL" | "ID_FS_LABEL" => self.label = Some(value),
            "UUID" | "ID_FS_UUID" => self.uuid = Some(value),
            "UUID_SUB" | "ID_FS_UUID_SUB" => self.uuid_sub = Some(value),
            "PARTUUID" | "ID_PART_ENTRY_UUID" => self.partuuid = Some(value),
            _ => _ = self.other.insert(key.to_owned(), value),
        }
    }
}

/// Reads every device.
pub fn parse(input: &[u8]) -> (Vec<Found>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    let mut block = Found::default();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() {
            finish(&mut block, &mut out);
            continue;
        }
        if let Some((key, value)) = assignment(text) {
            if key == "DEVNAME" {
                finish(&mut block, &mut out);
            }
            block.set(key, &text::unescape_quoted(value));
            continue;
        }
        match default_line(text) {
            Some(found) => out.push(found),
            None if text.starts_with("blkid:") || text.contains("ambivalent") => {
                skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
            }
            None => skips.push(text::bad_line(
                line,
                "wanted `/dev/x: KEY=\"...\"` or KEY=value",
            )),
        }
    }
    finish(&mut block, &mut out);
    (out, skips)
}

fn finish(block: &mut Found, out: &mut Vec<Found>) {
    if *block != Found::default() {
        out.push(std::mem::take(block));
    }
}

fn default_line(text: &str) -> Option<Found> {
    let (dev, rest) = text.split_once(": ")?;
    if !dev.starts_with('/') && !dev.starts_with("UUID=") {
        return None;
    }
    let mut found = Found {
        dev: Some(dev.to_owned()),
        ..Found::default()
    };
    for (key, value) in text::pairs(rest).ok()? {
        found.set(key, &value);
    }
    Some(found)
}

fn assignment(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let named = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (!key.is_empty() && key.chars().all(named) && !value.starts_with('"')).then_some((key, value))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let first = text::first_line(sample.text());
    let tagged = |text: &str| text.contains(" TYPE=\"") || text.contains("UUID=\"");
    if first.starts_with("/dev/") && tagged(first) && default_line(first).is_some() {
        return 96;
    }
    let block = ["ID_FS_", "ID_PART_TABLE_", "ID_PART_ENTRY_", "ID_IOLIMIT_"];
    if block.iter().any(|key| first.starts_with(key)) {
        return 90;
    }
    let second = sample.text().lines().nth(1).unwrap_or_default();
    let export = ["UUID=", "LABEL=", "TYPE=", "BLOCK_SIZE=", "PTUUID="];
    if first.starts_with("DEVNAME=/dev/") && export.iter().any(|key| second.starts_with(key)) {
        92
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("blkid.device", &found, skips, sink);
}
