"""The campaign of the planner's stages in small: killed after every answer, and a few broken answers."""

from pathlib import Path

import pytest

from tests.campaigns import stages
from tests.campaigns.frame import options_of


@pytest.mark.live
@pytest.mark.long
def test_a_plan_killed_after_every_answer_pays_for_each_once(tmp_path: Path) -> None:
    found = stages.CAMPAIGN.run(tmp_path, options_of(stages.CAMPAIGN, cells=3, seed=1))
    assert found["asked"] == len(stages.NAMES) + int(str(found["in_doubt"])) and found["broken_answers"] == 3
