"""The daemon's life on one page: lock, open, recover, run the loops, stop in stages.

A loop that fails is started again (`supervise`). Where that does not help, or the database can no longer be trusted,
the daemon ends non-zero and the service manager starts a fresh one, whose start is the recovery. A stop (SIGTERM,
SIGINT) walks through the stages of `_stop`; a second signal forces. Whatever was opened is closed, also by a start
that failed or was stopped, and nothing that hangs keeps the process for long (`ending`).
"""

import asyncio
import logging
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from videod.adapters import confinement, notifiers, systemd
from videod.adapters.clock import SystemClock, nonsense
from videod.adapters.disk import largest_file, lift_file_limit, limited, unusable
from videod.adapters.memory import keep_small
from videod.adapters.oauth import vault
from videod.channels import ChannelError
from videod.config import ConfigError, Settings
from videod.core import services, tables
from videod.core.alerts import Note
from videod.core.moments import clock
from videod.credentials import SECRET_NAMES, Secrets
from videod.daemon import addresses, boards, bytecode, config_watch, ending, journals, lives, refusals, signals, wiring
from videod.daemon.assembly import HELD_S, Assembly, Ends, build
from videod.daemon.disk_watch import SMALLEST_LIMIT
from videod.daemon.heartbeat import HEARTBEAT_S, Heartbeat
from videod.daemon.life import Life
from videod.daemon.live_config import LiveConfig
from videod.daemon.lock import LockHeld, hold
from videod.daemon.loop_lag import LoopLag
from videod.daemon.refusals import StartError
from videod.daemon.supervise import Loop, Supervisor, reason
from videod.flow.runner import KILL_GRACE_S
from videod.guard import descriptors
from videod.ledger import Ledger
from videod.ports import BoardError
from videod.store import space
from videod.store.database import DatabaseError
from videod.store.schema import migrate
from videod.store.soundness import given_up, held, held_by_others
from videod.web import token
from videod.web.api import HOUSE, ListenError, Listening, build_app, serve

log = logging.getLogger(__name__)

#: after the children: tell the board what became of them; close what is open (seconds)
LAST_WORDS_S = 5.0
CLOSING_S = 2 * ending.PART_S
#: loops without which nothing works: where one fails for minutes the process ends, and a fresh one is tried
NEEDED = ("intake", "relay", "heartbeat")
#: the door of the command line, in the state folder
SOCKET = "videod.sock"
#: an alert of a start that failed may take so long, seconds
SEND_S = 10.0
#: a second signal after this long forces the end, seconds
FORCE_AFTER_S = 1.0


def stop_budget_s(settings: Settings) -> float:
    """The longest a stop may take; a test compares it with TimeoutStopSec of the unit."""
    return settings.daemon.stop_grace_s + 2 * KILL_GRACE_S + LAST_WORDS_S + ending.PART_S + CLOSING_S


def _require(secrets: Secrets, needed: Collection[str]) -> None:
    """Raises StartError naming every required secret that is missing, or an invalid master key."""
    missing = secrets.missing(needed)
    if missing:
        without = ' Without Notion, write kind = "none" under [board].' if "NOTION_TOKEN" in missing else ""
        raise StartError(
            f"missing credentials: {', '.join(missing)}. Put them into the environment or the unit's LoadCredential="
            f" (docs/first-film.md).{without} Or try everything at no cost with `videod run --sandbox`.",
            78,
        )
    try:
        vault(secrets.get("VIDEOD_MASTER_KEY") or "")
    except ValueError as unusable_key:
        raise StartError(str(unusable_key), 78) from None


@dataclass(frozen=True)
class Given:
    """What a daemon is started with. `began`: when, on the steady clock, seconds."""

    current: LiveConfig
    secrets: Secrets
    urls: Mapping[str, str]
    env: Mapping[str, str]
    began: float
    take_over: bool = False

    @property
    def state(self) -> Path:
        return self.current.settings.paths.state.resolve()


async def serve_forever(given: Given, life: Life) -> int:
    """Run until a signal; returns the exit code. The caller holds the lock.

    Raises StartError where the assembly could not be built; everything that was opened is closed then as well.
    """
    code = refusals.BUG
    try:
        code = await _live(given, life)
    except Exception as error:
        refused = refusals.of(error, given.secrets.redact)
        code = refused.code
        log.error("daemon_start_refused", extra={"code": code, "error": str(refused)})
        raise refused from error
    finally:
        ending.within(ending.LAST_S, code)
    return code


