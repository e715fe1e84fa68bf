"""What lies in buckets, and which links on rows must be renewed. Looks only; `writes` changes them."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from videod.store.reads import OutboxMessage, message_of


@dataclass(frozen=True)
class Stored:
    """A file that lies in a bucket. `key`: that of its row on the board; `stored_at`: ms."""

    key: str
    task_id: str
    channel_id: str
    place: str
    name: str
    sha256: str
    stored_at: int


@dataclass(frozen=True)
class ToRenew:
    """A row whose link ends soon, and where its file lies."""

    key: str
    page_id: str
    task_id: str
    channel_id: str
    name: str


def stored(connection: sqlite3.Connection, key: str) -> Stored | None:
    row = connection.execute(
        "SELECT key, task_id, channel_id, place, name, sha256, stored_at FROM objects WHERE key = ?", (key,)
    ).fetchone()
    return None if row is None else Stored(*row)


_TO_STORE = """
SELECT outbox.* FROM outbox
LEFT JOIN tasks ON tasks.id = outbox.task_id
LEFT JOIN objects ON objects.key = outbox.key
WHERE outbox.target = 'asset' AND outbox.channel_id = ?
  AND (objects.key IS NULL OR objects.place <> ? OR objects.sha256 <> json_extract(outbox.body, '$.sha256')
       OR json_extract(outbox.body, '$.sha256') IS NULL)
ORDER BY coalesce(tasks.phase, '') <> 'review', outbox.made_at, outbox.key LIMIT ?
"""


def to_store(connection: sqlite3.Connection, channel_id: str, place: str, most: int) -> tuple[OutboxMessage, ...]:
    """Messages of files that the channel's bucket does not have, those of waiting reviews first."""
    return tuple(message_of(row) for row in connection.execute(_TO_STORE, (channel_id, place, most)))


def to_renew(
    connection: sqlite3.Connection, place: str, at: int, stored_after: int, most: int, without: Collection[str] = ()
) -> tuple[ToRenew, ...]:  # fmt: skip
    """Rows whose links must be renewed now, those that end first before all. What lies elsewhere, was stored before
    `stored_after`, or is about to get a new file, is left alone."""
    rows = connection.execute(
        "SELECT objects.key, asset_pages.page_id, task_id, channel_id, name"
        " FROM objects INDEXED BY objects_to_renew JOIN asset_pages USING (key)"
        " WHERE renew_at <= ? AND place = ? AND stored_at > ? AND asset_pages.page_id <> ''"
        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE target = 'asset' AND outbox.key = objects.key)"
        " ORDER BY renew_at LIMIT ?",
        (at, place, stored_after, most + len(without)),
    )
    return tuple(one for one in (ToRenew(*row) for row in rows) if one.key not in without)[:most]


def first_end(connection: sqlite3.Connection) -> int | None:
    """When the first link on a row ends, ms; None: there is none."""
    found = connection.execute("SELECT min(link_ends) FROM objects WHERE renew_at IS NOT NULL").fetchone()[0]
    return None if found is None else int(found)
