//! The kinds of LNet's inputs for `candela inspect`.

use super::{Document, connections, nids, read};
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lnetctl`.
pub static LNETCTL: Kind = Kind {
    name: "lnetctl",
    about: "lnetctl … show, export, ping, discover and its errors; /etc/lnet.conf",
    guess: guess_lnetctl,
    read: read_lnetctl,
};

/// The reader of lists of NIDs.
pub static NIDS: Kind = Kind {
    name: "lctl-nids",
    about: "lctl list_nids, lctl which_nid, lctl ping",
    guess: guess_nids,
    read: read_nids,
};

/// The reader of lists of connections.
pub static CONNECTIONS: Kind = Kind {
    name: "lctl-peers",
    about: "lctl --net NET peer_list, conn_list, interface_list",
    guess: guess_connections,
    read: read_connections,
};

/// Words that only `lnetctl` prints.
const MARKS: &[&str] = &[
    "local NI(s)",
    "net type:",
    "primary nid:",
    "peer ni:",
    "peer_ni:",
    "gateway:",
    "net-spec:",
    "numa_range:",
    "msgs_alloc:",
    "errno:",
    "transaction_timeout:",
    "cpt[0]:",
    "discovery:",
];

fn guess_lnetctl(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let words: Vec<&str> = text.lines().take(400).collect();
    let top = words.iter().map(|line| line.trim_end());
    let is_section = |line: &str| line.strip_suffix(':').is_some_and(read::is_section);
    let has_section = top.clone().any(is_section);
    let has_mark = |line: &&&str| {
        let line = line.trim_start_matches(['#', ' ', '\t', '-']);
        MARKS.iter().any(|mark| line.starts_with(mark))
    };
    let n_marks = words.iter().filter(has_mark).count();
    let is_config = matches!(sample.name, "lnet.conf" | "lnet_routes.conf");
    let is_import_hint = text.contains("lnetctl") || text.contains("{ gateway:");
    match (has_section, n_marks) {
        (true, 1..) => 95,
        _ if is_config && is_import_hint => 80,
        // Tops such as `udsp:` and `routing:` have no marks of their own.
        (true, 0)
            if top
                .clone()
                .any(|line| matches!(line, "udsp:" | "routing:" | "ip2nets:")) =>
        {
            70
        }
        _ => 0,
    }
}

fn read_lnetctl(input: &[u8], sink: &mut dyn Sink) {
    let (document, skips) = super::parse(input);
    records(&document, sink);
    for skip in skips {
        sink.skip(skip);
    }
}

fn records(document: &Document, sink: &mut dyn Sink) {
    for net in &document.nets {
        let nids: Vec<_> = net.nis.iter().filter_map(|ni| ni.nid.as_ref()).collect();
        sink.record("lnet-net", &|| json!({"net": net.net, "nids": nids}));
        for ni in &net.nis {
            sink.record("lnet-ni", &|| json!(ni));
        }
    }
    for (family, peers) in [
        ("lnet-peer", &document.peers),
        ("lnet-ping", &document.pinged),
        ("lnet-discover", &document.discovered),
    ] {
        for peer in peers {
            sink.record(family, &|| json!(peer));
        }
    }
    for route in &document.routes {
        sink.record("lnet-route", &|| json!(route));
    }
    if let Some(is_router) = document.is_router {
        sink.record("lnet-routing", &|| json!({"is_router": is_router}));
    }
    for pool in &document.router_pools {
        sink.record("lnet-router-pool", &|| json!(pool));
    }
    for rule in &document.ip_to_nets {
        sink.record("lnet-ip2nets", &|| json!(rule));
    }
    for rule in &document.udsps {
        sink.record("lnet-udsp", &|| json!(rule));
    }
    for (family, counts) in [
        ("lnet-buffers", &document.buffers),
        ("lnet-global", &document.global),
        ("lnet-statistics", &document.statistics),
    ] {
        if let Some(counts) = counts {
            sink.record(family, &|| json!(counts));
        }
    }
    for error in &document.errors {
        sink.record("lnet-error", &|| json!(error));
    }
    hints(document, sink);
}

fn hints(document: &Document, sink: &mut dyn Sink) {
    if document.nis().any(|ni| ni.health.contains_key("next_ping")) {
        sink.hint("interfaces have ping_count and next_ping (2.15+)");
    }
    let counters = document.statistics.as_ref();
    if counters.is_some_and(|counts| counts.contains_key("failed_resends")) {
        sink.hint("statistics count resends that failed (2.17+)");
    }
}

/// Lines that are neither empty nor a prompt.
fn content(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.lines()
        .map(|line| line.trim_matches(['\0', '\r', ' ', '\t']))
        .filter(|line| !line.is_empty() && !nids::is_prompt(line))
}

fn guess_nids(sample: Sample<'_>) -> Likelihood {
    let lines = content(sample.text()).take(64);
    let total = lines.clone().count();
    let good = lines
        .clone()
        .filter(|line| nids::nid(line).is_some())
        .count();
    if good > 0 && good * 4 >= total * 3 {
        90
    } else if sample.text().contains("IOC_LIBCFS_GET_NI error") {
        60
    } else {
        0
    }
}

fn read_nids(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = nids::parse(input);
    for nid in &found {
        sink.record("nid", &|| json!({"nid": nid}));
    }
    for skip in skips {
        sink.skip(skip);
    }
}

fn guess_connections(sample: Sample<'_>) -> Likelihood {
    let lines = content(sample.text()).take(64);
    let total = lines.clone().count();
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    let good = connections::parse(text.as_bytes()).0.len();
    // Bare NIDs are a list of NIDs.
    if good > 0 && good * 4 >= total * 3 && (text.contains("->") || text.contains(" npeer ")) {
        90
    } else {
        0
    }
}

fn read_connections(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = connections::parse(input);
    for connection in &found {
        sink.record("lnet-connection", &|| json!(connection));
    }
    for skip in skips {
        sink.skip(skip);
    }
}
