//! `crm_mon` as XML (`--output-as=xml`, `-X`; 1.1 and 2.x).

use super::xml::{Element, parse as parse_xml};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of `crm_mon` XML.
pub static KIND: Kind = Kind {
    name: "crm-mon-xml",
    about: "crm_mon --output-as=xml, crm_mon -X",
    guess,
    read,
};

/// The state of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CrmMon {
    /// Version of Pacemaker on the controller, or of the tool.
    pub version: Option<String>,
    /// The controller.
    pub dc: Option<String>,
    /// Quorum.
    pub has_quorum: Option<bool>,
    /// Fencing is on.
    pub fencing_enabled: Option<bool>,
    /// Maintenance mode of the whole cluster.
    pub maintenance: bool,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Resources, groups and clones flattened.
    pub resources: Vec<Resource>,
    /// Failed operations: resource, operation, node, reason.
    pub failures: Vec<Failure>,
    /// Operations of the past, as each node remembers them.
    pub operations: Vec<Operation>,
    /// Location bans.
    pub bans: Vec<Ban>,
    /// What was fenced.
    pub fenced: Vec<Fenced>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Id.
    pub id: String,
    /// Joined.
    pub online: bool,
    /// Runs nothing by order.
    pub standby: bool,
    /// Nothing is started or stopped on it.
    pub maintenance: bool,
    /// Joining.
    pub pending: bool,
    /// Lost, not known to be off.
    pub unclean: bool,
    /// The controller.
    pub is_dc: bool,
    /// Node attributes.
    pub attributes: Vec<(String, String)>,
}

/// A resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// Id.
    pub id: String,
    /// Group, clone or bundle it is in.
    pub group: Option<String>,
    /// Agent: `ocf:lustre:Lustre`.
    pub agent: String,
    /// Role.
    pub role: String,
    /// What it is told to be: `Started`, `Stopped`; none if nothing is set.
    pub target_role: Option<String>,
    /// Runs.
    pub active: bool,
    /// Failed.
    pub failed: bool,
    /// Managed by Pacemaker.
    pub managed: bool,
    /// Blocked.
    pub blocked: bool,
    /// Nodes it runs on.
    pub nodes: Vec<String>,
    /// Failures counted over all nodes.
    pub n_failures: u32,
    /// The same by node, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_on: Vec<(String, u32)>,
}

/// A failed operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// `RESOURCE_OPERATION_INTERVAL`.
    pub operation: String,
    /// Where.
    pub node: String,
    /// Status and reason as printed.
    pub reason: String,
    /// When it became so, as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

/// An operation that a node remembers: the last of each task of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// Resource.
    pub resource: String,
    /// Where.
    pub node: String,
    /// `start`, `stop`, `monitor`, `probe`.
    pub task: String,
    /// Exit code; 0 is well.
    pub code: i32,
    /// What the code means: `ok`, `not running`.
    pub said: String,
    /// When it became so, as printed.
    pub changed: Option<String>,
}

/// A location constraint that keeps a resource off a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ban {
    /// Id.
    pub id: String,
    /// Resource.
    pub resource: String,
    /// Node.
    pub node: String,
    /// Score.
    pub weight: String,
}

/// A fencing action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fenced {
    /// Who.
    pub target: String,
    /// `reboot`, `off`.
    pub action: String,
    /// `success`, `failed`, `pending`.
    pub status: String,
    /// When, as printed.
    pub completed: Option<String>,
}

/// Reads a document, as far as it goes.
pub fn parse(input: &[u8]) -> (CrmMon, Vec<Skip>) {
    let (root, skips) = parse_xml(input);
    let mut found = CrmMon::default();
    let Some(root) = root else {
        return (found, skips);
    };
    if let Some(summary) = root.child("summary") {
        read_summary(summary, &mut found);
    }
    found.version = found
        .version
        .or_else(|| root.get("version").map(str::to_owned));
    for node in root
        .child("nodes")
        .iter()
        .flat_map(|nodes| nodes.all("node"))
    {
        found.nodes.push(node_of(node));
    }
    for resources in root.all("resources") {
        flatten(resources, None, &mut found.resources);
    }
    attributes(&root, &mut found);
    for failure in root
        .child("failures")
        .iter()
        .flat_map(|all| all.all("failure"))
    {
        let reason = [failure.text("exitstatus"), failure.text("exitreason")];
        found.failures.push(Failure {
            operation: failure
                .get("op_key")
                .or(failure.get("id"))
                .unwrap_or_default()
                .to_owned(),
            node: failure.text("node"),
            reason: reason
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(": "),
            changed: failure.get("last-rc-change").map(str::to_owned),
        });
    }
    for ban in root.child("bans").iter().flat_map(|all| all.all("ban")) {
        let (id, resource) = (ban.text("id"), ban.text("resource"));
        found.bans.push(Ban {
            id,
            resource,
            node: ban.text("node"),
            weight: ban.text("weight"),
        });
    }
    for event in root
        .child("fence_history")
        .iter()
        .flat_map(|all| all.all("fence_event"))
    {
        let (target, action) = (event.text("target"), event.text("action"));
        let completed = event.get("completed").map(str::to_owned);
        found.fenced.push(Fenced {
            target,
            action,
            status: event.text("status"),
            completed,
        });
    }
    (found, skips)
}

