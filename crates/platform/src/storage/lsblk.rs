//! `lsblk`: JSON (`-J`, any columns), pairs (`-P`), and the table or tree.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::{json, table, text};

/// The reader of `lsblk`.
pub static KIND: Kind = Kind {
    name: "lsblk",
    about: "lsblk: JSON, -P pairs, or the table",
    guess,
    read,
};

/// One block device. A device under several parents (multipath, LVM over two
/// disks) is one record with all its parents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BlockDevice {
    /// Name as lsblk shows it, without the tree.
    pub name: String,
    /// Kernel name, e.g. `dm-2`.
    pub kname: Option<String>,
    /// Path of the node, e.g. `/dev/mapper/mpatha`.
    pub path: Option<String>,
    /// Device number, e.g. `8:16`.
    pub major_minor: Option<String>,
    /// `disk`, `part`, `mpath`, `lvm`, `raid1`, `loop`, `rom`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// The size was printed rounded (`1.8T`), not in bytes.
    pub size_rounded: bool,
    /// Read-only.
    pub ro: Option<bool>,
    /// Removable.
    pub rm: Option<bool>,
    /// Rotational.
    pub rota: Option<bool>,
    /// Model, trimmed.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Vendor, trimmed.
    pub vendor: Option<String>,
    /// World wide name, as printed (`0x5000...`).
    pub wwn: Option<String>,
    /// Host, channel, target, lun.
    pub hctl: Option<String>,
    /// Transport: `sas`, `fc`, `nvme`, `iscsi`.
    pub tran: Option<String>,
    /// File system or member type.
    pub fstype: Option<String>,
    /// File system label.
    pub label: Option<String>,
    /// File system UUID.
    pub uuid: Option<String>,
    /// Partition UUID.
    pub partuuid: Option<String>,
    /// Partition label.
    pub partlabel: Option<String>,
    /// Where it is mounted; `[SWAP]` is kept as printed.
    pub mountpoints: Vec<String>,
    /// Kernel name of the parent, from the column.
    pub pkname: Option<String>,
    /// Names of the devices it lies on.
    pub parents: Vec<String>,
    /// Names of the devices on it.
    pub children: Vec<String>,
    /// Other columns that have a value, by lower-case name.
    pub other: BTreeMap<String, String>,
}

impl BlockDevice {
    /// What is the same for one device and no other within one listing.
    fn key(&self) -> (&str, Option<&str>) {
        (
            self.kname.as_deref().unwrap_or(&self.name),
            self.major_minor.as_deref(),
        )
    }

    fn set(&mut self, column: &str, value: &str) {
        let column = column.to_ascii_lowercase().replace('_', "-");
        let Some(value) = text::some(value) else {
            return;
        };
        match column.as_str() {
            "name" => self.name = value,
            "kname" => self.kname = Some(value),
            "path" => self.path = Some(value),
            "maj:min" | "maj-min" => self.major_minor = Some(value),
            "type" => self.kind = Some(value),
            "size" => match text::size(&value) {
                Some((bytes, exact)) => (self.size, self.size_rounded) = (Some(bytes), !exact),
                None => _ = self.other.insert(column, value),
            },
            "ro" => self.ro = text::flag(&value),
            "rm" => self.rm = text::flag(&value),
            "rota" => self.rota = text::flag(&value),
            "model" => self.model = Some(value),
            "serial" => self.serial = Some(value),
            "vendor" => self.vendor = Some(value),
            "wwn" => self.wwn = Some(value),
            "hctl" => self.hctl = Some(value),
            "tran" => self.tran = Some(value),
            "fstype" => self.fstype = Some(value),
            "label" => self.label = Some(value),
            "uuid" => self.uuid = Some(value),
            "partuuid" => self.partuuid = Some(value),
            "partlabel" => self.partlabel = Some(value),
            "mountpoint" | "mountpoints" => {
                for point in value.split('\n').flat_map(|part| part.split("\\n")) {
                    if !point.is_empty() && !self.mountpoints.iter().any(|known| known == point) {
                        self.mountpoints.push(point.to_owned());
                    }
                }
            }
            "pkname" => self.pkname = Some(value),
            _ => _ = self.other.insert(column, value),
        }
    }
}

