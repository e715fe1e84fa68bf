"""A few power cuts in every test run; `python -m tests.campaigns powercut --cuts 100` for more."""

from pathlib import Path

import pytest

from tests.campaigns.powercut import CAMPAIGN
from tests.faults.campaign import short

pytestmark = pytest.mark.live


def test_eight_power_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    found = short(CAMPAIGN, tmp_path, cuts=8, seed=11)
    acknowledged = found["acknowledged"]
    assert isinstance(acknowledged, dict) and acknowledged["event"] > 100 and acknowledged["receipt"] > 50
