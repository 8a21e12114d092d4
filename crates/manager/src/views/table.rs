//! One noun's rows, indexed: a page costs what is on it, and a change what it
//! changed, however many rows there are.
//!
//! A row itself is made when it is shown. What is kept of it is what queries
//! ask of all rows: values to filter by, fields to sort by, text to search.

use super::list::{Ask, Field, SortKey, text_of};
use super::noun::{Facets, Noun};
use crate::http::problem::{Fault, bad};
use crate::state::World;
use api::server::{Concern, Ref};
use api::summary::Attention;
use jiff::Timestamp;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Orders that are kept at a time; the one that was not asked for longest goes first.
const ORDERS_MAX: usize = 4;
/// A filter that leaves fewer than one row in so many is answered without walking the order.
const FEW: usize = 16;

/// Codes that someone must act on; the others are worth a look.
const ERRORS: [&str; 8] = [
    "target-mounted-twice",
    "target-on-two-devices",
    "target-missing",
    "target-unmounted",
    "ha-disagrees",
    "ha-no-quorum",
    "server-unhealthy",
    "mgs-down",
];

type Slot = usize;
/// Errors first, then by code and name.
pub(crate) type Rank = (bool, String, Ref, Slot, usize);

/// One noun's rows, indexed.
pub(crate) struct Table<N: Noun> {
    slots: Vec<Option<Entry<N::Key>>>,
    free: Vec<Slot>,
    by_key: BTreeMap<Arc<N::Key>, Slot>,
    having: [BTreeMap<Arc<str>, BTreeSet<Slot>>; Field::COUNT],
    attention: BTreeMap<Rank, Attention>,
    /// The one asked for last is the last.
    orders: Vec<Order<N::Key>>,
    has_texts: bool,
    /// Rows that may not be what they were.
    pending: BTreeSet<N::Key>,
}

struct Entry<K> {
    key: Arc<K>,
    values: Vec<(Field, Arc<str>)>,
    attention: Vec<Rank>,
    text: String,
}

/// Rows by one field, and the same key among equals.
struct Order<K> {
    field: String,
    sorted: BTreeSet<(SortKey, Arc<K>, Slot)>,
    of: BTreeMap<Slot, SortKey>,
}

impl<N: Noun> Default for Table<N> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: BTreeMap::new(),
            having: Default::default(),
            attention: BTreeMap::new(),
            orders: Vec::new(),
            has_texts: false,
            pending: BTreeSet::new(),
        }
    }
}

impl<N: Noun> Table<N> {
    /// Rows to look at again.
    pub fn mark(&mut self, keys: impl IntoIterator<Item = N::Key>) {
        self.pending.extend(keys);
    }

    /// All rows, those that were here and those that are.
    pub fn mark_all(&mut self, world: &World) {
        self.pending.extend(N::keys(world));
        self.mark_kept();
    }

    fn mark_kept(&mut self) {
        self.pending
            .extend(self.by_key.keys().map(|key| N::Key::clone(key)));
    }

    /// Sees to it that the indexes for this query are there, once
    /// [`Table::work`] is done.
    pub fn prepare(&mut self, ask: &Ask, world: &World, now: Timestamp) -> Result<(), Fault> {
        if ask.text.is_some() && !self.has_texts {
            self.has_texts = true;
            self.mark_kept();
        }
        let Some((field, _)) = &ask.sort else {
            return Ok(());
        };
        if N::LIVE.contains(&field.as_str()) {
            return Ok(());
        }
        if let Some(at) = self.orders.iter().position(|order| order.field == *field) {
            let order = self.orders.remove(at);
            self.orders.push(order);
            return Ok(());
        }
        let mut keys = self
            .pending
            .iter()
            .chain(self.by_key.keys().map(|key| &**key));
        let Some(row) = keys.find_map(|key| value::<N>(world, key, now)) else {
            return Ok(());
        };
        if row.get(field).is_none() {
            let fields: Vec<&str> = row
                .as_object()
                .into_iter()
                .flat_map(|row| row.keys().map(String::as_str))
                .collect();
            return Err(bad(format!(
                "These rows have no field {field:?} to sort by; they have {}.",
                fields.join(", ")
            )));
        }
        if self.orders.len() == ORDERS_MAX {
            self.orders.remove(0);
        }
        self.orders.push(Order {
            field: field.clone(),
            sorted: BTreeSet::new(),
            of: BTreeMap::new(),
        });
        self.mark_kept();
        Ok(())
    }

