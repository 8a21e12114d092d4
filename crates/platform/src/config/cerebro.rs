//! Recordings of LMT: what each server told Cerebro, one metric a line, as
//! `ltop` replays them.
//!
//! `received sent node metric version;host;cpu;memory;…`. Numbers of the newest
//! releases may be more at the end of each target; they are passed over.

use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip};

use crate::storage::text;

/// The reader of such recordings.
pub static KIND: Kind = Kind {
    name: "lmt-recording",
    about: "LMT's metrics over time, as Cerebro carries and ltop records them",
    guess,
    read,
};

/// What one server said at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment<'a> {
    /// When it was received, seconds since 1970.
    pub received: u64,
    /// When it was sent, seconds since 1970.
    pub sent: u64,
    /// The server.
    pub node: &'a str,
    /// Its processors, percent busy, where told.
    pub cpu_percent: Option<f64>,
    /// Its memory, percent used, where told.
    pub memory_percent: Option<f64>,
    /// What it said of itself or its targets.
    pub said: Vec<Said<'a>>,
}

/// What is said of one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Said<'a> {
    /// An MDT.
    Mdt {
        /// Its label.
        label: &'a str,
        /// Its space.
        space: Space,
        /// Samples, sum and sum of squares of each operation, in LMT's order.
        operations: Vec<[u64; 3]>,
        /// `COMPLETE 1/13 0s remaining`.
        recovery: Option<&'a str>,
    },
    /// An OST.
    Ost {
        /// Its label.
        label: &'a str,
        /// Its space.
        space: Space,
        /// Bytes read since it was mounted.
        bytes_read: u64,
        /// Bytes written since it was mounted.
        bytes_written: u64,
        /// Operations since it was mounted, where told.
        io_operations: Option<u64>,
        /// Clients and servers connected.
        exports: Option<u64>,
        /// Locks held.
        locks: Option<u64>,
        /// `COMPLETE 1/13 0s remaining`.
        recovery: Option<&'a str>,
    },
    /// A connection of an MDS to an OST.
    Osc {
        /// The OST's label.
        label: &'a str,
        /// `F` for full, `C` connecting, and so on.
        state: &'a str,
    },
    /// A router.
    Router {
        /// Bytes it passed on.
        bytes: u64,
    },
}

/// Inodes and space of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Space {
    /// Free inodes.
    pub inodes_free: u64,
    /// All inodes.
    pub inodes: u64,
    /// Free KiB.
    pub kib_free: u64,
    /// All KiB.
    pub kib: u64,
}

/// Reads moment by moment.
pub fn each<'a>(input: &'a [u8], take: &mut impl FnMut(Result<Moment<'a>, Skip>)) {
    let mut skips = Vec::new();
    let lines = text::lines(input, &mut skips);
    skips.into_iter().map(Err).for_each(&mut *take);
    for line in lines {
        if line.text.trim().is_empty() {
            continue;
        }
        take(moment(line.text).ok_or_else(|| {
            text::bad_line(
                line,
                "wanted received, sent, node, metric and values of LMT",
            )
        }));
    }
}

fn moment(line: &str) -> Option<Moment<'_>> {
    let mut words = line.splitn(5, ' ');
    let received = words.next()?.parse().ok()?;
    let sent = words.next()?.parse().ok()?;
    let node = words.next()?;
    let metric = words.next()?;
    let mut cells = words.next()?.trim_end().split(';').peekable();
    // The oldest write `1.0`, and nothing of processor and memory.
    let version: u32 = cells.next()?.split('.').next()?.parse().ok()?;
    let _host = cells.next()?;
    let mut percent = || {
        let value: f64 = cells.peek()?.parse().ok()?;
        cells.next();
        value.is_finite().then_some(value)
    };
    let cpu_percent = percent();
    let memory_percent = cpu_percent.and_then(|_| percent());
    let cells: Vec<&str> = cells.collect();
    let cells = match cells.split_last() {
        Some((&"", whole)) => whole,
        _ => &cells,
    };
    let said = match metric {
        "lmt_ost" => osts(cells, version)?,
        "lmt_mdt" => mdts(cells, version)?,
        "lmt_osc" => oscs(cells)?,
        "lmt_router" => vec![Said::Router {
            bytes: cells.first()?.parse().ok()?,
        }],
        _ => return None,
    };
    (!said.is_empty()).then_some(Moment {
        received,
        sent,
        node,
        cpu_percent,
        memory_percent,
        said,
    })
}

fn space(cells: &[&str]) -> Option<Space> {
    let number = |at: usize| cells.get(at)?.parse().ok();
    Some(Space {
        inodes_free: number(0)?,
        inodes: number(1)?,
        kib_free: number(2)?,
        kib: number(3)?,
    })
}

