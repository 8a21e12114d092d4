//! `stat FILE`: what the kernel says of a file.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use crate::storage::text;

/// The reader of `stat`.
pub static KIND: Kind = Kind {
    name: "stat-file",
    about: "stat FILE: size, owner, times",
    guess,
    read,
};

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileStat<'a> {
    /// Its path as given, without quotes.
    pub path: &'a str,
    /// Where it points, if it is a symbolic link.
    pub target: Option<&'a str>,
    /// Bytes.
    pub size: Option<u64>,
    /// Blocks of 512 bytes.
    pub blocks: Option<u64>,
    /// `regular file`, `directory`.
    pub class: Option<&'a str>,
    /// Inode.
    pub inode: Option<u64>,
    /// Names it has.
    pub links: Option<u64>,
    /// Permissions in octal.
    pub mode: Option<&'a str>,
    /// Owner's number.
    pub uid: Option<u32>,
    /// Group's number.
    pub gid: Option<u32>,
    /// Last change of what is in it, as printed.
    pub modified: Option<&'a str>,
    /// Last change of what is said of it, as printed.
    pub changed: Option<&'a str>,
}

/// Reads every file.
pub fn parse(input: &[u8]) -> (Vec<FileStat<'_>>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in text::lines(input, &mut skips) {
        let bare = line.text.trim();
        if bare.is_empty() || text::is_prompt(bare) {
            continue;
        }
        let known = match (bare.split_once(':'), found.last_mut()) {
            (Some(("File", path)), _) => {
                found.push(named(path.trim()));
                true
            }
            (Some((key, value)), Some(one)) => set(one, key, value.trim()),
            _ => false,
        };
        if !known {
            skips.push(text::bad_line(line, "wanted a line of stat"));
        }
    }
    (found, skips)
}

fn named(path: &str) -> FileStat<'_> {
    let (path, target) = match path.split_once(" -> ") {
        Some((path, target)) => (path, Some(target)),
        None => (path, None),
    };
    let unquoted = |text| str::trim_matches(text, ['\'', '"', '‘', '’', '`']);
    FileStat {
        path: unquoted(path),
        target: target.map(unquoted),
        ..FileStat::default()
    }
}

/// The number after `key:` in a line of several settings.
fn number<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(key)?;
    rest.trim_start().split([' ', '\t', '/', ')']).next()
}

fn set<'a>(one: &mut FileStat<'a>, key: &str, value: &'a str) -> bool {
    let parse = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    match key {
        "Size" => {
            one.size = parse(value.split_whitespace().next());
            one.blocks = parse(number(value, "Blocks:"));
            let class = value.split_once("IO Block:");
            let class = class.and_then(|(_, rest)| rest.trim_start().split_once(' '));
            one.class = class.map(|(_, class)| class.trim());
        }
        "Device" => {
            one.inode = parse(number(value, "Inode:"));
            one.links = parse(number(value, "Links:"));
        }
        "Access" if value.starts_with('(') => {
            one.mode = value[1..].split('/').next();
            one.uid = number(value, "Uid: (").and_then(|text| text.parse().ok());
            one.gid = number(value, "Gid: (").and_then(|text| text.parse().ok());
        }
        "Modify" => one.modified = Some(value),
        "Change" => one.changed = Some(value),
        "Access" | "Birth" | "Context" => {}
        _ => return false,
    }
    true
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = sample.text().lines().map(str::trim_start);
    let is_file = |line: &str| line.starts_with("File: ");
    let has_file = lines.by_ref().take(3).any(is_file);
    let next = lines.next().unwrap_or_default();
    if has_file && next.starts_with("Size: ") && next.contains("Blocks:") {
        90
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("stat", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read() {
        let text = "  File: '/a b' -> 'c'\r\n  Size: 3276800   \tBlocks: 8          IO Block: 4194304 regular file\n\
            Device: 517,217756\tInode: 144115238826934274  Links: 2\nAccess: (0644/-rw-r--r--)  Uid: (    0/    root)   Gid: ( 1000/    a)\n\
            Access: 2026-11-21 01:11:08.0 +0000\nModify: 2026-11-21 01:11:09.0 +0000\nwhat\n";
        let (found, skips) = parse(text.as_bytes());
        let one = &found[0];
        assert_eq!((one.path, one.target), ("/a b", Some("c")));
        assert_eq!((one.size, one.blocks), (Some(3_276_800), Some(8)));
        assert_eq!(
            (one.class, one.inode),
            (Some("regular file"), Some(144_115_238_826_934_274))
        );
        assert_eq!((one.links, one.mode), (Some(2), Some("0644")));
        assert_eq!((one.uid, one.gid), (Some(0), Some(1000)));
        assert_eq!(one.modified, Some("2026-11-21 01:11:09.0 +0000"));
        assert_eq!(skips.len(), 1);
    }
}
