"""Two installations on one board, for real; the long campaign is `python -m tests.campaigns lease`."""

from pathlib import Path

import pytest

from tests.campaigns.lease import Hosts, campaign
from tests.harness.patience import PATIENCE_S, ended

pytestmark = [pytest.mark.live, pytest.mark.long]
#: no claim lapses because this machine is busy
LAPSE_MS = int(PATIENCE_S * 1000)


@pytest.mark.fault("3.3")
def test_a_second_installation_is_refused_and_takes_over_when_told(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path / "stage", LAPSE_MS)
    try:
        hosts.works("one")
        hosts.refused("two")
        hosts.works("two", "--take-over")
        assert ended(hosts.running.pop("one")) == 75
        assert "another videod has the board now" in (hosts.stage.folder / "daemon_one.1.log").read_text()
        hosts.running["two"].terminate()
        assert ended(hosts.running.pop("two")) == 0
        hosts.works("one")  # the other one left in order: nobody need be asked
    finally:
        hosts.close()


@pytest.mark.fault("3.3")
@pytest.mark.whole
def test_two_kills_with_the_board_going_back_and_forth_buy_nothing_twice(tmp_path: Path) -> None:
    moves = {"same": 1, "other": 1, "alive": 1}
    found = campaign(tmp_path / "stage", kills=2, seed=5, up_s=2.0, moves=moves, lapse_ms=LAPSE_MS, entries=1)
    assert (found["bought_twice"], found["published_twice"]) == (0, 0)
