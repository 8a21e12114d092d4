//! Lines of settings: without comments, with continued lines joined.

use std::borrow::Cow;

use stdx::reading::{Sink, Skip};

use crate::storage::text::{self, Line};

/// One setting, which a backslash may have spread over lines.
#[derive(Clone, Debug)]
pub(crate) struct Setting<'a> {
    /// The first of its lines, for skips.
    pub line: Line<'a>,
    /// All of its text, trimmed.
    pub text: Cow<'a, str>,
}

/// The settings of a file; comments begin with `#` and fill their line.
pub(crate) fn settings<'a>(input: &'a [u8], skips: &mut Vec<Skip>) -> Vec<Setting<'a>> {
    let mut found: Vec<Setting<'a>> = Vec::new();
    let mut continues = false;
    for line in text::lines(input, skips) {
        let bare = line.text.trim();
        if !continues && (bare.is_empty() || bare.starts_with('#')) {
            continue;
        }
        let (part, goes_on) = match bare.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (bare, false),
        };
        match found.last_mut().filter(|_| continues) {
            Some(setting) => {
                let joined = format!("{} {part}", setting.text);
                setting.text = Cow::Owned(joined.trim_end().to_owned());
                setting.line.ended &= line.ended;
            }
            None => found.push(Setting {
                line,
                text: Cow::Borrowed(part),
            }),
        }
        continues = goes_on;
    }
    found
}

/// The lines of a sample that set something: not blank, no comment.
pub(crate) fn active(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.trim_matches(['\0', ' ', '\t', '\r']))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Says that a file was understood and sets nothing.
pub(crate) fn hint_nothing_set(sink: &mut dyn Sink) {
    sink.hint("nothing is set: every line is a comment");
}

/// Splits at `separator`, but not within `[...]` or `(...)`.
pub(crate) fn split_outside_brackets(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ if c == separator && depth <= 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// An LNet network with its interfaces as options write it: `o2ib0(ib0,ib1)`.
/// The network is named as NIDs name it, so `tcp0` is `tcp`.
pub(crate) fn network(text: &str) -> Option<(String, Vec<String>)> {
    let (net, rest) = match text.trim().split_once('(') {
        Some((net, rest)) => (net, rest.split_once(')')?.0),
        // Bare CPT lists may follow the name: `tcp[0,1]`.
        None => (text.trim().split('[').next()?, ""),
    };
    let name = net.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_net = !name.is_empty()
        && net.len() <= 16
        && net.starts_with(|c: char| c.is_ascii_lowercase())
        && net.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_net {
        return None;
    }
    let net = net
        .strip_suffix('0')
        .filter(|head| *head == name)
        .unwrap_or(net);
    let interfaces = rest
        .split(',')
        .map(|one| one.split('[').next().unwrap_or(one).trim().to_owned());
    Some((
        net.to_owned(),
        interfaces.filter(|one| !one.is_empty()).collect(),
    ))
}
