-- When the daemon was away or frozen: from its last sign of life to the next one, where that took more than a minute
-- (a beat comes every 15 s). The first row, from 0 on, says since when that is known. `videod report` reads them.
-- Nothing here is unique: a clock that was set back may note a time twice, and a beat must never fail for that.
CREATE TABLE absences (
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL
) STRICT;

CREATE INDEX absences_by_end ON absences (ended_at);

CREATE TRIGGER absences_known AFTER INSERT ON key_values WHEN NEW.name = 'heartbeat'
BEGIN
    INSERT INTO absences (began_at, ended_at) VALUES (0, CAST(NEW.value AS INTEGER));
END;

CREATE TRIGGER absences_noted AFTER UPDATE ON key_values
WHEN NEW.name = 'heartbeat' AND CAST(NEW.value AS INTEGER) > CAST(OLD.value AS INTEGER) + 60000
BEGIN
    INSERT INTO absences (began_at, ended_at) VALUES (CAST(OLD.value AS INTEGER), CAST(NEW.value AS INTEGER));
END;

INSERT INTO absences (began_at, ended_at)
SELECT 0, CAST(value AS INTEGER) FROM key_values WHERE name = 'heartbeat';
