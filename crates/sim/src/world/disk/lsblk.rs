//! `lsblk -J`.

use super::Block;
use super::block::Role;
use crate::world::World;
use crate::world::command::{failed, printed};
use crate::world::host::HostName;
use agent::host::Output;

/// All columns, in the order of `-O`.
const ALL: &str = "alignment disc-aln dax disc-gran disc-max disc-zero fsavail fsroots fssize fstype fsused fsuse% fsver group hctl hotplug kname label log-sec maj:min min-io mode model name opt-io owner partflags partlabel parttype parttypename partuuid path phy-sec pkname pttype ptuuid ra rand rev rm ro rota rq-size sched serial size start state subsystems mountpoint mountpoints tran type uuid vendor wsame wwn zoned zone-sz zone-wgran zone-app zone-nr zone-omax zone-amax";
/// Those of no option.
const USUAL: &str = "name maj:min rm size ro type mountpoints";

/// Answers `lsblk`.
pub fn run(world: &mut World, host: &HostName, argv: &[String]) -> Output {
    let (mut columns, mut is_bytes, mut is_json) = (USUAL.to_owned(), false, false);
    let mut words = argv.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-J" | "--json" => is_json = true,
            "-b" | "--bytes" => is_bytes = true,
            "-O" | "--output-all" => ALL.clone_into(&mut columns),
            "-o" | "--output" => {
                let list = words.next().unwrap_or_default().to_lowercase();
                columns = list.replace(',', " ");
            }
            _ => return failed(32, &format!("lsblk: {word}: not a block device")),
        }
    }
    let columns: Vec<&str> = columns.split(' ').collect();
    if let Some(unknown) = columns
        .iter()
        .find(|one| !ALL.split(' ').any(|known| known == **one))
    {
        return failed(1, &format!("lsblk: unknown column: {unknown}"));
    }
    if !is_json {
        return failed(1, "lsblk: only JSON is printed here");
    }
    let blocks = Block::all(world, host);
    let mut text = String::from("{\n   \"blockdevices\": [\n      ");
    let tops = blocks
        .iter()
        .filter(|one| one.part.is_none() && one.role != Role::Map);
    let tops: Vec<&Block<'_>> = tops.collect();
    let shown = Shown {
        blocks: &blocks,
        columns: &columns,
        is_bytes,
    };
    shown.all(&mut text, &tops, None, 6);
    text.push_str("\n   ]\n}\n");
    printed(text)
}

/// What is shown of which devices.
struct Shown<'b> {
    blocks: &'b [Block<'b>],
    columns: &'b [&'b str],
    is_bytes: bool,
}

impl Shown<'_> {
    /// Devices, each with what lies over it.
    fn all(
        &self,
        text: &mut String,
        blocks: &[&Block<'_>],
        under: Option<&Block<'_>>,
        indent: usize,
    ) {
        let pad = " ".repeat(indent);
        for (number, block) in blocks.iter().enumerate() {
            text.push_str(if number > 0 { ",{\n" } else { "{\n" });
            fields(text, block, self.columns, under, self.is_bytes, indent + 3);
            let over: Vec<&Block<'_>> = self.over(block);
            if !over.is_empty() {
                let inner = " ".repeat(indent + 6);
                text.push_str(&format!(",\n{pad}   \"children\": [\n{inner}"));
                self.all(text, &over, Some(block), indent + 6);
                text.push_str(&format!("\n{pad}   ]"));
            }
            text.push_str(&format!("\n{pad}}}"));
        }
    }

    /// What lies over a device: its partitions, or its map.
    fn over(&self, block: &Block<'_>) -> Vec<&Block<'_>> {
        let is_over = |one: &&Block<'_>| {
            one.id == block.id
                && block.part.is_none()
                && match block.role {
                    Role::Path => one.role == Role::Map && one.part.is_none(),
                    Role::Disk | Role::Map => one.role == block.role && one.part.is_some(),
                }
        };
        self.blocks.iter().filter(is_over).collect()
    }
}

fn fields(
    text: &mut String,
    block: &Block<'_>,
    columns: &[&str],
    under: Option<&Block<'_>>,
    is_bytes: bool,
    indent: usize,
) {
    let pad = " ".repeat(indent);
    for (place, column) in columns.iter().enumerate() {
        if place > 0 {
            text.push_str(",\n");
        }
        text.push_str(&pad);
        text.push('"');
        text.push_str(column);
        text.push_str("\": ");
        let value = value(block, column, under, is_bytes);
        // A list stands on lines of its own.
        if value == "[null]" {
            text.push_str(&format!("[\n{pad}    null\n{pad}]"));
        } else {
            text.push_str(&value);
        }
    }
}

