//! `crm_mon` as XML, and times as the tools print them.

use super::cib::{element, set, write};
use super::corosync;
use super::execute::Task;
use super::ring::Ring;
use super::told::{Primitive, Top};
use super::{past, schedule};
use crate::world::World;
use crate::world::host::HostName;
use platform::ha::xml::Element;

/// The version of Pacemaker.
pub const VERSION: &str = "2.1.5-a3f44794f94";

/// A time in UTC.
pub fn format_time(ms: i64, format: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC)
        .strftime(format)
        .to_string()
}

/// The time on a host, as `date` prints it without a zone.
pub fn date(world: &World, host: &HostName) -> String {
    format_time(world.clock_ms(host), "%a %b %e %H:%M:%S %Y")
}

/// A time as fencing and failures show it.
pub fn stamp(ms: i64) -> String {
    format_time(ms, "%Y-%m-%d %H:%M:%SZ")
}

fn yes(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

fn parent(name: &str, children: Vec<Element>) -> Element {
    Element {
        children,
        ..element(name, &[])
    }
}

/// A result of a tool: what is in it, then its status.
pub fn result(request: &str, children: Vec<Element>, status: Element) -> String {
    let mut root = element(
        "pacemaker-result",
        &[("api-version", "2.25"), ("request", request)],
    );
    root.children = children;
    root.children.push(status);
    let mut text = String::new();
    write(&root, 0, &mut text);
    text
}

/// The state of a ring, as `crm_mon` prints it.
pub fn state(world: &World, host: &HostName, ring: &Ring) -> Vec<Element> {
    let mut parts = vec![
        summary(world, host, ring),
        parent(
            "nodes",
            ring.told
                .nodes
                .iter()
                .map(|one| node(world, ring, &one.name))
                .collect(),
        ),
    ];
    if !ring.told.tops.is_empty() {
        let tops = ring.told.tops.iter();
        parts.push(parent(
            "resources",
            tops.map(|top| placed(ring, top)).collect(),
        ));
    }
    let history = past::history(ring);
    if !history.is_empty() {
        parts.push(parent("node_history", history));
    }
    if !ring.failures.is_empty() {
        let all = ring.failures.iter();
        parts.push(parent(
            "failures",
            all.map(|(key, one)| past::failure(key, one)).collect(),
        ));
    }
    if !ring.fenced.is_empty() {
        parts.push(parent("fence_history", past::fenced(ring)));
    }
    let bans: Vec<Element> = past::bans(ring);
    if !bans.is_empty() {
        parts.push(parent("bans", bans));
    }
    parts
}

fn id_of(ring: &Ring, name: &str) -> String {
    let found = ring.told.nodes.iter().find(|node| node.name == name);
    found.map(|node| node.id.clone()).unwrap_or_default()
}

fn dc_name(world: &World, ring: &Ring) -> Option<String> {
    let dc = world.ha.nodes.get(ring.dc.as_ref()?)?;
    Some(dc.name.clone())
}

fn summary(world: &World, host: &HostName, ring: &Ring) -> Element {
    let told = &ring.told;
    let dc = match dc_name(world, ring) {
        None => element("current_dc", &[("present", "false")]),
        Some(dc) => element(
            "current_dc",
            &[
                ("present", "true"),
                ("version", VERSION),
                ("name", &dc),
                ("id", &id_of(ring, &dc)),
                ("with_quorum", yes(corosync::quorum(world, ring).1)),
                ("mixed_version", "false"),
            ],
        ),
    };
    let about = |name: &str| {
        ring.cib
            .as_ref()
            .map(|cib| cib.root.text(name))
            .unwrap_or_default()
    };
    let n_nodes = told.nodes.len().to_string();
    let n_resources = told.primitives().count().to_string();
    let is_off = |(top, one): &(&Top, &Primitive)| {
        told.meta(top, one, "target-role")
            .is_some_and(|role| role.eq_ignore_ascii_case("stopped"))
    };
    let n_off = told.primitives().filter(is_off).count().to_string();
    let n_blocked = ring
        .at
        .values()
        .filter(|one| one.is_stuck && !told.fences())
        .count();
    parent(
        "summary",
        vec![
            element("stack", &[("type", "corosync")]),
            dc,
            element("last_update", &[("time", &date(world, host))]),
            element(
                "last_change",
                &[
                    ("time", &about("cib-last-written")),
                    ("user", &about("update-user")),
                    ("client", &about("update-client")),
                    ("origin", &about("update-origin")),
                ],
            ),
            element("nodes_configured", &[("number", &n_nodes)]),
            element(
                "resources_configured",
                &[
                    ("number", &n_resources),
                    ("disabled", &n_off),
                    ("blocked", &n_blocked.to_string()),
                ],
            ),
            element(
                "cluster_options",
                &[
                    ("stonith-enabled", yes(told.fences())),
                    ("symmetric-cluster", yes(told.is("symmetric-cluster", true))),
                    (
                        "no-quorum-policy",
                        told.property("no-quorum-policy", "stop"),
                    ),
                    ("maintenance-mode", yes(told.is("maintenance-mode", false))),
                    (
                        "stop-all-resources",
                        yes(told.is("stop-all-resources", false)),
                    ),
                    ("stonith-timeout-ms", "60000"),
                    ("priority-fencing-delay-ms", "0"),
                ],
            ),
        ],
    )
}

fn node(world: &World, ring: &Ring, name: &str) -> Element {
    let peer = ring.peers.get(name).copied().unwrap_or_default();
    let runs = ring
        .at
        .keys()
        .filter(|(_, on)| on == name)
        .count()
        .to_string();
    let mut one = element(
        "node",
        &[
            ("name", name),
            ("id", &id_of(ring, name)),
            ("online", yes(peer.is_online)),
            ("standby", yes(ring.told.node_is(name, "standby"))),
            ("standby_onfail", "false"),
            ("maintenance", yes(ring.told.node_is(name, "maintenance"))),
            ("pending", "false"),
            ("unclean", yes(peer.is_unclean)),
            ("health", "green"),
        ],
    );
    if peer.is_online {
        set(&mut one, "feature_set", "3.16.2");
    }
    for (key, value) in [
        ("shutdown", "false"),
        ("expected_up", yes(peer.is_expected)),
        ("is_dc", yes(dc_name(world, ring).as_deref() == Some(name))),
        ("resources_running", &runs),
        ("type", "member"),
    ] {
        set(&mut one, key, value);
    }
    one
}

fn placed(ring: &Ring, top: &Top) -> Element {
    let members = top.members.iter().map(|one| resource(ring, top, one));
    if !top.is_group {
        return members.into_iter().next().unwrap_or_default();
    }
    let n = top.members.len().to_string();
    let is_off = top.meta.get("target-role");
    let is_off = is_off.is_some_and(|role| role.eq_ignore_ascii_case("stopped"));
    Element {
        children: members.collect(),
        ..element(
            "group",
            &[
                ("id", &top.id),
                ("number_resources", &n),
                ("managed", yes(schedule::is_managed(ring, top))),
                ("disabled", yes(is_off)),
            ],
        )
    }
}

fn resource(ring: &Ring, top: &Top, one: &Primitive) -> Element {
    let mut nodes: Vec<&str> = ring.places(&one.id).map(|(node, _)| node).collect();
    let operation = ring.operations.get(&one.id);
    let starts = operation.filter(|going| going.task == Task::Start);
    if let Some(going) = starts.filter(|going| !nodes.contains(&going.node.as_str())) {
        nodes.push(&going.node);
    }
    let role = match operation.map(|going| going.task) {
        Some(Task::Start) => "Starting",
        Some(Task::Stop) => "Stopping",
        None if nodes.is_empty() => "Stopped",
        None => "Started",
    };
    let is_failed = ring.places(&one.id).any(|(_, active)| active.is_failed);
    let is_blocked = ring.places(&one.id).any(|(_, active)| active.is_stuck);
    let mut out = element(
        "resource",
        &[
            ("id", &one.id),
            ("resource_agent", &one.agent()),
            ("role", role),
        ],
    );
    if let Some(role) = ring.told.meta(top, one, "target-role") {
        set(&mut out, "target_role", role);
    }
    for (key, value) in [
        ("active", yes(!nodes.is_empty())),
        ("orphaned", "false"),
        ("blocked", yes(is_blocked && !ring.told.fences())),
        ("managed", yes(schedule::is_managed(ring, top))),
        ("failed", yes(is_failed)),
        ("failure_ignored", "false"),
        ("nodes_running_on", &nodes.len().to_string()),
    ] {
        set(&mut out, key, value);
    }
    let nodes = nodes.into_iter().map(|name| {
        let id = id_of(ring, name);
        let is_online = yes(ring.is_online(name));
        element(
            "node",
            &[("name", name), ("id", &id), ("cached", is_online)],
        )
    });
    out.children = nodes.collect();
    out
}
