//! Looks at every host's mounts all the time, from outside: a target on two
//! hosts at once is what must never be.

use super::place::SERVERS;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A disk came to a host, or left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Seconds since 1970.
    pub at: f64,
    /// The host.
    pub host: String,
    /// The disk's path.
    pub disk: String,
    /// Whether it is mounted there now.
    pub is_mounted: bool,
}

/// What is seen so far.
#[derive(Debug, Default)]
struct Record {
    seen: Vec<Seen>,
    doubles: BTreeSet<String>,
    n_looks: u64,
}

/// The look-out; it ends when this is dropped.
pub struct Watch {
    record: Arc<Mutex<Record>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to look.
    pub fn begin(folder: &Path) -> Self {
        let record: Arc<Mutex<Record>> = Arc::default();
        let is_over: Arc<AtomicBool> = Arc::default();
        let (folder, into, end) = (folder.to_owned(), Arc::clone(&record), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            let mut before = BTreeMap::new();
            while !end.load(Ordering::Relaxed) {
                before = look(&folder, before, &into);
                std::thread::sleep(LOOK_EVERY);
            }
        });
        Self {
            record,
            is_over,
            thread: Some(thread),
        }
    }

    /// What came and went.
    pub fn seen(&self) -> Vec<Seen> {
        self.record
            .lock()
            .map(|record| record.seen.clone())
            .unwrap_or_default()
    }

    /// Disks that were on two hosts at once, and how often was looked.
    pub fn doubles(&self) -> (BTreeSet<String>, u64) {
        let record = self.record.lock();
        record
            .map(|record| (record.doubles.clone(), record.n_looks))
            .unwrap_or_default()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Places = BTreeMap<String, BTreeSet<String>>;

fn look(folder: &Path, before: Places, into: &Mutex<Record>) -> Places {
    let now: Places = SERVERS
        .iter()
        .map(|host| ((*host).to_owned(), mounts(folder, host)))
        .collect();
    let at = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let Ok(mut record) = into.lock() else {
        return before;
    };
    record.n_looks += 1;
    let mut all = BTreeSet::new();
    for (host, disks) in &now {
        let none = BTreeSet::new();
        let were = before.get(host).unwrap_or(&none);
        for disk in disks.symmetric_difference(were) {
            record.seen.push(Seen {
                at: at.as_secs_f64(),
                host: host.clone(),
                disk: disk.clone(),
                is_mounted: disks.contains(disk),
            });
        }
        for disk in disks {
            if !all.insert(disk.clone()) {
                record.doubles.insert(disk.clone());
            }
        }
    }
    now
}

/// Shared disks that are mounted on a host.
fn mounts(folder: &Path, host: &str) -> BTreeSet<String> {
    let text = first(folder, host).and_then(|path| fs::read_to_string(path).ok());
    let text = text.unwrap_or_default();
    let sources = text.lines().filter_map(|line| line.split(' ').next());
    let shared = sources.filter(|source| source.starts_with("/dev/zram"));
    shared.map(str::to_owned).collect()
}

/// The mount table of a host's first process, which is nspawn's last child.
fn first(folder: &Path, host: &str) -> Option<PathBuf> {
    let nspawn = fs::read_to_string(folder.join(format!("hosts/{host}/pid"))).ok()?;
    let nspawn = nspawn.trim();
    let children = fs::read_to_string(format!("/proc/{nspawn}/task/{nspawn}/children")).ok()?;
    let last = children.split_whitespace().last()?;
    Some(PathBuf::from(format!("/proc/{last}/mounts")))
}
