//! `candela zpool`.

use super::{View, device, noun};
use crate::args::{Common, Noun};
use crate::client::{Client, segment};
use crate::output::{Row, Screen, bytes, fields, short_bytes, some_or_dash, table_block};
use crate::run::server::names;
use anyhow::{Context, Result, bail};
use api::device::Device;
use api::server::{ServerDetail, Zpool};

/// How pools are listed and shown.
pub(crate) const VIEW: View<Device, Device> = View {
    noun: "zpool",
    only: Some("zpool"),
    head: &["POOL", "SIZE", "IMPORTED ON~", "TARGETS~", "DEVICES", "ID"],
    n_columns: 5,
    row,
    show: |pool, screen| show(pool, &[], screen),
    ..device::VIEW
};

/// Lists or shows pools.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let names = match verb {
        Noun::Show { names } => names,
        list @ Noun::List(_) => return noun(client, list, common, &VIEW).await,
    };
    let mut found: Vec<Device> = Vec::new();
    let mut seen: Vec<Vec<Seen>> = Vec::new();
    for name in super::expand(&names)? {
        let pool: Device = client
            .get(&format!("devices/{}", segment(&name)), &[])
            .await
            .with_context(|| format!("no pool {name} is imported on a server that reports here"))?;
        if pool.kind != "zpool" {
            bail!(
                "{name} is a device of the kind {}, not a pool\n  `candela device show {name}` shows it",
                pool.kind
            );
        }
        if common.output.is_table() {
            seen.push(imports(client, &pool).await?);
        }
        found.push(pool);
    }
    if !common.output.is_table() {
        return super::print(&found, common, VIEW.show);
    }
    let shown = found.iter().zip(&seen);
    let shown = shown.map(|(pool, seen)| show(pool, seen, Screen::standard()));
    crate::output::say(shown.collect::<Vec<_>>().join("\n\n").trim_end())
}

/// A server, and a pool as it has it.
pub(crate) type Seen = (String, Zpool);

/// The pool as each server has it that imported it.
async fn imports(client: &Client, pool: &Device) -> Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for at in &pool.seen_by {
        let path = format!("servers/{}", segment(&at.server.id));
        let server: ServerDetail = client.get(&path, &[]).await?;
        let here = server.zpools.into_iter().filter(|one| one.name == at.path);
        seen.extend(here.map(|one| (at.server.name.clone(), one)));
    }
    Ok(seen)
}

fn row(pool: &Device) -> Row {
    let servers: Vec<&str> = pool.seen_by.iter().map(|at| &*at.server.name).collect();
    vec![
        pool.path.clone(),
        short_bytes(pool.size_bytes),
        some_or_dash(stdx::hostlist::fold(&servers)),
        some_or_dash(names(&pool.targets)),
        pool.parents.len().to_string(),
        pool.id.clone(),
    ]
}

/// A pool, and how each server has it.
pub(crate) fn show(pool: &Device, seen: &[Seen], screen: Screen) -> String {
    let mut text = fields(&[
        ("Pool", pool.path.clone()),
        ("Id", pool.id.clone()),
        ("Size", bytes(pool.size_bytes)),
        ("Made of", pool.parents.join("\n         ")),
        ("Targets", names(&pool.targets)),
    ]);
    text.push('\n');
    let rows = seen.iter().map(|(server, pool)| {
        let of = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let used = format!(
            "{} of {}",
            bytes(pool.allocated_bytes),
            bytes(pool.size_bytes)
        );
        vec![
            server.clone(),
            pool.state.clone(),
            used,
            of(&pool.scan),
            of(&pool.errors),
        ]
    });
    let head = ["SERVER", "STATE", "USED", "SCAN~", "ERRORS~"];
    text.push_str(&table_block("Imported", screen, &head, rows));
    text
}
