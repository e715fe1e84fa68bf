"""Takes up changed settings and channel files while the daemon runs, and keeps remarks on them for status."""

import asyncio
import contextlib
import logging

from videod.adapters.clock import SystemClock
from videod.daemon.assembly import Assembly
from videod.daemon.gates import judge_again
from videod.daemon.live_config import LiveConfig
from videod.ports import BoardError
from videod.store import reads

log = logging.getLogger(__name__)

#: how often files are looked at for changes, seconds
WATCH_S = 2.0


async def watch(current: LiveConfig, assembly: Assembly, asked: asyncio.Event) -> None:
    """Take up changed configuration files within seconds, at once on SIGHUP; status shows the remarks."""
    await _remark(current, assembly)  # what the last daemon left there is no longer true
    while True:
        if asked.is_set() or current.changed():
            asked.clear()
            if await asyncio.to_thread(current.reload):
                await _take_up(current, assembly)
            await _remark(current, assembly)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WATCH_S):
                await asked.wait()


async def _remark(current: LiveConfig, assembly: Assembly) -> None:
    """Keep remarks on the configuration where status finds them."""
    gone = sorted(await assembly.store.read(reads.open_channels) - set(current.channels.channels))
    files = ", ".join(f"channels/{name}.yaml" for name in gone)
    lost = f"episodes of a channel without a file wait for it. Restore {files}, or see `videod channels rename --help`"
    texts = [current.remark, lost if gone else ""]
    await assembly.ledger.set_value("config_remark", "; ".join(text for text in texts if text))


async def _take_up(current: LiveConfig, assembly: Assembly) -> None:
    """What a reloaded configuration changes in the loops; prices, budgets and models are asked for when needed."""
    settings = current.settings
    assembly.look_at_settings()
    await assembly.ledger.adopt_limits(settings.daemon.timezone, SystemClock().now_ms())
    await assembly.scheduler.adopt(assembly.limits())
    assembly.intake.poll_interval_s = settings.daemon.poll_interval_s
    if assembly.calls is not None:
        assembly.calls.pace(settings.notion.requests_per_s)
    await judge_again(assembly.store, assembly.ledger, SystemClock())
    assembly.ledger.wakeups.wake_all()
    try:
        await assembly.board.sync_channels(*current.channels.on_board())
    except BoardError as error:
        log.warning("daemon_channels_unsynced", extra={"error": str(error)})
