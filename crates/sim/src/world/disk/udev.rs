//! `udevadm`: the database of devices, and waiting for it.

use super::Block;
use super::block::Role;
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
    let whole = block.whole();
    let mut path = match block.role {
        Role::Map => format!("/devices/virtual/block/{}", block.kname),
        Role::Disk | Role::Path => {
            format!("/devices/pci0000:00/0000:00:02.0/host0/target0:0:{n}/0:0:{n}:0/block/{whole}")
        }
    };
    // A partition of a map is a device of its own.
    let is_part = block.part.is_some() && block.role != Role::Map;
    if is_part {
        path = format!("{path}/{}", block.kname);
    }
    let kind = if is_part { "partition" } else { "disk" };
    let links = links(block);
    let mut lines = vec![format!("P: {path}"), format!("M: {}", block.kname)];
    if let Some(part) = block.part.filter(|_| is_part) {
        lines.push(format!("R: {part}"));
    }
    lines.extend([
        String::from("U: block"),
        format!("T: {kind}"),
        format!("D: b {major}:{minor}"),
    ]);
    let priority = if block.role == Role::Map { 50 } else { 0 };
    lines.extend([format!("N: {}", block.kname), format!("L: {priority}")]);
    lines.extend(links.iter().map(|link| format!("S: {link}")));
    lines.push(format!("Q: {}", n + 1));
    let mut properties = vec![
        format!("DEVPATH={path}"),
        format!("DEVNAME=/dev/{}", block.kname),
        format!("DEVTYPE={kind}"),
        format!("DISKSEQ={}", n + 1),
        format!("MAJOR={major}"),
        format!("MINOR={minor}"),
        String::from("SUBSYSTEM=block"),
        format!("USEC_INITIALIZED={}", 24_000_000 + n * 1000),
    ];
    properties.extend(match block.role {
        Role::Map => of_map(block),
        Role::Disk | Role::Path => of_disk(block),
    });
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
    // A map's links come before those of its paths.
    let mut found: Vec<&Block<'_>> = blocks.iter().filter(is_it).collect();
    found.sort_by_key(|block| block.role != Role::Map);
    found.first().map(|block| block.kname.clone())
}

fn links(block: &Block<'_>) -> Vec<String> {
    let tail = block
        .part
        .map(|part| format!("-part{part}"))
        .unwrap_or_default();
    let wwn = &block.id.0;
    let mut links = match block.role {
        Role::Map => vec![
            format!("disk/by-id/dm-name-{}", block.name),
            format!("disk/by-id/dm-uuid-{}", dm_uuid(block)),
            format!("disk/by-id/wwn-0x{wwn}{tail}"),
            format!("mapper/{}", block.name),
        ],
        Role::Disk | Role::Path => vec![
            format!("disk/by-id/scsi-3{wwn}{tail}"),
            format!("disk/by-id/wwn-0x{wwn}{tail}"),
            format!(
                "disk/by-path/pci-0000:00:02.0-scsi-0:0:{}:0{tail}",
                block.number
            ),
        ],
    };
    // What lies on a path is the map's.
    if block.role == Role::Path {
        return links;
    }
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

/// The UUID of a map, or of a partition over one.
fn dm_uuid(block: &Block<'_>) -> String {
    let part = block.part.map(|part| format!("part{part}-"));
    format!("{}mpath-3{}", part.unwrap_or_default(), block.id.0)
}

fn of_map(block: &Block<'_>) -> Vec<String> {
    let wwn = &block.id.0;
    vec![
        format!("DM_NAME={}", block.name),
        format!("DM_UUID={}", dm_uuid(block)),
        String::from("DM_SUSPENDED=0"),
        String::from("DM_UDEV_RULES_VSN=2"),
        String::from("DM_TYPE=scsi"),
        format!("DM_SERIAL=3{wwn}"),
        format!("DM_WWN=0x{wwn}"),
    ]
}

fn of_disk(block: &Block<'_>) -> Vec<String> {
    let (disk, wwn) = (block.disk, &block.id.0);
    let mut lines = vec![
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
    ];
    if block.role == Role::Path {
        lines.extend([
            String::from("DM_MULTIPATH_DEVICE_PATH=1"),
            String::from("SYSTEMD_READY=0"),
        ]);
    }
    lines
}

fn of_content(block: &Block<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if block.has_table() {
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
        if block.role == Role::Path {
            lines.push(format!("ID_FS_TYPE={kind}"));
            return lines;
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
