"""The campaign of corrections in small; `python -m tests.campaigns corrections` runs it as long as you like."""

from pathlib import Path

import pytest

from tests.campaigns.corrections import campaign


@pytest.mark.fault("2.5")
@pytest.mark.long
def test_what_was_said_to_be_made_again_is_made_and_paid_for_and_nothing_else(tmp_path: Path) -> None:
    found = campaign(tmp_path, seed=1, sequences=4, kills=0.3)
    assert found["sequences"] == 4 and found["corrections"] and found["cuts"]
