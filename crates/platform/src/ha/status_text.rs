//! The kinds that print a cluster's status as text: `crm_mon`, `crm status`,
//! `pcs status`, and lists of resources.

use super::lines;
use super::status::{self, Status};
use super::status_resource;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of `crm_mon` text.
pub static CRM_MON: Kind = Kind {
    name: "crm-mon-text",
    about: "crm_mon -1, crm status, crm_resource --list, pcs resource, pcs stonith",
    guess: guess_crm_mon,
    read,
};

/// The reader of `pcs status`.
pub static PCS_STATUS: Kind = Kind {
    name: "pcs-status",
    about: "pcs status, pcs status --full, pcs status nodes",
    guess: guess_pcs,
    read,
};

/// Lines that only a status has.
const HEADS: [&str; 14] = [
    "Cluster Summary:",
    "Current DC:",
    "Node List:",
    "Full List of Resources:",
    "Full list of resources:",
    "Active Resources:",
    "Active resources:",
    "Inactive Resources:",
    "Inactive resources:",
    "Failed Resource Actions:",
    "Failed Actions:",
    "Failed actions:",
    "Failed Fencing Actions:",
    "Migration Summary:",
];

/// How many lines of a text are a status's own.
struct Signs {
    heads: usize,
    shapes: usize,
    others: usize,
    is_pcs: bool,
    is_simulation: bool,
}

fn signs(text: &str) -> Signs {
    let mut found = Signs {
        heads: 0,
        shapes: 0,
        others: 0,
        is_pcs: false,
        is_simulation: false,
    };
    for line in text.lines() {
        let (bare, _) = status::unbullet(line.trim());
        if bare.is_empty() {
            continue;
        }
        let is_head = |heads: &[&str]| heads.iter().any(|head| bare.starts_with(head));
        if is_head(&HEADS) {
            found.heads += 1;
        } else if is_head(&["PCSD Status:", "Daemon Status:", "Cluster name:"]) {
            found.is_pcs = true;
        } else if is_head(&["Fencing Levels:", "Target: ", "Level 1 - "])
            || is_head(&["Online: [", "OFFLINE: [", "Resource Group: ", "Clone Set: "])
            || status_resource::split(bare).is_some()
        {
            found.shapes += 1;
        } else {
            found.others += 1;
        }
        let small = bare.to_ascii_lowercase();
        found.is_simulation |= small.starts_with("transition summary")
            || small.starts_with("executing cluster transition")
            || small.starts_with("current cluster status:");
    }
    found
}

fn is_markup(text: &str) -> bool {
    text.contains("<crm_mon") || text.contains("<pacemaker-result") || text.contains("<cib")
}

fn has_resource(text: &str) -> bool {
    let mut lines = text.lines();
    lines.any(|line| status_resource::split(line).is_some() || line.contains("Clone Set: "))
}

fn guess_crm_mon(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let found = signs(text);
    if is_markup(text) || found.is_simulation {
        return 0;
    }
    match (found.heads, found.shapes) {
        (2.., _) | (1, 1..) => 92,
        (1, 0) if text.contains("Current DC:") => 80,
        // A list of resources without a heading: most lines must be one.
        (0, 1..) if found.shapes > found.others && has_resource(text) => 75,
        _ => 0,
    }
}

fn guess_pcs(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let found = signs(text);
    if text.contains("Pacemaker Remote Nodes:") && text.contains(" Online:") {
        return 96;
    }
    if is_markup(text) || found.is_simulation || !found.is_pcs {
        return 0;
    }
    match (found.heads, found.shapes) {
        (1.., _) => 96,
        (0, 1..) => 85,
        _ if text.contains("Daemon Status:") => 80,
        _ => 0,
    }
}

/// Hands a status to a sink, families beginning with `prefix`.
pub(crate) fn emit(prefix: &str, found: &Status, sink: &mut dyn Sink) {
    let name = |family: &str| format!("{prefix}.{family}");
    let cluster = &found.cluster;
    let has_summary = cluster.dc.is_some()
        || cluster.version.is_some()
        || found.n_nodes.is_some()
        || found.cluster_name.is_some()
        || found.stack.is_some();
    if has_summary {
        let summary = json!({"cluster_name": found.cluster_name, "stack": found.stack, "dc": cluster.dc,
            "version": cluster.version, "has_quorum": cluster.has_quorum, "updated": found.updated,
            "changed": found.changed, "n_nodes": found.n_nodes, "n_resources": found.n_resources,
            "fencing_enabled": cluster.fencing_enabled, "maintenance": cluster.maintenance});
        sink.record(&name("summary"), &|| summary.clone());
    }
    lines::emit(&name("node"), &cluster.nodes, sink);
    lines::emit(&name("resource"), &cluster.resources, sink);
    lines::emit(&name("agent_count"), &found.counts, sink);
    lines::emit(&name("history"), &found.histories, sink);
    lines::emit(&name("failure"), &cluster.failures, sink);
    lines::emit(&name("fenced"), &cluster.fenced, sink);
    lines::emit(&name("ticket"), &found.tickets, sink);
    lines::emit(&name("ban"), &cluster.bans, sink);
    lines::emit(&name("fence_level"), &found.levels, sink);
    lines::emit(&name("service"), &found.services, sink);
    lines::emit(&name("warning"), &found.warnings, sink);
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips): (Status, Vec<Skip>) = status::parse(input);
    emit("ha", &found, sink);
    lines::emit_skips(skips, sink);
}
