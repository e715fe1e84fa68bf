"""The parts of the daemon joined into one: the only file beside `wiring` that knows all concrete classes.

`wiring` turns settings into parts that need nothing else; here they get the database, the clock and each other.
`lifecycle` starts, watches and stops what is built here.
"""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from videod.adapters import notifiers, walls
from videod.adapters.clock import SystemChance, SystemClock
from videod.adapters.credit import ServiceBalances
from videod.adapters.decoding_room import DecodingRoom
from videod.adapters.disk import MB, Disk
from videod.adapters.extras import Extras
from videod.adapters.inspector import MediaInspector
from videod.adapters.notion_calls import Calls
from videod.adapters.oauth import GoogleTokens, vault
from videod.adapters.process import ProcessLauncher, end_with, running_with
from videod.adapters.r2 import R2Buckets
from videod.adapters.youtube_questions import YouTubeQuestions
from videod.core import tables, webhook
from videod.core.cluster import FACT
from videod.core.consents import Consent
from videod.core.model import ChannelPolicy
from videod.core.step import Step
from videod.credentials import Secrets
from videod.daemon import boards, ending, keeping, page, preflight, settings_checks, wiring
from videod.daemon.allowances import AllowanceWatch
from videod.daemon.attention import AttentionWatch, Rules
from videod.daemon.board_lease import BoardLease
from videod.daemon.boards import AnyBoard
from videod.daemon.clock_watch import ClockWatch
from videod.daemon.disk_watch import DiskWatch
from videod.daemon.gates import judge_again
from videod.daemon.live_config import LiveConfig
from videod.daemon.others import Others
from videod.daemon.page import Page
from videod.daemon.preflight import Preflight
from videod.daemon.reconcile import Reconciler
from videod.daemon.recovery import Recovery, free_refused_keys
from videod.daemon.settings_checks import BoardLook, Now
from videod.daemon.slowness import SlowWatch
from videod.daemon.verdicts import VerdictWatch
from videod.daemon.waits import WaitWatch
from videod.daemon.weekly import WeeklyReport
from videod.flow.inputs import Inputs
from videod.flow.intake import Intake
from videod.flow.job_command import workspace_of
from videod.flow.limits import Limit
from videod.flow.placing import Placing
from videod.flow.relay import Relay
from videod.flow.runner import Runner
from videod.flow.scheduler import Scheduler
from videod.flow.turns import Turns
from videod.ledger import Ledger, Wakeups
from videod.ports import Clock, Launcher
from videod.store import reads
from videod.store.consents import with_end
from videod.store.database import Database, Store
from videod.store.resilient import Resilient
from videod.store.soundness import busy

if TYPE_CHECKING:
    from videod.daemon.cluster import FilmMaking

log = logging.getLogger(__name__)

#: a start waits so long for a program that holds the database, seconds
HELD_S = 600.0
#: a token that a look asks for is fresh until the next look: an upload never waits for one, ms
AHEAD_MS = round(preflight.CALM_S * 1000)


Watch = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Assembly:
    """Everything that runs, joined."""

    store: Resilient
    ledger: Ledger
    scheduler: Scheduler
    intake: Intake
    relay: Relay
    placing: Placing
    board: AnyBoard
    #: the connection to Notion; None where the board is videod's own
    calls: Calls | None
    launcher: ProcessLauncher
    lease: BoardLease
    #: settles what a paid script of the last daemon is still finishing
    settling: Callable[[], Awaitable[None]]
    #: name -> what watches the disk, the clock, the write-ahead log, balances, what entries wait for, quiet troubles
    watches: Mapping[str, Watch]
    #: look at the settings as soon as possible
    look_at_settings: Callable[[], None]
    page: Page
    #: how wide each lane is now
    limits: Callable[[], Mapping[str, Limit]]


@dataclass(frozen=True)
class Ends:
    """What the parts need of their process: `state_lost(why)` ends it, the state folder can no longer be used;
    `beat()` is a sign of life while it waits; on `remarks` go those that may have something to say to `status`."""

    state_lost: Callable[[str], None]
    beat: Callable[[], object]
    remarks: list[Callable[[], Sequence[str]]]
    #: the board went to another daemon: people get an alert, and the process shuts down in order
    board_lost: Callable[[str], None] = lambda why: None


