"""What commands leave when they are ended from outside; `python -m tests.campaigns endings` tries every moment."""

from pathlib import Path

import pytest

from tests.campaigns import endings

pytestmark = pytest.mark.live


def starting(run: endings.Run) -> bool:
    """The simulated services are about to start, and nobody has waited for them yet."""
    return any(run.folder.rglob("sandbox.log"))


def working(run: endings.Run) -> bool:
    """The daemon has opened its door."""
    return any(run.folder.rglob("videod.sock"))


def shown(run: endings.Run) -> bool:
    """The dashboard has taken the screen."""
    return endings.ENTER_SCREEN in run.shown


@pytest.mark.fault("8.1")
@pytest.mark.parametrize(
    ("command", "way", "when"),
    [
        ("demo", "TERM", starting),
        pytest.param("demo", "INT twice", working, marks=pytest.mark.whole),
        pytest.param("demo", "KILL", working, marks=pytest.mark.long),
        pytest.param("demo", "terminal closed", working, marks=pytest.mark.whole),
        ("run --sandbox", "INT", starting),
        ("run --sandbox", "HUP", working),
        pytest.param("run --sandbox", "KILL", working, marks=pytest.mark.long),
        ("watch", "TERM", shown),
        ("watch", "terminal closed", shown),
    ],
)
def test_no_process_socket_or_temporary_file_is_left(
    tmp_path: Path, command: str, way: str, when: endings.When
) -> None:
    assert endings.check(command, way, tmp_path / "place", when) == []
