//! `dumpe2fs -h` and `tune2fs -l`: the superblock of ldiskfs and ext4.

use std::collections::BTreeMap;

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of superblocks.
pub static KIND: Kind = Kind {
    name: "dumpe2fs",
    about: "dumpe2fs -h or tune2fs -l",
    guess,
    read,
};

/// One superblock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Superblock {
    /// Volume name: for Lustre the target's label.
    pub label: Option<String>,
    /// UUID.
    pub uuid: Option<String>,
    /// Features.
    pub features: Vec<String>,
    /// `clean`, `not clean with errors`.
    pub state: Option<String>,
    /// Blocks.
    pub block_count: Option<u64>,
    /// Free blocks.
    pub free_blocks: Option<u64>,
    /// Bytes per block.
    pub block_size: Option<u64>,
    /// Inodes.
    pub inode_count: Option<u64>,
    /// Free inodes.
    pub free_inodes: Option<u64>,
    /// All lines by title; those of the MMP block as `MMP_block.mmp_node_name`.
    pub fields: BTreeMap<String, String>,
}

/// Reads the superblock, if there is one.
pub fn parse(input: &[u8]) -> (Option<Superblock>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut block = Superblock::default();
    let mut group: Option<&str> = None;
    for line in text::lines(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        if text.starts_with("dumpe2fs") || text.starts_with("tune2fs") {
            // The first line names the program's version on stderr.
            if text.contains(':') {
                skips.push(Skip::new(line.no, SkipKind::ErrorText, text::cut(text)));
            }
            continue;
        }
        if text.starts_with("Group 0:") {
            break;
        }
        let Some((title, value)) = text.split_once(':') else {
            skips.push(text::bad_line(line, "wanted `Title: value`"));
            continue;
        };
        if let Some(group) = group.filter(|_| line.text.starts_with(' ')) {
            let name = format!("{group}.{title}");
            block.fields.insert(name, value.trim().to_owned());
        } else {
            group = value.is_empty().then_some(title);
            set(&mut block, title, value.trim());
        }
    }
    let found = !block.fields.is_empty();
    (found.then_some(block), skips)
}

fn set(block: &mut Superblock, title: &str, value: &str) {
    match title {
        "Filesystem volume name" => block.label = text::some(value).filter(|name| name != "<none>"),
        "Filesystem UUID" => block.uuid = text::some(value),
        "Filesystem features" => {
            block.features = value.split_whitespace().map(str::to_owned).collect();
        }
        "Filesystem state" => block.state = text::some(value),
        "Block count" => block.block_count = value.parse().ok(),
        "Free blocks" => block.free_blocks = value.parse().ok(),
        "Block size" => block.block_size = value.parse().ok(),
        "Inode count" => block.inode_count = value.parse().ok(),
        "Free inodes" => block.free_inodes = value.parse().ok(),
        _ => {}
    }
    if !value.is_empty() {
        block.fields.insert(title.to_owned(), value.to_owned());
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let titled = text
        .lines()
        .take(4)
        .any(|line| line.starts_with("Filesystem volume name:"));
    if titled { 98 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (block, skips) = parse(input);
    text::emit("dumpe2fs.superblock", block.as_slice(), skips, sink);
}
