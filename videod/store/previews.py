"""Which files wait for a small preview before the board can show them. Looks only."""

import sqlite3

from videod.store.reads import PREVIEW, OutboxMessage, message_of

_TO_PREVIEW = """
SELECT outbox.* FROM outbox LEFT JOIN tasks ON tasks.id = outbox.task_id
WHERE outbox.target = 'asset' AND outbox.delay = ? AND json_extract(outbox.body, '$.sha256') IS NOT NULL
ORDER BY coalesce(tasks.phase, '') <> 'review', outbox.made_at, outbox.key
"""


def to_preview(connection: sqlite3.Connection) -> tuple[OutboxMessage, ...]:
    """Messages of files that wait for a preview, those of waiting reviews first."""
    return tuple(message_of(row) for row in connection.execute(_TO_PREVIEW, (PREVIEW,)))


def to_show(connection: sqlite3.Connection) -> tuple[OutboxMessage, ...]:
    """Messages of all files that the board is to show."""
    return tuple(message_of(row) for row in connection.execute("SELECT * FROM outbox WHERE target = 'asset'"))


def waiting(connection: sqlite3.Connection, key: str) -> int | None:
    """The version of the message that waits for a preview of this row's file; None: none does."""
    row = connection.execute(
        "SELECT version FROM outbox WHERE target = 'asset' AND key = ? AND delay = ?", (key, PREVIEW)
    ).fetchone()
    return None if row is None else int(row[0])
