//! `candela net`: LNet and interfaces, by server.

use super::{View, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{self, Row, block, fields};
use anyhow::Result;
use api::server::{Server, ServerDetail};

/// Lists or shows the networks of servers.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let head = ["SERVER", "NIDS", "ADDRESSES", "STATE"];
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
    let dash = |all: &[String]| {
        if all.is_empty() {
            "-".into()
        } else {
            all.join(" ")
        }
    };
    vec![
        server.name.clone(),
        dash(&server.nids),
        dash(&server.addresses),
        server.state.clone(),
    ]
}

fn show(detail: &ServerDetail) -> String {
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
                ni.interfaces.join(" "),
                health,
            ]
        })
        .collect();
    if !nis.is_empty() {
        text.push_str(&block(
            "LNet interfaces",
            &output::table(&["NID", "STATUS", "ON", "HEALTH"], nis),
        ));
    }
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
    if !rows.is_empty() {
        let head = ["INTERFACE", "KIND", "STATE", "SPEED", "MTU", "ADDRESSES"];
        text.push_str(&block("Interfaces", &output::table(&head, rows)));
    }
    let routes = lnet.into_iter().flat_map(|lnet| &lnet.routes);
    let routes = routes.map(|r| format!("{} via {} ({})", r.net, r.gateway, r.state));
    text.push_str(&block("Routes", &routes.collect::<Vec<_>>().join("\n")));
    text
}
