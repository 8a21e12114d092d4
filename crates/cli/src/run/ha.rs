//! `candela ha`.

use super::{View, concerns, evidence, noun};
use crate::args::{Common, Noun};
use crate::client::Client;
use crate::output::{self, Row, block, fields};
use crate::run::server::names;
use anyhow::Result;
use api::ha::HaCluster;

/// Lists or shows HA clusters.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    let head = [
        "NAME",
        "MANAGER",
        "STATE",
        "SERVERS",
        "QUORUM",
        "FENCING",
        "RESOURCES",
        "TARGETS",
    ];
    let view = View {
        path: "ha-clusters",
        head: &head,
        row,
        name: |h: &HaCluster| &h.name,
        show,
    };
    noun(client, verb, common, view).await
}

fn yes(value: Option<bool>) -> String {
    value
        .map_or("-", |value| if value { "yes" } else { "no" })
        .to_owned()
}

fn row(ha: &HaCluster) -> Row {
    vec![
        ha.name.clone(),
        ha.manager.clone(),
        ha.state.clone(),
        names(&ha.servers),
        yes(ha.has_quorum),
        yes(ha.fencing_enabled),
        ha.resources.len().to_string(),
        ha.targets.len().to_string(),
    ]
}

fn show(ha: &HaCluster) -> String {
    let mut text = fields(&[
        ("HA cluster", ha.name.clone()),
        ("Id", ha.id.clone()),
        ("Manager", ha.manager.clone()),
        ("State", ha.state.clone()),
        ("Servers", names(&ha.servers)),
        (
            "Seen by",
            ha.seen_by
                .as_ref()
                .map(|server| server.name.clone())
                .unwrap_or_default(),
        ),
        ("Quorum", yes(ha.has_quorum)),
        ("Fencing", yes(ha.fencing_enabled)),
        (
            "Maintenance",
            if ha.maintenance {
                "yes".into()
            } else {
                String::new()
            },
        ),
        ("Controller", ha.dc.clone().unwrap_or_default()),
        ("Confidence", ha.confidence.clone()),
    ]);
    text.push('\n');
    text.push_str(&block("Needs attention", &concerns(&ha.concerns)));
    let nodes = ha
        .nodes
        .iter()
        .map(|n| format!("{}  {:?}", n.name, n.state).to_lowercase());
    text.push_str(&block("Nodes", &nodes.collect::<Vec<_>>().join("\n")));
    let rows: Vec<Row> = ha
        .resources
        .iter()
        .map(|r| {
            let state = [
                (r.is_failed, "failed"),
                (r.is_blocked, "blocked"),
                (!r.is_managed, "unmanaged"),
            ];
            let state: Vec<_> = state
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, word)| *word)
                .collect();
            let group = r.group.clone().unwrap_or_default();
            vec![
                r.id.clone(),
                group,
                r.agent.clone(),
                r.role.clone(),
                r.nodes.join(" "),
                state.join(" "),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = ["RESOURCE", "IN", "AGENT", "ROLE", "ON", ""];
        text.push_str(&block("Resources", &output::table(&head, rows)));
    }
    let fences = ha
        .fence_devices
        .iter()
        .map(|f| format!("{}  {}  {}", f.id, f.agent, f.hosts.join(" ")));
    text.push_str(&block(
        "Fencing devices",
        &fences.collect::<Vec<_>>().join("\n"),
    ));
    let past = ha.fence_history.iter().map(|f| {
        let at = f.at.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{at}  {} of {}: {}", f.action, f.target, f.status)
    });
    text.push_str(&block("Fenced", &past.collect::<Vec<_>>().join("\n")));
    let rules = ha
        .constraints
        .iter()
        .map(|c| format!("{}  {} {} ({})", c.kind, c.resource, c.with, c.score));
    text.push_str(&block("Constraints", &rules.collect::<Vec<_>>().join("\n")));
    text.push_str(&block("Targets", &names(&ha.targets)));
    text.push_str(&block("Why we think so", &evidence(&ha.evidence)));
    text
}