fn read_summary(summary: &Element, found: &mut CrmMon) {
    if let Some(dc) = summary.child("current_dc") {
        found.dc = dc.get("name").map(str::to_owned);
        found.has_quorum = dc.get("with_quorum").map(|_| dc.is("with_quorum"));
        found.version = dc.get("version").map(str::to_owned);
    }
    if let Some(options) = summary.child("cluster_options") {
        found.fencing_enabled = options
            .get("stonith-enabled")
            .map(|_| options.is("stonith-enabled"));
        found.maintenance = options.is("maintenance-mode");
    }
}

fn node_of(node: &Element) -> Node {
    Node {
        name: node.text("name"),
        id: node.text("id"),
        online: node.is("online"),
        standby: node.is("standby"),
        maintenance: node.is("maintenance"),
        pending: node.is("pending"),
        unclean: node.is("unclean"),
        is_dc: node.is("is_dc"),
        attributes: Vec::new(),
    }
}

/// Attributes of nodes, and fail counts of resources.
fn attributes(root: &Element, found: &mut CrmMon) {
    for node in root
        .child("node_attributes")
        .iter()
        .flat_map(|all| all.all("node"))
    {
        let pairs = node
            .all("attribute")
            .map(|one| (one.text("name"), one.text("value")));
        let pairs: Vec<_> = pairs.collect();
        if let Some(known) = found
            .nodes
            .iter_mut()
            .find(|known| Some(known.name.as_str()) == node.get("name"))
        {
            known.attributes = pairs;
        }
    }
    let mut histories = Vec::new();
    root.below("node_history", &mut histories);
    for node in histories.iter().flat_map(|all| all.all("node")) {
        for history in node.all("resource_history") {
            remembered(&node.text("name"), history, found);
        }
    }
}

/// What a node remembers of a resource.
fn remembered(node: &str, history: &Element, found: &mut CrmMon) {
    let id = history.text("id");
    let count = match history.get("fail-count").unwrap_or("0") {
        "INFINITY" => 1_000_000,
        text => text.parse().unwrap_or(0),
    };
    let known = found.resources.iter_mut();
    for resource in known.filter(|resource| count > 0 && resource.id == id) {
        resource.n_failures = resource.n_failures.saturating_add(count);
        resource.failed_on.push((node.to_owned(), count));
    }
    let all = history.all("operation_history").map(|one| Operation {
        resource: id.clone(),
        node: node.to_owned(),
        task: one.text("task"),
        code: one.get("rc").and_then(|rc| rc.parse().ok()).unwrap_or(0),
        said: one.text("rc_text"),
        changed: one.get("last-rc-change").map(str::to_owned),
    });
    found.operations.extend(all);
}

