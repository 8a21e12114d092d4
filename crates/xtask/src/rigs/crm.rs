//! What `crm_mon` and `cibadmin` print as XML, read apart from the product's own
//! readers, which it is to check.

use std::collections::{BTreeMap, BTreeSet};

/// An element's start: its name and attributes, and what is around it.
#[derive(Clone, Debug, Default)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub of: BTreeMap<String, String>,
    /// Names of the elements around it, outermost first.
    pub path: Vec<String>,
    /// The `id` of the nearest element around it that has one.
    pub owner: String,
}

impl Element {
    /// An attribute, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.of.get(name).map_or("", String::as_str)
    }
}

/// All elements of a document, in order.
pub fn elements(xml: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut around: Vec<(String, String)> = Vec::new();
    for piece in xml.split('<').skip(1) {
        let Some((tag, _)) = piece.split_once('>') else {
            continue;
        };
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if tag.starts_with('/') {
            around.pop();
            continue;
        }
        let (tag, is_single) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let of = attributes(rest);
        let id = of.get("id").cloned().unwrap_or_default();
        let owner = around.iter().rev().find(|(_, id)| !id.is_empty());
        found.push(Element {
            name: name.to_owned(),
            of,
            path: around.iter().map(|(name, _)| name.clone()).collect(),
            owner: owner.map(|(_, id)| id.clone()).unwrap_or_default(),
        });
        if !is_single {
            around.push((name.to_owned(), id));
        }
    }
    found
}

fn attributes(mut rest: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let Some((value, after)) = after.split_once('"') else {
            break;
        };
        let value = value.replace("&quot;", "\"").replace("&amp;", "&");
        found.insert(name.trim().to_owned(), value);
        rest = after;
    }
    found
}

/// How a cluster stands, as `crm_mon` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The controller.
    pub dc: String,
    /// Whether it has quorum.
    pub has_quorum: bool,
    /// Nodes that are online, and whether each is in standby.
    pub online: BTreeMap<String, bool>,
    /// All nodes.
    pub nodes: BTreeSet<String>,
    /// Resources with role and nodes, fencing devices too.
    pub resources: BTreeMap<String, (String, BTreeSet<String>)>,
    /// Those of them that fence.
    pub fences: BTreeSet<String>,
}

/// Reads `crm_mon --output-as=xml`.
pub fn state(xml: &str) -> State {
    let mut state = State::default();
    for one in elements(xml) {
        let is_true = |name: &str| one.get(name) == "true";
        let parent = one.path.last().map_or("", String::as_str);
        match (one.name.as_str(), parent) {
            ("current_dc", _) => {
                one.get("name").clone_into(&mut state.dc);
                state.has_quorum = is_true("with_quorum");
            }
            ("node", "nodes") => {
                state.nodes.insert(one.get("name").to_owned());
                if is_true("online") && !is_true("unclean") && !is_true("pending") {
                    let standby = is_true("standby");
                    state.online.insert(one.get("name").to_owned(), standby);
                }
            }
            ("resource", _) => {
                let id = one.get("id").to_owned();
                if one.get("resource_agent").starts_with("stonith:") {
                    state.fences.insert(id.clone());
                }
                let role = one.get("role").to_owned();
                state.resources.insert(id, (role, BTreeSet::new()));
            }
            ("node", "resource") => {
                if let Some((_, nodes)) = state.resources.get_mut(&one.owner) {
                    nodes.insert(one.get("name").to_owned());
                }
            }
            _ => {}
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crm_mon_prints_is_read() {
        let read = state(
            r#"<?xml version="1.0"?><pacemaker-result><summary><current_dc present="true" name="h1" with_quorum="true"/></summary>
<nodes><node name="h1" online="true" standby="false" unclean="false" pending="false"/><node name="h2" online="false"/></nodes>
<resources><resource id="fence-h1" resource_agent="stonith:fence_ipmilan" role="Started"><node name="h2" id="2"/></resource>
<resource id="x" resource_agent="ocf:lustre:Lustre" role="Stopped"/></resources></pacemaker-result>"#,
        );
        assert_eq!((read.dc.as_str(), read.has_quorum), ("h1", true));
        assert_eq!(
            read.online.into_iter().collect::<Vec<_>>(),
            [("h1".to_owned(), false)]
        );
        assert_eq!(read.nodes.len(), 2);
        let (role, nodes) = &read.resources["fence-h1"];
        assert_eq!((role.as_str(), nodes.contains("h2")), ("Started", true));
        assert_eq!(read.fences.len(), 1);
        assert!(read.resources["x"].1.is_empty());
    }
}
