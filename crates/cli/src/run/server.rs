//! `candela server`.

use super::{View, concerns, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{self, Row, block, bytes, fields, or_dash};
use anyhow::Result;
use api::device::DeviceNode;
use api::server::{ClientMount, Ref, Server, ServerDetail, Unread};

/// Lists or shows servers.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let head = [
        "NAME", "STATE", "ROLES", "MOUNTED", "HA", "LUSTRE", "KERNEL", "AGE",
    ];
    let view = View {
        path: "servers",
        head: &head,
        row,
        name: |s: &Server| &s.name,
        show,
    };
    noun(client, verb, common, view).await
}

fn row(server: &Server) -> Row {
    vec![
        server.name.clone(),
        server.state.clone(),
        server.roles.join(","),
        format!("{}/{}", server.mounted.len(), server.n_may_serve),
        or_dash(server.ha_cluster.as_ref().map(|ha| &ha.name)),
        or_dash(server.lustre_version.as_ref()),
        or_dash(server.kernel.as_ref()),
        age(server.age_s),
    ]
}

/// `12 s`, `5 min`, `3 h`, `2 d`.
pub(crate) fn age(seconds: Option<u64>) -> String {
    match seconds {
        None => "-".into(),
        Some(s) if s < 120 => format!("{s} s"),
        Some(s) if s < 7200 => format!("{} min", s / 60),
        Some(s) if s < 172_800 => format!("{} h", s / 3600),
        Some(s) => format!("{} d", s / 86_400),
    }
}

/// Names of things, joined.
pub(crate) fn names(all: &[Ref]) -> String {
    let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
    stdx::hostlist::fold(&names)
}

fn show(detail: &ServerDetail) -> String {
    let server = &detail.server;
    let mut text = fields(&[
        ("Server", server.name.clone()),
        ("State", server.state.clone()),
        ("Facts", format!("{} old", age(server.age_s))),
        ("FQDN", server.fqdn.clone()),
        ("Roles", server.roles.join(", ")),
        ("Addresses", server.addresses.join(", ")),
        ("NIDs", server.nids.join(", ")),
        ("Machine id", detail.identity.machine_id.clone()),
        ("Boot id", detail.identity.boot_id.clone()),
        ("OS", server.os.clone().unwrap_or_default()),
        ("Kernel", server.kernel.clone().unwrap_or_default()),
        ("Lustre", server.lustre_version.clone().unwrap_or_default()),
        ("Memory", server.memory_bytes.map(bytes).unwrap_or_default()),
        (
            "HA cluster",
            server
                .ha_cluster
                .as_ref()
                .map(|ha| ha.name.clone())
                .unwrap_or_default(),
        ),
        ("Agent", server.agent_version.clone()),
    ]);
    text.push('\n');
    text.push_str(&block("Needs attention", &concerns(&server.concerns)));
    text.push_str(&block("Targets mounted", &lines(&server.mounted)));
    text.push_str(&block("Targets it may serve", &lines(&detail.may_serve)));
    text.push_str(&block("Devices", &tree(&detail.devices)));
    text.push_str(&block("Pools", &pools(detail)));
    text.push_str(&block("Lustre clients", &clients(detail)));
    text.push_str(&block("Time", &time(detail)));
    text.push_str(&block("Services", &services(detail)));
    text.push_str(&block("Not read", &unread(detail)));
    text
}

fn lines(all: &[Ref]) -> String {
    all.iter()
        .map(|one| one.name.clone())
        .collect::<Vec<_>>()
        .join("\n")
}

fn tree(roots: &[DeviceNode]) -> String {
    fn walk(node: &DeviceNode, depth: usize, into: &mut Vec<Row>) {
        let what = [node.content.as_deref(), node.label.as_deref()];
        into.push(vec![
            format!("{}{}", "  ".repeat(depth), node.path),
            node.kind.clone(),
            bytes(node.size_bytes),
            what.into_iter().flatten().collect::<Vec<_>>().join(" "),
            node.mount_points.join(" "),
            node.targets
                .iter()
                .map(|t| t.name.clone())
                .collect::<Vec<_>>()
                .join(" "),
            names(&node.shared_with),
        ]);
        node.children
            .iter()
            .for_each(|child| walk(child, depth + 1, into));
    }
    let mut rows = Vec::new();
    for root in roots {
        walk(root, 0, &mut rows);
    }
    if rows.is_empty() {
        return String::new();
    }
    output::table(
        &[
            "DEVICE",
            "KIND",
            "SIZE",
            "CONTENT",
            "MOUNTED AT",
            "TARGETS",
            "ALSO SEEN BY",
        ],
        rows,
    )
}

fn pools(detail: &ServerDetail) -> String {
    let rows: Vec<Row> = detail
        .zpools
        .iter()
        .map(|p| {
            vec![
                p.name.clone(),
                p.state.clone(),
                bytes(p.size_bytes),
                bytes(p.allocated_bytes),
            ]
        })
        .collect();
    if rows.is_empty() {
        String::new()
    } else {
        output::table(&["POOL", "STATE", "SIZE", "USED"], rows)
    }
}

fn clients(detail: &ServerDetail) -> String {
    let line = |c: &ClientMount| format!("{} at {} from {}", c.fs, c.mount_point, c.mgs);
    detail
        .clients
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

fn time(detail: &ServerDetail) -> String {
    let Some(time) = &detail.time else {
        return String::new();
    };
    let state = match time.is_synced {
        Some(true) => "in step",
        Some(false) => "NOT in step",
        None => "state unknown",
    };
    let offset = time
        .offset_us
        .map(|us| format!(", {us} us off"))
        .unwrap_or_default();
    format!("{}: {state}{offset}", time.service)
}

fn services(detail: &ServerDetail) -> String {
    let shown = detail.services.iter().filter(|s| s.load != "not-found");
    shown
        .map(|s| format!("{}: {} ({})", s.unit, s.active, s.enabled))
        .collect::<Vec<_>>()
        .join("\n")
}

fn unread(detail: &ServerDetail) -> String {
    let line = |u: &Unread| format!("{}: {}: {}", u.section, u.source, u.reason);
    detail
        .unread
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}
