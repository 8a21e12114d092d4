//! Events that the manager did not acknowledge yet, in the agent's own folder:
//! a file that is appended to, and written anew when it grew.
//!
//! **Invariant:** an event is in the file before it is sent, and leaves it only
//! after the manager said that it has it. With the event stands how far its
//! source was heard, so a restart neither loses nor repeats one.

use crate::watch::Place;
use model::event::HostEvent;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file is written anew beyond this size, if most of it is of no use.
const REWRITE_BYTES: u64 = 256 << 10;

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// First: the numbering, and how far the sources were heard.
    Head {
        stream: u64,
        next: u64,
        place: Place,
    },
    /// An event with its number.
    Event {
        number: u64,
        event: HostEvent,
        place: Place,
    },
    /// The manager has the events up to this number.
    Held(u64),
    /// The sources were heard so far.
    Place(Place),
}

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Names the numbering.
    pub stream: u64,
    /// Number of the next event.
    pub next: u64,
    /// Events that are not acknowledged, with their numbers.
    pub waiting: VecDeque<(u64, HostEvent)>,
    /// How far the sources were heard.
    pub place: Place,
}

/// The file.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    file: File,
    bytes: u64,
    is_dirty: bool,
}

impl Spool {
    /// Opens the folder's spool. Where there is none, or one that cannot be
    /// understood, it begins a numbering named `stream`.
    pub fn open(folder: &Path, stream: u64) -> io::Result<(Self, Kept)> {
        let path = folder.join("events.jsonl");
        let kept = match std::fs::read(&path) {
            Ok(bytes) => read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let kept = kept.unwrap_or(Kept {
            stream,
            next: 1,
            ..Kept::default()
        });
        let (file, bytes) = write_anew(&path, &kept)?;
        let spool = Self {
            path,
            file,
            bytes,
            is_dirty: false,
        };
        Ok((spool, kept))
    }

    /// Adds the last of the waiting events; it is safe after [`Spool::sync`].
    pub fn add(&mut self, kept: &Kept) -> io::Result<()> {
        let Some((number, event)) = kept.waiting.back() else {
            return Ok(());
        };
        self.append(
            &Line::Event {
                number: *number,
                event: event.clone(),
                place: kept.place.clone(),
            },
            kept,
        )
    }

    /// Notes how far the sources were heard.
    pub fn pass(&mut self, kept: &Kept) -> io::Result<()> {
        self.append(&Line::Place(kept.place.clone()), kept)
    }

    /// Notes that the manager has the events up to `upto`.
    pub fn acknowledge(&mut self, upto: u64, kept: &Kept) -> io::Result<()> {
        self.append(&Line::Held(upto), kept)
    }

    /// Makes what was added safe.
    pub fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_dirty) {
            self.file.sync_data()?;
        }
        Ok(())
    }

    fn append(&mut self, line: &Line, kept: &Kept) -> io::Result<()> {
        let n_waiting = u64::try_from(kept.waiting.len()).unwrap_or(u64::MAX);
        // A waiting event is seldom larger than a kilobyte.
        if self.bytes > REWRITE_BYTES && n_waiting.saturating_mul(1024) < self.bytes / 2 {
            (self.file, self.bytes) = write_anew(&self.path, kept)?;
            self.is_dirty = false;
            return Ok(());
        }
        let mut bytes = serde_json::to_vec(line).map_err(io::Error::other)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)?;
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.is_dirty = true;
        Ok(())
    }
}

/// Reads the lines up to the first that is broken: a crash cuts the last one.
fn read(bytes: &[u8]) -> Option<Kept> {
    let mut lines = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map_while(|line| serde_json::from_slice::<Line>(line.strip_suffix(b"\n")?).ok());
    let Some(Line::Head {
        stream,
        next,
        place,
    }) = lines.next()
    else {
        return None;
    };
    let mut kept = Kept {
        stream,
        next,
        place,
        waiting: VecDeque::new(),
    };
    for line in lines {
        match line {
            Line::Head { .. } => return None,
            Line::Event {
                number,
                event,
                place,
            } => {
                kept.next = number.saturating_add(1);
                kept.place = place;
                kept.waiting.push_back((number, event));
            }
            Line::Held(upto) => kept.waiting.retain(|(number, _)| *number > upto),
            Line::Place(place) => kept.place = place,
        }
    }
    Some(kept)
}

