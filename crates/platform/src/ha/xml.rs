//! A small XML tree that keeps what was read before the input broke off.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use stdx::reading::{Skip, SkipKind};

/// Elements within elements at most; a damaged input must not go deeper.
const DEPTH_MAX: usize = 64;

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Name.
    pub name: String,
    /// Attributes in the order printed.
    pub attributes: Vec<(String, String)>,
    /// Elements in it.
    pub children: Vec<Element>,
    /// Line it begins at.
    pub line: u64,
}

impl Element {
    /// An attribute's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// An attribute's value, or nothing.
    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// Whether an attribute says yes.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1" | "yes"))
    }

    /// Elements in it of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element in it of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Elements of this name at any depth below it.
    pub fn below<'a>(&'a self, name: &str, into: &mut Vec<&'a Element>) {
        for child in &self.children {
            if child.name == name {
                into.push(child);
            }
            child.below(name, into);
        }
    }
}

/// The document's root, as far as it goes, and why it goes no further.
pub fn parse(input: &[u8]) -> (Option<Element>, Vec<Skip>) {
    let mut reader = Reader::from_reader(input);
    let (mut open, mut root, mut skips): (Vec<Element>, Option<Element>, _) =
        (Vec::new(), None, Vec::new());
    let mut lines = Lines {
        input,
        at: 0,
        line: 1,
    };
    loop {
        let place = lines.line_at(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Start(start)) if open.len() < DEPTH_MAX => open.push(element(&start, place)),
            Ok(Event::Empty(start)) if !open.is_empty() => {
                close(&mut open, &mut root, element(&start, place));
            }
            Ok(Event::Empty(start)) if root.is_none() => root = Some(element(&start, place)),
            Ok(Event::End(_)) => {
                if let Some(done) = open.pop() {
                    close(&mut open, &mut root, done);
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                skips.push(Skip::new(place, SkipKind::Truncated, error.to_string()));
                break;
            }
        }
    }
    if !open.is_empty() && skips.is_empty() {
        let line = open.last().map_or(1, |element| element.line);
        skips.push(Skip::new(
            line,
            SkipKind::Truncated,
            "the document ends inside an element",
        ));
    }
    while let Some(done) = open.pop() {
        close(&mut open, &mut root, done);
    }
    (root, skips)
}

fn close(open: &mut [Element], root: &mut Option<Element>, done: Element) {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None => *root = root.take().or(Some(done)),
    }
}

fn element(start: &BytesStart<'_>, line: u64) -> Element {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let attributes = start.attributes().flatten().map(|attribute| {
        let value = attribute
            .unescape_value()
            .map_or_else(|_| text(&attribute.value), std::borrow::Cow::into_owned);
        (text(attribute.key.as_ref()), value)
    });
    Element {
        name: text(start.name().as_ref()),
        attributes: attributes.collect(),
        children: Vec::new(),
        line,
    }
}

/// Counts lines once over the whole input.
struct Lines<'a> {
    input: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn line_at(&mut self, position: u64) -> u64 {
        let position = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(self.input.len());
        if position > self.at {
            let passed = memchr::memchr_iter(b'\n', &self.input[self.at..position]).count();
            self.line += u64::try_from(passed).unwrap_or(0);
            self.at = position;
        }
        self.line
    }
}
