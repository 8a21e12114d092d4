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

/// A piece of input: text if all of it is, which spares looking at each line.
#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> Source<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(_) => Self::Bytes(bytes),
        }
    }

    fn as_bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// Both parts; `at` is where a line begins.
    fn split_at(self, at: usize) -> (Self, Self) {
        match self {
            Self::Text(text) => match text.split_at_checked(at) {
                Some((head, tail)) => (Self::Text(head), Self::Text(tail)),
                None => (self, Self::Text("")),
            },
            Self::Bytes(bytes) => match bytes.split_at_checked(at) {
                Some((head, tail)) => (Self::Bytes(head), Self::Bytes(tail)),
                None => (self, Self::Bytes(&[])),
            },
        }
    }
}

/// Lines of a piece of input. Cheap to copy; iterating a copy starts anew.
#[allow(
    clippy::copy_iterator,
    reason = "each reader of a body begins at its first line"
)]
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    rest: Source<'a>,
    number: u64,
}

impl<'a> Lines<'a> {
    /// Lines of `bytes`, the first of which is line `number` of the input.
    pub fn new(bytes: &'a [u8], number: u64) -> Self {
        Self {
            rest: Source::new(bytes),
            number,
        }
    }

    /// The bytes that are left.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.rest.as_bytes()
    }

    /// Whether all of it is text.
    pub fn is_text(&self) -> bool {
        matches!(self.rest, Source::Text(_))
    }

    /// The lines before those of `later`, which go on to the same end.
    pub(super) fn up_to(&self, later: &Lines<'_>) -> Self {
        let length = self.as_bytes().len();
        let at = length.saturating_sub(later.as_bytes().len());
        Self {
            rest: self.rest.split_at(at).0,
            number: self.number,
        }
    }
}

#[allow(
    clippy::copy_iterator,
    reason = "each reader of a body begins at its first line"
)]
impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline]
    fn next(&mut self) -> Option<Line<'a>> {
        let number = self.number;
        let (text, is_binary) = match &mut self.rest {
            Source::Text(rest) => {
                if rest.is_empty() {
                    return None;
                }
                let (line, tail) = match memchr(b'\n', rest.as_bytes()) {
                    Some(at) => (&rest[..at], &rest[at + 1..]),
                    None => (*rest, ""),
                };
                *rest = tail;
                (trimmed(line), false)
            }
            Source::Bytes(rest) => {
                if rest.is_empty() {
                    return None;
                }
                let (line, tail) = match memchr(b'\n', rest) {
                    Some(at) => (&rest[..at], &rest[at + 1..]),
                    None => (*rest, &[][..]),
                };
                *rest = tail;
                text(line)
            }
        };
        self.number += 1;
        Some(Line {
            number,
            text,
            is_binary,
        })
    }
}

/// Without carriage returns and NUL padding.
#[inline]
fn trimmed(line: &str) -> &str {
    match line.as_bytes() {
        [0, ..] | [.., b'\r' | 0] => line.trim_end_matches(['\r', '\0']).trim_start_matches('\0'),
        _ => line,
    }
}

fn text(line: &[u8]) -> (&str, bool) {
    match std::str::from_utf8(line) {
        Ok(text) => (trimmed(text), false),
        Err(error) => {
            let good = line.get(..error.valid_up_to()).unwrap_or_default();
            (trimmed(std::str::from_utf8(good).unwrap_or_default()), true)
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
    /// The line that ended the block before, and the parameter that it begins.
    held: Option<(Line<'a>, Option<Head<'a>>)>,
}

/// Name of a parameter and the rest of its line.
type Head<'a> = (&'a str, &'a str);

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, Skip>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, found) = match self.held.take() {
                Some(held) => held,
                None => self.lines.next().map(|line| (line, head(line.text)))?,
            };
            let Some((name, inline)) = found else {
                if let Some(skip) = no_name(&line) {
                    return Some(Err(skip));
                }
                continue;
            };
            let start = self.lines;
            let end = loop {
                let end = self.lines;
                let Some(next) = self.lines.next() else {
                    break end;
                };
                let found = head(next.text);
                if found.is_some() || is_error(next.text) {
                    self.held = Some((next, found));
                    break end;
                }
            };
            return Some(Ok(Block {
                name: Name::parse(name),
                line: line.number,
                inline,
                body: start.up_to(&end),
            }));
        }
    }
}

/// The bytes that a name may have.
static IS_OF_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        // Letters, digits with the colon behind them, and the signs of NIDs and lists.
        table[byte] = matches!(byte, 37 | 38 | 42 | 43 | 45..=58 | 64..=91 | 93 | 95 | 97..=122);
        byte += 1;
    }
    table
};

/// Words that begin lines inside values: `uuid=… archive_id=1`, `flags=0x2`.
const INSIDE: [&str; 5] = ["uuid", "lrh", "flags", "flags2", "nid"];

/// Name and rest of a line that begins a parameter.
#[inline]
pub(crate) fn head(text: &str) -> Option<Head<'_>> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    // Most lines of a body begin with a blank, or have one before any `=`.
    if !first.is_ascii_alphanumeric() && first != b'_' {
        return None;
    }
    let end = bytes
        .iter()
        .position(|&byte| !IS_OF_NAME[usize::from(byte)])?;
    if bytes.get(end) != Some(&b'=') {
        return None;
    }
    let (name, value) = marked(text.get(..end)?, text.get(end + 1..)?);
    let is_name = match memchr(b'.', name.as_bytes()) {
        // The MGS lists rules such as `lab01.srpc.flavor.default=skpi`.
        Some(dot) => !name.ends_with('.') && !name[dot..].starts_with(".srpc.flavor"),
        None => is_bare(name, value),
    };
    is_name.then_some((name, value))
}

/// Without the mark that `get_param -F` puts behind a name: `=` if it can be
/// set, `@` if it is a link.
#[inline]
fn marked<'a>(name: &'a str, value: &'a str) -> Head<'a> {
    match value.strip_prefix('=') {
        Some(value) => (name, value),
        None => (name.strip_suffix('@').unwrap_or(name), value),
    }
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
        check(
            "a.b.c==1\nat_max==600\njobid_var@=x\n",
            &["1:a.b.c=1+0", "2:at_max=600+0", "3:jobid_var=x+0"],
        );
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
