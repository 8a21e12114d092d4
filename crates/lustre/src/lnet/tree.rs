//! The tree that indentation and dashes make of text like YAML.
//!
//! `lnetctl` prints YAML by hand: keys repeat, list items are indented by any
//! number of columns or by none, and errors follow data. A strict YAML reader
//! refuses much of that, so this one only looks at columns: what stands deeper
//! belongs to what stands above, and every key is kept, also when it repeats.

use crate::param::{Line, Lines};
use std::borrow::Cow;
use stdx::reading::{Skip, SkipKind};

/// Deepest nesting that is kept; what is deeper joins the last level.
const DEPTH_MAX: usize = 24;

/// Lines that a quoted text may go on for.
const QUOTED_LINES_MAX: u32 = 40;

/// One key or one list item, with all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node<'a> {
    /// Line of the input, from 1.
    pub line: u64,
    /// The key without quotes; empty for a list item.
    pub key: Cow<'a, str>,
    /// What stands behind the key or the dash on the same line, without quotes.
    pub value: Cow<'a, str>,
    /// What is below, in the order of the input.
    pub children: Vec<Node<'a>>,
    /// Whether this is a list item (`- …`).
    pub is_item: bool,
}

impl<'a> Node<'a> {
    /// The first child of that key. Keys differ by release in case, `_` and ` `.
    pub fn child(&self, key: &str) -> Option<&Node<'a>> {
        self.children.iter().find(|node| is_key(&node.key, key))
    }

    /// The value of the first child of that key that has one.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut found = self.children.iter().filter(|node| is_key(&node.key, key));
        found.find_map(|node| (!node.value.is_empty()).then_some(&*node.value))
    }

    /// The list items below; where a mapping stands without dashes, itself.
    pub fn items(&self) -> Vec<&Node<'a>> {
        let items: Vec<_> = self.children.iter().filter(|node| node.is_item).collect();
        if items.is_empty() && !self.children.is_empty() {
            vec![self]
        } else {
            items
        }
    }
}

/// Whether two keys are the same word: `peer ni` is `peer_ni`.
pub fn is_key(left: &str, right: &str) -> bool {
    let plain = |byte: u8| match byte {
        b'_' | b'-' => b' ',
        byte => byte.to_ascii_lowercase(),
    };
    left.len() == right.len() && left.bytes().map(plain).eq(right.bytes().map(plain))
}

/// The top nodes of a text, and the lines that belong nowhere.
pub fn parse(input: &[u8]) -> (Vec<Node<'_>>, Vec<Skip>) {
    let mut builder = Builder::default();
    let is_cut = input.last().is_some_and(|byte| *byte != b'\n');
    let mut lines = Lines::new(input, 1);
    while let Some(line) = lines.next() {
        let is_tail = is_cut && lines.as_bytes().is_empty();
        builder.line(line, is_tail);
    }
    builder.finish()
}

#[derive(Default)]
struct Builder<'a> {
    top: Vec<Node<'a>>,
    open: Vec<(usize, Node<'a>)>,
    skips: Vec<Skip>,
    /// The quote that the last value has open, and for how many lines.
    quote: Option<(char, u32)>,
}

impl<'a> Builder<'a> {
    fn line(&mut self, line: Line<'a>, is_tail: bool) {
        if line.is_binary {
            self.skips.push(Skip::new(
                line.number,
                SkipKind::Binary,
                "bytes that are not text",
            ));
            return;
        }
        let text = line.text.trim_end();
        if self.goes_on(text) {
            return;
        }
        let bare = text.trim_start();
        if bare.is_empty() || bare.starts_with('#') || is_frame(text) {
            return;
        }
        let mut column = width(&text[..text.len() - bare.len()]);
        let mut rest = bare;
        while let Some(next) = rest.strip_prefix('-').filter(|next| is_end(next)) {
            self.push(column, node(line.number, "", true));
            let trimmed = next.trim_start();
            column += 1 + width(&next[..next.len() - trimmed.len()]);
            rest = trimmed;
        }
        if rest.is_empty() {
            return;
        }
        match pair(rest) {
            Some((key, value)) => {
                self.push(column, node(line.number, key, false));
                self.set_value(value);
            }
            None if rest.len() < bare.len() => self.set_value(rest),
            None => self.loose(&line, column, rest, is_tail),
        }
    }

    /// Takes the line as more of an open quoted text.
    fn goes_on(&mut self, text: &str) -> bool {
        let Some((quote, n)) = self.quote else {
            return false;
        };
        let Some((_, last)) = self.open.last_mut() else {
            return false;
        };
        let text = text.trim();
        // A key at the margin is no more text: the quote was lost.
        if n >= QUOTED_LINES_MAX {
            self.quote = None;
            return false;
        }
        let (more, closed) = match text.strip_suffix(quote) {
            Some(more) => (more, true),
            None => (text, false),
        };
        let value = last.value.to_mut();
        if !value.is_empty() && !more.is_empty() {
            value.push(' ');
        }
        value.push_str(more);
        self.quote = (!closed).then_some((quote, n + 1));
        true
    }

