-- The thumbnail of the film that a person chose, by its number; '': the first.
ALTER TABLE tasks ADD COLUMN thumbnail TEXT NOT NULL DEFAULT '';
