"""A job that makes videod itself fail stops its own episode and nothing else."""

from pathlib import Path

import pytest

from tests.campaigns.poison import case, cases
from tests.harness.poison import Place
from tests.harness.virtual_loop import run_virtual

#: every place at one step, every step at a place or two that take turns; all of them: python -m tests.campaigns poison
SHORT = [
    (step, place)
    for number, (step, place) in enumerate(cases())
    if step == "clip" or number % 5 == 0 or (step == "upload" and place in (Place.OUTCOME, Place.RECOVERY))
]


@pytest.mark.fault("1.3")
@pytest.mark.parametrize(("step", "place"), SHORT, ids=lambda value: str(value).replace(" ", "_"))
def test_all_others_are_published_and_the_episode_stops_with_its_story(tmp_path: Path, step: str, place: Place) -> None:
    assert run_virtual(case(tmp_path, step, place)) > 0