    /// A line that is neither key nor item: more of a plain value, or a skip.
    fn loose(&mut self, line: &Line<'_>, column: usize, text: &str, is_tail: bool) {
        if let Some((at, last)) = self.open.last_mut()
            && !last.value.is_empty()
            && column > *at
        {
            let value = last.value.to_mut();
            value.push(' ');
            value.push_str(text);
            return;
        }
        let (kind, what) = if is_tail {
            (SkipKind::Truncated, "the input ends in")
        } else if column == 0 {
            (SkipKind::ErrorText, "not a key but text")
        } else {
            (SkipKind::BadLine, "neither a key nor a list item")
        };
        self.skips
            .push(crate::param::skip(line.number, kind, what, text));
    }

    fn push(&mut self, column: usize, node: Node<'a>) {
        while let Some((at, last)) = self.open.last() {
            // A list may stand at the column of the key that it belongs to.
            let holds = *at < column || *at == column && node.is_item && !last.is_item;
            let can_hold = last.is_item || last.value.is_empty();
            if holds && can_hold && self.open.len() < DEPTH_MAX {
                break;
            }
            self.close();
        }
        self.open.push((column, node));
    }

    fn close(&mut self) {
        let Some((_, node)) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some((_, parent)) => parent.children.push(node),
            None => self.top.push(node),
        }
    }

    fn set_value(&mut self, text: &'a str) {
        let text = untag(text);
        let Some((_, last)) = self.open.last_mut() else {
            return;
        };
        if let Some(inside) = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            last.children = flow(last.line, inside);
            return;
        }
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(quote) = quote else {
            last.value = Cow::Borrowed(uncomment(text));
            return;
        };
        let inside = &text[1..];
        if let Some(end) = closing(inside, quote) {
            last.value = unescape(&inside[..end], quote);
        } else {
            last.value = Cow::Borrowed(inside);
            self.quote = Some((quote, 0));
        }
    }

    fn finish(mut self) -> (Vec<Node<'a>>, Vec<Skip>) {
        while !self.open.is_empty() {
            self.close();
        }
        (self.top, self.skips)
    }
}

fn node(line: u64, key: &str, is_item: bool) -> Node<'_> {
    Node {
        line,
        key: Cow::Borrowed(key.trim().trim_matches(['"', '\''])),
        is_item,
        ..Node::default()
    }
}

/// Columns that white space takes.
fn width(space: &str) -> usize {
    space
        .chars()
        .fold(0, |at, c| if c == '\t' { at / 8 * 8 + 8 } else { at + 1 })
}

fn is_end(text: &str) -> bool {
    text.is_empty() || text.starts_with([' ', '\t'])
}

/// Marks of documents, and prompts with the command that printed the text.
fn is_frame(text: &str) -> bool {
    let is_prompt = || {
        let at = text.find(['#', '$']);
        at.is_some_and(|at| {
            let (host, command) = text.split_at(at);
            (host.contains('@') || host.starts_with('['))
                && !host.contains(": ")
                && !host.trim_start().starts_with('-')
                && command[1..].trim_start().starts_with('l')
        })
    };
    matches!(text.trim(), "---" | "...") || text.starts_with("--- ") || is_prompt()
}

/// Key and value of `key: value`. The colons of an IPv6 NID end no key.
fn pair(text: &str) -> Option<(&str, &str)> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let end = closing(&text[1..], quote)? + 2;
        let value = text[end..].trim_start().strip_prefix(':')?;
        return is_end(value).then(|| (&text[..end], value.trim()));
    }
    let ends = text.match_indices(':').map(|(at, _)| at);
    let mut ends = ends.filter(|at| is_end(&text[at + 1..]));
    if let Some(at) = ends.next() {
        return Some((&text[..at], text[at + 1..].trim()));
    }
    // `errno:-17`: only words make a key without a space behind the colon.
    let (key, value) = text.split_once(':')?;
    let is_word = key.len() > 4 && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    (is_word && !text.contains('@')).then_some((key, value))
}

/// Takes off `! ` and `!!str `.
fn untag(text: &str) -> &str {
    match text.strip_prefix('!') {
        Some(rest) => match rest.split_once([' ', '\t']) {
            Some((_, value)) => value.trim_start(),
            None => rest.trim_start_matches('!'),
        },
        None => text,
    }
}

fn uncomment(text: &str) -> &str {
    match text.find(" #") {
        Some(at) => text[..at].trim_end(),
        None => text,
    }
}

