//! `chronyc sourcestats`.

use stdx::reading::{Likelihood, Sample, Skip};

use super::{SourceStats, is_frame, skip};
use crate::ha::lines;
use crate::os::clock;

/// Reads every source.
pub fn parse(input: &[u8]) -> (Vec<SourceStats>, Vec<Skip>) {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        match from_csv(line.text).or_else(|| row(line.text)) {
            Some(source) => found.push(source),
            None if is_frame(line.text) => {}
            None => skips.push(skip(&line, "no statistics of a source")),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

/// `oss1  11  5  46m  -0.001  0.045  +1us  25us`.
fn row(text: &str) -> Option<SourceStats> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, points, runs, span, frequency, skew, offset, deviation] = words.as_slice() else {
        return None;
    };
    Some(SourceStats {
        name: (*name).to_owned(),
        n_points: points.parse().ok()?,
        n_runs: runs.parse().ok()?,
        span_s: clock::age_seconds(span),
        frequency_ppb: clock::scaled(frequency, 1000),
        skew_ppb: clock::scaled(skew, 1000),
        offset_ns: Some(clock::with_unit(offset)?),
        deviation_ns: Some(clock::with_unit(deviation)?),
    })
}

/// `192.168.1.1,11,5,2760,-0.001,0.045,0.000001,0.000025`.
fn from_csv(text: &str) -> Option<SourceStats> {
    let fields: Vec<&str> = text.trim().split(',').collect();
    let [name, points, runs, span, frequency, skew, offset, deviation] = fields.as_slice() else {
        return None;
    };
    let is_name = !name.is_empty() && !name.contains(' ');
    is_name.then_some(())?;
    Some(SourceStats {
        name: (*name).to_owned(),
        n_points: points.parse().ok()?,
        n_runs: runs.parse().ok()?,
        span_s: span.parse().ok(),
        frequency_ppb: Some(clock::scaled(frequency, 1000)?),
        skew_ppb: Some(clock::scaled(skew, 1000)?),
        offset_ns: Some(clock::seconds(offset)?),
        deviation_ns: Some(clock::seconds(deviation)?),
    })
}

pub(super) fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let is_heading = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.trim_start().starts_with("name/ip") && line.contains("std dev")
    };
    if text.lines().any(is_heading) {
        return 96;
    }
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty() && !lines::is_prompt(line));
    let is_csv = first
        .and_then(from_csv)
        .is_some_and(|one| one.span_s.is_some());
    if is_csv { 75 } else { 0 }
}
