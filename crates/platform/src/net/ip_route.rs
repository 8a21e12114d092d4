//! `ip route`: routes, as text and as JSON.

use serde::Serialize;
use serde_json::Value;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines::{self, Line};
use crate::storage::json;

/// The reader of `ip route` as text.
pub static TEXT: Kind = Kind {
    name: "ip-route",
    about: "ip route, ip -6 route, ip route show table all",
    guess: guess_text,
    read: |input, sink| emit(parse_text(input), sink),
};

/// The reader of `ip -j route`.
pub static JSON: Kind = Kind {
    name: "ip-route-json",
    about: "ip -j route",
    guess: guess_json,
    read: |input, sink| emit(parse_json(input), sink),
};

/// Kinds of routes that are printed before the destination.
const TYPES: [&str; 11] = [
    "unicast",
    "local",
    "broadcast",
    "multicast",
    "throw",
    "unreachable",
    "prohibit",
    "blackhole",
    "nat",
    "anycast",
    "none",
];

/// One route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Route {
    /// `unicast`, `local`, `broadcast`, `unreachable`, …
    pub kind: String,
    /// `default` or an address with prefix length.
    pub destination: String,
    /// The next router.
    pub gateway: Option<String>,
    /// The interface.
    pub device: Option<String>,
    /// Who set it: `kernel`, `static`, `dhcp`, `ra`.
    pub protocol: Option<String>,
    /// `link`, `host`, `global`.
    pub scope: Option<String>,
    /// The address to send from.
    pub source: Option<String>,
    /// Lower is better.
    pub metric: Option<u32>,
    /// The table, unless it is the main one.
    pub table: Option<String>,
    /// Largest packet, where it is set.
    pub mtu: Option<u32>,
    /// `onlink`, `linkdown`, `dead`.
    pub flags: Vec<String>,
    /// The ways of a route with several.
    pub hops: Vec<Hop>,
}

/// One way of a route with several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The next router.
    pub gateway: Option<String>,
    /// The interface.
    pub device: Option<String>,
    /// Its share.
    pub weight: Option<u32>,
}

/// Reads routes as text.
pub fn parse_text(input: &[u8]) -> (Vec<Route>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::<Route>::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        let text = line.text.trim();
        let Some(first) = text.split_whitespace().next() else {
            continue;
        };
        let known = match first {
            // What the kernel keeps of a path; no route of its own.
            "cache" | "mtu" | "expires" => Some(()).filter(|()| !found.is_empty()),
            "nexthop" => found.last_mut().map(|route| route.hops.push(hop(text))),
            _ => route(text).map(|route| found.push(route)),
        };
        if known.is_none() {
            skips.push(skip(&line));
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

fn skip(line: &Line<'_>) -> Skip {
    if lines::is_error(line.text) {
        line.skip(SkipKind::ErrorText, "an error")
    } else {
        line.bad("no route")
    }
}

fn hop(text: &str) -> Hop {
    let mut words = text.split_whitespace();
    let mut found = Hop::default();
    while let Some(word) = words.next() {
        match word {
            "via" => found.gateway = gateway(&mut words),
            "dev" => found.device = words.next().map(str::to_owned),
            "weight" => found.weight = words.next().and_then(|word| word.parse().ok()),
            _ => {}
        }
    }
    found
}

/// The address after `via`, which may have its family before it.
fn gateway<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let word = words.next()?;
    let word = if matches!(word, "inet" | "inet6") {
        words.next()?
    } else {
        word
    };
    Some(word.to_owned())
}

fn route(text: &str) -> Option<Route> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let (kind, destination) = if TYPES.contains(&first) {
        (first, words.next()?)
    } else {
        ("unicast", first)
    };
    if !is_destination(destination) {
        return None;
    }
    let mut found = Route {
        kind: kind.to_owned(),
        destination: destination.to_owned(),
        ..Route::default()
    };
    while let Some(word) = words.next() {
        match word {
            "via" => found.gateway = gateway(&mut words),
            "dev" => found.device = words.next().map(str::to_owned),
            "proto" => found.protocol = words.next().map(str::to_owned),
            "scope" => found.scope = words.next().map(str::to_owned),
            "src" => found.source = words.next().map(str::to_owned),
            "table" => found.table = words.next().map(str::to_owned),
            "metric" => found.metric = words.next().and_then(|word| word.parse().ok()),
            "mtu" => {
                let size = words.next().filter(|word| *word != "lock");
                found.mtu = size
                    .or_else(|| words.next())
                    .and_then(|word| word.parse().ok());
            }
            "onlink" | "linkdown" | "dead" | "pervasive" | "offload" | "trap" => {
                found.flags.push(word.to_owned());
            }
            // Every other word is a name with one value: `error -101`, `pref medium`.
            _ => drop(words.next()),
        }
    }
    Some(found)
}

