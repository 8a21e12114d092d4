//! The parts of a status text beside its resources: summary, nodes,
//! attributes, operations, failures, fencing, tickets, bans, services.

use super::crm_mon::{Ban, Failure, Fenced, Node};
use super::status::{FenceLevel, History, Operation, Reader, Service, Ticket};

/// A line of the summary.
pub(crate) fn summary(reader: &mut Reader, text: &str) -> bool {
    let status = &mut reader.status;
    let some = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
    if let Some((name, value)) = text.split_once(':') {
        match name {
            "Cluster name" => status.cluster_name = some(value),
            "Stack" => {
                status.stack = some(value.split(" (Pacemaker").next().unwrap_or(value));
            }
            "Current DC" => controller(reader, value.trim()),
            "Version" => status.cluster.version = some(value),
            "Last updated" => {
                let (updated, changed) = value.split_once("Last change:").unwrap_or((value, ""));
                status.updated = some(updated);
                status.changed = some(changed).or(status.changed.take());
            }
            "Last change" => status.changed = some(value),
            "Cluster Name"
            | "Status of pacemakerd"
            | "No quorum policy"
            | "Resource management"
            | "Cluster options" => {}
            _ if is_fencing_option(name) => {
                status.cluster.fencing_enabled = Some(value.contains("enabled"));
            }
            _ => return counts(reader, text),
        }
        return true;
    }
    if is_fencing_option(text) {
        status.cluster.fencing_enabled = Some(!text.contains("disabled"));
        return true;
    }
    if text.starts_with("Cluster is ") {
        return true;
    }
    counts(reader, text)
}

fn is_fencing_option(text: &str) -> bool {
    text.starts_with("STONITH of failed nodes") || text.starts_with("Fencing of failed nodes")
}

/// `oss1 (1) (version 2.1.5) - partition with quorum`, `NONE`.
fn controller(reader: &mut Reader, text: &str) {
    let cluster = &mut reader.status.cluster;
    let name = text.split_whitespace().next().unwrap_or_default();
    cluster.dc = Some(name.to_owned()).filter(|name| !name.is_empty() && name != "NONE");
    let version = text
        .split_once("(version ")
        .and_then(|(_, rest)| rest.split_once(')'));
    if let Some((version, _)) = version {
        cluster.version = Some(version.to_owned());
    }
    let text = text.to_ascii_lowercase();
    if text.contains("without quorum") {
        cluster.has_quorum = Some(false);
    } else if text.contains("with quorum") {
        cluster.has_quorum = Some(true);
    }
}

/// `3 nodes and 112 resources configured`, `2 Nodes configured, 2 expected votes`,
/// `4 of 32 resource instances DISABLED and 0 BLOCKED from further action due to failure`.
fn counts(reader: &mut Reader, text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_count = text.contains("configured") || text.contains("BLOCKED from further action");
    if !is_count
        || words
            .first()
            .is_none_or(|word| word.parse::<u64>().is_err())
    {
        return false;
    }
    for pair in words.windows(2) {
        let [number, noun] = pair else { continue };
        let Ok(number) = number.parse() else { continue };
        let noun = noun.to_ascii_lowercase();
        if noun.starts_with("node") {
            reader.status.n_nodes = Some(number);
        } else if noun.starts_with("resource") {
            reader.status.n_resources = Some(number);
        }
    }
    true
}

/// A line about nodes: `Online: [ a b ]`, `Node a: standby`.
pub(crate) fn nodes(reader: &mut Reader, text: &str) -> bool {
    let Some((head, rest)) = text
        .split_once(": ")
        .or_else(|| text.strip_suffix(':').map(|head| (head, "")))
    else {
        return false;
    };
    if let Some(status) = list_status(head) {
        let names = rest
            .trim()
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let Some(names) = names else { return false };
        for word in names.split_whitespace() {
            match word
                .strip_prefix('(')
                .and_then(|word| word.strip_suffix(')'))
            {
                // `a (1)`: the id of the node before it.
                Some(id) => {
                    if let Some(node) = reader.status.cluster.nodes.last_mut() {
                        id.clone_into(&mut node.id);
                    }
                }
                None => add_node(reader, word, "", status),
            }
        }
        reader.node = None;
        return true;
    }
    let name = ["Node ", "GuestNode ", "RemoteNode ", "Node: "]
        .iter()
        .find_map(|start| text.strip_prefix(start));
    let Some((name, status)) = name.and_then(|name| {
        name.split_once(": ")
            .or_else(|| name.strip_suffix(':').map(|name| (name, "")))
    }) else {
        return false;
    };
    let (name, id) = name_and_id(name);
    let bare = status.trim_end_matches(':').trim();
    add_node(reader, name, id, bare);
    // With a colon after it what the node runs comes next; in 1.1 without.
    reader.is_grouped = text.ends_with(':') && !bare.is_empty();
    reader.was_grouped |= reader.is_grouped;
    reader.node = Some(name.to_owned());
    true
}

