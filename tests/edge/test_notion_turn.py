"""One pace and one ban for every program that asks Notion in the name of one connection."""

import subprocess
import sys
from pathlib import Path

import pytest

from videod.edge import notion_turn
from videod.edge.notion_turn import Turn


def test_turns_are_even_whoever_asks(tmp_path: Path) -> None:
    daemon, command = Turn(tmp_path / "turn"), Turn(tmp_path / "turn")
    waits = [turn.take(1000, 334) for turn in (daemon, command, command, daemon)]
    assert waits == [0, 334, 668, 1002]
    assert daemon.take(10_000, 334) == 0  # nobody is owed the turns that nobody took
    daemon.close()
    command.close()


def test_a_ban_that_one_program_met_holds_for_the_others_and_after_them(tmp_path: Path) -> None:
    first = Turn(tmp_path / "turn")
    assert first.ban(5000)
    assert not first.ban(4000)  # an earlier end is no news
    first.close()
    later = Turn(tmp_path / "turn")
    assert later.banned_until() == 5000
    later.close()


def test_a_file_of_another_start_of_the_machine_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Turn(tmp_path / "turn")
    before.ban(10**12)
    before.take(10**12, 334)
    before.close()
    boot = tmp_path / "boot_id"
    boot.write_text("f" * 36)
    monkeypatch.setattr(notion_turn, "_BOOT", boot)
    after = Turn(tmp_path / "turn")
    assert (after.banned_until(), after.take(0, 334)) == (0, 0)
    after.close()


@pytest.mark.parametrize("data", [b"", b"torn", b"\xff" * 200])
def test_a_damaged_file_is_written_over(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "turn").write_bytes(data)
    turn = Turn(tmp_path / "turn")
    assert (turn.banned_until(), turn.take(7, 334)) == (0, 0)
    turn.close()


@pytest.mark.live
def test_four_processes_at_once_share_the_turns(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    program = f"from videod.edge.notion_turn import Turn; from pathlib import Path; t = Turn(Path({str(path)!r}))\n"
    program += "print(*(t.take(0, 10) for _ in range(200)))"
    children = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(4)]
    taken = [int(word) for child in children for word in child.communicate(timeout=60)[0].split()]
    assert sorted(taken) == list(range(0, 8000, 10))
