//! `zfs version` and `zpool version`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of `zfs version`.
pub static KIND: Kind = Kind {
    name: "zfs-version",
    about: "zfs version",
    guess,
    read,
};

/// The versions of the tools and of the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Tools, e.g. `2.3.2-2`.
    pub userland: Option<String>,
    /// Module; none when it is not loaded.
    pub kernel: Option<String>,
}

/// Reads both versions, if there is one at least.
pub fn parse(input: &[u8]) -> (Option<Version>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut version = Version::default();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        if let Some(found) = text.strip_prefix("zfs-kmod-").filter(|rest| digit(rest)) {
            version.kernel = Some(found.to_owned());
        } else if let Some(found) = text.strip_prefix("zfs-").filter(|rest| digit(rest)) {
            version.userland = Some(found.to_owned());
        } else if !text.is_empty() {
            skips.push(text::bad_line(line, "wanted zfs-X or zfs-kmod-X"));
        }
    }
    ((version != Version::default()).then_some(version), skips)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (version, skips) = parse(&sample.head[..sample.head.len().min(512)]);
    if skips.is_empty() && version.is_some_and(|one| one.userland.is_some()) {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (version, skips) = parse(input);
    text::emit("zfs.version", version.as_slice(), skips, sink);
}
