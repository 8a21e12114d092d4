//! What a CIB tells Pacemaker, typed.

use super::cib::{Cib, INFINITY};
use platform::ha::xml::Element;
use std::collections::BTreeMap;
use std::time::Duration;

/// Names and values.
pub type Pairs = BTreeMap<String, String>;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Properties of the cluster.
    pub properties: Pairs,
    /// Defaults of resources.
    pub defaults: Pairs,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// What is placed: primitives and groups.
    pub tops: Vec<Top>,
    /// Location constraints.
    pub rules: Vec<Rule>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Its number.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: Pairs,
}

/// A primitive or a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Top {
    /// Its id.
    pub id: String,
    /// Whether it is a group.
    pub is_group: bool,
    /// Its meta attributes.
    pub meta: Pairs,
    /// Its primitives, in order; itself if it is one.
    pub members: Vec<Primitive>,
}

/// A primitive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Primitive {
    /// Its id.
    pub id: String,
    /// `ocf`, `stonith`.
    pub class: String,
    /// `lustre`, `heartbeat`; empty for none.
    pub provider: String,
    /// `Lustre`, `ZFS`.
    pub kind: String,
    /// Parameters.
    pub parameters: Pairs,
    /// Meta attributes.
    pub meta: Pairs,
    /// Operations: name, interval, time limit.
    pub operations: Vec<(String, Duration, Option<Duration>)>,
}

/// A location constraint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// The resource.
    pub resource: String,
    /// The node.
    pub node: String,
    /// Points.
    pub score: i64,
}

/// A score as it is written.
fn score(text: &str) -> i64 {
    match text {
        "INFINITY" | "+INFINITY" => INFINITY,
        "-INFINITY" => -INFINITY,
        text => text.parse().unwrap_or(0).clamp(-INFINITY, INFINITY),
    }
}

/// A time as it is written: `20m`, `450s`, `30`.
pub fn time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().ok()?;
    match unit.trim() {
        "ms" | "msec" => Some(Duration::from_millis(number)),
        "" | "s" | "sec" => Some(Duration::from_secs(number)),
        "m" | "min" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "h" | "hr" => Some(Duration::from_secs(number.checked_mul(3600)?)),
        _ => None,
    }
}

fn pairs(of: &Element, sets: &str) -> Pairs {
    let sets = of.all(sets).flat_map(|set| set.all("nvpair"));
    sets.map(|pair| (pair.text("name"), pair.text("value")))
        .collect()
}

impl Told {
    /// As a CIB has it.
    pub fn from(cib: &Cib) -> Self {
        let part = |name: &str, sets: &str| {
            cib.section(name)
                .map(|part| pairs(part, sets))
                .unwrap_or_default()
        };
        let all = |name: &str| cib.section(name).map(|part| part.children.as_slice());
        let nodes = all("nodes").unwrap_or_default().iter().map(|node| Node {
            id: node.text("id"),
            name: node.text("uname"),
            attributes: pairs(node, "instance_attributes"),
        });
        let rules = all("constraints").unwrap_or_default().iter();
        let rules = rules
            .filter(|one| one.name == "rsc_location")
            .map(|rule| Rule {
                id: rule.text("id"),
                resource: rule.text("rsc"),
                node: rule.text("node"),
                score: score(rule.get("score").unwrap_or_default()),
            });
        Self {
            properties: part("crm_config", "cluster_property_set"),
            defaults: part("rsc_defaults", "meta_attributes"),
            nodes: nodes.collect(),
            tops: all("resources")
                .unwrap_or_default()
                .iter()
                .filter_map(top)
                .collect(),
            rules: rules.collect(),
        }
    }

    /// A property that is true or false.
    pub fn is(&self, name: &str, otherwise: bool) -> bool {
        let value = self.properties.get(name);
        value.map_or(otherwise, |value| is_true(value))
    }

    /// A property's text.
    pub fn property<'a>(&'a self, name: &str, otherwise: &'a str) -> &'a str {
        self.properties.get(name).map_or(otherwise, String::as_str)
    }

    /// Whether nodes are fenced.
    pub fn fences(&self) -> bool {
        self.is("stonith-enabled", true)
    }