fn flatten(from: &Element, group: Option<&str>, into: &mut Vec<Resource>) {
    for child in &from.children {
        if child.name != "resource" {
            let name = child.get("id").or(group);
            flatten(child, name, into);
            continue;
        }
        into.push(Resource {
            id: child.text("id"),
            group: group.map(str::to_owned),
            agent: child.text("resource_agent").replace("::", ":"),
            role: child.text("role"),
            target_role: child.get("target_role").map(str::to_owned),
            active: child.is("active"),
            failed: child.is("failed"),
            managed: child.get("managed").is_none_or(|_| child.is("managed")),
            blocked: child.is("blocked"),
            nodes: child.all("node").map(|node| node.text("name")).collect(),
            n_failures: 0,
            failed_on: Vec::new(),
        });
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_root = text.contains("<crm_mon") || text.contains("<pacemaker-result");
    if is_root
        && (text.contains("<summary") || text.contains("<nodes") || text.contains("<resources"))
    {
        95
    } else if text.contains("<pacemaker-result ") && text.contains("request=") {
        // The answer of another tool: a result, attributes, tickets.
        78
    } else {
        0
    }
}

/// What is in every answer, whatever the tool: its result, attributes, tickets.
fn answer(root: &Element, sink: &mut dyn Sink) {
    let Some(status) = root
        .child("status")
        .filter(|status| status.get("code").is_some())
    else {
        return;
    };
    let result = json!({"request": root.get("request"), "code": status.get("code"), "message": status.get("message")});
    sink.record("ha.result", &|| result.clone());
    for (family, name) in [("ha.attribute", "attribute"), ("ha.ticket", "ticket")] {
        let mut all = Vec::new();
        for child in root
            .children
            .iter()
            .filter(|child| child.name != "node_attributes")
        {
            if child.name == name {
                all.push(child);
            }
            child.below(name, &mut all);
        }
        for one in all {
            let values: std::collections::BTreeMap<_, _> = one.attributes.iter().cloned().collect();
            sink.record(family, &|| json!(values));
        }
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    if let (Some(root), _) = parse_xml(input) {
        answer(&root, sink);
    }
    if found.dc.is_some() || found.version.is_some() {
        let summary = json!({"dc": found.dc, "version": found.version, "has_quorum": found.has_quorum,
            "fencing_enabled": found.fencing_enabled, "maintenance": found.maintenance});
        sink.record("ha.summary", &|| summary.clone());
    }
    for node in &found.nodes {
        sink.record("ha.node", &|| json!(node));
    }
    for resource in &found.resources {
        sink.record("ha.resource", &|| json!(resource));
    }
    for failure in &found.failures {
        sink.record("ha.failure", &|| json!(failure));
    }
    for operation in &found.operations {
        sink.record("ha.operation", &|| json!(operation));
    }
    for ban in &found.bans {
        sink.record("ha.ban", &|| json!(ban));
    }
    for fenced in &found.fenced {
        sink.record("ha.fenced", &|| json!(fenced));
    }
    for skip in skips {
        sink.skip(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"<?xml version="1.0"?>
<crm_mon version="2.0.5">
  <summary>
    <current_dc present="true" version="2.0.5" name="es1" id="1" with_quorum="true"/>
    <cluster_options stonith-enabled="false" maintenance-mode="false"/>
  </summary>
  <nodes><node name="es1" id="1" online="true" standby="false" unclean="false" is_dc="true"/>
    <node name="es2" id="2" online="false" unclean="true"/></nodes>
  <resources>
    <group id="g1" number_resources="1">
      <resource id="ost0" resource_agent="ocf::lustre:Lustre" role="Started" active="true" managed="true" failed="false">
        <node name="es1" id="1" cached="true"/></resource>
    </group>
  </resources>
  <node_history><node name="es1"><resource_history id="ost0" fail-count="2"><operation_history task="start" rc="1" rc_text="error" last-rc-change="Wed Aug 19 01:09:21 2020"/></resource_history></node></node_history>
  <fence_history><fence_event target="es2" action="reboot" status="success" completed="2024-01-01 00:00:00Z"/></fence_history>
</crm_mon>"#;

    #[test]
    fn a_cluster_is_read() {
        let (found, skips) = parse(TEXT.as_bytes());
        assert_eq!(skips, []);
        assert_eq!(
            (found.dc.as_deref(), found.has_quorum, found.fencing_enabled),
            (Some("es1"), Some(true), Some(false))
        );
        assert_eq!((found.nodes.len(), found.nodes[1].unclean), (2, true));
        let ost = &found.resources[0];
        assert_eq!(
            (ost.group.as_deref(), ost.agent.as_str()),
            (Some("g1"), "ocf:lustre:Lustre")
        );
        assert_eq!(
            (ost.nodes.as_slice(), ost.n_failures),
            (["es1".to_owned()].as_slice(), 2)
        );
        assert_eq!(found.fenced[0].target, "es2");
        assert_eq!(ost.failed_on, [("es1".to_owned(), 2)]);
        let done = &found.operations[0];
        assert_eq!(
            (done.node.as_str(), done.task.as_str(), done.code),
            ("es1", "start", 1)
        );
    }

    #[test]
    fn a_cut_at_any_byte_keeps_what_was_read() {
        let mut most = 0;
        for end in 0..TEXT.len() {
            let (found, _) = parse(&TEXT.as_bytes()[..end]);
            assert!(
                found.nodes.len() >= most,
                "a longer piece gives less at {end}"
            );
            most = found.nodes.len();
        }
        assert_eq!(most, 2);
    }
}
