"""Reads the archive of finished episodes: `archive/YYYY-MM.NNNN.jsonl.gz` in the state folder, a JSON line for each.

Each line is a gzip member of its own, so that one episode is read without the others, and `zcat` reads them all. What
is in a line is read through a database in memory that the migrations since then have gone over: whoever reads an
episode asks the same questions of it, wherever it lies.
"""

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from videod import files

FOLDER = "archive"
#: the tables that an episode's line holds rows of, those that others refer to first
TABLES = (
    "jobs", "attempts", "intents", "charges", "possible_charges", "history", "asset_pages", "page_blocks",
)  # fmt: skip
#: an episode of a hundred jobs is 0.2 MB; more than this is none
LARGEST = 256 << 20


class ArchiveError(Exception):
    """An archived episode cannot be read; the text says which file, why, and what to do. `why`: only why."""

    def __init__(self, text: str, why: str = "") -> None:
        super().__init__(text)
        self.why = why or text


@dataclass(frozen=True)
class Pointer:
    """Where an archived episode lies: the gzip member at `start` of `file`, whose line has `size` bytes."""

    task_id: str
    file: str
    start: int
    length: int
    size: int
    sha256: str


_POINTER = "SELECT task_id, file, start, length, bytes, sha256 FROM archived"


def pointer(connection: sqlite3.Connection, task_id: str) -> Pointer | None:
    """None: the episode is in the database."""
    row = connection.execute(f"{_POINTER} WHERE task_id = ?", (task_id,)).fetchone()
    return None if row is None else Pointer(*row)


def place(connection: sqlite3.Connection, task_id: str) -> str | None:
    """The path of the file that has the episode, None: it is in the database."""
    one = pointer(connection, task_id)
    return None if one is None else str(folder_of(connection) / one.file)


def folder_of(connection: sqlite3.Connection) -> Path:
    """The archive beside the database of this connection."""
    row = connection.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
    return Path(row[0]).with_name(FOLDER)


def line(folder: Path, one: Pointer) -> bytes:
    """The episode's line, whole and as it was written. Raises ArchiveError."""
    path = folder / one.file
    try:
        if not 0 < one.size <= LARGEST:
            raise ValueError("its size cannot be")
        with files.open_made(path, folder) as source:
            source.seek(one.start)
            packed = source.read(one.length)
        text = zlib.decompressobj(wbits=31).decompress(packed, one.size + 1)
    except (OSError, ValueError, zlib.error) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _lost(path, one, told) from error
    import hashlib  # here: slow to load, and `status` reads no archive

    if len(text) != one.size or hashlib.sha256(text).hexdigest() != one.sha256:
        raise _lost(path, one, "it is not what was written")
    return text


@dataclass(frozen=True)
class Volume:
    """What the archive has: how many episodes in how many files, of how many bytes on the disk."""

    episodes: int
    files: int
    size: int


def volume(connection: sqlite3.Connection) -> Volume:
    folder = folder_of(connection)
    names = connection.execute("SELECT file, count(*) FROM archived GROUP BY file").fetchall()
    sizes = [found.st_size for name, _ in names if (found := _stat(folder / name)) is not None]
    return Volume(sum(count for _, count in names), len(names), sum(sizes))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


@dataclass(frozen=True)
class Damage:
    """A file of the archive of which `episodes` cannot be read, and why the first of them cannot."""

    path: Path
    episodes: int
    why: str


def damaged(connection: sqlite3.Connection, deep: bool) -> tuple[Damage, ...]:
    """Files that are gone or too short; `deep`: every episode is read and compared with its digest, 1 ms for each."""
    folder, found = folder_of(connection), []
    for (name,) in connection.execute("SELECT DISTINCT file FROM archived ORDER BY file").fetchall():
        pointers = [Pointer(*row) for row in connection.execute(f"{_POINTER} WHERE file = ? ORDER BY start", (name,))]
        whole = _stat(folder / name)
        why = [
            told for one in pointers
            if (told := _trouble(folder, one, None if whole is None else whole.st_size, deep)) is not None
        ]  # fmt: skip
        if why:
            found.append(Damage(folder / name, len(why), why[0]))
    return tuple(found)


def _trouble(folder: Path, one: Pointer, size: int | None, deep: bool) -> str | None:
    if size is None:
        return "it is missing"
    if size < one.start + one.length:
        return "it is too short"
    try:
        return None if not deep or line(folder, one) else "it is empty"
    except ArchiveError as error:
        return error.why


def _lost(path: Path, one: Pointer, why: str) -> ArchiveError:
    return ArchiveError(
        f"{one.task_id} is archived in {path}, which cannot be read: {why}. Put that file back from a backup", why
    )


@contextmanager
def whole(connection: sqlite3.Connection, task_id: str) -> Iterator[sqlite3.Connection]:
    """Where to read the episode: the connection itself, or one in memory with what the archive has of it.

    Raises ArchiveError.
    """
    one = pointer(connection, task_id)
    if one is None:
        yield connection
        return
    folder = folder_of(connection)
    body = json.loads(line(folder, one))
    with closing(_model(folder / one.file, int(body["schema"]))) as made:
        _put(made, body)
        _migrate(made, int(body["schema"]))
        _of_channel(made, connection, task_id)
        yield made


def _model(path: Path, version: int) -> sqlite3.Connection:
    """An empty database in memory of the schema `version`. Raises ArchiveError."""
    from videod.store.schema import migrations, statements

    found = migrations()
    if not 0 < version <= found[-1][0]:
        raise ArchiveError(f"{path} was written by a newer videod. Install that version again")
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA legacy_alter_table=ON")  # as the migrations of a file have it
    for number, script in found:
        if number <= version:
            for statement in statements(script):
                connection.execute(statement)
    return connection


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    from videod.store.schema import migrations, statements

    for number, script in migrations():
        if number > version:
            for statement in statements(script):
                connection.execute(statement)


def _of_channel(made: sqlite3.Connection, connection: sqlite3.Connection, task_id: str) -> None:
    """A channel that was renamed since has its new name there too."""
    now = connection.execute("SELECT channel_id FROM tasks WHERE id = ?", (task_id,)).fetchone()
    written = made.execute("SELECT channel_id FROM tasks").fetchone()
    if now is not None and written is not None and now[0] != written[0]:
        for table in ("tasks", "jobs", "attempts", "intents", "charges", "possible_charges", "history"):
            made.execute(f"UPDATE {table} SET channel_id = ?", (now[0],))  # noqa: S608


def _put(connection: sqlite3.Connection, body: dict[str, object]) -> None:
    from videod.store.statements import insert

    connection.execute("BEGIN")
    task = body["task"]
    assert isinstance(task, dict)
    connection.execute(insert("tasks", list(task)), list(task.values()))
    for table in TABLES:
        rows = body.get(table, [])  # a line from before there was such a table
        assert isinstance(rows, list)
        if rows:
            connection.executemany(insert(table, list(rows[0])), [list(row.values()) for row in rows])
    connection.execute("COMMIT")


def copy_rows(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    """Every row of the table, with the ids it has; one that is there already stays."""
    from videod.store.statements import insert

    rows = source.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
    if rows:
        into = insert(table, rows[0].keys()).replace("INSERT", "INSERT OR IGNORE", 1)
        target.executemany(into, [tuple(row) for row in rows])
