//! Reports that wait to be written. Nobody waits for them: an agent sends its
//! whole report again when it comes back, and events and accounts go first.
//!
//! **Invariant:** what waits is at most one report for each server, however
//! slow the disk is: newer sections take the place of older ones.

use crate::record::StoredReport;
use model::ids::ServerId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wire::Sections;

/// What changes in a server's stored report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether nothing of the old report stays.
    pub is_whole: bool,
    /// Sections to write.
    pub changed: Sections,
    /// Sections that are no more.
    pub removed: BTreeSet<String>,
}

impl From<Sections> for Change {
    fn from(changed: Sections) -> Self {
        Self {
            is_whole: true,
            changed,
            removed: BTreeSet::new(),
        }
    }
}

impl Change {
    /// Some sections of a report.
    pub fn part(changed: Sections, removed: Vec<String>) -> Self {
        Self {
            is_whole: false,
            changed,
            removed: removed.into_iter().collect(),
        }
    }

    /// Adds what changed after it.
    fn then(&mut self, newer: Self) {
        if newer.is_whole {
            *self = newer;
            return;
        }
        for name in newer.removed {
            self.changed.remove(&name);
            self.removed.insert(name);
        }
        for (name, body) in newer.changed {
            self.removed.remove(&name);
            self.changed.insert(name, body);
        }
    }

    fn size(&self) -> usize {
        self.changed.values().map(Vec::len).sum()
    }
}

/// Reports that wait, in the order their servers came.
#[derive(Debug, Default)]
pub(crate) struct Late(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    changes: BTreeMap<ServerId, Change>,
    turns: VecDeque<ServerId>,
    is_told: bool,
}

impl Late {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a change; true if the writer must be told that there is one.
    pub fn add(&self, server: ServerId, change: Change) -> bool {
        let mut waiting = self.waiting();
        if let Some(older) = waiting.changes.get_mut(&server) {
            older.then(change);
        } else {
            waiting.changes.insert(server, change);
            waiting.turns.push_back(server);
        }
        !std::mem::replace(&mut waiting.is_told, true)
    }

    /// Puts back what could not be written, under what came since.
    pub fn put_back(&self, failed: Vec<(ServerId, Change)>) {
        let mut waiting = self.waiting();
        for (server, mut older) in failed {
            if let Some(newer) = waiting.changes.remove(&server) {
                older.then(newer);
            } else {
                waiting.turns.push_back(server);
            }
            waiting.changes.insert(server, older);
        }
        // The next change tells the writer again.
        waiting.is_told = false;
    }

    /// Takes some, up to a size; one at least, if there is one.
    pub fn take(&self, size_max: usize) -> Vec<(ServerId, Change)> {
        let mut waiting = self.waiting();
        let (mut taken, mut size) = (Vec::new(), 0);
        while size < size_max
            && let Some(server) = waiting.turns.pop_front()
        {
            if let Some(change) = waiting.changes.remove(&server) {
                size += change.size();
                taken.push((server, change));
            }
        }
        waiting.is_told = !waiting.turns.is_empty();
        taken
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting().turns.is_empty()
    }
}

impl From<StoredReport> for (ServerId, Change) {
    fn from(report: StoredReport) -> Self {
        (report.server, report.sections.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> ServerId {
        ServerId(Uuid::from_u128(n))
    }

    /// `+os=1`, `-os`; a leading `=` for a whole report.
    fn change(text: &str) -> Change {
        let mut change = Change {
            is_whole: text.starts_with('='),
            ..Change::default()
        };
        for word in text.trim_start_matches('=').split_whitespace() {
            if let Some(name) = word.strip_prefix('-') {
                change.removed.insert(name.to_owned());
            } else {
                let (name, body) = word.trim_start_matches('+').split_once('=').unwrap();
                change.changed.insert(name.to_owned(), body.into());
            }
        }
        change
    }

    #[track_caller]
    fn check(changes: &[&str], expected: &str) {
        let late = Late::default();
        for (n, text) in changes.iter().enumerate() {
            assert_eq!(late.add(id(1), change(text)), n == 0, "told once");
        }
        assert_eq!(late.take(usize::MAX), [(id(1), change(expected))]);
        assert!(late.is_empty());
    }

    #[test]
    fn newer_sections_take_the_place_of_older_ones() {
        check(&["+os=1 +ha=1", "+os=2 -ha"], "+os=2 -ha");
        check(&["-os", "+os=2"], "+os=2");
        check(&["= +os=1 +ha=1", "+os=2 -ha"], "= +os=2 -ha");
        check(&["+os=1 -ha", "= +ha=3"], "= +ha=3");
    }

    #[test]
    fn some_are_taken_at_a_time_and_what_failed_comes_again() {
        let late = Late::default();
        for n in [1, 2, 3] {
            late.add(id(n), change("+os=12345678"));
        }
        let first = late.take(10);
        assert_eq!(
            first.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            [id(1), id(2)]
        );
        assert!(
            !late.add(id(3), change("+ha=1")),
            "the writer goes on by itself"
        );
        late.add(id(1), change("+ha=1"));
        late.put_back(first);
        assert!(
            late.add(id(2), change("+os=2")),
            "the writer gave up until now"
        );
        let all = late.take(usize::MAX);
        let of = |n| {
            all.iter()
                .find(|(id, _)| *id == self::id(n))
                .unwrap()
                .1
                .clone()
        };
        assert_eq!(of(1), change("+os=12345678 +ha=1"));
        assert_eq!(of(2), change("+os=2"));
        assert_eq!(of(3), change("+os=12345678 +ha=1"));
    }
}
