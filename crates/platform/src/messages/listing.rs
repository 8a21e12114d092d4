//! `ls -l`, also with inodes (`-i`), numbers for users (`-n`) and times in
//! seconds: what a folder held.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use crate::storage::text;

/// The reader of listings.
pub static KIND: Kind = Kind {
    name: "ls-long",
    about: "ls -l: what a folder holds",
    guess,
    read,
};

/// The reader of listings that tell names only.
pub static NAMES: Kind = Kind {
    name: "ls-names",
    about: "ls -R: names by folder",
    guess: guess_names,
    read: read_names,
};

/// One folder and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Folder<'a> {
    /// Its path.
    pub path: &'a str,
    /// The names in it.
    pub names: Vec<&'a str>,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// The folder, if the listing names it.
    pub folder: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// Where a symbolic link points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<&'a str>,
    /// `drwxr-xr-x`.
    pub mode: &'a str,
    /// Owner, by name or number.
    pub owner: &'a str,
    /// Group, by name or number.
    pub group: &'a str,
    /// Bytes; absent for devices.
    pub size: Option<u64>,
    /// Major and minor number of a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<(u32, u32)>,
    /// The inode, if listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// The time as printed.
    pub time: &'a str,
}

/// Reads every entry.
pub fn parse(input: &[u8]) -> (Vec<Entry<'_>>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    let mut folder = None;
    for line in text::lines(input, &mut skips) {
        let bare = line.text.trim_end();
        if bare.trim().is_empty()
            || bare.trim_start().starts_with("total ")
            || text::is_prompt(bare)
        {
            continue;
        }
        match (entry(bare), bare.strip_suffix(':')) {
            (Some(one), _) => found.push(Entry { folder, ..one }),
            (None, Some(name)) => folder = Some(name),
            (None, None) => skips.push(text::bad_line(line, "wanted an entry of ls -l")),
        }
    }
    (found, skips)
}

/// The next word and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(' ')?;
    Some((&text[..end], &text[end..]))
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let (first, mut rest) = word(line)?;
    let (mut inode, mut mode) = (None, first);
    if text::all_digits(first) {
        inode = first.parse().ok();
        (mode, rest) = word(rest)?;
    }
    if !is_mode(mode) {
        return None;
    }
    let (links, rest) = word(rest)?;
    text::all_digits(links).then_some(())?;
    let (owner, rest) = word(rest)?;
    let (group, rest) = word(rest)?;
    let (size, rest) = word(rest)?;
    let (size, device, rest) = match size.strip_suffix(',') {
        Some(major) => {
            let (minor, rest) = word(rest)?;
            (None, Some((major.parse().ok()?, minor.parse().ok()?)), rest)
        }
        None => (Some(size.parse().ok()?), None, rest),
    };
    let (time, rest) = time(rest)?;
    let name = rest.strip_prefix(' ').filter(|name| !name.is_empty())?;
    let (name, target) = match name.split_once(" -> ").filter(|_| mode.starts_with('l')) {
        Some((name, target)) => (name, Some(target)),
        None => (name, None),
    };
    Some(Entry {
        folder: None,
        name,
        target,
        mode,
        owner,
        group,
        size,
        device,
        inode,
        time,
    })
}

fn is_mode(text: &str) -> bool {
    let bytes = text.as_bytes();
    (10..=11).contains(&bytes.len())
        && b"-dlbcpsD".contains(&bytes[0])
        && bytes[1..10].iter().all(|byte| b"rwxsStT-".contains(byte))
        && bytes.get(10).is_none_or(|byte| b".+@".contains(byte))
}

