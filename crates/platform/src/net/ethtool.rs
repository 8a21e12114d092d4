//! `ethtool`: the link of an interface, its driver (`-i`), its features (`-k`)
//! and its counters (`-S`).

use serde::Serialize;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Skip, SkipKind};

use crate::ha::lines::{self, Line};

/// The reader of `ethtool IFACE`.
pub static LINK: Kind = Kind {
    name: "ethtool",
    about: "ethtool IFACE",
    guess: guess_link,
    read: |input, sink| {
        let (found, skips) = links(input);
        lines::emit("ethernet-link", &found, sink);
        lines::emit_skips(skips, sink);
    },
};

/// The reader of `ethtool -i`, `-k` and `-S`.
pub static PAIRS: Kind = Kind {
    name: "ethtool-pairs",
    about: "ethtool -i IFACE, ethtool -k IFACE, ethtool -S IFACE",
    guess: guess_pairs,
    read: |input, sink| {
        let (found, skips) = pairs(input);
        for (name, value) in &found {
            sink.record(
                "ethernet-pair",
                &|| serde_json::json!({ "name": name, "value": value }),
            );
        }
        lines::emit_skips(skips, sink);
    },
};

/// The link of one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EthernetLink {
    /// Its interface.
    pub interface: String,
    /// Its speed, where a link is up.
    pub speed_mbit: Option<u64>,
    /// Whether both sides may speak at once.
    pub is_full_duplex: Option<bool>,
    /// `FIBRE`, `Twisted Pair`, `Direct Attach Copper`.
    pub port: Option<String>,
    /// Whether there is a link.
    pub is_linked: Option<bool>,
    /// Every field as printed, the lines of one joined by blanks.
    pub fields: BTreeMap<String, String>,
}

/// Reads every interface.
pub fn links(input: &[u8]) -> (Vec<EthernetLink>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::<EthernetLink>::new(), Vec::new());
    let mut last = String::new();
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(name) = text.strip_prefix("Settings for ") {
            found.push(EthernetLink {
                interface: name.trim_end_matches(':').to_owned(),
                ..EthernetLink::default()
            });
            last.clear();
            continue;
        }
        let Some(link) = found.last_mut().filter(|_| !is_error(text)) else {
            skips.push(skip(&line));
            continue;
        };
        match text.split_once(':') {
            Some((key, value)) => {
                set(link, key.trim(), value.trim());
                key.trim().clone_into(&mut last);
            }
            // Link modes and message levels go on over lines.
            None => match link.fields.get_mut(&last) {
                Some(value) => {
                    value.push(' ');
                    value.push_str(text);
                }
                None => skips.push(skip(&line)),
            },
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_error(text: &str) -> bool {
    lines::is_error(text)
        || text.starts_with("Cannot get ")
        || text.starts_with("netlink error")
        || text == "No data available"
}

fn skip(line: &Line<'_>) -> Skip {
    if is_error(line.text.trim()) {
        line.skip(SkipKind::ErrorText, "an error")
    } else {
        line.bad("no Name: value")
    }
}

fn set(link: &mut EthernetLink, key: &str, value: &str) {
    match key {
        "Speed" => {
            let digits = value.strip_suffix("Mb/s");
            link.speed_mbit = digits.and_then(|digits| digits.parse().ok());
        }
        "Duplex" => {
            link.is_full_duplex = match value {
                "Full" => Some(true),
                "Half" => Some(false),
                _ => None,
            };
        }
        "Port" => link.port = Some(value.to_owned()),
        "Link detected" => {
            // The reason may stand behind: `no (No cable)`.
            link.is_linked = match value.split_whitespace().next() {
                Some("yes") => Some(true),
                Some("no") => Some(false),
                _ => None,
            };
        }
        _ => {}
    }
    link.fields.insert(key.to_owned(), value.to_owned());
}

/// Reads `name: value` lines in order.
pub fn pairs(input: &[u8]) -> (Vec<(String, String)>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() || is_heading(text) {
            continue;
        }
        match text.split_once(':').filter(|_| !is_error(text)) {
            Some((name, value)) => found.push((name.trim().to_owned(), value.trim().to_owned())),
            None => skips.push(skip(&line)),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_heading(text: &str) -> bool {
    text == "NIC statistics:" || text.starts_with("Features for ")
}

fn guess_link(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_title = |line: &str| line.starts_with("Settings for ") && line.trim_end().ends_with(':');
    if text.lines().take(5).any(is_title) {
        96
    } else {
        0
    }
}

fn guess_pairs(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    let is_titled = text.lines().take(3).any(|line| is_heading(line.trim()));
    let is_driver = has("driver: ") && has("bus-info:") && has("firmware-version:");
    if is_titled || is_driver { 95 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read() {
        let (found, skips) = links(b"Settings for ens1f0:\n\tSupported ports: [ FIBRE ]\n\tSupported link modes:   1000baseT/Full\n\t                        10000baseT/Full\n\tSpeed: 100000Mb/s\n\tDuplex: Full\n\tPort: Direct Attach Copper\n\tCurrent message level: 0x00000007 (7)\n\t\t\t       drv probe link\n\tLink detected: yes\nSettings for eth1:\n\tSpeed: Unknown!\n\tDuplex: Unknown! (255)\nCannot get wake-on-lan settings: Operation not permitted\n\tLink detected: no (No cable)\n");
        assert_eq!(
            (found.len(), skips.len(), skips[0].kind),
            (2, 1, SkipKind::ErrorText)
        );
        let one = &found[0];
        assert_eq!(
            (one.speed_mbit, one.is_full_duplex, one.is_linked),
            (Some(100_000), Some(true), Some(true))
        );
        assert_eq!(
            one.fields["Supported link modes"],
            "1000baseT/Full 10000baseT/Full"
        );
        let two = &found[1];
        assert_eq!(
            (two.speed_mbit, two.is_full_duplex, two.is_linked),
            (None, None, Some(false))
        );
    }

    #[test]
    fn pairs_are_read() {
        let (found, skips) = pairs(b"driver: mlx5_core\nversion: 5.8-3\nbus-info: 0000:01:00.0\n");
        assert_eq!((found.len(), skips.len()), (3, 0));
        assert_eq!(found[2], ("bus-info".into(), "0000:01:00.0".into()));
        let (found, skips) = pairs(b"NIC statistics:\n     rx_octets: 314843626\n     oops\n");
        assert_eq!((found.len(), skips.len(), skips[0].line), (1, 1, 3));
    }
}
