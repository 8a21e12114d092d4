//! Files that say nothing: empty ones, and settings that are all comments.

use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::lines;
use crate::inspect::LIKELIHOOD_MIN;
use crate::storage::text;

/// A file with nothing in it, as the output of a command that had nothing to say.
pub static EMPTY: Kind = Kind {
    name: "empty",
    about: "nothing: an empty file, or blank lines only",
    guess: |sample| {
        if is_blank(sample.head) {
            LIKELIHOOD_MIN
        } else {
            0
        }
    },
    read: |input, sink| {
        if is_blank(input) {
            sink.hint("the file is empty");
            if input.contains(&0) {
                sink.skip(Skip::new(1, SkipKind::Binary, "NUL bytes only"));
            }
        } else {
            sink.skip(Skip::new(1, SkipKind::Unknown, "the file is not empty"));
        }
    },
};

/// A file of settings in which every line is a comment.
pub static COMMENTS: Kind = Kind {
    name: "comments-only",
    about: "a file of settings in which every line is a comment",
    guess: guess_comments,
    read: read_comments,
};

fn is_blank(input: &[u8]) -> bool {
    input
        .iter()
        .all(|&byte| byte == 0 || byte.is_ascii_whitespace())
}

fn guess_comments(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has_comment = text.lines().any(|line| line.trim_start().starts_with('#'));
    let is_all = text.len() == sample.head.len() && lines::active(text).next().is_none();
    if has_comment && is_all {
        LIKELIHOOD_MIN
    } else {
        0
    }
}

fn read_comments(input: &[u8], sink: &mut dyn Sink) {
    let mut skips = Vec::new();
    let settings = lines::settings(input, &mut skips);
    if settings.is_empty() {
        lines::hint_nothing_set(sink);
    }
    for setting in settings {
        skips.push(text::bad_line(setting.line, "wanted only comments"));
    }
    for skip in skips {
        sink.skip(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    fn check(kind: &Kind, head: &str, likelihood: Likelihood) {
        let sample = Sample {
            name: "",
            head: head.as_bytes(),
        };
        assert_eq!((kind.guess)(sample), likelihood, "{} {head:?}", kind.name);
    }

    #[test]
    fn only_files_that_say_nothing_are_taken() {
        check(&EMPTY, "", 30);
        check(&EMPTY, "\r\n \n\0", 30);
        check(&EMPTY, "x", 0);
        check(&COMMENTS, "# a\n\n  # b", 30);
        check(&COMMENTS, "# a\nb", 0);
        check(&COMMENTS, "\n", 0);
    }

    #[test]
    fn a_setting_that_is_met_is_said() {
        let mut found = Collected::counting();
        (COMMENTS.read)(b"# a\nb 1\n", &mut found);
        assert_eq!((found.n_records(), found.skips[0].line), (0, 2));
        let mut found = Collected::counting();
        (COMMENTS.read)(b"# a\n", &mut found);
        assert_eq!((found.hints.len(), found.skips.len()), (1, 0));
    }
}
