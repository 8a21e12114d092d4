//! The shape every parser has: typed records go to a [`Sink`], and what could
//! not be read becomes a [`Skip`] that costs no neighbour.
//!
//! A parser is one file with one [`Kind`]: its name, how to recognise its
//! input, and how to read it. To add a parser, copy a small file such as
//! `platform/src/os/os_release.rs`, and put its `KIND` into the crate's `kinds()`.

use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// Why a piece of input was not turned into a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipKind {
    /// A well-formed record of a family we have no type for.
    Unknown,
    /// The source itself says it has no value (`not supported`, `N/A`).
    NotSupported,
    /// A value is not of the form its place asks for (a number, a NID, a date).
    BadValue,
    /// The line has not the shape that its neighbours have.
    BadLine,
    /// The input ends inside a record.
    Truncated,
    /// The line is an error message of the tool, not a record.
    ErrorText,
    /// Bytes that are not text (NUL padding, control bytes).
    Binary,
}

/// One piece of input that was passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skip {
    /// Line of the input, from 1; for binary input the byte offset.
    pub line: u64,
    /// The class of reason.
    pub kind: SkipKind,
    /// The reason in words, with the text that was met (cut to 120 bytes).
    pub reason: String,
}

impl Skip {
    /// A skip at `line` (from 1); `reason` is cut to 160 bytes at a character border.
    pub fn new(line: u64, kind: SkipKind, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > 160 {
            let end = (0..=160)
                .rev()
                .find(|&at| reason.is_char_boundary(at))
                .unwrap_or(0);
            reason.truncate(end);
        }
        Self { line, kind, reason }
    }
}

/// Where a parser puts what it read. Streaming: a sink need not keep anything.
pub trait Sink {
    /// Whether the sink wants record values; when false, `value` is not called.
    fn wants_records(&self) -> bool;
    /// One record of `family`, e.g. `obdfilter.stats`.
    fn record(&mut self, family: &str, value: &dyn Fn() -> Value);
    /// One piece that was passed over.
    fn skip(&mut self, skip: Skip);
    /// A fact about what the source can do, e.g. `stats have elapsed_time (2.15+)`.
    fn hint(&mut self, hint: &str);
}

/// How sure a [`Kind`] is that an input is its own: 0 no, 100 certain.
pub type Likelihood = u8;

/// The beginning of an input and its name, for recognising its kind.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// File name as given, without directories; may be empty. Only a tie-breaker.
    pub name: &'a str,
    /// Up to the first 64 KiB of the input.
    pub head: &'a [u8],
}

impl<'a> Sample<'a> {
    /// The head as text, up to the first byte that is not UTF-8.
    pub fn text(&self) -> &'a str {
        match std::str::from_utf8(self.head) {
            Ok(text) => text,
            Err(error) => {
                std::str::from_utf8(&self.head[..error.valid_up_to()]).unwrap_or_default()
            }
        }
    }
}

/// The lines of an input that are text, without those that are not.
pub fn only_text(input: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(input) {
        return Cow::Borrowed(text);
    }
    let lines = input.split_inclusive(|byte| *byte == b'\n');
    Cow::Owned(
        lines
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect(),
    )
}

/// One kind of input: its name, how to recognise it, how to read it.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Stable name, as `--as` takes it: `lctl-get-param`, `crm-mon-xml`.
    pub name: &'static str,
    /// One line: what prints this.
    pub about: &'static str,
    /// How likely the sample is of this kind. Must be cheap and never panic.
    pub guess: fn(Sample<'_>) -> Likelihood,
    /// Reads the whole input. Must never panic and never fail: what cannot be
    /// read becomes skips.
    pub read: fn(&[u8], &mut dyn Sink),
}

/// Everything one input gave, kept in memory: counts, skips, hints, and the
/// records if asked for.
#[derive(Debug, Default)]
pub struct Collected {
    /// Records per family.
    pub counts: std::collections::BTreeMap<String, u64>,
    /// Records per family, when [`Collected::with_records`] made this.
    pub records: std::collections::BTreeMap<String, Vec<Value>>,
    /// What was passed over, in input order.
    pub skips: Vec<Skip>,
    /// Capability hints, without repeats.
    pub hints: Vec<String>,
    keep: bool,
}

impl Collected {
    /// A sink that counts records.
    pub fn counting() -> Self {
        Self::default()
    }

    /// A sink that keeps records.
    pub fn with_records() -> Self {
        Self {
            keep: true,
            ..Self::default()
        }
    }

    /// All records of all families.
    pub fn n_records(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl Sink for Collected {
    fn wants_records(&self) -> bool {
        self.keep
    }

    fn record(&mut self, family: &str, value: &dyn Fn() -> Value) {
        match self.counts.get_mut(family) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(family.to_owned(), 1);
            }
        }
        if self.keep {
            self.records
                .entry(family.to_owned())
                .or_default()
                .push(value());
        }
    }

    fn skip(&mut self, skip: Skip) {
        self.skips.push(skip);
    }

    fn hint(&mut self, hint: &str) {
        if !self.hints.iter().any(|known| known == hint) {
            self.hints.push(hint.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_line_hides_no_other() {
        assert_eq!(only_text(b"a=1\nb=2"), "a=1\nb=2");
        assert_eq!(only_text(b"a=1\nb=\xff\nc\n"), "a=1\nc\n");
        assert_eq!(only_text(b"\xff\xfe\n\nb=2\xc3"), "\n");
    }
}
