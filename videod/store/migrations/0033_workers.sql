-- On which worker of the cluster an attempt ran (NULL: on this machine), and what it computed there.
ALTER TABLE attempts ADD COLUMN worker TEXT;
ALTER TABLE attempts ADD COLUMN cpu_ms INTEGER NOT NULL DEFAULT 0;

CREATE INDEX attempts_by_worker ON attempts (worker, started_at) WHERE worker IS NOT NULL;
