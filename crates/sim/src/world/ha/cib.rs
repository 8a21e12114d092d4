//! The CIB: an XML tree with a version, as each node keeps it on its disk.

use platform::ha::xml::{Element, parse};

/// Where a node keeps it.
pub const PATH: &str = "/var/lib/pacemaker/cib/cib.xml";
/// A score without bound.
pub const INFINITY: i64 = 1_000_000;

/// A CIB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cib {
    /// The element `cib`.
    pub root: Element,
}

/// An element.
pub fn element(name: &str, attributes: &[(&str, &str)]) -> Element {
    let pairs = attributes.iter();
    Element {
        name: name.to_owned(),
        attributes: pairs
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        ..Element::default()
    }
}

/// Sets an attribute of an element.
pub fn set(element: &mut Element, name: &str, value: &str) {
    match element
        .attributes
        .iter_mut()
        .find(|(known, _)| known == name)
    {
        Some((_, old)) => value.clone_into(old),
        None => element.attributes.push((name.to_owned(), value.to_owned())),
    }
}

impl Default for Cib {
    fn default() -> Self {
        let mut configuration = element("configuration", &[]);
        for section in ["crm_config", "nodes", "resources", "constraints"] {
            configuration.children.push(element(section, &[]));
        }
        let about = [
            ("crm_feature_set", "3.16.1"),
            ("validate-with", "pacemaker-3.9"),
            ("epoch", "0"),
            ("num_updates", "0"),
            ("admin_epoch", "0"),
        ];
        let mut root = element("cib", &about);
        root.children = vec![configuration, element("status", &[])];
        Self { root }
    }
}

impl Cib {
    /// From a node's disk; a new one where nothing readable is.
    pub fn read(bytes: Option<&Vec<u8>>) -> Self {
        let root = bytes.and_then(|bytes| parse(bytes).0);
        let root = root.filter(|root| root.child("configuration").is_some());
        root.map_or_else(Self::default, |root| Self { root })
    }

    /// Which of two is newer.
    pub fn version(&self) -> (u64, u64, u64) {
        let number = |name: &str| self.root.text(name).parse().unwrap_or(0);
        (
            number("admin_epoch"),
            number("epoch"),
            number("num_updates"),
        )
    }

    /// It was changed: when, by which program, on which node.
    pub fn touch(&mut self, at: &str, client: &str, node: &str) {
        let epoch = self.version().1 + 1;
        set(&mut self.root, "epoch", &epoch.to_string());
        set(&mut self.root, "num_updates", "0");
        set(&mut self.root, "cib-last-written", at);
        set(&mut self.root, "update-origin", node);
        set(&mut self.root, "update-client", client);
        set(&mut self.root, "update-user", "root");
    }

    /// A section of the configuration.
    pub fn section(&self, name: &str) -> Option<&Element> {
        self.root.child("configuration")?.child(name)
    }

    /// The same, to change it; it is made if it is not there.
    pub fn section_mut(&mut self, name: &str) -> &mut Element {
        let configuration = child_mut(&mut self.root, "configuration", "");
        child_mut(configuration, name, "")
    }

    /// Sets a property of the cluster. Whether it was another.
    pub fn set_property(&mut self, name: &str, value: &str) -> bool {
        let config = self.section_mut("crm_config");
        let set = child_mut(config, "cluster_property_set", "cib-bootstrap-options");
        set_pair(set, name, value)
    }

    /// Sets a default of resources.
    pub fn set_default(&mut self, name: &str, value: &str) -> bool {
        let defaults = self.section_mut("rsc_defaults");
        let set = child_mut(defaults, "meta_attributes", "rsc_defaults-options");
        set_pair(set, name, value)
    }

    /// Sets an attribute of a node. None: no such node.
    pub fn set_node(&mut self, node: &str, name: &str, value: &str) -> Option<bool> {
        let nodes = self.section_mut("nodes");
        let mut all = nodes.children.iter_mut();
        let node = all.find(|one| one.get("uname") == Some(node))?;
        let set = format!("nodes-{}", node.text("id"));
        Some(set_pair(
            child_mut(node, "instance_attributes", &set),
            name,
            value,
        ))
    }

    /// The text of it, indented.
    pub fn text(&self) -> String {
        let mut out = String::new();
        write(&self.root, 0, &mut out);
        out
    }
}

/// A child of this name, and of this id if it must be made.
pub fn child_mut<'a>(of: &'a mut Element, name: &str, id: &str) -> &'a mut Element {
    let place = of.children.iter().position(|child| child.name == name);
    let place = place.unwrap_or_else(|| {
        let attributes = [("id", id)];
        let attributes = if id.is_empty() {
            &[][..]
        } else {
            &attributes[..]
        };
        of.children.push(element(name, attributes));
        of.children.len() - 1
    });
    &mut of.children[place]
}

/// Sets a pair of a set. Whether it was another.
pub fn set_pair(of: &mut Element, name: &str, value: &str) -> bool {
    let id = format!("{}-{name}", of.text("id"));
    let mut all = of.children.iter_mut();
    match all.find(|pair| pair.get("name") == Some(name)) {
        Some(pair) if pair.get("value") == Some(value) => false,
        Some(pair) => {
            set(pair, "value", value);
            true
        }
        None => {
            let pair = [("id", id.as_str()), ("name", name), ("value", value)];
            of.children.push(element("nvpair", &pair));
            true
        }
    }
}

/// Appends an element, indented.
pub fn write(one: &Element, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}<{}", one.name));
    for (name, value) in &one.attributes {
        out.push_str(&format!(" {name}=\"{}\"", escaped(value)));
    }
    if one.children.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for child in &one.children {
        write(child, depth + 1, out);
    }
    out.push_str(&format!("{indent}</{}>\n", one.name));
}

/// Text inside an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Whether an id is used at or below an element.
pub fn has_id(at: &Element, id: &str) -> bool {
    at.get("id") == Some(id) || at.children.iter().any(|child| has_id(child, id))
}

/// Removes the first element below that `//name[@a="b"]` means, or all that
/// the last step means. Whether there was one.
pub fn remove(at: &mut Element, xpath: &str) -> bool {
    let Some(wanted) = last_step(xpath) else {
        return false;
    };
    let is_it = |one: &Element| {
        let mut pairs = wanted.1.iter();
        one.name == wanted.0 && pairs.all(|(name, value)| one.get(name) == Some(value.as_str()))
    };
    remove_where(at, &is_it)
}

fn remove_where(at: &mut Element, is_it: &dyn Fn(&Element) -> bool) -> bool {
    if let Some(place) = at.children.iter().position(is_it) {
        at.children.remove(place);
        return true;
    }
    at.children
        .iter_mut()
        .any(|child| remove_where(child, is_it))
}

/// Name and attributes of an XPath's last step.
fn last_step(xpath: &str) -> Option<(String, Vec<(String, String)>)> {
    let (before, rest) = xpath.split_once('[').unwrap_or((xpath, ""));
    let name = before.rsplit('/').next()?.to_owned();
    let mut pairs = Vec::new();
    for part in rest.split(['[', ']']) {
        for test in part.split(" and ") {
            if let Some((name, value)) = test
                .trim()
                .strip_prefix('@')
                .and_then(|t| t.split_once('='))
            {
                pairs.push((name.to_owned(), value.trim_matches(['"', '\'']).to_owned()));
            }
        }
    }
    (!name.is_empty()).then_some((name, pairs))
}