/// Writes it whole beside the old one, then in its place.
fn write_anew(path: &Path, kept: &Kept) -> io::Result<(File, u64)> {
    let head = Line::Head {
        stream: kept.stream,
        next: kept.next,
        place: kept.place.clone(),
    };
    let mut bytes = serde_json::to_vec(&head).map_err(io::Error::other)?;
    bytes.push(b'\n');
    for (number, event) in &kept.waiting {
        let line = Line::Event {
            number: *number,
            event: event.clone(),
            place: kept.place.clone(),
        };
        serde_json::to_writer(&mut bytes, &line).map_err(io::Error::other)?;
        bytes.push(b'\n');
    }
    let beside = path.with_extension("jsonl.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    Ok((file, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::event::Severity;

    fn add(spool: &mut Spool, kept: &mut Kept, text: &str) {
        let event = HostEvent {
            at: jiff::Timestamp::UNIX_EPOCH,
            severity: Severity::Info,
            kind: "x.y".into(),
            text: text.into(),
            target: None,
            raw: None,
        };
        kept.waiting.push_back((kept.next, event));
        kept.place.journal = Some(format!("c{}", kept.next));
        kept.next += 1;
        spool.add(kept).unwrap();
    }

    fn numbers(kept: &Kept) -> Vec<u64> {
        kept.waiting.iter().map(|(number, _)| *number).collect()
    }

    #[test]
    fn what_was_not_acknowledged_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, mut kept) = Spool::open(folder.path(), 7).unwrap();
        assert_eq!((kept.stream, kept.next), (7, 1));
        for _ in 0..3 {
            add(&mut spool, &mut kept, "a");
        }
        kept.waiting.drain(..2);
        spool.acknowledge(2, &kept).unwrap();
        kept.place.journal = Some("later".into());
        spool.pass(&kept).unwrap();
        drop(spool);
        let (_, again) = Spool::open(folder.path(), 8).unwrap();
        assert_eq!((again.stream, again.next, numbers(&again)), (7, 4, vec![3]));
        assert_eq!(again, kept);
    }

    #[test]
    fn a_crash_in_the_last_line_costs_that_line() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, mut kept) = Spool::open(folder.path(), 7).unwrap();
        add(&mut spool, &mut kept, "a");
        add(&mut spool, &mut kept, "b");
        let path = folder.path().join("events.jsonl");
        let bytes = std::fs::read(&path).unwrap();
        for end in 0..bytes.len() {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let (_, kept) = Spool::open(folder.path(), 9).unwrap();
            let n_whole = bytes[..end].split(|byte| *byte == b'\n').count() - 1;
            assert_eq!(kept.waiting.len(), n_whole.saturating_sub(1), "{end}");
            assert_eq!(kept.stream, if n_whole == 0 { 9 } else { 7 });
        }
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, mut kept) = Spool::open(folder.path(), 7).unwrap();
        let size = || {
            std::fs::metadata(folder.path().join("events.jsonl"))
                .unwrap()
                .len()
        };
        for number in 1..=2000 {
            add(&mut spool, &mut kept, &"x".repeat(1000));
            // Some are acknowledged, some had to go.
            kept.waiting.clear();
            if number % 2 == 0 {
                spool.acknowledge(number, &kept).unwrap();
            }
        }
        assert!(size() < 2 * REWRITE_BYTES, "{}", size());
        drop(spool);
        let (_, again) = Spool::open(folder.path(), 7).unwrap();
        assert_eq!((again.next, again.stream), (2001, 7));
    }
}
