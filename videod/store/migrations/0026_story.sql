-- The review of the story, which is passed wherever an episode has a plan; and the story that is told, by its number.
ALTER TABLE tasks ADD COLUMN story TEXT NOT NULL DEFAULT '';

UPDATE tasks SET approved = CASE approved WHEN '' THEN 'story' ELSE 'story,' || approved END
WHERE EXISTS (SELECT 1 FROM jobs WHERE jobs.task_id = tasks.id AND jobs.step = 'plan' AND jobs.state = 'done');
