"""What is known of the blocks that videod made on the pages of entries."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """See the table `page_blocks`."""

    name: str
    block_id: str
    said: str
    begun: str
    media: str
    state: str


def known(connection: sqlite3.Connection, task_id: str) -> dict[str, Known]:
    rows = connection.execute(
        "SELECT name, block_id, said, begun, media, state FROM page_blocks WHERE task_id = ?", (task_id,)
    )
    return {row["name"]: Known(*row) for row in rows}


def media(connection: sqlite3.Connection, task_id: str) -> Mapping[str, str]:
    """Job -> the uploaded file on its row."""
    rows = connection.execute(
        "SELECT key, media FROM asset_pages WHERE key >= ? AND key < ? AND media <> ''", (f"{task_id}/", f"{task_id}0")
    )
    return {str(row["key"]).removeprefix(f"{task_id}/"): str(row["media"]) for row in rows}


def made_on(connection: sqlite3.Connection, page_id: str) -> frozenset[str]:
    """The ids of the blocks that videod made on the page and that nobody changed."""
    rows = connection.execute(
        "SELECT block_id FROM page_blocks JOIN tasks ON tasks.id = task_id WHERE page_id = ? AND state = 'there'",
        (page_id,),
    )
    return frozenset(str(row["block_id"]) for row in rows)
