"""Numbered migrations: each file of `migrations/` runs in one transaction together with the number that records it.

A copy of the database is made before each migration of an existing file; a database that is damaged or newer than this
code is refused and left as it is.
"""

import os
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from videod.files import private_folder
from videod.store import space, vocabulary
from videod.store.database import DatabaseError, prepare, transact
from videod.store.soundness import FULL_CHECK_BYTES, Unsound, examine, refusal

APPLICATION_ID = 0x56494445  # "VIDE": `file` and a curious person can tell what this is
HIGHEST = 9999  # migrations are numbered with four digits; a higher number is damage


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
    connection.execute(f"PRAGMA application_id={APPLICATION_ID:d}")


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """A copy of the database as it is before the next migration; whole and durable, or not there."""
    copy = path.with_name(f"{path.name}.before-{version + 1:04d}")
    part = copy.with_name(f"{copy.name}.part")
    try:
        part.unlink(missing_ok=True)  # of a start that was killed
        part.touch(mode=0o600)
        with closing(sqlite3.connect(part)) as target:
            connection.backup(target)
        _force(part)
        part.replace(copy)
        _force(copy.parent)
    finally:
        part.unlink(missing_ok=True)


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def migrate(path: Path) -> int:
    """Bring the file at `path` (made if missing, mode 0600) to this code's schema and return its version.

    Raises DatabaseError when it is damaged, lost or newer than this code; nothing was changed then.
    """
    private_folder(path.parent)
    try:
        examine(path)
    except Unsound as error:
        raise DatabaseError(str(error)) from error
    if not path.exists():
        path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return _migrate(connection, path)
    except sqlite3.DatabaseError as error:
        raise DatabaseError(str(refusal(path, error))) from error
    finally:
        connection.close()


def _migrate(connection: sqlite3.Connection, path: Path) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if owner not in (0, APPLICATION_ID) or not 0 <= version <= HIGHEST:
        raise sqlite3.DatabaseError(f"application {owner:#x} with schema {version} is not videod's")
    steps = migrations()
    newest = steps[-1][0]
    if version > newest:
        raise DatabaseError(
            f"the database {path} has schema {version}, this videod knows {newest}. Install the newer videod again"
        )
    _compare(connection, steps, version)
    if path.stat().st_size <= FULL_CHECK_BYTES:
        # a read-only connection, with which the file was examined, leaves out what the tables say about their rows
        problems = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
        if problems != ["ok"]:
            raise sqlite3.DatabaseError("; ".join(problems))
    if version == 0:
        space.shrinks(connection)
    prepare(connection)
    _apply_missing(connection, path, version)
    try:
        transact(connection, vocabulary.agree)
    except vocabulary.UnknownStatus as error:
        raise DatabaseError(
            f"an episode in {path} has the status {str(error)!r}, which this videod does not know. Install the newer"
            " videod again"
        ) from error
    return newest


def _apply_missing(connection: sqlite3.Connection, path: Path, version: int) -> None:
    # as SQLite's manual has it for a table that takes another's place: those that refer to it keep its name
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA legacy_alter_table=ON")
    first = version == 0
    for number, script in migrations():
        if number > version:
            if not first:
                _keep_copy(connection, path, version)
            transact(connection, lambda tx, n=number, s=script: _apply(tx, n, s))  # type: ignore[misc]
            version = number
    connection.execute("PRAGMA legacy_alter_table=OFF")
    connection.execute("PRAGMA foreign_keys=ON")


def _compare(connection: sqlite3.Connection, steps: list[tuple[int, str]], version: int) -> None:
    """Raises sqlite3.DatabaseError where the tables are not those of `version`: another program's file, or damage.

    What somebody added beside them is left alone.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        for number, script in steps:
            if number <= version:
                _apply(model, number, script)
        wanted = _tables(model)
    found = _tables(connection)
    if version == 0 and found:
        raise sqlite3.DatabaseError(f"it holds {len(found)} tables, yet no version. Is it videod's?")
    wrong = sorted(name for name, columns in wanted.items() if found.get(name) != columns)
    if wrong:
        raise sqlite3.DatabaseError(f"{', '.join(wrong[:3])} is not as schema {version} has it")


def _tables(connection: sqlite3.Connection) -> dict[str, object]:
    """Name of each table -> its columns; not its SQL, which another SQLite may word otherwise."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    query = "SELECT * FROM pragma_table_info(?)"
    return {str(name): [tuple(column) for column in connection.execute(query, (name,))] for (name,) in names}
