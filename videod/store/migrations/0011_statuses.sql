-- What SQL knows of a status, said once: this table, brought to what core/statuses.py says at every start
-- (`store/vocabulary.py`). A further status is a further row, never another `tasks` table.
-- `phase`: queued, work, review, error or closed. `holds_place`: it counts against the episodes in work at once.
CREATE TABLE statuses (
    status      TEXT PRIMARY KEY,
    phase       TEXT NOT NULL CHECK (phase IN ('queued', 'work', 'review', 'error', 'closed')),
    holds_place INTEGER NOT NULL CHECK (holds_place IN (0, 1)),
    UNIQUE (status, phase)
) STRICT;

INSERT INTO statuses (status, phase, holds_place) VALUES
    ('draft', 'closed', 0), ('queued', 'queued', 1), ('generating_assets', 'work', 1), ('assets_ready', 'review', 0),
    ('assets_approved', 'work', 1), ('generating_video', 'work', 1), ('video_ready', 'review', 0),
    ('video_approved', 'work', 1), ('generating_audio', 'work', 1), ('audio_ready', 'review', 0),
    ('audio_approved', 'work', 1), ('assembling', 'work', 1), ('assembly_complete', 'review', 0),
    ('final_approved', 'work', 1), ('uploading', 'work', 1), ('published', 'closed', 0), ('error_planning', 'error', 0),
    ('error_assets', 'error', 0), ('error_composites', 'error', 0), ('error_video', 'error', 0),
    ('error_audio', 'error', 0), ('error_sfx', 'error', 0), ('error_assembly', 'error', 0),
    ('error_upload', 'error', 0), ('quota_exceeded', 'work', 1), ('cancelled', 'closed', 0);

-- The phase stands beside the status, so that partial indexes can tell what is open; the two cannot disagree.
CREATE TABLE new_tasks (
    id              TEXT PRIMARY KEY,
    page_id         TEXT NOT NULL UNIQUE,
    channel_id      TEXT NOT NULL,
    title           TEXT NOT NULL,
    topic           TEXT NOT NULL,
    direction       TEXT NOT NULL,
    priority        INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2),
    privacy         TEXT,
    status          TEXT NOT NULL,
    phase           TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    queued_at       INTEGER NOT NULL,
    admitted        INTEGER NOT NULL CHECK (admitted IN (0, 1)),
    started_at      INTEGER,
    ended_at        INTEGER,
    approved        TEXT NOT NULL,
    cancelled       INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
    held            TEXT,
    paused          TEXT,
    waits           TEXT,
    error           TEXT NOT NULL,
    cost_micros     INTEGER NOT NULL,
    rebought_micros INTEGER NOT NULL,
    possible_micros INTEGER NOT NULL DEFAULT 0,
    doubts          INTEGER NOT NULL,
    youtube_id      TEXT,
    youtube_url     TEXT,
    FOREIGN KEY (status, phase) REFERENCES statuses (status, phase) ON UPDATE CASCADE,
    CHECK ((status = 'published') = (youtube_url IS NOT NULL))
) STRICT;

INSERT INTO new_tasks (id, page_id, channel_id, title, topic, direction, priority, privacy, status, phase, created_at,
    queued_at, admitted, started_at, ended_at, approved, cancelled, held, paused, waits, error, cost_micros,
    rebought_micros, possible_micros, doubts, youtube_id, youtube_url)
SELECT id, page_id, channel_id, title, topic, direction, priority, privacy, status,
    (SELECT phase FROM statuses WHERE statuses.status = tasks.status), created_at, queued_at, admitted, started_at,
    ended_at, approved, cancelled, held, paused, waits, error, cost_micros, rebought_micros, possible_micros, doubts,
    youtube_id, youtube_url
FROM tasks;

DROP TABLE tasks;
ALTER TABLE new_tasks RENAME TO tasks;

CREATE INDEX tasks_open ON tasks (channel_id, priority, queued_at) WHERE phase <> 'closed';
CREATE INDEX tasks_in_work ON tasks (channel_id) WHERE admitted = 1 AND phase <> 'closed';
CREATE INDEX tasks_waiting ON tasks (channel_id, priority, queued_at) WHERE admitted = 0 AND phase <> 'closed';
CREATE INDEX tasks_by_time ON tasks (created_at);
CREATE INDEX tasks_by_status ON tasks (status, phase, ended_at, doubts);
CREATE INDEX tasks_finished ON tasks (channel_id, ended_at) WHERE ended_at IS NOT NULL;
