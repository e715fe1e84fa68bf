-- Whether a film is made twice is asked by the digests of plans and films, and of the newest episodes of a channel.
CREATE INDEX jobs_plans ON jobs (sha256) WHERE step = 'plan';
CREATE INDEX jobs_contents ON jobs (json_extract(facts, '$.content')) WHERE step = 'plan';
CREATE INDEX jobs_films ON jobs (sha256) WHERE step = 'assemble';
CREATE INDEX tasks_of_channel ON tasks (channel_id, created_at);
