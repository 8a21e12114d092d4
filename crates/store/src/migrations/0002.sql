-- An account that is disabled stays, so that the journal's names keep their meaning.
ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
-- What is too old goes first.
CREATE INDEX events_by_time ON events (recorded_at);
