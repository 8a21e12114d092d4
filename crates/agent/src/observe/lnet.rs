//! LNet: local interfaces and routes.

use super::Look;
use lustre::nid::Nid;
use model::report::{Lnet, LnetNi, LnetRoute, LnetState};

/// LNet by `lnetctl`, or by `lctl list_nids` where that does not answer.
pub fn lnet(look: &mut Look<'_>) -> Option<Lnet> {
    let commands: &[&[&str]] = &[
        &["lnetctl", "net", "show", "-v"],
        &["lnetctl", "net", "show"],
        &["lctl", "list_nids"],
    ];
    let (bytes, source) = look.run("lnet", commands)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut found = Lnet::default();
    if source.starts_with("lctl") {
        let nids = text
            .lines()
            .filter_map(|line| line.trim().parse::<Nid>().ok());
        found.nis = nids.map(|nid| ni(nid, "up")).collect();
    } else {
        found.nis = interfaces(&text);
    }
    found.nis.retain(|ni| !ni.nid.is_loopback());
    found.state = if found.nis.is_empty() {
        LnetState::Down
    } else {
        LnetState::Up
    };
    let routes = look.host().run(&crate::host::Command::read(&[
        "lnetctl", "route", "show", "-v",
    ]));
    found.routes = routes
        .map(|output| read_routes(&String::from_utf8_lossy(&output.stdout)))
        .unwrap_or_default();
    Some(found)
}

fn ni(nid: Nid, status: &str) -> LnetNi {
    LnetNi {
        nid,
        status: status.to_owned(),
        interfaces: Vec::new(),
        health: None,
    }
}

/// The NIs of `lnetctl net show`: each begins with its `nid:`; interfaces are
/// `N: name` lines below `interfaces:`.
fn interfaces(text: &str) -> Vec<LnetNi> {
    let mut found: Vec<LnetNi> = Vec::new();
    let mut in_interfaces = false;
    for line in text.lines() {
        let Some((key, value)) = line.trim().trim_start_matches("- ").trim().split_once(':') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        if key == "nid" {
            // A NID of IPv6 holds colons; only the first one ends the key.
            found.extend(value.parse().ok().map(|nid| ni(nid, "")));
        }
        let Some(last) = found.last_mut() else {
            continue;
        };
        match key {
            "status" if last.status.is_empty() => value.clone_into(&mut last.status),
            "health value" => last.health = value.parse().ok(),
            _ if in_interfaces && key.bytes().all(|b| b.is_ascii_digit()) => {
                last.interfaces.push(value.to_owned());
            }
            _ => {}
        }
        in_interfaces =
            key == "interfaces" || in_interfaces && key.bytes().all(|b| b.is_ascii_digit());
    }
    found
}

fn read_routes(text: &str) -> Vec<LnetRoute> {
    let mut found: Vec<LnetRoute> = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim().trim_start_matches("- ").trim().split_once(':') else {
            continue;
        };
        let value = value.trim().to_owned();
        match (key.trim(), found.last_mut()) {
            ("net", _) => found.push(LnetRoute {
                net: value,
                ..LnetRoute::default()
            }),
            ("gateway", Some(route)) => route.gateway = value,
            ("state", Some(route)) => route.state = value,
            _ => {}
        }
    }
    found
}
