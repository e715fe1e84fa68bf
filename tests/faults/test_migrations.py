"""Every older schema upward, killed before each statement."""

from pathlib import Path

import pytest

from tests.campaigns.migrations import CAMPAIGN
from tests.faults.campaign import short
from videod.store.schema import migrate


@pytest.mark.long
def test_a_kill_at_any_statement_leaves_one_version_whole(tmp_path: Path) -> None:
    found = short(CAMPAIGN, tmp_path, every=37)
    assert isinstance(found["kills"], int) and found["kills"] > 10


def test_the_first_start_leaves_no_copies_of_nothing(tmp_path: Path) -> None:
    migrate(tmp_path / "videod.db")
    assert [path.name for path in tmp_path.iterdir() if ".before-" in path.name] == []
