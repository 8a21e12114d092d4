//! `sbd dump` and `sbd list`: the header and slots of a disk through which
//! nodes are told to fence themselves.

use super::lines;
use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of `sbd`.
pub static KIND: Kind = Kind {
    name: "sbd",
    about: "sbd dump, sbd list",
    guess,
    read,
};

/// The header of a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The disk, where told.
    pub device: Option<String>,
    /// Version, UUID, number of slots, timeouts in seconds: as printed.
    pub fields: BTreeMap<String, String>,
}

/// A node's slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// Number, from 0.
    pub slot: u32,
    /// Node.
    pub node: String,
    /// `clear`, `test`, `reset`, `off`, `exit`, `crashdump`.
    pub message: String,
    /// Who sent it; empty where nobody did.
    pub sender: String,
}

/// Reads headers and slots.
pub fn parse(input: &[u8]) -> (Vec<Header>, Vec<Slot>, Vec<Skip>) {
    let (mut headers, mut slots, mut skips) = (Vec::<Header>::new(), Vec::new(), Vec::new());
    let mut is_open = false;
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if let Some(rest) = text.strip_prefix("==") {
            let device = rest.strip_prefix("Dumping header on disk ");
            is_open = device.is_some();
            headers.extend(device.map(|device| Header {
                device: Some(device.trim().to_owned()),
                ..Header::default()
            }));
        } else if let Some((name, value)) = text.split_once(':').filter(|(name, _)| is_name(name)) {
            if !is_open {
                headers.push(Header::default());
                is_open = true;
            }
            if let Some(header) = headers.last_mut() {
                let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
                header.fields.insert(name, value);
            }
        } else if let Some(slot) = slot(text) {
            slots.push(slot);
        } else if lines::is_error(text) || text.contains("error:") || text.contains(" failed ") {
            skips.push(line.skip(SkipKind::ErrorText, "the tool says"));
        } else if !text.is_empty() {
            skips.push(line.bad("no header and no slot of sbd"));
        }
    }
    (headers, slots, skips)
}

fn is_name(text: &str) -> bool {
    let name = text.trim();
    matches!(
        name,
        "Header version" | "UUID" | "Number of slots" | "Sector size"
    ) || name.starts_with("Timeout (")
}

fn slot(text: &str) -> Option<Slot> {
    let mut words = text.split_whitespace();
    let slot = words.next()?.parse().ok()?;
    let (node, message) = (words.next()?, words.next()?);
    let known = ["clear", "test", "reset", "off", "exit", "crashdump"];
    let sender = words.next().unwrap_or_default();
    (known.contains(&message) && words.next().is_none()).then(|| Slot {
        slot,
        node: node.to_owned(),
        message: message.to_owned(),
        sender: sender.to_owned(),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.contains("==Dumping header on disk") {
        return 97;
    }
    let all: Vec<&str> = text.lines().map(str::trim).collect();
    let filled = all.iter().filter(|line| !line.is_empty()).count();
    let n_slots = all.iter().filter(|line| slot(line).is_some()).count();
    match n_slots {
        0 => 0,
        n if n == filled => 88,
        n if n * 2 > filled => 60,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (headers, slots, skips) = parse(input);
    lines::emit("sbd.header", &headers, sink);
    lines::emit("sbd.slot", &slots, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_slots_are_read() {
        let dump = b"==Dumping header on disk /dev/vdc\nHeader version     : 2.1\nTimeout (msgwait)  : 10\n==Header on disk /dev/vdc is dumped\n==Dumping header on disk /dev/vdd\nUUID : x\n";
        let (headers, _, skips) = parse(dump);
        assert_eq!(skips, []);
        let seen: Vec<_> = headers
            .iter()
            .map(|one| (one.device.as_deref(), one.fields.len()))
            .collect();
        assert_eq!(seen, [(Some("/dev/vdc"), 2), (Some("/dev/vdd"), 1)]);
        assert_eq!(headers[0].fields["Timeout (msgwait)"], "10");
        let list = b"0\thost-a\tclear\t\n1\thost-b\treset\thost-a\nnonsense here\n";
        let (_, slots, skips) = parse(list);
        let seen: Vec<_> = slots
            .iter()
            .map(|one| format!("{} {} {} {}", one.slot, one.node, one.message, one.sender))
            .collect();
        assert_eq!(seen, ["0 host-a clear ", "1 host-b reset host-a"]);
        assert_eq!(skips.len(), 1);
    }
}
