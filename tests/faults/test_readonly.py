"""A state folder that cannot be written: looking still works, a start says in one line what to do, exit code 74."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import mounts
from tests.harness.patience import run
from videod.adapters.disk import unusable
from videod.store.schema import migrate

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("NOTION_TOKEN", "GEMINI_API_KEY", "KIE_API_KEY", "ELEVENLABS_API_KEY")
MASTER_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
NOBODY = 65534


def videod(*words: object, user: int | None = None, **env: str) -> "subprocess.CompletedProcess[str]":
    bare = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")}
    return run([sys.executable, "-m", "videod", *words], env=bare | env, cwd=ROOT, user=user)


def start(state: Path) -> "subprocess.CompletedProcess[str]":
    settings = state.parent / "videod.toml"
    settings.write_text(
        f'[paths]\nstate = "{state}"\nchannels = "{ROOT / "channels"}"\nscripts = "{ROOT / "scripts"}"\n'
    )
    return videod("run", "--config", settings, VIDEOD_MASTER_KEY=MASTER_KEY, **dict.fromkeys(KEYS, "x" * 20))


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """What a refused start said: one line, with exit code 74."""
    assert done.returncode == 74, done.stderr
    (line,) = [one for one in done.stderr.splitlines() if not one.startswith("{")]
    return line


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """A state folder with an episode, as an ended daemon leaves it."""
    state = tmp_path / "state"
    migrate(state / "videod.db")
    connection = sqlite3.connect(state / "videod.db")
    with connection:
        connection.execute("INSERT INTO key_values VALUES ('heartbeat', '1795000000000')")
    connection.close()
    yield state


def _crash(state: Path) -> None:
    """Leave a commit in the write-ahead log, as a killed daemon does."""
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "c.execute(\"INSERT INTO key_values VALUES ('config_remark', 'only in the log')\")\n"
        "c.commit()\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(state / "videod.db")], check=True)
    assert (state / "videod.db-wal").stat().st_size > 0


def test_status_answers_from_a_read_only_mount(kept: Path, tmp_path: Path) -> None:
    with mounts.read_only(kept, tmp_path / "seen") as seen:
        shown = videod("status", "--json", "--state", seen)
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)["daemon"] == {"running": False}
        for command in (["list"], ["watch", "--once"], ["costs"]):
            done = videod(*command, "--state", seen)
            assert done.returncode == 0, (command, done.stderr)
        changed = videod("pause", "kie", "--state", seen)
        assert changed.returncode == 74 and "mounted read-only" in changed.stderr and "Traceback" not in changed.stderr
    assert {one.name for one in kept.iterdir()} == {"videod.db"}


def test_what_a_killed_daemon_left_in_its_log_is_seen_from_a_read_only_mount_too(kept: Path, tmp_path: Path) -> None:
    _crash(kept)
    with mounts.read_only(kept, tmp_path / "seen") as seen:
        assert "only in the log" in videod("status", "--state", seen).stdout


def test_a_log_that_cannot_be_read_is_never_left_out_silently(kept: Path, tmp_path: Path) -> None:
    """The database without its log would show an older truth: no answer is better, with the way to get one."""
    _crash(kept)
    (kept / "videod.db-shm").unlink()  # as after a loss of power
    with mounts.read_only(kept, tmp_path / "seen") as seen:
        shown = videod("status", "--state", seen)
        assert shown.returncode == 66 and shown.stdout == ""
        assert "videod.db-wal holds changes" in shown.stderr and "look there with --state" in shown.stderr
        (tmp_path / "copy").mkdir()
        for file in seen.glob("videod.db*"):
            shutil.copy(file, tmp_path / "copy")
    assert "only in the log" in videod("status", "--state", tmp_path / "copy").stdout


def test_a_start_on_a_read_only_mount_ends_with_one_line_that_names_the_way_back(kept: Path, tmp_path: Path) -> None:
    before = (kept / "videod.db").read_bytes()
    with mounts.read_only(kept, tmp_path / "seen") as seen:
        told = refused(start(seen))
        assert "mounted read-only" in told and f"mount -o remount,rw {seen}" in told
    assert (kept / "videod.db").read_bytes() == before
    with mounts.read_only(tmp_path, tmp_path / "seen") as seen:
        assert "mounted read-only" in (unusable(seen / "new" / "state") or "")


def test_a_start_by_the_wrong_user_says_whose_folder_it_is(kept: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    open_to_all = Path(tempfile.mkdtemp(dir="/tmp"))
    open_to_all.chmod(0o755)
    hidden = kept  # below folders that only root may enter
    os.seteuid(NOBODY)
    try:
        told = unusable(open_to_all), unusable(open_to_all / "new"), unusable(hidden)
    finally:
        os.seteuid(0)
        open_to_all.rmdir()
    assert all(f"user with id {NOBODY} may not write" in (one or "") for one in told), told
    assert "belongs to user 0" in (told[0] or "")


def test_a_state_folder_that_is_a_file_or_has_no_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    told = refused(start(tmp_path / "state"))
    assert str(tmp_path / "state") in told and "[paths] state" in told


def test_a_missing_state_folder_is_made_for_its_user_alone(tmp_path: Path) -> None:
    assert unusable(tmp_path / "new" / "state") is None
    assert (tmp_path / "new" / "state").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "new" / "state").iterdir()) == []
