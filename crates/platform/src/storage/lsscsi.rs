//! `lsscsi`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of `lsscsi`.
pub static KIND: Kind = Kind {
    name: "lsscsi",
    about: "lsscsi",
    guess,
    read,
};

/// One SCSI or NVMe device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device<'a> {
    /// Host, channel, target, lun; for NVMe `N:0:1:1`.
    pub hctl: &'a str,
    /// `disk`, `cd/dvd`, `enclosu`, `storage`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Vendor.
    pub vendor: &'a str,
    /// Model.
    pub model: &'a str,
    /// Firmware revision.
    pub revision: &'a str,
    /// Node, if it has one.
    pub node: Option<&'a str>,
}

/// Reads every device.
pub fn parse(input: &[u8]) -> (Vec<Device<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    for line in text::lines(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        match device(line.text.trim_end()) {
            Some(device) => out.push(device),
            None => skips.push(text::bad_line(
                line,
                "wanted `[h:c:t:l] type vendor model rev node`",
            )),
        }
    }
    (out, skips)
}

fn device(text: &str) -> Option<Device<'_>> {
    let (hctl, rest) = text.trim_start().strip_prefix('[')?.split_once(']')?;
    if hctl.matches(':').count() != 3 {
        return None;
    }
    let (kind, rest) = rest.trim_start().split_once(' ')?;
    let (rest, node) = rest.trim().rsplit_once(' ')?;
    let (rest, revision) = rest.trim_end().rsplit_once(' ')?;
    let (vendor, model) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let node = (node != "-").then_some(node);
    Some(Device {
        hctl,
        kind,
        vendor,
        model: model.trim(),
        revision,
        node,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let known = |kind: &str| {
        [
            "disk", "cd/dvd", "enclosu", "storage", "tape", "process", "no dev", "mediumx", "zbc",
        ]
        .contains(&kind)
    };
    let first = text::first_line(sample.text());
    if device(first).is_some_and(|one| known(one.kind)) {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (devices, skips) = parse(input);
    text::emit("lsscsi.device", &devices, skips, sink);
}
