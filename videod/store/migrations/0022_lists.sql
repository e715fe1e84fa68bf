-- Pages of episodes, sorted by when they were made, queued or ended; the id decides between equals.
DROP INDEX tasks_by_time;
CREATE INDEX tasks_by_time ON tasks (created_at, id);
CREATE INDEX tasks_by_queueing ON tasks (queued_at, id);
CREATE INDEX tasks_by_end ON tasks (coalesce(ended_at, 0), id);