/// Where the quoted text ends.
fn closing(inside: &str, quote: char) -> Option<usize> {
    let mut characters = inside.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => {
                characters.next();
            }
            c if c == quote => {
                let is_doubled =
                    quote == '\'' && characters.peek().is_some_and(|(_, c)| *c == quote);
                if !is_doubled {
                    return Some(at);
                }
                characters.next();
            }
            _ => {}
        }
    }
    None
}

fn unescape(inside: &str, quote: char) -> Cow<'_, str> {
    match quote {
        '"' if inside.contains('\\') => {
            Cow::Owned(inside.replace("\\\"", "\"").replace("\\\\", "\\"))
        }
        '\'' if inside.contains("''") => Cow::Owned(inside.replace("''", "'")),
        _ => Cow::Borrowed(inside),
    }
}

/// `{ gateway: 10.1.1.2@tcp0, priority: 3 }` without its braces; commas may lack.
fn flow(line: u64, inside: &str) -> Vec<Node<'_>> {
    let pairs = inside.split(',').filter_map(|part| pair(part.trim()));
    pairs
        .map(|(key, value)| Node {
            value: Cow::Borrowed(value.trim_matches(['"', '\''])),
            ..node(line, key, false)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as one line: `key=value{children}`, `-` before items.
    fn show(nodes: &[Node<'_>]) -> String {
        let one = |node: &Node<'_>| {
            let dash = if node.is_item { "-" } else { "" };
            let value = if node.value.is_empty() {
                String::new()
            } else {
                format!("={}", node.value)
            };
            let below = if node.children.is_empty() {
                String::new()
            } else {
                format!("{{{}}}", show(&node.children))
            };
            format!("{dash}{}{value}{below}", node.key)
        };
        nodes.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn check(text: &str, tree: &str, n_skips: usize) {
        let (nodes, skips) = parse(text.as_bytes());
        assert_eq!(
            (show(&nodes).as_str(), skips.len()),
            (tree, n_skips),
            "{text}\n{skips:?}"
        );
    }

    #[test]
    fn every_way_to_indent_a_list_is_the_same() {
        for text in [
            "net:\n    - net type: lo\n      local NI(s):\n        - nid: 0@lo\n          status: up\n",
            "net:\n-     net type: lo\n      local NI(s):\n      -     nid: 0@lo\n            status: up\n",
            "---\nnet:\n- net type: lo\n  local NI(s):\n  - nid: 0@lo\n    status: up\n...\n",
            "# lnetctl net show\nnet:\r\n\t- net type: lo\r\n\t  local NI(s):\r\n\t\t- nid: 0@lo\r\n\t\t  status: up\0\0",
            "[root@mds1 ~]# lnetctl net show\nnet:\n - net type: lo\n   local NI(s):\n     -\n       nid: 0@lo\n       status: up",
        ] {
            check(
                text,
                "net{-{net type=lo local NI(s){-{nid=0@lo status=up}}}}",
                0,
            );
        }
    }

    #[test]
    fn keys_repeat_and_addresses_hold_colons() {
        check(
            "show:\n- a:\n  errno: -1\nshow:\n- b:\n",
            "show{-{a errno=-1}} show{-{b}}",
            0,
        );
        check(
            "- nid: fd00::1@tcp\n- fd00::2@tcp\n",
            "-{nid=fd00::1@tcp} -=fd00::2@tcp",
            0,
        );
        check("a:\n    b: 1\n  c: 2\n", "a{b=1 c=2}", 0);
        check("a: 1\n  b: 2\n", "a=1 b=2", 0);
    }

    #[test]
    fn text_is_unquoted_and_unfolded() {
        check(
            "d: ! 'failed to ping: No route to\n    host'\ne: 1",
            "d=failed to ping: No route to host e=1",
            0,
        );
        check(
            "d: \"a \\\"b\\\"\" # c\ne: 'it''s'\n",
            "d=a \"b\" e=it's",
            0,
        );
        check(
            "tcp1: { gateway: 10.1.1.2@tcp0, priority: 3 }\n",
            "tcp1{gateway=10.1.1.2@tcp0 priority=3}",
            0,
        );
    }

    #[test]
    fn a_bad_line_costs_no_neighbour() {
        check("a:\n  b:\n  nonsense\n  c: 1\n", "a{b c=1}", 1);
        check("a:\n  c: 1\n  he", "a{c=1}", 1);
        check("", "", 0);
    }

    #[test]
    fn nesting_has_a_limit_and_loses_nothing() {
        fn count(nodes: &[Node<'_>], depth: usize) -> usize {
            assert!(depth <= DEPTH_MAX);
            nodes
                .iter()
                .map(|node| 1 + count(&node.children, depth + 1))
                .sum()
        }
        let text = "- ".repeat(100);
        let (nodes, skips) = parse(text.as_bytes());
        assert_eq!((count(&nodes, 0), skips.len()), (100, 0));
    }
}
