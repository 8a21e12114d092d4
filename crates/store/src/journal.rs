//! The journal of events: appended to, read, never changed. The oldest are
//! forgotten in the end.

use crate::connection::{Store, StoreError};
use crate::record::{EventFilter, NewEvent};
use crate::sql;
use jiff::Timestamp;
use model::event::{Event, HostEvent, Severity};
use model::ids::ServerId;
use rusqlite::{Connection, Row, params};

/// Rows that one question answers at most.
pub const EVENTS_READ_MAX: u32 = 1000;

/// Events that one question looks at where no index tells which to take.
pub const EVENTS_SCANNED_MAX: u32 = 50_000;
/// Columns of an event that a text is looked for in: text, server, target, source line.
const SEARCHED: [usize; 4] = [5, 7, 8, 10];
const WARNINGS: u8 = 1 << 1;
const ERRORS: u8 = 1 << 2;
const ALL: u8 = 1 | WARNINGS | ERRORS;

/// Where a run of an agent's events stands in that agent's own numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Whose.
    pub server: ServerId,
    /// Name of the numbering.
    pub stream: u64,
    /// Number of the first event.
    pub first: u64,
}

impl Store {
    /// Appends events; answers with their positions once they are on disk.
    pub async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<u64>, StoreError> {
        self.write(move |db| append(db, &events)).await
    }

    /// Appends a run of an agent's events without those that are in the
    /// journal already: an agent repeats what it saw no acknowledgement for.
    pub async fn append_run(
        &self,
        run: Run,
        events: Vec<NewEvent>,
    ) -> Result<Vec<u64>, StoreError> {
        self.write(move |db| {
            let server = sql::bytes(run.server.0);
            let (stream, upto) = db
                .prepare_cached(sql::SERVER_STREAM)?
                .query_row([server], |row| Ok((row.get(0)?, row.get(1)?)))?;
            // SQLite has no unsigned numbers: the bits are kept.
            let (stream, upto): (i64, u64) = (stream, upto);
            let known = if stream == run.stream.cast_signed() {
                upto
            } else {
                0
            };
            let skip = known.saturating_add(1).saturating_sub(run.first);
            let skip = usize::try_from(skip)
                .unwrap_or(usize::MAX)
                .min(events.len());
            let n = u64::try_from(events.len()).unwrap_or(u64::MAX);
            let upto = run.first.saturating_add(n).saturating_sub(1).max(known);
            db.prepare_cached(sql::SERVER_STREAM_SET)?.execute(params![
                server,
                run.stream.cast_signed(),
                upto
            ])?;
            append(db, &events[skip..])
        })
        .await
    }

    /// Forgets the oldest events: those recorded before `oldest`, and those
    /// beyond the newest `n_max`; `n_once` at most in one go, so that others may
    /// write in between. The newest stays, whatever its age: positions go on
    /// from it. Answers with how many went.
    pub async fn forget_events(
        &self,
        oldest: Timestamp,
        n_max: u64,
        n_once: u64,
    ) -> Result<u64, StoreError> {
        self.write(move |db| {
            let newest = last(db)?;
            let one = |text, value: Option<i64>| -> Result<u64, StoreError> {
                let mut statement = db.prepare_cached(text)?;
                let values = rusqlite::params_from_iter(value);
                Ok(statement.query_row(values, |row| row.get(0))?)
            };
            let first = one(sql::EVENTS_FIRST, None)?;
            let old = one(sql::EVENTS_OLD, Some(sql::ms(oldest)))?;
            let keep_from = old
                .saturating_add(1)
                .max(newest.saturating_add(1).saturating_sub(n_max))
                .min(newest)
                .min(first.saturating_add(n_once));
            let n = db.prepare_cached(sql::EVENTS_DROP)?.execute([keep_from])?;
            Ok(u64::try_from(n).unwrap_or(u64::MAX))
        })
        .await
    }

    /// Position of the newest event, 0 if there is none.
    pub async fn last_event(&self) -> Result<u64, StoreError> {
        self.read(last).await
    }

    /// Events of a filter: oldest first with `after`, newest first otherwise.
    pub async fn events(&self, filter: EventFilter) -> Result<Vec<Event>, StoreError> {
        Ok(self.events_page(filter).await?.events)
    }

