//! `job_stats`: what each job did on one target.
//!
//! Looks like YAML and is read by lines, since a target may hold 100,000 jobs
//! and ids may be anything: quoted, with `:` or `\xHH`, or cut off. Operations
//! that are not known are kept like those that are.

use super::scan::{Pairs, Words, trim};
use super::stats::number;
use super::{Lines, skip};
use serde::Serialize;
use stdx::reading::{Skip, SkipKind};

/// One operation of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Op<'a> {
    /// Name: `read_bytes`, `getattr`.
    pub name: &'a str,
    /// How often.
    pub samples: u64,
    /// Unit as printed.
    pub unit: &'a str,
    /// Least, where printed.
    pub min: Option<u64>,
    /// Most, where printed.
    pub max: Option<u64>,
    /// Sum, where printed.
    pub sum: Option<u64>,
    /// Sum of squares, where printed and not overflowed.
    pub sum_squares: Option<u64>,
    /// `hist: {…}` as printed, without braces (2.16 and newer).
    pub histogram: Option<&'a str>,
}

/// One job on one target.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Id as printed, without quotes; escapes are kept.
    pub id: &'a str,
    /// Line of its `job_id`.
    pub line: u64,
    /// The lines below its id.
    body: Lines<'a>,
}

/// What the lines of a job hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// `snapshot_time`, `start_time`, `elapsed_time`: seconds as printed.
    Time(&'a str, &'a str),
    /// An operation.
    Op(Op<'a>),
}

impl<'a> Job<'a> {
    /// Its times and operations, in the order printed.
    pub fn fields(&self) -> impl Iterator<Item = Result<Field<'a>, Skip>> + use<'a> {
        self.body
            .filter(|line| !trim(line.text).is_empty())
            .map(|line| {
                field(line.text).ok_or_else(|| {
                    skip(
                        line.number,
                        SkipKind::BadLine,
                        "not an operation of a job",
                        line.text,
                    )
                })
            })
    }
}

fn field(text: &str) -> Option<Field<'_>> {
    let text = trim(text);
    let colon = text.bytes().position(|byte| byte == b':')?;
    let (name, value) = (text.get(..colon)?, trim(text.get(colon + 1..)?));
    let Some(map) = value.strip_prefix('{') else {
        let is_time = name.ends_with("_time");
        let seconds = Words::new(value).next()?;
        return is_time.then_some(Field::Time(name, seconds));
    };
    op(name, map).map(Field::Op)
}

fn op<'a>(name: &'a str, map: &'a str) -> Option<Op<'a>> {
    let mut op = Op {
        name,
        samples: 0,
        unit: "",
        min: None,
        max: None,
        sum: None,
        sum_squares: None,
        histogram: None,
    };
    let mut has_samples = false;
    let mut pairs = Pairs::new(map);
    for (key, value) in pairs.by_ref() {
        match key {
            "samples" => {
                op.samples = number(value)?;
                has_samples = true;
            }
            "unit" => op.unit = value,
            "min" => op.min = number(value),
            "max" => op.max = number(value),
            "sum" => op.sum = number(value),
            "sumsq" => op.sum_squares = number(value),
            _ => {
                let inner = value.strip_prefix('{');
                let inner = inner.and_then(|inner| inner.strip_suffix('}'));
                op.histogram = inner.map(trim).or(op.histogram);
            }
        }
    }
    // A line that was cut off before its brace is not trusted.
    // Nor is one with text behind it: there a newline was lost, perhaps with a job.
    (has_samples && pairs.rest() == "}").then_some(op)
}

/// The jobs of a target, and a skip for each line that belongs to none.
pub fn jobs(lines: Lines<'_>) -> Jobs<'_> {
    Jobs { lines }
}

/// Iterator of [`jobs`].
#[derive(Clone, Debug)]
pub struct Jobs<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for Jobs<'a> {
    type Item = Result<Job<'a>, Skip>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.lines.next()?;
            let Some(id) = id(line.text) else {
                let text = line.text.trim();
                if text.is_empty() || text == "job_stats:" {
                    continue;
                }
                return Some(Err(skip(
                    line.number,
                    SkipKind::BadLine,
                    "a line of no job",
                    text,
                )));
            };
            let start = self.lines;
            let mut ahead = self.lines;
            loop {
                let at = ahead;
                match ahead.next() {
                    Some(next) if !is_id(next.text) => {}
                    _ => {
                        self.lines = at;
                        break;
                    }
                }
            }
            let body = start.up_to(&self.lines);
            return Some(Ok(Job {
                id,
                line: line.number,
                body,
            }));
        }
    }
}

fn is_id(text: &str) -> bool {
    id_value(text).is_some()
}

/// What stands behind `- job_id:`.
#[inline]
fn id_value(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let dash = bytes.iter().position(|&byte| byte != b' ')?;
    if bytes.get(dash) != Some(&b'-') {
        return None;
    }
    text.get(dash + 1..)?.trim_start().strip_prefix("job_id:")
}

fn id(text: &str) -> Option<&str> {
    let value = trim(id_value(text)?);
    let bare = value
        .strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'));
    Some(bare.unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut shown = Vec::new();
        for job in jobs(Lines::new(text.as_bytes(), 1)) {
            match job {
                Ok(job) => {
                    let mut line = job.id.to_owned();
                    for field in job.fields() {
                        line.push_str(&match field {
                            Ok(Field::Time(name, at)) => format!(" {name}={at}"),
                            Ok(Field::Op(op)) => {
                                format!(" {}={}{}{:?}", op.name, op.samples, op.unit, op.histogram)
                            }
                            Err(skip) => format!(" !{}", skip.line),
                        });
                    }
                    shown.push(line);
                }
                Err(skip) => shown.push(format!("!{}", skip.line)),
            }
        }
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn jobs_of_all_releases_are_read() {
        check(
            "job_stats:\n- job_id:          cp.0\n  snapshot_time:   171\n  read_bytes:      { samples:           2, unit: bytes, min:    4096, max:    4096, sum:            8192 }\n",
            &["cp.0 snapshot_time=171 read_bytes=2bytesNone"],
        );
        check(
            "job_stats:\n- job_id: \"a:b@c\"\n  snapshot_time: 171.25 secs.nsecs\n  write: { samples: 3, unit: usecs, min: 1, max: 2, sum: 4, sumsq: 6, hist: { 4K: 3, 1M: 9 } }\n- job_id: x",
            &[
                "a:b@c snapshot_time=171.25 write=3usecsSome(\"4K: 3, 1M: 9\")",
                "x",
            ],
        );
    }

    #[test]
    fn what_is_cut_off_or_odd_costs_no_neighbour() {
        check(
            "job_stats:\nstray\n- job_id: a\n  open: { samples: 1, unit: r\n- job_id: b\n  new_op: { samples: 1, unit: reqs }\n",
            &["!2", "a !4", "b new_op=1reqsNone"],
        );
        check(
            "job_stats:\n- job_id: a\n  open: { samples: 1, unit: reqs }- job_id: b\n",
            &["a !3"],
        );
        check("job_stats:\n", &[]);
    }
}
