-- What people were told: one row a cause. While it is open the same cause is silent; closed, its next occurrence rings.
CREATE TABLE alerts (
    key       TEXT PRIMARY KEY,
    ends      TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    rang_at   INTEGER NOT NULL,
    closed_at INTEGER,
    times     INTEGER NOT NULL
) STRICT;

CREATE INDEX alerts_open ON alerts (ends) WHERE closed_at IS NULL;

INSERT INTO alerts (key, ends, opened_at, rang_at, closed_at, times) SELECT key, '', at, at, at, 1 FROM alerts_sent;

DROP TABLE alerts_sent;
