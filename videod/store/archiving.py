"""Puts finished episodes into the archive: which, what is written, and what the database keeps of them.

The file comes first, whole and on the disk under its name; then one transaction an episode notes where it lies, adds up
what the books need of it, and deletes its rows. Who is killed before that transaction leaves lines that nothing points
to; `lines_of` finds them and they are taken as they are. A row of `archived` says that an episode lies in the archive,
and nothing else does.
"""

import errno
import gzip
import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videod import files
from videod.core import bounds, likeness
from videod.core.charges import MOST_MICROS
from videod.core.moments import iso
from videod.store import archives, audit, reads
from videod.store.archives import TABLES, Pointer

ENDS = ".jsonl.gz"
#: charges are added up by this much, ms: no time zone's day begins within a quarter of an hour
QUARTER_MS = 900_000

# the owner of the newest row of a table stays: without it the next row would get an id that was given before
_DUE = """
SELECT tasks.id FROM tasks
WHERE tasks.phase = 'closed' AND (tasks.youtube_url IS NOT NULL OR tasks.cancelled = 1)
  AND tasks.created_at < :before
  AND tasks.verdict_due IS NULL AND tasks.possible_micros = 0
  AND NOT EXISTS (SELECT 1 FROM archived WHERE archived.task_id = tasks.id)
  AND coalesce((SELECT at FROM history WHERE history.task_id = tasks.id ORDER BY id DESC LIMIT 1), :before) < :before
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.task_id = tasks.id AND (jobs.state IN ('running', 'in_doubt')
                  OR (jobs.step = 'cleanup' AND jobs.state IN ('ready', 'waiting'))))
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.task_id = tasks.id)
  AND tasks.id NOT IN (
    SELECT coalesce((SELECT task_id FROM jobs ORDER BY id DESC LIMIT 1), '')
    UNION ALL SELECT coalesce((SELECT task_id FROM attempts ORDER BY id DESC LIMIT 1), '')
    UNION ALL SELECT coalesce((SELECT task_id FROM intents ORDER BY id DESC LIMIT 1), '')
    UNION ALL SELECT coalesce((SELECT task_id FROM charges ORDER BY id DESC LIMIT 1), '')
    UNION ALL SELECT coalesce((SELECT task_id FROM history ORDER BY id DESC LIMIT 1), ''))
ORDER BY tasks.created_at, tasks.id LIMIT :most
"""
# what `videod audit` has something to say about stays where a person looks for it
_DISAGREES = """
SELECT tasks.cost_micros < 0
    OR tasks.cost_micros <> (SELECT coalesce(sum(micros), 0) FROM charges WHERE task_id = :task)
    OR EXISTS (SELECT 1 FROM charges WHERE task_id = :task AND (micros NOT BETWEEN 0 AND :most
       OR micros > 0 AND NOT EXISTS (SELECT 1 FROM intents WHERE intents.attempt_id = charges.attempt_id)))
    OR EXISTS (SELECT 1 FROM jobs WHERE task_id = :task AND state = 'done' AND price_micros > 0
       AND NOT EXISTS (SELECT 1 FROM charges WHERE charges.task_id = :task AND job = step || '/' || key))
FROM tasks WHERE id = :task
"""


@dataclass(frozen=True)
class Line:
    """What must be written of one episode. `version`: the id of its newest row of history, `last_at` its time, ms."""

    task_id: str
    version: int
    first_at: int
    last_at: int
    text: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text).hexdigest()


def due(connection: sqlite3.Connection, before: int, most: int) -> tuple[str, ...]:
    """The oldest episodes that are over, to which nothing has happened since `before`, ms, and whose books agree."""
    found = [str(row[0]) for row in connection.execute(_DUE, {"before": before, "most": most})]
    return tuple(one for one in found if not _disagrees(connection, one))


def _disagrees(connection: sqlite3.Connection, task_id: str) -> bool:
    row = connection.execute(_DISAGREES, {"task": task_id, "most": MOST_MICROS}).fetchone()
    again = audit.charged_again_of(connection, task_id)
    return row is None or bool(row[0]) or any(None in one.reasons for one in again)


_OF_JOBS = "job_id IN (SELECT id FROM jobs WHERE task_id = :task)"
_OF_ATTEMPTS = f"attempt_id IN (SELECT id FROM attempts WHERE {_OF_JOBS})"  # noqa: S608
_WHERE = {
    "jobs": "task_id = :task", "attempts": _OF_JOBS, "intents": _OF_ATTEMPTS, "charges": "task_id = :task",
    "possible_charges": "task_id = :task", "history": "task_id = :task",
    "asset_pages": "key >= :task || '/' AND key < :task || '0'", "page_blocks": "task_id = :task",
}  # fmt: skip


