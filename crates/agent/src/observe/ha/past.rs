//! What Pacemaker did last, from what each node remembers.

use jiff::Timestamp;
use jiff::civil::DateTime;
use model::report::HaOperation;
use platform::ha::crm_mon::{CrmMon, Failure, Operation};

/// Operations that are kept at most.
const KEPT_MAX: usize = 64;
/// OCF's "not running": what a look before a start finds.
const NOT_RUNNING: i32 = 7;

/// The last operations, newest first. Looks that found nothing new are left out.
pub fn operations(state: &CrmMon) -> Vec<HaOperation> {
    let tells = |one: &&Operation| {
        let is_look = matches!(one.task.as_str(), "monitor" | "probe");
        !is_look || !matches!(one.code, 0 | NOT_RUNNING)
    };
    let done = state.operations.iter().filter(tells);
    let mut found: Vec<HaOperation> = done.filter_map(operation).collect();
    for failure in &state.failures {
        add_failure(failure, &mut found);
    }
    found.sort_by(|a, b| b.clock.cmp(&a.clock));
    found.truncate(KEPT_MAX);
    found
}

/// One without a time cannot be placed, and is left out.
fn operation(from: &Operation) -> Option<HaOperation> {
    let (clock, at) = time(from.changed.as_deref()?)?;
    Some(HaOperation {
        resource: from.resource.clone(),
        node: from.node.clone(),
        task: from.task.clone(),
        code: from.code,
        said: from.said.clone(),
        clock,
        at,
    })
}

/// A failure says why; the operation that it is of may be known already.
fn add_failure(from: &Failure, found: &mut Vec<HaOperation>) {
    let mut parts = from.operation.rsplitn(3, '_');
    let (Some(_), Some(task), Some(resource)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let is_it = |one: &&mut HaOperation| {
        one.code != 0 && one.resource == resource && one.node == from.node && one.task == task
    };
    if let Some(known) = found.iter_mut().find(is_it) {
        known.said.clone_from(&from.reason);
        return;
    }
    let Some((clock, at)) = from.changed.as_deref().and_then(time) else {
        return;
    };
    found.push(HaOperation {
        resource: resource.to_owned(),
        node: from.node.clone(),
        task: task.to_owned(),
        code: 1,
        said: from.reason.clone(),
        clock,
        at,
    });
}

/// A time as the tools print it: `2026-11-21 10:14:45 +01:00`, or without an
/// offset `Wed Aug 19 01:09:21 2020`.
fn time(text: &str) -> Option<(String, Option<Timestamp>)> {
    if let Ok(at) = Timestamp::strptime("%Y-%m-%d %H:%M:%S %:z", text) {
        return Some((text.to_owned(), Some(at)));
    }
    if let Ok(at) = text.replacen(' ', "T", 1).parse::<Timestamp>() {
        return Some((text.to_owned(), Some(at)));
    }
    let civil = DateTime::strptime("%a %b %e %H:%M:%S %Y", text);
    let civil = civil.or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M:%S", text));
    let clock = civil.ok()?.strftime("%Y-%m-%d %H:%M:%S");
    Some((clock.to_string(), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(task: &str, code: i32, changed: &str) -> Operation {
        Operation {
            resource: "ost0".into(),
            node: "a".into(),
            task: task.into(),
            code,
            said: "words".into(),
            changed: Some(changed.into()),
        }
    }

    #[test]
    fn what_was_done_comes_newest_first_and_looks_are_left_out() {
        let state = CrmMon {
            operations: vec![
                done("stop", 0, "Wed Aug 19 01:09:21 2020"),
                done("monitor", 0, "Wed Aug 19 02:00:00 2020"),
                done("probe", 7, "Wed Aug 19 02:00:01 2020"),
                done("start", 0, "Wed Sep  2 01:09:30 2020"),
                done("start", 0, "no time"),
            ],
            ..CrmMon::default()
        };
        let found = operations(&state);
        let told: Vec<_> = found.iter().map(|one| (&*one.task, &*one.clock)).collect();
        assert_eq!(
            told,
            [
                ("start", "2020-09-02 01:09:30"),
                ("stop", "2020-08-19 01:09:21")
            ]
        );
    }

    #[test]
    fn a_failure_says_why_and_is_told_once() {
        let failure = |changed: Option<&str>| Failure {
            operation: "ost0_monitor_20000".into(),
            node: "a".into(),
            reason: "not running: gone".into(),
            changed: changed.map(str::to_owned),
        };
        let known = CrmMon {
            operations: vec![
                done("monitor", 7, "x"),
                done("monitor", 1, "2026-11-21 10:14:45 +01:00"),
            ],
            failures: vec![failure(None)],
            ..CrmMon::default()
        };
        let found = operations(&known);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].said, "not running: gone");
        assert_eq!(found[0].at, "2026-11-21T09:14:45Z".parse().ok());
        let alone = CrmMon {
            failures: vec![failure(Some("2026-11-21 10:14:45Z"))],
            ..CrmMon::default()
        };
        let found = operations(&alone);
        assert_eq!((found[0].code, &*found[0].task), (1, "monitor"));
        assert_eq!(found[0].at, "2026-11-21T10:14:45Z".parse().ok());
    }
}
