//! Every kind of input that can be read, and which one an unknown input is.
//!
//! What captures have around the output itself is dealt with here, for all
//! kinds: prompts with the command that was typed, and lines that are no text.

mod parts;
mod prompt;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind, only_text};

/// A guess below this is none.
pub const LIKELIHOOD_MIN: Likelihood = 30;

/// All kinds, of `lustre` and of this crate.
pub fn all() -> Vec<&'static Kind> {
    let mut all = lustre::kinds();
    all.extend(crate::kinds());
    all
}

/// The kind of this name.
pub fn by_name(name: &str) -> Option<&'static Kind> {
    all().into_iter().find(|kind| kind.name == name)
}

/// The likeliest kind of an input, if any is likely enough. Of two that are
/// equally likely the first in [`all`] is taken. Prompts, lines that are no text
/// and, if nothing else tells, a few lines at the beginning are looked past.
pub fn guess(sample: Sample<'_>) -> Option<(&'static Kind, Likelihood)> {
    let bare = prompt::without(sample.head);
    let head = bare.as_ref().map_or(sample.head, |bare| &bare.bytes);
    let text = (!is_binary(head)).then(|| only_text(head));
    let mut head = without_blank_start(text.as_ref().map_or(head, |text| text.as_bytes()));
    for n_before in 0..=WORDS_BEFORE_MAX {
        let found = likeliest(Sample { head, ..sample });
        let is_sure = |likelihood| n_before == 0 || likelihood >= LIKELIHOOD_BEHIND_MIN;
        if let Some((kind, likelihood)) = found.filter(|found| is_sure(found.1)) {
            return Some((kind, likelihood));
        }
        if is_binary(head) {
            return None;
        }
        // Greetings, warnings of ssh and headings of an operator's stand before outputs.
        let end = head.iter().position(|byte| *byte == b'\n')?;
        head = without_blank_start(&head[end + 1..]);
        if head.is_empty() {
            return None;
        }
    }
    None
}

/// A guess that looks past other lines must be surer.
const LIKELIHOOD_BEHIND_MIN: Likelihood = 60;

/// Lines before the output itself that are looked past.
const WORDS_BEFORE_MAX: usize = 3;

fn without_blank_start(mut head: &[u8]) -> &[u8] {
    let full = head;
    while let Some(end) = head.iter().position(|byte| *byte == b'\n') {
        if !head[..end].trim_ascii().is_empty() {
            return head;
        }
        head = &head[end + 1..];
    }
    if head.trim_ascii().is_empty() {
        full
    } else {
        head
    }
}

fn likeliest(sample: Sample<'_>) -> Option<(&'static Kind, Likelihood)> {
    let mut best: Option<(&'static Kind, Likelihood)> = None;
    for kind in all() {
        let likelihood = (kind.guess)(sample);
        if likelihood >= LIKELIHOOD_MIN && best.is_none_or(|(_, known)| likelihood > known) {
            best = Some((kind, likelihood));
        }
    }
    best
}

/// Reads an input as a kind: prompts become hints with the command that was
/// typed; lines that stand together and are of another kind (the output of the
/// next command) are read as that; and each line that is no text is told, if the
/// kind passed over it in silence.
pub fn read(kind: &Kind, input: &[u8], sink: &mut dyn Sink) {
    let bare = prompt::without(input);
    for command in bare.iter().flat_map(|bare| &bare.commands) {
        sink.hint(&format!("the command typed: {command}"));
    }
    let input = bare.map_or(Cow::Borrowed(input), |bare| Cow::Owned(bare.bytes));
    if is_binary(&input) {
        return (kind.read)(&input, sink);
    }
    if std::str::from_utf8(&input).is_ok() {
        return read_parts(kind, &input, 0, sink);
    }
    let mut watch = Watch {
        sink,
        told: BTreeSet::new(),
    };
    read_parts(kind, &input, 0, &mut watch);
    let told = watch.told;
    for (line, text) in (1_u64..).zip(input.split(|byte| *byte == b'\n')) {
        if std::str::from_utf8(text).is_err() && !told.contains(&line) {
            let reason = "the line holds bytes that are not text";
            sink.skip(Skip::new(line, SkipKind::Binary, reason));
        }
    }
}

/// Outputs in one capture at most, each found in what the one before left.
const PARTS_DEPTH_MAX: u32 = 4;

fn read_parts(kind: &Kind, input: &[u8], depth: u32, sink: &mut dyn Sink) {
    if depth >= PARTS_DEPTH_MAX {
        return (kind.read)(input, sink);
    }
    let mut held = parts::Held::new(sink);
    (kind.read)(input, &mut held);
    let mut skips = held.into_skips();
    for part in parts::find(input, &skips) {
        let head = &part.bytes[..part.bytes.len().min(64 * 1024)];
        let sample = Sample { name: "", head };
        let is_sure = |found: &(&Kind, Likelihood)| found.1 >= LIKELIHOOD_BEHIND_MIN;
        let Some((other, _)) = guess(sample).filter(is_sure) else {
            continue;
        };
        if other.name == kind.name {
            continue;
        }
        skips.retain(|skip| !(part.line..=part.end).contains(&skip.line));
        let (from, to) = (part.line, part.end);
        sink.hint(&format!("lines {from} to {to} are {}", other.name));
        let mut shifted = parts::Shifted {
            sink: &mut *sink,
            n_before: part.line - 1,
        };
        read_parts(other, part.bytes, depth + 1, &mut shifted);
    }
    for skip in skips {
        sink.skip(skip);
    }
}

/// Whether bytes that are not text belong to the form: a file on disk, a
/// journal's export. Texts have a byte of that sort here and there at most.
fn is_binary(input: &[u8]) -> bool {
    let head = &input[..input.len().min(64 * 1024)];
    let n_control = head
        .iter()
        .filter(|byte| matches!(byte, 1..=8 | 14..=26 | 28..=31 | 127))
        .count();
    n_control > 0
}

/// Notes which lines a reader tells of.
struct Watch<'a> {
    sink: &'a mut dyn Sink,
    told: BTreeSet<u64>,
}

impl Sink for Watch<'_> {
    fn wants_records(&self) -> bool {
        self.sink.wants_records()
    }

    fn record(&mut self, family: &str, value: &dyn Fn() -> Value) {
        self.sink.record(family, value);
    }

    fn skip(&mut self, skip: Skip) {
        self.told.insert(skip.line);
        self.sink.skip(skip);
    }

    fn hint(&mut self, hint: &str) {
        self.sink.hint(hint);
    }
}
