//! YAML as operators and tools write it, read so that a broken line costs only
//! itself: mappings, lists, scalars over several lines, `[...]` and `{...}`.
//! Anchors and tags are passed over; aliases stay text.

use serde_json::{Map, Value};
use stdx::reading::Skip;

use super::yaml_flow;
use crate::storage::text::{self, Line};

/// Deeper nesting than this is not followed.
pub(crate) const DEPTH_MAX: usize = 64;

/// The documents of a file, parted by `---`; empty ones are left out.
pub(crate) fn documents(input: &[u8], skips: &mut Vec<Skip>) -> Vec<Value> {
    let lines = text::lines(input, skips);
    let mut found = Vec::new();
    let is_mark = |line: &Line<'_>| {
        let text = line.text.trim_end();
        text == "---" || text == "..." || text.starts_with("--- #")
    };
    for part in lines.split(is_mark) {
        let mut reader = Reader::new(part);
        reader.skip_to_first();
        let value = reader.node(0, 0);
        while let Some(row) = reader.peek() {
            reader.skip(row, "wanted nothing more in this document");
        }
        skips.append(&mut reader.skips);
        if !value.is_null() {
            found.push(value);
        }
    }
    found
}

#[derive(Clone, Copy, Debug)]
struct Row<'a> {
    line: Line<'a>,
    indent: usize,
    /// Without indentation.
    text: &'a str,
}

struct Reader<'a> {
    rows: Vec<Row<'a>>,
    at: usize,
    skips: Vec<Skip>,
}

impl<'a> Reader<'a> {
    fn new(lines: &[Line<'a>]) -> Self {
        let row = |line: &Line<'a>| {
            let text = line.text.trim_start_matches([' ', '\t']);
            Row {
                line: *line,
                indent: line.text.len() - text.len(),
                text: text.trim_end(),
            }
        };
        Self {
            rows: lines.iter().map(row).collect(),
            at: 0,
            skips: Vec::new(),
        }
    }

