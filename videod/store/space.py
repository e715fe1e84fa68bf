"""Pages of the database file that hold nothing, and giving them back to the disk.

What is deleted leaves free pages, which later rows use again. A file made by this version can be cut shorter while it
is in use, a few pages at a time; an older one is rewritten once, at a start, when most of it is free.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

log = logging.getLogger(__name__)

#: `PRAGMA auto_vacuum`: pages are given back when that is asked for
_INCREMENTAL = 2
#: so many pages are given back at a time: 6 ms of the writer's time
STEP_PAGES = 32
#: free pages that are left for rows to come
SPARE_PAGES = 2048
#: an older file is rewritten from so many free bytes on, when what is in use is at most as much
WORTH_BYTES = 64 << 20
MOST_BYTES = 512 << 20


def shrinks(connection: sqlite3.Connection) -> None:
    """Let a file that holds nothing yet give pages back later."""
    connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL:d}")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def free_pages(connection: sqlite3.Connection) -> int:
    return _number(connection, "freelist_count")


def give_back(connection: sqlite3.Connection) -> bool:
    """Give a few free pages back to the disk; False where there are none to spare, or this file cannot."""
    free = free_pages(connection)
    if free <= SPARE_PAGES or _number(connection, "auto_vacuum") != _INCREMENTAL:
        return False
    for _ in range(min(STEP_PAGES, free - SPARE_PAGES)):
        # one page at a time: of a statement without columns, sqlite3 does the first step and no more
        connection.execute("PRAGMA incremental_vacuum(1)")
    return True


def compact(path: Path) -> bool:
    """Rewrite an older file where that frees much, in about a second for each 100 MB in use; True where it was.

    Nobody else may have it open. A disk that is too full for it leaves the file as it is.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return _compacted(connection, path)
    except sqlite3.Error as error:
        log.warning("store_compact_failed", extra={"error": str(error)})
        return False


def _compacted(connection: sqlite3.Connection, path: Path) -> bool:
    size = _number(connection, "page_size")
    free = free_pages(connection) * size
    used = _number(connection, "page_count") * size - free
    if _number(connection, "auto_vacuum") == _INCREMENTAL or free < max(WORTH_BYTES, used) or used > MOST_BYTES:
        return False
    shrinks(connection)
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    log.info("store_compact_done", extra={"before": free + used, "after": path.stat().st_size})
    return True
