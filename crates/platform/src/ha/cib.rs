//! The CIB: what Pacemaker is told (`cibadmin --query`).

use super::lines;
use super::status::FenceLevel;
use super::xml::{Element, parse as parse_xml};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

/// The reader of a CIB.
pub static KIND: Kind = Kind {
    name: "cib-xml",
    about: "cibadmin --query, a cib.xml",
    guess,
    read,
};

/// What Pacemaker is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cib {
    /// Cluster properties.
    pub properties: Vec<(String, String)>,
    /// Nodes: id and name.
    pub nodes: Vec<(String, String)>,
    /// Resources with their parameters; passwords are left out.
    pub resources: Vec<Primitive>,
    /// Groups, clones, bundles.
    pub groups: Vec<Group>,
    /// Constraints.
    pub constraints: Vec<Constraint>,
    /// Fencing levels.
    pub levels: Vec<FenceLevel>,
    /// Defaults of resources (`rsc`) and operations (`op`): whose, name, value.
    pub defaults: Vec<(String, String, String)>,
    /// Versions and times of the document itself.
    pub about: Vec<(String, String)>,
    /// Tags, alerts, roles and users: kind and id.
    pub others: Vec<(String, String)>,
    /// What each node was in, when the CIB was written.
    pub states: Vec<NodeState>,
}

/// A group, clone or bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Id.
    pub id: String,
    /// `group`, `clone`, `master`, `bundle`.
    pub kind: String,
    /// Resources and groups in it.
    pub members: Vec<String>,
    /// Meta attributes.
    pub meta: Vec<(String, String)>,
}

/// A node's state in the CIB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeState {
    /// Name.
    pub name: String,
    /// In Corosync's membership.
    pub in_cluster: bool,
    /// In the controllers' group.
    pub joined: bool,
    /// Resources with operations recorded on it.
    pub n_resources: u64,
}

/// A resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Primitive {
    /// Id.
    pub id: String,
    /// Group, clone or bundle it is in.
    pub group: Option<String>,
    /// `ocf:lustre:Lustre`, `stonith:fence_ipmilan`.
    pub agent: String,
    /// Instance parameters.
    pub parameters: Vec<(String, String)>,
    /// Meta attributes.
    pub meta: Vec<(String, String)>,
    /// Operations: name, and settings such as `interval`.
    pub operations: Vec<(String, Vec<(String, String)>)>,
}

/// A constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Constraint {
    /// Id.
    pub id: String,
    /// `location`, `colocation`, `order`, `ticket`.
    pub kind: String,
    /// The resource.
    pub resource: String,
    /// Node, or the other resource.
    pub with: String,
    /// Score; `rule` where a rule decides.
    pub score: String,
}

/// Parameters whose values are secrets.
const SECRETS: [&str; 5] = [
    "passwd",
    "password",
    "secret",
    "snmp_priv_passwd",
    "login_pass",
];

/// Reads a document, as far as it goes.
pub fn parse(input: &[u8]) -> (Cib, Vec<Skip>) {
    let (root, skips) = parse_xml(input);
    let mut found = Cib::default();
    let Some(root) = root else {
        return (found, skips);
    };
    // Fragments hold a part without what is around it.
    let configuration = root.child("configuration").unwrap_or(&root);
    let part = |name: &str| {
        if root.name == name {
            Some(&root)
        } else {
            configuration.child(name)
        }
    };
    let mut pairs = Vec::new();
    if let Some(config) = part("crm_config") {
        config.below("nvpair", &mut pairs);
    }
    found.properties = pairs
        .iter()
        .map(|pair| (pair.text("name"), pair.text("value")))
        .collect();
    for node in part("nodes").iter().flat_map(|nodes| nodes.all("node")) {
        found.nodes.push((node.text("id"), node.text("uname")));
    }
    if root.name == "cib" {
        found.about.clone_from(&root.attributes);
    }
    defaults(configuration, &mut found);
    topology(configuration, &mut found.levels);
    for name in ["tag", "alert", "acl_role", "acl_target"] {
        let mut all = Vec::new();
        configuration.below(name, &mut all);
        let told = all.iter().map(|one| (name.to_owned(), one.text("id")));
        found.others.extend(told);
    }
    states(&root, &mut found.states);
    for name in ["rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket"] {
        let mut all = Vec::new();
        root.below(name, &mut all);
        found
            .constraints
            .extend(all.into_iter().filter_map(constraint));
    }
    found.constraints.extend(constraint(&root));
    let whole = Element {
        children: vec![root],
        ..Element::default()
    };
    flatten(&whole, None, &mut found);
    (found, skips)
}

