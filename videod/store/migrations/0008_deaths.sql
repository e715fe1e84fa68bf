-- How often the daemon died while this job ran, since it last succeeded or a person tried it again.
ALTER TABLE jobs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0 CHECK (deaths >= 0);
