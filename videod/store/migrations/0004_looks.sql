-- What the lanes and screens look for at every turn, found by index however long the queue and the past are.
CREATE INDEX tasks_in_work ON tasks (channel_id)
    WHERE admitted = 1 AND status NOT IN ('published', 'cancelled', 'draft');
CREATE INDEX tasks_waiting ON tasks (channel_id, priority, queued_at)
    WHERE admitted = 0 AND status NOT IN ('published', 'cancelled', 'draft');
CREATE INDEX tasks_by_status ON tasks (status, ended_at, doubts);

-- An entry that waits has its plan ready and nothing else: five hundred of them must not stand in the way of the rest.
CREATE INDEX jobs_ready_plans ON jobs (task_id, due_at) WHERE state = 'ready' AND step = 'plan';
CREATE INDEX jobs_ready_others ON jobs (service, task_id, due_at) WHERE state = 'ready' AND step <> 'plan';

-- What a channel has spent today, without the day's charges of all others.
CREATE INDEX charges_of_channel ON charges (channel_id, at, micros);
