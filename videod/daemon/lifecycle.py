"""The daemon's life on one page: lock, open, recover, run the loops, stop in stages.

Any loop that ends by itself is a bug or a dead disk: the daemon then ends non-zero and the service manager starts a
fresh one, whose start is the recovery. A stop (SIGTERM, SIGINT) walks through the stages of `_stop`; a second signal
forces.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from videod.config import Settings
from videod.core import steps
from videod.credentials import Secrets
from videod.daemon import wiring
from videod.daemon.current import Current
from videod.daemon.lock import hold
from videod.daemon.machine import Machine, build
from videod.daemon.pulse import EDGES_S, Pulse
from videod.edge import jail, systemd
from videod.edge.clock import SystemClock
from videod.edge.disk import unusable
from videod.edge.memory import keep_small
from videod.edge.oauth import vault
from videod.edge.probe import probe
from videod.flow.runner import KILL_GRACE_S
from videod.seams import BoardError
from videod.store import reads
from videod.store.schema import migrate
from videod.store.soundness import given_up
from videod.web.api import ListenError, build_app, serve
from videod.web.metrics import Delays

log = logging.getLogger(__name__)

#: how often files are looked at for changes and the heartbeat is written, seconds
WATCH_S = 2.0
HEARTBEAT_S = 15.0
#: after the children: tell the board what became of them; close what is open (seconds)
LAST_WORDS_S = 5.0
CLOSING_S = 5.0
#: a second signal after this long forces the end, seconds
FORCE_AFTER_S = 1.0


def stop_budget_s(settings: Settings) -> float:
    """The longest a stop may take; a test compares it with TimeoutStopSec of the unit."""
    return settings.daemon.stop_grace_s + 2 * KILL_GRACE_S + LAST_WORDS_S + CLOSING_S


class StartError(Exception):
    """The daemon cannot start; the text says what to do. `code` is the exit code (sysexits)."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def _require(secrets: Secrets) -> None:
    """Raises StartError naming every secret without which nothing can be done, or the master key that is none."""
    needed = ("NOTION_TOKEN", "GEMINI_API_KEY", "KIE_API_KEY", "ELEVENLABS_API_KEY", "VIDEOD_MASTER_KEY")
    missing = secrets.missing(needed)
    if missing:
        raise StartError(
            f"missing credentials: {', '.join(missing)}. Put them into the environment or the unit's LoadCredential="
            " (README: From sandbox to real keys), or try everything at no cost with `videod run --sandbox`.",
            78,
        )
    try:
        vault(secrets.get("VIDEOD_MASTER_KEY") or "")
    except ValueError as unusable_key:
        raise StartError(str(unusable_key), 78) from None


async def serve_forever(
    current: Current, secrets: Secrets, urls: Mapping[str, str], env: Mapping[str, str], began: float
) -> int:
    """Run until a signal; returns the exit code. The caller holds the lock."""
    machine = await build(current, secrets, urls, env, _leave_the_state)
    state = current.settings.paths.state.resolve()
    stopping = asyncio.Event()
    asked, pulse = asyncio.Event(), Pulse()
    _listen_to_signals(stopping, asked)
    app = build_app(
        machine.ledger, machine.store, SystemClock(), secrets.redact,
        limits=lambda: {name: limit.concurrency for name, limit in wiring.limits(current.settings).items()},
        delays=lambda: Delays(EDGES_S, tuple(pulse.counts), pulse.sum_s),
    )  # fmt: skip
    try:
        door = await serve(app, state / "videod.sock", current.settings.daemon.http_port)
    except ListenError as closed:
        await machine.board.aclose()
        await machine.store.close()
        raise StartError(str(closed), 75) from None
    loops = {
        "scheduler": machine.scheduler.run(),
        "intake": machine.intake.run(),
        "relay": machine.relay.run(),
        "settling": _settle_then_rest(machine),
        "watch": _watch(current, machine, asked),
        "heartbeat": _heartbeat(machine),
        "pulse": pulse.run(),
    } | {name: watch() for name, watch in machine.watches.items()}
    tasks = {name: asyncio.create_task(loop, name=name) for name, loop in loops.items()}
    checks = asyncio.create_task(_check_outside(current, machine, secrets, urls), name="checks")
    systemd.notify("READY=1\nSTATUS=working")
    log.info("daemon_start_done", extra={"took_ms": round((time.monotonic() - began) * 1000), "state": str(state)})
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait([waiting, *tasks.values()], return_when=asyncio.FIRST_COMPLETED)
    broken = [name for name, task in tasks.items() if task.done()]
    for name in broken:
        error = tasks[name].exception()
        log.critical("daemon_loop_failed", extra={"loop": name}, exc_info=error)
        if given_up(error):
            _leave_at_once()
    systemd.notify("STOPPING=1")
    log.info("daemon_stop_started", extra={"reason": f"{broken[0]} ended" if broken else "signal"})
    waiting.cancel()
    checks.cancel()
    await door.close()
    await _stop(machine, tasks, current.settings.daemon.stop_grace_s)
    log.info("daemon_stop_done")
    return 70 if broken else 0


