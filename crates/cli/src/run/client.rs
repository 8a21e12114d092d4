//! `candela client`.

use super::{View, noun};
use crate::args::{Common, Noun};
use crate::client;
use crate::output::{Row, Screen, fields};
use anyhow::Result;
use api::client::Client;

/// How client mounts are listed and shown.
pub(crate) const VIEW: View<Client, Client> = View {
    noun: "client",
    path: "clients",
    only: None,
    head: &["CLIENT", "STATE", "FS", "READ-ONLY", "MGS~", "ID"],
    n_columns: 5,
    row,
    order: "name",
    is_named: |client, name| client.name == name || client.id == name,
    show,
};

/// Lists or shows client mounts.
pub async fn run(client: &client::Client, verb: Noun, common: &Common) -> Result<()> {
    noun(client, verb, common, &VIEW).await
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

fn row(client: &Client) -> Row {
    vec![
        client.name.clone(),
        client.state.clone(),
        client.filesystem.clone(),
        yes(client.is_read_only),
        client.mgs.clone(),
        client.id.clone(),
    ]
}

fn show(client: &Client, _: Screen) -> String {
    fields(&[
        ("Client", client.name.clone()),
        ("Id", client.id.clone()),
        ("Server", client.server.name.clone()),
        ("Mount point", client.mount_point.clone()),
        ("File system", client.filesystem.clone()),
        ("State", client.state.clone()),
        ("Read-only", yes(client.is_read_only)),
        ("MGS", client.mgs.clone()),
    ])
}
