-- Episodes whose jobs, attempts, charges and history lie in state/archive: where, and what must be known without a look
-- there. `file`, `start`, `length`: a gzip member of that file; `bytes`, `sha256`: of the line in it. `first_at` and
-- `last_at`: the oldest and the newest row of its history.
CREATE TABLE archived (
    task_id  TEXT PRIMARY KEY REFERENCES tasks (id),
    file     TEXT NOT NULL,
    start    INTEGER NOT NULL CHECK (start >= 0),
    length   INTEGER NOT NULL CHECK (length > 0),
    bytes    INTEGER NOT NULL CHECK (bytes > 0),
    sha256   TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    -- what tells a film that is made twice: digests of the plan and of the film, whether it was or may have been
    -- uploaded, and the narration of a channel's newest films
    plan     TEXT,
    content  TEXT,
    film     TEXT,
    sent     INTEGER NOT NULL CHECK (sent IN (0, 1)),
    told     TEXT NOT NULL
) STRICT;

CREATE INDEX archived_plans ON archived (plan) WHERE plan IS NOT NULL;
CREATE INDEX archived_contents ON archived (content) WHERE content IS NOT NULL;
CREATE INDEX archived_films ON archived (film) WHERE film IS NOT NULL;
CREATE INDEX archived_told ON archived (task_id) WHERE told <> '';

-- What was charged for them, added up by quarter of an hour, so that it falls on the right day in any time zone.
CREATE TABLE archived_charges (
    task_id    TEXT NOT NULL REFERENCES archived (task_id),
    channel_id TEXT NOT NULL,
    service    TEXT NOT NULL,
    at         INTEGER NOT NULL,
    charges    INTEGER NOT NULL,
    micros     INTEGER NOT NULL,
    PRIMARY KEY (task_id, channel_id, service, at)
) WITHOUT ROWID, STRICT;

-- Their purchases, as `videod audit` counts them.
CREATE TABLE archived_purchases (
    task_id  TEXT NOT NULL REFERENCES archived (task_id),
    service  TEXT NOT NULL,
    intents  INTEGER NOT NULL,
    rebought INTEGER NOT NULL,
    settled  INTEGER NOT NULL,
    PRIMARY KEY (task_id, service)
) WITHOUT ROWID, STRICT;

-- Their jobs that were charged more than once, and why each time after the first.
CREATE TABLE archived_again (
    task_id TEXT NOT NULL REFERENCES archived (task_id),
    job     TEXT NOT NULL,
    service TEXT NOT NULL,
    charges INTEGER NOT NULL,
    micros  INTEGER NOT NULL,
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    PRIMARY KEY (task_id, job)
) WITHOUT ROWID, STRICT;
