"""Takes up changed settings and channel files while the daemon runs, and keeps what is to be said of them."""

import asyncio
import contextlib
import logging

from videod.daemon import wiring
from videod.daemon.gates import judge_again
from videod.daemon.live_config import LiveConfig
from videod.daemon.machine import Machine
from videod.edge.clock import SystemClock
from videod.seams import BoardError
from videod.store import reads

log = logging.getLogger(__name__)

#: how often files are looked at for changes and the heartbeat is written, seconds
WATCH_S = 2.0


async def watch(current: LiveConfig, machine: Machine, asked: asyncio.Event) -> None:
    """Take up changed configuration files within seconds, at once on SIGHUP; status says what is to be said of it."""
    await _remark(current, machine)  # what the last daemon left there is no longer true
    while True:
        if asked.is_set() or current.changed():
            asked.clear()
            if await asyncio.to_thread(current.reload):
                await _take_up(current, machine)
            await _remark(current, machine)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WATCH_S):
                await asked.wait()


async def _remark(current: LiveConfig, machine: Machine) -> None:
    """Keep what is to be said of the configuration where status finds it."""
    gone = sorted(await machine.store.read(reads.open_channels) - set(current.channels.channels))
    lost = "episodes of a channel without a file wait for it; restore "
    texts = [current.remark, lost + ", ".join(f"channels/{name}.yaml" for name in gone) if gone else ""]
    await machine.ledger.set_fact("config_remark", "; ".join(text for text in texts if text))


async def _take_up(current: LiveConfig, machine: Machine) -> None:
    """What a reloaded configuration changes in the loops; prices, budgets and models are asked for when needed."""
    settings = current.settings
    await machine.scheduler.adopt(wiring.limits(settings))
    machine.intake.poll_interval_s = settings.daemon.poll_interval_s
    machine.calls.pace(settings.notion.requests_per_s)
    await judge_again(machine.store, machine.ledger, SystemClock())
    machine.ledger.bells.ring_all()
    try:
        await machine.board.sync_channels(sorted(current.channels.channels))
    except BoardError as error:
        log.warning("daemon_channels_unsynced", extra={"error": str(error)})
