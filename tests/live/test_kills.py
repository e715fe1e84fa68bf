"""A few kills in every test run; the long campaign is `python -m tests.campaigns.kills --kills 1000`."""

from pathlib import Path

import pytest

from tests.campaigns.kills import campaign

pytestmark = [pytest.mark.live, pytest.mark.long]


def test_four_kills_lose_nothing_and_buy_nothing_twice(tmp_path: Path) -> None:
    found = campaign(tmp_path / "stage", kills=4, seed=11, episodes=1, up_s=3.0)
    assert found["children_left"] == 0
