-- Times are milliseconds since 1970 (UTC). Ids are UUIDs as 16 bytes.
CREATE TABLE servers (
    id BLOB PRIMARY KEY NOT NULL,
    machine_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    certificate TEXT,
    site TEXT,
    agent_version TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    seen_at INTEGER,
    revoked_at INTEGER,
    -- Numbering of the agent's events, and the last that is in the journal.
    event_stream INTEGER NOT NULL DEFAULT 0,
    event_upto INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE report_sections (
    server BLOB NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (server, name)
) STRICT;

-- Append only. The position has no holes since one writer gives it inside the transaction.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY NOT NULL,
    recorded_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    server BLOB,
    server_name TEXT,
    target TEXT,
    actor TEXT,
    raw TEXT
) STRICT;
CREATE INDEX events_by_server ON events (server, seq);
CREATE INDEX events_by_target ON events (target, seq);
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE users (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id BLOB PRIMARY KEY NOT NULL,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE,
    csrf TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_tokens (
    id BLOB PRIMARY KEY NOT NULL,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_tokens (
    id BLOB PRIMARY KEY NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    profile TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