    /// The same, with where to go on: looks at [`EVENTS_SCANNED_MAX`] events, so
    /// a page may hold few of them, or none, and have a next one.
    pub async fn events_page(&self, filter: EventFilter) -> Result<EventsPage, StoreError> {
        self.read(move |db| {
            let limit = filter.limit.min(EVENTS_READ_MAX);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let mut page = EventsPage::default();
            page.next = scan(db, &filter, |row| {
                page.events.push(read(row)?);
                Ok(page.events.len() < limit)
            })?;
            Ok(page)
        })
        .await
    }

    /// How many events a filter keeps, wherever they are. What no index answers
    /// is counted among the newest [`EVENTS_SCANNED_MAX`] only.
    pub async fn count_events(&self, filter: EventFilter) -> Result<u64, StoreError> {
        self.read(move |db| {
            let filter = EventFilter {
                before: None,
                after: None,
                ..filter
            };
            let (by, is_all) = By::of(&filter);
            if is_all {
                return by.count(db);
            }
            let mut n = 0;
            scan(db, &filter, |_| {
                n += 1;
                Ok(true)
            })?;
            Ok(n)
        })
        .await
    }
}

/// Some events, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventsPage {
    /// They.
    pub events: Vec<Event>,
    /// Position of the last one that was looked at, if there may be more.
    pub next: Option<u64>,
}

/// The condition that an index answers; the others are looked at row by row.
#[derive(Clone, Debug)]
enum By {
    Nothing,
    Warnings,
    Errors,
    Server([u8; 16]),
    Target(String),
}

impl By {
    /// The best one of a filter, and whether nothing else is asked.
    fn of(filter: &EventFilter) -> (Self, bool) {
        let mask = mask(&filter.severities);
        let is_plain = filter.kind.is_none() && filter.text.is_none();
        let all = mask & ALL == ALL;
        match (&filter.target, filter.server) {
            (Some(target), server) => {
                let target = Self::Target(target.clone());
                (target, is_plain && all && server.is_none())
            }
            (None, Some(server)) => (Self::Server(sql::bytes(server.0)), is_plain && all),
            (None, None) if mask & ALL == ERRORS => (Self::Errors, is_plain),
            (None, None) if mask & ALL == WARNINGS | ERRORS => (Self::Warnings, is_plain),
            (None, None) => (Self::Nothing, is_plain && all),
        }
    }

    fn count(&self, db: &Connection) -> Result<u64, StoreError> {
        let text = match self {
            // Positions have no holes; the oldest may be gone.
            Self::Nothing => {
                let first: u64 = db
                    .prepare_cached(sql::EVENTS_FIRST)?
                    .query_row([], |row| row.get(0))?;
                let last = last(db)?;
                return Ok(if first == 0 { 0 } else { last + 1 - first });
            }
            Self::Warnings => sql::EVENTS_COUNT_WARNINGS,
            Self::Errors => sql::EVENTS_COUNT_ERRORS,
            Self::Server(_) => sql::EVENTS_COUNT_SERVER,
            Self::Target(_) => sql::EVENTS_COUNT_TARGET,
        };
        let mut statement = db.prepare_cached(text)?;
        Ok(match self {
            Self::Server(server) => statement.query_row([server], |row| row.get(0)),
            Self::Target(target) => statement.query_row([target], |row| row.get(0)),
            _ => statement.query_row([], |row| row.get(0)),
        }?)
    }

    fn rows(&self, is_on: bool) -> &'static str {
        match (self, is_on) {
            (Self::Nothing, false) => sql::EVENTS_BACK,
            (Self::Warnings, false) => sql::EVENTS_BACK_WARNINGS,
            (Self::Errors, false) => sql::EVENTS_BACK_ERRORS,
            (Self::Server(_), false) => sql::EVENTS_BACK_SERVER,
            (Self::Target(_), false) => sql::EVENTS_BACK_TARGET,
            (Self::Nothing, true) => sql::EVENTS_ON,
            (Self::Warnings, true) => sql::EVENTS_ON_WARNINGS,
            (Self::Errors, true) => sql::EVENTS_ON_ERRORS,
            (Self::Server(_), true) => sql::EVENTS_ON_SERVER,
            (Self::Target(_), true) => sql::EVENTS_ON_TARGET,
        }
    }
}

