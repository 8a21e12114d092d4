//! `/proc/net/dev`: counters of every interface.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::ip_addr::Counters;
use crate::ha::lines;

/// The reader of `/proc/net/dev`.
pub static KIND: Kind = Kind {
    name: "proc-net-dev",
    about: "/proc/net/dev",
    guess,
    read,
};

/// The counters of one interface since it appeared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Kernel name.
    pub name: String,
    /// What came in.
    pub received: Counters,
    /// What went out.
    pub sent: Counters,
    /// Collisions, which a full-duplex link has none of.
    pub collisions: u64,
    /// Losses of carrier.
    pub carrier_errors: u64,
    /// Multicast packets that came in.
    pub multicast: u64,
}

/// Reads every interface.
pub fn parse(input: &[u8]) -> (Vec<Device>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() || is_heading(line.text) {
            continue;
        }
        match device(line.text) {
            Some(device) => found.push(device),
            None if lines::is_error(line.text) => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad("no interface with 16 counters")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_heading(text: &str) -> bool {
    text.contains('|')
}

fn device(text: &str) -> Option<Device> {
    // The name of an alias holds a colon too, and old kernels leave no blank
    // before the first number.
    let (name, numbers) = text.rsplit_once(':')?;
    let numbers: Option<Vec<u64>> = numbers
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    let numbers = numbers?;
    let [
        bytes,
        packets,
        errors,
        dropped,
        _,
        _,
        _,
        multicast,
        out_bytes,
        out_packets,
        out_errors,
        out_dropped,
        _,
        collisions,
        carrier,
        ..,
    ] = numbers.as_slice()
    else {
        return None;
    };
    Some(Device {
        name: name.trim().to_owned(),
        received: Counters {
            bytes: *bytes,
            packets: *packets,
            errors: *errors,
            dropped: *dropped,
        },
        sent: Counters {
            bytes: *out_bytes,
            packets: *out_packets,
            errors: *out_errors,
            dropped: *out_dropped,
        },
        collisions: *collisions,
        carrier_errors: *carrier,
        multicast: *multicast,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = sample.text().lines().filter(|line| !lines::is_prompt(line));
    let first = lines.next().unwrap_or_default();
    let second = lines.next().unwrap_or_default();
    if first.starts_with("Inter-|") && second.contains("|bytes") {
        97
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("net-device", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_read() {
        let (found, skips) = parse(
            b"Inter-|   Receive  |  Transmit\n face |bytes packets |bytes\n   ib0: 4828965068 23837574 1 2 0 0 0 7 4209864628 26019919 3 4 0 5 6 0\neth0:1 2 0 0 0 0 0 0 9 8 0 0 0 0 0 0\n  eth1: 5 6\n",
        );
        assert_eq!((found.len(), skips.len(), skips[0].line), (2, 1, 5));
        let ib0 = &found[0];
        assert_eq!(
            (ib0.name.as_str(), ib0.received.bytes),
            ("ib0", 4_828_965_068)
        );
        assert_eq!((ib0.received.errors, ib0.received.dropped), (1, 2));
        assert_eq!((ib0.sent.packets, ib0.sent.errors), (26_019_919, 3));
        assert_eq!(
            (ib0.multicast, ib0.collisions, ib0.carrier_errors),
            (7, 5, 6)
        );
        assert_eq!(found[1].received.bytes, 1);
    }
}
