-- Why a service stands still: several causes may hold it at once, and each is lifted by whoever set it.
CREATE TABLE pauses (
    service    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    cause      TEXT NOT NULL CHECK (cause IN ('person', 'service', 'budget', 'limit', 'disk')),
    until_ms   INTEGER,
    reason     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (service, channel_id, cause)
) STRICT;

INSERT INTO pauses (service, channel_id, cause, until_ms, reason, at)
SELECT service, channel_id, 'service', until_ms, reason, at FROM service_state;

DROP TABLE service_state;

CREATE TABLE breakers (
    service   TEXT PRIMARY KEY,
    failures  INTEGER NOT NULL,
    last      TEXT NOT NULL,
    opened_at INTEGER,
    until_ms  INTEGER NOT NULL,
    probes    INTEGER NOT NULL,
    probe     TEXT,
    reason    TEXT NOT NULL
) STRICT;

ALTER TABLE tasks ADD COLUMN paused TEXT;
