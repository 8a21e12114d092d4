//! A console line taken apart: what stands before a message, and its header.

use serde::Serialize;

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// `Lustre:`, `LustreError:`.
    Lustre,
    /// `LNet:`, `LNetError:`.
    Lnet,
    /// The rest of the kernel.
    Kernel,
}

/// A message without what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Who says it.
    pub speaker: Speaker,
    /// Whether it is said as an error (`LustreError:`).
    pub is_error: bool,
    /// Message number: `11-0`, `166-1`.
    pub code: Option<&'a str>,
    /// Process that says it.
    pub pid: Option<u32>,
    /// Source file.
    pub file: Option<&'a str>,
    /// Function, without brackets.
    pub function: Option<&'a str>,
    /// The message itself.
    pub text: &'a str,
}

const MARKS: [(&str, Speaker, bool); 4] = [
    ("LustreError:", Speaker::Lustre, true),
    ("Lustre:", Speaker::Lustre, false),
    ("LNetError:", Speaker::Lnet, true),
    ("LNet:", Speaker::Lnet, false),
];

impl<'a> Line<'a> {
    /// Takes a line apart, with or without the prefixes of dmesg, syslog and
    /// the journal.
    pub fn parse(line: &'a str) -> Self {
        let line = line.trim_matches(['\0', '\r', '\n', ' ', '\t']);
        let marked = MARKS
            .iter()
            .filter_map(|(mark, speaker, is_error)| {
                Some((find_mark(line, mark)?, mark.len(), *speaker, *is_error))
            })
            .min_by_key(|(at, ..)| *at);
        let Some((at, length, speaker, is_error)) = marked else {
            return Self {
                speaker: Speaker::Kernel,
                is_error: false,
                code: None,
                pid: None,
                file: None,
                function: None,
                text: bare(line),
            };
        };
        let rest = line.get(at + length..).unwrap_or_default();
        let mut found = Self {
            speaker,
            is_error,
            code: None,
            pid: None,
            file: None,
            function: None,
            text: rest.trim_start(),
        };
        found.header();
        found
    }

    /// Takes `5629:0:(file.c:877:function())` or `11-0:` off the text.
    fn header(&mut self) {
        let text = self.text;
        if let Some(open) = text.find('(')
            && text
                .get(..open)
                .is_some_and(|head| head.bytes().all(|b| b.is_ascii_digit() || b == b':'))
            && let Some(close) = text.find("())")
            && let Some(place) = text.get(open + 1..close)
            && !place.contains(' ')
        {
            let mut parts = place.splitn(3, ':');
            self.file = parts.next();
            let _line = parts.next();
            self.function = parts.next();
            self.pid = text.split(':').next().and_then(|pid| pid.parse().ok());
            self.text = text.get(close + 3..).unwrap_or_default().trim_start();
        } else if let Some((code, rest)) = text.split_once(": ")
            && is_code(code)
        {
            self.code = Some(code);
            self.text = rest.trim_start();
        }
        // Messages of one subsystem that pass through another say who they are twice.
        self.text = self
            .text
            .strip_prefix("Lustre: ")
            .unwrap_or(self.text)
            .trim_end();
    }
}

/// `11-0`, `15f-b`.
fn is_code(word: &str) -> bool {
    word.split_once('-').is_some_and(|(number, part)| {
        (1..=3).contains(&number.len())
            && (1..=2).contains(&part.len())
            && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    })
}

/// Where a mark begins a word, before anything but a prefix was said.
fn find_mark(line: &str, mark: &str) -> Option<usize> {
    let at = line.find(mark)?;
    let before = line.get(..at)?.chars().next_back();
    let begins = before.is_none_or(|c| matches!(c, ' ' | ']' | '>' | '\t' | ';'));
    let behind = line.get(at + mark.len()..)?.chars().next();
    (begins && at <= 160 && behind.is_none_or(|c| c == ' ' || c == '\t')).then_some(at)
}

