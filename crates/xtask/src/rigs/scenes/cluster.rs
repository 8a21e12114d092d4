//! The cluster against what was planned, and the agent's report against the
//! cluster's own tools.

use super::super::place::SERVERS;
use super::super::shell::until;
use super::{GROUP, HOMES, PASSWORD, Stage};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Links, members, votes.
pub fn corosync(stage: &Stage) -> Result<()> {
    for host in SERVERS {
        let links = stage.place.on(host, &["corosync-cfgtool", "-s"])?;
        let n_good = links.matches("connected").count() - links.matches("disconnected").count();
        if n_good != SERVERS.len() - 1 || !links.contains("transport knet") {
            bail!("links of {host}:\n{links}");
        }
        let votes = stage.place.on(host, &["corosync-quorumtool", "-s"])?;
        for line in [
            "Quorate:          Yes",
            "Expected votes:   2",
            "Total votes:      2",
        ] {
            if !votes.contains(line) {
                bail!("{host} says not {line:?}:\n{votes}");
            }
        }
        let config = stage.place.on(host, &["corosync-cmapctl"])?;
        let wanted = [
            ("totem.cluster_name (str)", GROUP),
            ("nodelist.node.0.name (str)", "h1"),
            ("nodelist.node.0.ring0_addr (str)", "10.79.0.11"),
            ("nodelist.node.1.name (str)", "h2"),
            ("nodelist.node.1.ring0_addr (str)", "10.79.0.12"),
            ("totem.crypto_cipher (str)", "aes256"),
        ];
        for (key, value) in wanted {
            let line = format!("{key} = {value}");
            if !config.lines().any(|known| known == line) {
                bail!("{host} has no {line:?}");
            }
        }
        for unit in ["corosync.service", "pacemaker.service"] {
            let enabled = stage.place.on(host, &["systemctl", "is-enabled", unit])?;
            if enabled.trim() != "enabled" {
                bail!("{unit} is {} on {host}", enabled.trim());
            }
        }
    }
    Ok(())
}

/// Nodes, properties, defaults, resources, places.
pub fn pacemaker(stage: &Stage) -> Result<()> {
    let state = stage.crm_mon("h2")?;
    let nodes: Vec<&str> = state.nodes.iter().map(String::as_str).collect();
    if nodes != SERVERS || state.online.len() != SERVERS.len() || !state.has_quorum {
        bail!("crm_mon: {state:?}");
    }
    let cib = stage.cib("h2")?;
    let values: BTreeMap<&str, &str> = cib
        .iter()
        .filter(|one| one.name == "nvpair")
        .filter(|one| {
            one.path
                .iter()
                .any(|name| name == "crm_config" || name == "rsc_defaults")
        })
        .map(|one| (one.get("name"), one.get("value")))
        .collect();
    for (name, value) in [
        ("stonith-enabled", "true"),
        ("no-quorum-policy", "stop"),
        ("resource-stickiness", "1000"),
        ("migration-threshold", "3"),
        ("cluster-name", GROUP),
    ] {
        if values.get(name) != Some(&value) {
            bail!("{name} is {:?}, not {value}", values.get(name));
        }
    }
    let locations: BTreeSet<(&str, &str, &str)> = cib
        .iter()
        .filter(|one| one.name == "rsc_location")
        .map(|one| (one.get("rsc"), one.get("node"), one.get("score")))
        .collect();
    for (target, home) in HOMES {
        for host in SERVERS {
            let score = if host == home { "20" } else { "10" };
            if !locations.contains(&(target, host, score)) {
                bail!("{target} has no place of {score} on {host}: {locations:?}");
            }
        }
    }
    stage.runs("h2", 30, &HOMES)
}