/// Where the labels are among the cells: each begins what is said of a target.
fn by_label<'c, 'a>(cells: &'c [&'a str]) -> Vec<(&'a str, &'c [&'a str])> {
    let is_label =
        |cell: &str| cell.contains("-OST") || cell.contains("-MDT") || cell.contains("-mdt");
    let starts: Vec<usize> = (0..cells.len()).filter(|at| is_label(cells[*at])).collect();
    let ends = starts.iter().skip(1).copied().chain([cells.len()]);
    let parts = starts.iter().zip(ends);
    parts
        .map(|(start, end)| (cells[*start], &cells[start + 1..end]))
        .collect()
}

fn osts<'a>(cells: &[&'a str], version: u32) -> Option<Vec<Said<'a>>> {
    let ost = |(label, cells): (&'a str, &[&'a str])| {
        let number = |at: usize| -> Option<u64> { cells.get(at)?.parse().ok() };
        Some(Said::Ost {
            label,
            space: space(cells)?,
            bytes_read: number(4)?,
            bytes_written: number(5)?,
            io_operations: number(6).filter(|_| version >= 2),
            exports: number(7).filter(|_| version >= 2),
            locks: number(8).filter(|_| version >= 2),
            recovery: words(cells),
        })
    };
    by_label(cells).into_iter().map(ost).collect()
}

fn mdts<'a>(cells: &[&'a str], version: u32) -> Option<Vec<Said<'a>>> {
    let mdt = |(label, cells): (&'a str, &[&'a str])| {
        let space = space(cells)?;
        let numbers = cells.get(4..).unwrap_or_default();
        let numbers = numbers.iter().map_while(|cell| cell.parse::<u64>().ok());
        let numbers: Vec<u64> = numbers.collect();
        let operations = numbers
            .chunks_exact(3)
            .map(|three| [three[0], three[1], three[2]]);
        Some(Said::Mdt {
            label,
            space,
            operations: operations.collect(),
            recovery: words(cells).filter(|_| version >= 2),
        })
    };
    by_label(cells).into_iter().map(mdt).collect()
}

/// The one cell that is words: how recovery stands.
fn words<'a>(cells: &[&'a str]) -> Option<&'a str> {
    let is_words = |cell: &&&str| cell.starts_with(|c: char| c.is_ascii_uppercase());
    cells.iter().rev().find(is_words).copied()
}

fn oscs<'a>(cells: &[&'a str]) -> Option<Vec<Said<'a>>> {
    let pairs = cells.chunks(2).map(|pair| match pair {
        [label, state] => Some(Said::Osc { label, state }),
        _ => None,
    });
    pairs.collect()
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let whole = sample.text();
    let lines = whole.lines().filter(|line| !line.trim().is_empty());
    let is_metric = |line: &str| {
        let mut words = line.split(' ');
        let has_times = words.by_ref().take(2).all(text::all_digits);
        has_times
            && words
                .nth(1)
                .is_some_and(|metric| metric.starts_with("lmt_"))
    };
    let (good, all) = lines.take(20).fold((0, 0), |(good, all), line| {
        (good + u32::from(is_metric(line)), all + 1)
    });
    if good > 0 && good * 2 >= all { 95 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    each(input, &mut |found| match found {
        Ok(moment) => {
            sink.record("lmt.moment", &|| json!(moment));
        }
        Err(skip) => sink.skip(skip),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_their_recovery_are_read() {
        let text = "10 9 t1 lmt_ost 2;t1;0.5;14.4;lc1-OST0010;1;2;3;4;5;6;7;14;8;0;0;46;1;RECOVERING 1/13 80s remaining;lc1-OST0008;1;2;3;4;5;6;7;4;9;0;0;2;1;COMPLETE 1/13 0s remaining;\r\n\
            10 9 m1 lmt_mdt 1;m1;0.0;1.0;lc1-MDT0000;41;46;16;17;1;2;3;4;5;6\n10 9 m1 lmt_osc 1;m1;lc1-OST0000;F;lc1-OST0001;C;\nbad\n10 9 t1 lmt_ost 2;t1;0.5";
        let (mut told, mut n_bad) = (Vec::new(), 0);
        each(text.as_bytes(), &mut |found| match found {
            Ok(moment) => told.push(moment),
            Err(_) => n_bad += 1,
        });
        assert_eq!((told.len(), n_bad), (3, 2));
        let Said::Ost {
            label,
            bytes_written,
            exports,
            recovery,
            ..
        } = told[0].said[0]
        else {
            panic!("an OST comes first");
        };
        assert_eq!(
            (label, bytes_written, exports),
            ("lc1-OST0010", 6, Some(14))
        );
        assert_eq!(recovery, Some("RECOVERING 1/13 80s remaining"));
        let Said::Mdt { operations, .. } = &told[1].said[0] else {
            panic!("an MDT comes second");
        };
        assert_eq!(operations, &[[1, 2, 3], [4, 5, 6]]);
        assert_eq!(
            told[2].said[1],
            Said::Osc {
                label: "lc1-OST0001",
                state: "C"
            }
        );
    }
}
