//! `candela ha`.

use super::{View, concerns, evidence, noun};
use crate::args::{Common, Noun};
use crate::client::{Client, segment};
use crate::output::{
    self, Row, Screen, block, fields, or_dash, sentences, some_or_dash, table_block,
};
use crate::run::server::names;
use anyhow::Result;
use api::ha::{HaCluster, HaTarget};

/// How HA clusters are listed and shown.
pub(crate) const VIEW: View<HaCluster, HaCluster> = View {
    noun: "ha",
    path: "ha-clusters",
    only: None,
    head: &[
        "NAME~",
        "MANAGER",
        "STATE",
        "SERVERS",
        "QUORUM",
        "FENCING",
        "TARGETS",
        "RESOURCES",
        "MEMBERS~",
        "ID",
    ],
    n_columns: 7,
    row,
    order: "name",
    is_named,
    show,
};

/// Lists or shows HA clusters. One is found by its servers' names, too.
pub async fn run(client: &Client, verb: Noun, common: &Common) -> Result<()> {
    match verb {
        Noun::Show { names } => super::print(&named(client, &names).await?, common, show),
        list @ Noun::List(_) => noun(client, list, common, &VIEW).await,
    }
}

/// The clusters of these names, each once: an id, a name, or one of its servers.
pub(super) async fn named(client: &Client, names: &[String]) -> Result<Vec<HaCluster>> {
    let all: Vec<HaCluster> = client.list(VIEW.path, &[], None).await?;
    let mut found: Vec<HaCluster> = Vec::new();
    for name in names {
        let those: Vec<&HaCluster> = all.iter().filter(|ha| is_named(ha, name)).collect();
        if those.is_empty() {
            // The manager says it best.
            let path = format!("{}/{}", VIEW.path, segment(name));
            found.push(client.get(&path, &[]).await?);
        }
        for ha in those {
            if !found.contains(ha) {
                found.push(ha.clone());
            }
        }
    }
    Ok(found)
}

/// Shows the targets of a cluster as each of those says that know them.
pub async fn targets(client: &Client, name: &str, common: &Common) -> Result<()> {
    let mut found: Vec<HaTarget> = Vec::new();
    for ha in named(client, &[name.to_owned()]).await? {
        let path = format!("{}/{}/targets", VIEW.path, segment(&ha.id));
        found.extend(client.list::<HaTarget>(&path, &[], None).await?);
    }
    if !common.output.is_table() {
        return output::data(common.output, &found);
    }
    if found.is_empty() {
        eprintln!("it has no target");
        return Ok(());
    }
    output::say(sides(&found, Screen::standard()).trim_end())
}

/// What each side says of each target, and then where they disagree.
pub(crate) fn sides(all: &[HaTarget], screen: Screen) -> String {
    let rows = all.iter().map(|one| {
        let resource = one.resource.as_ref();
        let pacemaker = resource.map(|of| {
            let on = stdx::hostlist::fold(&of.nodes);
            format!("{} {on}", of.role.to_lowercase()).trim().to_owned()
        });
        let spec = one.spec.as_ref();
        let spec = spec.map(|spec| format!("{} {}", spec.wanted, spec.home.name));
        vec![
            one.target.name.clone(),
            or_dash(pacemaker.as_ref()),
            some_or_dash(names(&one.mounted_on)),
            or_dash(one.home.as_ref().map(|home| &home.name)),
            or_dash(spec.as_ref()),
            some_or_dash(names(&one.servers)),
        ]
    });
    let head = [
        "TARGET",
        "PACEMAKER~",
        "MOUNTED ON~",
        "HOME",
        "SPEC~",
        "SERVERS~",
    ];
    let mut text = screen.table(&head, rows);
    text.push('\n');
    let say = |one: &HaTarget| {
        let said = concerns(&one.disagreements).into_iter();
        let name = one.target.name.clone();
        said.map(move |text| format!("{name}: {text}"))
    };
    let said: Vec<String> = all.iter().flat_map(say).collect();
    text.push_str(&sentences("They disagree", screen, &said));
    text
}

fn is_named(ha: &HaCluster, name: &str) -> bool {
    let bare = |text: &str| text.replace(' ', "");
    ha.id == name
        || bare(&ha.name) == bare(name)
        || ha.servers.iter().any(|server| server.name == name)
}

fn yes(value: Option<bool>) -> String {
    value
        .map_or("-", |value| if value { "yes" } else { "no" })
        .to_owned()
}

fn row(ha: &HaCluster) -> Row {
    let manager = match ha.manager.as_str() {
        "shared-devices" => "none",
        other => other,
    };
    vec![
        ha.name.clone(),
        manager.to_owned(),
        ha.state.clone(),
        ha.servers.len().to_string(),
        yes(ha.has_quorum),
        yes(ha.fencing_enabled),
        ha.targets.len().to_string(),
        ha.resources.len().to_string(),
        names(&ha.servers),
        ha.id.clone(),
    ]
}

