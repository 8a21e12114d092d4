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
        self.read(move |db| {
            let (text, from) = match filter.after {
                Some(after) => (sql::EVENTS_ON, after),
                None => (sql::EVENTS_BACK, filter.before.unwrap_or(u64::MAX)),
            };
            let mut statement = db.prepare_cached(text)?;
            let rows = statement.query_map(
                params![
                    i64::try_from(from).unwrap_or(i64::MAX),
                    mask(&filter.severities),
                    filter.kind,
                    filter.server.map(|id| sql::bytes(id.0)),
                    filter.target,
                    filter.text.map(|text| text.to_lowercase()),
                    filter.limit.min(EVENTS_READ_MAX),
                ],
                |row| Ok(read(row)),
            )?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// How many events a filter keeps, wherever they are.
    pub async fn count_events(&self, filter: EventFilter) -> Result<u64, StoreError> {
        self.read(move |db| {
            let values = params![
                mask(&filter.severities),
                filter.kind,
                filter.server.map(|id| sql::bytes(id.0)),
                filter.target,
                filter.text.map(|text| text.to_lowercase()),
            ];
            Ok(db
                .prepare_cached(sql::EVENTS_COUNT)?
                .query_row(values, |row| row.get(0))?)
        })
        .await
    }
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
