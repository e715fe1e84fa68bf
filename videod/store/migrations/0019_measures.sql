-- What `videod report` and the counters of /metrics are read from. Triggers keep it in the transaction of what happened,
-- so that it never differs from the history and stays when old history is archived.

-- how long an episode showed each status; open while it does
CREATE TABLE stays (
    id         INTEGER PRIMARY KEY,
    task_id    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    status     TEXT NOT NULL,
    began_at   INTEGER NOT NULL,
    ended_at   INTEGER,
    ended_by   TEXT,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;

CREATE UNIQUE INDEX stays_one_open ON stays (task_id) WHERE ended_at IS NULL;
CREATE INDEX stays_of_task ON stays (task_id);
CREATE INDEX stays_by_begin ON stays (status, began_at);
CREATE INDEX stays_by_end ON stays (ended_at) WHERE ended_at IS NOT NULL;

-- a job's failed attempts up to its success (recovered; helped: a person had to act) or its stop; open while it is tried
CREATE TABLE troubles (
    id         INTEGER PRIMARY KEY,
    job_id     INTEGER NOT NULL,
    task_id    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    service    TEXT NOT NULL,
    step       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    failures   INTEGER NOT NULL,
    person     INTEGER NOT NULL DEFAULT 0 CHECK (person IN (0, 1)),
    began_at   INTEGER NOT NULL,
    ended_at   INTEGER,
    ended      TEXT CHECK (ended IN ('recovered', 'helped', 'stopped')),
    CHECK ((ended_at IS NULL) = (ended IS NULL))
) STRICT;

CREATE UNIQUE INDEX troubles_one_open ON troubles (job_id) WHERE ended_at IS NULL;
CREATE INDEX troubles_of_task ON troubles (task_id);
CREATE INDEX troubles_by_end ON troubles (ended_at) WHERE ended_at IS NOT NULL;

-- how long ready jobs waited for their start, by the hour; service '': entries that waited for their first job
CREATE TABLE lane_waits (
    hour       INTEGER NOT NULL,
    channel_id TEXT NOT NULL,
    service    TEXT NOT NULL,
    starts     INTEGER NOT NULL,
    waited_ms  INTEGER NOT NULL,
    longest_ms INTEGER NOT NULL,
    PRIMARY KEY (hour, channel_id, service)
) WITHOUT ROWID, STRICT;

-- what only grows
CREATE TABLE counters (
    name       TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    service    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    n          INTEGER NOT NULL,
    PRIMARY KEY (name, channel_id, service, kind)
) WITHOUT ROWID, STRICT;

-- outcomes of attempts that are no failure; `core/measures.py` has the same
CREATE TABLE harmless (outcome TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
INSERT INTO harmless (outcome) VALUES ('done'), ('outdated'), ('busy'), ('interrupted'), ('not_bought');

CREATE TRIGGER stays_follow AFTER INSERT ON history
WHEN NEW.task_id IS NOT NULL AND NEW.status IS NOT NULL
 AND NEW.status IS NOT (SELECT status FROM stays WHERE task_id = NEW.task_id AND ended_at IS NULL)
BEGIN
    UPDATE stays SET ended_at = max(began_at, NEW.at), ended_by = NEW.event
    WHERE task_id = NEW.task_id AND ended_at IS NULL;
    INSERT INTO stays (task_id, channel_id, status, began_at)
    VALUES (NEW.task_id, NEW.channel_id, NEW.status, NEW.at);
END;

CREATE TRIGGER attempts_counted AFTER UPDATE OF outcome ON attempts
WHEN NEW.outcome IS NOT NULL AND OLD.outcome IS NULL
BEGIN
    INSERT INTO counters (name, channel_id, service, kind, n)
    SELECT 'attempts', NEW.channel_id, service, NEW.outcome, 1 FROM jobs WHERE id = NEW.job_id
    ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO counters (name, channel_id, service, kind, n)
    SELECT 'retries', NEW.channel_id, service, NEW.outcome, 1 FROM jobs
    WHERE id = NEW.job_id AND state = 'ready' AND NEW.outcome NOT IN (SELECT outcome FROM harmless)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- one trigger for begin and end: SQLite says nothing about which of two runs first
CREATE TRIGGER troubles_follow AFTER UPDATE OF outcome ON attempts
WHEN NEW.outcome IS NOT NULL AND OLD.outcome IS NULL
BEGIN
    INSERT INTO troubles (job_id, task_id, channel_id, service, step, kind, failures, began_at)
    SELECT id, task_id, channel_id, service, step,
           iif(NEW.outcome IN (SELECT outcome FROM harmless),
               coalesce(json_extract(failure, '$.kind'), NEW.outcome), NEW.outcome),
           NEW.outcome NOT IN (SELECT outcome FROM harmless), NEW.ended_at
    FROM jobs WHERE id = NEW.job_id AND (state = 'failed' OR NEW.outcome NOT IN (SELECT outcome FROM harmless))
    ON CONFLICT (job_id) WHERE ended_at IS NULL
    DO UPDATE SET kind = excluded.kind, failures = failures + excluded.failures;
    -- a used-up credit or a refused key that nobody but a person ends
    UPDATE troubles SET person = 1
    WHERE NEW.outcome IN ('credentials', 'quota') AND job_id = NEW.job_id AND ended_at IS NULL AND EXISTS (
        SELECT 1 FROM tasks WHERE tasks.id = NEW.task_id
        AND json_extract(tasks.suspended, '$.service') = troubles.service
        AND (json_extract(tasks.suspended, '$.cause') IN ('credentials', 'credit')
             OR json_extract(tasks.suspended, '$.until_ms') IS NULL));
    UPDATE troubles SET ended_at = max(began_at, NEW.ended_at), ended =
        CASE WHEN (SELECT state FROM jobs WHERE id = NEW.job_id) = 'failed' THEN 'stopped'
             WHEN person = 1 THEN 'helped' ELSE 'recovered' END
    WHERE job_id = NEW.job_id AND ended_at IS NULL
      AND (NEW.outcome = 'done' OR (SELECT state FROM jobs WHERE id = NEW.job_id) = 'failed');
END;

-- a job that stops without an attempt: beyond a cap, its file lost, its film refused later
CREATE TRIGGER troubles_stop AFTER UPDATE OF state ON jobs
WHEN NEW.state = 'failed' AND OLD.state NOT IN ('failed', 'running')
BEGIN
    INSERT INTO troubles (job_id, task_id, channel_id, service, step, kind, failures, began_at)
    VALUES (NEW.id, NEW.task_id, NEW.channel_id, NEW.service, NEW.step,
            coalesce(json_extract(NEW.failure, '$.kind'), 'bug'), 0, coalesce(NEW.ended_at, NEW.due_at))
    ON CONFLICT (job_id) WHERE ended_at IS NULL DO UPDATE SET kind = excluded.kind;
    UPDATE troubles SET ended_at = max(began_at, coalesce(NEW.ended_at, NEW.due_at)), ended = 'stopped'
    WHERE job_id = NEW.id AND ended_at IS NULL;
END;

-- a person has an unconfirmed purchase bought again
CREATE TRIGGER troubles_helped AFTER UPDATE OF state ON jobs
WHEN OLD.state = 'in_doubt' AND NEW.state = 'ready' AND NEW.buy_again = 1
BEGIN
    UPDATE troubles SET person = 1 WHERE job_id = NEW.id AND ended_at IS NULL;
END;

CREATE TRIGGER troubles_counted AFTER UPDATE OF ended ON troubles WHEN OLD.ended IS NULL AND NEW.ended IS NOT NULL
BEGIN
    INSERT INTO counters (name, channel_id, service, kind, n)
    VALUES (NEW.ended, NEW.channel_id, NEW.service, NEW.kind, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER episodes_queued AFTER INSERT ON tasks
BEGIN
    INSERT INTO counters (name, channel_id, service, kind, n) VALUES ('episodes', NEW.channel_id, '', 'queued', 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER episodes_counted AFTER UPDATE OF status ON tasks
WHEN NEW.status <> OLD.status
 AND (NEW.status IN ('published', 'cancelled') OR (NEW.phase = 'error' AND OLD.phase <> 'error'))
BEGIN
    INSERT INTO counters (name, channel_id, service, kind, n)
    VALUES ('episodes', NEW.channel_id, '', iif(NEW.phase = 'error', 'failed', NEW.status), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER charges_counted AFTER INSERT ON charges
BEGIN
    INSERT INTO counters (name, channel_id, service, kind, n)
    VALUES ('charged', NEW.channel_id, NEW.service, '', NEW.micros) ON CONFLICT DO UPDATE SET n = n + NEW.micros;
END;

-- ready since: its retry was due, its inputs were made, the episode left its last review or error, the entry was queued
CREATE TRIGGER waits_counted AFTER INSERT ON attempts
BEGIN
    INSERT INTO lane_waits (hour, channel_id, service, starts, waited_ms, longest_ms)
    SELECT NEW.started_at / 3600000, NEW.channel_id, service, 1, waited, waited
    FROM (
        SELECT iif(tasks.started_at = NEW.started_at AND jobs.step = 'plan', '', jobs.service) AS service,
               max(0, NEW.started_at - max(
                   jobs.due_at, tasks.queued_at,
                   coalesce((SELECT max(needed.ended_at) FROM json_each(jobs.needs) AS need JOIN jobs AS needed
                             ON needed.task_id = jobs.task_id
                             AND needed.step = substr(need.value, 1, instr(need.value, '/') - 1)
                             AND needed.key = substr(need.value, instr(need.value, '/') + 1)), 0),
                   coalesce((SELECT max(stays.ended_at) FROM stays JOIN statuses USING (status)
                             WHERE stays.task_id = jobs.task_id AND statuses.phase IN ('review', 'error')), 0))) AS waited
        FROM jobs JOIN tasks ON tasks.id = jobs.task_id WHERE jobs.id = NEW.job_id
    ) WHERE true
    ON CONFLICT DO UPDATE SET starts = starts + 1, waited_ms = waited_ms + excluded.waited_ms,
        longest_ms = max(longest_ms, excluded.longest_ms);
END;

-- what is known of the time before this version
INSERT INTO stays (task_id, channel_id, status, began_at, ended_at, ended_by)
WITH moves AS (
    SELECT id, task_id, channel_id, at, event, status, lag(status) OVER (PARTITION BY task_id ORDER BY id) AS was
    FROM history WHERE task_id IS NOT NULL AND status IS NOT NULL AND channel_id IS NOT NULL
), kept AS (
    SELECT id, task_id, channel_id, status, at,
           lead(at) OVER (PARTITION BY task_id ORDER BY id) AS next_at,
           lead(event) OVER (PARTITION BY task_id ORDER BY id) AS next_event
    FROM moves WHERE was IS NULL OR was <> status
)
SELECT task_id, channel_id, status, at, iif(next_at IS NULL, NULL, max(at, next_at)), next_event FROM kept ORDER BY id;

INSERT INTO counters (name, channel_id, service, kind, n)
SELECT 'attempts', attempts.channel_id, jobs.service, attempts.outcome, count(*)
FROM attempts JOIN jobs ON jobs.id = attempts.job_id WHERE attempts.outcome IS NOT NULL GROUP BY 2, 3, 4;
INSERT INTO counters (name, channel_id, service, kind, n)
SELECT 'charged', channel_id, service, '', sum(micros) FROM charges WHERE micros > 0 GROUP BY 2, 3;
INSERT INTO counters (name, channel_id, service, kind, n)
SELECT 'episodes', channel_id, '', 'queued', count(*) FROM tasks GROUP BY 2;
INSERT INTO counters (name, channel_id, service, kind, n)
SELECT 'episodes', channel_id, '', iif(phase = 'error', 'failed', status), count(*)
FROM stays JOIN statuses USING (status)
WHERE status IN ('published', 'cancelled') OR phase = 'error' GROUP BY 2, 4;

INSERT INTO troubles (job_id, task_id, channel_id, service, step, kind, failures, began_at, ended_at, ended)
WITH ends AS (
    SELECT attempts.*, sum(outcome = 'done') OVER (
        PARTITION BY job_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS run
    FROM attempts WHERE outcome IS NOT NULL
), runs AS (
    SELECT job_id, sum(outcome NOT IN (SELECT outcome FROM harmless)) AS failures, max(outcome = 'done') AS done,
           min(iif(outcome IN (SELECT outcome FROM harmless), NULL, ended_at)) AS began_at, max(ended_at) AS ended_at,
           max(iif(outcome IN (SELECT outcome FROM harmless), NULL, id)) AS last
    FROM ends GROUP BY job_id, coalesce(run, 0)
)
SELECT jobs.id, jobs.task_id, jobs.channel_id, jobs.service, jobs.step, attempts.outcome, runs.failures, runs.began_at,
       max(runs.began_at, runs.ended_at),
       CASE WHEN runs.done = 0 THEN 'stopped'
            WHEN EXISTS (SELECT 1 FROM history WHERE history.task_id = jobs.task_id AND history.event = 'EntryQueued'
                         AND history.at BETWEEN runs.began_at AND runs.ended_at) THEN 'helped' ELSE 'recovered' END
FROM runs JOIN jobs ON jobs.id = runs.job_id JOIN attempts ON attempts.id = runs.last
WHERE runs.failures > 0 AND (runs.done = 1 OR jobs.state = 'failed');

INSERT INTO counters (name, channel_id, service, kind, n)
SELECT ended, channel_id, service, kind, count(*) FROM troubles GROUP BY 1, 2, 3, 4;
