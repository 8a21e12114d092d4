//! `udevadm`: the database of devices, and waiting for it.

use super::Block;
use crate::world::World;
use crate::world::command::{failed, printed, quiet};
use crate::world::host::HostName;
use agent::host::Output;

/// Answers `udevadm`.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    match words.as_slice() {
        ["info", "--export-db" | "-e"] => {
            let blocks = Block::all(world, host);
            printed(blocks.iter().map(entry).collect::<String>())
        }
        ["settle" | "trigger" | "control", ..] => quiet(),
        _ => failed(1, "udevadm: Unknown device, please specify a device."),
    }
}

fn entry(block: &Block<'_>) -> String {
    let (major, minor) = block.device();
    let n = block.number;
    let whole = block.name.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut path =
        format!("/devices/pci0000:00/0000:00:02.0/host0/target0:0:{n}/0:0:{n}:0/block/{whole}");
    if block.part.is_some() {
        path = format!("{path}/{}", block.name);
    }
    let kind = if block.part.is_some() {
        "partition"
    } else {
        "disk"
    };
    let links = links(block);
    let mut lines = vec![format!("P: {path}"), format!("M: {}", block.name)];
    if let Some(part) = block.part {
        lines.push(format!("R: {part}"));
    }
    lines.extend([
        String::from("U: block"),
        format!("T: {kind}"),
        format!("D: b {major}:{minor}"),
    ]);
    lines.extend([format!("N: {}", block.name), String::from("L: 0")]);
    lines.extend(links.iter().map(|link| format!("S: {link}")));
    lines.push(format!("Q: {}", n + 1));
    let mut properties = vec![
        format!("DEVPATH={path}"),
        format!("DEVNAME=/dev/{}", block.name),
        format!("DEVTYPE={kind}"),
        format!("DISKSEQ={}", n + 1),
        format!("MAJOR={major}"),
        format!("MINOR={minor}"),
        String::from("SUBSYSTEM=block"),
        format!("USEC_INITIALIZED={}", 24_000_000 + n * 1000),
    ];
    properties.extend(of_disk(block));
    properties.extend(of_content(block));
    let links: Vec<String> = links.iter().map(|link| format!("/dev/{link}")).collect();
    properties.push(format!("DEVLINKS={}", links.join(" ")));
    properties.extend([
        String::from("TAGS=:systemd:"),
        String::from("CURRENT_TAGS=:systemd:"),
    ]);
    lines.extend(properties.iter().map(|property| format!("E: {property}")));
    lines.push(String::from("\n"));
    lines.join("\n")
}

/// The kernel's name of what a link of udev leads to: `sdb` for
/// `disk/by-id/wwn-0x5000c500…`.
pub fn leads_to(world: &World, host: &HostName, link: &str) -> Option<String> {
    let blocks = Block::all(world, host);
    let is_it = |block: &&Block<'_>| links(block).iter().any(|one| one == link);
    blocks.iter().find(is_it).map(|block| block.name.clone())
}

fn links(block: &Block<'_>) -> Vec<String> {
    let tail = block
        .part
        .map(|part| format!("-part{part}"))
        .unwrap_or_default();
    let mut links = vec![
        format!("disk/by-id/scsi-3{}{tail}", block.id.0),
        format!("disk/by-id/wwn-0x{}{tail}", block.id.0),
        format!(
            "disk/by-path/pci-0000:00:02.0-scsi-0:0:{}:0{tail}",
            block.number
        ),
    ];
    if let Some((_, label, uuid)) = &block.known {
        links.push(format!("disk/by-uuid/{uuid}"));
        if !label.is_empty() {
            links.push(format!("disk/by-label/{label}"));
        }
    }
    if let Some(name) = block.part_label() {
        links.push(format!("disk/by-partlabel/{name}"));
    }
    links
}

fn of_disk(block: &Block<'_>) -> Vec<String> {
    let (disk, wwn) = (block.disk, &block.id.0);
    vec![
        String::from("ID_SCSI=1"),
        format!("ID_VENDOR={}", disk.vendor),
        format!("ID_VENDOR_ENC={}", encoded(&disk.vendor, 8)),
        format!("ID_MODEL={}", disk.model),
        format!("ID_MODEL_ENC={}", encoded(&disk.model, 16)),
        String::from("ID_REVISION=0001"),
        String::from("ID_TYPE=disk"),
        format!("ID_SERIAL=3{wwn}"),
        format!("ID_SERIAL_SHORT={wwn}"),
        format!("ID_WWN=0x{wwn}"),
        format!("ID_WWN_WITH_EXTENSION=0x{wwn}"),
        format!("ID_SCSI_SERIAL={}", disk.serial),
        String::from("ID_BUS=scsi"),
        format!("ID_PATH=pci-0000:00:02.0-scsi-0:0:{}:0", block.number),
        format!("ID_PATH_TAG=pci-0000_00_02_0-scsi-0_0_{}_0", block.number),
    ]
}

fn of_content(block: &Block<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if matches!(block.disk.content, super::Content::PoolMember { .. }) {
        lines.push(format!(
            "ID_PART_TABLE_UUID={}",
            super::uuid_from(&block.id.0)
        ));
        lines.push(String::from("ID_PART_TABLE_TYPE=gpt"));
    }
    if let Some((kind, label, uuid)) = &block.known {
        if !label.is_empty() {
            lines.extend([
                format!("ID_FS_LABEL={label}"),
                format!("ID_FS_LABEL_ENC={label}"),
            ]);
        }
        lines.extend([
            format!("ID_FS_UUID={uuid}"),
            format!("ID_FS_UUID_ENC={uuid}"),
        ]);
        if let Some(member) = block.member() {
            lines.push(format!("ID_FS_UUID_SUB={member}"));
        }
        lines.extend([
            format!("ID_FS_VERSION={}", super::lsblk::version(kind)),
            format!("ID_FS_TYPE={kind}"),
            String::from("ID_FS_USAGE=filesystem"),
        ]);
    }
    let Some(part) = block.part else {
        return lines;
    };
    lines.push(String::from("ID_PART_ENTRY_SCHEME=gpt"));
    if let Some(name) = block.part_label() {
        lines.push(format!("ID_PART_ENTRY_NAME={name}"));
    }
    lines.extend([
        format!("ID_PART_ENTRY_UUID={}", block.part_uuid()),
        format!("ID_PART_ENTRY_TYPE={}", block.part_type()),
        format!("ID_PART_ENTRY_NUMBER={part}"),
        format!("ID_PART_ENTRY_OFFSET={}", block.start),
        format!("ID_PART_ENTRY_SIZE={}", block.bytes / 512),
        format!("PARTN={part}"),
    ]);
    lines
}

/// Text filled up with blanks as udev writes them.
fn encoded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text.len());
    format!("{text}{}", "\\x20".repeat(blanks))
}
