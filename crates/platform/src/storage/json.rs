//! JSON that may be cut short or damaged: what was whole is kept, and a skip tells.

mod mended;

use serde_json::Value;
use stdx::reading::{Skip, SkipKind};

/// Reads the first JSON value. If it is damaged or ends too early, all that can
/// be read is kept, and a skip tells of each place that could not.
pub(crate) fn read(input: &[u8], skips: &mut Vec<Skip>) -> Option<Value> {
    let text = String::from_utf8_lossy(input);
    let trimmed =
        text.trim_start_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
    let Some(start) = start(trimmed) else {
        if !trimmed.trim_matches(['\0', ' ']).is_empty() {
            skips.push(Skip::new(1, SkipKind::BadLine, "no JSON object here"));
        }
        return None;
    };
    let start = text.len() - trimmed.len() + start;
    let before = &text[..start];
    let body = text[start..].trim_end_matches(|c: char| c == '\0' || c.is_whitespace());
    let first_line = 1 + newlines(before);
    // The command that was typed stands above many a kept output.
    let is_typed = |line: &str| line.starts_with("# ") || line.starts_with("$ ");
    let is_noise = |line: &str| {
        let line = line.trim_matches(|c: char| c == '\u{feff}' || c == '\0' || c.is_whitespace());
        line.is_empty() || is_typed(line)
    };
    if !before.lines().all(is_noise) {
        let blank = before.len() - before.trim_start().len();
        skips.push(Skip::new(
            1 + newlines(&before[..blank]),
            SkipKind::BadLine,
            "text before the JSON value",
        ));
    }
    let mut stream = serde_json::Deserializer::from_str(body).into_iter::<Value>();
    let Some(Ok(value)) = stream.next() else {
        return mended::read(body, first_line, skips);
    };
    let rest = body.get(stream.byte_offset()..).unwrap_or_default().trim();
    if !rest.is_empty() {
        skips.push(Skip::new(
            first_line + newlines(&body[..stream.byte_offset()]),
            SkipKind::BadLine,
            "text after the JSON value",
        ));
    }
    Some(value)
}

/// Where the value begins: at a line that begins with a bracket, else at the
/// first bracket.
fn start(text: &str) -> Option<usize> {
    let is_open = |line: &&str| line.trim_start().starts_with(['{', '[']);
    let line = text.lines().take(8).find(is_open);
    let offset = line.map(|line| line.as_ptr().addr() - text.as_ptr().addr());
    let from = offset.unwrap_or(0);
    Some(from + text.get(from..)?.find(['{', '['])?)
}

/// Whether the input is a JSON object, a few other lines before it aside.
pub(crate) fn is_object(input: &[u8]) -> bool {
    begins_with(input, b"{")
}

/// Whether the input is a JSON object or list, a few other lines before it aside.
pub(crate) fn is_value(input: &[u8]) -> bool {
    begins_with(input, b"{[")
}

fn begins_with(input: &[u8], brackets: &[u8]) -> bool {
    let lines = input.split(|byte| *byte == b'\n');
    let full = lines
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    full.take(4).any(|line| {
        let bare = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        bare.first().is_some_and(|byte| brackets.contains(byte))
    })
}

fn newlines(text: &str) -> u64 {
    u64::try_from(text.bytes().filter(|&byte| byte == b'\n').count()).unwrap_or(0)
}

/// A scalar as text; none for null and containers.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The scalar under `key` as text, unless it is empty or `-`.
pub(crate) fn field(value: &Value, key: &str) -> Option<String> {
    value
        .get(key)
        .and_then(text)
        .and_then(|found| super::text::some(&found))
}
