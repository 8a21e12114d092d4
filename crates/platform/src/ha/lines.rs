//! Lines of a tool's output: what the text readers of this family share.

use serde::Serialize;
use stdx::reading::{Sink, Skip, SkipKind};

/// One line of text and its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub no: u64,
    /// Without its line end, trailing blanks and NUL padding.
    pub text: &'a str,
    /// Whether a newline ended it.
    pub ended: bool,
}

impl Line<'_> {
    /// The line as a skip of this kind, quoting it.
    pub(crate) fn skip(&self, kind: SkipKind, want: &str) -> Skip {
        Skip::new(self.no, kind, format!("{want}: {:?}", self.text.trim()))
    }

    /// A line that has not the shape asked for; `Truncated` if no newline ended it.
    pub(crate) fn bad(&self, want: &str) -> Skip {
        let kind = if self.ended {
            SkipKind::BadLine
        } else {
            SkipKind::Truncated
        };
        self.skip(kind, want)
    }
}

/// Splits into lines, blank ones too, prompts left out; a line that is not
/// text becomes a `Binary` skip.
pub(crate) fn read<'a>(input: &'a [u8], skips: &mut Vec<Skip>) -> Vec<Line<'a>> {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let mut found = Vec::new();
    for (no, raw) in (1_u64..).zip(input.split_inclusive(|byte| *byte == b'\n')) {
        let ended = raw.last() == Some(&b'\n');
        let Ok(text) = std::str::from_utf8(raw) else {
            skips.push(Skip::new(no, SkipKind::Binary, "bytes that are not text"));
            continue;
        };
        let text = text
            .trim_end_matches(['\n', '\r', ' ', '\t', '\0'])
            .trim_start_matches('\0');
        if text.contains('\0') {
            skips.push(Skip::new(no, SkipKind::Binary, "the line holds NUL bytes"));
        } else if !is_prompt(text) {
            found.push(Line { no, text, ended });
        }
    }
    found
}

/// Whether a line is a shell prompt with a command: `# crm_mon -1`,
/// `[root@oss1 ~]# pcs status`, `oss1:~ # crm status`.
pub(crate) fn is_prompt(text: &str) -> bool {
    let is_command =
        |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '/' || c == '.');
    let bare = text.strip_prefix("# ").or_else(|| text.strip_prefix("$ "));
    if bare.is_some_and(|rest| is_command(rest) && !rest.contains(": ")) {
        return true;
    }
    ["]# ", "]$ ", "~ # ", "~# ", "~$ "].iter().any(|mark| {
        text.split_once(mark)
            .is_some_and(|(host, rest)| host.len() < 80 && !host.contains('=') && is_command(rest))
    })
}

/// Whether a line is what a tool says when it cannot answer.
pub(crate) fn is_error(text: &str) -> bool {
    const STARTS: [&str; 21] = [
        "error:",
        "warning:",
        "could not ",
        "cannot ",
        "can't ",
        "failed to ",
        "unable to ",
        "connection to ",
        "critical:",
        "crit:",
        "usage:",
        "usage error",
        "crm_mon:",
        "crm_resource:",
        "corosync-cfgtool:",
        "corosync-quorumtool:",
        "bash:",
        "sh:",
        "not connected",
        "cfg_get",
        "cs_err",
    ];
    let text = text.trim_start().to_ascii_lowercase();
    STARTS.iter().any(|start| text.starts_with(start)) || text.ends_with("command not found")
}

/// Hands typed records of one family to a sink.
pub(crate) fn emit<T: Serialize>(family: &str, records: &[T], sink: &mut dyn Sink) {
    for record in records {
        sink.record(family, &|| serde_json::to_value(record).unwrap_or_default());
    }
}

/// Hands the skips to a sink, in the order of the input.
pub(crate) fn emit_skips(mut skips: Vec<Skip>, sink: &mut dyn Sink) {
    skips.sort_by_key(|skip| skip.line);
    for skip in skips {
        sink.skip(skip);
    }
}

/// A number, decimal or hexadecimal with `0x`.
pub(crate) fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `1`, `yes`, `on`, `true` and their opposites.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "yes" | "on" | "true" => Some(true),
        "0" | "no" | "off" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_told_from_text() {
        for text in [
            "# crm_mon -1",
            "[root@oss1 ~]# pcs status",
            "oss1:~ # crm status",
            "root@oss1:~# corosync-cfgtool -s",
        ] {
            assert!(is_prompt(text), "{text}");
        }
        for text in ["# Node List", "#kind", "Online: [ a b ]", "a: [b]"] {
            assert!(!is_prompt(text), "{text}");
        }
    }

    #[test]
    fn padding_is_cut_and_binary_costs_one_line() {
        let mut skips = Vec::new();
        let lines = read(b"a \r\n\xff\nb\0c\n  d\0\0", &mut skips);
        let seen: Vec<_> = lines
            .iter()
            .map(|line| (line.no, line.text, line.ended))
            .collect();
        assert_eq!(seen, [(1, "a", true), (4, "  d", false)]);
        assert_eq!(skips.iter().map(|s| s.line).collect::<Vec<_>>(), [2, 3]);
    }
}
