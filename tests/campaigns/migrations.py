"""Every older schema upward, the process killed before each statement: the old version or a newer one, never between.

A database that is newer than the program is refused without a byte being changed.
"""

import argparse
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.campaigns import old_schemas
from tests.campaigns.frame import Campaign, Result, main, say
from videod.store.database import DatabaseError
from videod.store.schema import migrate, migrations


def _migrate_and_die(path: Path, at: int) -> bool:
    """Migrate in a process that is killed before its `at`-th statement on a file; whether it came so far."""
    pid = os.fork()
    if pid == 0:
        count = 0

        class Dying(sqlite3.Connection):
            def execute(self, *words: object) -> sqlite3.Cursor:  # type: ignore[override]
                nonlocal count
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().execute(*words)  # type: ignore[arg-type]

        real = sqlite3.connect

        def connect(file: object, *rest: object, **more: object) -> sqlite3.Connection:
            made = real if file == ":memory:" else lambda *words, **named: real(*words, factory=Dying, **named)
            return made(file, *rest, **more)  # type: ignore[no-any-return, operator]

        sqlite3.connect = connect  # type: ignore[assignment]
        try:
            migrate(path)
            os._exit(0)
        finally:
            os._exit(70)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the migration failed: {status:#x}"
    return os.WIFSIGNALED(status)


def run(folder: Path, given: argparse.Namespace) -> Result:
    newest = migrations()[-1][0]
    kills, still_old = 0, 0
    for version in old_schemas.versions():
        model = folder / f"v{version}" / "videod.db"
        before = old_schemas.make(model, version)
        at = 1
        while True:
            path = folder / f"v{version}-{at}" / "videod.db"
            path.parent.mkdir()
            shutil.copy(model, path)
            if not _migrate_and_die(path, at):
                break
            kills += 1
            found = old_schemas.neither(path, version, before)
            assert not found, f"from {version}, killed before statement {at}: {found}"
            still_old += old_schemas.version_of(path) < newest
            assert migrate(path) == newest
            found = old_schemas.neither(path, version, before)
            assert not found, f"from {version}, again after a kill before statement {at}: {found}"
            shutil.rmtree(path.parent)
            at += given.every
        _check_copy(path, version, before)
        say(f"from schema {version}: old or new each time")
    _check_newer(folder)
    return {"older_schemas": len(old_schemas.versions()), "kills": kills, "found_old": still_old, "between": 0}


def _check_copy(path: Path, version: int, before: old_schemas.Rows) -> None:
    """The copy made before the first migration holds everything, in the old schema."""
    copy = path.with_name(f"{path.name}.before-{version + 1:04d}")
    assert old_schemas.version_of(copy) == version
    assert old_schemas.rows(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600


def _check_newer(folder: Path) -> None:
    path = folder / "newer" / "videod.db"
    path.parent.mkdir()
    migrate(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={migrations()[-1][0] + 1:d}")
    data = path.read_bytes()
    with pytest.raises(DatabaseError, match="Install the newer videod"):
        migrate(path)
    assert path.read_bytes() == data, "a newer database was changed"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--every", type=int, default=1, help="kill before every n-th statement only (default 1)")


CAMPAIGN = Campaign("migrations", "a kill at any statement of a migration leaves one version whole", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
