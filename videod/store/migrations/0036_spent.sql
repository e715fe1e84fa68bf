-- What was spent since a day, by day, channel, service and episode, from the index alone: a month of ten channels is
-- 20,000 charges, and reading each of them where it lies took longer than all else that the page shows.
DROP INDEX charges_by_time;
CREATE INDEX charges_by_time ON charges (at, channel_id, service, task_id, micros);
CREATE INDEX archived_charges_by_time ON archived_charges (at, micros, charges);
