"""Writes what is known of the board beside entries and files. Only the ledger's notes import this module."""

import sqlite3
from collections.abc import Iterable

from videod.store.page_blocks import Known


def row_says(connection: sqlite3.Connection, key: str, said: str) -> None:
    connection.execute("UPDATE asset_pages SET said = ?, begun = NULL, heard = NULL WHERE key = ?", (said, key))


def row_begun(connection: sqlite3.Connection, key: str, begun: str) -> None:
    connection.execute("UPDATE asset_pages SET begun = ? WHERE key = ?", (begun, key))


def row_heard(connection: sqlite3.Connection, key: str, heard: str) -> None:
    connection.execute("UPDATE asset_pages SET heard = ? WHERE key = ?", (heard, key))


def row_shows(connection: sqlite3.Connection, key: str, media: str) -> None:
    connection.execute("UPDATE asset_pages SET media = ? WHERE key = ?", (media, key))


def blocks(connection: sqlite3.Connection, task_id: str, blocks: Iterable[Known], gone: Iterable[str] = ()) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO page_blocks (task_id, name, block_id, said, begun, media, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(task_id, one.name, one.block_id, one.said, one.begun, one.media, one.state) for one in blocks],
    )
    connection.executemany("DELETE FROM page_blocks WHERE task_id = ? AND name = ?", [(task_id, name) for name in gone])
