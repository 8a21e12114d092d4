//! Input in chunks: a dump of any size in bounded memory.
//!
//! A chunk is cut where a parameter, or a job of a `job_stats`, begins; what is
//! before the cut is read like a small dump, the rest waits for more. Bounded
//! by the largest single parameter that is not a `job_stats`, and by
//! [`HELD_MAX`]: a body beyond that is passed over with a skip.

use super::split::head;
use super::{blocks, kind};
use stdx::reading::{Sink, Skip, SkipKind};

/// Bytes of one parameter that are held at most.
pub const HELD_MAX: usize = 32 << 20;

/// Bytes below which nothing is read yet.
const READ_MIN: usize = 256 << 10;

/// Takes chunks, gives records as soon as they are whole.
#[derive(Debug, Default)]
pub struct Feeder {
    held: Vec<u8>,
    /// Lines before what is held.
    lines: u64,
    /// `name=` line of the `job_stats` that the held bytes go on with.
    open: Option<Vec<u8>>,
}

impl Feeder {
    /// One with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// One for a `job_stats` without its name, as `lctl get_param -n` prints it.
    pub fn of_jobs() -> Self {
        Self {
            open: Some(b"job_stats=\n".to_vec()),
            ..Self::default()
        }
    }

    /// The one that reads what this kind reads, if input of the kind can come in chunks.
    pub fn of_kind(kind: &str, head: &[u8]) -> Option<Self> {
        let is_jobs = || head.trim_ascii_start().starts_with(b"job_stats:");
        if kind == kind::GET_PARAM.name {
            Some(Self::new())
        } else if kind == kind::BODY.name && is_jobs() {
            Some(Self::of_jobs())
        } else {
            None
        }
    }

    /// Takes more of the input.
    pub fn feed(&mut self, chunk: &[u8], sink: &mut dyn Sink) {
        self.held.extend_from_slice(chunk);
        if self.held.len() < READ_MIN {
            return;
        }
        match self.cut() {
            Some(at) => self.read(at, sink),
            None if self.held.len() > HELD_MAX => {
                sink.skip(Skip::new(
                    self.lines + 1,
                    SkipKind::Unknown,
                    "one parameter of more than 32 MiB",
                ));
                self.lines += count_lines(&self.held);
                self.held.clear();
            }
            None => {}
        }
    }

    /// Reads what is left.
    pub fn finish(mut self, sink: &mut dyn Sink) {
        let end = self.held.len();
        self.read(end, sink);
    }

    /// Where the last job or parameter begins.
    fn cut(&self) -> Option<usize> {
        let mut end = self.held.len();
        while let Some(at) = memchr::memrchr(b'\n', &self.held[..end]) {
            let line = &self.held[at + 1..];
            let is_job = line.trim_ascii_start().starts_with(b"- job_id");
            let first = memchr::memchr(b'\n', line).map_or(line, |to| &line[..to]);
            let is_param = std::str::from_utf8(first).is_ok_and(|text| head(text).is_some());
            if (is_job || is_param) && at > 0 && memchr::memchr(b'\n', line).is_some() {
                return Some(at + 1);
            }
            end = at;
        }
        None
    }

    fn read(&mut self, end: usize, sink: &mut dyn Sink) {
        let rest = self.held.split_off(end);
        let piece = std::mem::replace(&mut self.held, rest);
        let lines = count_lines(&piece);
        let (head, shift) = match self.open.take() {
            Some(head) => (head, self.lines.wrapping_sub(1)),
            None => (Vec::new(), self.lines),
        };
        let whole = [head.as_slice(), piece.as_slice()].concat();
        let mut shifted = Shifted { sink, shift };
        let mut last = None;
        for found in blocks(&whole) {
            match found {
                Ok(block) => {
                    kind::put(&block, &mut shifted);
                    last = (block.name.param == "job_stats")
                        .then(|| format!("{}=\n", block.name.full));
                }
                Err(skip) => shifted.skip(skip),
            }
        }
        if self.held.trim_ascii_start().starts_with(b"- job_id") {
            self.open = last.map(String::into_bytes);
        }
        self.lines += lines;
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes)
        .count()
        .try_into()
        .unwrap_or(u64::MAX)
}

/// Gives skips the line that they have in the whole input.
struct Shifted<'a> {
    sink: &'a mut dyn Sink,
    shift: u64,
}

impl Sink for Shifted<'_> {
    fn wants_records(&self) -> bool {
        self.sink.wants_records()
    }

    fn record(&mut self, family: &str, value: &dyn Fn() -> serde_json::Value) {
        self.sink.record(family, value);
    }

    fn skip(&mut self, mut skip: Skip) {
        skip.line = skip.line.wrapping_add(self.shift);
        self.sink.skip(skip);
    }

    fn hint(&mut self, hint: &str) {
        self.sink.hint(hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::reading::Collected;

    fn dump(jobs: usize) -> String {
        let mut text = String::from("version=2.15.4\nobdfilter.a-OST0000.job_stats=\njob_stats:\n");
        for n in 0..jobs {
            text.push_str(&format!("- job_id:          job.{n}\n  snapshot_time:   1\n  read_bytes:      {{ samples: {n}, unit: bytes, min: 1, max: 2, sum: 3 }}\n"));
            if n % 1000 == 7 {
                text.push_str("  broken: { samples: x }\n");
            }
        }
        text.push_str("obdfilter.a-OST0000.num_exports=5\n");
        text
    }

    #[test]
    fn jobs_without_a_name_come_in_chunks_too() {
        let text = dump(9000);
        let body = text.split_once("job_stats=\n").unwrap().1;
        let body = body.rsplit_once("obdfilter").unwrap().0;
        let mut whole = Collected::counting();
        (kind::BODY.read)(body.as_bytes(), &mut whole);
        let mut pieces = Collected::counting();
        let mut feeder = Feeder::of_kind(kind::BODY.name, body.as_bytes()).unwrap();
        for chunk in body.as_bytes().chunks(65_536) {
            feeder.feed(chunk, &mut pieces);
        }
        feeder.finish(&mut pieces);
        assert_eq!(whole.n_records(), 9000);
        assert_eq!(
            (&pieces.counts, &pieces.skips),
            (&whole.counts, &whole.skips)
        );
    }

    #[test]
    fn chunks_give_what_the_whole_gives() {
        let text = dump(20_000);
        let mut whole = Collected::counting();
        (kind::GET_PARAM.read)(text.as_bytes(), &mut whole);
        assert_eq!(whole.counts["obdfilter.job_stats"], 20_000);
        assert_eq!(whole.skips.len(), 20);
        for size in [977, 65_536, 1 << 20] {
            let mut pieces = Collected::counting();
            let mut feeder = Feeder::new();
            for chunk in text.as_bytes().chunks(size) {
                feeder.feed(chunk, &mut pieces);
            }
            feeder.finish(&mut pieces);
            assert_eq!(
                (&pieces.counts, &pieces.skips),
                (&whole.counts, &whole.skips),
                "{size}"
            );
        }
    }
}
