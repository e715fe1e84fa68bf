-- Purchases of which nobody knows whether they were made: the price of every attempt that ended in doubt, until the
-- service's balance shows that nothing was bought or the real charge takes its place. Rows are never deleted.
CREATE TABLE possible_charges (
    attempt_id INTEGER PRIMARY KEY,
    task_id    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    job        TEXT NOT NULL,
    service    TEXT NOT NULL,
    micros     INTEGER NOT NULL CHECK (micros >= 0),
    at         INTEGER NOT NULL,
    cleared_at INTEGER,
    cleared_by TEXT CHECK (cleared_by IN ('nothing_bought', 'charged')),
    CHECK ((cleared_at IS NULL) = (cleared_by IS NULL))
) STRICT;

CREATE INDEX possible_charges_open ON possible_charges (channel_id, at, micros) WHERE cleared_at IS NULL;
CREATE INDEX possible_charges_of_task ON possible_charges (task_id);

ALTER TABLE tasks ADD COLUMN possible_micros INTEGER NOT NULL DEFAULT 0;

-- what earlier versions counted and did not add up
INSERT INTO possible_charges (attempt_id, task_id, channel_id, job, service, micros, at)
SELECT attempts.id, attempts.task_id, attempts.channel_id, jobs.step || '/' || jobs.key, intents.service,
       intents.micros, attempts.ended_at
FROM attempts JOIN intents ON intents.attempt_id = attempts.id JOIN jobs ON jobs.id = attempts.job_id
WHERE attempts.outcome = 'in_doubt' AND intents.micros > 0
  AND attempts.id NOT IN (SELECT json_extract(body, '$.attempt') FROM history WHERE event = 'NothingBought')
  AND NOT EXISTS (SELECT 1 FROM charges WHERE charges.attempt_id = attempts.id AND charges.at >= attempts.ended_at);

UPDATE tasks SET possible_micros =
    (SELECT coalesce(sum(micros), 0) FROM possible_charges WHERE possible_charges.task_id = tasks.id);
