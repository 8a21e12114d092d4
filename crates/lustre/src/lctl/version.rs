//! `lctl --version`, `lctl lustre_build_version`, `lfs --version`: which
//! release of the tools, and of the modules, a host has.

use crate::lfs::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of versions.
pub static KIND: Kind = Kind {
    name: "lustre-version",
    about: "lctl --version, lctl lustre_build_version",
    guess,
    read,
};

/// One version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Version<'a> {
    /// Whose: `lctl`, `lfs`, `Lustre` (the modules).
    pub of: &'a str,
    /// As printed: `2.17.0`, `2.12.9_12_g1234`.
    pub version: &'a str,
}

/// `lctl 2.17.0`, `Lustre version: 2.17.0`, `lfs 2.15.3`.
pub fn version(text: &str) -> Option<Version<'_>> {
    let text = text.trim();
    let (of, version) = match text.split_once(" version: ") {
        Some(("Lustre" | "lustre", version)) => ("Lustre", version),
        Some((of, version)) => (of, version),
        None => text.split_once(' ')?,
    };
    let is_known = [
        "lctl",
        "lfs",
        "lnetctl",
        "Lustre",
        "mount.lustre",
        "mkfs.lustre",
    ];
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.contains('.')
        && !version.contains(' ');
    (is_known.contains(&of) && is_version).then_some(Version { of, version })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut n = 0;
    for line in text_lines(sample.text()).take(8) {
        if version(line).is_none() {
            return 0;
        }
        n += 1;
    }
    if n > 0 { 92 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for line in lines(input) {
        match version(line.text).filter(|_| !line.is_binary) {
            Some(found) => sink.record("lustre-version", &|| json!(found)),
            None => odd(&line, "no version of a tool of Lustre", sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, found: Option<(&str, &str)>) {
        let told = version(text).map(|one| (one.of, one.version));
        assert_eq!(told, found, "{text:?}");
    }

    #[test]
    fn versions_are_told_with_whose_they_are() {
        check("lctl 2.17.0\r", Some(("lctl", "2.17.0")));
        check(
            "Lustre version: 2.12.9_12_g1",
            Some(("Lustre", "2.12.9_12_g1")),
        );
        check("lctl dl", None);
        check("python 3.9", None);
    }
}
