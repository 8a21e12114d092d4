//! A document as text that `lnetctl import` takes and [`super::parse`] reads back.
//!
//! Only what configures is printed: no state, no counters.

use super::{Counts, Document, IpToNet, Ni, Peer, Route, Udsp};
use std::fmt::Write;

/// Prints networks, routes, peers, rules and settings. A section that is empty
/// is not printed.
pub fn print(document: &Document) -> String {
    let mut text = String::new();
    section(&mut text, "net", &document.nets, |text, net| {
        line(text, 4, &format!("- net type: {}", net.net));
        if !net.nis.is_empty() {
            line(text, 6, "local NI(s):");
        }
        for ni in &net.nis {
            print_ni(text, ni);
        }
    });
    section(&mut text, "ip2nets", &document.ip_to_nets, print_ip_to_net);
    section(&mut text, "route", &document.routes, print_route);
    if let Some(is_router) = document.is_router {
        line(&mut text, 0, "routing:");
        line(&mut text, 4, &format!("- enable: {}", u8::from(is_router)));
    }
    section(&mut text, "peer", &document.peers, print_peer);
    section(&mut text, "udsp", &document.udsps, print_udsp);
    for (key, counts) in [("buffers", &document.buffers), ("global", &document.global)] {
        if let Some(counts) = counts {
            line(&mut text, 0, &format!("{key}:"));
            numbers(&mut text, 4, counts);
        }
    }
    text
}

fn section<T>(text: &mut String, key: &str, items: &[T], print: impl Fn(&mut String, &T)) {
    if items.is_empty() {
        return;
    }
    line(text, 0, &format!("{key}:"));
    for item in items {
        print(text, item);
    }
}

fn line(text: &mut String, column: usize, words: &str) {
    writeln!(text, "{:column$}{words}", "").expect("a String takes all text");
}

fn numbers(text: &mut String, column: usize, counts: &Counts) {
    for (key, number) in counts {
        line(text, column, &format!("{key}: {number}"));
    }
}

/// Fields of an item; the first stands behind the dash.
fn item(text: &mut String, column: usize, fields: &[(&str, Option<String>)]) {
    let mut dash = "- ";
    for (key, value) in fields {
        if let Some(value) = value {
            line(text, column, &format!("{dash}{key}: {value}"));
            dash = "  ";
        }
    }
}

fn list(text: &mut String, column: usize, key: &str, words: &[String]) {
    if !words.is_empty() {
        line(text, column, &format!("{key}:"));
    }
    for (at, word) in words.iter().enumerate() {
        line(text, column + 4, &format!("{at}: {word}"));
    }
}

fn print_ni(text: &mut String, ni: &Ni) {
    line(text, 8, "-");
    if let Some(nid) = &ni.nid {
        line(text, 10, &format!("nid: {nid}"));
    }
    list(text, 10, "interfaces", &ni.interfaces);
    for (key, counts) in [
        ("tunables", &ni.tunables),
        ("lnd tunables", &ni.lnd_tunables),
    ] {
        if !counts.is_empty() {
            line(text, 10, &format!("{key}:"));
            numbers(text, 14, counts);
        }
    }
    if !ni.cpts.is_empty() {
        let cpts: Vec<String> = ni.cpts.iter().map(ToString::to_string).collect();
        line(text, 10, &format!("CPT: \"[{}]\"", cpts.join(",")));
    }
}

fn print_ip_to_net(text: &mut String, rule: &IpToNet) {
    item(text, 4, &[("net-spec", Some(rule.net.clone()))]);
    list(text, 6, "interfaces", &rule.interfaces);
    list(text, 6, "ip-range", &rule.ranges);
}

fn print_route(text: &mut String, route: &Route) {
    let number = |value: Option<i64>| value.map(|number| number.to_string());
    let fields = [
        ("net", Some(route.net.clone())),
        ("gateway", Some(route.gateway.clone())),
        ("hop", number(route.hop)),
        ("priority", number(route.priority)),
        ("health_sensitivity", number(route.health_sensitivity)),
    ];
    item(text, 4, &fields);
}

fn print_peer(text: &mut String, peer: &Peer) {
    let is_multi_rail = peer
        .is_multi_rail
        .map(|yes| if yes { "True" } else { "False" });
    let fields = [
        (
            "primary nid",
            peer.primary.as_ref().map(ToString::to_string),
        ),
        ("Multi-Rail", is_multi_rail.map(str::to_owned)),
        ("peer ni", Some(String::new())),
    ];
    item(text, 4, &fields);
    for nid in peer.nis.iter().filter_map(|ni| ni.nid.as_ref()) {
        line(text, 8, &format!("- nid: {nid}"));
    }
}

fn print_udsp(text: &mut String, rule: &Udsp) {
    let words = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let fields = [
        ("idx", rule.index.map(|index| index.to_string())),
        ("src", words(&rule.source)),
        ("dst", words(&rule.destination)),
        ("rte", words(&rule.router)),
        ("action", Some(String::new())),
    ];
    item(text, 4, &fields);
    numbers(text, 10, &rule.action);
}