fn defaults(configuration: &Element, found: &mut Cib) {
    for (name, whose) in [("rsc_defaults", "rsc"), ("op_defaults", "op")] {
        let mut pairs = Vec::new();
        if let Some(part) = configuration.child(name) {
            part.below("nvpair", &mut pairs);
        }
        let told = pairs
            .iter()
            .map(|pair| (whose.to_owned(), pair.text("name"), pair.text("value")));
        found.defaults.extend(told);
    }
}

fn topology(configuration: &Element, levels: &mut Vec<FenceLevel>) {
    let mut all = Vec::new();
    configuration.below("fencing-level", &mut all);
    levels.extend(all.iter().map(|level| {
        let target = [
            level.get("target"),
            level.get("target-pattern"),
            level.get("target-attribute"),
        ];
        FenceLevel {
            target: target
                .into_iter()
                .flatten()
                .next()
                .unwrap_or_default()
                .to_owned(),
            level: level.text("index").parse().unwrap_or(0),
            devices: level
                .text("devices")
                .split(',')
                .map(str::to_owned)
                .collect(),
        }
    }));
}

fn states(root: &Element, states: &mut Vec<NodeState>) {
    let mut all = Vec::new();
    root.below("node_state", &mut all);
    states.extend(all.iter().map(|state| {
        let mut resources = Vec::new();
        state.below("lrm_resource", &mut resources);
        NodeState {
            name: state
                .get("uname")
                .or(state.get("id"))
                .unwrap_or_default()
                .to_owned(),
            // A time since 2.1.6, with 0 for never.
            in_cluster: state
                .get("in_ccm")
                .is_some_and(|value| value == "true" || value.parse().is_ok_and(|at: u64| at > 0)),
            joined: state.get("join") == Some("member"),
            n_resources: u64::try_from(resources.len()).unwrap_or(0),
        }
    }));
}

/// Names and values of the sets of this kind, secrets left out.
fn values(from: &Element, sets: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for set in from.all(sets) {
        set.below("nvpair", &mut pairs);
    }
    pairs
        .iter()
        .map(|pair| (pair.text("name"), pair.text("value")))
        .filter(|(name, _)| !is_secret(name))
        .collect()
}

/// Whether a parameter of this name is a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name)
}

fn operations(from: &Element) -> Vec<(String, Vec<(String, String)>)> {
    let all = from.all("operations").flat_map(|all| all.all("op"));
    all.map(|op| {
        let settings = op.attributes.iter();
        let settings = settings.filter(|(name, _)| name != "id" && name != "name");
        (op.text("name"), settings.cloned().collect())
    })
    .collect()
}

fn flatten(from: &Element, group: Option<&str>, found: &mut Cib) {
    for child in &from.children {
        match child.name.as_str() {
            "primitive" | "template" => {
                let agent = [child.get("class"), child.get("provider"), child.get("type")];
                found.resources.push(Primitive {
                    id: child.text("id"),
                    group: group.map(str::to_owned),
                    agent: agent.into_iter().flatten().collect::<Vec<_>>().join(":"),
                    parameters: values(child, "instance_attributes"),
                    meta: values(child, "meta_attributes"),
                    operations: operations(child),
                });
            }
            kind @ ("group" | "clone" | "master" | "bundle") => {
                let parts = ["primitive", "group"];
                let members = child
                    .children
                    .iter()
                    .filter(|part| parts.contains(&part.name.as_str()));
                found.groups.push(Group {
                    id: child.text("id"),
                    kind: kind.to_owned(),
                    members: members.map(|part| part.text("id")).collect(),
                    meta: values(child, "meta_attributes"),
                });
                flatten(child, child.get("id"), found);
            }
            // Around them: the sections of a CIB, or a query's frame.
            _ => flatten(child, group, found),
        }
    }
}

