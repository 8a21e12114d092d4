//! Jobs: the journal of what was decided and done, its consoles, the versions
//! of the spec, and the secrets that steps need.

use crate::connection::{Store, StoreError};
use crate::sql;
use jiff::Timestamp;
use model::ids::JobId;
use model::job::{JobEvent, Recorded};
use rusqlite::{OptionalExtension, Row, params};

/// Records read at a time.
const RECORDS_READ_MAX: u32 = 10_000;
/// Lines of a console that one question answers at most.
pub const LINES_READ_MAX: u32 = 1000;

/// A version of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecVersion {
    /// Its number, from 1.
    pub version: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub author: String,
    /// Why, in their words.
    pub note: String,
    /// The document, as it was written.
    pub body: String,
}

/// A line of a step's console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The job.
    pub job: JobId,
    /// The step.
    pub step: u32,
    /// Which time.
    pub attempt: u32,
    /// Its number in that attempt.
    pub number: u32,
    /// The line, as JSON.
    pub body: String,
}

impl Store {
    /// Appends records of jobs; when this answers they are on disk.
    pub async fn append_jobs(&self, records: Vec<Recorded>) -> Result<(), StoreError> {
        self.write(move |db| {
            let mut statement = db.prepare_cached(sql::JOB_APPEND)?;
            for record in &records {
                let body = serde_json::to_string(&record.event)
                    .map_err(|_| StoreError::Corrupt { what: "a record" })?;
                let job = sql::bytes(record.job.0);
                statement.execute(params![job, record.at_ms, body])?;
            }
            Ok(())
        })
        .await
    }

    /// Records after a position, in order, with the position of the last; at
    /// most a batch of them.
    pub async fn job_records(&self, after: u64) -> Result<(u64, Vec<Recorded>), StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::JOB_RECORDS)?;
            let mut rows = statement.query(params![after, RECORDS_READ_MAX])?;
            let (mut last, mut records) = (after, Vec::new());
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                records.push(record(row)?);
            }
            Ok((last, records))
        })
        .await
    }

    /// Puts jobs away that have ended, with their records and consoles.
    pub async fn forget_jobs(&self, jobs: Vec<JobId>) -> Result<(), StoreError> {
        self.write(move |db| {
            for job in &jobs {
                let job = sql::bytes(job.0);
                db.prepare_cached(sql::LINES_FORGET)?.execute([&job])?;
                db.prepare_cached(sql::JOB_FORGET)?.execute([&job])?;
            }
            Ok(())
        })
        .await
    }

    /// Adds lines of consoles; one that is there already stays.
    pub async fn add_lines(&self, lines: Vec<Line>) -> Result<(), StoreError> {
        self.write(move |db| {
            let mut statement = db.prepare_cached(sql::LINE_ADD)?;
            for line in &lines {
                let job = sql::bytes(line.job.0);
                statement.execute(params![
                    job,
                    line.step,
                    line.attempt,
                    line.number,
                    line.body
                ])?;
            }
            Ok(())
        })
        .await
    }

    /// The console of a step, oldest line first, from the `from`th on.
    pub async fn lines(&self, job: JobId, step: u32, from: u32) -> Result<Vec<Line>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::LINES)?;
            let values = params![sql::bytes(job.0), step, LINES_READ_MAX, from];
            let rows = statement.query_map(values, |row| {
                Ok(Line {
                    job,
                    step,
                    attempt: row.get(0)?,
                    number: row.get(1)?,
                    body: row.get(2)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Writes the next version of the spec, if the last one is still `base`;
    /// none if it is not.
    pub async fn add_spec(&self, base: u64, spec: SpecVersion) -> Result<Option<u64>, StoreError> {
        self.write(move |db| {
            let last: u64 = db
                .prepare_cached(sql::SPEC_LAST)?
                .query_row([], |row| row.get(0))?;
            if last != base {
                return Ok(None);
            }
            let values = params![
                last + 1,
                sql::ms(spec.at),
                spec.author,
                spec.note,
                spec.body
            ];
            db.prepare_cached(sql::SPEC_ADD)?.execute(values)?;
            Ok(Some(last + 1))
        })
        .await
    }

    /// A version of the spec; the last where none is named.
    pub async fn spec(&self, version: Option<u64>) -> Result<Option<SpecVersion>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::SPEC)?;
            let found = statement.query_row([version], |row| Ok(spec(row)));
            found.optional()?.transpose()
        })
        .await
    }

    /// Versions older than one, newest first, without their documents; and how
    /// many there are in all.
    pub async fn specs(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<(Vec<SpecVersion>, u64), StoreError> {
        self.read(move |db| {
            let before = before.map_or(i64::MAX, |n| i64::try_from(n).unwrap_or(i64::MAX));
            let mut statement = db.prepare_cached(sql::SPECS)?;
            let rows = statement.query_map(params![before, limit], |row| Ok(spec(row)))?;
            let found = rows.map(|row| row?).collect::<Result<_, StoreError>>()?;
            let n: i64 = db
                .prepare_cached(sql::N_SPECS)?
                .query_row([], |row| row.get(0))?;
            Ok((found, u64::try_from(n).unwrap_or(0)))
        })
        .await
    }

    /// A secret, sealed.
    pub async fn secret(&self, name: String) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::SECRET)?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Keeps a secret, sealed; an older one of its name goes.
    pub async fn put_secret(&self, name: String, sealed: Vec<u8>) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(sql::SECRET_PUT)?
                .execute(params![name, sealed])?;
            Ok(())
        })
        .await
    }

    /// Names of secrets, sorted.
    pub async fn secret_names(&self) -> Result<Vec<String>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::SECRETS)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

fn record(row: &Row<'_>) -> Result<Recorded, StoreError> {
    let body: String = row.get(3)?;
    let event: JobEvent = serde_json::from_str(&body).map_err(|_| StoreError::Corrupt {
        what: "a record of a job",
    })?;
    Ok(Recorded {
        job: JobId(sql::id(row.get(1)?)),
        at_ms: row.get(2)?,
        event,
    })
}

fn spec(row: &Row<'_>) -> Result<SpecVersion, StoreError> {
    Ok(SpecVersion {
        version: row.get(0)?,
        at: sql::at(row.get(1)?)?,
        author: row.get(2)?,
        note: row.get(3)?,
        body: row.get(4)?,
    })
}
