"""Records of purchases compared with each other: intents, charges, attempts, doubts, balances. Looks only."""

import json
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from videod.core.charges import MOST_MICROS, MOST_PIECES, WORD_CHARACTERS
from videod.core.model import Job
from videod.core.services import LANES
from videod.core.tables import STEPS
from videod.store.rows import job_of

#: services that are paid
PAID = tuple(service.name for service in LANES if service.offers and service.outside)


@dataclass(frozen=True)
class Count:
    """One service's totals. `rebought`: purchases repeated although the first may have gone through; `settled`: doubts
    that its balance settled as nothing bought; `open`: intents whose attempt has no outcome yet; `possible`:
    micro-dollars that may have been paid and are in no charge."""

    intents: int
    charges: int
    micros: int
    open: int
    in_doubt: int
    rebought: int
    settled: int
    possible: int


# what is archived was added up as it left the tables
_COUNTS = {
    "intents": "SELECT (SELECT count(*) FROM intents WHERE service = :service)"
    " + (SELECT coalesce(sum(intents), 0) FROM archived_purchases WHERE service = :service)",
    "charges": "SELECT (SELECT count(*) FROM charges WHERE service = :service)"
    " + (SELECT coalesce(sum(charges), 0) FROM archived_charges WHERE service = :service)",
    "micros": "SELECT (SELECT coalesce(sum(micros), 0) FROM charges WHERE service = :service)"
    " + (SELECT coalesce(sum(micros), 0) FROM archived_charges WHERE service = :service)",
    "open": "SELECT count(*) FROM attempts JOIN intents ON intents.attempt_id = attempts.id"
    " WHERE attempts.ended_at IS NULL AND intents.service = :service",
    "in_doubt": "SELECT count(*) FROM jobs WHERE state = 'in_doubt' AND service = :service",
    "rebought": "SELECT (SELECT count(*) FROM attempts JOIN intents ON intents.attempt_id = attempts.id"
    " WHERE attempts.outcome = 'in_doubt' AND intents.service = :service AND EXISTS (SELECT 1 FROM attempts AS later"
    " WHERE later.job_id = attempts.job_id AND later.id > attempts.id))"
    " + (SELECT coalesce(sum(rebought), 0) FROM archived_purchases WHERE service = :service)",
    "possible": "SELECT coalesce(sum(micros), 0) FROM possible_charges WHERE cleared_at IS NULL AND service = :service",
    "settled": "SELECT (SELECT count(*) FROM attempts JOIN intents ON intents.attempt_id = attempts.id"
    " WHERE attempts.outcome = 'not_bought' AND intents.service = :service)"
    " + (SELECT coalesce(sum(settled), 0) FROM archived_purchases WHERE service = :service)",
}


def count(connection: sqlite3.Connection, service: str) -> Count:
    asked = {"service": service}
    return Count(**{name: int(connection.execute(query, asked).fetchone()[0]) for name, query in _COUNTS.items()})


def possibly_twice(connection: sqlite3.Connection) -> int:
    """Purchases that may have been made twice, as counted on the board."""
    return int(connection.execute("SELECT coalesce(sum(possibly_paid_twice), 0) FROM tasks").fetchone()[0])


def possible(connection: sqlite3.Connection) -> int:
    """What may have been paid and is in no charge, micro-dollars."""
    row = connection.execute("SELECT coalesce(sum(micros), 0) FROM possible_charges WHERE cleared_at IS NULL")
    return int(row.fetchone()[0])


@dataclass(frozen=True)
class Odd:
    """A job whose records disagree; `micros` is the money concerned."""

    task_id: str
    job: str
    service: str
    micros: int


def charges_without_intent(connection: sqlite3.Connection) -> list[Odd]:
    """Charges of money by attempts that reserved none (an upload costs quota only)."""
    rows = connection.execute(
        "SELECT task_id, job, service, sum(micros) FROM charges WHERE micros > 0 AND NOT EXISTS"
        " (SELECT 1 FROM intents WHERE intents.attempt_id = charges.attempt_id) GROUP BY task_id, job, service"
    )
    return [Odd(*row) for row in rows]