fn value(block: &Block<'_>, column: &str, under: Option<&Block<'_>>, is_bytes: bool) -> String {
    let null = || String::from("null");
    let quoted = |text: &str| format!("\"{text}\"");
    let maybe = |text: Option<&str>| text.map_or_else(null, quoted);
    let of_disk = |text: &str| {
        if block.part.is_none() && block.role != Role::Map {
            quoted(text)
        } else {
            null()
        }
    };
    let of_part = |text: String| {
        if block.part.is_some() {
            quoted(&text)
        } else {
            null()
        }
    };
    let known = block.known.as_ref();
    let has_table = block.has_table();
    let is_map = block.role == Role::Map;
    let (major, minor) = block.device();
    match column {
        "name" => quoted(&block.name),
        "kname" => quoted(&block.kname),
        "path" => quoted(&block.path()),
        "maj:min" => quoted(&format!("{major}:{minor}")),
        "type" if block.part.is_some() => quoted("part"),
        "type" => quoted(if is_map { "mpath" } else { "disk" }),
        "size" if is_bytes => block.bytes.to_string(),
        "size" => quoted(&human(block.bytes)),
        "ro" => (block.disk.fault == Some(super::DiskFault::ReadOnly)).to_string(),
        "rota" => block.disk.is_rotational.to_string(),
        "model" => of_disk(&block.disk.model),
        "serial" => of_disk(&block.disk.serial),
        "vendor" => of_disk(&format!("{:<8}", block.disk.vendor)),
        "rev" => of_disk("0001"),
        "state" if is_map && block.part.is_none() => quoted("running"),
        "state" => of_disk("running"),
        "hctl" => of_disk(&format!("0:0:{}:0", block.number)),
        "tran" => of_disk("sas"),
        "wwn" if is_map => null(),
        "subsystems" if is_map => quoted("block"),
        "wwn" => quoted(&format!("0x{}", block.id.0)),
        "fstype" => maybe(known.map(|known| known.0.as_str())),
        "fsver" => maybe(known.map(|known| version(&known.0))),
        "label" => maybe(
            known
                .map(|known| known.1.as_str())
                .filter(|text| !text.is_empty()),
        ),
        "uuid" => maybe(
            known
                .map(|known| known.2.as_str())
                .filter(|text| !text.is_empty()),
        ),
        "parttype" => of_part(block.part_type().to_owned()),
        "partuuid" => of_part(block.part_uuid()),
        "partlabel" => maybe(block.part_label().as_deref()),
        "pkname" => maybe(under.map(|under| under.kname.as_str())),
        "pttype" => maybe(has_table.then_some("gpt")),
        "ptuuid" => maybe(has_table.then(|| super::uuid_from(&block.id.0)).as_deref()),
        "start" if block.part.is_some() => block.start.to_string(),
        "mountpoint" => maybe(block.mounted_at.as_deref()),
        "mountpoints" => format!("[{}]", maybe(block.mounted_at.as_deref())),
        constant => usual(constant).map_or_else(null, str::to_owned),
    }
}

/// What is the same of every disk.
fn usual(column: &str) -> Option<&'static str> {
    Some(match column {
        "rm" | "hotplug" | "dax" | "disc-zero" => "false",
        "rand" => "true",
        "fsroots" => "[null]",
        "owner" => "\"root\"",
        "group" => "\"disk\"",
        "mode" => "\"brw-rw----\"",
        "sched" => "\"mq-deadline\"",
        "subsystems" => "\"block:scsi:pci\"",
        "zoned" => "\"none\"",
        "log-sec" | "min-io" => "512",
        "phy-sec" | "disc-gran" => "4096",
        "ra" => "128",
        "rq-size" => "256",
        "alignment" | "disc-aln" | "disc-max" | "opt-io" | "wsame" => "0",
        zone if zone.starts_with("zone-") => "0",
        _ => return None,
    })
}

/// The version of a format.
pub fn version(kind: &str) -> &'static str {
    match kind {
        "zfs_member" => "5000",
        "ext4" => "1.0",
        _ => "",
    }
}

/// `2G`, as `lsblk` shortens sizes.
fn human(bytes: u64) -> String {
    let units = ["B", "K", "M", "G", "T", "P", "E"];
    let (mut whole, mut unit, mut tenths) = (bytes, 0, 0);
    while whole >= 1024 && unit + 1 < units.len() {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    let unit = units.get(unit).copied().unwrap_or_default();
    if tenths == 0 {
        format!("{whole}{unit}")
    } else {
        format!("{whole}.{tenths}{unit}")
    }
}
