//! `blkid` and `wipefs`.

use super::block::Role;
use super::{Block, Content, find, is_held, is_writable, mount_of, replace};
use crate::world::World;
use crate::world::command::{failed, printed, quiet};
use crate::world::host::HostName;
use agent::host::Output;

/// Answers `blkid` and `blkid DEVICE…`.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let words = argv.iter().skip(1).filter(|word| !word.starts_with('-'));
    let wanted: Vec<&str> = words.map(String::as_str).collect();
    let blocks = Block::all(world, host);
    let mut text = String::new();
    for block in &blocks {
        let path = block.path();
        if !wanted.is_empty() && !wanted.contains(&path.as_str()) {
            continue;
        }
        text.push_str(&line(block, &path));
    }
    if text.is_empty() {
        failed_quietly(2)
    } else {
        printed(text)
    }
}

fn failed_quietly(exit: i32) -> Output {
    Output { exit, ..quiet() }
}

fn line(block: &Block<'_>, path: &str) -> String {
    let mut words = Vec::new();
    if let Some((kind, label, uuid)) = &block.known {
        if !label.is_empty() {
            words.push(format!("LABEL=\"{label}\""));
        }
        if !uuid.is_empty() {
            words.push(format!("UUID=\"{uuid}\""));
        }
        if let Some(member) = block.member() {
            words.push(format!("UUID_SUB=\"{member}\""));
        }
        if block.role != Role::Path {
            words.push(String::from("BLOCK_SIZE=\"4096\""));
        }
        words.push(format!("TYPE=\"{kind}\""));
    }
    if let Some(name) = block.part_label() {
        words.push(format!("PARTLABEL=\"{name}\""));
    }
    if block.part.is_some() {
        words.push(format!("PARTUUID=\"{}\"", block.part_uuid()));
    }
    if words.is_empty() {
        return String::new();
    }
    format!("{path}: {}\n", words.join(" "))
}

/// Answers `wipefs --all DEVICE`.
pub fn wipefs(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let path = argv.last().map_or("", String::as_str).to_owned();
    let is_all = argv.iter().any(|word| word == "--all" || word == "-a");
    let Some(id) = find(world, host, &path) else {
        let text = format!(
            "wipefs: error: {path}: probing initialization failed: No such file or directory"
        );
        return failed(1, &text);
    };
    let is_used = mount_of(world, host, &id).is_some() || is_held(world, host, &path);
    if is_used || crate::world::zfs::holds(world, host, &id) {
        let text = format!(
            "wipefs: error: {path}: probing initialization failed: Device or resource busy"
        );
        return failed(1, &text);
    }
    if !is_writable(world, &id) {
        let text =
            format!("wipefs: error: {path}: probing initialization failed: Read-only file system");
        return failed(1, &text);
    }
    let Some(disk) = world.disks.get(&id) else {
        return quiet();
    };
    let said = match (&disk.content, is_all) {
        (Content::Blank, _) | (_, false) => return quiet(),
        (Content::Ldiskfs(_), _) => ("0x00000438", "ext4", "53 ef", 2),
        (Content::FileSystem { .. }, _) => ("0x00000000", "xfs", "58 46 53 42", 4),
        (Content::PoolMember { .. }, _) => {
            ("0x0003f000", "zfs_member", "0c b1 ba 00 00 00 00 00", 8)
        }
    };
    let (offset, kind, bytes, n) = said;
    replace(world, host, &id, Content::Blank);
    printed(format!(
        "{path}: {n} bytes were erased at offset {offset} ({kind}): {bytes}\n"
    ))
}
