"""What services, consents and the board say, asked as the daemon asks before it spends money.

Nothing is changed, neither in the state folder nor outside (`daemon.settings_checks` has the questions).
"""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path

import httpx

from videod.adapters import notion_schema, notion_views
from videod.adapters.clock import SystemClock
from videod.adapters.extras import Extras
from videod.adapters.notion_calls import Calls
from videod.adapters.notion_places import Ids, kept_ids
from videod.adapters.oauth import KIND, GoogleTokens, vault
from videod.adapters.process import ProcessLauncher
from videod.channels import ChannelSet
from videod.cli.checks import Check, State, fix, note, ok
from videod.config import Settings
from videod.core.consents import Consent
from videod.core.preflight import Look
from videod.credentials import Secrets
from videod.daemon import refusals, settings_checks, wiring
from videod.daemon.settings_checks import Now
from videod.dashboard.text import span
from videod.ledger import Ledger, Wakeups
from videod.ports import BoardError
from videod.store import readonly, reads
from videod.store.consents import kept, with_end
from videod.store.database import InlineDatabase
from videod.store.schema import migrate

#: services refuse signed requests from clocks that are further off, and daily limits end at the wrong moment, ms
CLOCK_MS = 60_000
#: a look at the services, the consents and the board may take so long, seconds
OUTSIDE_S = 45.0


async def outside(
    settings: Settings, channels: ChannelSet, secrets: Secrets, urls: Mapping[str, str], env: Mapping[str, str]
) -> AsyncIterator[Check]:
    """Keys, models, voices, consents and the board, as the daemon asks them before it spends money."""
    now = Now(settings, channels, secrets, urls)
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="videod-doctor-")))
        asked = await _questions(now, env, folder, opened)
        looks = {
            "services": asyncio.create_task(settings_checks.services(lambda: now)),
            "settings": asyncio.create_task(settings_checks.local(lambda: now)),
            "channels": asyncio.create_task(settings_checks.of_channels(lambda: now, asked)),
        }
        board = asyncio.create_task(_board(settings, channels, secrets, urls))
        for area, look in looks.items():
            for one in _said_by(area, await _within(look), secrets):
                yield one
        for one in await board:
            yield one


async def _within(look: "asyncio.Task[Look]") -> Look | None:
    done, _ = await asyncio.wait([look], timeout=OUTSIDE_S)
    if not done:
        look.cancel()
    return look.result() if done and look.exception() is None else None


def _said_by(area: str, look: Look | None, secrets: Secrets) -> Iterator[Check]:
    """A look at the settings as checks: what is wrong, what nobody answered, or that all is well."""
    what = {
        "services": "Keys, models and voices",
        "settings": "Budgets and programs",
        "channels": "Consents and extras",
    }
    if look is None:
        yield Check(area, area, State.UNKNOWN, f"{what[area]} could not be checked within {OUTSIDE_S:.0f} s.")
        return
    for finding in look.found:
        state = State.FIX if finding.stops else State.NOTE
        yield Check(finding.cause.partition(":")[0], finding.cause, state, secrets.redact(finding.sentence))
    silent = sorted({cause.partition(":")[0] for cause in look.unknown - {one.cause for one in look.found}})
    refused = {one.cause.partition(":")[0] for one in look.found}
    for service in silent:
        if service not in refused:
            yield Check(
                service, service, State.UNKNOWN, f"{service} gave no usable answer. Is this host online? Try again."
            )
    for channel in sorted(look.channels):
        yield Check("channels", channel, State.UNKNOWN, f"There was no answer for channel {channel}. Try again.")
    if not look.found and not silent and not look.channels:
        yield ok(area, area, f"{what[area]} are right.")


async def _questions(
    now: Now, env: Mapping[str, str], folder: Path, opened: AsyncExitStack
) -> tuple[settings_checks.ChannelCheck, ...]:
    """The checks of each channel. Grants are copied into a database of their own in `folder`: nothing is changed."""
    settings, secrets = now.settings, now.secrets
    database = folder / "videod.db"
    migrate(database)
    store = InlineDatabase(database)
    opened.push_async_callback(store.close)
    ledger = Ledger(store, wiring.policies(settings, now.channels), Wakeups())
    for channel, sealed in _grants(settings.paths.state / "videod.db", now.channels):
        await ledger.seal_token(channel, KIND, sealed, SystemClock().now_ms())
    for name, value in _consents(settings.paths.state / "videod.db"):
        await ledger.set_value(name, value)
    fernet = vault(secrets.get("VIDEOD_MASTER_KEY") or "")
    client = wiring.google_client(wiring.Sources(settings, now.channels, secrets, now.urls, env), lambda: now.channels)
    tokens = GoogleTokens(store, ledger, SystemClock(), fernet, client, settings.paths.state / "tokens")

    async def token(channel: str) -> str:
        return secrets.learn(await tokens.youtube_token(channel))

    async def ends(channel: str) -> tuple[Consent | None, int | None]:
        return await store.read(lambda tx: with_end(tx, channel))

    elsewhere = settings.model_copy(update={"paths": settings.paths.model_copy(update={"state": folder})})
    sources = wiring.Sources(elsewhere, now.channels, secrets, now.urls, env)
    launcher = ProcessLauncher(wiring.host_paths(sources))
    opened.callback(launcher.close)
    youtube = wiring.youtube_questions(sources, launcher, token)
    consent = settings_checks.consent(token, lambda: now)
    return (
        consent, settings_checks.spoken(lambda: now),
        settings_checks.whose_consent(youtube.verify, lambda: now),
        settings_checks.consent_ends(consent, ends, SystemClock().now_ms),
        settings_checks.extras(Extras(partial(wiring.ffmpegs, settings.paths.ffmpeg))),
        settings_checks.files_in_bucket(
            wiring.buckets(sources, lambda: settings, lambda: now.channels, SystemClock())
        ),
    )  # fmt: skip


