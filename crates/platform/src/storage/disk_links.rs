//! `ls -l` of `/dev/disk/by-*` and `/dev/mapper`: links and what they name.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of listings of links.
pub static KIND: Kind = Kind {
    name: "disk-links",
    about: "ls -l /dev/disk/by-id and its siblings, /dev/mapper",
    guess,
    read,
};

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link<'a> {
    /// Directory, if the listing named it.
    pub dir: Option<&'a str>,
    /// Name of the link.
    pub name: &'a str,
    /// What it points to, as printed.
    pub target: &'a str,
    /// Last part of the target, e.g. `sda1`.
    pub kname: &'a str,
}

/// Reads every link.
pub fn parse(input: &[u8]) -> (Vec<Link<'_>>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut out = Vec::new();
    let mut dir = None;
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim_end();
        if text.is_empty() || text.starts_with("total ") || text::is_prompt(text) {
            continue;
        }
        if let Some(name) = text
            .strip_suffix(':')
            .filter(|name| name.starts_with(['/', '.']))
        {
            dir = Some(name);
            continue;
        }
        match link(text) {
            Some((name, target)) => {
                out.push(Link {
                    dir,
                    name,
                    target,
                    kname: target.rsplit('/').next().unwrap_or(target),
                });
            }
            None if text.starts_with("ls: ") => {
                skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
            }
            // Directories and device nodes between the links.
            None if text.starts_with(['d', 'c', 'b', '-']) && text.get(9..11).is_some() => {}
            None => skips.push(text::bad_line(line, "wanted a link of ls -l")),
        }
    }
    (out, skips)
}

/// Name and target of an `lrwxrwxrwx` line: the name is what follows the time.
fn link(text: &str) -> Option<(&str, &str)> {
    let (left, target) = text.strip_prefix("lrwx")?.split_once(" -> ")?;
    // Mode, links, owner, group, size, then two or three words of time.
    let mut rest = left;
    for _ in 0..7 {
        rest = rest.trim_start().split_once(' ')?.1;
    }
    let rest = rest.trim_start();
    let name = match rest.split_once(' ') {
        Some((clock, name)) if is_clock(clock) => name,
        _ => rest,
    };
    (!name.is_empty() && !target.is_empty()).then_some((name, target))
}

fn is_clock(word: &str) -> bool {
    (word.len() == 4 && text::all_digits(word))
        || word.starts_with(['+', '-'])
        || word
            .split_once(':')
            .is_some_and(|(h, m)| text::all_digits(h) && text::all_digits(m))
}

/// Whether the target is a node below `/dev`, seen from there.
fn is_node(target: &str) -> bool {
    let local = target.trim_start_matches("../");
    target.starts_with("/dev/") || (local.len() < target.len() && !local.contains('/'))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut links = 0u32;
    for line in sample.text().lines().take(30) {
        links += u32::from(link(line).is_some_and(|(_, target)| is_node(target)));
    }
    match links {
        0 => 0,
        1 => 80,
        _ => 94,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (links, skips) = parse(input);
    text::emit("disk.link", &links, skips, sink);
}
