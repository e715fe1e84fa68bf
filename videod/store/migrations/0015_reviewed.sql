-- The reviews that a person approved, of those that are passed: known from the history of open episodes.
ALTER TABLE tasks ADD COLUMN reviewed TEXT NOT NULL DEFAULT '';

UPDATE tasks SET reviewed = coalesce((
    SELECT group_concat(DISTINCT json_extract(history.body, '$.gate')) FROM history
    WHERE history.task_id = tasks.id AND history.event = 'GateApproved'
), '')
WHERE phase <> 'closed';
