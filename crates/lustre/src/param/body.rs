//! One parameter without its name: which one it is, told by what it says.

use super::{Lines, histogram};
use stdx::reading::Likelihood;

/// What a body is: class and parameter as a name would have them, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// First part of the name; often empty.
    pub class: &'static str,
    /// The parameter.
    pub param: &'static str,
    /// Whether it is of one export.
    pub is_export: bool,
    /// How sure.
    pub sure: Likelihood,
}

fn told(param: &'static str, sure: Likelihood) -> Told {
    Told {
        class: "",
        param,
        is_export: false,
        sure,
    }
}

/// What a text is by its first line and by what is in it; none if it is no known
/// body. Up to three lines before it, such as warnings, are looked past.
pub fn tell(text: &str) -> Option<Told> {
    let mut rest = text;
    for n_before in 0..4 {
        match tell_at(rest) {
            Some(told) if n_before == 0 => return Some(told),
            Some(told) if told.sure >= 85 => return Some(Told { sure: 45, ..told }),
            _ => {}
        }
        rest = rest.split_once('\n')?.1;
    }
    None
}

fn tell_at(text: &str) -> Option<Told> {
    let mut lines = text
        .lines()
        .map(|line| line.trim_matches(['\0', '\r', ' ', '\t']))
        .filter(|line| !line.is_empty());
    let first = lines.next()?;
    let second = lines.next().unwrap_or_default();
    state(first, text)
        .or_else(|| fields(first, second, text))
        .or_else(|| list(first, second))
        .or_else(|| rows(first, text))
}

/// States that begin with a key.
fn state(first: &str, text: &str) -> Option<Told> {
    let has = |mark: &str| text.contains(mark);
    let (key, value) = first.split_once(':').unwrap_or((first, ""));
    Some(match key {
        "status" if has("recovery_start:") || has("last_transno") || first.len() < 30 => {
            told("recovery_status", 85)
        }
        "fsname" if has("imperative_recovery_state") => told("live", 95),
        "current index" | "current_index" => told("changelog_users", 95),
        "import" if has("target:") => told("import", 95),
        "imperative_recovery" => told("ir_state", 95),
        "current_state" if has("state_history") => told("state", 95),
        "current_state" => told("state", 60),
        "name" => match value.trim() {
            "lfsck_layout" => told("lfsck_layout", 95),
            "lfsck_namespace" => told("lfsck_namespace", 95),
            "OI_scrub" => told("oi_scrub", 95),
            _ => return None,
        },
        "healthy" | "NOT HEALTHY" => told("health_check", 60),
        _ if has("reported unhealthy") && has("NOT HEALTHY") => told("health_check", 90),
        _ => return None,
    })
}

/// Bodies of `key: value` lines.
fn fields(first: &str, second: &str, text: &str) -> Option<Told> {
    let has = |mark: &str| text.contains(mark);
    let (key, _) = first.split_once(':')?;
    Some(match key {
        "target name" if has("quota enabled") => told("quota_slave.info", 95),
        "pool" if has("least_qunit") || has("least qunit") => told("info", 90),
        "rpc flavor" if has("bulk flavor") => told("srpc_info", 90),
        "last reply" if second.starts_with("network") => told("timeouts", 85),
        "regular_requests" => told("nrs_policies", 85),
        "physical pages" | "physical_pages" => told("page_pools", 80),
        "LDLM pool state (ldlm-pool-" => told("pool.state", 90),
        _ if first.starts_with("LDLM pool state (") => told("pool.state", 90),
        "users" if has("max_cached_mb:") => told("max_cached_mb", 90),
        "used_mb" if has("busy_cnt:") => told("osc_cached_mb", 85),
        "statahead total" => told("statahead_stats", 90),
        "rename_stats" => told("rename_stats", 90),
        _ if has("connect_flags: [") && has("    client: ") => Told {
            is_export: true,
            ..told("export", 90)
        },
        _ => return None,
    })
}

/// Lists of one form a line.
fn list(first: &str, second: &str) -> Option<Told> {
    let row = if first == "[" { second } else { first };
    let has = |mark: &str| row.contains(mark);
    let nodemap = |param| Told {
        class: "nodemap",
        ..told(param, 90)
    };
    if row.starts_with("lrh=[") && has("action=") {
        return Some(told("hsm.actions", 95));
    }
    if row.starts_with("fid=[") && has("action=") {
        return Some(told("hsm.active_requests", 95));
    }
    if row.starts_with("uuid=") && has("archive_id=") {
        return Some(told("hsm.agents", 95));
    }
    if row.starts_with("{ ") && has("start_nid:") {
        return Some(nodemap("ranges"));
    }
    if row.starts_with("{ ") && has("idtype:") {
        return Some(nodemap("idmap"));
    }
    if row.starts_with("{ nid:") && has("uuid:") {
        return Some(nodemap("exports"));
    }
    if row.starts_with("{ nodemap:") && has("uuid:") {
        return Some(Told {
            is_export: true,
            ..told("nodemap", 90)
        });
    }
    if super::state::target_obd(first).is_some() {
        return Some(told("target_obd", 85));
    }
    None
}

/// Bodies of many rows.
fn rows(first: &str, text: &str) -> Option<Told> {
    let has = |mark: &str| text.contains(mark);
    let is_stamped = first.starts_with("snapshot_time");
    let table = || histogram::is_histogram("", Lines::new(text.as_bytes(), 1));
    Some(match () {
        () if first.starts_with("job_stats:") => told("job_stats", 95),
        () if first.starts_with("global_pool") => told("glb", 95),
        () if first.starts_with("global_index") => told("glb", 90),
        () if first.ends_with("_accounting:") => told("acct", 95),
        () if first.starts_with("io_latency_by_size:") => told("brw_stats", 95),
        () if is_stamped && has(" samples [") => told("stats", 95),
        () if is_stamped && has("% cum %") => told("brw_stats", 95),
        () if first.contains(" samples [") && has("] ") => told("stats", 70),
        () if is_stamped && table() => told("brw_stats", 60),
        () if is_stamped => told("stats", 60),
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_by_what_they_say() {
        for (text, class, param) in [
            (
                "status: COMPLETE\nrecovery_start: 1\n",
                "",
                "recovery_status",
            ),
            ("name: OI_scrub\nmagic: 0x4c\n", "", "oi_scrub"),
            ("current_state: FULL\nstate_history:\n", "", "state"),
            ("\0\nimport:\n    target: MGS\n", "", "import"),
            (
                "[\n { id: 1, start_nid: 1.2.3.4@tcp, end_nid: 1.2.3.4@tcp }\n]\n",
                "nodemap",
                "ranges",
            ),
            (
                "uuid=1 archive_id=ANY requests=[current:0]\n",
                "",
                "hsm.agents",
            ),
            ("0: a-OST0000_UUID ACTIVE\n", "", "target_obd"),
            (
                "snapshot_time 1 secs\nopen 1 samples [usecs]\n",
                "",
                "stats",
            ),
            ("usr_accounting:\n- id: 0\n", "", "acct"),
        ] {
            let found = tell(text).unwrap();
            assert_eq!((found.class, found.param), (class, param), "{text:?}");
        }
        for text in [
            "",
            "name: fifo\n",
            "0: eth0 UP\n",
            "[\n { x: 1 }\n]\n",
            "users: 3\n",
        ] {
            assert_eq!(tell(text), None, "{text:?}");
        }
    }
}
