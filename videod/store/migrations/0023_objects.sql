-- Files in a bucket (channels with `storage: r2`): what lies where, and how long the link on its row is good.
CREATE TABLE objects (
    key        TEXT PRIMARY KEY,
    task_id    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    place      TEXT NOT NULL,
    name       TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    stored_at  INTEGER NOT NULL,
    linked_at  INTEGER,
    link_ends  INTEGER,
    renew_at   INTEGER
) STRICT;

CREATE INDEX objects_to_renew ON objects (renew_at) WHERE renew_at IS NOT NULL;
