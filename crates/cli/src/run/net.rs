//! `candela net`: LNet and interfaces, by server.

use super::{View, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{Row, Screen, block, fields, some_or_dash, table_block};
use anyhow::Result;
use api::server::{Server, ServerDetail};

/// How the networks of servers are listed and shown.
pub(crate) const VIEW: View<Server, ServerDetail> = View {
    noun: "net",
    head: &["SERVER", "NIDS~", "ADDRESSES~", "STATE"],
    n_columns: 4,
    row,
    show,
    ..super::server::VIEW
};

/// Lists or shows the networks of servers.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    noun(client, verb, common, &VIEW).await
}

fn row(server: &Server) -> Row {
    vec![
        server.name.clone(),
        some_or_dash(server.nids.join(" ")),
        some_or_dash(server.addresses.join(" ")),
        server.state.clone(),
    ]
}

fn show(detail: &ServerDetail, screen: Screen) -> String {
    let lnet = detail.lnet.as_ref();
    let mut text = fields(&[
        ("Server", detail.server.name.clone()),
        (
            "LNet",
            lnet.map_or("not seen".into(), |lnet| {
                format!("{:?}", lnet.state).to_lowercase()
            }),
        ),
        (
            "Peers",
            lnet.map(|lnet| lnet.n_peers.to_string())
                .unwrap_or_default(),
        ),
        (
            "Router",
            lnet.filter(|lnet| lnet.is_router)
                .map(|_| "yes".into())
                .unwrap_or_default(),
        ),
    ]);
    text.push('\n');
    let nis: Vec<Row> = lnet
        .into_iter()
        .flat_map(|lnet| &lnet.nis)
        .map(|ni| {
            let health = ni.health.map_or("-".into(), |health| health.to_string());
            vec![
                ni.nid.to_string(),
                ni.status.clone(),
                some_or_dash(ni.interfaces.join(" ")),
                health,
            ]
        })
        .collect();
    text.push_str(&table_block(
        "LNet interfaces",
        screen,
        &["NID", "STATUS", "ON", "HEALTH"],
        nis,
    ));
    let rows: Vec<Row> = detail
        .interfaces
        .iter()
        .map(|i| {
            let state = if i.is_up { "up" } else { "down" };
            let speed = i
                .speed_mbit
                .map_or("-".into(), |mbit| format!("{mbit} Mbit/s"));
            vec![
                i.name.clone(),
                i.kind.clone(),
                state.into(),
                speed,
                i.mtu.to_string(),
                i.addresses.join(" "),
            ]
        })
        .collect();
    let head = ["INTERFACE", "KIND", "STATE", "SPEED", "MTU", "ADDRESSES~"];
    text.push_str(&table_block("Interfaces", screen, &head, rows));
    let routes = lnet.into_iter().flat_map(|lnet| &lnet.routes);
    let routes = routes.map(|r| format!("{} via {} ({})", r.net, r.gateway, r.state));
    text.push_str(&block("Routes", &routes.collect::<Vec<_>>().join("\n")));
    text
}
