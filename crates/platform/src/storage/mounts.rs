//! Mounted file systems: `/proc/mounts`, `/etc/mtab`, `/proc/self/mountinfo`,
//! and what `mount` prints.

use std::borrow::Cow;

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use super::text;

/// The reader of mount tables.
pub static KIND: Kind = Kind {
    name: "mounts",
    about: "/proc/mounts, /etc/mtab, mountinfo, or the output of mount",
    guess,
    read,
};

/// One mount. Texts are borrowed unless they held escapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mount<'a> {
    /// Device, `nid:/fsname`, or pool and dataset.
    pub source: Cow<'a, str>,
    /// Where it is mounted.
    pub target: Cow<'a, str>,
    /// Type, e.g. `lustre`.
    pub fstype: &'a str,
    /// Options as printed, parted by commas.
    pub options: &'a str,
    /// Device number, from mountinfo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major_minor: Option<&'a str>,
}

impl<'a> Mount<'a> {
    /// The options one by one: name, and the value after `=`.
    pub fn options(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        self.options
            .split(',')
            .filter(|one| !one.is_empty())
            .map(|one| match one.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (one, None),
            })
    }

    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&'a str> {
        self.options()
            .find(|(known, _)| *known == name)
            .and_then(|(_, value)| value)
    }
}

/// Reads every mount of any of the forms; they may be mixed.
pub fn parse(input: &[u8]) -> (Vec<Mount<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut mounts = Vec::new();
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || text::is_prompt(line.text) {
            continue;
        }
        match printed(text)
            .or_else(|| mountinfo(text))
            .or_else(|| table(text))
        {
            Some(mount) => mounts.push(mount),
            None => skips.push(text::bad_line(line, "wanted a mount")),
        }
    }
    (mounts, skips)
}

/// `SOURCE on TARGET type FSTYPE (OPTIONS)`.
fn printed(text: &str) -> Option<Mount<'_>> {
    let (source, rest) = text.split_once(" on ")?;
    let open = rest.rfind(" (")?;
    let options = rest[open + 2..].strip_suffix(')').or_else(|| {
        // util-linux may add ` [LABEL]` after the options.
        rest[open + 2..]
            .rsplit_once(") [")
            .map(|(options, _)| options)
    })?;
    let (target, fstype) = rest[..open].rsplit_once(" type ")?;
    let found = !fstype.is_empty() && !fstype.contains(' ');
    found.then_some(Mount {
        source: Cow::Borrowed(source),
        target: Cow::Borrowed(target),
        fstype,
        options,
        major_minor: None,
    })
}

/// `ID PARENT MAJ:MIN ROOT TARGET OPTIONS [TAGS] - FSTYPE SOURCE SUPER`.
fn mountinfo(text: &str) -> Option<Mount<'_>> {
    let (left, right) = text.split_once(" - ")?;
    let left: Vec<&str> = left.split(' ').collect();
    let [id, parent, number, _root, target, _options, ..] = left.as_slice() else {
        return None;
    };
    let mut right = right.split(' ');
    let (fstype, source, options) = (right.next()?, right.next()?, right.next()?);
    let sure = text::all_digits(id) && text::all_digits(parent) && text::is_major_minor(number);
    sure.then(|| Mount {
        source: text::unescape_octal(source),
        target: text::unescape_octal(target),
        fstype,
        options,
        major_minor: Some(number),
    })
}

/// `SOURCE TARGET FSTYPE OPTIONS FREQ PASS`.
fn table(text: &str) -> Option<Mount<'_>> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [source, target, fstype, options, freq, pass] = fields.as_slice() else {
        return None;
    };
    let sure = text::all_digits(freq) && text::all_digits(pass);
    sure.then(|| Mount {
        source: text::unescape_octal(source),
        target: text::unescape_octal(target),
        fstype,
        options,
        major_minor: None,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(12)
        .collect();
    // The last line of a sample may be cut.
    let whole = if lines.len() > 1 && lines.len() < 12 {
        &lines[..lines.len() - 1]
    } else {
        &lines
    };
    if whole.is_empty() {
        return 0;
    }
    let all = |form: fn(&str) -> Option<Mount<'_>>| whole.iter().all(|line| form(line).is_some());
    if all(mountinfo) {
        return 96;
    }
    if whole
        .iter()
        .all(|line| printed(line).is_some_and(|mount| mount.target.starts_with('/')))
    {
        return 95;
    }
    // Options of a live mount begin with rw or ro; those of fstab seldom do.
    let live = |line: &&str| {
        table(line).is_some_and(|mount| {
            mount.target.starts_with('/') && matches!(mount.options.get(..2), Some("rw" | "ro"))
        })
    };
    if whole.iter().all(live) { 94 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (mounts, skips) = parse(input);
    text::emit("mounts.mount", &mounts, skips, sink);
}