/// A device for each server, off that server, that Pacemaker can use.
pub fn fencing(stage: &Stage) -> Result<()> {
    for host in SERVERS {
        let text = stage.place.on(host, &["cibadmin", "--query"])?;
        if text.contains(&format!("\"{PASSWORD}\"")) {
            bail!("the password of the BMCs is in the CIB of {host}");
        }
        for other in SERVERS {
            let folder = format!("/var/lib/pacemaker/lrm/secrets/fence-{other}/password");
            let mode = stage.place.on(host, &["stat", "-c", "%a %U", &folder])?;
            if mode.trim() != "600 root" {
                bail!("{folder} on {host} is {}", mode.trim());
            }
        }
    }
    until("fencing devices run, each off its own server", 60, || {
        let state = stage.crm_mon("h1")?;
        for (host, other) in [("h1", "h2"), ("h2", "h1")] {
            let id = format!("fence-{host}");
            let nodes = state.resources.get(&id).map(|(_, nodes)| nodes.clone());
            if nodes != Some(BTreeSet::from([other.to_owned()])) {
                return Ok(Err(format!("{id} runs on {nodes:?}")));
            }
        }
        Ok(Ok(()))
    })?;
    for (host, other) in [("h1", "h2"), ("h2", "h1")] {
        let listed = stage.place.on(other, &["stonith_admin", "--list", host])?;
        if !listed.contains(&format!("fence-{host}")) {
            bail!("{other} cannot fence {host}: {listed}");
        }
    }
    Ok(())
}

/// A full report of each agent against `crm_mon` and `cibadmin` on its host.
pub fn report(stage: &Stage) -> Result<()> {
    for host in SERVERS {
        until("the agent says what crm_mon says", 60, || {
            let text = stage.place.on(host, &["candela-agent", "once"])?;
            let report: Value = serde_json::from_str(&text).context("a report is JSON")?;
            let ha = &report["ha"];
            let skipped = report["skips"].to_string();
            if skipped.contains("\"ha\"") {
                return Ok(Err(format!("the agent could not read: {skipped}")));
            }
            same(stage, host, ha)
        })?;
    }
    Ok(())
}

fn same(stage: &Stage, host: &str, ha: &Value) -> Result<Result<(), String>> {
    let state = stage.crm_mon(host)?;
    let list = |key: &str| ha[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let online: BTreeMap<String, bool> = list("nodes")
        .iter()
        .filter(|node| ["online", "standby"].contains(&text(&node["state"]).as_str()))
        .map(|node| (text(&node["name"]), node["state"] == "standby"))
        .collect();
    if online != state.online {
        return Ok(Err(format!(
            "nodes: {online:?}, crm_mon {:?}",
            state.online
        )));
    }
    if text(&ha["dc"]) != state.dc || ha["has_quorum"] != state.has_quorum {
        return Ok(Err(format!(
            "controller and quorum: {} {}",
            ha["dc"], ha["has_quorum"]
        )));
    }
    let nodes = |one: &Value| -> BTreeSet<String> {
        let nodes = one["nodes"].as_array().into_iter().flatten();
        nodes.map(text).collect()
    };
    let resources: BTreeMap<String, (String, BTreeSet<String>)> = list("resources")
        .iter()
        .map(|one| (text(&one["id"]), (text(&one["role"]), nodes(one))))
        .collect();
    let mut wanted = state.resources.clone();
    wanted.retain(|id, _| !state.fences.contains(id));
    if resources != wanted {
        return Ok(Err(format!("resources: {resources:?}, crm_mon {wanted:?}")));
    }
    let fences: BTreeSet<String> = list("fence_devices")
        .iter()
        .filter(|one| one["is_running"] == true)
        .map(|one| text(&one["id"]))
        .collect();
    if fences != state.fences {
        return Ok(Err(format!(
            "fences: {fences:?}, crm_mon {:?}",
            state.fences
        )));
    }
    let rules: BTreeSet<String> = list("constraints")
        .iter()
        .map(|one| text(&one["id"]))
        .collect();
    let cib = stage.cib(host)?;
    let known = cib.iter().filter(|one| one.name.starts_with("rsc_"));
    let known = known.filter(|one| one.path.last().is_some_and(|name| name == "constraints"));
    let known: BTreeSet<String> = known.map(|one| one.get("id").to_owned()).collect();
    if rules != known {
        return Ok(Err(format!("constraints: {rules:?}, cibadmin {known:?}")));
    }
    Ok(Ok(()))
}
