-- Few events are warnings or errors, and they are what people ask for.
CREATE INDEX events_warnings ON events (seq) WHERE severity >= 1;
CREATE INDEX events_errors ON events (seq) WHERE severity >= 2;