fn constraint(from: &Element) -> Option<Constraint> {
    let (kind, resource, with) = match from.name.as_str() {
        "rsc_location" => (
            "location",
            from.get("rsc").or(from.get("rsc-pattern")),
            from.get("node"),
        ),
        "rsc_colocation" => ("colocation", from.get("rsc"), from.get("with-rsc")),
        "rsc_order" => ("order", from.get("first"), from.get("then")),
        "rsc_ticket" => ("ticket", from.get("rsc"), from.get("ticket")),
        _ => return None,
    };
    let ruled = from.child("rule").map(|_| "rule");
    Some(Constraint {
        id: from.text("id"),
        kind: kind.to_owned(),
        resource: resource.unwrap_or_default().to_owned(),
        with: with.unwrap_or_default().to_owned(),
        score: from
            .get("score")
            .or(from.get("kind"))
            .or(ruled)
            .unwrap_or_default()
            .to_owned(),
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.contains("<cib") && (text.contains("<configuration") || text.contains("<status")) {
        94
    } else if [
        "<rsc_location",
        "<rsc_colocation",
        "<rsc_order",
        "<primitive",
        "<template ",
        "<fencing-topology",
        "<crm_config",
    ]
    .iter()
    .any(|mark| text.contains(mark))
    {
        80
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    emit(&found, sink);
    for skip in skips {
        sink.skip(skip);
    }
}

/// Hands what is configured to a sink.
pub(crate) fn emit(found: &Cib, sink: &mut dyn Sink) {
    if !found.about.is_empty() {
        let about: BTreeMap<&str, &str> = found
            .about
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        sink.record("cib.summary", &|| json!(about));
    }
    for (name, value) in &found.properties {
        sink.record("cib.property", &|| json!({"name": name, "value": value}));
    }
    for (id, name) in &found.nodes {
        sink.record("cib.node", &|| json!({"id": id, "name": name}));
    }
    lines::emit("cib.resource", &found.resources, sink);
    lines::emit("cib.group", &found.groups, sink);
    lines::emit("cib.constraint", &found.constraints, sink);
    lines::emit("cib.fence_level", &found.levels, sink);
    for (of, name, value) in &found.defaults {
        let value = json!({"of": of, "name": name, "value": value});
        sink.record("cib.default", &|| value.clone());
    }
    for (kind, id) in &found.others {
        sink.record("cib.other", &|| json!({"kind": kind, "id": id}));
    }
    lines::emit("cib.node_state", &found.states, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"<cib><configuration>
<crm_config><cluster_property_set id="x"><nvpair id="a" name="stonith-enabled" value="true"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="es1"/></nodes>
<resources><group id="g"><primitive id="ost0" class="ocf" provider="lustre" type="Lustre"><instance_attributes id="i"><nvpair id="t" name="target" value="/dev/x"/></instance_attributes></primitive></group>
<primitive id="st" class="stonith" type="fence_ipmilan"><instance_attributes id="j"><nvpair id="p" name="passwd" value="hidden"/><nvpair id="h" name="pcmk_host_list" value="es1"/></instance_attributes></primitive></resources>
<constraints><rsc_location id="l" rsc="ost0" node="es1" score="20"/><rsc_order id="o" first="a" then="b" kind="Optional"/></constraints>
</configuration></cib>"#;

    #[test]
    fn what_is_configured_is_read_without_secrets() {
        let (found, skips) = parse(TEXT.as_bytes());
        assert_eq!(skips, []);
        assert_eq!(
            found.properties,
            [("stonith-enabled".to_owned(), "true".to_owned())]
        );
        let agents: Vec<_> = found
            .resources
            .iter()
            .map(|r| (r.agent.as_str(), r.group.as_deref()))
            .collect();
        assert_eq!(
            agents,
            [
                ("ocf:lustre:Lustre", Some("g")),
                ("stonith:fence_ipmilan", None)
            ]
        );
        assert_eq!(
            found.resources[1].parameters,
            [("pcmk_host_list".to_owned(), "es1".to_owned())]
        );
        let rules: Vec<_> = found
            .constraints
            .iter()
            .map(|c| format!("{} {} {} {}", c.kind, c.resource, c.with, c.score))
            .collect();
        assert_eq!(rules, ["location ost0 es1 20", "order a b Optional"]);
    }

    #[test]
    fn a_cut_at_any_byte_is_no_panic() {
        for end in 0..TEXT.len() {
            parse(&TEXT.as_bytes()[..end]);
        }
    }
}
