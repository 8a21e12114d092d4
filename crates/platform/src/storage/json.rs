//! JSON that may be cut short: what was whole is kept, and a skip tells.

use serde_json::Value;
use stdx::reading::{Skip, SkipKind};

/// Reads the first JSON value. If the text ends too early, everything up to
/// the last closed object is kept and a `Truncated` skip is added.
pub(crate) fn read(input: &[u8], skips: &mut Vec<Skip>) -> Option<Value> {
    let text = String::from_utf8_lossy(input);
    let text = text.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
    let Some(start) = text.find(['{', '[']) else {
        if !text.is_empty() {
            skips.push(Skip::new(1, SkipKind::BadLine, "no JSON object here"));
        }
        return None;
    };
    let body = &text[start..];
    let mut stream = serde_json::Deserializer::from_str(body).into_iter::<Value>();
    let error = match stream.next() {
        Some(Ok(value)) => {
            let rest = body.get(stream.byte_offset()..).unwrap_or_default().trim();
            if !rest.is_empty() {
                let line = 1 + newlines(&body[..stream.byte_offset()]);
                skips.push(Skip::new(
                    line,
                    SkipKind::BadLine,
                    "text after the JSON value",
                ));
            }
            return Some(value);
        }
        Some(Err(error)) => error,
        None => return None,
    };
    let kind = if error.is_eof() {
        SkipKind::Truncated
    } else {
        SkipKind::BadValue
    };
    let line = u64::try_from(error.line()).unwrap_or(0).max(1);
    skips.push(Skip::new(line, kind, format!("JSON: {error}")));
    salvage(&body[..offset(body, &error)])
}

fn newlines(text: &str) -> u64 {
    u64::try_from(text.bytes().filter(|&byte| byte == b'\n').count()).unwrap_or(0)
}

/// Where the error is in the text: all of it if the text ended too early.
fn offset(body: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return body.len();
    }
    let before: usize = body
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let at = (before + error.column()).min(body.len());
    (0..=at)
        .rev()
        .find(|&at| body.is_char_boundary(at))
        .unwrap_or(0)
}

/// Cuts after the last closed object and closes what is still open there.
fn salvage(body: &str) -> Option<Value> {
    let mut open: Vec<u8> = Vec::new();
    let mut best: Option<(usize, Vec<u8>)> = None;
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => {
                if open.pop() != Some(byte) {
                    break;
                }
                if byte == b'}' {
                    best = Some((at + 1, open.clone()));
                }
            }
            _ => {}
        }
        if open.len() > 128 {
            break;
        }
    }
    let (end, closers) = best?;
    let mut whole = body[..end].to_owned();
    whole.extend(closers.iter().rev().map(|&byte| char::from(byte)));
    serde_json::from_str(&whole).ok()
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