async def build(
    current: LiveConfig, secrets: Secrets, urls: Mapping[str, str], env: Mapping[str, str], ends: Ends,
    opened: AsyncExitStack,
) -> Assembly:  # fmt: skip
    """Open the database, settle what the last daemon left, and join the parts; none of them runs yet.

    The caller holds the lock, has migrated the database and knows that the master key is one. What must be closed
    lies on `opened` as soon as it is open, so that a start that fails leaves nothing behind. Raises StartError,
    sqlite3.Error when the database cannot be opened, OSError when the state folder cannot be used.
    """
    sources = wiring.Sources(current.settings, current.channels, secrets, urls, env)
    clock, chance, wakeups = SystemClock(), SystemChance(), Wakeups()
    disk = Disk(sources.state, lambda: current.settings.limits.reserve_mb * MB)
    database = await _database(sources.state / "videod.db", ends)
    opened.push_async_callback(ending.closed, "database", database.close)
    people = _people(current, secrets, ends)
    others = Others(sources.state / "videod.db", people.send, ends.beat)
    ends.remarks.append(others.problems)
    store = Resilient(database, disk.make_room, clock.sleep, ends.beat, others.held)
    ledger = Ledger(store, current.policy, wakeups, secrets.redact)
    await (clock_watch := ClockWatch(clock, ledger, store)).since_last_run()
    await boards.settle(store, ledger, current.settings, clock)
    joined = await boards.join(sources, store, ledger, clock, ends.remarks, opened)
    tokens = _google_tokens(current, sources, store, ledger, clock)
    builder = wiring.command_builder(
        sources, tokens.youtube_token, lambda: current.channels, lambda: current.settings, tokens.refused, joined.brings
    )  # fmt: skip
    launcher, room = _children(sources, ends, opened)
    films, starts = _film_making(current, sources, launcher, ends)
    inspector, balances = MediaInspector(builder.ffmpeg, current.ffmpegs, room), ServiceBalances(urls, secrets.get)
    purchase_check = Reconciler(store, ledger, builder, balances, clock, lambda: current.settings.daemon.look_after_s)
    bound, look = partial(_deadline_s, current), Inputs(ledger, builder, inspector, clock)
    runner = Runner(ledger, starts, inspector, builder, clock, chance, secrets.redact, bound, purchase_check, look)
    recovery = Recovery(
        store, ledger, builder, inspector, clock, chance, runner.crashes, running_with, end_with, purchase_check,
        current.settings.retry.deaths, bound, look.aside,
    )  # fmt: skip
    late = await recovery.recover()
    await _settle_the_past(store, ledger, clock, len(late), current.settings.daemon.timezone)
    board, lease = joined.board, BoardLease(joined.line, clock, joined.me, ends.board_lost, ends.beat)
    ends.remarks.append(lease.problems)
    youtube = wiring.youtube_questions(sources, launcher, tokens.youtube_token)
    buckets = wiring.buckets(sources, lambda: current.settings, lambda: current.channels, clock)
    ready = _preflight(store, ledger, clock, _Asked(current, sources, balances, tokens, board, youtube, room, buckets))
    scheduler = Scheduler(
        store, ledger, runner, builder, wiring.lanes(current.settings), current.rules, clock, cleared=ready.cleared
    )
    turns, who, (pause_s, untold_ms) = Turns(), lease.installation, _board_waits(current)
    small, told = wiring.previews(sources, launcher), wiring.own_stories(joined.brings, lambda: current.channels, store)
    intake = Intake(board, ledger, store, clock, current.names, pause_s, turns, lease.admitted, who, untold_ms, told)
    folder, least = partial(workspace_of, sources.state), partial(_least_free, current)
    relay = Relay(board, people, ledger, store, clock, folder, turns, who, buckets, small, page.led_to(current))
    watches: dict[str, Watch] = {
        "clock": clock_watch.run,
        "disk": DiskWatch(sources.state, disk, ledger, store, clock, least, store.full, ends.state_lost).run,
        **keeping.watches(sources.state / "videod.db", database, store, ledger, clock, current),
        "balances": purchase_check.run,
        "waits": WaitWatch(store, ledger, clock, ledger.knows).run,
        "checks": ready.run,
        "lease": lease.run,
        "verdicts": _verdicts(sources, store, ledger, clock, youtube).run,
        **_telling(store, ledger, clock, current),
    }
    watches |= {**await _webhook(sources, store, ledger, clock, ends), **_films_watched(films, ledger, scheduler)}
    watches["page"] = (shown := page.made(current, sources, store, ledger, clock, launcher, ends.remarks)).run
    return Assembly(
        store, ledger, scheduler, intake, relay, Placing(sources.state, inspector, builder.workspace, clock), board,
        joined.notion, launcher, lease, partial(recovery.settle_late, late), watches, ready.ask, shown,
        films.limits if films else partial(_limits, current),
    )  # fmt: skip


