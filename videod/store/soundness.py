"""Whether the database file is whole, found out without changing a byte of it, and the way back where it is not.

Reading commands use this too, so nothing slow is imported here.
"""

import shlex
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from videod.core.moments import clock
from videod.core.sanitize import sanitize_line

#: Up to this size a start compares every index with its rows (integrity_check, 2 ms per MB here; it finds flipped
#: bytes in indexes that quick_check, 0.8 ms per MB, does not see) and every row with its table's rules (2.3 ms per MB).
#: Beyond it the hourly backup does so instead, and a start looks no longer than QUICK_S: a large file that is not in
#: memory takes as long as the disk takes to read it.
FULL_CHECK_BYTES = 256 << 20
QUICK_S = 1.5
#: what is reported of the damage; a smashed file has thousands of complaints
COMPLAINTS = 3
#: results that speak of the disk or the rights to it, not of the file's content
_OUTSIDE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_PERM", "SQLITE_BUSY")

#: results after which what this process knows of the file is no longer what is on the disk
_LOST = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY", "SQLITE_CANTOPEN")


#: results that say that somebody else is at work on the file
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


class Unsound(Exception):
    """The database cannot be worked with; the text says what is wrong, that it was left alone, and what to type."""


def examine(path: Path) -> None:
    """Look at the file at `path`, which may be missing where nothing was ever kept. Raises Unsound."""
    if not path.exists() or path.stat().st_size == 0:
        if _worked_here(path):
            state = "is empty" if path.exists() else "is missing"
            raise Unsound(f"the database {path} {state}, yet videod has worked in its folder. {way_back(path)}")
        return
    try:
        problems = complaints(path)
    except sqlite3.DatabaseError as error:
        raise refusal(path, error) from error
    if problems:
        raise damaged(path, "; ".join(problems))


def complaints(path: Path, limit: int = COMPLAINTS, full: int = FULL_CHECK_BYTES) -> list[str]:
    """At most `limit` things that are wrong with the file; one over `full` bytes is looked at for QUICK_S at most.

    Raises sqlite3.DatabaseError where it cannot even be read.
    """
    thorough = path.stat().st_size <= full
    check = "integrity_check" if thorough else "quick_check"
    # a read-only connection neither checkpoints nor repairs; a journal of a broken first start must be rolled back
    mode = "rw" if path.with_name(f"{path.name}-journal").exists() else "ro"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as connection:
        connection.execute("PRAGMA cell_size_check=ON")
        if not thorough:
            until = time.monotonic() + QUICK_S
            connection.set_progress_handler(lambda: time.monotonic() > until, 1000)
        try:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}({limit:d})")]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname == "SQLITE_INTERRUPT":
                return []
            raise
        except UnicodeDecodeError as error:
            # SQLite names in its error what is damaged, and Python cannot read the name
            raise sqlite3.DatabaseError("a name in it is not text") from error
    return [] if found == ["ok"] else [sanitize_line(text) for text in found]


def given_up(error: BaseException | None) -> bool:
    """Whether `error`, or one of the group it is, means that the database must be opened and examined again.

    After a failed write or fsync nobody knows what is on the disk, and the kernel may call the next fsync good without
    having written what the failed one was for: continuing would acknowledge what is not there.
    """
    if isinstance(error, BaseExceptionGroup):
        return any(given_up(one) for one in error.exceptions)
    return isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorname", "").startswith(_LOST)


def busy(error: BaseException) -> bool:
    """Whether another program holds the database: nothing is wrong with it, and its turn comes."""
    return isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorname", "").startswith(_BUSY)


def held(error: BaseException | None) -> bool:
    """Whether `error`, or what it was raised from, is one of a database that another program holds."""
    while error is not None:
        if busy(error):
            return True
        error = error.__cause__
    return False


def held_by_others(path: Path) -> str:
    """What to do about a program that holds the database."""
    return f"another program holds the database: `fuser -v {path}` names it. Close its transaction or end it."


def outside(error: sqlite3.DatabaseError) -> bool:
    """Whether it is the disk or the rights to it that are at fault, not the file's content."""
    return getattr(error, "sqlite_errorname", "").startswith(_OUTSIDE)


def refusal(path: Path, error: sqlite3.DatabaseError) -> Unsound:
    """What SQLite's `error` means for the person who starts videod."""
    if not outside(error):
        return damaged(path, str(error))
    return Unsound(
        f"the database {path} cannot be opened: {error} ({error.sqlite_errorname}). Nothing was changed. Look at"
        " the disk first: is it mounted for writing, is there space, may this user write into the folder?"
    )


def damaged(path: Path, what: str) -> Unsound:
    return Unsound(f"the database {path} cannot be used, it is damaged: {what}. {way_back(path)}")


def _worked_here(path: Path) -> bool:
    from videod import receipts

    workspaces = path.parent / "workspaces"
    if _copies(path):
        return True
    return workspaces.is_dir() and any(one.name != receipts.JOURNALS for one in workspaces.iterdir())


def _copies(path: Path) -> list[Path]:
    """Copies of the database, the newest first: those of the backup timer and those made before migrations."""
    found = [*path.parent.glob("backups/videod-*.db"), *path.parent.glob(f"{path.name}.before-[0-9][0-9][0-9][0-9]")]
    return sorted(found, key=lambda copy: copy.stat().st_mtime, reverse=True)


def newest_good_copy(path: Path) -> Path | None:
    """The newest copy of the database in the state folder that is whole."""
    return next((copy for copy in _copies(path) if _is_whole(copy)), None)


def _is_whole(copy: Path) -> bool:
    try:
        # immutable: nothing but this process knows the copy, and looking at it leaves no files beside it
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            whole = bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
            # one without an episode is no way back: the first start made it on its way through the migrations
            return whole and connection.execute("SELECT 1 FROM tasks LIMIT 1").fetchone() is not None
    except sqlite3.DatabaseError:
        return False


def way_back(path: Path) -> str:
    """What to type to put the newest good copy in the file's place, the file itself kept aside."""
    copy = newest_good_copy(path)
    if copy is None:
        told = f"There is no good copy in {path.parent / 'backups'} or beside it. With a copy of your own, type:"
    else:
        made = clock(round(copy.stat().st_mtime * 1000))
        told = f"The newest good copy is of {made}. To go back to it, type:"
    return (
        f"Nothing was changed. {told}\n  {_command(path, copy)}\nWhat was bought since then is not bought again: its"
        " receipts are in the workspaces, so leave those where they are."
    )


def _command(path: Path, copy: Path | None) -> str:
    present = [one for one in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))) if one.exists()]
    aside = next(folder for n in range(1, 10_000) if not (folder := path.with_name(f"damaged-{n}")).exists())
    steps = []
    if present:
        steps += [["mkdir", str(aside)], ["mv", *map(str, present), f"{aside}/"]]
    steps.append(["cp", "-p", str(copy) if copy else "/path/to/your/copy.db", str(path)])
    return " && ".join(shlex.join(step) for step in steps)
