//! Bodies that look like YAML: `key: value` with sections by indent, and the
//! flow forms `{ key: value, … }` and `[ a, b ]` on one line.
//!
//! What Lustre prints is only nearly YAML (tabs, keys with blanks, unquoted
//! NIDs), so lines are taken as they are.

use super::{Block, Line};

/// The lines of a block: what stands behind the `=`, then the body; blank ones left out.
pub fn lines<'a>(block: &Block<'a>) -> impl Iterator<Item = Line<'a>> + use<'a> {
    let inline = Line {
        number: block.line,
        text: block.inline,
        is_binary: false,
    };
    std::iter::once(inline)
        .chain(block.body)
        .filter(|line| !line.text.trim().is_empty())
}

/// A `key: value` and the section that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Line of the input.
    pub line: u64,
    /// Key of the nearest line above that opened a section and is indented less; or empty.
    pub section: &'a str,
    /// The key, without quotes.
    pub key: &'a str,
    /// The value as printed; empty for a line that opens a section.
    pub value: &'a str,
}

/// The pairs of a block with their sections; lines of another form come as `Err`.
pub fn pairs<'a>(block: &Block<'a>) -> impl Iterator<Item = Result<Pair<'a>, Line<'a>>> + use<'a> {
    let mut open: Vec<(usize, &'a str)> = Vec::new();
    lines(block).map(move |line| {
        let text = line.text.trim_end();
        let item = text.trim_start();
        let indent = text.len() - item.len();
        let item = item.strip_prefix("- ").map_or(item, str::trim_start);
        let (key, value) = split(item).ok_or(line)?;
        while open.last().is_some_and(|(at, _)| *at >= indent) {
            open.pop();
        }
        let section = open.last().map_or("", |(_, key)| key);
        if value.is_empty() {
            open.push((indent, key));
        }
        Ok(Pair {
            line: line.number,
            section,
            key,
            value,
        })
    })
}

/// Key and value of a line. A key may be quoted; a NID in it may hold colons.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('"') {
        let (key, rest) = rest.split_once('"')?;
        return Some((key, rest.trim_start().strip_prefix(':')?.trim()));
    }
    let whole = || text.strip_suffix(':').map(|key| (key, ""));
    let (key, value) = text
        .find(": ")
        .or_else(|| text.find(":\t"))
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
        .or_else(whole)
        .or_else(|| text.split_once(':'))?;
    Some((key.trim(), value.trim()))
}

/// Items of `[ a, "b" ]`, or of words between commas without brackets.
pub fn items(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim();
    let inner = text.strip_prefix('[').unwrap_or(text);
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    inner
        .split(',')
        .map(|item| item.trim().trim_matches('"'))
        .filter(|item| !item.is_empty())
}

/// Pairs of `{ key: value, … }`; none if the braces are missing.
pub fn map(text: &str) -> Option<impl Iterator<Item = (&str, &str)>> {
    let text = text.trim().trim_end_matches(',');
    let text = text.strip_prefix("- ").unwrap_or(text).trim_start();
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    Some(inner.split(',').filter_map(split))
}

/// Words of `key=value key=[a b]`: a bracket holds its blanks.
pub fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let mut depth = 0_u32;
        let end = rest
            .find(|c: char| {
                match c {
                    '[' => depth += 1,
                    ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && c.is_ascii_whitespace()
            })
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        Some(word.split_once('=').unwrap_or((word, "")))
    })
}

#[cfg(test)]
mod tests {
    use super::super::blocks;
    use super::*;

    #[test]
    fn pairs_know_their_section() {
        let text = "a.b.import=\nimport:\n    name: x\n    connection:\n       nids_stats:\n          \"fd00::1@tcp\": { connects: 4 }\n       idle: 2 sec\n    rpcs:\n       inflight: 0\nodd\n";
        let block = blocks(text.as_bytes()).next().unwrap().unwrap();
        let shown: Vec<String> = pairs(&block)
            .map(|pair| match pair {
                Ok(p) => format!("{}/{}={}", p.section, p.key, p.value),
                Err(line) => format!("!{}", line.number),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "/import=",
                "import/name=x",
                "import/connection=",
                "connection/nids_stats=",
                "nids_stats/fd00::1@tcp={ connects: 4 }",
                "connection/idle=2 sec",
                "import/rpcs=",
                "rpcs/inflight=0",
                "!10"
            ]
        );
    }

    #[test]
    fn flow_forms_come_apart() {
        assert_eq!(items("[ a, \"b\" ]").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(items("[ ]").count(), 0);
        let pairs: Vec<_> = map(" { nid: fd00::2@tcp, uuid: x },").unwrap().collect();
        assert_eq!(pairs, [("nid", "fd00::2@tcp"), ("uuid", "x")]);
        assert!(map("[ x ]").is_none());
        let shown: Vec<_> = words("uuid=1 requests=[ok:1 errors:0] data=[] last").collect();
        assert_eq!(
            shown,
            [
                ("uuid", "1"),
                ("requests", "[ok:1 errors:0]"),
                ("data", "[]"),
                ("last", "")
            ]
        );
    }
}
