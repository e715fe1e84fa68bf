"""A database looked at from outside of the daemon: read-only, and refused where its tables are of another version."""

import sqlite3
from pathlib import Path


class NoDatabase(Exception):
    """There is no database to look at; the text says where it was looked for and what to type."""


class Unreadable(NoDatabase):
    """The database is there and cannot be read here; the text says why and what to do."""


class Older(Unreadable):
    """Its tables are not those of this version yet, or there are none: perhaps a daemon makes them just now."""


def look(path: Path) -> sqlite3.Connection:
    """A read-only connection for another process's look, without the 25 ms that importing asyncio costs.

    On a read-only mount, where no write-ahead log can be opened, the file is read as one that nobody changes; whoever
    keeps such a connection sees no later change. Raises NoDatabase, Unreadable, or sqlite3.Error if the file is no
    database.
    """
    if not path.exists():
        raise NoDatabase(f"there is no database at {path} yet. Start videod once with `videod run`")
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") not in ("SQLITE_CANTOPEN", "SQLITE_READONLY_CANTINIT"):
            raise
        # a write-ahead log cannot be set up beside it: a read-only mount, or no right to write into the folder
        if (left := _unmerged(path)) is not None:
            raise Unreadable(
                f"{left} holds changes that cannot be read where nothing may be written beside them. Copy"
                f" {path.name}* of {path.parent} to a folder of your own and look there with --state"
            ) from error
        return _opened(path, "mode=ro&immutable=1")


def _opened(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA busy_timeout=5000").fetchall()
        version: int = connection.execute("PRAGMA user_version").fetchone()[
            0
        ]  # opens the file, which connecting did not
        _check(path, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(path: Path, version: int) -> None:
    """Raise Unreadable for a database whose tables are those of another version of videod."""
    newest = max(int(file.name[:4]) for file in Path(__file__).with_name("migrations").glob("[0-9]*.sql"))
    if version == 0:
        raise Older(f"the database {path} has no tables yet. Start videod once with `videod run`")
    if version < newest:
        raise Older(
            f"the database {path} is still that of an older videod. Start this one once with `videod run`, which"
            " keeps a copy and converts it"
        )
    if version > newest:
        raise Unreadable(f"the database {path} is that of a newer videod. Use that version, or restore an older copy")


def _unmerged(path: Path) -> Path | None:
    """The write-ahead log that a daemon left, where it holds anything."""
    log = path.with_name(f"{path.name}-wal")
    return log if log.exists() and log.stat().st_size else None