def open_without_job(connection: sqlite3.Connection) -> list[Odd]:
    """Intents whose attempt has no outcome although its job does not run."""
    rows = connection.execute(
        "SELECT jobs.task_id, jobs.step || '/' || jobs.key, jobs.service, intents.micros FROM attempts"
        " JOIN intents ON intents.attempt_id = attempts.id JOIN jobs ON jobs.id = attempts.job_id"
        " WHERE attempts.ended_at IS NULL AND (jobs.state <> 'running' OR jobs.attempt <> attempts.id)"
    )
    return [Odd(*row) for row in rows]


def done_without_charge(connection: sqlite3.Connection) -> list[Odd]:
    """Finished jobs that cost money and for which nothing was ever charged."""
    rows = connection.execute(
        "SELECT jobs.task_id, jobs.step || '/' || jobs.key, jobs.service, jobs.price_micros FROM jobs"
        " WHERE jobs.state = 'done' AND jobs.price_micros > 0 AND NOT EXISTS (SELECT 1 FROM charges"
        " WHERE charges.task_id = jobs.task_id AND charges.job = jobs.step || '/' || jobs.key)"
    )
    return [Odd(*row) for row in rows]


def wrong_sums(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """(task, what it says that it cost, what its charges are), micro-dollars, where these differ."""
    rows = connection.execute(
        "SELECT tasks.id, tasks.cost_micros, coalesce(sum(charges.micros), 0) + (SELECT coalesce(sum(micros), 0)"
        " FROM archived_charges WHERE archived_charges.task_id = tasks.id) AS charged FROM tasks"
        " LEFT JOIN charges ON charges.task_id = tasks.id GROUP BY tasks.id HAVING tasks.cost_micros <> charged"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def wrong_doubts(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """(task, what it says that may have been paid, what its open doubts are), micro-dollars, where these differ."""
    rows = connection.execute(
        "SELECT tasks.id, tasks.possible_micros, coalesce(sum(possible_charges.micros), 0) AS open FROM tasks"
        " LEFT JOIN possible_charges ON possible_charges.task_id = tasks.id AND cleared_at IS NULL"
        " GROUP BY tasks.id HAVING tasks.possible_micros <> open"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def impossible(connection: sqlite3.Connection) -> list[Odd]:
    """Charges below nothing or above what a single one can be: no service took that."""
    rows = connection.execute(
        "SELECT task_id, job, service, micros FROM charges WHERE micros < 0 OR micros > ? ORDER BY id", (MOST_MICROS,)
    )
    return [Odd(*row) for row in rows]


_UNNAMED = """
SELECT task_id, job, service, micros FROM charges
WHERE quantity NOT BETWEEN 0 AND ? OR length(kind) NOT BETWEEN 1 AND ? OR length(unit) NOT BETWEEN 1 AND ?
   OR length(service) NOT BETWEEN 1 AND ? ORDER BY id
"""


def nonsense(connection: sqlite3.Connection) -> list[Odd]:
    """Charges with an invalid number of pieces, or with words that no service has."""
    rows = connection.execute(_UNNAMED, (MOST_PIECES, WORD_CHARACTERS, WORD_CHARACTERS, WORD_CHARACTERS))
    return [Odd(*(_word(value) for value in row)) for row in rows]


def _word(value: Any) -> Any:
    return value[:WORD_CHARACTERS] if isinstance(value, str) else value


def unpaid(connection: sqlite3.Connection) -> list[Odd]:
    """Charges of money by steps that buy nothing, or that there are not."""
    steps = json.dumps([name for name, step in STEPS.items() if step.paid])
    rows = connection.execute(
        "SELECT task_id, job, service, micros FROM charges WHERE micros <> 0"
        " AND substr(job, 1, instr(job, '/') - 1) NOT IN (SELECT value FROM json_each(?)) ORDER BY id",
        (steps,),
    )
    return [Odd(*row) for row in rows]


def below_nothing(connection: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """(task, what of it, micro-dollars) of every price, doubt and total below 0."""
    rows = connection.execute(
        "SELECT task_id, 'a price reserved', micros FROM intents WHERE micros < 0 UNION ALL"
        " SELECT task_id, 'an unconfirmed purchase', micros FROM possible_charges WHERE micros < 0 UNION ALL"
        " SELECT id, 'the cost of the episode', cost_micros FROM tasks WHERE cost_micros < 0"
    )
    return [(row[0], row[1], row[2]) for row in rows]


@dataclass(frozen=True)
class Again:
    """A job that was charged more than once, and why each time after the first (None: nobody knows)."""

    task_id: str
    job: str
    service: str
    charges: int
    micros: int
    reasons: tuple[str | None, ...]


_SEVERAL = """
SELECT task_id, job FROM charges WHERE micros > 0 GROUP BY task_id, job HAVING count(*) > 1 ORDER BY task_id, job
"""
_SEVERAL_OF = """
SELECT task_id, job FROM charges WHERE task_id = ? AND micros > 0 GROUP BY job HAVING count(*) > 1 ORDER BY job
"""
_ARCHIVED_AGAIN = "SELECT task_id, job, service, charges, micros, reasons FROM archived_again"
_CHARGES = """
SELECT charges.attempt_id, charges.service, charges.micros, attempts.outcome FROM charges
LEFT JOIN attempts ON attempts.id = charges.attempt_id
WHERE charges.task_id = ? AND charges.job = ? AND charges.micros > 0 ORDER BY charges.id
"""


def charged_again(connection: sqlite3.Connection) -> list[Again]:
    """Of every episode, archived ones as well."""
    found = _charged_again(connection, connection.execute(_SEVERAL).fetchall())
    found += [
        Again(row[0], row[1], row[2], row[3], row[4], tuple(json.loads(row[5])))
        for row in connection.execute(_ARCHIVED_AGAIN)
    ]
    return sorted(found, key=lambda one: (one.task_id, one.job))


def charged_again_of(connection: sqlite3.Connection, task_id: str) -> list[Again]:
    """Of an episode that is not archived."""
    return _charged_again(connection, connection.execute(_SEVERAL_OF, (task_id,)).fetchall())


def _charged_again(connection: sqlite3.Connection, several: list[sqlite3.Row]) -> list[Again]:
    found = []
    for task_id, job in several:
        rows = connection.execute(_CHARGES, (task_id, job)).fetchall()
        reasons = tuple(_reason(job.split("/", 1)[0], first, then) for first, then in pairwise(rows))
        found.append(Again(task_id, job, rows[0]["service"], len(rows), sum(row["micros"] for row in rows), reasons))
    return found


#: outcomes of attempts whose result was paid for and of no use
_USELESS = ("nonsense", "refused", "input")


def _reason(step: str, first: sqlite3.Row, then: sqlite3.Row) -> str | None:
    """Why a job was charged again after the charge `first`."""
    outcome = first["outcome"]
    if outcome in ("done", "outdated") and first["attempt_id"] != then["attempt_id"]:
        return "redo"
    if outcome == "in_doubt":
        return "rebuy"
    if step == "plan":
        return "repair"  # a plan takes a call for each round, also over a restart
    if first["attempt_id"] == then["attempt_id"]:
        return (
            "rebuy" if step == "clip" else None
        )  # its finished file could not be had, and it was ordered to buy again
    return "retry" if outcome in _USELESS else None


_TRIED = """
SELECT * FROM jobs WHERE task_id = ? AND attempt > 0 AND step IN (SELECT value FROM json_each(?))
"""


def tried(connection: sqlite3.Connection, task_id: str) -> tuple[Job, ...]:
    """The paid jobs of a task that were started at least once."""
    steps = json.dumps([name for name, step in STEPS.items() if step.paid])
    rows = connection.execute(_TRIED, (task_id, steps))
    return tuple(job_of(row) for row in rows)