fn show(ha: &HaCluster, screen: Screen) -> String {
    let mut text = fields(&[
        ("HA cluster", ha.name.clone()),
        ("Id", ha.id.clone()),
        ("Manager", ha.manager.clone()),
        ("State", ha.state.clone()),
        ("Servers", names(&ha.servers)),
        (
            "Seen by",
            ha.seen_by
                .as_ref()
                .map(|server| server.name.clone())
                .unwrap_or_default(),
        ),
        ("Quorum", yes(ha.has_quorum)),
        ("Fencing", yes(ha.fencing_enabled)),
        (
            "Maintenance",
            if ha.maintenance {
                "yes".into()
            } else {
                String::new()
            },
        ),
        ("Controller", ha.dc.clone().unwrap_or_default()),
        ("Votes", votes(ha)),
        ("Confidence", ha.confidence.clone()),
    ]);
    text.push('\n');
    text.push_str(&sentences(
        "Needs attention",
        screen,
        &concerns(&ha.concerns),
    ));
    let nodes = ha.nodes.iter().map(|node| {
        let state = format!("{:?}", node.state).to_lowercase();
        vec![node.name.clone(), state]
    });
    text.push_str(&table_block("Nodes", screen, &["NODE", "STATE"], nodes));
    text.push_str(&corosync(ha, screen));
    text.push_str(&resources(ha, screen));
    let fences = ha.fence_devices.iter().map(|f| {
        let hosts = some_or_dash(stdx::hostlist::fold(&f.hosts));
        vec![f.id.clone(), f.agent.clone(), hosts]
    });
    let head = ["DEVICE", "AGENT", "FENCES~"];
    text.push_str(&table_block("Fencing devices", screen, &head, fences));
    let past = ha.fence_history.iter().map(|f| {
        let at = f.at.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{at}  {} of {}: {}", f.action, f.target, f.status)
    });
    text.push_str(&block("Fenced", &past.collect::<Vec<_>>().join("\n")));
    let rules = ha.constraints.iter().map(|c| {
        vec![
            c.kind.clone(),
            c.resource.clone(),
            c.with.clone(),
            c.score.clone(),
        ]
    });
    text.push_str(&table_block(
        "Constraints",
        screen,
        &["KIND", "RESOURCE~", "WITH~", "SCORE"],
        rules,
    ));
    text.push_str(&block("Targets", &names(&ha.targets)));
    text.push_str(&evidence(&ha.evidence, screen));
    text
}

/// `2 of 3 expected, 2 needed (WaitForAll)`; nothing where nobody counts.
fn votes(ha: &HaCluster) -> String {
    let Some(votes) = ha.corosync.as_ref().and_then(|one| one.votes.as_ref()) else {
        return String::new();
    };
    let number = |n: Option<u64>| n.map_or("?".to_owned(), |n| n.to_string());
    let flags = match votes.flags.as_slice() {
        [] => String::new(),
        flags => format!(" ({})", flags.join(", ")),
    };
    let counts = [votes.total, votes.expected, votes.needed].map(number);
    let [total, expected, needed] = counts;
    format!("{total} of {expected} expected, {needed} needed{flags}")
}

/// Corosync's links, and members that are not joined.
fn corosync(ha: &HaCluster, screen: Screen) -> String {
    let Some(corosync) = &ha.corosync else {
        return String::new();
    };
    let links = corosync.links.iter().map(|link| {
        let state = match (link.is_up, link.lost.as_slice()) {
            (Some(true), _) => "up".to_owned(),
            (_, [_, ..]) => format!("does not reach {}", stdx::hostlist::fold(&link.lost)),
            (Some(false), []) => "faulty".to_owned(),
            (None, []) => "-".to_owned(),
        };
        vec![
            link.number.to_string(),
            link.address.clone().unwrap_or_else(|| "-".to_owned()),
            state,
        ]
    });
    let mut text = table_block("Links", screen, &["LINK", "ADDRESS", "STATE~"], links);
    let members = corosync.members.iter().map(|member| {
        let votes = member.votes.map_or("-".to_owned(), |n| n.to_string());
        let state = if member.is_joined {
            "joined"
        } else {
            "not joined"
        };
        vec![
            member.name.clone(),
            member.id.to_string(),
            votes,
            state.to_owned(),
        ]
    });
    let head = ["MEMBER", "ID", "VOTES", "STATE"];
    text.push_str(&table_block("Members", screen, &head, members));
    text
}

/// Resources of one name and agent stand in one row: clones run on many nodes.
fn resources(ha: &HaCluster, screen: Screen) -> String {
    let mut rows: Vec<(Row, Vec<String>)> = Vec::new();
    for r in &ha.resources {
        let state = [
            (r.is_failed, "failed"),
            (r.is_blocked, "blocked"),
            (!r.is_managed, "unmanaged"),
        ];
        let state = state.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
        let role: Vec<&str> = std::iter::once(r.role.as_str()).chain(state).collect();
        let row = vec![
            r.id.clone(),
            role.join(" ").to_lowercase(),
            String::new(),
            r.agent.clone(),
        ];
        match rows.iter_mut().find(|(known, _)| *known == row) {
            Some((_, nodes)) => nodes.extend(r.nodes.iter().cloned()),
            None => rows.push((row, r.nodes.clone())),
        }
    }
    let rows = rows.into_iter().map(|(mut row, nodes)| {
        row[2] = some_or_dash(stdx::hostlist::fold(&nodes));
        row
    });
    let head = ["RESOURCE", "ROLE~", "ON", "AGENT"];
    table_block("Resources", screen, &head, rows)
}
