//! Network interfaces and the host firewall.

use super::Look;
use model::report::{Firewall, Interface};
use serde_json::Value;

/// Interfaces in the kernel's order.
pub fn interfaces(look: &mut Look<'_>) -> Option<Vec<Interface>> {
    let (bytes, source) = look.run(
        "interfaces",
        &[&["ip", "-j", "addr", "show"], &["ip", "-j", "addr"]],
    )?;
    let list: Vec<Value> = match serde_json::from_slice(&bytes) {
        Ok(list) => list,
        Err(error) => {
            look.unread(
                "interfaces",
                &source,
                &crate::host::HostError::Other(error.to_string()),
            );
            return None;
        }
    };
    Some(list.iter().filter_map(|one| interface(look, one)).collect())
}

fn interface(look: &Look<'_>, one: &Value) -> Option<Interface> {
    let name = one.get("ifname")?.as_str()?.to_owned();
    let has = |flag: &str| {
        one["flags"]
            .as_array()
            .is_some_and(|flags| flags.iter().any(|known| known == flag))
    };
    let state = one["operstate"].as_str().unwrap_or_default();
    let addresses = one["addr_info"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|address| {
            Some(format!(
                "{}/{}",
                address["local"].as_str()?,
                address["prefixlen"].as_u64()?
            ))
        });
    let speed = look.optional(&format!("/sys/class/net/{name}/speed"));
    Some(Interface {
        kind: kind(&name, one["link_type"].as_str().unwrap_or_default()).to_owned(),
        mac: one["address"].as_str().map(str::to_owned),
        mtu: one["mtu"]
            .as_u64()
            .and_then(|mtu| u32::try_from(mtu).ok())
            .unwrap_or(0),
        is_up: state == "UP" || state == "UNKNOWN" && has("LOWER_UP"),
        // The driver prints -1 where it does not know.
        speed_mbit: speed.and_then(|text| text.parse().ok()),
        addresses: addresses.collect(),
        name,
    })
}

fn kind(name: &str, link: &str) -> &'static str {
    match link {
        "loopback" => "loopback",
        "infiniband" => "infiniband",
        _ if name.starts_with("bond") => "bond",
        _ if name.starts_with("br") => "bridge",
        _ if name.starts_with("veth") => "veth",
        _ if name.contains('.') || name.starts_with("vlan") => "vlan",
        "ether" => "ethernet",
        _ => "other",
    }
}

/// The firewall, where it can be listed.
pub fn firewall(look: &mut Look<'_>) -> Option<Firewall> {
    let (bytes, source) = look.run(
        "firewall",
        &[&["nft", "list", "ruleset"], &["iptables", "-S"]],
    )?;
    let text = String::from_utf8_lossy(&bytes);
    let is_nft = source.starts_with("nft");
    let is_rule = |line: &&str| {
        let line = line.trim();
        if is_nft {
            let words = [" accept", " drop", " reject", "accept", "drop", "reject"];
            words.iter().any(|word| line.ends_with(word)) && !line.starts_with("type ")
        } else {
            line.starts_with("-A ")
        }
    };
    let n_rules = text.lines().filter(is_rule).count();
    Some(Firewall {
        kind: if is_nft { "nftables" } else { "iptables" }.to_owned(),
        is_active: n_rules > 0 || text.contains("policy drop") || text.contains("-P INPUT DROP"),
        n_rules: u32::try_from(n_rules).unwrap_or(u32::MAX),
    })
}
