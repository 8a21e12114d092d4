//! The short answers of Pacemaker's tools: `crm_resource`, `crm_node`,
//! `crmadmin`, `crm_attribute`, `attrd_updater`, `crm_ticket`, `stonith_admin`.
//! Answers that are a bare word or number are not told from other text.

use super::crm_mon::Fenced;
use super::lines::{self, Line};
use super::status::{self, Ticket};
use super::{status_parts, status_resource};
use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

/// The reader of the tools' answers.
pub static KIND: Kind = Kind {
    name: "pacemaker-tools",
    about: "crm_resource, crm_node -l, crmadmin, crm_attribute, crm_ticket, stonith_admin",
    guess,
    read,
};

/// What the tools answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Nodes that were listed.
    pub members: Vec<Member>,
    /// Where resources run.
    pub places: Vec<Place>,
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// Operations that were run.
    pub operations: Vec<Ran>,
    /// What a resource's place depends on.
    pub relations: Vec<Relation>,
    /// Fencing that was done.
    pub fenced: Vec<Fenced>,
    /// Fence devices.
    pub devices: Vec<String>,
    /// Tickets.
    pub tickets: Vec<Ticket>,
    /// States of daemons: what, and what it said.
    pub states: Vec<State>,
}

/// A node that was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Id.
    pub id: String,
    /// `cluster`, `guest`, `remote`, `member`, `lost`.
    pub kind: String,
}

/// Where a resource runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Resource.
    pub resource: String,
    /// Node; none if it is not running.
    pub node: Option<String>,
    /// `Promoted`, `Master`.
    pub role: Option<String>,
}

/// An attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// `nodes`, `status`, `crm_config`; the set for a resource's.
    pub scope: String,
    /// Name.
    pub name: String,
    /// Value; none if it was deleted.
    pub value: Option<String>,
    /// Node or resource.
    pub of: Option<String>,
}

/// An operation that was run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// Resource.
    pub resource: String,
    /// `ocf:lustre:Lustre`.
    pub agent: String,
    /// `r_monitor_10000`.
    pub operation: String,
    /// Node.
    pub node: String,
    /// Number of the call.
    pub call: Option<i64>,
    /// Exit status.
    pub exit_status: Option<i64>,
    /// `complete`, `Done`, `Timed Out`.
    pub status: String,
}

/// What a resource's place depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Relation {
    /// `location`, `colocation`.
    pub kind: String,
    /// Resource.
    pub resource: String,
    /// Node, or the other resource.
    pub with: String,
    /// Score.
    pub score: String,
    /// Id of the constraint.
    pub id: String,
}

/// What a daemon said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// `pacemakerd`, `controller`, `cluster`.
    pub what: String,
    /// Node, where told.
    pub node: Option<String>,
    /// What it said.
    pub state: String,
}

