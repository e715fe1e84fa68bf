"""Numbered migrations: each file of `migrations/` runs in one transaction together with the number that records it.

A copy of the database is made before each migration of an existing file; a database newer than this code is refused.
"""

import sqlite3
from importlib import resources
from pathlib import Path

from videod.store.database import DatabaseError, prepare, transact

APPLICATION_ID = 0x56494445  # "VIDE": `file` and a curious person can tell what this is


def migrations() -> list[tuple[int, str]]:
    """(number, SQL) of every migration, in order."""
    files = resources.files("videod.store").joinpath("migrations").iterdir()
    found = [(int(file.name[:4]), file.read_text()) for file in files if file.name.endswith(".sql")]
    return sorted(found)


def statements(script: str) -> list[str]:
    """The single statements of a script (`executescript` would commit before it begins)."""
    found: list[str] = []
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            found.append(pending.strip())
            pending = ""
    if pending.strip():
        raise ValueError(f"the migration ends within a statement: {pending.strip()[:60]!r}")
    return found


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    for statement in statements(script):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={number:d}")


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    copy = path.with_name(f"{path.name}.before-{version + 1:04d}")
    with sqlite3.connect(copy) as target:
        connection.backup(target)
    target.close()
    copy.chmod(0o600)


def migrate(path: Path) -> int:
    """Bring the file at `path` (made if missing, mode 0600) to this code's schema and return its version.

    Raises DatabaseError when it is damaged or newer than this code.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return _migrate(connection, path)
    except sqlite3.DatabaseError as error:
        raise DatabaseError(
            f"the database {path} cannot be used: {error}. Nothing was changed. Put it aside and restore the newest"
            f" of {path.name}.before-* or your backup in its place."
        ) from error
    finally:
        connection.close()


def _migrate(connection: sqlite3.Connection, path: Path) -> int:
    prepare(connection)
    problems = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if problems != ["ok"]:
        raise sqlite3.DatabaseError("; ".join(problems))
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    steps = migrations()
    newest = steps[-1][0]
    if version > newest:
        raise DatabaseError(
            f"the database {path} has schema {version}, this videod knows {newest}; install the newer videod again"
        )
    for number, script in steps:
        if number > version:
            if version:
                _keep_copy(connection, path, version)
            transact(connection, lambda tx, n=number, s=script: _apply(tx, n, s))  # type: ignore[misc]
            version = number
    connection.execute(f"PRAGMA application_id={APPLICATION_ID:d}")
    return version
