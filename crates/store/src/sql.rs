//! Every statement, in one list, so that a test can prepare them all; and
//! values as columns.

use crate::connection::StoreError;
use jiff::Timestamp;
use uuid::Uuid;

macro_rules! statements {
    ($($name:ident = $text:literal;)*) => {
        $(pub(crate) const $name: &str = $text;)*
        /// All statements, by name.
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name),)*];
    };
}

statements! {
    SERVER_PUT = "INSERT INTO servers (id, machine_id, name, certificate, site, agent_version, enrolled_at, seen_at, revoked_at, certificate_next, is_managed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT (id) DO UPDATE SET machine_id = ?2, name = ?3, certificate = ?4, site = ?5,
            agent_version = ?6, enrolled_at = ?7, seen_at = ?8, revoked_at = ?9, certificate_next = ?10, is_managed = ?11";
    SERVERS = "SELECT id, machine_id, name, certificate, site, agent_version, enrolled_at, seen_at, revoked_at, certificate_next, is_managed FROM servers ORDER BY id";
    SERVER_BY_MACHINE = "SELECT id, machine_id, name, certificate, site, agent_version, enrolled_at, seen_at, revoked_at, certificate_next, is_managed FROM servers WHERE machine_id = ?1";
    SERVER_REVOKE = "UPDATE servers SET revoked_at = ?2, certificate = NULL, certificate_next = NULL WHERE id = ?1 AND revoked_at IS NULL";
    SERVER_RENEW = "UPDATE servers SET certificate_next = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    SERVER_RENEWED = "UPDATE servers SET certificate = certificate_next, certificate_next = NULL WHERE id = ?1 AND certificate_next = ?2";
    SERVER_MANAGED = "UPDATE servers SET is_managed = ?2 WHERE id = ?1";
    SERVER_SEEN = "UPDATE servers SET seen_at = ?2, name = ?3, agent_version = ?4 WHERE id = ?1";
    SERVER_STREAM = "SELECT event_stream, event_upto FROM servers WHERE id = ?1";
    SERVER_STREAM_SET = "UPDATE servers SET event_stream = ?2, event_upto = ?3 WHERE id = ?1";
    SECTIONS = "SELECT server, name, body FROM report_sections ORDER BY server, name";
    SECTION_PUT = "INSERT INTO report_sections (server, name, body) VALUES (?1, ?2, ?3)
        ON CONFLICT (server, name) DO UPDATE SET body = ?3";
    SECTION_REMOVE = "DELETE FROM report_sections WHERE server = ?1 AND name = ?2";
    SECTIONS_REMOVE = "DELETE FROM report_sections WHERE server = ?1";
    EVENT_LAST = "SELECT coalesce(max(seq), 0) FROM events";
    EVENT_APPEND = "INSERT INTO events (seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    EVENTS_OLD = "SELECT coalesce((SELECT seq FROM events WHERE recorded_at < ?1 ORDER BY recorded_at DESC, seq DESC LIMIT 1), 0)";
    EVENTS_FIRST = "SELECT coalesce(min(seq), 0) FROM events";
    EVENTS_DROP = "DELETE FROM events WHERE seq < ?1";
    EVENTS_BACK = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq < ?1 ORDER BY seq DESC";
    EVENTS_BACK_WARNINGS = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq < ?1 AND severity >= 1 ORDER BY seq DESC";
    EVENTS_BACK_ERRORS = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq < ?1 AND severity >= 2 ORDER BY seq DESC";
    EVENTS_BACK_SERVER = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq < ?1 AND server = ?2 ORDER BY seq DESC";
    EVENTS_BACK_TARGET = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq < ?1 AND target = ?2 ORDER BY seq DESC";
    EVENTS_ON = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq > ?1 ORDER BY seq";
    EVENTS_ON_WARNINGS = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq > ?1 AND severity >= 1 ORDER BY seq";
    EVENTS_ON_ERRORS = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq > ?1 AND severity >= 2 ORDER BY seq";
    EVENTS_ON_SERVER = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq > ?1 AND server = ?2 ORDER BY seq";
    EVENTS_ON_TARGET = "SELECT seq, recorded_at, at, severity, kind, text, server, server_name, target, actor, raw FROM events WHERE seq > ?1 AND target = ?2 ORDER BY seq";
    EVENTS_COUNT_WARNINGS = "SELECT count(*) FROM events WHERE severity >= 1";
    EVENTS_COUNT_ERRORS = "SELECT count(*) FROM events WHERE severity >= 2";
    EVENTS_COUNT_SERVER = "SELECT count(*) FROM events WHERE server = ?1";
    EVENTS_COUNT_TARGET = "SELECT count(*) FROM events WHERE target = ?1";
    USER_ADD = "INSERT INTO users (id, name, role, password_hash, created_at, disabled) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    USERS = "SELECT id, name, role, password_hash, created_at, disabled FROM users ORDER BY name";
    USER_BY_NAME = "SELECT id, name, role, password_hash, created_at, disabled FROM users WHERE name = ?1";
    USER_BY_ID = "SELECT id, name, role, password_hash, created_at, disabled FROM users WHERE id = ?1";
    USER_CHANGE = "UPDATE users SET role = coalesce(?2, role), password_hash = coalesce(?3, password_hash), disabled = coalesce(?4, disabled) WHERE id = ?1";
    USER_REMOVE = "DELETE FROM users WHERE id = ?1";
    SESSION_ADD = "INSERT INTO sessions (id, user, secret_hash, csrf, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    SESSION_BY_HASH = "SELECT id, user, secret_hash, csrf, created_at, expires_at FROM sessions WHERE secret_hash = ?1";
    SESSION_REMOVE = "DELETE FROM sessions WHERE id = ?1";
    SESSIONS_OF_USER_REMOVE = "DELETE FROM sessions WHERE user = ?1 AND id IS NOT ?2";
    SESSIONS_EXPIRE = "DELETE FROM sessions WHERE expires_at <= ?1";
    TOKEN_ADD = "INSERT INTO api_tokens (id, user, name, role, secret_hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    TOKEN_BY_HASH = "SELECT id, user, name, role, secret_hash, created_at, expires_at FROM api_tokens WHERE secret_hash = ?1";
    TOKENS = "SELECT id, user, name, role, secret_hash, created_at, expires_at FROM api_tokens ORDER BY created_at, id";
    TOKEN_REMOVE = "DELETE FROM api_tokens WHERE id = ?1";
    ENROLMENT_ADD = "INSERT INTO enrolment_tokens (id, secret_hash, profile, created_by, created_at, expires_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    ENROLMENT_BY_HASH = "SELECT id, secret_hash, profile, created_by, created_at, expires_at, used_at FROM enrolment_tokens WHERE secret_hash = ?1";
    ENROLMENT_USE = "UPDATE enrolment_tokens SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL";
    JOB_APPEND = "INSERT INTO job_records (job, at, body) VALUES (?1, ?2, ?3)";
    JOB_RECORDS = "SELECT seq, job, at, body FROM job_records WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    JOB_FORGET = "DELETE FROM job_records WHERE job = ?1";
    LINES_FORGET = "DELETE FROM job_lines WHERE job = ?1";
    LINE_ADD = "INSERT INTO job_lines (job, step, attempt, number, body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    LINES = "SELECT attempt, number, body FROM job_lines WHERE job = ?1 AND step = ?2 ORDER BY attempt, number LIMIT ?3 OFFSET ?4";
    SPEC_LAST = "SELECT coalesce(max(version), 0) FROM specs";
    SPEC_ADD = "INSERT INTO specs (version, at, author, note, body) VALUES (?1, ?2, ?3, ?4, ?5)";
    SPEC = "SELECT version, at, author, note, body FROM specs WHERE version = coalesce(?1, (SELECT max(version) FROM specs))";
    SPECS = "SELECT version, at, author, note, '' FROM specs WHERE version < ?1 ORDER BY version DESC LIMIT ?2";
    N_SPECS = "SELECT count(*) FROM specs";
    SECRET = "SELECT sealed FROM secrets WHERE name = ?1";
    SECRET_PUT = "INSERT INTO secrets (name, sealed) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET sealed = ?2";
    SECRETS = "SELECT name FROM secrets ORDER BY name";
    SETTING = "SELECT value FROM settings WHERE name = ?1";
    SETTING_PUT = "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
}

pub(crate) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(crate) fn at(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt { what: "a time" })
}

pub(crate) fn at_maybe(ms: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    ms.map(at).transpose()
}

pub(crate) fn bytes(id: Uuid) -> [u8; 16] {
    *id.as_bytes()
}

pub(crate) fn id(bytes: [u8; 16]) -> Uuid {
    Uuid::from_bytes(bytes)
}

/// A unique column that is taken already is the caller's affair, not a fault.
pub(crate) fn unique(error: rusqlite::Error, what: &'static str) -> StoreError {
    match error.sqlite_error().map(|e| e.extended_code) {
        Some(
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ) => StoreError::Exists(what),
        _ => StoreError::Sql(error),
    }
}
