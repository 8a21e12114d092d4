//! Adds up what the test runners say, and leaves out what nobody reads.

use std::collections::BTreeSet;

/// Tests counted so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// What tests said that they could not do here, and why.
    pub skipped: BTreeSet<String>,
    /// The names of Rust tests that failed.
    pub names: BTreeSet<String>,
    /// Within what passing tests printed.
    is_within_successes: bool,
}

impl Totals {
    /// Adds what one line of output says: cargo's closing lines, vitest's, and
    /// the browser tests' own `N passed, N failed`. A test that cannot run here
    /// prints a line that begins with `skipped:`. False when the line need not
    /// be shown: it was printed by a test that passed, or said before.
    pub fn read(&mut self, line: &str) -> bool {
        let plain = strip_colour(line);
        let line = plain.trim();
        if line == "successes:" {
            self.is_within_successes = true;
        } else if line == "failures:" || line.starts_with("test result:") {
            self.is_within_successes = false;
        }
        if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.names.insert(name.to_owned());
        }
        if let Some(rest) = line.strip_prefix("test result:") {
            self.passed += number_before(rest, " passed");
            self.failed += number_before(rest, " failed");
        } else if let Some(rest) = line.strip_prefix("Tests ") {
            self.passed += number_before(rest, " passed");
            self.failed += number_before(rest, " failed");
        } else if let Some(rest) = line.strip_prefix("browser:") {
            self.passed += number_before(rest, " passed");
            self.failed += number_before(rest, " failed");
        } else if line.starts_with("skipped:") {
            return self.skipped.insert(line.to_owned());
        }
        !self.is_within_successes
    }

    /// The closing line.
    pub fn line(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed,
            self.skipped.len()
        )
    }
}

fn number_before(text: &str, word: &str) -> u64 {
    let Some(at) = text.find(word) else { return 0 };
    let digits = text[..at].rsplit(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn strip_colour(line: &str) -> String {
    let mut plain = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            for c in chars.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, passed: u64, failed: u64, skipped: usize) {
        let mut totals = Totals::default();
        for line in text.lines() {
            totals.read(line);
        }
        assert_eq!(
            (totals.passed, totals.failed, totals.skipped.len()),
            (passed, failed, skipped),
            "{text}"
        );
    }

    #[test]
    fn what_passing_tests_print_is_not_shown() {
        let mut totals = Totals::default();
        let shown: Vec<&str> = [
            "test a ... ok",
            "test b::c ... FAILED",
            "successes:",
            "chatter",
            "skipped: no strace here",
            "skipped: no strace here",
            "failures:",
            "why b failed",
            "test result: FAILED. 1 passed; 1 failed",
        ]
        .into_iter()
        .filter(|line| totals.read(line))
        .collect();
        assert_eq!(
            shown,
            [
                "test a ... ok",
                "test b::c ... FAILED",
                "skipped: no strace here",
                "failures:",
                "why b failed",
                "test result: FAILED. 1 passed; 1 failed",
            ]
        );
        assert_eq!(totals.names.into_iter().collect::<Vec<_>>(), ["b::c"]);
    }

    #[test]
    fn closing_lines_add_up() {
        check(
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured",
            12,
            0,
            0,
        );
        check(
            "test result: FAILED. 3 passed; 2 failed; 0 ignored",
            3,
            2,
            0,
        );
        check(
            "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m7 passed\u{1b}[39m (7)",
            7,
            0,
            0,
        );
        check(
            "browser: 9 passed, 1 failed\nskipped: no strace here",
            9,
            1,
            1,
        );
        check("12 passed in a sentence", 0, 0, 0);
    }
}