    /// A meta attribute of a primitive: its own, its group's, the default.
    pub fn meta<'a>(&'a self, top: &'a Top, one: &'a Primitive, name: &str) -> Option<&'a str> {
        let places = [&one.meta, &top.meta, &self.defaults];
        places
            .iter()
            .find_map(|place| place.get(name))
            .map(String::as_str)
    }

    /// All primitives, each with what is placed.
    pub fn primitives(&self) -> impl Iterator<Item = (&Top, &Primitive)> {
        let tops = self.tops.iter();
        tops.flat_map(|top| top.members.iter().map(move |one| (top, one)))
    }

    /// A primitive by its id.
    pub fn primitive(&self, id: &str) -> Option<(&Top, &Primitive)> {
        self.primitives().find(|(_, one)| one.id == id)
    }

    /// A primitive or group by its id.
    pub fn is_resource(&self, id: &str) -> bool {
        self.tops.iter().any(|top| top.id == id) || self.primitive(id).is_some()
    }

    /// A node's attribute that is on or off.
    pub fn node_is(&self, node: &str, name: &str) -> bool {
        let node = self.nodes.iter().find(|one| one.name == node);
        node.and_then(|node| node.attributes.get(name))
            .is_some_and(|value| is_true(value))
    }

    /// Points of the constraints for a placed resource on a node.
    pub fn points(&self, top: &Top, node: &str) -> i64 {
        let is_of = |rule: &&Rule| {
            let is_it =
                rule.resource == top.id || top.members.iter().any(|one| one.id == rule.resource);
            rule.node == node && is_it
        };
        let open = if self.is("symmetric-cluster", true) {
            0
        } else {
            -1
        };
        let rules: Vec<i64> = self
            .rules
            .iter()
            .filter(is_of)
            .map(|rule| rule.score)
            .collect();
        match rules.as_slice() {
            [] => open * INFINITY,
            rules if rules.contains(&-INFINITY) => -INFINITY,
            rules => rules.iter().sum::<i64>().clamp(-INFINITY, INFINITY),
        }
    }
}

/// What Pacemaker takes for yes.
pub fn is_true(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "on" | "yes" | "y" | "1"
    )
}

fn top(from: &Element) -> Option<Top> {
    let members: Vec<Primitive> = match from.name.as_str() {
        "primitive" => vec![primitive(from)],
        "group" => from.all("primitive").map(primitive).collect(),
        _ => return None,
    };
    Some(Top {
        id: from.text("id"),
        is_group: from.name == "group",
        meta: pairs(from, "meta_attributes"),
        members,
    })
}

fn primitive(from: &Element) -> Primitive {
    let operations = from.child("operations");
    let operations = operations.iter().flat_map(|all| all.all("op"));
    let operations = operations.map(|op| {
        let interval = op.get("interval").and_then(time).unwrap_or_default();
        let limit = op.get("timeout").and_then(time);
        (op.text("name"), interval, limit)
    });
    Primitive {
        id: from.text("id"),
        class: from.text("class"),
        provider: from.text("provider"),
        kind: from.text("type"),
        parameters: pairs(from, "instance_attributes"),
        meta: pairs(from, "meta_attributes"),
        operations: operations.collect(),
    }
}

impl Primitive {
    /// Whether it is a fencing device.
    pub fn is_fence(&self) -> bool {
        self.class == "stonith"
    }

    /// `ocf:lustre:Lustre`, `stonith:fence_ipmilan`.
    pub fn agent(&self) -> String {
        let parts = [&self.class, &self.provider, &self.kind];
        let parts: Vec<&str> = parts
            .iter()
            .map(|part| part.as_str())
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(":")
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// How long an operation may take.
    pub fn limit(&self, name: &str) -> Duration {
        let mut all = self.operations.iter();
        let found = all.find(|(known, ..)| known == name);
        let found = found.and_then(|(_, _, limit)| *limit);
        found.unwrap_or(Duration::from_secs(20))
    }

    /// How often it is looked at.
    pub fn monitored(&self) -> Option<Duration> {
        let mut all = self.operations.iter();
        let found = all.find(|(name, every, _)| name == "monitor" && !every.is_zero());
        found.map(|(_, every, _)| *every)
    }

    /// Whether its fencing device fences a node.
    pub fn can_fence(&self, node: &str) -> bool {
        let list = self.parameter("pcmk_host_list");
        self.is_fence() && list.split([' ', ',', ';']).any(|one| one == node)
    }
}
