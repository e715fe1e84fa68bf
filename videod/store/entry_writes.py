"""Writes the entries of an installation whose board is videod's own database. Never the ledger: a board holds no state.

`adapters/own_board` calls this as it would call Notion, and `daemon/boards` when an installation leaves Notion.
"""

import json
import sqlite3
from collections.abc import Mapping

from videod.core import fields
from videod.core.statuses import CLOSED, LABELS
from videod.store import reads
from videod.store.entries import Entry

# an entry is never older than one that was written before it, also where the clock was set back: no look misses it
_NOW = "MAX(?, (SELECT COALESCE(MAX(edited_at), 0) FROM entries))"
_ADD = f"INSERT INTO entries (page_id, made_at, edited_at, shown, brought) VALUES (?, ?, {_NOW}, ?, ?)"  # noqa: S608
_WRITE = f"UPDATE entries SET shown = ?, brought = ?, in_trash = ?, edited_at = {_NOW} WHERE page_id = ?"  # noqa: S608
_UNKNOWN = "SELECT id FROM tasks WHERE page_id NOT IN (SELECT page_id FROM entries)"


def add(
    connection: sqlite3.Connection, page_id: str, shown: Mapping[str, object], brought: Mapping[str, str], at: int
) -> None:  # fmt: skip
    connection.execute(_ADD, (page_id, at, at, _json(shown), _json(brought)))


def write(connection: sqlite3.Connection, entry: Entry, at: int) -> None:
    """Put these values in the place of the entry's."""
    values = (_json(entry.shown), _json(entry.brought), int(entry.in_trash), at, entry.page_id)
    connection.execute(_WRITE, values)


def take_over(connection: sqlite3.Connection, at: int) -> tuple[str, ...]:
    """Make an entry for each episode that has none, since it began on another board; the ids of those not closed."""
    found = [reads.task(connection, str(row[0])) for row in connection.execute(_UNKNOWN).fetchall()]
    tasks = [task for task in found if task is not None]
    for task in tasks:
        shown = {**fields.shown(task), "Status": LABELS[task.status], "Videod Key": task.id}
        add(connection, task.page_id, shown, {}, at)
    return tuple(task.id for task in tasks if task.status not in CLOSED)


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
