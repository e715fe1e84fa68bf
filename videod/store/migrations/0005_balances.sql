-- What a service's own balance was at moments when none of our requests was on its way; amounts in thousandths of its
-- credit, told as what was used. `attempts` and `history` are the highest ids at that moment.
CREATE TABLE balances (
    id       INTEGER PRIMARY KEY,
    service  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    used     INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    history  INTEGER NOT NULL,
    gap      INTEGER
) STRICT;

CREATE INDEX balances_of_service ON balances (service, id);
