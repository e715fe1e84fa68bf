"""Wrong settings, each at a start, at a reload and before a first paid step: named before the first cent, once a cause.

Prints one line for each: the channels that wait, the alerts, the requests that cost, and the first words of the alert.
"""

import argparse
import asyncio
import logging
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, say
from tests.daemon.preflight_stage import Stage, staged
from tests.daemon.wrong_settings import SETTINGS, Wrong
from videod.daemon.preflight import FRESH_MS

MOMENTS = ("start", "reload", "first paid step")


async def become_wrong(stage: Stage, wrong: Wrong, moment: str) -> None:
    """The setting turns wrong at that moment of a daemon's life."""
    if moment != "start":
        await stage.preflight.look()
        assert await stage.may_begin() == set(stage.channels), (wrong.name, "all is well before")
    await wrong.breaks(stage)
    if moment == "first paid step":  # out there, while nobody looked
        stage.outside_changes()
        stage.clock.at += FRESH_MS + 1
        return
    stage.reload()
    if moment == "start":
        stage.start()


async def _one(folder: Path, wrong: Wrong, moment: str, looks: int) -> tuple[int, int]:
    """(alerts, requests that cost) of one wrong setting."""
    async with staged(folder) as stage:
        everybody = set(stage.channels)
        for channel in everybody:
            await stage.queue(channel)
        await become_wrong(stage, wrong, moment)
        assert await stage.may_begin() == set(), (wrong.name, moment, "begun before the look")
        for _ in range(looks):
            await stage.preflight.look()
            assert await stage.may_begin() == everybody - wrong.waits, (wrong.name, moment)
            stage.clock.at += 60_000
        told, paid = await stage.alerts(), stage.paid
        assert len(told) == wrong.causes and not paid, (wrong.name, moment, told, paid)
        waits = ", ".join(sorted(wrong.waits))
        say(f"{wrong.name:44} {moment:16} waits: {waits:10} alerts {len(told)}, paid 0: {told[0][:70]}")
        return len(told), len(paid)


def run(folder: Path, given: argparse.Namespace) -> Result:
    logging.disable(logging.ERROR)  # the lines of the table say it
    alerts = paid = rows = 0
    for number, wrong in enumerate(SETTINGS):
        for moment in MOMENTS:
            place = folder / f"{number}-{moment.replace(' ', '-')}"
            place.mkdir()
            told, spent = asyncio.run(_one(place, wrong, moment, given.looks))
            alerts, paid, rows = alerts + told, paid + spent, rows + 1
    return {"settings": len(SETTINGS), "moments": len(MOMENTS), "rows": rows, "alerts": alerts, "paid_requests": paid}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--looks", type=int, default=20, help="looks at each of them (default 20)")


CAMPAIGN = Campaign("preflight", "Wrong settings are named before the first cent, one alert a cause.", options, run)
