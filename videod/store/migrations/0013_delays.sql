-- Why a message is sent later, as a word that code may ask for; `problem` is for people.
ALTER TABLE outbox ADD COLUMN delay TEXT;

UPDATE outbox SET delay = CASE
    WHEN problem LIKE '% files on the board' THEN 'files'
    WHEN problem LIKE 'rejected: %' THEN 'rejected'
    WHEN problem LIKE 'gone: %' THEN 'gone'
END;
