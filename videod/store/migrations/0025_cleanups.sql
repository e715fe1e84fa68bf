-- The files that are still to be removed, found without a look at the past.
CREATE INDEX jobs_cleanups ON jobs (task_id) WHERE step = 'cleanup' AND state IN ('waiting', 'ready');
