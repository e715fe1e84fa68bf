-- The uploaded file on a row, by which the entry's page shows it as well.
ALTER TABLE asset_pages ADD COLUMN media TEXT;

-- The blocks that videod made on the pages of entries. `said`: the mark of what it left there; `begun`: of what it began
-- to write; `media`: the file that it shows. `state`: begun (it may be there without our knowing its id), there, or left
-- (a person removed it or made it their own: it is not touched any more).
CREATE TABLE page_blocks (
    task_id  TEXT NOT NULL,
    name     TEXT NOT NULL,
    block_id TEXT NOT NULL,
    said     TEXT NOT NULL,
    begun    TEXT NOT NULL,
    media    TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('begun', 'there', 'left')),
    PRIMARY KEY (task_id, name)
) WITHOUT ROWID, STRICT;
