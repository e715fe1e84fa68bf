"""Scripts and starts killed at chosen calls; `python -m tests.campaigns points` and `... start` kill at every one."""

from pathlib import Path

import pytest

from tests.campaigns import points, starting
from tests.faults.campaign import short

pytestmark = [pytest.mark.live, pytest.mark.long]


def test_a_paid_script_killed_anywhere_buys_once_or_says_that_it_cannot_know(tmp_path: Path) -> None:
    assert short(points.CAMPAIGN, tmp_path, kinds="clip", every=18, seed=4)


def test_an_upload_killed_anywhere_is_one_video(tmp_path: Path) -> None:
    assert short(points.CAMPAIGN, tmp_path, kinds="upload", every=16, seed=3)


def test_a_start_killed_anywhere_is_taken_up_by_the_next(tmp_path: Path) -> None:
    assert short(starting.CAMPAIGN, tmp_path, every=60, seed=7)
