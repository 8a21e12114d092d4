//! Servers, their last reports, and their enrolment.

use crate::connection::{Store, StoreError};
use crate::late::Change;
use crate::record::{Enrolment, Server, StoredReport};
use crate::sql;
use jiff::Timestamp;
use model::ids::{EnrolmentId, ServerId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use wire::Sections;

/// What became of a token's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// The server is enrolled and the token spent, both or neither.
    Enrolled,
    /// Another use came first.
    Spent,
}

impl Store {
    /// Writes a server's row.
    pub async fn put_server(&self, server: Server) -> Result<(), StoreError> {
        self.write(move |db| put(db, &server)).await
    }

    /// All servers, by id.
    pub async fn servers(&self) -> Result<Vec<Server>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(sql::SERVERS)?;
            let rows = statement.query_map([], |row| Ok(read(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// The server of a machine-id.
    pub async fn server_by_machine(&self, machine: String) -> Result<Option<Server>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::SERVER_BY_MACHINE)?;
            statement
                .query_row([machine], |row| Ok(read(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    /// Voids a server's certificate. False if it was revoked before or is unknown.
    pub async fn revoke_server(&self, id: ServerId, at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |db| {
            let n = db
                .prepare_cached(sql::SERVER_REVOKE)?
                .execute(params![sql::bytes(id.0), sql::ms(at)])?;
            Ok(n == 1)
        })
        .await
    }

    /// Notes the certificate that follows. False if the server was revoked or is
    /// unknown.
    pub async fn renew_certificate(&self, id: ServerId, next: String) -> Result<bool, StoreError> {
        self.one_server(sql::SERVER_RENEW, id, next).await
    }

    /// The certificate that follows is the one now. False if it is another.
    pub async fn certificate_renewed(
        &self,
        id: ServerId,
        next: String,
    ) -> Result<bool, StoreError> {
        self.one_server(sql::SERVER_RENEWED, id, next).await
    }

    async fn one_server(
        &self,
        text: &'static str,
        id: ServerId,
        serial: String,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let values = params![sql::bytes(id.0), serial];
            Ok(db.prepare_cached(text)?.execute(values)? == 1)
        })
        .await
    }

    /// Notes when a server last spoke, its name and its agent.
    pub async fn note_seen(
        &self,
        id: ServerId,
        at: Timestamp,
        (name, agent_version): (String, String),
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let values = params![sql::bytes(id.0), sql::ms(at), name, agent_version];
            db.prepare_cached(sql::SERVER_SEEN)?.execute(values)?;
            Ok(())
        })
        .await
    }

    /// Replaces a server's report, when there is time: nobody waits for it.
    pub fn put_report(&self, report: StoredReport) {
        let (server, change) = report.into();
        self.write_later(server, change);
    }

    /// Changes sections of a server's report, when there is time.
    pub fn change_report(&self, server: ServerId, changed: Sections, removed: Vec<String>) {
        self.write_later(server, Change::part(changed, removed));
    }

    /// Notes whether a server's agent takes orders.
    pub async fn set_managed(&self, id: ServerId, is_managed: bool) -> Result<(), StoreError> {
        self.write(move |db| {
            let values = params![sql::bytes(id.0), is_managed];
            db.prepare_cached(sql::SERVER_MANAGED)?.execute(values)?;
            Ok(())
        })
        .await
    }

    /// All reports.
    pub async fn reports(&self) -> Result<Vec<StoredReport>, StoreError> {
        self.read(|db| {
            let mut by_server: BTreeMap<[u8; 16], Sections> = BTreeMap::new();
            let mut statement = db.prepare_cached(sql::SECTIONS)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                by_server
                    .entry(row.get(0)?)
                    .or_default()
                    .insert(row.get(1)?, row.get(2)?);
            }
            let report = |(id, sections)| StoredReport {
                server: ServerId(sql::id(id)),
                sections,
            };
            Ok(by_server.into_iter().map(report).collect())
        })
        .await
    }

    /// Writes a new enrolment token.
    pub async fn add_enrolment(&self, token: Enrolment) -> Result<(), StoreError> {
        self.write(move |db| {
            let values = params![
                sql::bytes(token.id.0),
                token.secret_hash,
                token.profile,
                token.created_by,
                sql::ms(token.created_at),
                sql::ms(token.expires_at),
                token.used_at.map(sql::ms),
            ];
            db.prepare_cached(sql::ENROLMENT_ADD)?.execute(values)?;
            Ok(())
        })
        .await
    }

    /// The enrolment token of a secret.
    pub async fn enrolment_by_hash(&self, hash: [u8; 32]) -> Result<Option<Enrolment>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::ENROLMENT_BY_HASH)?;
            statement
                .query_row([hash], |row| Ok(read_enrolment(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    /// Spends a token and writes the server it enrols, or does neither.
    pub async fn enrol(
        &self,
        token: EnrolmentId,
        at: Timestamp,
        server: Server,
    ) -> Result<Use, StoreError> {
        self.write(move |db| {
            let values = params![sql::bytes(token.0), sql::ms(at)];
            if db.prepare_cached(sql::ENROLMENT_USE)?.execute(values)? == 0 {
                return Ok(Use::Spent);
            }
            put(db, &server)?;
            Ok(Use::Enrolled)
        })
        .await
    }
}

fn put(db: &Connection, server: &Server) -> Result<(), StoreError> {
    let values = params![
        sql::bytes(server.id.0),
        server.machine_id,
        server.name,
        server.certificate,
        server.site,
        server.agent_version,
        sql::ms(server.enrolled_at),
        server.seen_at.map(sql::ms),
        server.revoked_at.map(sql::ms),
        server.certificate_next,
        server.is_managed,
    ];
    let done = db.prepare_cached(sql::SERVER_PUT)?.execute(values);
    done.map_err(|e| sql::unique(e, "a server with this machine-id"))?;
    Ok(())
}

/// Writes what changed in a report.
pub(crate) fn put_change(
    db: &Connection,
    server: ServerId,
    change: &Change,
) -> Result<(), StoreError> {
    let id = sql::bytes(server.0);
    if change.is_whole {
        db.prepare_cached(sql::SECTIONS_REMOVE)?.execute([id])?;
    }
    for name in &change.removed {
        db.prepare_cached(sql::SECTION_REMOVE)?
            .execute(params![id, name])?;
    }
    let mut statement = db.prepare_cached(sql::SECTION_PUT)?;
    for (name, body) in &change.changed {
        statement.execute(params![id, name, body])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Server, StoreError> {
    Ok(Server {
        id: ServerId(sql::id(row.get(0)?)),
        machine_id: row.get(1)?,
        name: row.get(2)?,
        certificate: row.get(3)?,
        site: row.get(4)?,
        agent_version: row.get(5)?,
        enrolled_at: sql::at(row.get(6)?)?,
        seen_at: sql::at_maybe(row.get(7)?)?,
        revoked_at: sql::at_maybe(row.get(8)?)?,
        certificate_next: row.get(9)?,
        is_managed: row.get(10)?,
    })
}

fn read_enrolment(row: &Row<'_>) -> Result<Enrolment, StoreError> {
    Ok(Enrolment {
        id: EnrolmentId(sql::id(row.get(0)?)),
        secret_hash: row.get(1)?,
        profile: row.get(2)?,
        created_by: row.get(3)?,
        created_at: sql::at(row.get(4)?)?,
        expires_at: sql::at(row.get(5)?)?,
        used_at: sql::at_maybe(row.get(6)?)?,
    })
}
