-- The books refuse what cannot be, whoever writes: a charge below 0 or above 10,000 US dollars, a number of pieces that
-- is no number, words without end. Rows of earlier versions stay as they are; `videod audit` names them.
CREATE TRIGGER charges_that_cannot_be BEFORE INSERT ON charges
WHEN NEW.micros NOT BETWEEN 0 AND 10000000000 OR NEW.quantity NOT BETWEEN 0 AND 1e9
  OR length(NEW.kind) NOT BETWEEN 1 AND 64 OR length(NEW.unit) NOT BETWEEN 1 AND 64
  OR length(NEW.service) NOT BETWEEN 1 AND 64
BEGIN SELECT RAISE(ABORT, 'a charge that cannot be'); END;

CREATE TRIGGER charges_stay BEFORE UPDATE OF attempt_id, task_id, job, service, kind, quantity, unit, micros ON charges
BEGIN SELECT RAISE(ABORT, 'a charge is never changed'); END;

CREATE TRIGGER intents_that_cannot_be BEFORE INSERT ON intents WHEN NEW.micros < 0
BEGIN SELECT RAISE(ABORT, 'a price that cannot be'); END;

CREATE TRIGGER possible_charges_that_cannot_be BEFORE INSERT ON possible_charges WHEN NEW.micros < 0
BEGIN SELECT RAISE(ABORT, 'a possible charge that cannot be'); END;