/// Devices in the order of the listing, each once.
#[derive(Default)]
struct Listing {
    devices: Vec<BlockDevice>,
    places: BTreeMap<(String, Option<String>), usize>,
}

impl Listing {
    fn add(&mut self, device: BlockDevice, parent: Option<usize>) -> usize {
        let (name, number) = device.key();
        let key = (name.to_owned(), number.map(str::to_owned));
        let place = *self.places.entry(key).or_insert_with(|| {
            self.devices.push(device);
            self.devices.len() - 1
        });
        if let Some(parent) = parent.filter(|&parent| parent != place) {
            let (up, down) = (
                self.devices[parent].name.clone(),
                self.devices[place].name.clone(),
            );
            push_new(&mut self.devices[parent].children, down);
            push_new(&mut self.devices[place].parents, up);
        }
        place
    }

    /// Parents from the `PKNAME` column, for listings without a tree.
    fn link_by_pkname(&mut self) {
        let by_kname: BTreeMap<String, usize> = self
            .devices
            .iter()
            .enumerate()
            .map(|(at, device)| (device.key().0.to_owned(), at))
            .collect();
        for at in 0..self.devices.len() {
            let parent = self.devices[at]
                .pkname
                .as_ref()
                .and_then(|name| by_kname.get(name));
            if let Some(&parent) = parent.filter(|&&parent| parent != at) {
                let (up, down) = (
                    self.devices[parent].name.clone(),
                    self.devices[at].name.clone(),
                );
                push_new(&mut self.devices[parent].children, down);
                push_new(&mut self.devices[at].parents, up);
            }
        }
    }
}

fn push_new(list: &mut Vec<String>, name: String) {
    if !list.contains(&name) {
        list.push(name);
    }
}

/// Reads any of the three forms.
pub fn parse(input: &[u8]) -> (Vec<BlockDevice>, Vec<Skip>) {
    let mut skips = Vec::new();
    let mut listing = Listing::default();
    if json::is_object(input) {
        if let Some(value) = json::read(input, &mut skips) {
            match value.get("blockdevices").and_then(Value::as_array) {
                Some(devices) => devices
                    .iter()
                    .for_each(|one| add_json(&mut listing, one, None)),
                None => skips.push(Skip::new(1, SkipKind::BadValue, "no `blockdevices` list")),
            }
        }
    } else {
        parse_text(input, &mut listing, &mut skips);
    }
    listing.link_by_pkname();
    (listing.devices, skips)
}

fn add_json(listing: &mut Listing, value: &Value, parent: Option<usize>) {
    let Some(fields) = value.as_object() else {
        return;
    };
    let mut device = BlockDevice::default();
    for (column, value) in fields {
        match value {
            Value::Array(items) if column != "children" => {
                items
                    .iter()
                    .filter_map(json::text)
                    .for_each(|item| device.set(column, &item));
            }
            value => {
                if let Some(found) = json::text(value) {
                    device.set(column, &found);
                }
            }
        }
    }
    if device.name.is_empty() {
        device.name = device
            .kname
            .clone()
            .or_else(|| device.path.clone())
            .unwrap_or_default();
    }
    let place = listing.add(device, parent);
    for child in fields
        .get("children")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        add_json(listing, child, Some(place));
    }
}

