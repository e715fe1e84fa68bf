"""The entries of an installation whose board is videod's own database. Looks only.

They are no state: they hold what a person typed and what the relay showed, as a row in Notion would. What videod knows
of an episode it knows from its own tables.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from videod.core.links import OWN
from videod.core.statuses import LABELS, Status

_LABEL = "json_extract(shown, '$.Status')"
_KEY = "COALESCE(json_extract(shown, '$.\"Videod Key\"'), '')"
_ALL = "SELECT page_id, made_at, edited_at, in_trash, shown, brought FROM entries"
#: those that began no episode; one that was taken has a key
_WAITING = f"in_trash = 0 AND {_KEY} = '' AND page_id NOT IN (SELECT page_id FROM tasks)"  # noqa: S608


@dataclass(frozen=True)
class Entry:
    """One entry. `shown`: column -> value; `brought`: "sources", "script", "plan" -> text; times in ms."""

    page_id: str
    made_at: int
    edited_at: int
    in_trash: bool
    shown: Mapping[str, object]
    brought: Mapping[str, str]


def _entry(row: sqlite3.Row) -> Entry:
    page_id, made_at, edited_at, in_trash, shown, brought = tuple(row)
    return Entry(page_id, made_at, edited_at, bool(in_trash), json.loads(shown), json.loads(brought))


def one(connection: sqlite3.Connection, page_id: str) -> Entry | None:
    row = connection.execute(f"{_ALL} WHERE page_id = ?", (page_id,)).fetchone()
    return None if row is None else _entry(row)


def edited_since(connection: sqlite3.Connection, since: int) -> tuple[Entry, ...]:
    """Those that were edited then or later, those in the trash among them, the oldest edit first."""
    rows = connection.execute(f"{_ALL} WHERE edited_at >= ? ORDER BY edited_at, made_at, page_id", (since,))
    return tuple(map(_entry, rows))


def newest(connection: sqlite3.Connection, since: int, labels: Sequence[str], most: int) -> tuple[Entry, ...]:
    """The last edits, `most` at most; with `labels` only such, and those that are queued once more."""
    chosen, args = "", [*labels]
    if labels:
        marks = ", ".join("?" * len(labels))
        chosen = f" AND ({_LABEL} IN ({marks}) OR ({_LABEL} = ? AND {_KEY} <> ''))"
        args.append(LABELS[Status.QUEUED])
    rows = connection.execute(
        f"{_ALL} WHERE edited_at >= ?{chosen} ORDER BY edited_at DESC, page_id LIMIT ?", (since, *args, most)
    )
    return tuple(map(_entry, rows))


def waiting(connection: sqlite3.Connection, most: int) -> tuple[Entry, ...]:
    """Those that are no episode yet (drafts, refused ones), the newest first."""
    rows = connection.execute(f"{_ALL} WHERE {_WAITING} ORDER BY made_at DESC, page_id LIMIT ?", (most,))
    return tuple(map(_entry, rows))


def named(connection: sqlite3.Connection, text: str, most: int = 6) -> tuple[Entry, ...]:
    """Those that are no episode yet and that a person may mean: by id, the start of one, or a piece of the title."""
    found = waiting(connection, -1)
    whole = tuple(entry for entry in found if entry.page_id == text)
    begun = tuple(entry for entry in found if entry.page_id.removeprefix(OWN).startswith(text.removeprefix(OWN)))
    titled = tuple(entry for entry in found if text.casefold() in str(entry.shown.get("Title", "")).casefold())
    return (whole or begun or titled)[:most] if text else ()


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0])
