-- What an open task waits for although nothing failed, as the board shows it.
ALTER TABLE tasks ADD COLUMN waits TEXT;
