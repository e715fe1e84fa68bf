-- YouTube's verdict on an uploaded film, and when it is looked at next; NULL: no more.
ALTER TABLE tasks ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN verdict_looks INTEGER NOT NULL DEFAULT 0 CHECK (verdict_looks >= 0);
ALTER TABLE tasks ADD COLUMN verdict_due INTEGER;

CREATE INDEX tasks_to_look_at ON tasks (verdict_due) WHERE verdict_due IS NOT NULL;

-- the films of the last week before the newest one
UPDATE tasks SET verdict_due = ended_at
WHERE status = 'published' AND youtube_id IS NOT NULL
  AND ended_at > (SELECT max(ended_at) FROM tasks WHERE status = 'published') - 604800000;
