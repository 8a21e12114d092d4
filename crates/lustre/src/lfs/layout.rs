//! `lfs getstripe`: where the data of files lies, plain, composite or mirrored.
//!
//! All forms say the same in `key: value`: one pair a line or several, with the
//! objects as a table, in braces, or as YAML (`-y`). The pairs are taken as
//! they come; what opens a new file or component is told by its key.

use super::{lines, number, odd, text_lines};
use crate::param::Line;
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lfs getstripe`.
pub static KIND: Kind = Kind {
    name: "lfs-getstripe",
    about: "lfs getstripe [-v] [-y] [-d] [-r], plain and composite layouts",
    guess,
    read,
};

/// The layout of a file, or what a folder hands on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Layout<'a> {
    /// Path; not printed for a single file.
    pub path: Option<&'a str>,
    /// Whether it is what a folder hands on to its files.
    pub is_default: bool,
    /// Whether it is made of components.
    pub is_composite: bool,
    /// Generation.
    pub generation: Option<u64>,
    /// Mirrors of a composite layout.
    pub mirrors: Option<u64>,
    /// Flags of the whole: `ro`, `wp`, `sp`.
    pub flags: Option<&'a str>,
    /// FID of the file, with `-v`.
    pub fid: Option<&'a str>,
    /// `daos` or another type of a foreign layout.
    pub foreign: Option<&'a str>,
    /// Components; a plain layout has one.
    pub components: Vec<Component<'a>>,
}

/// A component, or the whole of a plain layout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Component<'a> {
    /// Id; a default has none.
    pub id: Option<u64>,
    /// Mirror that it belongs to.
    pub mirror: Option<u64>,
    /// `init`, `stale`, `prefer`, `nosync`, `extension`.
    pub flags: Vec<&'a str>,
    /// Where it begins, bytes.
    pub start: Option<u64>,
    /// Where it ends; none at the end of the file.
    pub end: Option<u64>,
    /// Stripes; -1 is all OSTs.
    pub stripe_count: Option<i64>,
    /// Bytes of a stripe.
    pub stripe_size: Option<u64>,
    /// Bytes by which a self-extending component grows.
    pub extension_size: Option<u64>,
    /// `raid0`, `mdt`, `raid0,overstriped`, or a number in old releases.
    pub pattern: Option<&'a str>,
    /// Generation of this component.
    pub generation: Option<u64>,
    /// First OST; -1 is any.
    pub stripe_offset: Option<i64>,
    /// MDT that holds the data.
    pub mdt_index: Option<u64>,
    /// OST pool.
    pub pool: Option<&'a str>,
    /// Objects, in stripe order.
    pub objects: Vec<Object>,
}

/// One object on an OST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Object {
    /// Index of the OST.
    pub ost: u64,
    /// Sequence of its FID; the group in old releases.
    pub sequence: u64,
    /// Id of the object in the sequence.
    pub object: u64,
}

/// The pairs of a line: a word that ends with a colon is a key, what follows up to the next its value.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        let (key, tail) = rest.split_once(':')?;
        let key = key.trim().trim_start_matches("- ").trim_matches('"');
        if key.contains(' ') {
            return None;
        }
        let tail = tail.trim_start();
        let end = next_key(tail).unwrap_or(tail.len());
        let (value, next) = tail.split_at(end);
        rest = next;
        Some((key, value.trim()))
    })
}

/// Where a word begins that ends with a colon and has no other in it.
fn next_key(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(colon) = text.get(from..)?.find(':') {
        let at = from + colon;
        let start = text.get(..at)?.rfind([' ', '\t']).map_or(0, |at| at + 1);
        let word = text.get(start..at)?;
        let follows = text.get(at + 1..)?.starts_with([' ', '\t']) || at + 1 == text.len();
        let is_key = |b: u8| b.is_ascii_lowercase() || b == b'_' || b == b'.';
        if start > 0 && follows && !word.is_empty() && word.bytes().all(is_key) {
            return Some(start);
        }
        from = at + 1;
    }
    None
}

/// A number with a sign, or what stands for all: `-1`.
fn signed(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(digits) => number(digits)?.try_into().ok().map(|found: i64| -found),
        // An unsigned -1, as very old releases print it.
        None if text == "4294967295" => Some(-1),
        None => number(text)?.try_into().ok(),
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    u64::from_str_radix(digits, 16).ok()
}

/// Sequence and object of a FID, with or without brackets.
fn object_fid(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.trim_matches(['[', ']']).split(':');
    Some((hexadecimal(parts.next()?)?, hexadecimal(parts.next()?)?))
}

/// `1  34  0x22  0x300000401 [*]`.
fn table_row(text: &str) -> Option<Object> {
    let mut words = text.split_ascii_whitespace();
    let ost = number(words.next()?)?;
    let decimal = number(words.next()?)?;
    let object = words.next().and_then(hexadecimal)?;
    let group = words.next()?;
    let sequence = hexadecimal(group).or(number(group))?;
    (decimal == object).then_some(Object {
        ost,
        sequence,
        object,
    })
}

/// `- 0: { l_ost_idx: 3, l_fid: [0x340000400:0x2c:0x0] }`.
fn brace_row(text: &str) -> Option<Object> {
    let inner = text.split_once('{')?.1.trim_end().strip_suffix('}')?;
    let (ost, fid) = inner.split_once(',')?;
    let ost = number(ost.trim().strip_prefix("l_ost_idx:")?)?;
    let (sequence, object) = object_fid(fid.trim().strip_prefix("l_fid:")?.trim())?;
    Some(Object {
        ost,
        sequence,
        object,
    })
}

/// What is being read.
#[derive(Default)]
struct Reader<'a> {
    open: Option<Layout<'a>>,
    path: Option<&'a str>,
}

impl<'a> Reader<'a> {
    fn flush(&mut self, sink: &mut dyn Sink) {
        if let Some(layout) = self.open.take() {
            sink.record("lfs-layout", &|| json!(layout));
        }
    }

    /// Begins a layout with the path that was met before it.
    fn begin(&mut self, sink: &mut dyn Sink) -> &mut Layout<'a> {
        self.flush(sink);
        let path = self.path.take();
        self.open.insert(Layout {
            path,
            ..Layout::default()
        })
    }

    fn line(&mut self, line: &Line<'a>, sink: &mut dyn Sink) {
        let text = line.text.trim();
        if text.starts_with("obdidx")
            || matches!(
                text,
                "composite_header:" | "components:" | "sub_layout:" | "lmm_objects:"
            )
        {
            return;
        }
        if let Some(object) = table_row(text).or_else(|| brace_row(text)) {
            match self.component() {
                Some(component) => component.objects.push(object),
                None => odd(line, "an object of no file", sink),
            }
            return;
        }
        if let Some(path) = layout_path(line.text) {
            self.flush(sink);
            self.path = Some(path);
            return;
        }
        let text = text.strip_prefix("(Default)").unwrap_or(text);
        let mut is_known = false;
        for (key, value) in pairs(text) {
            is_known |= self.pair(key, value, sink);
        }
        if !is_known || line.is_binary {
            odd(line, "not a line of a layout", sink);
        }
    }

    fn component(&mut self) -> Option<&mut Component<'a>> {
        self.open.as_mut()?.components.last_mut()
    }

    /// Takes one pair; whether it is one of a layout.
    fn pair(&mut self, key: &'a str, value: &'a str, sink: &mut dyn Sink) -> bool {
        if let Some(key) = key.strip_prefix("lcm_") {
            self.whole(key, value, sink);
            return true;
        }
        if let Some(key) = key.strip_prefix("lcme_") {
            self.part(key, value, sink);
            return true;
        }
        if let Some(key) = key.strip_prefix("lfm_") {
            let layout = match key {
                "magic" => self.begin(sink),
                _ => self.open.get_or_insert_default(),
            };
            if key == "type" {
                layout.foreign = Some(value);
            }
            return true;
        }
        self.stripe(key, value, sink)
    }

    /// A pair of a composite layout as a whole.
    fn whole(&mut self, key: &str, value: &'a str, sink: &mut dyn Sink) {
        let is_new = self
            .open
            .as_ref()
            .is_none_or(|open| !open.is_composite || !open.components.is_empty());
        if is_new {
            self.begin(sink).is_composite = true;
        }
        let Some(layout) = self.open.as_mut() else {
            return;
        };
        match key {
            "layout_gen" => layout.generation = number(value),
            "mirror_count" => layout.mirrors = number(value),
            "flags" => layout.flags = Some(value).filter(|flags| *flags != "0"),
            _ => {}
        }
    }

    /// A pair of a component.
    fn part(&mut self, key: &str, value: &'a str, sink: &mut dyn Sink) {
        if self.open.as_ref().is_none_or(|open| !open.is_composite) {
            self.begin(sink).is_composite = true;
        }
        let Some(layout) = self.open.as_mut() else {
            return;
        };
        if key == "id" || layout.components.is_empty() {
            layout.components.push(Component::default());
            layout.is_default = value == "N/A";
        }
        let Some(part) = layout.components.last_mut() else {
            return;
        };
        match key {
            "id" => part.id = number(value),
            "mirror_id" => part.mirror = number(value),
            "flags" => part.flags = value.split(',').filter(|flag| *flag != "0").collect(),
            "extent.e_start" => part.start = number(value),
            "extent.e_end" => part.end = number(value),
            _ => {}
        }
    }

    /// A pair of stripes: `lmm_stripe_count`, or `stripe_count` of a default.
    fn stripe(&mut self, key: &'a str, value: &'a str, sink: &mut dyn Sink) -> bool {
        let bare = key.strip_prefix("lmm_");
        let name = bare.unwrap_or(key);
        let known = [
            "stripe_count",
            "stripe_size",
            "pattern",
            "layout_gen",
            "stripe_offset",
            "pool",
            "magic",
            "seq",
            "object_id",
            "fid",
            "extension_size",
            "mdt_index",
            "objects",
        ];
        let is_object = matches!(key, "l_ost_idx" | "l_fid");
        if !known.contains(&name) && !is_object {
            return false;
        }
        // A second count, or the magic number before it, is of another file.
        let is_first = matches!(name, "stripe_count" | "magic");
        let last = self.open.as_ref().and_then(|open| open.components.last());
        let is_open = last.is_some_and(|last| !is_first || last.stripe_count.is_none());
        if !is_open {
            let layout = self.begin(sink);
            layout.is_default = bare.is_none();
            layout.components.push(Component::default());
        }
        let Some(layout) = self.open.as_mut() else {
            return false;
        };
        let is_plain = !layout.is_composite;
        if name == "fid" {
            layout.fid = Some(value.trim_matches(['[', ']']));
        }
        if name == "layout_gen" && is_plain {
            layout.generation = number(value);
        }
        let Some(part) = layout.components.last_mut() else {
            return false;
        };
        match name {
            "stripe_count" => part.stripe_count = signed(value),
            "stripe_size" => part.stripe_size = number(value),
            "extension_size" => part.extension_size = number(value),
            "pattern" => part.pattern = Some(value).filter(|text| !text.is_empty()),
            "layout_gen" => part.generation = number(value),
            "stripe_offset" => part.stripe_offset = signed(value),
            "mdt_index" => part.mdt_index = number(value),
            "pool" => part.pool = Some(value).filter(|text| !text.is_empty()),
            "l_ost_idx" => part.objects.push(Object {
                ost: number(value).unwrap_or_default(),
                ..Object::default()
            }),
            "l_fid" => {
                if let (Some(last), Some((sequence, object))) =
                    (part.objects.last_mut(), object_fid(value))
                {
                    (last.sequence, last.object) = (sequence, object);
                }
            }
            _ => {}
        }
        true
    }
}

/// A path that stands alone on its line, at its beginning.
pub(super) fn layout_path(text: &str) -> Option<&str> {
    let is_path = text.starts_with(['/', '.']) && !text.contains(" has no stripe info");
    is_path.then(|| text.trim_end_matches([':', ' ', '\r']))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut score = 0;
    for line in text_lines(sample.text()).take(12) {
        let text = line.trim_start();
        if text.starts_with("lmm_") || text.starts_with("lcm_") || text.starts_with("lfm_") {
            score = 96;
        }
        if text.contains("stripe_count:")
            && text.contains("stripe_offset:")
            && !text.contains("lmv_")
        {
            score = 92;
        }
        if text.starts_with("lmv_") {
            return 0;
        }
    }
    score
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut reader = Reader::default();
    for line in lines(input) {
        reader.line(&line, sink);
    }
    reader.flush(sink);
}

#[cfg(test)]
mod tests;
