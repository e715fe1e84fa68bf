"""A consistent copy of videod's database, made while it is in use: `backup.py --state DIR [--into DIR] [--keep N]`.

The source is opened read-only, so that this process never checkpoints beside the daemon. Source and copy are checked
page by page and index by index before the copy takes its name; what bears a name `videod-<UTC time>.db` is therefore
whole. Exit codes: 0 done, 64 usage, 66 no database, 74 the copy could not be made or one of them is not whole.
"""

import argparse
import os
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

PATTERN = "videod-*.db"


def copy(database: Path, target: Path) -> None:
    """Write a checked copy to `target`. Raises sqlite3.Error or OSError; nothing named `target` is left then."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        source = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
        try:
            # the copy gets new indexes, so damage in those of the source would never show in it
            _check(source, database)
            source.execute("VACUUM INTO ?", (str(part),))
        finally:
            source.close()
        # for writing, though nothing is written: a read-only look leaves out what the tables say about their rows
        made = sqlite3.connect(part)
        try:
            _check(made, part)
        finally:
            made.close()
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA integrity_check(3)").fetchall()
    if found != [("ok",)]:
        raise sqlite3.DatabaseError(f"{path} is not whole: {found[0][0]}")
    # no check of pages and rows sees a status that is none: a table of its own lists them
    if connection.execute("PRAGMA foreign_key_check(tasks)").fetchone() is not None:
        raise sqlite3.DatabaseError(f"{path} is not whole: an episode has a status that is none")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Copy videod's database while it is in use.",
        epilog="example: python backup.py --state /var/lib/videod --into /mnt/backup --keep 48",
    )
    parser.add_argument("--state", type=Path, required=True, help="the state folder, where videod.db lies")
    parser.add_argument("--into", type=Path, help="where the copies go (default: backups/ in the state folder)")
    parser.add_argument("--keep", type=int, default=48, help="so many copies are kept (default: 48)")
    try:
        given = parser.parse_args(argv)
    except SystemExit as leave:
        return 64 if leave.code else 0
    database = given.state / "videod.db"
    if not database.is_file():
        sys.stderr.write(f"there is no database {database}; name the state folder with --state\n")
        return 66
    folder: Path = given.into or given.state / "backups"
    target = folder / f"videod-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.db"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy(database, target)
    except (sqlite3.Error, OSError) as error:
        sys.stderr.write(f"no backup of {database} in {folder}: {error}\n")
        return 74
    for old in sorted(folder.glob(PATTERN))[: -max(1, given.keep)]:
        old.unlink()
    sys.stdout.write(f"{target} ({target.stat().st_size:,} bytes)\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
