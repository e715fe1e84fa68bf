-- Entries that were set to Queued and cannot run, until they are fixed or removed. They have no task.
CREATE TABLE refusals (
    page_id TEXT PRIMARY KEY,
    title   TEXT NOT NULL,
    channel TEXT NOT NULL,
    reason  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