/// A kernel line without `<6>`, `[ 12.3]`, `[  T12]`, `Nov 21 … kernel: `,
/// `6,123,456,-;`.
pub fn bare(line: &str) -> &str {
    let mut text = line;
    if let Some(at) = text.find("kernel: ")
        && at <= 100
        && text
            .get(..at)
            .is_some_and(|head| head.is_empty() || head.ends_with(' ') || head.ends_with('\t'))
    {
        text = text.get(at + 8..).unwrap_or_default();
    }
    if let Some((head, rest)) = text.split_once(';')
        && head.split(',').count() >= 4
        && head
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b',' | b'-' | b'='))
    {
        text = rest;
    }
    if let Some((level, rest)) = text.strip_prefix('<').and_then(|rest| rest.split_once('>'))
        && level.len() <= 3
        && level.bytes().all(|b| b.is_ascii_digit())
    {
        text = rest;
    }
    loop {
        let next = text.trim_start().strip_prefix('[').and_then(|rest| {
            let (inside, tail) = rest.split_once(']')?;
            let inside = inside.trim();
            let number = inside.trim_start_matches(['T', 'C', '+']);
            let is_time = !number.is_empty()
                && number
                    .bytes()
                    .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b' '));
            (is_time || is_date(inside)).then_some(tail)
        });
        match next {
            Some(tail) => text = tail,
            None => return text.trim_start(),
        }
    }
}

/// `Sat Nov 21 00:24:47 2026`, as `dmesg -T` has it.
fn is_date(text: &str) -> bool {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.len() == 5 && words.iter().any(|word| word.matches(':').count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, speaker: Speaker, is_error: bool, function: Option<&str>, text: &str) {
        let found = Line::parse(line);
        assert_eq!(
            (found.speaker, found.is_error, found.function, found.text),
            (speaker, is_error, function, text),
            "{line}"
        );
    }

    #[test]
    fn prefixes_and_headers_are_taken_off() {
        check(
            "Lustre: Failing over a-OST0000",
            Speaker::Lustre,
            false,
            None,
            "Failing over a-OST0000",
        );
        check(
            "<3>[ 2940.465974] LustreError: 6513:0:(tgt_handler.c:465:tgt_handle_request0()) LBUG\r",
            Speaker::Lustre,
            true,
            Some("tgt_handle_request0"),
            "LBUG",
        );
        check(
            "LustreError: (osd_io.c:1525:osd_write_commit()) ASSERTION( x ) failed",
            Speaker::Lustre,
            true,
            Some("osd_write_commit"),
            "ASSERTION( x ) failed",
        );
        check(
            "Nov 21 01:00:00 n1 kernel: LNetError: 105-4: Error -100 starting up LNI tcp",
            Speaker::Lnet,
            true,
            None,
            "Error -100 starting up LNI tcp",
        );
        check(
            "[Sat Nov 21 00:24:47 2026] LustreError: 12:0:(client.c:1696:f())LBUG",
            Speaker::Lustre,
            true,
            Some("f"),
            "LBUG",
        );
        check(
            "Lustre: Lustre: Build Version: 2.17.0",
            Speaker::Lustre,
            false,
            None,
            "Build Version: 2.17.0",
        );
        check(
            "6,1234,5678,-;LNet: Added LNI 1.2.3.4@tcp [8/256/0/180]",
            Speaker::Lnet,
            false,
            None,
            "Added LNI 1.2.3.4@tcp [8/256/0/180]",
        );
        check(
            "[    1.5][  T12] Out of memory: x",
            Speaker::Kernel,
            false,
            None,
            "Out of memory: x",
        );
        check(
            "3,9,8,-,caller=T1;I/O error, dev sdb",
            Speaker::Kernel,
            false,
            None,
            "I/O error, dev sdb",
        );
    }

    #[test]
    fn a_message_number_is_kept() {
        assert_eq!(
            Line::parse("LustreError: 15c-8: MGC1@tcp: x").code,
            Some("15c-8")
        );
        assert_eq!(Line::parse("LustreError: fsx-OST0000: x").code, None);
    }
}