fn is_destination(word: &str) -> bool {
    let address = word.split('/').next().unwrap_or_default();
    word == "default"
        || address.parse::<std::net::IpAddr>().is_ok()
        // IPv4 networks may be short: `10/8`, `192.168.1/24`.
        || word.contains('/')
            && address.split('.').all(|part| part.parse::<u8>().is_ok())
}

/// Reads routes as JSON.
pub fn parse_json(input: &[u8]) -> (Vec<Route>, Vec<Skip>) {
    let mut skips = Vec::new();
    let list = match json::read(input, &mut skips) {
        Some(Value::Array(list)) => list,
        Some(_) => {
            skips.push(Skip::new(1, SkipKind::BadValue, "not a list of routes"));
            Vec::new()
        }
        None => Vec::new(),
    };
    (list.iter().filter_map(from_json).collect(), skips)
}

fn from_json(value: &Value) -> Option<Route> {
    let text = |key: &str| json::text(&value[key]);
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let via =
        |value: &Value| json::text(&value["gateway"]).or_else(|| json::text(&value["via"]["host"]));
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    Some(Route {
        kind: text("type").unwrap_or_else(|| "unicast".to_owned()),
        destination: text("dst")?,
        gateway: via(value),
        device: text("dev"),
        protocol: text("protocol"),
        scope: text("scope"),
        source: text("prefsrc"),
        metric: number(&value["metric"]),
        table: text("table"),
        mtu: number(&value["metrics"][0]["mtu"]),
        flags: list("flags").iter().filter_map(json::text).collect(),
        hops: list("nexthops")
            .iter()
            .map(|hop| Hop {
                gateway: via(hop),
                device: json::text(&hop["dev"]),
                weight: number(&hop["weight"]),
            })
            .collect(),
    })
}

fn guess_text(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_route = |line: &&str| {
        let names = [" dev ", " via ", " proto "];
        !line.starts_with(' ')
            && route(line).is_some()
            && names.iter().any(|name| line.contains(name))
    };
    let full = text.lines().filter(|line| {
        !line.trim().is_empty() && !line.starts_with([' ', '\t']) && !lines::is_prompt(line)
    });
    let full: Vec<&str> = full.take(20).collect();
    let n_routes = full.iter().filter(|line| is_route(line)).count();
    if n_routes > 0 && n_routes * 4 >= full.len() * 3 {
        90
    } else {
        0
    }
}

fn guess_json(sample: Sample<'_>) -> Likelihood {
    let text = sample.text().trim_start();
    let has = |key: &str| text.contains(key);
    if text.starts_with('[') && has("\"dst\"") && (has("\"dev\"") || has("\"nexthops\"")) {
        90
    } else {
        0
    }
}

fn emit((routes, skips): (Vec<Route>, Vec<Skip>), sink: &mut dyn Sink) {
    lines::emit("route", &routes, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_say_the_same() {
        let (text, skips) = parse_text(
            b"default via 192.0.2.1 dev eth0 \n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2 \n",
        );
        assert_eq!(skips, []);
        let (json, skips) = parse_json(
            br#"[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},{"dst":"192.0.2.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.0.2.2","flags":[]}]"#,
        );
        assert_eq!(skips, []);
        assert_eq!(text, json);
        assert_eq!(text[1].source.as_deref(), Some("192.0.2.2"));
    }

    #[test]
    fn every_form_of_a_route_is_read() {
        let (found, skips) = parse_text(
            b"unreachable default dev lo  table unspec  proto kernel  metric 4294967295  error -101\ndefault proto static metric 100\n\tnexthop via 10.0.0.1 dev ib0 weight 1\n\tnexthop via inet6 fe80::1 dev ib1 weight 2\nff02::fb dev x  metric 0\n    cache  mtu 1492\n10.1.0.0/16 dev ib0 mtu lock 2044 linkdown\nnonsense here\n",
        );
        assert_eq!((found.len(), skips.len(), skips[0].line), (4, 1, 8));
        assert_eq!(found[0].kind, "unreachable");
        assert_eq!(
            (found[0].metric, found[0].table.as_deref()),
            (Some(u32::MAX), Some("unspec"))
        );
        assert_eq!(found[1].hops.len(), 2);
        assert_eq!(found[1].hops[1].gateway.as_deref(), Some("fe80::1"));
        assert_eq!(
            (found[3].mtu, found[3].flags.as_slice()),
            (Some(2044), &["linkdown".to_owned()][..])
        );
    }
}