/// `Online: a b`, of `pcs status nodes`; a later list says more than an earlier one.
pub(crate) fn node_list(reader: &mut Reader, text: &str) -> bool {
    let Some((head, names)) = text.split_once(':') else {
        return false;
    };
    let status = match head {
        "Online" => "online",
        "Offline" => "OFFLINE",
        "Standby" | "Standby with resource(s) running" => "standby",
        "Maintenance" => "maintenance",
        _ => return false,
    };
    for name in names.split_whitespace() {
        reader.status.cluster.nodes.retain(|node| node.name != name);
        add_node(reader, name, "", status);
    }
    true
}

fn list_status(head: &str) -> Option<&'static str> {
    Some(match head {
        "Online" | "RemoteOnline" | "GuestOnline" | "Containers" => "online",
        "OFFLINE" | "RemoteOFFLINE" | "GuestOFFLINE" => "OFFLINE",
        "Standby" => "standby",
        "Maintenance" => "maintenance",
        "Pending" => "pending",
        _ => return None,
    })
}

/// `oss1 (1)`, `guest-0@oss1`.
fn name_and_id(text: &str) -> (&str, &str) {
    let (name, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let id = rest
        .trim()
        .strip_prefix('(')
        .and_then(|id| id.strip_suffix(')'));
    let name = name.split('@').next().unwrap_or(name);
    (name, id.unwrap_or_default())
}

fn add_node(reader: &mut Reader, name: &str, id: &str, status: &str) {
    let low = status.to_ascii_lowercase();
    let is_lost = low.starts_with("unclean");
    let name = name.split('@').next().unwrap_or(name);
    reader.status.cluster.nodes.push(Node {
        name: name.to_owned(),
        id: id.to_owned(),
        online: if is_lost {
            low.contains("(online)") || low.contains("(pending)")
        } else {
            !low.starts_with("offline") && !low.starts_with("pending")
        },
        standby: low.contains("standby"),
        maintenance: low.contains("maintenance"),
        pending: low.contains("pending"),
        unclean: is_lost,
        is_dc: false,
        attributes: Vec::new(),
    });
}

/// `Node: oss1 (1):` and `Node oss1:`, which begin a node's lines.
fn about_node(reader: &mut Reader, text: &str) -> bool {
    let rest = text
        .strip_prefix("Node: ")
        .or_else(|| text.strip_prefix("Node "));
    let Some(rest) = rest.filter(|rest| rest.ends_with(':')) else {
        return false;
    };
    let (name, _) = name_and_id(rest.trim_end_matches(':'));
    reader.node = Some(name.to_owned());
    true
}

/// `pingd   : 1000   : Connectivity is degraded (Expected=2000)`.
pub(crate) fn attribute(reader: &mut Reader, text: &str) -> bool {
    if about_node(reader, text) {
        return true;
    }
    let (Some((name, value)), Some(of)) = (text.split_once(':'), reader.node.as_ref()) else {
        return false;
    };
    let value = value.split("\t:").next().unwrap_or(value).trim();
    let name = name.trim();
    if name.is_empty() {
        return false;
    }
    let node = reader
        .status
        .cluster
        .nodes
        .iter_mut()
        .find(|node| node.name == *of);
    if let Some(node) = node {
        node.attributes.push((name.to_owned(), value.to_owned()));
    }
    true
}

/// `rsc: migration-threshold=3 fail-count=1 last-failure='…'`, `(12) monitor: interval="10000ms"`.
pub(crate) fn operation(reader: &mut Reader, text: &str) -> bool {
    if about_node(reader, text) {
        return true;
    }
    let histories = &mut reader.status.histories;
    if let Some((call, task)) = text
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        let (Ok(call), Some(history)) = (call.parse(), histories.last_mut()) else {
            return false;
        };
        let (task, details) = task.split_once(':').unwrap_or((task, ""));
        history.operations.push(Operation {
            call,
            task: task.trim().to_owned(),
            details: details.trim().to_owned(),
        });
        return true;
    }
    let (Some((resource, rest)), Some(node)) = (text.split_once(": "), reader.node.as_ref()) else {
        return false;
    };
    let rest = rest.trim_end_matches(':');
    if !rest.contains('=') && !rest.contains("orphan") && !rest.contains("removed") {
        return false;
    }
    let count = setting(rest, "fail-count");
    histories.push(History {
        node: node.clone(),
        resource: resource.to_owned(),
        migration_threshold: setting(rest, "migration-threshold")
            .and_then(|text| text.parse().ok()),
        n_failures: count.map_or(0, |text| match text {
            "INFINITY" => 1_000_000,
            text => text.parse().unwrap_or(0),
        }),
        last_failure: setting(rest, "last-failure").map(str::to_owned),
        operations: Vec::new(),
    });
    true
}

