//! Network interfaces and the host firewall.

use super::Look;
use model::report::{Firewall, Interface};
use platform::net::packet_filter::RuleSet;
use platform::net::{ip_addr, ip_text, iptables, nft};

/// Interfaces in the kernel's order. Where `ip` is too old for JSON, its text.
pub fn interfaces(look: &mut Look<'_>) -> Option<Vec<Interface>> {
    let commands: &[&[&str]] = &[
        &["ip", "-j", "addr", "show"],
        &["ip", "-j", "addr"],
        &["ip", "addr", "show"],
    ];
    let (bytes, source) = look.run("interfaces", commands)?;
    let (links, skips) = if source.starts_with("ip -j") {
        ip_addr::parse(&bytes)
    } else {
        ip_text::parse(&bytes)
    };
    look.skips("interfaces", &source, &skips);
    if links.is_empty() && !skips.is_empty() {
        return None;
    }
    Some(
        links
            .into_iter()
            .map(|link| interface(look, link))
            .collect(),
    )
}

fn interface(look: &Look<'_>, link: ip_addr::Link) -> Interface {
    let speed = look.optional(&format!("/sys/class/net/{}/speed", link.name));
    Interface {
        kind: kind(&link).to_owned(),
        is_up: link.is_up(),
        mac: link.mac,
        mtu: link.mtu,
        // The driver prints -1 where it does not know.
        speed_mbit: speed.and_then(|text| text.parse().ok()),
        addresses: link.addresses,
        name: link.name,
    }
}

fn kind(link: &ip_addr::Link) -> &'static str {
    let name = link.name.as_str();
    match (link.link_type.as_str(), link.info_kind.as_deref()) {
        ("loopback", _) => "loopback",
        ("infiniband", _) => "infiniband",
        (_, Some("bond")) => "bond",
        (_, Some("bridge")) => "bridge",
        (_, Some("veth")) => "veth",
        (_, Some("vlan")) => "vlan",
        _ if name.starts_with("bond") => "bond",
        _ if name.starts_with("br") => "bridge",
        _ if name.starts_with("veth") => "veth",
        _ if name.contains('.') || name.starts_with("vlan") => "vlan",
        ("ether", _) => "ethernet",
        _ => "other",
    }
}

/// The firewall, where it can be listed.
pub fn firewall(look: &mut Look<'_>) -> Option<Firewall> {
    let (bytes, source) = look.run(
        "firewall",
        &[&["nft", "list", "ruleset"], &["iptables", "-S"]],
    )?;
    let is_nft = source.starts_with("nft");
    let (rules, skips) = if is_nft {
        nft::parse_text(&bytes)
    } else {
        iptables::parse(&bytes)
    };
    look.skips("firewall", &source, &skips);
    let n_rules = rules
        .rules
        .iter()
        .filter(|rule| matches!(rule.verdict.as_deref(), Some("accept" | "drop" | "reject")))
        .count();
    let kind = match is_nft {
        true if is_firewalld(&rules) => "firewalld",
        true => "nftables",
        false => "iptables",
    };
    Some(Firewall {
        kind: kind.to_owned(),
        is_active: rules.is_filtering(),
        n_rules: u32::try_from(n_rules).unwrap_or(u32::MAX),
    })
}

/// firewalld keeps its rules in a table of its own.
fn is_firewalld(rules: &RuleSet) -> bool {
    rules.chains.iter().any(|chain| chain.table == "firewalld")
}
