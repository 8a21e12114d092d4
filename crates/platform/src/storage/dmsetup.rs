//! `dmsetup`: `status`, `table`, `ls`, `info`.

use std::collections::BTreeMap;

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of `dmsetup`.
pub static KIND: Kind = Kind {
    name: "dmsetup",
    about: "dmsetup status, table, ls or info",
    guess,
    read,
};

/// One segment of a mapped device (`status` and `table` share the form).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment<'a> {
    /// Name of the mapped device.
    pub name: &'a str,
    /// First sector.
    pub start: u64,
    /// Sectors.
    pub length: u64,
    /// Target: `linear`, `multipath`, `thin`.
    pub target: &'a str,
    /// Arguments or status as printed.
    pub args: &'a str,
    /// Device numbers among the arguments: what the segment lies on.
    pub devices: Vec<&'a str>,
}

/// One device of `ls` or `info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Name.
    pub name: String,
    /// Device number.
    pub major_minor: Option<String>,
    /// UUID of device mapper, e.g. `mpath-3600...` or `LVM-...`.
    pub uuid: Option<String>,
    /// `ACTIVE`, `SUSPENDED`.
    pub state: Option<String>,
    /// Open count.
    pub open_count: Option<u64>,
    /// The other lines of `info`.
    pub other: BTreeMap<String, String>,
}

/// Everything one output holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output<'a> {
    /// From `status` and `table`.
    pub segments: Vec<Segment<'a>>,
    /// From `ls` and `info`.
    pub devices: Vec<Device>,
}

/// Reads any of the forms.
pub fn parse(input: &[u8]) -> (Output<'_>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Output::default();
    let mut in_info = false;
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() {
            in_info = false;
        } else if let Some(name) = text.strip_prefix("Name: ") {
            out.devices.push(Device {
                name: name.trim().to_owned(),
                ..Device::default()
            });
            in_info = true;
        } else if let Some((device, (key, value))) = out
            .devices
            .last_mut()
            .zip(text.split_once(':'))
            .filter(|_| in_info)
        {
            info(device, key.trim(), value.trim());
        } else if let Some(segment) = segment(text) {
            out.segments.push(segment);
        } else if let Some(device) = listed(text) {
            out.devices.push(device);
        } else if text == "No devices found"
            || text.starts_with("Device does not exist")
            || text.contains("failed")
        {
            skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
        } else if text.strip_suffix(':').is_none_or(|name| name.contains(' ')) {
            skips.push(text::bad_line(line, "wanted `name: start length target`"));
        }
    }
    (out, skips)
}

fn info(device: &mut Device, key: &str, value: &str) {
    match key {
        "State" => device.state = text::some(value),
        "UUID" => device.uuid = text::some(value),
        "Open count" => device.open_count = value.parse().ok(),
        "Major, minor" => device.major_minor = Some(value.replace(", ", ":")),
        _ => _ = device.other.insert(key.to_owned(), value.to_owned()),
    }
}

/// `name: start length target args`; names may hold colons.
fn segment(text: &str) -> Option<Segment<'_>> {
    for (at, _) in text.match_indices(": ") {
        let mut words = text[at + 2..].splitn(4, ' ');
        let numbers = (
            words.next()?.parse::<u64>(),
            words.next().map(str::parse::<u64>),
        );
        if let (Ok(start), Some(Ok(length))) = numbers {
            let target = words.next()?;
            let args = words.next().unwrap_or_default().trim();
            let devices = args
                .split(' ')
                .filter(|word| text::is_major_minor(word))
                .collect();
            return Some(Segment {
                name: &text[..at],
                start,
                length,
                target,
                args,
                devices,
            });
        }
    }
    None
}

/// `name<tab>(253:0)`, in old tools `(253, 0)`.
fn listed(text: &str) -> Option<Device> {
    let (name, number) = text.strip_suffix(')')?.rsplit_once('(')?;
    let number = number.replace(", ", ":");
    let name = name.trim();
    (text::is_major_minor(&number) && !name.is_empty() && !name.contains(' ')).then(|| Device {
        name: name.to_owned(),
        major_minor: Some(number),
        ..Device::default()
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let first = text::first_line(text).trim();
    if segment(first).is_some_and(|one| one.target.starts_with(|c: char| c.is_ascii_lowercase())) {
        return 94;
    }
    if first.starts_with("Name: ")
        && text
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("State: "))
    {
        return 94;
    }
    if first.contains('\t') && listed(first).is_some() {
        return 90;
    }
    if first == "No devices found" { 60 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (out, skips) = parse(input);
    text::emit("dm.segment", &out.segments, Vec::new(), sink);
    text::emit("dm.device", &out.devices, skips, sink);
}
