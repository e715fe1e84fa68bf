"""One pace and one ban for every program that asks Notion in the name of one connection."""

import asyncio
import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.patience import said
from videod.adapters import notion_pacer
from videod.adapters.notion_pacer import NotionPacer


def test_turns_are_even_whoever_asks(tmp_path: Path) -> None:
    daemon, command = NotionPacer(tmp_path / "turn"), NotionPacer(tmp_path / "turn")
    waits = [turn.take(1000, 334) for turn in (daemon, command, command, daemon)]
    assert waits == [0, 334, 668, 1002]
    assert daemon.take(10_000, 334) == 0  # nobody is owed the turns that nobody took
    assert command.take(10_000, 334, 2) == 2 * 334  # two at once leave a turn free before them
    assert daemon.take(10_000, 334) == 4 * 334  # and another behind
    daemon.close()
    command.close()


def test_a_ban_that_one_program_met_holds_for_the_others_and_after_them(tmp_path: Path) -> None:
    first = NotionPacer(tmp_path / "turn")
    assert first.ban(5000)
    assert not first.ban(4000)  # an earlier end is no news
    first.close()
    later = NotionPacer(tmp_path / "turn")
    assert later.banned_until() == 5000
    later.close()


def test_a_file_of_another_start_of_the_machine_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = NotionPacer(tmp_path / "turn")
    before.ban(10**12)
    before.take(10**12, 334)
    before.close()
    boot = tmp_path / "boot_id"
    boot.write_text("f" * 36)
    monkeypatch.setattr(notion_pacer, "_BOOT", boot)
    after = NotionPacer(tmp_path / "turn")
    assert (after.banned_until(), after.take(0, 334)) == (0, 0)
    after.close()


@pytest.mark.parametrize("data", [b"", b"torn", b"\xff" * 200])
def test_a_damaged_file_is_written_over(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "turn").write_bytes(data)
    turn = NotionPacer(tmp_path / "turn")
    assert (turn.banned_until(), turn.take(7, 334)) == (0, 0)
    turn.close()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program keeps the lock."""
    other = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(other)


@pytest.mark.fault("13.7")
async def test_a_lock_that_is_held_stops_nobody_and_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notion_pacer, "PATIENCE_S", 0.05)
    turn = NotionPacer(tmp_path / "turn")
    turn.ban(700)
    ticks = 0

    async def other_work() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    with held(tmp_path / "turn"):
        working = asyncio.create_task(other_work())
        await turn.ready()
        assert ticks > 1  # the loop turned while the lock was waited for
        waits = [turn.take(1000, 334) for _ in range(3)]
        assert waits == [0, 334, 668]  # the pace is kept alone, and what was known still counts
        assert turn.banned_until() == 700 and turn.ban(5000)
        await turn.ready()
        working.cancel()
    assert "turn" in turn.problem and "alone" in turn.problem
    assert [one.message for one in caplog.records] == ["notion_turn_alone"]
    monkeypatch.setattr(notion_pacer, "ALONE_S", 0)
    turn._alone_until = 0.0
    with caplog.at_level(logging.INFO):
        assert turn.take(1000, 334) == 1002
    assert turn.problem == "" and caplog.records[-1].message == "notion_turn_shared_again"
    command = NotionPacer(tmp_path / "turn")
    assert command.banned_until() == 5000  # what was promised alone is known to all again
    command.close()
    turn.close()


def test_a_lock_that_is_held_between_two_calls_costs_a_moment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notion_pacer, "HOLDER_S", 0.01)
    turn = NotionPacer(tmp_path / "turn")
    with held(tmp_path / "turn"):
        assert turn.take(7, 334) == 0
        assert turn.take(7, 334) == 334
    turn.close()


def test_a_disk_that_takes_nothing_leaves_the_pace_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = NotionPacer(tmp_path / "turn")

    def full(*given: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert [turn.take(0, 334), turn.take(0, 334)] == [0, 334]
    assert "No space left on device" in turn.problem
    monkeypatch.undo()
    turn.close()


@pytest.mark.fault("1.7")
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: object) -> None:
    make(tmp_path / "turn")  # type: ignore[operator]
    with pytest.raises(OSError):
        NotionPacer(tmp_path / "turn")


def test_a_turn_further_away_than_any_is_damage(tmp_path: Path) -> None:
    before = NotionPacer(tmp_path / "turn")
    before._next_ms = 10**15
    before.take(0, 334)
    before._next_ms = 10**15
    with before._shared():
        pass
    before.close()
    after = NotionPacer(tmp_path / "turn")
    assert after.take(5, 334) == 0
    after.close()


@pytest.mark.live
def test_four_processes_at_once_share_the_turns(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    program = "from pathlib import Path\nfrom videod.adapters.notion_pacer import NotionPacer\n"
    program += f"t = NotionPacer(Path({str(path)!r}))\n"
    program += "print(*(t.take(0, 10) for _ in range(200)))"
    children = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    taken = [int(word) for child in children for word in said(child)[0].split()]
    assert sorted(taken) == list(range(0, 8000, 10))
