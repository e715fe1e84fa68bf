"""Consistent copies of the database, made while it is in use.

The source is opened read-only, so that whoever copies never checkpoints beside the daemon. Source and copy are checked
page by page and index by index before the copy takes its name: what is called `videod-<UTC time>.db` is whole. The
files of the archive lie beside the copies, once for all of them.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from videod import files
from videod.store.archives import FOLDER

PATTERN = "videod-*.db"


def timed(database: Path, folder: Path, at_ms: int, keep: int) -> Path:
    """A copy in `folder` named after the moment; the newest `keep` stay, this one included.

    Raises sqlite3.Error or OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = datetime.fromtimestamp(at_ms / 1000, UTC)
    target = folder / f"videod-{made:%Y%m%dT%H%M%S.%fZ}.db"
    copy(database, target)
    # after the database: whatever it points to is there by now
    archive(database.with_name(FOLDER), folder / FOLDER)
    for old in sorted(folder.glob(PATTERN))[: -max(1, keep)]:
        old.unlink()
    return target


def copy(database: Path, target: Path) -> None:
    """Write a checked copy to `target`. Raises sqlite3.Error or OSError; nothing named `target` is left then."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)) as source:
            # the copy gets new indexes, so damage in those of the source would never show in it
            _check(source, database)
            source.execute("VACUUM INTO ?", (str(part),))
        # for writing, though nothing is written: a read-only look leaves out what the tables say about their rows
        with closing(sqlite3.connect(part)) as made:
            _check(made, part)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def archive(source: Path, target: Path) -> int:
    """Have each file of the archive `source` in `target` as well; returns how many were added.

    They are copies, so that damage in one is none in the other. A file of an archive never changes: where `target`
    has another one of that name, nobody knows which is right, and the older one is kept as NAME.kept-N. Raises OSError.
    """
    added = 0
    for path in sorted(source.glob("*.jsonl.gz")) if source.is_dir() else ():
        place = target / path.name
        if place.exists() and place.stat().st_size == path.stat().st_size:
            continue
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target / f".{path.name}.part"
        part.unlink(missing_ok=True)
        with files.open_made(path.absolute(), path.absolute().parent) as found, part.open("xb") as out:
            shutil.copyfileobj(found, out, 1 << 20)
        part.chmod(0o600)
        _sync(part)
        if place.exists():
            names = (place.with_name(f"{place.name}.kept-{number}") for number in range(1, 10_000))
            place.rename(next(name for name in names if not name.exists()))
        part.replace(place)
        added += 1
    if added:
        _sync(target)
    return added


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA integrity_check(3)").fetchall()
    if found != [("ok",)]:
        raise sqlite3.DatabaseError(f"{path} is damaged: {found[0][0]}")
    # no check of pages and rows sees an invalid status: a table of its own lists them
    if connection.execute("PRAGMA foreign_key_check(tasks)").fetchone() is not None:
        raise sqlite3.DatabaseError(f"{path} is damaged: an episode has an unknown status")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