/// The value of `name=value` or `name='a value'`.
pub(crate) fn setting<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.match_indices(name).find(|(at, _)| {
        let before = text.get(..*at).and_then(|text| text.chars().last());
        let after = text.get(at + name.len()..).unwrap_or_default();
        after.starts_with('=') && before.is_none_or(|c| !c.is_alphanumeric() && c != '-')
    });
    let value = text.get(at?.0 + name.len() + 1..)?;
    for quote in ['\'', '"'] {
        if let Some(rest) = value.strip_prefix(quote) {
            return Some(rest.split_once(quote).map_or(rest, |(value, _)| value));
        }
    }
    Some(value.split([' ', ',', ')']).next().unwrap_or(value))
}

/// A failed operation, in the forms of all versions.
pub(crate) fn failure(reader: &mut Reader, text: &str, has_bullet: bool) -> bool {
    let failures = &mut reader.status.cluster.failures;
    // `oss_start_0 (node=a, call=2, rc=1, status=complete): unknown error`, 1.0 and 1.1.
    if let Some((operation, rest)) = text.split_once(" (node=") {
        let reason = rest.split_once("): ").map_or("", |(_, reason)| reason);
        failures.push(Failure {
            operation: operation.trim().to_owned(),
            node: rest.split([',', ')']).next().unwrap_or_default().to_owned(),
            reason: reason.to_owned(),
            changed: None,
        });
        return true;
    }
    let is_first = has_bullet || !text.starts_with("last-rc-change");
    if let (true, Some((operation, rest))) = (is_first, text.split_once(" on ")) {
        let (node, said) = rest.split_once(' ').unwrap_or((rest, ""));
        let exit = setting(said, "exitreason").filter(|reason| !reason.is_empty());
        let first = said
            .strip_prefix('\'')
            .and_then(|said| said.split_once('\''));
        let first = first.map_or(said, |(reason, _)| reason);
        let reason: Vec<&str> = [Some(first), exit].into_iter().flatten().collect();
        failures.push(Failure {
            operation: operation.trim().to_owned(),
            node: node.trim_end_matches([',', ':']).to_owned(),
            reason: reason.join(": "),
            changed: None,
        });
        return true;
    }
    // The rest of the line before.
    !has_bullet && !failures.is_empty() && text.contains('=')
}

/// A line of the history of fencing.
pub(crate) fn fencing(reader: &mut Reader, text: &str, has_bullet: bool) -> bool {
    let events = &mut reader.status.cluster.fenced;
    if let Some(event) = fenced(text) {
        events.push(event);
        return true;
    }
    // The rest of the line before.
    let last = events.last_mut();
    let Some(event) = last.filter(|_| !has_bullet && text.contains('=')) else {
        return false;
    };
    event.completed = event.completed.take().or(when_fenced(text));
    true
}

