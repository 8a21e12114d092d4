//! Lines, quoted pairs, sizes and flags: what the readers of this family share.

use std::borrow::Cow;

use serde::Serialize;
use stdx::reading::{Sink, Skip, SkipKind};

/// One line of text and its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub no: u64,
    /// Without its line end.
    pub text: &'a str,
    /// Whether a newline ended it.
    pub ended: bool,
}

/// Splits into lines; a line that is not text becomes a `Binary` skip. NUL bytes
/// at a line's end are padding and cost nothing but themselves.
pub(crate) fn lines<'a>(input: &'a [u8], skips: &mut Vec<Skip>) -> Vec<Line<'a>> {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let mut out = Vec::new();
    for (no, raw) in (1u64..).zip(input.split_inclusive(|&byte| byte == b'\n')) {
        let (body, ended) = match raw.strip_suffix(b"\n") {
            Some(body) => (body, true),
            None => (raw, false),
        };
        let padding = body.iter().rev().take_while(|&&byte| byte == 0).count();
        let body = match &body[..body.len() - padding] {
            b"" => body,
            bare => bare,
        };
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        if body.contains(&0) {
            skips.push(Skip::new(no, SkipKind::Binary, "the line holds NUL bytes"));
            continue;
        }
        match std::str::from_utf8(body) {
            Ok(text) => out.push(Line { no, text, ended }),
            Err(_) => skips.push(Skip::new(no, SkipKind::Binary, "the line is not UTF-8")),
        }
    }
    out
}

/// A `BadLine` skip that quotes the line; `Truncated` if no newline ended it.
pub(crate) fn bad_line(line: Line<'_>, want: &str) -> Skip {
    let kind = if line.ended {
        SkipKind::BadLine
    } else {
        SkipKind::Truncated
    };
    Skip::new(line.no, kind, format!("{want}, not {:?}", cut(line.text)))
}

/// The text cut to 120 bytes at a character border.
pub(crate) fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(120))
        .rev()
        .find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or(0)]
}

/// Hands typed records of one family and the skips to a sink.
pub(crate) fn emit<T: Serialize>(
    family: &str,
    records: &[T],
    skips: Vec<Skip>,
    sink: &mut dyn Sink,
) {
    for record in records {
        sink.record(family, &|| serde_json::to_value(record).unwrap_or_default());
    }
    for skip in skips {
        sink.skip(skip);
    }
}

/// The `KEY="value"` pairs of one line. The error is the rest that is no pair.
pub(crate) fn pairs(text: &str) -> Result<Vec<(&str, Cow<'_, str>)>, &str> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"").ok_or(rest)?;
        if key.is_empty() || key.contains([' ', '"']) {
            return Err(rest);
        }
        let end = closing_quote(after).ok_or(rest)?;
        out.push((key, unescape_quoted(&after[..end])));
        rest = after[end + 1..].trim_start();
    }
    Ok(out)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// Undoes `\"`, `\\`, `\$`, `` \` `` and `\xNN`.
pub(crate) fn unescape_quoted(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 2..at + 4)
            .and_then(|two| std::str::from_utf8(two).ok());
        let code = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (bytes[at], bytes.get(at + 1), code) {
            (b'\\', Some(b'x'), Some(byte)) => {
                out.push(byte);
                at += 4;
            }
            (b'\\', Some(&next @ (b'"' | b'\\' | b'$' | b'`')), _) => {
                out.push(next);
                at += 2;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Undoes the `\040` escapes of `/proc/mounts` and fstab.
pub(crate) fn unescape_octal(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes
            .get(at + 1..at + 4)
            .and_then(|three| std::str::from_utf8(three).ok());
        let code = digits.and_then(|three| u8::from_str_radix(three, 8).ok());
        match (bytes[at], code) {
            (b'\\', Some(byte)) => {
                out.push(byte);
                at += 4;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// A size in bytes: a plain number, or a number with a binary unit as lsblk,
/// zfs and LVM print it (`1.88G`, `512B`, `4.00m`, `2.05t`, `64.3 MiB`).
/// The flag says whether the text was a whole number of bytes.
pub(crate) fn size(text: &str) -> Option<(u64, bool)> {
    let text = text.trim().trim_start_matches('<');
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
        .unwrap_or(text.len());
    let (number, unit) = (text[..end].replace(',', "."), text[end..].trim());
    let unit = unit.trim_end_matches(['B', 'b']).trim_end_matches('i');
    if unit.is_empty() && !number.contains('.') {
        return number.parse().ok().map(|bytes| (bytes, true));
    }
    let power = match unit.to_ascii_lowercase().as_str() {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        "e" => 6,
        _ => return None,
    };
    let value = number.parse::<f64>().ok()? * 1024f64.powi(power);
    if !value.is_finite() || !(0.0..1.8e19).contains(&value) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((value.round() as u64, false))
}

/// `1`, `true`, `yes` and their opposites.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text {
        "1" | "true" | "yes" => Some(true),
        "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// The value, unless it is empty or `-`.
pub(crate) fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text != "-").then(|| text.to_owned())
}

/// Whether the text has the form `8:16`.
pub(crate) fn is_major_minor(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(a, b)| all_digits(a) && all_digits(b))
}

/// Whether the text is one or more ASCII digits.
pub(crate) fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text has the form `host:channel:target:lun`.
pub(crate) fn is_hctl(text: &str) -> bool {
    text.split(':').count() == 4 && text.split(':').all(all_digits)
}

/// Whether a line is a shell prompt with a command (`# zpool list`), as in manual pages.
pub(crate) fn is_prompt(text: &str) -> bool {
    text.strip_prefix("# ")
        .or_else(|| text.strip_prefix("$ "))
        .is_some_and(|command| command.starts_with(|c: char| c.is_ascii_lowercase() || c == '/'))
}

/// The first line of a sample that is neither blank nor a prompt.
pub(crate) fn first_line(text: &str) -> &str {
    text.lines()
        .find(|line| !line.trim().is_empty() && !is_prompt(line))
        .unwrap_or_default()
}