def line_of(connection: sqlite3.Connection, task_id: str) -> Line:
    """Everything of the episode, as the database has it at this moment."""
    schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
    task = connection.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
    body: dict[str, object] = {"videod": "episode", "schema": schema, "task": dict(task)}
    for table in TABLES:
        query = f"SELECT * FROM {table} WHERE {_WHERE[table]} ORDER BY 1"  # noqa: S608
        body[table] = [dict(row) for row in connection.execute(query, {"task": task_id})]
    history = body["history"]
    assert isinstance(history, list)
    times = [int(row["at"]) for row in history]
    text = json.dumps(body, ensure_ascii=False).encode() + b"\n"
    return Line(task_id, int(history[-1]["id"]), min(times), times[-1], text)


def known_line(connection: sqlite3.Connection, task_id: str) -> Line | None:
    """As `line_of`; None where the database has no such episode, or nothing of its past."""
    known = reads.task(connection, task_id) is not None and reads.newest_history(connection, task_id) is not None
    return line_of(connection, task_id) if known else None


# ------------------------------------------------------------------------------------------- files


def name_of(folder: Path, last_at: int) -> str:
    """The next free name for episodes that ended in the month of `last_at`, ms."""
    month = iso(last_at)[:7]
    taken = {path.name for path in folder.glob(f"{month}.*{ENDS}")} if folder.is_dir() else set()
    return next(name for number in range(1, 1_000_000) if (name := f"{month}.{number:04d}{ENDS}") not in taken)


def member(text: bytes) -> bytes:
    """A line as it lies in a file; the same line always is the same."""
    return gzip.compress(text, 6, mtime=0)


def write(folder: Path, name: str, lines: Sequence[Line]) -> tuple[Pointer, ...]:
    """A file with these lines, whole and on the disk when it has its name. Raises OSError; it has none then."""
    fresh = not folder.is_dir()
    files.private_folder(folder)
    if fresh:
        _sync(folder.parent)
    part, found, at = folder / f".{name}.part", [], 0
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as out:
            for one in lines:
                packed = member(one.text)
                out.write(packed)
                found.append(Pointer(one.task_id, name, at, len(packed), len(one.text), one.sha256))
                at += len(packed)
            out.flush()
            os.fsync(out.fileno())
        if (folder / name).exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder / name))
        part.rename(folder / name)
    finally:
        part.unlink(missing_ok=True)
    _sync(folder)
    for pointer in found:
        archives.line(folder, pointer)
    return tuple(found)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lines_of(folder: Path, name: str) -> Iterator[tuple[Pointer, bytes]]:
    """Every whole line of a file. Ends at what cannot be read."""
    with suppress(OSError, zlib.error, ValueError, KeyError, TypeError):
        with files.open_made(folder / name, folder) as source:
            rest, at = source.read(archives.LARGEST), 0
        while rest:
            unpacked = zlib.decompressobj(wbits=31)
            text = unpacked.decompress(rest, archives.LARGEST)
            length = len(rest) - len(unpacked.unused_data)
            body = bounds.loads(text)
            assert unpacked.eof and isinstance(body, dict)
            task_id = str(body["task"]["id"])
            yield Pointer(task_id, name, at, length, len(text), hashlib.sha256(text).hexdigest()), text
            rest, at = unpacked.unused_data, at + length


def unclaimed(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Files that no episode of this database points to: of a killed daemon, or newer than a restored database."""
    folder = archives.folder_of(connection)
    known = {row[0] for row in connection.execute("SELECT DISTINCT file FROM archived")}
    found = {path.name for path in folder.glob(f"*{ENDS}")} if folder.is_dir() else set()
    return tuple(sorted(found - known))


# ------------------------------------------------------------------------------------------- the database

_NOTE = """
INSERT INTO archived (task_id, file, start, length, bytes, sha256, first_at, last_at, at, plan, content, film, sent,
    told)
SELECT :task, :file, :start, :length, :size, :sha256, :first_at, :last_at, :at,
    (SELECT sha256 FROM jobs WHERE task_id = :task AND step = 'plan'),
    (SELECT json_extract(facts, '$.content') FROM jobs WHERE task_id = :task AND step = 'plan'),
    (SELECT sha256 FROM jobs WHERE task_id = :task AND step = 'assemble'),
    youtube_id IS NOT NULL OR EXISTS (SELECT 1 FROM jobs WHERE task_id = :task AND step = 'upload'
        AND (state IN ('done', 'running') OR remote_id IS NOT NULL)),
    :told
FROM tasks WHERE id = :task
"""
_NOTE_CHARGES = f"""
INSERT INTO archived_charges (task_id, channel_id, service, at, charges, micros)
SELECT task_id, channel_id, service, at - at % {QUARTER_MS}, count(*), sum(micros) FROM charges WHERE task_id = :task
GROUP BY 2, 3, 4
"""  # noqa: S608
_NOTE_PURCHASES = """
INSERT INTO archived_purchases (task_id, service, intents, rebought, settled)
SELECT :task, intents.service, count(*),
    sum(coalesce(attempts.outcome, '') = 'in_doubt' AND EXISTS (SELECT 1 FROM attempts AS later
        WHERE later.job_id = attempts.job_id AND later.id > attempts.id)),
    sum(coalesce(attempts.outcome, '') = 'not_bought')
FROM jobs JOIN attempts ON attempts.job_id = jobs.id JOIN intents ON intents.attempt_id = attempts.id
WHERE jobs.task_id = :task GROUP BY 2
"""
_NOTE_AGAIN = """
INSERT INTO archived_again (task_id, job, service, charges, micros, reasons) VALUES (?, ?, ?, ?, ?, ?)
"""
_NEWEST = """
SELECT :task IN (SELECT id FROM tasks INDEXED BY tasks_of_channel
    WHERE channel_id = (SELECT channel_id FROM tasks WHERE id = :task)
      AND (youtube_id IS NOT NULL OR phase <> 'closed') ORDER BY created_at DESC LIMIT :last)
"""
_TOLD = "SELECT json_extract(args, '$.text') FROM jobs WHERE task_id = ? AND step = 'narration' AND state <> 'skipped'"
_OUT_OF_DATE = """
UPDATE archived SET told = '' WHERE told <> '' AND task_id NOT IN (
    SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY channel_id ORDER BY created_at DESC) AS place FROM tasks
                    WHERE youtube_id IS NOT NULL OR phase <> 'closed') WHERE place <= :last)
