"""Tables on narrow terminals: whole columns give way by rank; an id and a status are never cut."""

import pytest

from videod.cli import output
from videod.cli.output import Column

HEAD = (Column("task"), Column("title", least=14), Column("channel", 2), Column("status"), Column("note", 1, 10))
ROWS = [
    ["the-crossing-72d653", "A bear crosses a cold river", "wild_planet", "Generating Sound Effects", "x" * 60],
    ["b-1", "鲸鱼" * 12, "deep", "Queued", ""],
]  # fmt: skip


@pytest.mark.fault("8.4")
@pytest.mark.parametrize("room", range(20, 200, 3))
def test_an_id_and_a_status_are_whole_at_every_width(room: int, capsys: pytest.CaptureFixture[str]) -> None:
    output.table(HEAD, ROWS, room=room)
    told = capsys.readouterr().out
    assert "the-crossing-72d653" in told and "Generating Sound Effects" in told


@pytest.mark.parametrize("room", range(63, 200, 3))
def test_no_line_is_wider_than_the_terminal(room: int, capsys: pytest.CaptureFixture[str]) -> None:
    output.table(HEAD, ROWS, room=room)
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Too narrow")]
    assert max(map(output.cell_len, lines)) <= room


def test_the_columns_that_matter_least_go_first_and_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(HEAD, ROWS, room=78)
    told = capsys.readouterr().out
    assert "CHANNEL" not in told and "NOTE" in told
    assert "Too narrow for: channel." in told
    output.table(HEAD, ROWS, room=64)
    assert "Too narrow for: channel, note." in capsys.readouterr().out
    output.table(HEAD, ROWS, room=1000)
    assert "Too narrow" not in capsys.readouterr().out
