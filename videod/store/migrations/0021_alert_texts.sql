-- What people were told last of a cause, who took it (way -> the receiver's words) and when; NULL: nobody yet.
ALTER TABLE alerts ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN ways TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(ways));
ALTER TABLE alerts ADD COLUMN sent_at INTEGER;
CREATE INDEX alerts_rang ON alerts (rang_at);
