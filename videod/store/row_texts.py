"""What is known of the texts on the rows of files, and which episodes have news that rows and pages must show."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from videod.core.model import Task
from videod.store.rows import task_of

#: without what happens to jobs and changes nothing that they say or that was made of them
_NEWS = """
SELECT DISTINCT task_id FROM history WHERE id > ? AND id <= ? AND task_id IS NOT NULL
AND event NOT IN ('JobStarted', 'JobSubmitted', 'JobPlaced', 'JobCharged', 'EntryWaits', 'PurchaseFound')
"""


@dataclass(frozen=True)
class RowText:
    """`page_id` of the row; the marks of the text that videod left there, began to write, and answered."""

    page_id: str
    said: str | None = None
    begun: str | None = None
    heard: str | None = None

    def ours(self, mark: str) -> bool:
        """Whether a text of this mark is videod's own."""
        return mark in (self.said, self.begun)


def texts(connection: sqlite3.Connection, keys: Iterable[str]) -> Mapping[str, RowText]:
    """Key -> what is known of the row's text, of the rows that are known."""
    query = "SELECT page_id, said, begun, heard FROM asset_pages WHERE key = ? AND page_id <> ''"
    found = {key: connection.execute(query, (key,)).fetchone() for key in keys}
    return {key: RowText(*row) for key, row in found.items() if row is not None}


def news(connection: sqlite3.Connection, since: int, upto: int) -> frozenset[str]:
    """The episodes to which something has happened after the row `since` of history, up to `upto`."""
    rows = connection.execute(_NEWS, (since, upto))
    return frozenset(str(row[0]) for row in rows)


def waiting(connection: sqlite3.Connection, end: str) -> tuple[Task, ...]:
    """The open episodes whose answer ends so."""
    query = "SELECT * FROM tasks WHERE phase <> 'closed' AND substr(error, -length(?)) = ?"
    return tuple(task_of(row) for row in connection.execute(query, (end, end)))


def newest(connection: sqlite3.Connection) -> int:
    """The newest row of history."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM history").fetchone()[0])