/// Reads every answer that is known.
pub fn parse(input: &[u8]) -> (Answers, Vec<Skip>) {
    let (mut found, mut skips) = (Answers::default(), Vec::new());
    let (mut names, mut heading): (Vec<Line<'_>>, String) = (Vec::new(), String::new());
    for line in lines::read(input, &mut skips) {
        let (text, _) = status::unbullet(line.text.trim());
        if text.is_empty() {
            continue;
        }
        if text.ends_with(" found") && text.contains("fence device")
            || text.ends_with("devices found")
        {
            // A list of bare names stands before its count.
            found
                .devices
                .extend(names.drain(..).map(|name| name.text.trim().to_owned()));
        } else if !answer(text, &mut heading, &mut found) {
            if lines::is_error(text) || text.contains("\terror:") {
                skips.push(line.skip(SkipKind::ErrorText, "the tool says"));
            } else if text.contains(char::is_whitespace) {
                skips.push(line.bad("no answer of a tool of Pacemaker"));
            } else {
                names.push(line);
            }
        }
    }
    skips.extend(
        names
            .iter()
            .map(|line| line.bad("no answer of a tool of Pacemaker")),
    );
    (found, skips)
}

fn answer(text: &str, heading: &mut String, found: &mut Answers) -> bool {
    if is_note(text) {
        return true;
    }
    if text.ends_with(':') && (text.contains("colocated with") || text.starts_with("Locations")) {
        text.trim_end_matches(':').clone_into(heading);
        return true;
    }
    if let Some(one) = ran(text) {
        found.operations.push(one);
    } else if let Some(one) = place(text) {
        found.places.push(one);
    } else if let Some(one) = attribute(text) {
        found.attributes.push(one);
    } else if let Some(one) = relation(text, heading) {
        found.relations.push(one);
    } else if let Some(one) = state(text) {
        found.states.push(one);
    } else if let Some(one) = member(text) {
        found.members.push(one);
    } else if let Some(one) = ticket(text) {
        found.tickets.push(one);
    } else if let Some(one) = event(text) {
        found.fenced.push(one);
    } else {
        return false;
    }
    true
}

/// Sentences that tell what the tool does, and no fact.
fn is_note(text: &str) -> bool {
    const NOTES: [&str; 6] = [
        "Waiting for ",
        "Cleaned up ",
        "No fence devices found",
        "Migration will take effect",
        "Deleted ",
        "Removing constraint",
    ];
    let is_deletion = text.starts_with("Deleted ") && text.contains("name=");
    (NOTES.iter().any(|note| text.starts_with(note)) && !is_deletion)
        || text.ends_with("events found")
        || text.ends_with("event found")
}

/// `r (ocf:lustre:Lustre): Started: r_monitor_10000 (node=a, call=7, rc=0, exec=1ms): complete`.
fn ran(text: &str) -> Option<Ran> {
    let (resource, agent, rest) = status_resource::split(text)?;
    let (head, rest) = rest.split_once(" (node=")?;
    let operation = head.split_whitespace().last()?;
    let (settings, status) = rest.rsplit_once("): ")?;
    let number = |name: &str| {
        let value = status_parts::setting(settings, name)?;
        value.parse::<i64>().ok()
    };
    Some(Ran {
        resource: resource.to_owned(),
        agent: agent.replace("::", ":"),
        operation: operation.to_owned(),
        node: settings.split(',').next()?.to_owned(),
        call: number("call"),
        exit_status: number("rc"),
        status: status.trim().to_owned(),
    })
}

/// `resource r is running on: a Promoted`, `resource r is NOT running`.
fn place(text: &str) -> Option<Place> {
    let rest = text
        .strip_prefix("resource ")
        .or(text.strip_prefix("Resource "))?;
    let (resource, rest) = rest.split_once(" is ")?;
    if rest.starts_with("NOT running") || rest.starts_with("not running") {
        return Some(Place {
            resource: resource.to_owned(),
            ..Place::default()
        });
    }
    let rest = rest.strip_prefix("running on")?;
    let rest = rest.trim_start_matches([':', ' ']);
    let mut words = rest.trim_start_matches("host ").split_whitespace();
    Some(Place {
        resource: resource.to_owned(),
        node: Some(words.next()?.to_owned()),
        role: words.next().map(str::to_owned),
    })
}

/// `scope=status name=n value=v`, `name="n" host="a" value="v"`, `Set 'r' option: … name=n value=v`.
fn attribute(text: &str) -> Option<Attribute> {
    let setting = |name: &str| status_parts::setting(text, name).map(str::to_owned);
    let is_change = (text.starts_with("Set '") || text.starts_with("Deleted "))
        && (text.contains(" option: ") || text.contains(" attribute: "));
    if !is_change && !text.starts_with("scope=") && !text.starts_with("name=") {
        return None;
    }
    let of = text
        .split_once('\'')
        .and_then(|(_, rest)| rest.split_once('\''))
        .filter(|_| is_change);
    let whole_value = || {
        let (_, value) = text.split_once("value=")?;
        Some(value.trim_matches('"').to_owned())
    };
    let value = if text.starts_with("Deleted ") {
        None
    } else {
        // The last on its line; it may hold blanks.
        whole_value().filter(|value| value != "(null)")
    };
    let scope = setting("scope").or(setting("set"));
    Some(Attribute {
        scope: scope.unwrap_or_default(),
        name: setting("name")?,
        value,
        of: of.map(|(of, _)| of.to_owned()).or(setting("host")),
    })
}

/// `Node a (score=INFINITY, id=l, rsc=r)`, `r (score=INFINITY, id=c)`.
fn relation(text: &str, heading: &str) -> Option<Relation> {
    let bare = text.trim_start_matches(": ");
    // Without a score where the tool saw a loop: `r (id=c - loop)`.
    let (with, rest) = bare.split_once(" (score=").or_else(|| {
        bare.split_once(" (id=")
            .filter(|_| bare.ends_with("- loop)"))
    })?;
    let rest = bare.get(with.len()..).unwrap_or(rest);
    let settings = rest
        .trim_matches([' ', '(', ')'])
        .trim_end_matches(" - loop");
    let setting = |name: &str| {
        let value = status_parts::setting(settings, name);
        value.unwrap_or_default().to_owned()
    };
    let (kind, with) = match with.strip_prefix("Node ") {
        Some(node) => ("location", node),
        None => ("colocation", with),
    };
    let mut resource = setting("rsc");
    if resource.is_empty() {
        let heading = heading
            .trim_start_matches("Resources colocated with ")
            .trim_start_matches("Resources ");
        heading
            .trim_end_matches(" is colocated with")
            .clone_into(&mut resource);
    }
    Some(Relation {
        kind: kind.to_owned(),
        resource,
        with: with.trim().to_owned(),
        score: setting("score"),
        id: setting("id"),
    })
}

/// `Controller on a in state S_IDLE: ok`, `Status of pacemakerd: 'Pacemaker is running' (…)`,
/// `Designated Controller is: a`, `CLUSTER OK: 2 nodes online, …`.
fn state(text: &str) -> Option<State> {
    let some = |what: &str, node: Option<&str>, state: &str| {
        Some(State {
            what: what.to_owned(),
            node: node.map(|node| node.trim().to_owned()),
            state: state.trim().trim_matches('\'').to_owned(),
        })
    };
    if let Some(rest) = text.strip_prefix("Controller on ") {
        let (node, state) = rest.split_once(" in state ")?;
        return some("controller", Some(node), state);
    }
    if let Some(rest) = text.strip_prefix("Designated Controller is:") {
        let node = rest.split_whitespace().next()?;
        return some("dc", Some(node), "");
    }
    if let Some(rest) = text.strip_prefix("Status of ") {
        let (what, state) = rest.split_once(": ")?;
        let state = state.split(" (last updated").next().unwrap_or(state);
        let (what, node) = what
            .split_once('@')
            .map_or((what, None), |(what, node)| (what, Some(node)));
        return some(what, node, state);
    }
    let rest = text.strip_prefix("CLUSTER ")?;
    let (level, _) = rest.split_once(": ")?;
    let is_level = matches!(level, "OK" | "WARN" | "CRITICAL");
    is_level.then(|| some("cluster", None, rest)).flatten()
}

/// `cluster node: a (1)`, `1 a member`.
fn member(text: &str) -> Option<Member> {
    if let Some((kind, rest)) = text.split_once(" node: ") {
        let (name, id) = rest.split_once(" (").unwrap_or((rest, ""));
        let is_kind = matches!(kind, "cluster" | "guest" | "remote" | "member" | "normal");
        return is_kind.then(|| Member {
            name: name.to_owned(),
            id: id.trim_end_matches(')').to_owned(),
            kind: kind.to_owned(),
        });
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let [id, name, kind] = words.as_slice() else {
        return None;
    };
    let is_member = id.parse::<u32>().is_ok() && matches!(*kind, "member" | "lost");
    is_member.then(|| Member {
        name: (*name).to_owned(),
        id: (*id).to_owned(),
        kind: (*kind).to_owned(),
    })
}

/// `ticketA revoked (standby=false)`.
fn ticket(text: &str) -> Option<Ticket> {
    let (name, rest) = text.split_once(char::is_whitespace)?;
    let state = rest.split([' ', '\t', '(']).find(|word| !word.is_empty())?;
    if !matches!(state, "granted" | "revoked") {
        return None;
    }
    let is_standby = status_parts::setting(rest, "standby") == Some("true");
    Some(Ticket {
        name: name.to_owned(),
        state: if is_standby {
            format!("{state} standby")
        } else {
            state.to_owned()
        },
        last_granted: status_parts::setting(rest, "last-granted").map(str::to_owned),
    })
}

/// `reboot of a successful: …`; of 1.1, `b was able to reboot node a on behalf of …`.
fn event(text: &str) -> Option<Fenced> {
    let failed = text
        .split_once(" failed to ")
        .or(text.split_once(" was unable to "));
    let old = text.split_once(" was able to ").or(failed);
    if let Some((_, rest)) = old {
        let (action, rest) = rest.split_once(" node ")?;
        let (target, rest) = rest.split_once(" on behalf of ")?;
        let at = rest.rsplit_once(" at ").map(|(_, at)| at.to_owned());
        return Some(Fenced {
            target: target.to_owned(),
            action: action.to_owned(),
            status: if failed.is_some() {
                "failed"
            } else {
                "success"
            }
            .to_owned(),
            completed: at,
        });
    }
    let is_told = text.contains("client=") || text.contains(" for ") && text.contains('@');
    status_parts::fenced(text).filter(|_| is_told)
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.contains('<') && text.contains("/>") {
        return 0;
    }
    let (found, skips) = parse(text.as_bytes());
    let strong = found.places.len()
        + found.attributes.len()
        + found.operations.len()
        + found.relations.len()
        + found.fenced.len()
        + found.tickets.len()
        + found.states.len()
        + found.devices.len()
        + found.members.len();
    let n_bad = skips
        .iter()
        .filter(|skip| skip.kind != SkipKind::ErrorText)
        .count();
    // `0 events found`: there is nothing, and the tool says so.
    let is_none = |line: &str| line.trim().ends_with(" found") && line.trim().starts_with("0 ");
    match (strong, n_bad) {
        (0, 0) if text.lines().any(is_none) => 60,
        (1.., 0) => 85,
        (2.., n_bad) if n_bad * 4 < strong => 70,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (found, skips) = parse(input);
    lines::emit("ha.member", &found.members, sink);
    lines::emit("ha.place", &found.places, sink);
    lines::emit("ha.attribute", &found.attributes, sink);
    lines::emit("ha.operation", &found.operations, sink);
    lines::emit("ha.relation", &found.relations, sink);
    lines::emit("ha.fenced", &found.fenced, sink);
    for name in &found.devices {
        sink.record("ha.fence_device", &|| serde_json::json!({"name": name}));
    }
    lines::emit("ha.ticket", &found.tickets, sink);
    lines::emit("ha.state", &found.states, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    fn check(text: &str, want: &str) {
        let mut sink = Collected::with_records();
        read(text.as_bytes(), &mut sink);
        assert_eq!(sink.skips, [], "{text}");
        let all = sink.records.iter().flat_map(|(family, all)| {
            all.iter().map(move |one| {
                let values = one.as_object().into_iter().flatten();
                let mut values: Vec<_> = values
                    .filter(|(_, value)| !value.is_null() && *value != "")
                    .map(|(name, value)| {
                        format!(
                            "{name}={}",
                            value.as_str().map_or(value.to_string(), str::to_owned)
                        )
                    })
                    .collect();
                values.sort();
                format!("{family} {}", values.join(" "))
            })
        });
        assert_eq!(all.collect::<Vec<_>>().join("; "), want, "{text}");
        assert_eq!(
            guess(Sample {
                name: "",
                head: text.as_bytes()
            }),
            85
        );
    }

    #[test]
    fn places_and_operations_are_read() {
        check(
            "resource r is running on: a Promoted\nresource s is NOT running\n",
            "ha.place node=a resource=r role=Promoted; ha.place resource=s",
        );
        check(
            "r\t(ocf::lustre:Lustre):\t Started: r_monitor_10000 (node=a, call=12, rc=0, last-rc-change='Fri May  8 15:21:05 2020', exec=1ms): complete",
            "ha.operation agent=ocf:lustre:Lustre call=12 exit_status=0 node=a operation=r_monitor_10000 resource=r status=complete",
        );
    }

    #[test]
    fn attributes_tickets_and_relations_are_read() {
        check(
            "scope=status  name=fail-count-r value=3\nname=\"pingd\" host=\"a\" value=\"1000\"\n",
            "ha.attribute name=fail-count-r scope=status value=3; ha.attribute name=pingd of=a value=1000",
        );
        check(
            "Set 'r' option: id=r-m set=r-meta name=target-role value=Stopped",
            "ha.attribute name=target-role of=r scope=r-meta value=Stopped",
        );
        check(
            "t\trevoked\t(standby=true)",
            "ha.ticket name=t state=revoked standby",
        );
        check(
            "Locations:\n  * Node a (score=INFINITY, id=l, rsc=r)\nResources r is colocated with:\n  * s (score=-1, id=c)\n",
            "ha.relation id=l kind=location resource=r score=INFINITY with=a; ha.relation id=c kind=colocation resource=r score=-1 with=s",
        );
    }

    #[test]
    fn nodes_states_and_fencing_are_read() {
        check(
            "cluster node: a (1)\n2 b lost\n",
            "ha.member id=1 kind=cluster name=a; ha.member id=2 kind=lost name=b",
        );
        check(
            "Controller on a in state S_IDLE: ok\nCLUSTER OK: 2 nodes online, 5 resource instances configured\n",
            "ha.state node=a state=S_IDLE: ok what=controller; ha.state state=OK: 2 nodes online, 5 resource instances configured what=cluster",
        );
        check(
            "b was able to reboot node a on behalf of stonith_admin.9 from b at Thu Jan  1\n",
            "ha.fenced action=reboot completed=Thu Jan  1 status=success target=a",
        );
        check(
            " st1\n st2\n2 fence devices found\n",
            "ha.fence_device name=st1; ha.fence_device name=st2",
        );
    }

    #[test]
    fn other_text_is_not_taken() {
        for text in ["", "a\nb\n", "the state of things: fine\n", "1 2 3\n"] {
            assert_eq!(
                guess(Sample {
                    name: "",
                    head: text.as_bytes()
                }),
                0,
                "{text}"
            );
        }
    }
}
