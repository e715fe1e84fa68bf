"""A consent for another YouTube channel: found before the first cent, named with both channels, and nothing is sent."""

import json
from pathlib import Path

import pytest

from tests.harness.patience import until
from tests.live.stage import stage
from tests.live.test_starts import status

pytestmark = [pytest.mark.live, pytest.mark.long]


@pytest.mark.fault("3.1")
def test_a_consent_for_another_channel_stops_its_episodes_before_money_is_spent(tmp_path: Path) -> None:
    with stage(tmp_path / "stage", channel={"youtube_channel": "UCelsewhere"}) as made:
        made.start()
        until(lambda: b"daemon_start_done" in made.log.read_bytes(), made.log_tail)
        told = until(lambda: "UCelsewhere" in (found := json.dumps(status(made))) and found, made.log_tail)
        assert "UCwild_planet" in told and "videod channels authorize wild_planet" in told
        made.person().write_entries([("wild_planet", ("Bears", "brown bears", "An old bear waits."))])
        until(lambda: made.statuses() == ["queued"], made.log_tail)
        made.daemon_looks()
        assert made.charges() == [] and made.asked("youtube", method="POST") == []