def _leave_at_once() -> None:
    """The database's disk failed: end as a kill would, so that nothing more is said to be done; a start checks it."""
    log.critical("daemon_database_lost", extra={"next_step": "look at the disk; the next start examines the database"})
    logging.shutdown()
    os._exit(75)


def _leave_the_state(why: str) -> None:
    """The state folder is gone from under us: end as a kill would, before anything is written in its place."""
    log.critical("daemon_state_lost", extra={"error": why})
    logging.shutdown()
    os._exit(74)


async def _settle_then_rest(machine: Machine) -> None:
    await machine.settling()
    await asyncio.Event().wait()  # a loop that ended would mean a broken daemon


def _listen_to_signals(stopping: asyncio.Event, asked: asyncio.Event) -> None:
    """`stopping` on SIGTERM and SIGINT, `asked` (for the configuration to be read anew) on SIGHUP."""
    loop = asyncio.get_running_loop()
    signalled: list[float] = []

    def stop() -> None:
        # a terminal and `timeout` signal the process and its group: two at once are one wish
        if signalled and loop.time() - signalled[0] > FORCE_AFTER_S:
            log.warning("daemon_stop_forced")
            signal.raise_signal(signal.SIGKILL)
        signalled.append(loop.time())
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, asked.set)


async def _stop(machine: Machine, tasks: Mapping[str, asyncio.Task[None]], grace_s: float) -> None:
    """The stages of a stop: take nothing new, end the children, last words to the board, close."""
    machine.store.stop_waiting()
    for name in tasks:
        if name != "relay":
            tasks[name].cancel()
    await asyncio.gather(*(tasks[name] for name in tasks if name != "relay"), return_exceptions=True)
    await machine.scheduler.drain(grace_s)
    tasks["relay"].cancel()
    await asyncio.gather(tasks["relay"], return_exceptions=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_S):
            await machine.relay.deliver_once()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_S):
            await machine.board.aclose()
            await machine.store.close()
    machine.launcher.close()


async def _watch(current: Current, machine: Machine, asked: asyncio.Event) -> None:
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


async def _remark(current: Current, machine: Machine) -> None:
    """Keep what is to be said of the configuration where status finds it."""
    gone = sorted(await machine.store.read(reads.open_channels) - set(current.channels.channels))
    lost = "episodes of a channel without a file stand still: put back "
    texts = [current.remark, lost + ", ".join(f"channels/{name}.yaml" for name in gone) if gone else ""]
    await machine.ledger.set_fact("config_remark", "; ".join(text for text in texts if text))


async def _take_up(current: Current, machine: Machine) -> None:
    """What a reloaded configuration changes in the loops; prices, budgets and models are asked for when needed."""
    settings = current.settings
    await machine.scheduler.adopt(wiring.limits(settings))
    machine.intake.poll_interval_s = settings.daemon.poll_interval_s
    machine.calls.pace(settings.notion.requests_per_s)
    machine.ledger.bells.ring_all()
    try:
        await machine.board.sync_channels(sorted(current.channels.channels))
    except BoardError as error:
        log.warning("daemon_channels_unsynced", extra={"error": str(error)})


async def _heartbeat(machine: Machine) -> None:
    """A durable sign of life; the watchdog is fed only after the database took it."""
    watchdog = systemd.watchdog_interval_s()
    while True:
        await machine.ledger.set_fact("heartbeat", str(SystemClock().now_ms()))
        systemd.notify("WATCHDOG=1")
        await asyncio.sleep(min(HEARTBEAT_S, watchdog or HEARTBEAT_S))


async def _check_outside(current: Current, machine: Machine, secrets: Secrets, urls: Mapping[str, str]) -> None:
    """After the start: is the board complete, do keys, models and voices exist? Said in the log and in status."""
    await machine.intake.looked.wait()  # at three requests a second, our questions would delay what people wait for
    problems: list[str] = []
    notion = current.settings.notion
    try:
        found = {"place": [notion.database_id, notion.parent_page], "ids": asdict(await machine.board.ids())}
        await machine.ledger.set_fact("notion_ids", json.dumps(found))
        problems += await machine.board.check()
        await machine.board.sync_channels(sorted(current.channels.channels))
    except BoardError as error:
        problems.append(f"Notion: {error}")
    problems += await probe(current.settings, current.channels, secrets, urls)
    for problem in problems:
        log.warning("daemon_check_failed", extra={"problem": secrets.redact(problem)})
    await machine.ledger.set_fact("outside_problems", secrets.redact(json.dumps(problems)))


def run(path: Path, env: Mapping[str, str], secrets: Secrets, urls: Mapping[str, str]) -> int:
    """The whole life: read, lock, migrate, serve; returns the exit code.

    Raises ConfigError, ChannelError, LockHeld, DatabaseError or StartError, each with a text for the person at hand.
    """
    began = time.monotonic()
    jail.guard_self()
    keep_small()
    steps.check()
    current = Current(path, env)
    for warning in current.channels.warnings:
        log.warning("channel_file_incomplete", extra={"problem": warning})
    _require(secrets)
    state = current.settings.paths.state.resolve()
    why_not = unusable(state)
    if why_not is not None:
        raise StartError(why_not, 74)
    with hold(state):
        migrate(state / "videod.db")
        return asyncio.run(serve_forever(current, secrets, urls, env, began))
