-- What a creator made of lines that the planner wrote, by channel: examples for the next plan. The newest are kept.
CREATE TABLE lessons (
    id         INTEGER PRIMARY KEY,
    channel_id TEXT NOT NULL,
    task_id    TEXT NOT NULL,
    job        TEXT NOT NULL,
    was        TEXT NOT NULL,
    now        TEXT NOT NULL,
    at         INTEGER NOT NULL,
    UNIQUE (task_id, job)
) STRICT;

CREATE INDEX lessons_of_channel ON lessons (channel_id, at);