/// `reboot of oss1 successful: delegate=oss2, client=…, origin=oss2, completed='…'`,
/// `reboot of oss1 by oss2 for stonith_admin.7@oss2 last failed at …`.
pub(crate) fn fenced(text: &str) -> Option<Fenced> {
    let (action, rest) = text.split_once(" of ")?;
    let (target, rest) = rest.split_once([' ', ':']).unwrap_or((rest, ""));
    if action.contains(' ') || target.is_empty() {
        return None;
    }
    // Exit reasons and times may hold any word.
    let head = rest.split([':', '(']).next().unwrap_or(rest);
    let status = head.split_whitespace().find_map(|word| match word {
        "successful" => Some("success"),
        "failed" => Some("failed"),
        "pending" => Some("pending"),
        _ => None,
    });
    Some(Fenced {
        target: target.to_owned(),
        action: action.to_owned(),
        status: status.unwrap_or("pending").to_owned(),
        completed: when_fenced(text),
    })
}

fn when_fenced(text: &str) -> Option<String> {
    let names = ["completed", "last-successful", "last-failed"];
    if let Some(value) = names.iter().find_map(|name| setting(text, name)) {
        return Some(value.to_owned());
    }
    let (_, at) = text.rsplit_once(" at ")?;
    let at = at.split(" (").next().unwrap_or(at).trim();
    at.contains(|c: char| c.is_ascii_digit())
        .then(|| at.to_owned())
}

/// `ticketA: revoked`, `ticketA granted standby last-granted='…'`.
pub(crate) fn ticket(reader: &mut Reader, text: &str) -> bool {
    let (name, rest) = text.split_once([':', '\t', ' ']).unwrap_or((text, ""));
    let known = ["granted", "revoked", "standby"];
    let words = rest.split([' ', '\t', ':', '(', ')', ','].as_slice());
    let state: Vec<&str> = words.filter(|word| known.contains(word)).collect();
    if state.is_empty() {
        return false;
    }
    reader.status.tickets.push(Ticket {
        name: name.to_owned(),
        state: state.join(" "),
        last_granted: setting(rest, "last-granted").map(str::to_owned),
    });
    true
}

/// `id prevents rsc from running on oss1 (1)`.
pub(crate) fn ban(reader: &mut Reader, text: &str) -> bool {
    let Some((id, rest)) = text.split_once("prevents ") else {
        return false;
    };
    let Some((resource, rest)) = rest.split_once(" from running ") else {
        return false;
    };
    let node = rest.rsplit_once("on ").map_or(rest, |(_, node)| node);
    reader.status.cluster.bans.push(Ban {
        id: id.trim().to_owned(),
        resource: resource.to_owned(),
        node: name_and_id(node).0.to_owned(),
        weight: "-INFINITY".to_owned(),
    });
    true
}

/// `corosync: active/enabled`, `a: Online b: Online`, `a (10.0.0.1): Online`.
pub(crate) fn services(reader: &mut Reader, text: &str) -> bool {
    if !text.contains(':') {
        return false;
    }
    let (mut name, mut state): (Option<String>, Vec<&str>) = (None, Vec::new());
    let mut before: Option<&str> = None;
    for word in text.split_whitespace() {
        let Some(bare) = word.strip_suffix(':') else {
            if name.is_none() {
                before = Some(before.unwrap_or(word));
            } else {
                state.push(word);
            }
            continue;
        };
        if let Some(name) = name.take() {
            let state = std::mem::take(&mut state).join(" ");
            reader.status.services.push(Service { name, state });
        }
        name = Some(before.take().unwrap_or(bare).to_owned());
    }
    if let Some(name) = name {
        let state = state.join(" ");
        reader.status.services.push(Service { name, state });
    }
    true
}