def _film_making(
    current: LiveConfig, sources: wiring.Sources, launcher: ProcessLauncher, ends: Ends
) -> "tuple[FilmMaking | None, Launcher]":
    """The cluster, where one is set up, and who starts scripts."""
    if not sources.settings.cluster.on:
        return None, launcher
    from videod.daemon import cluster

    films = cluster.made(current, sources.state, launcher)
    ends.remarks.append(films.cluster.problems)
    return films, films.launcher


def _films_watched(films: "FilmMaking | None", ledger: Ledger, scheduler: Scheduler) -> dict[str, Watch]:
    return {} if films is None else {"cluster": partial(films.watch, ledger, scheduler)}


async def _webhook(sources: wiring.Sources, store: Store, ledger: Ledger, clock: Clock, ends: Ends) -> dict[str, Watch]:
    """What listens for Notion, where that is switched on."""
    settings = sources.settings
    if not settings.webhook.port or settings.board.own:
        before = webhook.report_of(await store.read(lambda tx: reads.value_json(tx, webhook.FACT)))
        if before.on:
            await ledger.set_value(webhook.FACT, json.dumps(replace(before, on=False).as_json()))
        return {}
    from videod.daemon import webhook as hook

    means = hook.Means(store, ledger, clock, sources.state, sources.secrets.get(webhook.SECRET))
    door = hook.WebhookDoor(settings.webhook, means, settings.notion.requests_per_s)
    ends.remarks.append(door.problems)
    return {"webhook": door.run}


def _people(current: LiveConfig, secrets: Secrets, ends: Ends) -> notifiers.Notifiers:
    """The ways to people; `status` says which of them fail."""
    made = notifiers.configured(current.settings.alerts, secrets.get, secrets.redact)
    ends.remarks.append(made.problems)
    return made


def _board_waits(current: LiveConfig) -> tuple[float, int]:
    """How often the board is looked at, seconds, and after how long without an answer people hear of it, ms."""
    return current.settings.daemon.poll_interval_s, round(current.settings.alerts.board_after_min * 60_000)


def _children(sources: wiring.Sources, ends: Ends, opened: AsyncExitStack) -> tuple[ProcessLauncher, DecodingRoom]:
    """What runs scripts, and what decodes their files, behind the walls that this host gives; `status` says what these
    lack."""
    found = walls.found(sources.state, sources.environ)
    ends.remarks.append(found.problems)
    launcher, room = ProcessLauncher(wiring.host_paths(sources), found.groups), DecodingRoom()
    opened.callback(launcher.close)
    opened.callback(room.close)
    return launcher, room


def _verdicts(
    sources: wiring.Sources, store: Store, ledger: Ledger, clock: Clock, questions: YouTubeQuestions
) -> VerdictWatch:  # fmt: skip
    """Who asks YouTube what became of uploaded films; what a custom script uploaded is its own matter."""
    own = sources.settings.scripts.of("upload") is not None
    return VerdictWatch(store, ledger, clock, questions, lambda: own)


@dataclass(frozen=True)
class _Asked:
    """Whom a look at the settings asks, and about what."""

    current: LiveConfig
    sources: wiring.Sources
    balances: ServiceBalances
    tokens: GoogleTokens
    board: AnyBoard
    youtube: YouTubeQuestions
    room: DecodingRoom
    buckets: R2Buckets

    def now(self) -> Now:
        return Now(self.current.settings, self.current.channels, self.sources.secrets, self.sources.urls)

    def policies(self) -> list[ChannelPolicy]:
        channels = self.current.channels.channels.values()
        return [wiring.policy_of(self.current.settings, one) for one in channels]

    async def columns(self) -> list[str]:
        await self.board.sync_channels(*self.current.channels.on_board())
        return await self.board.check()

    async def token(self, channel_id: str) -> str:
        return self.sources.secrets.learn(await self.tokens.youtube_token(channel_id, AHEAD_MS))

    def channel_checks(self, store: Store, clock: Clock) -> tuple[settings_checks.ChannelCheck, ...]:
        """One more check of each channel is one more here."""

        async def busy() -> Collection[str]:
            return await store.read(reads.open_channels)

        async def ends(channel_id: str) -> tuple[Consent | None, int | None]:
            return await store.read(lambda tx: with_end(tx, channel_id))

        daily = partial(settings_checks.Daily, busy=busy, now_ms=clock.steady_ms)
        consent = daily(settings_checks.consent(self.token, self.now))
        return (
            consent, settings_checks.spoken(self.now),
            daily(settings_checks.whose_consent(self.youtube.verify, self.now)),
            settings_checks.consent_ends(consent, ends, clock.now_ms),
            settings_checks.extras(Extras(self.current.ffmpegs, self.room)),
            settings_checks.files_in_bucket(self.buckets),
        )  # fmt: skip


