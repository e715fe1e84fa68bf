"""Disks that fail: what scripts say, and that a database is not written after a failed fsync."""

import sqlite3
from pathlib import Path

import pytest

from tests.campaigns.disk_errors import CAMPAIGN
from tests.faults.campaign import short
from videod.store.database import Database
from videod.store.schema import migrate
from videod.store.soundness import given_up

pytestmark = pytest.mark.long


@pytest.mark.live
def test_a_script_names_a_failing_disk_and_is_run_again(tmp_path: Path) -> None:
    assert short(CAMPAIGN, tmp_path, kinds="image,composite", every=5, ends=0, seed=2)


@pytest.mark.live
def test_the_daemon_leaves_after_a_failed_fsync_and_the_next_start_continues(tmp_path: Path) -> None:
    assert short(CAMPAIGN, tmp_path, kinds="", ends=1, to_end=False)["daemon_left_with_75"] == 1


def _disk_error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    return error


async def test_nothing_is_written_after_a_write_that_failed_on_the_disk(tmp_path: Path) -> None:
    migrate(tmp_path / "videod.db")
    database = await Database.open(tmp_path / "videod.db")

    def fails(connection: sqlite3.Connection) -> None:
        raise _disk_error()

    try:
        with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
            await database.write(fails)
        with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
            await database.write(lambda tx: tx.execute("INSERT INTO key_values VALUES ('a', '1')").rowcount)
        assert await database.read(lambda tx: tx.execute("SELECT count(*) FROM key_values").fetchone()[0]) == 0
    finally:
        await database.close()


def test_an_error_of_the_disk_is_found_among_others() -> None:
    assert given_up(ExceptionGroup("loops", [ValueError(), ExceptionGroup("lanes", [_disk_error()])]))
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    assert not given_up(full) and not given_up(ValueError()) and not given_up(None)