/// Calls `found` with each event that a filter keeps until it has enough;
/// answers with the last position looked at, if there may be more behind it.
fn scan(
    db: &Connection,
    filter: &EventFilter,
    mut found: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
) -> Result<Option<u64>, StoreError> {
    let (by, _) = By::of(filter);
    let from = filter.after.or(filter.before);
    let from = from.map_or(i64::MAX, |from| i64::try_from(from).unwrap_or(i64::MAX));
    let mut statement = db.prepare_cached(by.rows(filter.after.is_some()))?;
    let mut rows = match &by {
        By::Server(server) => statement.query(params![from, server])?,
        By::Target(target) => statement.query(params![from, target])?,
        _ => statement.query([from])?,
    };
    let rest = Rest::of(filter);
    let mut n_scanned = 0;
    while let Some(row) = rows.next()? {
        n_scanned += 1;
        let is_enough = rest.keeps(row)? && !found(row)?;
        if is_enough || n_scanned == EVENTS_SCANNED_MAX {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

/// Conditions that are looked at row by row.
struct Rest<'a> {
    mask: u8,
    kind: &'a str,
    server: Option<[u8; 16]>,
    text: Option<String>,
}

impl<'a> Rest<'a> {
    fn of(filter: &'a EventFilter) -> Self {
        Self {
            mask: mask(&filter.severities),
            kind: filter.kind.as_deref().unwrap_or_default(),
            server: filter.server.map(|id| sql::bytes(id.0)),
            text: filter.text.as_deref().map(str::to_lowercase),
        }
    }

    fn keeps(&self, row: &Row<'_>) -> Result<bool, StoreError> {
        let severity: u8 = row.get(3)?;
        let in_mask = 1_u8.checked_shl(severity.into()).unwrap_or(0);
        if self.mask & in_mask == 0 || !text_at(row, 4)?.starts_with(self.kind) {
            return Ok(false);
        }
        if self.server.is_some() && row.get::<_, Option<[u8; 16]>>(6)? != self.server {
            return Ok(false);
        }
        let Some(wanted) = &self.text else {
            return Ok(true);
        };
        for column in SEARCHED {
            if text_at(row, column)?.to_lowercase().contains(wanted) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A text, or none of it.
fn text_at<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, StoreError> {
    let value = row.get_ref(column)?.as_str_or_null();
    let value = value.map_err(|_| StoreError::Corrupt { what: "a text" })?;
    Ok(value.unwrap_or_default())
}

fn last(db: &Connection) -> Result<u64, StoreError> {
    Ok(db
        .prepare_cached(sql::EVENT_LAST)?
        .query_row([], |row| row.get(0))?)
}

fn append(db: &Connection, events: &[NewEvent]) -> Result<Vec<u64>, StoreError> {
    let mut seq = last(db)?;
    let mut statement = db.prepare_cached(sql::EVENT_APPEND)?;
    let mut places = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        statement.execute(params![
            seq,
            sql::ms(event.recorded_at),
            sql::ms(event.what.at),
            number(event.what.severity),
            event.what.kind,
            event.what.text,
            event.server.map(|id| sql::bytes(id.0)),
            event.server_name,
            event.what.target.as_ref().map(ToString::to_string),
            event.actor,
            event.what.raw,
        ])?;
        places.push(seq);
    }
    Ok(places)
}

fn read(row: &Row<'_>) -> Result<Event, StoreError> {
    let target: Option<String> = row.get(8)?;
    let target = target.map(|text| text.parse()).transpose();
    Ok(Event {
        seq: row.get(0)?,
        recorded_at: sql::at(row.get(1)?)?,
        server: row.get::<_, Option<_>>(6)?.map(|id| ServerId(sql::id(id))),
        server_name: row.get(7)?,
        actor: row.get(9)?,
        what: HostEvent {
            at: sql::at(row.get(2)?)?,
            severity: severity(row.get(3)?)?,
            kind: row.get(4)?,
            text: row.get(5)?,
            target: target.map_err(|_| StoreError::Corrupt {
                what: "a target label",
            })?,
            raw: row.get(10)?,
        },
    })
}

fn number(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    }
}

fn severity(number: u8) -> Result<Severity, StoreError> {
    match number {
        0 => Ok(Severity::Info),
        1 => Ok(Severity::Warning),
        2 => Ok(Severity::Error),
        _ => Err(StoreError::Corrupt { what: "a severity" }),
    }
}

fn mask(severities: &[Severity]) -> u8 {
    if severities.is_empty() {
        return u8::MAX;
    }
    severities
        .iter()
        .fold(0, |mask, severity| mask | 1 << number(*severity))
}
