"""The write-ahead log: what waits in it to be moved into the database file, and the moving.

SQLite itself moves it after every four thousand pages (16 MB) and starts it over, unless a reader still needs its
old content: while somebody holds a read transaction open it only grows. The writer's connection alone may move it.
"""

import sqlite3
from pathlib import Path


def log_bytes(path: Path) -> int:
    """The size of the write-ahead log of the database at `path`; 0 without one."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def move_log(connection: sqlite3.Connection) -> bool:
    """Move the log into the file and cut it to nothing; False where a reader stands in the way.

    Never waits for readers: every transaction of the daemon would wait with it. Raises sqlite3.OperationalError on a
    full disk, where moving fails as well.
    """
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout=0")
    try:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience:d}")
    return not busy