    /// The next row that says something.
    fn peek(&mut self) -> Option<Row<'a>> {
        while let Some(row) = self.rows.get(self.at) {
            let is_said = !row.text.is_empty() && !row.text.starts_with(['#', '%']);
            if is_said {
                return Some(*row);
            }
            self.at += 1;
        }
        None
    }

    /// The next row of a mapping or list. A row further out that is neither key
    /// nor item ends nothing: it is damage.
    fn next_of(&mut self, indent: usize) -> Option<Row<'a>> {
        loop {
            let row = self.peek()?;
            if row.indent >= indent {
                return Some(row);
            }
            if key(row.text).is_some() || item(row.text).is_some() {
                return None;
            }
            self.skip(row, "wanted `key: value` or `- item`");
        }
    }

    /// Passes over what stands before the first key or item, if there is one.
    fn skip_to_first(&mut self) {
        let is_begin = |row: &Row<'_>| key(row.text).is_some() || item(row.text).is_some();
        let is_scalar = |row: &Row<'_>| row.text.starts_with(['[', '{', '"', '\'', '|', '>']);
        if self.peek().is_some_and(|row| is_scalar(&row)) || !self.rows.iter().any(is_begin) {
            return;
        }
        while let Some(row) = self.peek().filter(|row| !is_begin(row)) {
            self.skip(row, "wanted `key: value` or `- item`");
        }
    }

    fn skip(&mut self, row: Row<'a>, want: &str) {
        self.skips.push(text::bad_line(row.line, want));
        self.at += 1;
    }

    /// The value that begins at the next row, if that is indented enough.
    fn node(&mut self, indent_min: usize, depth: usize) -> Value {
        let Some(row) = self.peek().filter(|row| row.indent >= indent_min) else {
            return Value::Null;
        };
        if depth > DEPTH_MAX {
            self.skip(row, "wanted less nesting");
            return Value::Null;
        }
        if item(row.text).is_some() {
            return self.list(row.indent, depth + 1);
        }
        if key(row.text).is_some() {
            return self.mapping(row.indent, depth + 1);
        }
        self.at += 1;
        self.scalar(row, row.text, indent_min)
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Value {
        let mut found = Map::new();
        while let Some(row) = self.next_of(indent) {
            let pair = key(row.text).filter(|_| row.indent == indent && item(row.text).is_none());
            let Some((key, rest)) = pair else {
                self.skip(row, "wanted `key: value` at this indentation");
                continue;
            };
            self.at += 1;
            let value = if uncommented(rest).is_empty() {
                self.below(indent, depth)
            } else {
                self.scalar(row, rest, indent + 1)
            };
            if found.insert(key, value).is_some() {
                let reason = "the key is there twice; the last counts";
                self.skips.push(text::bad_line(row.line, reason));
            }
        }
        Value::Object(found)
    }

    /// The value of a key that has none on its own line.
    fn below(&mut self, indent: usize, depth: usize) -> Value {
        match self.peek() {
            Some(row) if row.indent == indent && item(row.text).is_some() => {
                self.list(indent, depth + 1)
            }
            _ => self.node(indent + 1, depth + 1),
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Value {
        let mut found = Vec::new();
        while let Some(row) = self.next_of(indent) {
            let Some(rest) = item(row.text).filter(|_| row.indent == indent) else {
                if row.indent == indent && key(row.text).is_some() {
                    break;
                }
                self.skip(row, "wanted `- item` at this indentation");
                continue;
            };
            if uncommented(rest).is_empty() {
                self.at += 1;
            } else if let Some(place) = self.rows.get_mut(self.at) {
                // What follows the dash is a node of its own, further in.
                place.indent = indent + (row.text.len() - rest.len());
                place.text = rest;
            }
            found.push(self.node(indent + 1, depth + 1));
        }
        Value::Array(found)
    }

    /// A scalar whose first piece is `text` of `row`, which is behind us;
    /// further rows belong to it while they are indented at least `indent_min`.
    fn scalar(&mut self, row: Row<'a>, text: &str, indent_min: usize) -> Value {
        let text = unmarked(text);
        match text.as_bytes().first() {
            None => Value::Null,
            Some(b'|' | b'>') => self.block(text, indent_min),
            Some(b'[' | b'{' | b'"' | b'\'') => self.enclosed(row, text, indent_min),
            Some(_) => {
                let mut whole = uncommented(text).to_owned();
                while let Some(more) = self.more(indent_min) {
                    whole.push(' ');
                    whole.push_str(uncommented(more));
                }
                yaml_flow::plain(&whole)
            }
        }
    }

    /// The text of the next row, if it goes on with a scalar.
    fn more(&mut self, indent_min: usize) -> Option<&'a str> {
        let row = self.peek().filter(|row| row.indent >= indent_min.max(1))?;
        self.at += 1;
        Some(row.text)
    }

    fn enclosed(&mut self, row: Row<'a>, text: &str, indent_min: usize) -> Value {
        let mut whole = text.to_owned();
        loop {
            match yaml_flow::value(&whole) {
                Ok(value) => return value,
                Err(yaml_flow::Wrong::Unfinished) if whole.len() < 65_536 => {}
                Err(_) => break,
            }
            match self.more(indent_min) {
                Some(more) => {
                    whole.push(' ');
                    whole.push_str(more);
                }
                None => break,
            }
        }
        let want = "wanted the end of what a bracket or a quote begins";
        self.skips.push(text::bad_line(row.line, want));
        Value::Null
    }

    /// `|` keeps line ends, `>` folds them.
    fn block(&mut self, head: &str, indent_min: usize) -> Value {
        let mut whole = String::new();
        let mut margin = None;
        let separator = if head.starts_with('|') { '\n' } else { ' ' };
        while let Some(row) = self.rows.get(self.at).copied() {
            if !row.text.is_empty() && row.indent < indent_min.max(1) {
                break;
            }
            self.at += 1;
            if !row.text.is_empty() {
                let margin = *margin.get_or_insert(row.indent);
                let further = row.indent.saturating_sub(margin);
                whole.extend(std::iter::repeat_n(' ', further));
                whole.push_str(row.text);
            }
            whole.push(separator);
        }
        let bare = whole.trim_end_matches([' ', '\n']);
        let ending = if head.contains('-') || bare.is_empty() {
            ""
        } else {
            "\n"
        };
        Value::String(format!("{bare}{ending}"))
    }
}

/// What follows the dash of a list's item.
fn item(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('-')?;
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then(|| rest.trim_start())
}

/// A key and what follows its colon.
fn key(text: &str) -> Option<(String, &str)> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (name, rest) = text[1..].split_once(quote)?;
        let rest = rest.trim_start().strip_prefix(':')?;
        return (rest.is_empty() || rest.starts_with(' ')).then(|| (name.to_owned(), rest.trim()));
    }
    let is_end = |at: usize| {
        let next = text.as_bytes().get(at + 1);
        next.is_none_or(u8::is_ascii_whitespace)
    };
    let mut colons = text.match_indices(':').map(|(at, _)| at);
    let at = colons.find(|at| is_end(*at))?;
    let name = text[..at].trim();
    let is_name = !name.is_empty() && !name.starts_with(['[', '{', '#', '|', '>', '&', '*', '!']);
    (is_name && !name.contains(" #")).then(|| (name.to_owned(), text[at + 1..].trim()))
}

/// Without a comment at the end.
fn uncommented(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.split(" #").next().unwrap_or(text).trim_end()
}

/// Without anchor and tag.
fn unmarked(text: &str) -> &str {
    let mut rest = text.trim();
    while rest.starts_with(['&', '!']) {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest.trim());
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str, n_skips: usize) {
        let mut skips = Vec::new();
        let found = documents(text.as_bytes(), &mut skips);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            (shown.join(" "), skips.len()),
            (wanted.into(), n_skips),
            "{text:?} {skips:?}"
        );
    }

    #[test]
    fn mappings_and_lists_are_read() {
        check(
            "a: 1\r\nb:\r\n  c: x # note\r\n  d:\r\n",
            r#"{"a":1,"b":{"c":"x","d":null}}"#,
            0,
        );
        check(
            "a:\n- 1\n- b: 2\n  c: 3\n-\n  d: 4\n",
            r#"{"a":[1,{"b":2,"c":3},{"d":4}]}"#,
            0,
        );
        check("- - 1\n  - 2\n- x\n", r#"[[1,2],"x"]"#, 0);
        check(
            "a: 1\n--- # two\nb: 2\n---\n# none\n",
            r#"{"a":1} {"b":2}"#,
            0,
        );
        check(
            "\"a: b\": c\n'd' : e\nf g: http://h\n",
            r#"{"a: b":"c","d":"e","f g":"http://h"}"#,
            0,
        );
    }

    #[test]
    fn scalars_over_several_lines_are_read() {
        check("a: one\n  two # x\nb: 1\n", r#"{"a":"one two","b":1}"#, 0);
        check(
            "a: |\n  one\n\n    # two\nb: >-\n  x\n  y\n",
            r#"{"a":"one\n\n  # two\n","b":"x y"}"#,
            0,
        );
        check(
            "a: [ 1, \"b, c\",\n  {d: e} ]\n",
            r#"{"a":[1,"b, c",{"d":"e"}]}"#,
            0,
        );
        check(
            "a: \"one\n  two\"\nb: &x !!str 'it''s'\n",
            r#"{"a":"one two","b":"it's"}"#,
            0,
        );
        check(
            "a: 1.5\nb: ~\nc: 007\nd: yes\ne: -3\n",
            r#"{"a":1.5,"b":null,"c":"007","d":"yes","e":-3}"#,
            0,
        );
    }

    #[test]
    fn a_broken_line_costs_only_itself() {
        check("a: 1\nwhat\nb: 2\n", r#"{"a":1,"b":2}"#, 1);
        check(
            "a:\n  b: 1\n   c: 2\n  d: 3\n",
            r#"{"a":{"b":"1 c: 2","d":3}}"#,
            0,
        );
        check(
            "what\na:\n  b: 1\nno\n  c: 2\n",
            r#"{"a":{"b":1,"c":2}}"#,
            2,
        );
        check("a:\n- 1\n!!! zz\n- 2\n", r#"{"a":[1,2]}"#, 1);
        check("a: [1\nb: 2\n", r#"{"a":null,"b":2}"#, 1);
        check("a: 1\na: 2\n", r#"{"a":2}"#, 1);
        check("- a\nb: 1\n", r#"["a"]"#, 1);
        let deep = "- ".repeat(300) + "x";
        let mut skips = Vec::new();
        documents(deep.as_bytes(), &mut skips);
        assert!(!skips.is_empty());
    }
}
