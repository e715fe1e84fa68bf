"""An older copy of the database in the place of a lost one; `python -m tests.campaigns restore` tries more moments."""

from pathlib import Path

import pytest

from tests.campaigns import restore

pytestmark = [pytest.mark.live, pytest.mark.long]


def test_an_older_copy_in_place_of_a_lost_database_buys_nothing_twice(tmp_path: Path) -> None:
    found = restore.case(tmp_path, "queued", "all images", end="all images")
    assert found["at_loss_cents"] >= 14  # a plan and four images
    assert found["known_cents"] >= 14, "the books do not know what was spent after the copy"