    /// Looks at some of the marked rows again; true once none is left.
    pub fn work(&mut self, world: &World, now: Timestamp, n_max: usize) -> bool {
        for _ in 0..n_max {
            let Some(key) = self.pending.pop_first() else {
                return true;
            };
            match N::facets(world, &key) {
                Some(facets) => self.put(key, facets, world, now),
                None => self.remove(&key),
            }
        }
        self.pending.is_empty()
    }

    fn put(&mut self, key: N::Key, facets: Facets, world: &World, now: Timestamp) {
        let slot = match self.by_key.get(&key) {
            Some(slot) => *slot,
            None => self.make(key),
        };
        let Some(Some(entry)) = self.slots.get_mut(slot) else {
            return;
        };
        let had = entry.values.iter().map(|(field, value)| (*field, &**value));
        let has = facets.values.iter();
        if !had.eq(has.map(|(field, value)| (*field, &**value))) {
            for (field, value) in std::mem::take(&mut entry.values) {
                drop_value(&mut self.having, field, &value, slot);
            }
            for (field, value) in facets.values {
                let value = add_value(&mut self.having, field, value, slot);
                entry.values.push((field, value));
            }
        }
        for rank in std::mem::take(&mut entry.attention) {
            self.attention.remove(&rank);
        }
        if let Some((about, concerns)) = facets.concerns {
            for (nth, concern) in concerns.into_iter().enumerate() {
                let attention = attention::<N>(concern, about.clone());
                let is_error = attention.severity == "error";
                let rank = (!is_error, attention.code.clone(), about.clone(), slot, nth);
                entry.attention.push(rank.clone());
                self.attention.insert(rank, attention);
            }
        }
        // Made only where it is needed.
        let row = OnceCell::new();
        let row = || row.get_or_init(|| value::<N>(world, &entry.key, now).unwrap_or_default());
        for order in &mut self.orders {
            let by = N::field(world, &entry.key, &order.field);
            let by = by.unwrap_or_else(|| SortKey::of(&row()[&order.field]));
            order.put(slot, &entry.key, by);
        }
        if self.has_texts {
            entry.text = text_of(row());
        }
    }

    fn make(&mut self, key: N::Key) -> Slot {
        let key = Arc::new(key);
        let entry = Entry {
            key: Arc::clone(&key),
            values: Vec::new(),
            attention: Vec::new(),
            text: String::new(),
        };
        let slot = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(slot) {
            Some(place) => *place = Some(entry),
            None => self.slots.push(Some(entry)),
        }
        self.by_key.insert(key, slot);
        slot
    }

    fn remove(&mut self, key: &N::Key) {
        let Some(slot) = self.by_key.remove(key) else {
            return;
        };
        let Some(entry) = self.slots.get_mut(slot).and_then(Option::take) else {
            return;
        };
        for (field, value) in &entry.values {
            drop_value(&mut self.having, *field, value, slot);
        }
        for rank in &entry.attention {
            self.attention.remove(rank);
        }
        for order in &mut self.orders {
            order.remove(slot, &entry.key);
        }
        self.free.push(slot);
    }