def _grants(database: Path, channels: ChannelSet) -> Iterable[tuple[str, str]]:
    """Channel -> the sealed grant that the daemon keeps."""
    try:
        connection = readonly.look(database)
    except (readonly.NoDatabase, sqlite3.Error):
        return []
    with closing(connection):
        found = {name: reads.sealed_token(connection, name, KIND) for name in channels.channels}
    return [(name, sealed) for name, sealed in found.items() if sealed is not None]


def _consents(database: Path) -> Iterable[tuple[str, str]]:
    """What the daemon knows of consents."""
    try:
        with closing(readonly.look(database)) as connection:
            return kept(connection)
    except (readonly.NoDatabase, sqlite3.Error):
        return []


async def _board(
    settings: Settings, channels: ChannelSet, secrets: Secrets, urls: Mapping[str, str]
) -> list[Check]:  # fmt: skip
    """The board's columns and Notion's clock."""
    place = settings.notion
    if settings.board.own or (not place.parent_page and not place.database_id):
        return []  # said with the settings
    clock = SystemClock()
    try:
        calls = Calls(
            secrets.get("NOTION_TOKEN") or "", clock, urls["VIDEOD_URL_NOTION"], place.requests_per_s,
            version=place.version,
        )  # fmt: skip
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        return [fix("board", "connection", str(refusals.of_connections(error, os.environ)))]
    try:
        async with asyncio.timeout(OUTSIDE_S):
            known = _known(settings)
            ids = await notion_schema.resolve(calls, place.database_id or None, place.parent_page or None, known)
            columns = await notion_schema.inspect_both(calls, ids)
            views = await _views(calls, ids)
        off = abs(calls.board_ms() - clock.now_ms())
    except TimeoutError:
        return [Check("board", "columns", State.UNKNOWN, f"Notion did not answer within {OUTSIDE_S:.0f} s. Try again.")]
    except BoardError as error:
        if error.kind in ("busy", "down"):
            return [Check("board", "columns", State.UNKNOWN, f"{error}. Try again later.")]
        return [fix("board", "columns", f"{error}. {_OF_BOARD.get(error.kind, '')}".strip())]
    finally:
        await calls.aclose()
    told = [fix("board", f"{one.table}: {one.column}", f"{one.problem}.") for one in columns if one.problem]
    if off > CLOCK_MS:
        told.append(
            fix("host", "clock", f"The clock is {span(off)} off from Notion's. Run `timedatectl set-ntp true`.")
        )
    if not told:
        told.append(ok("board", "columns", f"The board has all {len(columns)} columns."))
    return [*told, views]


async def _views(calls: Calls, ids: Ids) -> Check:
    """Whether the views that videod offers are there; a board works without them."""
    try:
        states = await notion_views.look(calls, ids)
    except BoardError as error:
        return Check("board", "views", State.UNKNOWN, f"{error}. The views of the board could not be listed.")
    missing = [one.view.name for one in states if one.state != "ok"]
    if not missing:
        return ok("board", "views", f"The board has all {len(states)} views.")
    names = ", ".join(missing)
    return note(
        "board", "views", f"The board has no view named {names}. Run `videod notion views` to create what is missing."
    )


_OF_BOARD = {
    "credentials": "Check NOTION_TOKEN.",
    "gone": "Share the page with the connection (page menu, Connections), or run `videod notion init`.",
    "rejected": "Correct `parent_page` or `database_id` in [notion] of videod.toml.",
}


def _known(settings: Settings) -> Ids | None:
    """Where the daemon found the board, so that a board that was moved is looked at where it is."""
    try:
        connection = readonly.look(settings.paths.state / "videod.db")
    except (readonly.NoDatabase, sqlite3.Error, OSError):
        return None
    with closing(connection):
        kept = reads.value_json(connection, "notion_ids")
    return kept_ids(kept, settings.notion.database_id, settings.notion.parent_page)
