//! Resources of a status text: single ones, groups, clones, bundles.

use super::crm_mon::Resource;
use super::status::{AgentCount, Reader};

/// Classes of agents.
const CLASSES: [&str; 9] = [
    "ocf",
    "lsb",
    "systemd",
    "upstart",
    "service",
    "stonith",
    "nagios",
    "heartbeat",
    "fencing",
];

/// Words that say what a resource does; the last but `FAILED` is its role.
const STATES: [&str; 20] = [
    "Started",
    "Stopped",
    "Master",
    "Slave",
    "Promoted",
    "Unpromoted",
    "Starting",
    "Stopping",
    "Promoting",
    "Demoting",
    "Migrating",
    "Monitoring",
    "Active",
    "Unknown",
    "UNKNOWN",
    "FAILED",
    "ORPHANED",
    "REMOVED",
    "Masters",
    "Slaves",
];

/// Groups, clones and bundles that are open, outermost first.
#[derive(Debug, Default)]
pub(crate) struct Within {
    open: Vec<Container>,
}

#[derive(Clone, Debug)]
struct Container {
    indent: usize,
    /// None for a replica of a bundle.
    id: Option<String>,
    /// What a clone is made of.
    child: Option<String>,
    is_managed: bool,
}

impl Within {
    /// Closes all.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    fn close_to(&mut self, indent: usize) {
        while self.open.last().is_some_and(|one| one.indent >= indent) {
            self.open.pop();
        }
    }

    fn id(&self) -> Option<String> {
        self.open.iter().rev().find_map(|one| one.id.clone())
    }
}

/// A line about resources.
pub(crate) fn line(reader: &mut Reader, indent: usize, text: &str) -> bool {
    if let Some(container) = container(indent, text) {
        reader.within.close_to(indent);
        reader.within.open.push(container);
        return true;
    }
    if let Some((name, agent, state)) = split(text) {
        reader.within.close_to(indent);
        single(reader, name, agent, state);
        return true;
    }
    instances(reader, indent, text)
}

/// `Resource Group: g:`, `Clone Set: c [x] (promotable):`, `Replica[0]`.
fn container(indent: usize, text: &str) -> Option<Container> {
    if text.starts_with("Replica[") {
        return Some(Container {
            indent,
            id: None,
            child: None,
            is_managed: true,
        });
    }
    let (kind, rest) = text.split_once(": ")?;
    let is_known = matches!(kind, "Resource Group" | "Clone Set" | "Master/Slave Set")
        || kind.ends_with("ontainer set")
        || kind.ends_with("ontainer bundle set")
        || kind.ends_with("ontainer bundle")
        || kind.ends_with("ontainer");
    if !is_known {
        return None;
    }
    let id = rest.split_whitespace().next()?.trim_end_matches(':');
    let child = rest
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    Some(Container {
        indent,
        id: Some(id.to_owned()),
        child: child.map(|(child, _)| child.trim().to_owned()),
        is_managed: !rest.contains("unmanaged"),
    })
}

/// Name, agent and state of `name (class:provider:type): state`.
pub(crate) fn split(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text.get(from..)?.find('(').map(|at| at + from) {
        let rest = text.get(open + 1..)?;
        let close = rest.find(')')?;
        let agent = rest.get(..close)?;
        let class = agent.split(':').next().unwrap_or_default();
        if CLASSES.contains(&class) && agent.contains(':') && !agent.contains(' ') {
            let state = rest.get(close + 1..)?;
            let state = state.strip_prefix(':').unwrap_or(state);
            let name = text.get(..open)?.trim();
            return (!name.is_empty()).then_some((name, agent, state.trim()));
        }
        from = open + 1;
    }
    None
}

/// What the words after a resource's agent say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// `Started`, `Stopped`, `Promoted`; empty if only `FAILED` is printed.
    pub role: String,
    /// `FAILED`.
    pub failed: bool,
    /// Where.
    pub nodes: Vec<String>,
    /// What stands in parentheses.
    pub flags: Vec<String>,
}

/// `FAILED Promoted oss1 (blocked)`, `Started [ oss1 oss2 ]`.
pub(crate) fn state(text: &str) -> State {
    let mut found = State::default();
    let mut rest = String::new();
    let mut inside = None;
    let mut part = String::new();
    for c in text.chars() {
        match (inside, c) {
            (None, '(' | '[') => inside = Some(c),
            (Some('('), ')') => {
                let flags = part.split(',').map(|flag| flag.trim().to_owned());
                found.flags.extend(flags.filter(|flag| !flag.is_empty()));
                part.clear();
                inside = None;
                rest.push(' ');
            }
            (Some('['), ']') => {
                found
                    .nodes
                    .extend(part.split_whitespace().map(str::to_owned));
                part.clear();
                inside = None;
                rest.push(' ');
            }
            (Some(_), c) => part.push(c),
            (None, c) => rest.push(c),
        }
    }
    let mut words = rest.split_whitespace().peekable();
    while let Some(word) = words.next_if(|word| STATES.contains(word)) {
        match word {
            "FAILED" => found.failed = true,
            "ORPHANED" | "REMOVED" => {}
            role => role.clone_into(&mut found.role),
        }
    }
    if found.nodes.is_empty() {
        found.nodes.extend(words.next().map(str::to_owned));
    }
    found
}

