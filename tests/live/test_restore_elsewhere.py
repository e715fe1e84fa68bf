"""`videod restore` into an empty folder; to the same end: `python -m tests.campaigns elsewhere`."""

from pathlib import Path

import pytest

from tests.campaigns.elsewhere import case

pytestmark = [pytest.mark.live, pytest.mark.long]


def test_what_was_published_since_the_archive_is_paused_with_its_price_and_bought_by_nobody(tmp_path: Path) -> None:
    assert case(tmp_path / "stage")["bought_again"] == 0
