//! What `crm_mon` tells of the past: failures, fencing; and bans.

use super::cib::{INFINITY, element, set};
use super::ring::{Failure, Ring};
use super::show::{format_time, stamp};
use platform::ha::xml::Element;
use std::collections::{BTreeMap, BTreeSet};

/// Resources that were on each node, with what failed.
pub fn history(ring: &Ring) -> Vec<Element> {
    let mut by_node: BTreeMap<&str, Vec<Element>> = BTreeMap::new();
    let known = ring.at.keys().chain(ring.failures.keys()).cloned();
    let done = ring.done.keys();
    let done = done.map(|(id, node, _)| (id.clone(), node.clone()));
    let known: BTreeSet<(String, String)> = known.chain(done).collect();
    for key in known.iter().filter(|key| ring.is_online(&key.1)) {
        let Some((top, one)) = ring.told.primitive(&key.0) else {
            continue;
        };
        let limit = ring
            .told
            .meta(top, one, "migration-threshold")
            .unwrap_or("1000000");
        let mut out = element(
            "resource_history",
            &[
                ("id", &one.id),
                ("orphan", "false"),
                ("migration-threshold", limit),
            ],
        );
        if let Some(failure) = ring.failures.get(key) {
            set(&mut out, "fail-count", &count(failure.count));
            set(
                &mut out,
                "last-failure",
                &format_time(failure.clock_ms, "%a %b %e %H:%M:%S %Y"),
            );
        }
        out.children = operations(ring, key);
        by_node.entry(&key.1).or_default().push(out);
    }
    let nodes = by_node.into_iter().map(|(name, children)| Element {
        children,
        ..element("node", &[("name", name)])
    });
    nodes.collect()
}

/// How each task of a resource ended on a node.
fn operations(ring: &Ring, (id, node): &(String, String)) -> Vec<Element> {
    let all = ring.done.iter();
    let mine = all.filter(|((of, on, _), _)| of == id && on == node);
    let shown = mine.map(|((_, _, task), done)| {
        let at = stamp(done.clock_ms);
        element(
            "operation_history",
            &[
                ("call", "1"),
                ("task", task.name()),
                ("rc", &done.code.to_string()),
                ("rc_text", if done.code == 0 { "ok" } else { "error" }),
                ("last-rc-change", &at),
                ("exec-time", &format!("{}ms", done.took.as_millis())),
                ("queue-time", "0ms"),
            ],
        )
    });
    shown.collect()
}

fn count(count: i64) -> String {
    if count >= INFINITY {
        String::from("INFINITY")
    } else {
        count.to_string()
    }
}

/// An operation that failed.
pub fn failure((id, node): &(String, String), one: &Failure) -> Element {
    let key = format!("{id}_{}_{}", one.task, one.interval_ms);
    let words = if one.code == 7 {
        "not running"
    } else {
        "error"
    };
    let reason = if one.reason.is_empty() {
        "none"
    } else {
        &one.reason
    };
    let (status, took) = (
        if one.is_late { "Timed Out" } else { "complete" },
        one.took.as_millis(),
    );
    element(
        "failure",
        &[
            ("op_key", &key),
            ("node", node),
            ("exitstatus", words),
            ("exitreason", reason),
            ("exitcode", &one.code.to_string()),
            ("call", "1"),
            ("status", status),
            ("last-rc-change", &stamp(one.clock_ms)),
            ("queued", "0"),
            ("exec", &took.to_string()),
            ("interval", &one.interval_ms.to_string()),
            ("task", &one.task),
        ],
    )
}

/// What was fenced, the newest first.
pub fn fenced(ring: &Ring) -> Vec<Element> {
    let events = ring.fenced.iter().rev().map(|event| {
        let client = format!("pacemaker-controld.{}", 1200 + event.origin.len());
        let mut out = element(
            "fence_event",
            &[
                ("action", &event.action),
                ("target", &event.target),
                ("client", &client),
                ("origin", &event.origin),
            ],
        );
        match &event.error {
            Some(error) => {
                set(&mut out, "status", "failed");
                set(&mut out, "exit-reason", error);
            }
            None => set(&mut out, "status", "success"),
        }
        if let Some(by) = &event.by {
            set(&mut out, "delegate", by);
        }
        set(&mut out, "completed", &stamp(event.clock_ms));
        out
    });
    events.collect()
}

/// Where resources may not run.
pub fn bans(ring: &Ring) -> Vec<Element> {
    let rules = ring.told.rules.iter().filter(|rule| rule.score < 0);
    let bans = rules.map(|rule| {
        element(
            "ban",
            &[
                ("id", &rule.id),
                ("resource", &rule.resource),
                ("node", &rule.node),
                ("weight", &rule.score.to_string()),
                ("promoted-only", "false"),
                ("master_only", "false"),
            ],
        )
    });
    bans.collect()
}
