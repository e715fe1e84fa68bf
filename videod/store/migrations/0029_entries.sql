-- The board of an installation without Notion: what people type, and what videod writes back. `shown`: column -> value,
-- as the columns of the board in Notion; `brought`: sources, script and plan of a person's own, as texts.
CREATE TABLE entries (
    page_id   TEXT PRIMARY KEY,
    made_at   INTEGER NOT NULL,
    edited_at INTEGER NOT NULL,
    in_trash  INTEGER NOT NULL DEFAULT 0 CHECK (in_trash IN (0, 1)),
    shown     TEXT NOT NULL CHECK (json_valid(shown)),
    brought   TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(brought))
) STRICT;

CREATE INDEX entries_by_edit ON entries (edited_at);
