//! Captures that hold the outputs of several commands, one after the other: the
//! lines that the first kind could not read are read as what they are.

use std::collections::BTreeSet;

use serde_json::Value;
use stdx::reading::{Sink, Skip, SkipKind};

/// Skips that are held back to see whether they stand together; of an input with
/// more, no part is looked for.
const SKIPS_MAX: usize = 20_000;

/// Lines that must stand together to be a part: fewer are damage.
const LINES_MIN: u64 = 2;

/// A stretch of lines of an input.
pub(super) struct Part<'a> {
    /// Its first line, from 1.
    pub line: u64,
    /// Its last line.
    pub end: u64,
    /// Its text.
    pub bytes: &'a [u8],
}

/// Holds skips back, and passes everything else on.
pub(super) struct Held<'s> {
    sink: &'s mut dyn Sink,
    skips: Vec<Skip>,
    /// Whether more came than can be held.
    is_full: bool,
}

impl<'s> Held<'s> {
    /// Passes records and hints on to `sink`.
    pub fn new(sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            skips: Vec::new(),
            is_full: false,
        }
    }

    /// The skips that are held; none if they were too many to hold.
    pub fn into_skips(self) -> Vec<Skip> {
        self.skips
    }
}

impl Sink for Held<'_> {
    fn wants_records(&self) -> bool {
        self.sink.wants_records()
    }

    fn record(&mut self, family: &str, value: &dyn Fn() -> Value) {
        self.sink.record(family, value);
    }

    fn skip(&mut self, skip: Skip) {
        self.is_full |= self.skips.len() >= SKIPS_MAX;
        if self.is_full {
            for held in self.skips.drain(..) {
                self.sink.skip(held);
            }
            return self.sink.skip(skip);
        }
        self.skips.push(skip);
    }

    fn hint(&mut self, hint: &str) {
        self.sink.hint(hint);
    }
}

/// The stretches of lines that the skips name, blank lines between them included.
pub(super) fn find<'a>(input: &'a [u8], skips: &[Skip]) -> Vec<Part<'a>> {
    let is_line = |skip: &&Skip| !matches!(skip.kind, SkipKind::BadValue | SkipKind::NotSupported);
    let lines = skips.iter().filter(is_line).map(|skip| skip.line);
    let lines: BTreeSet<u64> = lines.collect();
    let mut found: Vec<Part<'a>> = Vec::new();
    let (mut open, mut at) = (None, 0_usize);
    let mut put = |open: &mut Option<(u64, usize, u64, usize)>| {
        if let Some((line, start, end, stop)) =
            open.take().filter(|part| part.2 - part.0 + 1 >= LINES_MIN)
        {
            let bytes = &input[start..stop];
            found.push(Part { line, end, bytes });
        }
    };
    for (line, text) in (1_u64..).zip(input.split_inclusive(|byte| *byte == b'\n')) {
        let stop = at + text.len();
        let is_blank = text.trim_ascii().is_empty();
        match (&mut open, lines.contains(&line)) {
            (None, true) => open = Some((line, at, line, stop)),
            (Some(part), true) => (part.2, part.3) = (line, stop),
            (Some(_), false) if is_blank => {}
            (_, false) => put(&mut open),
        }
        at = stop;
    }
    put(&mut open);
    found
}

/// Moves line numbers of skips to where a part stands in the whole.
pub(super) struct Shifted<'s> {
    /// Where everything goes.
    pub sink: &'s mut dyn Sink,
    /// Lines before the part.
    pub n_before: u64,
}

impl Sink for Shifted<'_> {
    fn wants_records(&self) -> bool {
        self.sink.wants_records()
    }

    fn record(&mut self, family: &str, value: &dyn Fn() -> Value) {
        self.sink.record(family, value);
    }

    fn skip(&mut self, skip: Skip) {
        let line = skip.line.saturating_add(self.n_before);
        self.sink.skip(Skip { line, ..skip });
    }

    fn hint(&mut self, hint: &str) {
        self.sink.hint(hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stand_together_are_parts() {
        let input = b"a\nx\n\ny\nb\nz\n";
        let skip = |line| Skip::new(line, SkipKind::BadLine, "");
        let found = find(input, &[skip(2), skip(4), skip(6)]);
        let told: Vec<(u64, u64, &[u8])> = found
            .iter()
            .map(|part| (part.line, part.end, part.bytes))
            .collect();
        assert_eq!(told, [(2, 4, b"x\n\ny\n".as_slice())]);
    }
}
