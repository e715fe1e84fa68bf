-- What the board says of an episode that has shown one status for far longer than usual; empty: nothing.
ALTER TABLE tasks ADD COLUMN slow TEXT NOT NULL DEFAULT '';