def _preflight(store: Store, ledger: Ledger, clock: Clock, asked: _Asked) -> Preflight:
    """Who looks at the settings before money is spent."""

    def again() -> None:
        made.ask()

    checks = settings_checks.every(asked.now, BoardLook(asked.columns, again), asked.channel_checks(store, clock))
    current = asked.current
    sources = preflight.Sources(
        checks, asked.balances.left, asked.policies, lambda: current.in_force, asked.sources.secrets.redact
    )
    made = Preflight(store, ledger, clock, sources)
    return made


def _google_tokens(
    current: LiveConfig, sources: wiring.Sources, store: Store, ledger: Ledger, clock: Clock
) -> GoogleTokens:  # fmt: skip
    """What uploads in the name of each channel; the master key is there, as the caller of `build` knows."""
    master = sources.secrets.get("VIDEOD_MASTER_KEY")
    assert master is not None
    client = wiring.google_client(sources, lambda: current.channels)
    return GoogleTokens(store, ledger, clock, vault(master), client, sources.state / "tokens")


async def _database(path: Path, ends: Ends) -> Database:
    """The database, waited for while another program holds it. Raises sqlite3.Error."""
    until, said = time.monotonic() + HELD_S, False
    while True:
        try:
            return await Database.open(path)
        except sqlite3.OperationalError as error:
            if not busy(error) or time.monotonic() >= until:
                raise
            if not said:
                log.warning("store_held_waiting", extra={"error": str(error)})
                said = True
        ends.beat()
        await asyncio.sleep(1)


async def _settle_the_past(store: Store, ledger: Ledger, clock: Clock, still_paying: int, zone: str) -> None:
    """What a start changes: refused keys are tried again, automatic reviews are passed."""
    await ledger.adopt_limits(zone, clock.now_ms())
    await ledger.set_value(FACT, "null")  # what the last daemon knew of a cluster
    await free_refused_keys(store, ledger, clock)
    await judge_again(store, ledger, clock)
    log.info("daemon_recovery_done", extra={"still_paying": still_paying})


def _least_free(current: LiveConfig) -> int:
    return current.settings.limits.min_free_mb * MB


def _deadline_s(current: LiveConfig, step: Step) -> float:
    return wiring.deadline_s(current.settings, step)


def _telling(
    store: Store, ledger: Ledger, clock: Clock, current: LiveConfig
) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
    """What watches for things that people want to know although no job failed."""

    def policies() -> list[ChannelPolicy]:
        found = (current.policy(name) for name in current.channels.channels)
        return [one for one in found if one is not None]

    limits = partial(_limits, current)
    return {
        "attention": AttentionWatch(store, ledger, clock, ledger.knows, _attention_rules(current)).run,
        "allowances": AllowanceWatch(store, ledger, clock, limits, policies).run,
        "slowness": SlowWatch(store, ledger, clock, ledger.knows, lambda: len(current.settings.retry.waits_min)).run,
        "weekly": WeeklyReport(store, ledger, clock, lambda: current.settings.alerts.weekly).run,
    }


def _limits(current: LiveConfig) -> Mapping[str, Limit]:
    return wiring.limits(current.settings)


def _attention_rules(current: LiveConfig) -> Rules:
    alerts = current.settings.alerts
    hour = 3_600_000
    return Rules(
        round(alerts.reviews_after_h * hour), round(alerts.reviews_every_h * hour),
        lambda step: round(_deadline_s(current, tables.STEPS[step]) * 1000),
        current.settings.web.public_url,
    )  # fmt: skip
