//! What is printed of the manager's answers: rows and things of a noun.

use crate::output::Screen;
use crate::run::{
    View, allowed, client, create, device, event, explain, filesystem, ha, job, net, server, spec,
    target, zpool,
};
use anyhow::{Result, bail};
use serde::de::DeserializeOwned;

/// Rows of a noun, given as a JSON array, as a table.
pub fn list(noun: &str, rows: &str, screen: Screen, is_wide: bool) -> Result<String> {
    match noun {
        "server" => table(&server::VIEW, rows, screen, is_wide),
        "target" => table(&target::VIEW, rows, screen, is_wide),
        "fs" => table(&filesystem::VIEW, rows, screen, is_wide),
        "device" => table(&device::VIEW, rows, screen, is_wide),
        "net" => table(&net::VIEW, rows, screen, is_wide),
        "ha" => table(&ha::VIEW, rows, screen, is_wide),
        "client" => table(&client::VIEW, rows, screen, is_wide),
        "zpool" => table(&zpool::VIEW, rows, screen, is_wide),
        "ha-targets" => Ok(ha::sides(&serde_json::from_str::<Vec<_>>(rows)?, screen)),
        "maintenance" => Ok(server::out_of_service(
            &serde_json::from_str::<Vec<_>>(rows)?,
            screen,
        )),
        "event" => Ok(event::lines(&serde_json::from_str::<Vec<_>>(rows)?).join("\n")),
        "job" => Ok(job::table(
            &serde_json::from_str::<Vec<_>>(rows)?,
            screen,
            is_wide,
        )),
        other => bail!("there is no list of {other}"),
    }
}

/// One thing of a noun, given as a JSON object, as words.
pub fn show(noun: &str, thing: &str, screen: Screen) -> Result<String> {
    match noun {
        "server" => words(&server::VIEW, thing, screen),
        "target" => words(&target::VIEW, thing, screen),
        "fs" => words(&filesystem::VIEW, thing, screen),
        "device" => words(&device::VIEW, thing, screen),
        "net" => words(&net::VIEW, thing, screen),
        "ha" => words(&ha::VIEW, thing, screen),
        "client" => words(&client::VIEW, thing, screen),
        "zpool" => words(&zpool::VIEW, thing, screen),
        "allowed" => Ok(allowed::show(&serde_json::from_str(thing)?, screen)),
        "explain" => Ok(explain::show(&serde_json::from_str(thing)?, screen)),
        "job" => Ok(job::show(&serde_json::from_str(thing)?, screen)),
        "plan" => Ok(spec::show(&serde_json::from_str(thing)?, screen)),
        "proposal" => Ok(create::show(&serde_json::from_str(thing)?, screen)),
        other => bail!("no {other} can be shown"),
    }
}

/// A file system with its targets, as `candela fs show` prints it.
pub fn filesystem(fs: &str, targets: &str, screen: Screen) -> Result<String> {
    let targets: Vec<api::target::Target> = serde_json::from_str(targets)?;
    Ok(filesystem::with_targets(
        &serde_json::from_str(fs)?,
        &targets,
        screen,
    ))
}

fn table<T: DeserializeOwned, D>(
    view: &View<T, D>,
    rows: &str,
    screen: Screen,
    is_wide: bool,
) -> Result<String> {
    let rows: Vec<T> = serde_json::from_str(rows)?;
    Ok(view.table(&rows, screen, is_wide))
}

fn words<T, D: DeserializeOwned>(view: &View<T, D>, thing: &str, screen: Screen) -> Result<String> {
    Ok((view.show)(&serde_json::from_str(thing)?, screen))
}
