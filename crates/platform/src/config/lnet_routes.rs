//! `/etc/lnet_routes.conf`: routes to networks that are reached through routers.
//!
//! `tcp7: { gateway: 10.3.3.[6-12]@tcp, priority: 20, hop: 8 }`

use lustre::nid::Nid;
use serde::Serialize;
use stdx::hostlist;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::lines;
use crate::storage::text;

/// The reader of lnet_routes.conf.
pub static KIND: Kind = Kind {
    name: "lnet-routes-conf",
    about: "/etc/lnet_routes.conf: routes by network",
    guess,
    read,
};

/// The routes to one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The network that is reached.
    pub net: String,
    /// The routers, ranges expanded.
    pub gateways: Vec<Nid>,
    /// How many networks are crossed, if said.
    pub hop: Option<u32>,
    /// The lower, the sooner used; 0 if not said.
    pub priority: Option<u32>,
}

/// Reads every route. A gateway that is no NID costs only itself.
pub fn parse(input: &[u8]) -> (Vec<Route>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for setting in lines::settings(input, &mut skips) {
        let Some((net, fields)) = split(&setting.text) else {
            let want = "wanted `net: { gateway: nid@net }`";
            skips.push(text::bad_line(setting.line, want));
            continue;
        };
        let mut route = Route {
            net,
            gateways: Vec::new(),
            hop: None,
            priority: None,
        };
        for (key, value) in fields {
            if let Err(reason) = set(&mut route, key, value) {
                skips.push(Skip::new(setting.line.no, SkipKind::BadValue, reason));
            }
        }
        if !route.gateways.is_empty() {
            found.push(route);
        }
    }
    (found, skips)
}

/// The network and the `key: value` pairs in the braces.
fn split(line: &str) -> Option<(String, Vec<(&str, &str)>)> {
    let (net, rest) = line.split_once(':')?;
    let (net, _) = lines::network(net)?;
    let rest = rest.trim().strip_prefix('{')?.trim().strip_suffix('}')?;
    let mut fields: Vec<(&str, &str)> = Vec::new();
    let words = lines::split_outside_brackets(rest, ',')
        .into_iter()
        .flat_map(str::split_whitespace);
    let mut key = None;
    for word in words {
        match (key.take(), word.split_once(':')) {
            (Some(key), _) => fields.push((key, word)),
            (None, Some((name, ""))) => key = Some(name),
            (None, Some((name, value))) => fields.push((name, value)),
            (None, None) => fields.push((word, "")),
        }
    }
    fields.extend(key.map(|key| (key, "")));
    fields
        .iter()
        .any(|(key, _)| *key == "gateway")
        .then_some((net, fields))
}

fn set(route: &mut Route, key: &str, value: &str) -> Result<(), String> {
    let number = || {
        value
            .parse()
            .map_err(|_| format!("{key} is not a number: {value:?}"))
    };
    match key {
        "gateway" => {
            for word in hostlist::expand(value).map_err(|error| error.to_string())? {
                let nid = word.parse().map_err(|error| format!("{error}"))?;
                route.gateways.push(nid);
            }
        }
        "hop" => route.hop = Some(number()?),
        "priority" => route.priority = Some(number()?),
        _ => return Err(format!("no field of a route: {key:?}")),
    }
    Ok(())
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let (mut n_routes, mut n_other) = (0_u32, 0_u32);
    for line in lines::active(text) {
        match split(line) {
            Some(_) => n_routes += 1,
            None => n_other += 1,
        }
    }
    match (n_routes, n_other) {
        (0, 0) if sample.name == "lnet_routes.conf" || text.contains("{ gateway: <") => 82,
        (1.., 0) => 90,
        (1.., _) if n_routes > n_other => 70,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    if found.is_empty() && skips.is_empty() {
        lines::hint_nothing_set(sink);
    }
    text::emit("lnet-routes.route", &found, skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: &str) {
        let (found, skips) = parse(line.as_bytes());
        let mut shown: Vec<String> = Vec::new();
        for one in &found {
            let nids: Vec<String> = one.gateways.iter().map(ToString::to_string).collect();
            let nids = nids.join(",");
            shown.push(format!(
                "{} via {nids} hop {:?} priority {:?}",
                one.net, one.hop, one.priority
            ));
        }
        shown.extend(skips.iter().map(|skip| format!("{:?}", skip.kind)));
        assert_eq!(shown.join("; "), wanted, "{line:?}");
    }

    #[test]
    fn routes_are_read() {
        check(
            "tcp1: { gateway: 10.1.1.2@tcp0, priority: 3 }",
            "tcp1 via 10.1.1.2@tcp hop None priority Some(3)",
        );
        check(
            "o2ib0: {gateway:10.3.3.[6-7]@tcp hop:2 priority: 20}\r\n",
            "o2ib via 10.3.3.6@tcp,10.3.3.7@tcp hop Some(2) priority Some(20)",
        );
        check(
            "tcp2: { gateway: fd00::1@tcp }",
            "tcp2 via fd00::1@tcp hop None priority None",
        );
    }

    #[test]
    fn a_bad_field_costs_only_itself() {
        check(
            "tcp1: { gateway: 10.1.1.2@tcp, priority: high, hop: 1 }",
            "tcp1 via 10.1.1.2@tcp hop Some(1) priority None; BadValue",
        );
        check("tcp1: { gateway: nobody }", "BadValue");
        check("tcp1: { gateway: 10.1", "Truncated");
        check("tcp1 10.1.1.2@tcp\n", "BadLine");
    }
}