/// The time is one word (seconds), two (`2024-01-31 10:00`), three
/// (`Nov 21 00:31`, or with a zone).
fn time(rest: &str) -> Option<(&str, &str)> {
    let start = rest.len() - rest.trim_start().len();
    let text = &rest[start..];
    let (first, after) = word(text)?;
    let n_words = if text::all_digits(first) {
        1
    } else if first.contains('-') {
        let (_, zone) = word(after)?;
        let zone = zone.trim_start();
        if zone.starts_with(['+', '-']) && zone.get(1..5).is_some_and(text::all_digits) {
            3
        } else {
            2
        }
    } else {
        3
    };
    let mut after = text;
    for _ in 0..n_words {
        after = word(after)?.1;
    }
    Some((text[..text.len() - after.len()].trim_end(), after))
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut n_good, mut n_bad) = (0_usize, 0_usize);
    for line in sample.text().lines().take(200) {
        let line = line.trim_end();
        if entry(line).is_some() {
            n_good += 1;
        } else if !line.is_empty() && !line.starts_with("total ") && !line.ends_with(':') {
            n_bad += 1;
        }
    }
    match (n_good, n_bad) {
        (0, _) => 0,
        (_, 0) => 70,
        (good, bad) if good > 2 * bad => 50,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    text::emit("ls.entry", &found, skips, sink);
}

/// `/proc/spl/kstat/zfs:`.
fn folder(line: &str) -> Option<&str> {
    let path = line.strip_suffix(':')?;
    let is_path = path == "." || path.starts_with('/') || path.starts_with("./");
    (is_path && !path.contains(": ")).then_some(path)
}

fn guess_names(sample: Sample<'_>) -> Likelihood {
    let mut n_folders = 0_u32;
    let mut lines = sample.text().lines().map(str::trim_end);
    if lines.next().and_then(folder).is_none() {
        return 0;
    }
    for line in lines.by_ref().take(200) {
        n_folders += u32::from(folder(line).is_some());
        if line.contains(": ") || entry(line).is_some() {
            return 0;
        }
    }
    if n_folders > 0 { 60 } else { 35 }
}

fn read_names(input: &[u8], sink: &mut dyn Sink) {
    let mut skips = Vec::new();
    let mut found: Vec<Folder<'_>> = Vec::new();
    for line in text::lines(input, &mut skips) {
        let bare = line.text.trim_end();
        match (folder(bare), found.last_mut()) {
            _ if bare.is_empty() => {}
            (Some(path), _) => found.push(Folder {
                path,
                names: Vec::new(),
            }),
            (None, Some(folder)) => folder.names.push(bare),
            (None, None) => skips.push(text::bad_line(line, "wanted a folder and a colon")),
        }
    }
    text::emit("ls.folder", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_folder() {
        let mut found = stdx::reading::Collected::with_records();
        read_names(b"/a:\nb\r\nc d\n\n/a/b:\nx", &mut found);
        let told = serde_json::json!([
            {"path": "/a", "names": ["b", "c d"]},
            {"path": "/a/b", "names": ["x"]},
        ]);
        assert_eq!(serde_json::json!(found.records["ls.folder"]), told);
    }

    #[test]
    fn entries_are_read_in_every_form_of_time() {
        let text = ".:\ntotal 44\n1621 drwxr-xr-x 2 0 0 4096 1550859784 init.d\n\
            lrwxrwxrwx 1 root root 0 Nov 21 00:31 a b -> ../x\r\n\
            brw-rw---- 1 root disk 8, 16 2024-01-31 10:00 sdb\n\
            -rw-r--r--. 1 a b 7 2024-01-31 10:00:00.0 +0000  lead\n?????????? ? ? ? ? ? x\n";
        let (found, skips) = parse(text.as_bytes());
        let told: Vec<_> = found.iter().map(|one| (one.name, one.time)).collect();
        assert_eq!(
            told,
            [
                ("init.d", "1550859784"),
                ("a b", "Nov 21 00:31"),
                ("sdb", "2024-01-31 10:00"),
                (" lead", "2024-01-31 10:00:00.0 +0000"),
            ]
        );
        assert_eq!((found[0].inode, found[0].folder), (Some(1621), Some(".")));
        assert_eq!(
            (found[1].target, found[2].device),
            (Some("../x"), Some((8, 16)))
        );
        assert_eq!(skips.len(), 1);
    }
}