fn single(reader: &mut Reader, name: &str, agent: &str, text: &str) {
    let mut said = state(text);
    let group = reader.within.id();
    // Under a node's line, what follows is no other node but a description.
    if let Some(node) = &reader.node
        && (reader.is_grouped || said.nodes.is_empty())
    {
        said.nodes = vec![node.clone()];
    }
    let (active, all) = name.split_once('/').unwrap_or((name, ""));
    if let (Ok(n_active), true) = (active.parse(), said.role == "Active") {
        let node = said.nodes.first().cloned();
        reader.status.counts.push(AgentCount {
            agent: agent.replace("::", ":"),
            n_active,
            n_all: all.parse().ok(),
            node,
            group,
        });
        return;
    }
    // `httpd-bundle-0 (192.168.122.131)`: the address is not part of the name.
    let id = name.split(" (").next().unwrap_or(name).trim();
    let managed = reader.within.open.iter().all(|one| one.is_managed);
    let resource = make(id, group, &said, managed);
    add(
        reader,
        Resource {
            agent: agent.replace("::", ":"),
            ..resource
        },
    );
}

/// Grouped by node, what is partly active is printed once more among the
/// inactive ones, then with the clone or group it is in.
fn add(reader: &mut Reader, resource: Resource) {
    let all = &mut reader.status.cluster.resources;
    let is_repeat = reader.was_grouped && reader.is_inactive && resource.active;
    if is_repeat {
        let known = all.iter_mut().filter(|one| {
            one.group.is_none() && one.id == resource.id && one.nodes == resource.nodes
        });
        for one in known {
            one.group.clone_from(&resource.group);
        }
    } else {
        all.push(resource);
    }
}

fn make(id: &str, group: Option<String>, said: &State, managed: bool) -> Resource {
    let has = |flag: &str| said.flags.iter().any(|one| one.eq_ignore_ascii_case(flag));
    let role = match said.role.as_str() {
        "" if said.nodes.is_empty() => "Stopped",
        "" => "Started",
        "Masters" => "Master",
        "Slaves" => "Slave",
        role => role,
    };
    let active = !matches!(role, "Stopped" | "Unknown");
    Resource {
        id: id.to_owned(),
        group,
        agent: String::new(),
        role: role.to_owned(),
        target_role: has("disabled").then(|| String::from("Stopped")),
        active,
        failed: said.failed,
        // What is blocked is left alone; only one of the two words is printed.
        managed: managed && !has("unmanaged") && !has("blocked"),
        blocked: has("blocked"),
        nodes: if active {
            said.nodes.clone()
        } else {
            Vec::new()
        },
        n_failures: 0,
        failed_on: Vec::new(),
    }
}

/// `Started: [ a b ]` of a clone: one resource for each node.
fn instances(reader: &mut Reader, indent: usize, text: &str) -> bool {
    let Some((words, list)) = text.split_once(':') else {
        return false;
    };
    let said = state(words);
    let list = list.trim();
    let names = list
        .strip_prefix('[')
        .and_then(|list| list.strip_suffix(']'));
    let (Some(names), false) = (names, said.role.is_empty() && !said.failed) else {
        return false;
    };
    reader.within.close_to(indent);
    let Some(clone) = reader.within.open.last().cloned() else {
        return false;
    };
    let (Some(clone_id), managed) = (clone.id, clone.is_managed) else {
        return false;
    };
    let child = clone.child.unwrap_or_else(|| clone_id.clone());
    for name in names
        .split_whitespace()
        .filter(|name| !name.starts_with('('))
    {
        let one = State {
            nodes: vec![name.to_owned()],
            ..said.clone()
        };
        let resource = make(&child, Some(clone_id.clone()), &one, managed);
        add(reader, resource);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        let found = state(text);
        let failed = if found.failed { "!" } else { "" };
        let seen = format!(
            "{failed}{} {} {}",
            found.role,
            found.nodes.join(","),
            found.flags.join(",")
        );
        assert_eq!(seen.trim(), want, "{text:?}");
    }

    #[test]
    fn states_are_told_from_nodes_and_flags() {
        check("Started oss1", "Started oss1");
        check("Stopped (disabled)", "Stopped  disabled");
        check(
            "FAILED Master oss1 (blocked, unmanaged)",
            "!Master oss1 blocked,unmanaged",
        );
        check("Started[ a b ]", "Started a,b");
        check("FAILED [ a b ] (blocked)", "! a,b blocked");
        check("ORPHANED FAILED a (Monitoring)", "! a Monitoring");
        check("Started (Monitoring) a", "Started a Monitoring");
        check("", "");
    }

    #[test]
    fn an_agent_is_told_from_an_address() {
        assert_eq!(
            split("b-0 (fe80::1)\t(ocf:heartbeat:apache):\t Started a"),
            Some(("b-0 (fe80::1)", "ocf:heartbeat:apache", "Started a"))
        );
        assert_eq!(
            split("lsb_dummy\t(lsb:/usr/lib/x):\t Stopped"),
            Some(("lsb_dummy", "lsb:/usr/lib/x", "Stopped"))
        );
        assert_eq!(split("Current DC: a (1) (version x:y)"), None);
        assert_eq!(split("(ocf:"), None);
    }
}
