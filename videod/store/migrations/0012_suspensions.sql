-- What suspends a service or an episode is kept as values; people's words are made of them.
CREATE TABLE suspensions (
    service    TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    cause      TEXT NOT NULL,
    until_ms   INTEGER,
    since      INTEGER NOT NULL,
    detail     TEXT NOT NULL,
    key        TEXT NOT NULL,
    amount     INTEGER NOT NULL,
    PRIMARY KEY (service, channel_id, cause)
) STRICT;

-- earlier versions wrote both into one sentence, such as "quota of kie is used up: 402 insufficient credits"
INSERT INTO suspensions (service, channel_id, cause, until_ms, since, detail, key, amount)
SELECT service, channel_id,
       CASE WHEN cause <> 'service' THEN cause WHEN until_ms IS NULL THEN 'credentials' ELSE 'quota' END,
       until_ms, at,
       CASE WHEN cause = 'service' AND reason LIKE 'quota of % is used up: %'
            THEN substr(reason, instr(reason, ' is used up: ') + 13)
            WHEN cause = 'service' AND reason LIKE '% refused the key %: %'
            THEN substr(reason, instr(reason, ' refused the key ') + 17
                        + instr(substr(reason, instr(reason, ' refused the key ') + 17), ': ') + 1)
            WHEN cause = 'service' AND reason LIKE '% is not authorized: %'
            THEN substr(reason, instr(reason, ' is not authorized: ') + 20)
            WHEN cause IN ('budget', 'limit') THEN ''
            ELSE reason END,
       CASE WHEN cause = 'service' AND reason LIKE '% refused the key %: %'
            THEN substr(substr(reason, instr(reason, ' refused the key ') + 17), 1,
                        instr(substr(reason, instr(reason, ' refused the key ') + 17), ': ') - 1)
            ELSE '' END,
       CASE WHEN cause = 'budget' AND reason LIKE 'the day''s budget of $% for channel %'
            THEN CAST(round(1e6 * CAST(substr(reason, 22) AS REAL)) AS INTEGER)
            WHEN cause = 'limit' AND reason LIKE 'the daily quota of % (%'
            THEN CAST(substr(reason, 20) AS INTEGER)
            ELSE 0 END
FROM pauses;

DROP TABLE pauses;

ALTER TABLE tasks RENAME COLUMN held TO suspended;

UPDATE tasks SET suspended = CASE
    WHEN suspended LIKE 'quota of % is used up, resumes at ____-__-__T__:__:__Z' THEN json_object(
        'cause', 'quota',
        'service', substr(suspended, 10, instr(suspended, ' is used up') - 10),
        'until_ms', 1000 * CAST(strftime('%s', substr(suspended, -20)) AS INTEGER))
    WHEN suspended LIKE '% refused the key %' THEN json_object(
        'cause', 'credentials',
        'service', substr(suspended, 1, instr(suspended, ' refused the key ') - 1),
        'key', substr(suspended, instr(suspended, ' refused the key ') + 17))
    WHEN suspended LIKE '% is not authorized' THEN json_object(
        'cause', 'credentials',
        'service', substr(suspended, 1, instr(suspended, ' is not authorized') - 1),
        'channel_id', channel_id)
    ELSE json_object('cause', CASE WHEN suspended LIKE 'quota%' THEN 'quota' ELSE 'other' END, 'detail', suspended)
END
WHERE suspended IS NOT NULL;

UPDATE tasks SET waits = json_object('cause', 'other', 'detail', waits) WHERE waits IS NOT NULL;
