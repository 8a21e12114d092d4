//! The CIB: what Pacemaker is told (`cibadmin --query`).

use super::xml::{Element, parse as parse_xml};
use serde::Serialize;
use serde_json::json;
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
    /// Constraints.
    pub constraints: Vec<Constraint>,
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
    flatten(&whole, None, &mut found.resources);
    (found, skips)
}

fn flatten(from: &Element, group: Option<&str>, into: &mut Vec<Primitive>) {
    for child in &from.children {
        match child.name.as_str() {
            "primitive" | "template" => {
                let agent = [child.get("class"), child.get("provider"), child.get("type")];
                let mut pairs = Vec::new();
                for set in child.all("instance_attributes") {
                    set.below("nvpair", &mut pairs);
                }
                let shown = pairs
                    .iter()
                    .filter(|pair| !SECRETS.contains(&pair.get("name").unwrap_or_default()));
                into.push(Primitive {
                    id: child.text("id"),
                    group: group.map(str::to_owned),
                    agent: agent.into_iter().flatten().collect::<Vec<_>>().join(":"),
                    parameters: shown
                        .map(|pair| (pair.text("name"), pair.text("value")))
                        .collect(),
                });
            }
            "group" | "clone" | "master" | "bundle" => flatten(child, child.get("id"), into),
            // Around them: the sections of a CIB, or a query's frame.
            _ => flatten(child, group, into),
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
    for (name, value) in &found.properties {
        sink.record("cib.property", &|| json!({"name": name, "value": value}));
    }
    for (id, name) in &found.nodes {
        sink.record("cib.node", &|| json!({"id": id, "name": name}));
    }
    for resource in &found.resources {
        sink.record("cib.resource", &|| json!(resource));
    }
    for constraint in &found.constraints {
        sink.record("cib.constraint", &|| json!(constraint));
    }
    for skip in skips {
        sink.skip(skip);
    }
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