fn parse_text(input: &[u8], listing: &mut Listing, skips: &mut Vec<Skip>) {
    let mut lines = text::lines(input, skips);
    lines.retain(|line| !line.text.trim().is_empty() && !text::is_prompt(line.text));
    let heading = lines.iter().position(|line| is_heading(line.text));
    for line in &lines[..heading.unwrap_or(lines.len())] {
        match text::pairs(line.text) {
            Ok(pairs)
                if pairs
                    .iter()
                    .any(|(key, _)| matches!(*key, "NAME" | "KNAME" | "PATH")) =>
            {
                let mut device = BlockDevice::default();
                for (column, value) in &pairs {
                    device.set(column, value);
                }
                if device.name.is_empty() {
                    device.name = device
                        .kname
                        .clone()
                        .or(device.path.clone())
                        .unwrap_or_default();
                }
                listing.add(device, None);
            }
            _ if is_error(line.text) => {
                skips.push(Skip::new(
                    line.no,
                    SkipKind::ErrorText,
                    text::cut(line.text),
                ));
            }
            _ => skips.push(text::bad_line(
                *line,
                "wanted NAME=\"...\" pairs or a heading",
            )),
        }
    }
    let Some(heading) = heading else { return };
    let headings = table::headings(lines[heading].text, 1);
    let name_at = headings
        .iter()
        .position(|one| one.name == "NAME")
        .unwrap_or(0);
    let mut above: Vec<(usize, usize)> = Vec::new();
    for row in table::rows(&headings, &lines[heading + 1..]) {
        let (drawn, name) = tree_name(&row.cells[name_at]);
        let depth = drawn + if name_at == 0 { row.indent } else { 0 };
        let mut device = BlockDevice::default();
        for (heading, cell) in headings.iter().zip(&row.cells) {
            device.set(&heading.name, cell);
        }
        name.clone_into(&mut device.name);
        if let Some((name, kname)) = name.strip_suffix(')').and_then(|one| one.split_once(" (")) {
            device.kname = Some(kname.to_owned());
            name.clone_into(&mut device.name);
        }
        if device.name.is_empty()
            || device
                .major_minor
                .as_ref()
                .is_some_and(|at| !text::is_major_minor(at))
        {
            if depth == 0
                && device.mountpoints.len() == 1
                && row.cells.iter().filter(|cell| !cell.is_empty()).count() == 1
            {
                // A further mount point of the device above, in a line of its own.
                if let Some(&(_, place)) = above.last() {
                    listing.devices[place]
                        .mountpoints
                        .append(&mut device.mountpoints);
                    continue;
                }
            }
            skips.push(text::bad_line(row.line, "wanted a device's row"));
            continue;
        }
        above.retain(|&(level, _)| level < depth);
        let parent = above.last().map(|&(_, place)| place);
        let place = listing.add(device, parent);
        above.push((depth, place));
    }
}

fn is_heading(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.contains(&"NAME")
        && words
            .iter()
            .all(|word| !word.contains('"') && word.to_ascii_uppercase() == **word)
        && words
            .iter()
            .any(|word| matches!(*word, "MAJ:MIN" | "SIZE" | "TYPE" | "KNAME" | "FSTYPE"))
        && !words
            .iter()
            .any(|word| matches!(*word, "ALLOC" | "HEALTH" | "USED"))
}

fn is_error(text: &str) -> bool {
    text.starts_with("lsblk:") || text.contains("lsblk: ")
}

/// Depth in the tree and the name without the tree's lines.
fn tree_name(cell: &str) -> (usize, &str) {
    let name = cell.trim_start_matches(['|', '`', '-', ' ', '│', '├', '└', '─', '┬']);
    let depth = cell[..cell.len() - name.len()].chars().count();
    (depth, name)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let head = text.trim_start();
    if let Some(rest) = head.strip_prefix('{') {
        return if rest.trim_start().starts_with("\"blockdevices\"") {
            98
        } else {
            0
        };
    }
    let first = text::first_line(text);
    if is_error(first) {
        return 80;
    }
    if is_heading(first) && first.contains("MAJ:MIN") {
        return 96;
    }
    if is_heading(first) && (first.contains("FSTYPE") || first.contains("MOUNTPOINT")) {
        return 80;
    }
    if first.contains("=\"") && first.contains("NAME=\"") && text::pairs(first).is_ok() {
        let known = [
            "MAJ:MIN=\"",
            "MAJ_MIN=\"",
            "FSTYPE=\"",
            "TYPE=\"",
            "SIZE=\"",
            "MOUNTPOINT=\"",
        ];
        let lvm = first.contains("LVM2_");
        return if !lvm && known.iter().filter(|key| first.contains(**key)).count() >= 2 {
            92
        } else {
            0
        };
    }
    0
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (devices, skips) = parse(input);
    text::emit("lsblk.device", &devices, skips, sink);
}
