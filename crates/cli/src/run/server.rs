//! `candela server`.

use super::device::what;
use super::{View, concerns, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{
    self, Row, Screen, block, bytes, cut, fields, or_dash, sentences, short_bytes, some_or_dash,
    table_block,
};
use anyhow::Result;
use api::device::DeviceNode;
use api::ha::OutOfService;
use api::server::{ClientMount, Ref, Server, ServerDetail};

/// How servers are listed and shown.
pub(crate) const VIEW: View<Server, ServerDetail> = View {
    noun: "server",
    path: "servers",
    only: None,
    head: &[
        "NAME", "STATE", "ROLES~", "MOUNTED", "HA~", "LUSTRE", "AGE", "KERNEL", "OS~", "NIDS~",
    ],
    n_columns: 7,
    row,
    order: "name",
    is_named: |server, name| [&server.name, &server.fqdn, &server.id].contains(&&name.to_owned()),
    show,
};

/// Lists or shows servers.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    noun(client, verb, common, &VIEW).await
}

/// Lists servers that are out of service.
pub async fn maintenance(client: &Client, common: &Common) -> Result<()> {
    let found: Vec<OutOfService> = client.list("maintenance", &[], None).await?;
    if !common.output.is_table() {
        return output::data(common.output, &found);
    }
    if found.is_empty() {
        eprintln!("every server is in service");
        return Ok(());
    }
    output::say(&out_of_service(&found, Screen::standard()))
}

/// Servers that are out of service, and what keeps them from being worked on.
pub(crate) fn out_of_service(all: &[OutOfService], screen: Screen) -> String {
    let rows = all.iter().map(|one| {
        let by = [
            (one.is_drained, "drained"),
            (
                one.is_cluster_in_maintenance,
                "its cluster is in maintenance",
            ),
        ];
        let by = by.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| *word);
        let node = one.node.as_ref();
        vec![
            one.server.name.clone(),
            one.state.clone(),
            some_or_dash(by.collect::<Vec<_>>().join(", ")),
            node.map_or("-".to_owned(), |node| format!("{node:?}").to_lowercase()),
            some_or_dash(names(&one.mounted)),
            one.n_clients.to_string(),
        ]
    });
    let head = [
        "SERVER",
        "STATE",
        "OUT BY~",
        "PACEMAKER",
        "MOUNTED STILL~",
        "CLIENTS",
    ];
    screen.table(&head, rows)
}

fn row(server: &Server) -> Row {
    vec![
        server.name.clone(),
        server.state.clone(),
        some_or_dash(server.roles.join(" ")),
        format!("{}/{}", server.mounted.len(), server.n_may_serve),
        or_dash(server.ha_cluster.as_ref().map(|ha| &ha.name)),
        or_dash(server.lustre_version.as_ref()),
        age(server.age_s),
        or_dash(server.kernel.as_ref()),
        or_dash(server.os.as_ref()),
        some_or_dash(server.nids.join(" ")),
    ]
}

/// `12s`, `5m`, `3h`, `2d`.
pub(crate) fn age(seconds: Option<u64>) -> String {
    match seconds {
        None => "-".into(),
        Some(s) if s < 120 => format!("{s}s"),
        Some(s) if s < 7200 => format!("{}m", s / 60),
        Some(s) if s < 172_800 => format!("{}h", s / 3600),
        Some(s) => format!("{}d", s / 86_400),
    }
}

/// Names of things, joined.
pub(crate) fn names(all: &[Ref]) -> String {
    let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
    stdx::hostlist::fold(&names)
}

fn show(detail: &ServerDetail, screen: Screen) -> String {
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
    text.push_str(&sentences(
        "Needs attention",
        screen,
        &concerns(&server.concerns),
    ));
    text.push_str(&block("Targets mounted", &names(&server.mounted)));
    let others = detail.may_serve.iter();
    let others = others.filter(|one| !server.mounted.contains(one));
    let others: Vec<Ref> = others.cloned().collect();
    text.push_str(&block("Other targets it may serve", &names(&others)));
    text.push_str(&tree(&detail.devices, screen));
    text.push_str(&pools(detail, screen));
    text.push_str(&block("Lustre clients", &clients(detail)));
    text.push_str(&block("Time", &time(detail)));
    text.push_str(&block("Services", &services(detail)));
    text.push_str(&unread(detail, screen));
    text
}

fn tree(roots: &[DeviceNode], screen: Screen) -> String {
    fn walk(node: &DeviceNode, depth: usize, into: &mut Vec<Row>) {
        let what = what(
            &node.kind,
            node.content.as_deref(),
            node.label.as_deref(),
            &node.targets,
        );
        into.push(vec![
            format!("{}{}", "  ".repeat(depth), node.path),
            short_bytes(node.size_bytes),
            what,
            node.mount_points.join(" "),
            names(&node.targets),
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
    let head = [
        "DEVICE",
        "SIZE",
        "WHAT~",
        "MOUNTED AT~",
        "TARGETS~",
        "ALSO ON",
    ];
    table_block("Devices", screen, &head, rows)
}

fn pools(detail: &ServerDetail, screen: Screen) -> String {
    let rows = detail.zpools.iter().map(|p| {
        vec![
            p.name.clone(),
            p.state.clone(),
            short_bytes(p.size_bytes),
            short_bytes(p.allocated_bytes),
        ]
    });
    let head = ["POOL", "STATE", "SIZE", "USED"];
    table_block("Pools", screen, &head, rows)
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

fn unread(detail: &ServerDetail, screen: Screen) -> String {
    let rows = detail
        .unread
        .iter()
        .map(|u| vec![u.section.clone(), u.reason.clone(), cut(&u.source, 48)]);
    let head = ["SECTION", "WHY~", "ASKED BY"];
    table_block("Not read", screen, &head, rows)
}