    /// How many rows have each value of a field.
    pub fn counts(&self, field: Field) -> BTreeMap<String, u64> {
        let all = self.having[field.place()].iter();
        all.map(|(value, slots)| (value.to_string(), count(slots.len())))
            .collect()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// What needs attention, worst first.
    pub fn attention(&self) -> &BTreeMap<Rank, Attention> {
        &self.attention
    }

    /// Keys of the rows on a page, and how many rows match in all.
    pub fn page(&self, ask: &Ask, world: &World) -> (Vec<Arc<N::Key>>, usize) {
        let mut wanted = Vec::with_capacity(ask.wanted.len());
        for (field, value) in &ask.wanted {
            match self.having[field.place()].get(value.as_str()) {
                Some(slots) => wanted.push(slots),
                None => return (Vec::new(), 0),
            }
        }
        wanted.sort_by_key(|slots| slots.len());
        let text = ask.text.as_deref();
        let few = wanted.first().map_or(self.len(), |slots| slots.len());
        let field = ask.sort.as_ref().map(|(field, _)| field.as_str());
        let live = field.filter(|field| N::LIVE.contains(field));
        if live.is_some() || few.saturating_mul(FEW) < self.len() {
            return self.gathered(ask, &wanted, |slot, key| match (live, field) {
                (Some(field), _) => N::live(world, key, field),
                (None, Some(field)) => self.sort_key(field, slot),
                (None, None) => SortKey::Nothing,
            });
        }
        let filter = Filter {
            bits: (!wanted.is_empty()).then(|| Bits::all_of(&wanted, self.slots.len())),
            text,
        };
        let n = filter.bits.as_ref().map_or(self.len(), Bits::count);
        let known = text.is_none().then_some(n);
        let is_down = ask.sort.as_ref().is_some_and(|(_, is_down)| *is_down);
        let order = self
            .orders
            .iter()
            .find(|order| Some(order.field.as_str()) == field);
        if let Some(order) = order {
            let rows = order.sorted.iter().map(|(_, key, slot)| (key, *slot));
            self.walked(ask, &filter, known, rows, is_down)
        } else {
            let rows = self.by_key.iter().map(|(key, slot)| (key, *slot));
            self.walked(ask, &filter, known, rows, is_down)
        }
    }

    fn walked<'a>(
        &'a self,
        ask: &Ask,
        filter: &Filter<'_>,
        known: Option<usize>,
        rows: impl DoubleEndedIterator<Item = (&'a Arc<N::Key>, Slot)>,
        is_down: bool,
    ) -> (Vec<Arc<N::Key>>, usize) {
        let rows = rows.filter(|(_, slot)| self.holds(filter, *slot));
        if is_down {
            cut(ask, known, rows.rev())
        } else {
            cut(ask, known, rows)
        }
    }

    /// Takes the rows that match and sorts them: for few rows, and for fields
    /// that no index keeps.
    fn gathered(
        &self,
        ask: &Ask,
        wanted: &[&BTreeSet<Slot>],
        by: impl Fn(Slot, &N::Key) -> SortKey,
    ) -> (Vec<Arc<N::Key>>, usize) {
        let all: &mut dyn Iterator<Item = Slot> = match wanted.first() {
            Some(slots) => &mut slots.iter().copied(),
            None => &mut self.by_key.values().copied(),
        };
        let has_all = |slot: &Slot| wanted.iter().all(|slots| slots.contains(slot));
        let filter = Filter {
            bits: None,
            text: ask.text.as_deref(),
        };
        let entry = |slot: Slot| Some((slot, self.slots.get(slot)?.as_ref()?));
        let mut found: Vec<(SortKey, &Arc<N::Key>)> = all
            .filter(has_all)
            .filter(|slot| self.holds(&filter, *slot))
            .filter_map(entry)
            .map(|(slot, entry)| (by(slot, &entry.key), &entry.key))
            .collect();
        found.sort_unstable();
        if ask.sort.as_ref().is_some_and(|(_, is_down)| *is_down) {
            found.reverse();
        }
        let total = found.len();
        let rows = found.into_iter().map(|(_, key)| (key, 0));
        cut(ask, Some(total), rows)
    }

    fn sort_key(&self, field: &str, slot: Slot) -> SortKey {
        let order = self.orders.iter().find(|order| order.field == field);
        let key = order.and_then(|order| order.of.get(&slot));
        key.cloned().unwrap_or(SortKey::Nothing)
    }

    fn holds(&self, filter: &Filter<'_>, slot: Slot) -> bool {
        let has_all = filter.bits.as_ref().is_none_or(|bits| bits.has(slot));
        has_all
            && filter.text.is_none_or(|text| {
                let entry = self.slots.get(slot).and_then(Option::as_ref);
                entry.is_some_and(|entry| entry.text.contains(text))
            })
    }
}

/// What rows of a page must have.
struct Filter<'a> {
    bits: Option<Bits>,
    text: Option<&'a str>,
}

