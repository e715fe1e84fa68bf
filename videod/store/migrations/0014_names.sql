-- Names that say what they hold; only names change.

ALTER TABLE facts RENAME TO key_values;
ALTER TABLE tasks RENAME COLUMN doubts TO possibly_paid_twice;
ALTER TABLE balances RENAME COLUMN gap TO unexplained;
