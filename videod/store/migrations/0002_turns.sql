-- When a channel last had a film finished, without a look at its whole past.
CREATE INDEX tasks_finished ON tasks (channel_id, ended_at) WHERE ended_at IS NOT NULL;
