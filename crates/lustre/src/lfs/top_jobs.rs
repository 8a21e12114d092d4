//! `lljobstat`: the jobs that do most, over and over.

use super::{lines, number, odd, text_lines};
use crate::param::flow;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of `lljobstat`.
pub static KIND: Kind = Kind {
    name: "lljobstat",
    about: "lljobstat: top jobs",
    guess,
    read,
};

/// One job at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopJob<'a> {
    /// Seconds since 1970.
    pub at: Option<u64>,
    /// The job.
    pub job: &'a str,
    /// Operations by their short names: `ops` all, `op` open, `cl` close, `rd`, `wr`.
    pub operations: BTreeMap<&'a str, u64>,
}

fn job(text: &str, at: Option<u64>) -> Option<TopJob<'_>> {
    let text = text.trim().strip_prefix("- ")?;
    let (job, map) = text.split_once(": ").and_then(|_| {
        let brace = text.find('{')?;
        Some((
            text.get(..brace)?.trim().strip_suffix(':')?,
            text.get(brace..)?,
        ))
    })?;
    let operations = flow::map(map)?
        .filter_map(|(key, value)| Some((key, number(value)?)))
        .collect();
    Some(TopJob {
        at,
        job: job.trim_matches(['"', '\'']),
        operations,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let mut lines = text_lines(sample.text()).take(6);
    if lines.any(|line| line.trim() == "top_jobs:") {
        95
    } else {
        0
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let mut at = None;
    for line in lines(input) {
        let text = line.text.trim();
        if let Some(time) = text.strip_prefix("timestamp:") {
            at = number(time);
        } else if let Some(found) = job(text, at) {
            sink.record("top-job", &|| json!(found));
        } else if !matches!(text, "---" | "..." | "top_jobs:") && !is_header(text) {
            odd(&line, "not a job of lljobstat", sink);
        }
    }
}

fn is_header(text: &str) -> bool {
    let keys = [
        "osts_queried",
        "mdts_queried",
        "total_jobs",
        "elapsed_time",
        "start_time",
        "snapshot_time",
        "servers_queried",
    ];
    text.split_once(':')
        .is_some_and(|(key, _)| keys.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    #[test]
    fn jobs_are_read() {
        let text = "---\ntimestamp: 1665623345\nservers_queried: 1\ntotal_jobs: 2\ntop_jobs:\n- ls.500:          {ops: 64, op: 1, cl: 0}\n- \"a: b.0\":     {ops: 6, wr: 3}\nodd\n...\n";
        let mut found = Collected::with_records();
        read(text.as_bytes(), &mut found);
        let jobs = &found.records["top-job"];
        assert_eq!((jobs.len(), found.skips.len()), (2, 1));
        assert_eq!(
            jobs[1],
            json!({"at": 1_665_623_345, "job": "a: b.0", "operations": {"ops": 6, "wr": 3}})
        );
    }
}
