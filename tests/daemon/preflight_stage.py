"""The look at the settings with real simulated services over HTTP, a real database, and two channels with an entry
each.

Nothing that costs can hide: what the simulated services were asked stands in their own log.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from tests.adapters.test_oauth import KEY, grant
from tests.flow.board_double import BEGIN_MS
from tests.harness import databases
from tests.sandbox.running import Clock as SandboxClock
from tests.sandbox.running import running
from videod.adapters.clock import SystemClock
from videod.adapters.credit import ServiceBalances
from videod.adapters.oauth import Application, GoogleTokens, Grant, seal, vault
from videod.adapters.r2 import Given, R2Buckets
from videod.channels import load_channels
from videod.config import load_settings
from videod.core.events import EntryQueued
from videod.core.model import ChannelPolicy, Priority
from videod.core.suspension import Cause, Suspension
from videod.credentials import Secrets
from videod.daemon import settings_checks, wiring
from videod.daemon.preflight import Preflight, Sources
from videod.daemon.settings_checks import Now
from videod.flow.candidates import candidates_of
from videod.ledger import Ledger, Wakeups
from videod.sandbox.kernel import Context
from videod.store import reads
from videod.store.database import InlineDatabase

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "GEMINI_API_KEY": "sandbox-gemini-key", "KIE_API_KEY": "sandbox-kie-key",
    "ELEVENLABS_API_KEY": "sandbox-elevenlabs-key", "GOOGLE_CLIENT_ID": "sandbox-client",
    "GOOGLE_CLIENT_SECRET": "sandbox-client-secret", "NOTION_TOKEN": "t", "VIDEOD_MASTER_KEY": KEY,
}  # fmt: skip
CHANNEL = {
    "name": "Wild", "youtube_channel": "UCwild", "voice_id": "sandbox-narrator-1",
    "brand": "Stories of wild animals in cold places.", "clips": 2, "images": 3,
}  # fmt: skip
SERVICES = ("gemini", "kie", "elevenlabs", "google")
VARIABLES = {
    "VIDEOD_URL_GEMINI": "gemini", "VIDEOD_URL_KIE": "kie", "VIDEOD_URL_ELEVENLABS": "elevenlabs",
    "VIDEOD_URL_GOOGLE_OAUTH": "google",
}  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.at = BEGIN_MS

    def now_ms(self) -> int:
        return self.at

    def steady_ms(self) -> int:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


@dataclass
class Stage:
    folder: Path
    context: Context
    store: InlineDatabase
    clock: Clock
    sandbox_clock: SandboxClock
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    settings: str = ""
    channels: dict[str, dict[str, object]] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    #: a file that is gone as soon as the settings were read
    vanishes: Path | None = None

    def __post_init__(self) -> None:
        self.channels = {"wild": dict(CHANNEL), "deep": CHANNEL | {"name": "Deep", "voice_id": "sandbox-narrator-2"}}
        self.urls = {name: self.context.urls[service] for name, service in VARIABLES.items()}
        self.reload()
        self.ledger = Ledger(self.store, self.policy, Wakeups())
        self.start()

    def policy(self, channel: str) -> ChannelPolicy | None:
        return wiring.policies(self.now.settings, self.now.channels)(channel)

    def secret(self, name: str) -> str | None:
        return self.secrets.get(name)

    def reload(self) -> None:
        """Read the files again: another configuration is in force."""
        self.outside_changes()
        self.in_force = object()

    def outside_changes(self) -> None:
        """What is out there is another, and videod's own configuration is not."""
        folder = self.folder / "channels"
        folder.mkdir(exist_ok=True)
        for name, values in self.channels.items():
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
        config = self.folder / "videod.toml"
        config.write_text(f'[paths]\nscripts = "{ROOT / "scripts"}"\nchannels = "{folder}"\n{self.settings}')
        settings = load_settings(config, {})
        if self.vanishes is not None:
            self.vanishes.unlink(missing_ok=True)
        self.now = Now(settings, load_channels(folder), Secrets(self.secrets), self.urls)
        self.tokens = self._tokens()

    def _tokens(self) -> GoogleTokens:
        application = Application(
            self.secrets.get("GOOGLE_CLIENT_ID", ""), self.secrets.get("GOOGLE_CLIENT_SECRET", ""),
            self.urls["VIDEOD_URL_GOOGLE_OAUTH"],
        )  # fmt: skip
        ledger = Ledger(self.store, lambda channel: None, Wakeups())
        return GoogleTokens(self.store, ledger, self.clock, vault(KEY), lambda _: application, self.folder / "tokens")  # type: ignore[arg-type]

    def start(self) -> None:
        """A new daemon on the same database."""

        async def board() -> list[str]:
            return list(self.columns)

        async def token(channel_id: str) -> str:
            return await self.tokens.youtube_token(channel_id)

        def now() -> Now:
            return self.now

        def given() -> Given:
            return Given(self.now.settings.r2, self.now.channels.channels)

        buckets = R2Buckets(given, self.secret, self.urls.get("VIDEOD_URL_S3", ""), SystemClock())
        checks = settings_checks.every(
            now, settings_checks.BoardLook(board, lambda: None),
            (settings_checks.consent(token, now), settings_checks.files_in_bucket(buckets)),
        )  # fmt: skip
        balances = ServiceBalances(self.urls, self.secret)
        sources = Sources(
            checks, balances.left,
            lambda: [one for name in self.channels if (one := self.policy(name)) is not None],
            lambda: self.in_force, lambda text: text,
        )  # fmt: skip
        self.preflight = Preflight(self.store, self.ledger, self.clock, sources)  # type: ignore[arg-type]

    # ------------------------------------------------------------------------------------------ people

    async def consent(self, channel: str = "", one: Grant | None = None, key: str = KEY) -> None:
        for name in [channel] if channel else list(self.channels):
            await self.ledger.seal_token(name, "youtube", seal(one or grant(name), vault(key)), self.clock.at)

    async def queue(self, channel: str) -> str:
        page = f"page-{channel}-{self.clock.at}"
        event = EntryQueued(
            self.clock.at, page, channel, f"Bears {channel}", "bears", "crossing", Priority.NORMAL, None
        )
        applied = await self.ledger.apply(event)
        assert applied.task is not None
        return applied.task.id

    # ------------------------------------------------------------------------------------------ looking

    async def may_begin(self) -> set[str]:
        """The channels of which a plan would start now, as the lane sees it."""
        by_channel = dict.fromkeys(self.channels, 5)
        rules = wiring.house_rules(self.now.settings, self.now.channels)

        def look(tx: object) -> set[str]:
            found = candidates_of(
                tx, "gemini", self.clock.at, replace(rules, max_by_channel=by_channel),  # type: ignore[arg-type]
                cleared=self.preflight.cleared,
            )  # fmt: skip
            return set() if found is None else {one.channel_id for one in found.ready.values()}

        return await self.store.read(look)

    async def alerts(self) -> list[str]:
        rows = await self.store.read(reads.pending_messages)
        return [str(row.body["text"]) for row in rows if row.target == "alert"]

    async def wrong(self) -> list[Suspension]:
        found = await self.store.read(lambda tx: reads.suspensions(tx, self.clock.at))
        return [one for one in found if one.cause is Cause.SETTINGS]

    @property
    def paid(self) -> list[str]:
        """Requests that cost anything."""
        asked = [(str(one["method"]), str(one["path"])) for one in self.context.requests]
        return [path for method, path in asked if method == "POST" and path != "/token"]


@asynccontextmanager
async def staged(root: Path, prepare: Callable[[Stage], None] = lambda stage: None) -> AsyncIterator[Stage]:
    clock = SandboxClock()
    async with running(root / "sandbox", *SERVICES, clock=clock) as context:
        store = databases.opened(root / "videod.db")
        made = Stage(root, context, store, Clock(), clock)
        prepare(made)
        await made.consent()
        try:
            yield made
        finally:
            await store.close()
