"""One round of each way to start a second daemon; `python -m tests.campaigns two-daemons` for more."""

from pathlib import Path

import pytest

from tests.campaigns.two_daemons import CAMPAIGN
from tests.faults.campaign import short

pytestmark = pytest.mark.live


def test_a_second_daemon_is_never_let_in(tmp_path: Path) -> None:
    assert short(CAMPAIGN, tmp_path, rounds=1)["second_daemons_let_in"] == 0