async def _live(given: Given, life: Life) -> int:
    stopping, asked = asyncio.Event(), asyncio.Event()
    _listen_to_signals(stopping, asked, given.state)
    life.watchdog.start()
    async with AsyncExitStack() as opened:
        publishing = asyncio.create_task(life.publish())
        opened.callback(publishing.cancel)
        waiting = asyncio.create_task(stopping.wait())
        starting = asyncio.create_task(_start(given, life, asked, opened, stopping), name="start")
        await asyncio.wait([waiting, starting], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            log.info("daemon_start_stopped")
            starting.cancel()
            await asyncio.wait([starting], timeout=ending.LAST_S)
            return 0
        assembly, tasks, door = starting.result()
        life.running = True
        systemd.notify("READY=1\nSTATUS=working")
        took_ms = round((time.monotonic() - given.began) * 1000)
        log.info("daemon_start_done", extra={"took_ms": took_ms, "state": str(given.state)})
        await asyncio.wait([waiting, *tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        broken = _broken(tasks, life)
        systemd.notify("STOPPING=1")
        log.info("daemon_stop_started", extra={"reason": f"{broken} ended" if broken else "signal"})
        waiting.cancel()
        life.watchdog.stop()
        code = refusals.BUG if broken else refusals.BUSY if life.lost else 0
        if life.lost:
            await _tell_lost(assembly.ledger, life.lost)
        ending.within(stop_budget_s(given.current.settings) + ending.LAST_S, code)
        await door.close()
        await _stop(assembly, tasks, given.current.settings.daemon.stop_grace_s)
    log.info("daemon_stop_done")
    return code


async def _start(
    given: Given, life: Life, asked: asyncio.Event, opened: AsyncExitStack, stopping: asyncio.Event
) -> tuple[Assembly, dict[str, asyncio.Task[None]], Listening]:
    """Build the assembly, open its door and begin its loops; whoever ends them closes `opened` afterwards."""
    current, secrets, loop_lag = given.current, given.secrets, LoopLag()
    addresses.note(given.urls)
    life.remarks.append(partial(addresses.remarks, given.urls))
    ends = Ends(_state_lost(life), life.beat, life.remarks, _board_lost(life, stopping))
    assembly = await build(current, secrets, given.urls, given.env, ends, opened)
    await assembly.lease.acquire(given.take_over)
    await assembly.ledger.alert_over("board lost", SystemClock().now_ms())
    assembly.placing.clear()
    app = build_app(
        assembly.ledger, assembly.store, SystemClock(), secrets.redact,
        limits=lambda: {name: limit.concurrency for name, limit in wiring.limits(current.settings).items()},
        delays=lambda: (loop_lag.late, *((assembly.calls.took,) if assembly.calls is not None else ())),
        problems=life.problems, channels=lambda: current.channels.channels, board=assembly.board,
        placing=assembly.placing, sessions=assembly.page.sessions,
    )  # fmt: skip
    assembly.page.house = app[HOUSE]
    try:
        door = await serve(app, given.state / SOCKET, current.settings.daemon.http_port)
    except ListenError as closed:
        raise StartError(str(closed), 75) from None
    opened.push_async_callback(door.close)
    watchdog_s = systemd.watchdog_interval_s() or HEARTBEAT_S
    heartbeat = Heartbeat(assembly.store, assembly.ledger, SystemClock(), life.beat, min(HEARTBEAT_S, watchdog_s))
    await heartbeat.begin(life.story, life.lives)
    supervisor = Supervisor(partial(_alarm, assembly), secrets.redact, over=partial(_over, assembly))
    life.remarks.append(supervisor.problems)
    loops: dict[str, Loop] = {
        "intake": assembly.intake.run,
        "relay": assembly.relay.run,
        "settling": partial(_then_rest, assembly.settling),
        "watch": partial(config_watch.watch, current, assembly, asked),
        "heartbeat": heartbeat.run,
        "loop_lag": loop_lag.run,
        "board": partial(_then_rest, partial(_find_board, current, assembly)),
        "bytecode": partial(_then_rest, partial(_compile, current.settings.paths.scripts)),
        "deaths": partial(_then_rest, partial(_tell_deaths, assembly, life)),
        "calm": supervisor.watch,
        **assembly.watches,
    }
    tasks = {name: asyncio.create_task(supervisor.keep(name, loop, name in NEEDED)) for name, loop in loops.items()}
    tasks["scheduler"] = asyncio.create_task(assembly.scheduler.run(supervisor.keep))
    return assembly, tasks, door


async def _alarm(assembly: Assembly, key: str, text: str) -> None:
    await assembly.ledger.alert(key, text, SystemClock().now_ms())


async def _over(assembly: Assembly, key: str) -> None:
    await assembly.ledger.alert_over(key, SystemClock().now_ms())


def _broken(tasks: Mapping[str, asyncio.Task[None]], life: Life) -> str | None:
    """The loop that ended and with it the daemon's life; does not return where the database is lost."""
    broken = [name for name, task in tasks.items() if task.done()]
    for name in broken:
        error = tasks[name].exception()
        log.critical("daemon_loop_lost", extra={"loop": name}, exc_info=error)
        if given_up(error):
            # as a kill would, so that nothing more is said to be done; a start examines it
            life.leave(
                75, "daemon_database_lost", f"the database failed ({_said(error, life.lives.redact)}): {_remedy()}"
            )
        life.lives.say(f'its loop "{name}" failed: {_said(error, life.lives.redact)}')
    return broken[0] if broken else None


def _remedy() -> str:
    """What to look at after a write that failed: EFBIG comes out of SQLite as an input/output error."""
    largest = largest_file()
    if largest is not None and largest < SMALLEST_LIMIT:
        return limited(largest, SMALLEST_LIMIT)
    return "check the disk. The next start examines the database"


def _said(error: BaseException | None, redact: Callable[[str], str]) -> str:
    return "it ended unexpectedly" if error is None else reason(error, redact)


def _state_lost(life: Life) -> Callable[[str], None]:
    """Ends the process before anything is written in the place of the state folder that is gone."""

    return lambda why: life.leave(refusals.GROUND, "daemon_state_lost", why, gone=True)


async def _tell_lost(ledger: Ledger, why: str) -> None:
    await ledger.alert("board lost", why, SystemClock().now_ms())


def _board_lost(life: Life, stopping: asyncio.Event) -> Callable[[str], None]:
    """Ends this life in order: nothing new, the children's last words, an alert."""

    def end(why: str) -> None:
        life.lost = why
        stopping.set()

    return end


async def _tell_deaths(assembly: Assembly, life: Life) -> None:
    """Tell people of earlier lives that died, unless they know."""
    if lives.due(life.story, life.lives.now()):
        key = f"deaths {life.story.first_at} {life.story.count}"
        text = f"{lives.sentence(life.story)}. It runs again since {clock(life.lives.now())}."
        await _alarm(assembly, key, life.lives.redact(text))
        life.lives.write(lives.told(life.lives.read(), life.lives.now()))


async def _compile(scripts: Path) -> None:
    await asyncio.to_thread(bytecode.compile_scripts, scripts)


async def _then_rest(once: Callable[[], Awaitable[None]]) -> None:
    """What is done once, as a loop: one that ended would be taken for a broken one."""
    await once()
    await asyncio.Event().wait()


def _listen_to_signals(stopping: asyncio.Event, asked: asyncio.Event, state: Path) -> None:
    """`stopping` on SIGTERM and its like, `asked` (to read the configuration again) on SIGHUP."""
    loop = asyncio.get_running_loop()
    signalled: list[float] = []

    def stop() -> None:
        # a terminal and `timeout` signal the process and its group: two at once are one wish
        if signalled and loop.time() - signalled[0] > FORCE_AFTER_S:
            log.warning("daemon_stop_forced")
            for left in (state / SOCKET, state / token.FILE, state / "tmp"):  # nobody is left to remove them
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
            signal.raise_signal(signal.SIGKILL)
        signalled.append(loop.time())
        stopping.set()

    if not signals.Heard.hangup_stops:
        loop.add_signal_handler(signal.SIGHUP, asked.set)
    for number in signals.stops():
        loop.add_signal_handler(number, stop)
    signals.ignore_the_rest()
    if signals.Heard.reload:
        asked.set()
    if signals.Heard.stopped:  # its exception was lost, as one is that is raised in a destructor
        stop()


async def _stop(assembly: Assembly, tasks: Mapping[str, asyncio.Task[None]], grace_s: float) -> None:
    """The stages of a stop: take nothing new, end the children, last words to the board. Then the caller closes."""
    assembly.store.stop_waiting()
    for name in tasks:
        if name != "relay":
            tasks[name].cancel()
    await asyncio.gather(*(tasks[name] for name in tasks if name != "relay"), return_exceptions=True)
    await assembly.scheduler.drain(grace_s)
    tasks["relay"].cancel()
    await asyncio.gather(tasks["relay"], return_exceptions=True)
    try:
        async with asyncio.timeout(LAST_WORDS_S):
            await assembly.relay.deliver_once()
    except TimeoutError:
        pass
    except Exception as error:
        # what is not said now is said by the next daemon
        log.warning("daemon_last_words_failed", extra={"error": reason(error)})
    try:
        async with asyncio.timeout(ending.PART_S):
            await assembly.lease.release()
    except (BoardError, TimeoutError) as error:
        log.info("lease_unreleased", extra={"error": reason(error)})  # it lapses


async def _find_board(current: LiveConfig, assembly: Assembly) -> None:
    """After the start: where the board is, so that the next one need not look for it."""
    await assembly.intake.looked.wait()  # at three requests a second, our questions would delay what people wait for
    try:
        await boards.find(assembly.board, current.settings.notion, assembly.ledger)
    except BoardError as error:
        log.warning("daemon_board_unknown", extra={"error": str(error)})


def run(
    path: Path, env: Mapping[str, str], secrets: Secrets, urls: Mapping[str, str], take_over: bool = False
) -> int:  # fmt: skip
    """The whole life: read, lock, migrate, serve; returns the exit code.

    `take_over`: take the board from another daemon that works on it.
    Raises ConfigError, ChannelError, LockHeld, DatabaseError or StartError, each with a text for the person at hand.
    """
    try:
        return _run(path, env, secrets, urls, take_over)
    except (ConfigError, ChannelError, LockHeld, DatabaseError):
        raise
    except Exception as error:
        raise refusals.of(error, secrets.redact) from None


def _check_tables() -> None:
    """Raises ValueError naming what a step or a service leaves out."""
    rows = tables.STEPS.values()
    services.check({step.name: step.service for step in rows}, {step.name for step in rows if step.paid})
    tables.check(SECRET_NAMES)


def _run(
    path: Path, env: Mapping[str, str], secrets: Secrets, urls: Mapping[str, str], take_over: bool
) -> int:  # fmt: skip
    began = time.monotonic()
    confinement.guard_self()
    keep_small()
    _check_tables()
    if (wrong := nonsense()) is not None:
        raise StartError(wrong, refusals.BUSY)
    current = LiveConfig(path, env)
    for warning in current.channels.warnings:
        log.warning("channel_file_incomplete", extra={"problem": warning})
    _require(secrets, wiring.required(current.settings))
    given = Given(current, secrets, urls, env, began, take_over)
    lift_file_limit()
    descriptors.take()
    why_not = unusable(given.state)
    if why_not is not None:
        raise StartError(why_not, refusals.GROUND)
    with hold(given.state) as held:
        book = lives.Lives.of(given.state, env, SystemClock().now_ms, secrets.redact)
        return _noted(given, Life(held, book, book.begin()))


def _noted(given: Given, life: Life) -> int:
    """Migrate and serve; how this life ends is written down for the next one. Raises StartError or DatabaseError."""
    try:
        _migrate(given.state / "videod.db", life)
        journals.take_over(given.state / "workspaces")
        code = asyncio.run(serve_forever(given, life))
    except signals.Stopped:
        life.lives.end()
        raise
    except Exception as error:
        code = refusals.GROUND if isinstance(error, DatabaseError) else refusals.of(error).code
        if code == refusals.CONFIGURATION:
            life.lives.end()  # it stays off until that is fixed
        else:
            life.lives.say(str(error))
            _tell_now(given, life)
        raise
    finally:
        signals.ignore_the_rest(*signals.STOPS, signal.SIGHUP)
    if code == 0 or life.lost:
        life.lives.end()
    return code


def _migrate(database: Path, life: Life) -> None:
    """Bring the database to this schema; another program that holds it is waited for. Raises as `migrate` does."""
    until, said = time.monotonic() + HELD_S, False
    while True:
        try:
            migrate(database)
            space.compact(database)
            return
        except DatabaseError as error:
            if not held(error):
                raise
            if time.monotonic() >= until:
                raise StartError(f"{held_by_others(database)} Then start videod again.", refusals.BUSY) from error
        if not said:
            log.warning("store_held_waiting", extra={"error": held_by_others(database)})
            life.held.tell([held_by_others(database)])
            said = True
        life.beat()
        time.sleep(1)


def _tell_now(given: Given, life: Life) -> None:
    """Tell people of a series of starts that fail, where no service manager does it: no start comes as far as that."""
    now = life.lives.now()
    if lives.runtime(given.env) or not lives.due(life.story, now):
        return
    text = life.lives.redact(f"{lives.sentence(life.story)}. It could not start again.")
    try:
        ways = notifiers.configured(given.current.settings.alerts, given.secrets.get, given.secrets.redact)
        asyncio.run(asyncio.wait_for(ways.send(Note.of("deaths", text)), SEND_S))
    except Exception as error:
        log.warning("daemon_alarm_failed", extra={"error": reason(error)})
    else:
        life.lives.write(lives.told(life.lives.read(), now))