/// `Target: oss1`, then `Level 1 - ipmi-oss1,pdu-oss1`.
pub(crate) fn level(reader: &mut Reader, text: &str) -> bool {
    if let Some(target) = text
        .strip_prefix("Target:")
        .or_else(|| text.strip_prefix("Node:"))
    {
        reader.node = Some(target.trim().to_owned());
        return true;
    }
    if text.starts_with("Target (") {
        reader.node = Some(text.trim_end_matches(':').to_owned());
        return true;
    }
    let rest = text.strip_prefix("Level ");
    let Some((level, devices)) = rest.and_then(|rest| rest.split_once([' ', ':'])) else {
        return false;
    };
    let (Ok(level), Some(target)) = (level.parse(), reader.node.clone()) else {
        return false;
    };
    let devices = devices.trim_start_matches(['-', ' ', ':']);
    reader.status.levels.push(FenceLevel {
        target,
        level,
        devices: devices
            .split([',', ' '])
            .filter(|device| !device.is_empty())
            .map(str::to_owned)
            .collect(),
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ha::status;

    #[test]
    fn settings_are_found_whatever_their_quotes() {
        let text = "call=2, status='Done', exitreason='', last-rc-change='Thu Feb 17', exec=3ms";
        assert_eq!(setting(text, "status"), Some("Done"));
        assert_eq!(setting(text, "exitreason"), Some(""));
        assert_eq!(setting(text, "last-rc-change"), Some("Thu Feb 17"));
        assert_eq!(setting(text, "exec"), Some("3ms"));
        assert_eq!(setting(text, "change"), None);
    }

    fn failures(text: &str) -> Vec<String> {
        let whole = format!("Failed Resource Actions:\n{text}");
        let (found, skips) = status::parse(whole.as_bytes());
        assert_eq!(skips, [], "{text}");
        let line = |one: &Failure| format!("{} @ {}: {}", one.operation, one.node, one.reason);
        found.cluster.failures.iter().map(line).collect()
    }

    #[test]
    fn fencing_of_all_versions_is_read() {
        let check = |text: &str, want: &str| {
            let one = fenced(text).expect("an event");
            let at = one.completed.unwrap_or_default();
            assert_eq!(
                format!("{} {} {} {at}", one.action, one.target, one.status),
                want
            );
        };
        check(
            "reboot of a successful: delegate=b, client=stonith_admin.1, origin=b,\n completed='Thu Feb 17'",
            "reboot a success Thu Feb 17",
        );
        check(
            "off of a by b for pacemaker-controld.9@b last failed (No route: x) at 2024-01-02 03:04:05Z",
            "off a failed 2024-01-02 03:04:05Z",
        );
        check(
            "reboot of a pending: client=x, origin=b",
            "reboot a pending ",
        );
        assert_eq!(fenced("a list of things"), None);
    }

    #[test]
    fn failures_of_all_versions_are_read() {
        assert_eq!(
            failures("    fs_monitor_0 (node=a, call=2, rc=5, status=complete): not installed\n"),
            ["fs_monitor_0 @ a: not installed"]
        );
        assert_eq!(
            failures(
                "* st_start_0 on a 'unknown error' (1): call=78, status=Timed Out, exitreason='no route',\n    last-rc-change='Thu Feb 17 16:31:17 2022', queued=0ms, exec=240006ms\n"
            ),
            ["st_start_0 @ a: unknown error: no route"]
        );
        assert_eq!(
            failures(
                "  * d 10s-interval monitor on b returned 'error' at Wed Sep  2 16:17:38 2020 after 33ms\n"
            ),
            ["d 10s-interval monitor @ b: returned 'error' at Wed Sep  2 16:17:38 2020 after 33ms"]
        );
    }

    #[test]
    fn nodes_by_state_are_read() {
        let text = "Corosync Nodes:\n Online: a b\n Offline:\nPacemaker Nodes:\n Online: a\n Standby: b\n Standby with resource(s) running:\n Offline: c\nPacemaker Remote Nodes:\n Online:\n";
        let (found, skips) = status::parse(text.as_bytes());
        assert_eq!(skips, []);
        let nodes = found.cluster.nodes.iter();
        let seen: Vec<_> = nodes
            .map(|one| (one.name.as_str(), one.online, one.standby))
            .collect();
        assert_eq!(
            seen,
            [("a", true, false), ("b", true, true), ("c", false, false)]
        );
    }

    #[test]
    fn services_are_read_several_on_a_line() {
        let text = "PCSD Status:\n  a: Online  b: Offline\n  c (10.0.0.1): Unable to authenticate\n\nDaemon Status:\n  corosync: active/enabled\n";
        let (found, skips) = status::parse(text.as_bytes());
        assert_eq!(skips, []);
        let seen: Vec<_> = found
            .services
            .iter()
            .map(|one| (one.name.as_str(), one.state.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", "Online"),
                ("b", "Offline"),
                ("c", "Unable to authenticate"),
                ("corosync", "active/enabled"),
            ]
        );
    }
}
