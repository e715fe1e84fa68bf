-- Times are integer milliseconds UTC, money integer micro-dollars, JSON is text. SQL is told the time, never asks it.

CREATE TABLE tasks (
    id              TEXT PRIMARY KEY,
    page_id         TEXT NOT NULL UNIQUE,
    channel_id      TEXT NOT NULL,
    title           TEXT NOT NULL,
    topic           TEXT NOT NULL,
    direction       TEXT NOT NULL,
    priority        INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2),
    privacy         TEXT,
    status          TEXT NOT NULL CHECK (status IN (
        'draft', 'queued', 'generating_assets', 'assets_ready', 'assets_approved', 'generating_video', 'video_ready',
        'video_approved', 'generating_audio', 'audio_ready', 'audio_approved', 'assembling', 'assembly_complete',
        'final_approved', 'uploading', 'published', 'error_planning', 'error_assets', 'error_composites',
        'error_video', 'error_audio', 'error_sfx', 'error_assembly', 'error_upload', 'quota_exceeded', 'cancelled')),
    created_at      INTEGER NOT NULL,
    queued_at       INTEGER NOT NULL,
    admitted        INTEGER NOT NULL CHECK (admitted IN (0, 1)),
    started_at      INTEGER,
    ended_at        INTEGER,
    approved        TEXT NOT NULL,
    cancelled       INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
    held            TEXT,
    error           TEXT NOT NULL,
    cost_micros     INTEGER NOT NULL,
    rebought_micros INTEGER NOT NULL,
    doubts          INTEGER NOT NULL,
    youtube_id      TEXT,
    youtube_url     TEXT,
    CHECK ((status = 'published') = (youtube_url IS NOT NULL))
) STRICT;

CREATE INDEX tasks_open ON tasks (channel_id, priority, queued_at)
    WHERE status NOT IN ('published', 'cancelled', 'draft');
CREATE INDEX tasks_by_time ON tasks (created_at);

CREATE TABLE jobs (
    id           INTEGER PRIMARY KEY,
    task_id      TEXT NOT NULL REFERENCES tasks (id),
    channel_id   TEXT NOT NULL,
    step         TEXT NOT NULL,
    key          TEXT NOT NULL,
    service      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN (
        'waiting', 'ready', 'running', 'in_doubt', 'done', 'failed', 'skipped')),
    args         TEXT NOT NULL CHECK (json_valid(args)),
    needs        TEXT NOT NULL CHECK (json_valid(needs)),
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    attempt      INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    revision     INTEGER NOT NULL CHECK (revision >= 0),
    digest       TEXT,
    output       TEXT,
    bytes        INTEGER,
    sha256       TEXT,
    facts        TEXT NOT NULL CHECK (json_valid(facts)),
    remote_id    TEXT,
    charge_ref   TEXT,
    price_micros INTEGER NOT NULL,
    cost_micros  INTEGER NOT NULL,
    buy_again    INTEGER NOT NULL CHECK (buy_again IN (0, 1)),
    reworded     INTEGER NOT NULL CHECK (reworded IN (0, 1)),
    again        INTEGER NOT NULL CHECK (again IN (0, 1)),
    failure      TEXT CHECK (failure IS NULL OR json_valid(failure)),
    started_at   INTEGER,
    ended_at     INTEGER,
    UNIQUE (task_id, step, key),
    CHECK (state <> 'done' OR (ended_at IS NOT NULL AND output IS NOT NULL)),
    CHECK (state <> 'running' OR started_at IS NOT NULL)
) STRICT;

-- one partial index per state that a loop looks for: `state IN (...)` could not use them
CREATE INDEX jobs_ready ON jobs (service, due_at, task_id) WHERE state = 'ready';
CREATE INDEX jobs_running ON jobs (service) WHERE state = 'running';
CREATE INDEX jobs_in_doubt ON jobs (task_id) WHERE state = 'in_doubt';

CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY,
    job_id      INTEGER NOT NULL REFERENCES jobs (id),
    task_id     TEXT NOT NULL,
    channel_id  TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    outcome     TEXT,
    exit_code   INTEGER,
    stderr_tail TEXT NOT NULL,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;

CREATE UNIQUE INDEX attempts_one_open ON attempts (job_id) WHERE ended_at IS NULL;
CREATE INDEX attempts_of_job ON attempts (job_id);

CREATE TABLE intents (
    id          INTEGER PRIMARY KEY,
    attempt_id  INTEGER NOT NULL UNIQUE REFERENCES attempts (id),
    task_id     TEXT NOT NULL,
    channel_id  TEXT NOT NULL,
    service     TEXT NOT NULL,
    micros      INTEGER NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

CREATE TABLE charges (
    id          INTEGER PRIMARY KEY,
    attempt_id  INTEGER NOT NULL,
    task_id     TEXT NOT NULL,
    channel_id  TEXT NOT NULL,
    job         TEXT NOT NULL,
    service     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    quantity    REAL NOT NULL,
    unit        TEXT NOT NULL,
    micros      INTEGER NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

CREATE INDEX charges_by_task ON charges (task_id);
CREATE INDEX charges_by_attempt ON charges (attempt_id);
CREATE INDEX charges_by_time ON charges (at);

CREATE TABLE history (
    id         INTEGER PRIMARY KEY,
    task_id    TEXT,
    channel_id TEXT,
    at         INTEGER NOT NULL,
    event      TEXT NOT NULL,
    body       TEXT NOT NULL CHECK (json_valid(body)),
    status     TEXT
) STRICT;

CREATE INDEX history_of_task ON history (task_id, id);

-- What the outside still has to be told: one row per target and key, newest value per property wins.
CREATE TABLE outbox (
    target     TEXT NOT NULL CHECK (target IN ('entry', 'asset', 'alert')),
    key        TEXT NOT NULL,
    task_id    TEXT,
    channel_id TEXT,
    body       TEXT NOT NULL CHECK (json_valid(body)),
    version    INTEGER NOT NULL,
    made_at    INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    problem    TEXT,
    PRIMARY KEY (target, key)
) STRICT;

CREATE INDEX outbox_due ON outbox (target, due_at);

CREATE TABLE alerts_sent (
    key TEXT PRIMARY KEY,
    at  INTEGER NOT NULL
) STRICT;

CREATE TABLE service_state (
    service    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    until_ms   INTEGER,
    reason     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (service, channel_id)
) STRICT;

CREATE TABLE quota_usage (
    service TEXT NOT NULL,
    day     TEXT NOT NULL,
    used    INTEGER NOT NULL,
    PRIMARY KEY (service, day)
) STRICT;

CREATE TABLE oauth_tokens (
    channel_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    sealed     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (channel_id, kind)
) STRICT;

-- What we last saw and last wrote of each page: a difference to it is a person's edit.
CREATE TABLE notion_pages (
    page_id    TEXT PRIMARY KEY,
    task_id    TEXT,
    seen       TEXT NOT NULL CHECK (json_valid(seen)),
    seen_at    INTEGER NOT NULL,
    look_again INTEGER NOT NULL CHECK (look_again IN (0, 1))
) STRICT;

CREATE TABLE asset_pages (
    key     TEXT PRIMARY KEY,
    page_id TEXT NOT NULL,
    sha256  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
