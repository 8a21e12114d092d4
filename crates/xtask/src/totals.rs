//! Adds up what the test runners say.

/// Tests counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that said they were skipped, and why.
    pub skipped: u64,
}

impl Totals {
    /// Adds what one line of output says: cargo's closing lines, vitest's, and
    /// the browser tests' own `N passed, N failed`. A test that cannot run here
    /// prints a line that begins with `skipped:`.
    pub fn read(&mut self, line: &str) {
        let plain = strip_colour(line);
        let line = plain.trim();
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
            self.skipped += 1;
        }
    }

    /// The closing line.
    pub fn line(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
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

    fn check(text: &str, passed: u64, failed: u64, skipped: u64) {
        let mut totals = Totals::default();
        text.lines().for_each(|line| totals.read(line));
        assert_eq!(
            totals,
            Totals {
                passed,
                failed,
                skipped
            },
            "{text}"
        );
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
