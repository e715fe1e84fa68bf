"""The ledger that videod keeps with every step, written beside a peer in plain SQL: so that both do the same work.

A claim looks what the channel has spent today and has reserved, writes attempt and intent; every step writes the
entry's row, a line of history and what the board has to be told. One transaction a step.
"""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

TABLES = (
    "CREATE TABLE entries (id TEXT PRIMARY KEY, channel TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL)",
    "CREATE TABLE attempts (job TEXT PRIMARY KEY, started_at BIGINT NOT NULL, ended_at BIGINT, outcome TEXT)",
    "CREATE TABLE intents (job TEXT PRIMARY KEY, channel TEXT NOT NULL, micros BIGINT NOT NULL, open BIGINT NOT NULL)",
    "CREATE INDEX intents_open ON intents (channel) WHERE open = 1",
    "CREATE TABLE charges (job TEXT PRIMARY KEY, channel TEXT NOT NULL, micros BIGINT NOT NULL, at BIGINT NOT NULL)",
    "CREATE INDEX charges_by_channel ON charges (channel, at)",
    "CREATE TABLE history (entry TEXT NOT NULL, at BIGINT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX history_of_entry ON history (entry, at)",
    "CREATE TABLE outbox (target TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, version BIGINT NOT NULL,"
    " PRIMARY KEY (target, name))",
)
_POST = (
    "INSERT INTO outbox (target, name, body, version) VALUES ('entry', ?, ?, 1) ON CONFLICT (target, name)"
    " DO UPDATE SET body = excluded.body, version = outbox.version + 1"
)
_NOTE = "INSERT INTO history (entry, at, event, body) VALUES (?, ?, ?, ?)"
_BODY = '{"at": 1795000000000, "job": "image/bear_core", "attempt": 12, "digest": "' + "0" * 64 + '"}'

Step = list[tuple[str, tuple[object, ...]]]


def channel_of(name: str) -> str:
    return f"channel {hash(name) % 10}"


def enqueued(name: str) -> Step:
    at = time.time_ns() // 1_000_000
    return [
        ("INSERT INTO entries (id, channel, title, status) VALUES (?, ?, ?, 'queued')", (name, channel_of(name), name)),
        (_NOTE, (name, at, "EntryQueued", _BODY)),
        (_POST, (name, '{"Status": "Queued", "Progress": ""}')),
    ]


def claimed(name: str) -> Step:
    at = time.time_ns() // 1_000_000
    channel = channel_of(name)
    return [
        ("SELECT coalesce(sum(micros), 0) FROM charges WHERE channel = ? AND at >= ?", (channel, at - 86_400_000)),
        ("SELECT coalesce(sum(micros), 0) FROM intents WHERE channel = ? AND open = 1", (channel,)),
        ("INSERT INTO attempts (job, started_at) VALUES (?, ?)", (name, at)),
        ("INSERT INTO intents (job, channel, micros, open) VALUES (?, ?, 33600, 1)", (name, channel)),
        ("UPDATE entries SET status = 'generating' WHERE id = ?", (name,)),
        (_NOTE, (name, at, "JobStarted", _BODY)),
        (_POST, (name, '{"Status": "Generating Assets", "Progress": "images 3/22"}')),
    ]


def completed(name: str) -> Step:
    at = time.time_ns() // 1_000_000
    return [
        ("UPDATE attempts SET ended_at = ?, outcome = 'done' WHERE job = ?", (at, name)),
        ("UPDATE intents SET open = 0 WHERE job = ?", (name,)),
        ("UPDATE entries SET status = 'done' WHERE id = ?", (name,)),
        (_NOTE, (name, at, "JobSucceeded", _BODY)),
        (_POST, (name, '{"Status": "Assets Ready", "Progress": "images 22/22"}')),
    ]


class SqliteLedger:
    """The ledger in a file of its own, one connection for each thread, WAL and synchronous=FULL as everywhere here."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        for statement in TABLES:
            self._connection().execute(statement)

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            self._own.connection.execute("PRAGMA journal_mode=WAL").fetchall()
            self._own.connection.execute("PRAGMA synchronous=FULL")
        made: sqlite3.Connection = self._own.connection
        return made

    def write(self, step: Step) -> None:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        for statement, values in step:
            connection.execute(statement, values).fetchall()
        connection.execute("COMMIT")


async def write_asyncpg(connection: Any, step: Step) -> None:
    """Within the caller's transaction, so that a peer on its connection commits ledger and claim as one."""
    for statement, values in step:
        await connection.fetch(numbered(statement), *values)


async def write_psycopg(connection: Any, step: Step) -> None:
    async with connection.transaction():
        for statement, values in step:
            await connection.execute(statement.replace("?", "%s"), values)


def numbered(statement: str) -> str:
    """`?` marks as $1, $2 ..."""
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, start=1))
