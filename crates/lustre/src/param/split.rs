//! Parameters and lines: the one pass over the input that everything shares.

use super::Name;
use super::skip;
use memchr::memchr;
use stdx::reading::{Skip, SkipKind};

/// One line without its end; carriage return and NUL padding are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Number in the input, from 1.
    pub number: u64,
    /// The text; what is not UTF-8 ends it early.
    pub text: &'a str,
    /// Whether the line was cut at a byte that is not text.
    pub is_binary: bool,
}

/// Lines of a piece of input. Cheap to copy; iterating a copy starts anew.
#[allow(
    clippy::copy_iterator,
    reason = "each reader of a body begins at its first line"
)]
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Lines<'a> {
    /// Lines of `bytes`, the first of which is line `number` of the input.
    pub fn new(bytes: &'a [u8], number: u64) -> Self {
        Self {
            rest: bytes,
            number,
        }
    }

    /// The bytes that are left.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.rest
    }
}

#[allow(
    clippy::copy_iterator,
    reason = "each reader of a body begins at its first line"
)]
impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = match memchr(b'\n', self.rest) {
            Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        let number = self.number;
        self.number += 1;
        let (text, is_binary) = text(line);
        Some(Line {
            number,
            text,
            is_binary,
        })
    }
}

fn text(mut line: &[u8]) -> (&str, bool) {
    while let [head @ .., b'\r' | 0] = line {
        line = head;
    }
    while let [0, tail @ ..] = line {
        line = tail;
    }
    match std::str::from_utf8(line) {
        Ok(text) => (text, false),
        Err(error) => {
            let good = &line[..error.valid_up_to()];
            (std::str::from_utf8(good).unwrap_or_default(), true)
        }
    }
}

/// One parameter: its name, what stands behind the `=`, and the lines below.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// The name.
    pub name: Name<'a>,
    /// Line of the name.
    pub line: u64,
    /// The rest of that line.
    pub inline: &'a str,
    /// The lines up to the next name.
    pub body: Lines<'a>,
}

/// The parameters of a dump, and what is none.
pub fn blocks(bytes: &[u8]) -> Blocks<'_> {
    Blocks {
        lines: Lines::new(bytes, 1),
        held: None,
    }
}

/// Iterator of [`blocks`].
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    lines: Lines<'a>,
    held: Option<Line<'a>>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, Skip>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.held.take().or_else(|| self.lines.next())?;
            let Some((name, inline)) = head(line.text) else {
                if let Some(skip) = no_name(&line) {
                    return Some(Err(skip));
                }
                continue;
            };
            let start = self.lines.rest;
            let body_line = self.lines.number;
            let mut length = 0;
            loop {
                let before = self.lines.rest.len();
                let Some(next) = self.lines.next() else { break };
                if head(next.text).is_some() || is_error(next.text) {
                    self.held = Some(next);
                    break;
                }
                length += before - self.lines.rest.len();
            }
            let body = Lines::new(&start[..length], body_line);
            return Some(Ok(Block {
                name: Name::parse(name),
                line: line.number,
                inline,
                body,
            }));
        }
    }
}

/// Words that begin lines inside values: `uuid=… archive_id=1`, `flags=0x2`.
const INSIDE: [&str; 5] = ["uuid", "lrh", "flags", "flags2", "nid"];

/// Name and rest of a line that begins a parameter.
pub(crate) fn head(text: &str) -> Option<(&str, &str)> {
    // Most lines of a body begin with a blank, or have one before any `=`.
    let first = *text.as_bytes().first()?;
    if !first.is_ascii_alphanumeric() && first != b'_' {
        return None;
    }
    let end = memchr::memchr2(b'=', b' ', text.as_bytes())?;
    if text.as_bytes()[end] != b'=' {
        return None;
    }
    let name = &text[..end];
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-:@[]*+%&/".contains(&b);
    let value = &text[end + 1..];
    let is_name = name.bytes().all(is_allowed)
        && if name.contains('.') {
            // The MGS lists rules such as `lab01.srpc.flavor.default=skpi`.
            !name.ends_with('.') && !name.contains(".srpc.flavor")
        } else {
            is_bare(name, value)
        };
    is_name.then_some((name, value))
}

/// Whether a name without a dot is a parameter, and no line of a value.
fn is_bare(name: &str, value: &str) -> bool {
    let is_small = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.bytes().all(is_small)
        && !INSIDE.contains(&name)
        && memchr(b'=', value.as_bytes()).is_none()
}

fn is_error(text: &str) -> bool {
    text.starts_with("error: ") || text.starts_with("lctl: ")
}

/// A line outside any parameter: nothing if it is blank.
fn no_name(line: &Line<'_>) -> Option<Skip> {
    if line.is_binary {
        return Some(skip(
            line.number,
            SkipKind::Binary,
            "bytes that are not text",
            line.text,
        ));
    }
    if line.text.trim().is_empty() {
        return None;
    }
    let (kind, what) = if is_error(line.text) {
        (SkipKind::ErrorText, "an error message of lctl")
    } else {
        (SkipKind::BadLine, "a line that belongs to no parameter")
    };
    Some(skip(line.number, kind, what, line.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> = blocks(text.as_bytes())
            .map(|found| match found {
                Ok(b) => format!("{}:{}={}+{}", b.line, b.name.full, b.inline, b.body.count()),
                Err(skip) => format!("{}!{:?}", skip.line, skip.kind),
            })
            .collect();
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn parameters_are_found() {
        check(
            "health_check=healthy\na.b.stats=\nsnapshot_time 1\nx 1\nc.d.e=5",
            &["1:health_check=healthy+0", "2:a.b.stats=+2", "5:c.d.e=5+0"],
        );
    }

    #[test]
    fn an_error_costs_no_neighbour() {
        check(
            "a.b.c=1\nerror: get_param: no such\na.b.d=2",
            &["1:a.b.c=1+0", "2!ErrorText", "3:a.b.d=2+0"],
        );
        check(
            "a.hsm.agents=uuid=1 archive_id=1\nuuid=2 archive_id=2\nnis=\nnid status",
            &["1:a.hsm.agents=uuid=1 archive_id=1+1", "3:nis=+1"],
        );
        check(
            "a.live.b=\nb.srpc.flavor.default=null\nc.d=1",
            &["1:a.live.b=+1", "3:c.d=1+0"],
        );
        check("stray\n\na.b.c=1", &["1!BadLine", "3:a.b.c=1+0"]);
    }

    #[test]
    fn line_ends_and_padding_do_not_matter() {
        check(
            "a.b.c=1\r\nversion=2.15\0\0\0\n",
            &["1:a.b.c=1+0", "2:version=2.15+0"],
        );
        check("", &[]);
        check("\0\0\0\0", &[]);
    }
}
