//! `/etc/os-release`: `KEY=value` with shell quoting.
//!
//! To add a reader, copy this file: say what prints the input, keep the typed
//! record, `parse`, and the `KIND`; then name the kind in the family's
//! `kinds()`. The tests of every kind are a table like the one below.

use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `/etc/os-release`.
pub static KIND: Kind = Kind {
    name: "os-release",
    about: "/etc/os-release",
    guess,
    read,
};

/// The file's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OsRelease {
    /// All fields, unquoted, by name.
    pub fields: BTreeMap<String, String>,
}

impl OsRelease {
    /// A field's value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }
}

/// Reads every field; a line that is none becomes a skip.
pub fn parse(input: &[u8]) -> (OsRelease, Vec<Skip>) {
    let (mut found, mut skips) = (OsRelease::default(), Vec::new());
    for (number, line) in (1_u64..).zip(input.split(|byte| *byte == b'\n')) {
        let Ok(line) = std::str::from_utf8(line) else {
            skips.push(Skip::new(
                number,
                SkipKind::Binary,
                "bytes that are not text",
            ));
            continue;
        };
        let line = line.trim_matches(['\0', '\r', ' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=').filter(|(key, _)| is_key(key)) {
            Some((key, value)) => {
                found.fields.insert(key.to_owned(), unquote(value));
            }
            None => skips.push(Skip::new(
                number,
                SkipKind::BadLine,
                format!("no KEY=value: {line:?}"),
            )),
        }
    }
    (found, skips)
}

fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn unquote(value: &str) -> String {
    let bare = [('"', '"'), ('\'', '\'')].iter().find_map(|(open, close)| {
        value
            .strip_prefix(*open)
            .and_then(|rest| rest.strip_suffix(*close))
    });
    bare.unwrap_or(value)
        .replace("\\\"", "\"")
        .replace("\\$", "$")
        .replace("\\\\", "\\")
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &&str| text.lines().any(|line| line.trim_start().starts_with(*key));
    let n_known = KEYS.iter().filter(|key| has(key)).count();
    match (has(&"ID="), n_known) {
        (true, 2..) => 95,
        (_, 3..) => 80,
        _ => 0,
    }
}

/// Fields that every distribution sets, and few other files.
const KEYS: [&str; 6] = [
    "ID=",
    "NAME=",
    "PRETTY_NAME=",
    "VERSION_ID=",
    "HOME_URL=",
    "BUG_REPORT_URL=",
];

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    if !found.fields.is_empty() {
        sink.record("os-release", &|| json!(found));
    }
    for skip in skips {
        sink.skip(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, key: &str, value: Option<&str>, n_skips: usize) {
        let (found, skips) = parse(text.as_bytes());
        assert_eq!((found.get(key), skips.len()), (value, n_skips), "{text:?}");
    }

    #[test]
    fn fields_are_read_whatever_their_quotes() {
        check(
            "ID=debian\nVERSION_ID=\"12\"\n",
            "VERSION_ID",
            Some("12"),
            0,
        );
        check("ID='rocky'\r\n# note\n\n", "ID", Some("rocky"), 0);
        check("NAME=\"a \\\"b\\\"\"", "NAME", Some("a \"b\""), 0);
    }

    #[test]
    fn a_bad_line_costs_no_neighbour() {
        check("nonsense\nID=x", "ID", Some("x"), 1);
        check("", "ID", None, 0);
    }
}
