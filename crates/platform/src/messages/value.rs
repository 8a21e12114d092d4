//! A file of one word: a version, a kernel's release, an architecture, a number.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::inspect::LIKELIHOOD_MIN;
use crate::storage::text;

/// The reader of such files.
pub static KIND: Kind = Kind {
    name: "one-value",
    about: "one word: a version, a kernel's release, an architecture, a number",
    guess,
    read,
};

/// What the word looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Digits.
    Number,
    /// `2.10.8_4.chaos`.
    Version,
    /// `3.10.0-514.el7_lustre.x86_64`.
    KernelRelease,
    /// `x86_64`.
    Architecture,
}

/// The word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Word<'a> {
    /// As written.
    pub value: &'a str,
    /// What it looks like.
    pub form: Form,
}

/// Reads the one word.
pub fn parse(input: &[u8]) -> (Option<Word<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let lines = text::lines(input, &mut skips);
    let mut full = lines.iter().filter(|line| !line.text.trim().is_empty());
    let found = full.next().and_then(|line| {
        let found = word(line.text.trim());
        if found.is_none() {
            skips.push(text::bad_line(*line, "wanted a version or a number"));
        }
        found
    });
    if let Some(more) = full.next() {
        skips.push(Skip::new(more.no, SkipKind::Unknown, "more than one line"));
    }
    (found, skips)
}

fn word(text: &str) -> Option<Word<'_>> {
    let is_word = text.len() <= 96
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-+~".contains(&b));
    if !is_word || text.is_empty() {
        return None;
    }
    let form = if text::all_digits(text) {
        Form::Number
    } else if ARCHITECTURES.contains(&text) {
        Form::Architecture
    } else if is_version(text) {
        match text.split_once('-') {
            Some(_) if ARCHITECTURES.iter().any(|one| text.ends_with(one)) => Form::KernelRelease,
            Some(_) if text.ends_with("-amd64") || text.ends_with("-generic") => {
                Form::KernelRelease
            }
            _ => Form::Version,
        }
    } else {
        return None;
    };
    Some(Word { value: text, form })
}

const ARCHITECTURES: [&str; 8] = [
    "x86_64", "aarch64", "ppc64le", "ppc64", "s390x", "riscv64", "i686", "armv7l",
];

/// Two or more numbers with dots, then anything.
fn is_version(text: &str) -> bool {
    let mut parts = text.split('.');
    let first = parts.next().is_some_and(text::all_digits);
    let second = parts
        .next()
        .is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    first && second
}

fn guess(sample: Sample<'_>) -> Likelihood {
    if sample.head.len() > 128 {
        return 0;
    }
    match parse(sample.head) {
        (Some(_), skips) if skips.is_empty() => LIKELIHOOD_MIN,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    let found: Vec<Word<'_>> = found.into_iter().collect();
    text::emit("value", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, form: Option<Form>) {
        let found = parse(text.as_bytes()).0.map(|word| word.form);
        assert_eq!(found, form, "{text:?}");
    }

    #[test]
    fn a_word_is_known_by_its_form() {
        check("2.10.0\n", Some(Form::Version));
        check("2.10.8_4.chaos\r\n", Some(Form::Version));
        check("3.10.0-514.el7_lustre.x86_64\n", Some(Form::KernelRelease));
        check("6.1.0-56-amd64", Some(Form::KernelRelease));
        check("x86_64\0\0", Some(Form::Architecture));
        check("10240\n", Some(Form::Number));
        check("hello\n", None);
        check("a b\n", None);
        check("", None);
    }
}
