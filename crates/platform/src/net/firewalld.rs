//! `firewall-cmd --list-all` and `--list-all-zones`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of zones of firewalld.
pub static KIND: Kind = Kind {
    name: "firewalld",
    about: "firewall-cmd --list-all, firewall-cmd --list-all-zones",
    guess,
    read,
};

/// One zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Whether an interface or a source is in it.
    pub is_active: bool,
    /// Whether what is in no other zone is in it; newer firewalld tells.
    pub is_default: bool,
    /// What happens to the rest: `default`, `ACCEPT`, `DROP`, `%%REJECT%%`.
    pub target: String,
    /// Interfaces in it.
    pub interfaces: Vec<String>,
    /// Addresses in it.
    pub sources: Vec<String>,
    /// Services that are let in.
    pub services: Vec<String>,
    /// Ports that are let in: `988/tcp`.
    pub ports: Vec<String>,
    /// Protocols that are let in.
    pub protocols: Vec<String>,
    /// Whether addresses are translated.
    pub is_masquerading: bool,
    /// Rules in words of firewalld's own.
    pub rich_rules: Vec<String>,
    /// Ports that are sent on.
    pub forward_ports: Vec<String>,
}

/// Reads every zone.
pub fn parse(input: &[u8]) -> (Vec<Zone>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::<Zone>::new(), Vec::new());
    // The list that lines without a name of their own continue.
    let mut list = "";
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        let is_title = !line.text.starts_with([' ', '\t']);
        if is_title {
            list = "";
            match title(text) {
                Some(zone) => found.push(zone),
                None if is_error(text) => skips.push(line.skip(SkipKind::ErrorText, "an error")),
                None => skips.push(line.bad("no name of a zone")),
            }
            continue;
        }
        let Some(zone) = found.last_mut() else {
            skips.push(line.bad("a setting before any zone"));
            continue;
        };
        match text.split_once(':').filter(|(key, _)| is_key(key)) {
            Some((key, value)) => {
                list = if set(zone, key, value.trim()) {
                    key_of(key)
                } else {
                    ""
                };
            }
            None if list == "rich rules" => zone.rich_rules.push(text.to_owned()),
            None if list == "forward-ports" => zone.forward_ports.push(text.to_owned()),
            None => skips.push(line.bad("no setting of a zone")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn is_error(text: &str) -> bool {
    lines::is_error(text)
        || text.contains("FirewallD is not running")
        || text.starts_with("Error:")
        || text.starts_with("Authorization failed")
}

/// `public (default, active)`.
fn title(text: &str) -> Option<Zone> {
    let (name, marks) = text.split_once(" (").unwrap_or((text, ")"));
    let is_name = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_/".contains(&b));
    let marks: Vec<&str> = marks.strip_suffix(')')?.split(", ").collect();
    is_name.then(|| Zone {
        name: name.to_owned(),
        is_active: marks.contains(&"active"),
        is_default: marks.contains(&"default"),
        ..Zone::default()
    })
}

const KEYS: [&str; 16] = [
    "summary",
    "target",
    "icmp-block-inversion",
    "ingress-priority",
    "egress-priority",
    "interfaces",
    "sources",
    "services",
    "ports",
    "protocols",
    "forward",
    "masquerade",
    "forward-ports",
    "source-ports",
    "icmp-blocks",
    "rich rules",
];

fn key_of(key: &str) -> &'static str {
    KEYS.iter()
        .find(|known| **known == key)
        .copied()
        .unwrap_or("")
}

fn is_key(key: &str) -> bool {
    KEYS.contains(&key) || key == "description" || key == "version" || key == "short"
}

/// Sets one; whether the lines after it may continue it.
fn set(zone: &mut Zone, key: &str, value: &str) -> bool {
    let words = || value.split_whitespace().map(str::to_owned).collect();
    let some = || Some(value.to_owned()).filter(|value| !value.is_empty());
    match key {
        "target" => value.clone_into(&mut zone.target),
        "interfaces" => zone.interfaces = words(),
        "sources" => zone.sources = words(),
        "services" => zone.services = words(),
        "ports" => zone.ports = words(),
        "protocols" => zone.protocols = words(),
        "masquerade" => zone.is_masquerading = value == "yes",
        "forward-ports" => {
            zone.forward_ports.extend(some());
            return true;
        }
        "rich rules" => {
            zone.rich_rules.extend(some());
            return true;
        }
        _ => {}
    }
    false
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let has = |key: &str| text.lines().any(|line| line.trim_start().starts_with(key));
    if has("target:") && has("interfaces:") && has("services:") && has("masquerade:") {
        96
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("firewall-zone", &found, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read() {
        let (found, skips) = parse(b"public (default, active)\n  target: default\n  icmp-block-inversion: no\n  interfaces: eno1 ib0\n  sources: \n  services: dhcpv6-client ssh\n  ports: 988/tcp 1021-1023/tcp\n  protocols: \n  forward: yes\n  masquerade: no\n  forward-ports: \n\tport=80:proto=tcp:toport=8080:toaddr=\n  rich rules: \n\trule family=\"ipv4\" source address=\"10.0.0.0/8\" accept\n\trule protocol value=\"vrrp\" accept\n\ntrusted\n  target: ACCEPT\n  masquerade: yes\n  rich rules: \n");
        assert_eq!((found.len(), skips.len()), (2, 0), "{skips:?}");
        let one = &found[0];
        assert!(one.is_active && one.is_default && !one.is_masquerading);
        assert_eq!(one.ports, ["988/tcp", "1021-1023/tcp"]);
        assert_eq!((one.rich_rules.len(), one.forward_ports.len()), (2, 1));
        assert_eq!(found[1].target, "ACCEPT");
        assert!(!found[1].is_active && found[1].is_masquerading);
        assert_eq!(
            parse(b"FirewallD is not running\n").1[0].kind,
            SkipKind::ErrorText
        );
    }
}
