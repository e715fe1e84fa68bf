"""What SQL knows of a status: the table `statuses`, brought to what the core says at every start.

Statements ask for a phase (`phase <> 'closed'`) or for a fact (`holds_place = 1`), never for a list of statuses.
"""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from videod.core.admission import HOLDS_NO_PLACE
from videod.core.statuses import PHASES, Status


class Facts(NamedTuple):
    """One row of `statuses` besides its name."""

    phase: str
    holds_place: int


FACTS: Mapping[str, Facts] = {
    status.value: Facts(PHASES[status].value, int(status not in HOLDS_NO_PLACE)) for status in Status
}


class UnknownStatus(Exception):
    """An episode has a status that this code does not know and the database does: a newer videod wrote it."""


_SAVE = """
INSERT INTO statuses (status, phase, holds_place) VALUES (?, ?, ?)
ON CONFLICT (status) DO UPDATE SET phase = excluded.phase, holds_place = excluded.holds_place
"""


def agree(connection: sqlite3.Connection, facts: Mapping[str, Facts] = FACTS) -> None:
    """Bring the table to `facts`, and with it the phase of every episode whose status is of another one now.

    Needs `PRAGMA foreign_keys=ON` and a transaction. Raises UnknownStatus, and sqlite3.DatabaseError where an
    episode's row is damaged; the caller rolls back then.
    """
    rows = connection.execute("SELECT status, phase, holds_place FROM statuses")
    known = {status: Facts(phase, holds) for status, phase, holds in rows}
    used = [(row[0], row[1]) for row in connection.execute("SELECT DISTINCT status, phase FROM tasks")]
    for status, phase in used:
        if status not in known or known[status].phase != phase:
            raise sqlite3.DatabaseError(f"an episode has the status {status!r}, phase {phase!r}: there is none")
        if status not in facts:
            raise UnknownStatus(status)
    if known != facts:
        connection.executemany("DELETE FROM statuses WHERE status = ?", [(name,) for name in known.keys() - facts])
        connection.executemany(_SAVE, [(name, *fact) for name, fact in facts.items()])
