"""A folder with settings, a channel and a database, as the command line finds them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, StudioBox

CHANNEL = """\
id: wild_earth
name: Wild Earth
youtube_channel: UCabcdefghijklmnopqrstuv
voice_id: sandbox-narrator-1
brand: Calm films about animals and the places where they live.
clips: 4
images: 3
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, one channel and a state folder; returns the state folder."""
    (tmp_path / "videod.toml").write_text("")
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "wild_earth.yaml").write_text(CHANNEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDEOD_STATE", raising=False)
    state = tmp_path / "state"
    state.mkdir()
    return state


@pytest.fixture
def box(house: Path) -> Iterator[StudioBox]:
    made = StudioBox(house, at=NOON - 2 * HOUR)
    yield made
    made.close()