"""


def put_away(connection: sqlite3.Connection, one: Line, pointer: Pointer, at: int) -> bool:
    """In one transaction: note where the episode lies, and delete its rows. False where it has changed since it was
    read, or is archived already; nothing was done then."""
    if reads.newest_history(connection, one.task_id) != one.version or not _over(connection, one.task_id):
        return False
    values = {"task": one.task_id, "file": pointer.file, "start": pointer.start, "length": pointer.length,
              "size": pointer.size, "sha256": pointer.sha256, "first_at": one.first_at, "last_at": one.last_at,
              "at": at, "told": _told(connection, one.task_id)}  # fmt: skip
    again = audit.charged_again_of(connection, one.task_id)
    connection.execute(_NOTE, values)
    connection.execute(_NOTE_CHARGES, values)
    connection.execute(_NOTE_PURCHASES, values)
    connection.executemany(
        _NOTE_AGAIN,
        [(it.task_id, it.job, it.service, it.charges, it.micros, json.dumps(it.reasons)) for it in again],
    )
    for table in ("intents", "attempts", "jobs", "charges", "history", "page_blocks"):
        connection.execute(f"DELETE FROM {table} WHERE {_WHERE[table]}", values)  # noqa: S608
    connection.execute(_FORGET_ROWS, values)
    return True


# a row whose file lies in a bucket has a link that is renewed for as long as the file is there
_FORGET_ROWS = f"""
DELETE FROM asset_pages WHERE {_WHERE["asset_pages"]} AND key NOT IN (SELECT key FROM objects)
"""  # noqa: S608


_OVER = """
SELECT 1 FROM tasks WHERE id = :task AND phase = 'closed'
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE task_id = :task AND state IN ('running', 'in_doubt'))
  AND NOT EXISTS (SELECT 1 FROM archived WHERE task_id = :task)
"""


def _over(connection: sqlite3.Connection, task_id: str) -> bool:
    return connection.execute(_OVER, {"task": task_id}).fetchone() is not None


def _told(connection: sqlite3.Connection, task_id: str) -> str:
    """The narration, while a new film of the channel is compared with it."""
    if not connection.execute(_NEWEST, {"task": task_id, "last": likeness.LAST}).fetchone()[0]:
        return ""
    return "\n".join(str(row[0]) for row in connection.execute(f"{_TOLD} ORDER BY key", (task_id,)))


def forget_told(connection: sqlite3.Connection) -> None:
    """Narrations that no new film is compared with any more."""
    connection.execute(_OUT_OF_DATE, {"last": likeness.LAST})


_TRIGGERS = """
SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (SELECT value FROM json_each(:tables))
"""


def take_back(connection: sqlite3.Connection, task_id: str) -> bool:
    """In one transaction: the rows of an archived episode are in the database again. False: it is not archived.

    Raises ArchiveError; nothing was changed then.
    """
    if archives.pointer(connection, task_id) is None:
        return False
    # what triggers did when these rows were new, they did; dropped and regenerated in this transaction
    triggers = connection.execute(_TRIGGERS, {"tables": json.dumps(TABLES)}).fetchall()
    with archives.whole(connection, task_id) as past:
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for table in TABLES:
            archives.copy_rows(past, connection, table)
        for _, statement in triggers:
            connection.execute(statement)
    for table in ("archived_charges", "archived_purchases", "archived_again", "archived"):
        connection.execute(f"DELETE FROM {table} WHERE task_id = ?", (task_id,))  # noqa: S608
    return True