/// Slots, a bit each.
struct Bits(Vec<u64>);

impl Bits {
    /// Those that are in all of these.
    fn all_of(wanted: &[&BTreeSet<Slot>], n_slots: usize) -> Self {
        let mut all = vec![u64::MAX; n_slots.div_ceil(64)];
        for slots in wanted {
            let mut some = vec![0; all.len()];
            for slot in *slots {
                if let Some(bits) = some.get_mut(slot / 64) {
                    *bits |= 1 << (slot % 64);
                }
            }
            all.iter_mut()
                .zip(some)
                .for_each(|(all, some)| *all &= some);
        }
        Self(all)
    }

    fn has(&self, slot: Slot) -> bool {
        let bits = self.0.get(slot / 64);
        bits.is_some_and(|bits| bits >> (slot % 64) & 1 == 1)
    }

    fn count(&self) -> usize {
        let ones = |bits: &u64| usize::try_from(bits.count_ones()).unwrap_or(0);
        self.0.iter().map(ones).sum()
    }
}

fn attention<N: Noun>(concern: Concern, about: Ref) -> Attention {
    let is_error = ERRORS.contains(&concern.code.as_str());
    Attention {
        severity: if is_error { "error" } else { "warning" }.to_owned(),
        code: concern.code,
        text: concern.text,
        noun: N::NAME.to_owned(),
        about,
    }
}

/// Cuts the page out; walks no further than it must to know how many there are.
fn cut<'a, K: 'a>(
    ask: &Ask,
    known: Option<usize>,
    mut rows: impl Iterator<Item = (&'a Arc<K>, Slot)>,
) -> (Vec<Arc<K>>, usize) {
    let passed = rows.by_ref().take(ask.start).count();
    let page: Vec<_> = rows
        .by_ref()
        .take(ask.limit)
        .map(|(key, _)| Arc::clone(key))
        .collect();
    let total = known.unwrap_or_else(|| passed + page.len() + rows.count());
    (page, total)
}

impl<K: Ord> Order<K> {
    fn put(&mut self, slot: Slot, key: &Arc<K>, by: SortKey) {
        if self.of.get(&slot) == Some(&by) {
            return;
        }
        self.remove(slot, key);
        self.of.insert(slot, by.clone());
        self.sorted.insert((by, Arc::clone(key), slot));
    }

    fn remove(&mut self, slot: Slot, key: &Arc<K>) {
        if let Some(by) = self.of.remove(&slot) {
            self.sorted.remove(&(by, Arc::clone(key), slot));
        }
    }
}

fn value<N: Noun>(world: &World, key: &N::Key, now: Timestamp) -> Option<Value> {
    let mut value = serde_json::to_value(N::row_alone(world, key, now)?).ok()?;
    if let Some(map) = value.as_object_mut() {
        for field in N::LIVE.iter().chain(&["evidence"]) {
            map.shift_remove(*field);
        }
    }
    Some(value)
}

type Having = [BTreeMap<Arc<str>, BTreeSet<Slot>>; Field::COUNT];

fn add_value(having: &mut Having, field: Field, value: String, slot: Slot) -> Arc<str> {
    let having = &mut having[field.place()];
    let value = match having.get_key_value(value.as_str()) {
        Some((known, _)) => Arc::clone(known),
        None => Arc::from(value),
    };
    having.entry(Arc::clone(&value)).or_default().insert(slot);
    value
}

fn drop_value(having: &mut Having, field: Field, value: &Arc<str>, slot: Slot) {
    let having = &mut having[field.place()];
    if let Some(slots) = having.get_mut(value) {
        slots.remove(&slot);
        if slots.is_empty() {
            having.remove(value);
        }
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
