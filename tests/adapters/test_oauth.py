"""Access tokens: fetched once, kept for 50 minutes, sealed at rest, and a revoked consent is said in words."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.fernet import Fernet

from tests.flow.board_double import BEGIN_MS, Clock
from tests.harness import databases
from videod.adapters import oauth
from videod.adapters.oauth import Application, GoogleTokens, Grant, seal, unseal, vault
from videod.ledger import Ledger, Wakeups
from videod.ports import TokenError
from videod.sandbox import google
from videod.sandbox.kernel import Context, Fault, Options
from videod.store import reads
from videod.store.database import InlineDatabase

KEY = Fernet.generate_key().decode()
APPLICATION = Application("sandbox-client", "sandbox-client-secret")


def grant(channel: str = "wild", at: str = "2026-11-01T00:00:00+00:00", token: str | None = None) -> Grant:
    return Grant(channel, "youtube", token or f"sandbox-refresh-{channel}", ("scope",), at)


@dataclass
class OAuthStage:
    context: Context
    clock: Clock
    store: InlineDatabase
    ledger: Ledger
    folder: Path
    application: Application

    def tokens(self) -> GoogleTokens:
        return GoogleTokens(self.store, self.ledger, self.clock, vault(KEY), lambda _: self.application, self.folder)

    def leave(self, one: Grant, name: str | None = None, key: str = KEY) -> None:
        """What scripts/youtube_auth.py leaves: the sealed JSON as a file."""
        told = {"channel": one.channel, "kind": one.kind, "refresh_token": one.refresh_token,
                "scopes": list(one.scopes), "obtained_at": one.obtained_at}  # fmt: skip
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{name or one.channel}.token"
        path.write_bytes(Fernet(key).encrypt(json.dumps(told).encode()))

    async def store_row(self, one: Grant, channel: str | None = None) -> None:
        await self.ledger.seal_token(channel or one.channel, "youtube", seal(one, vault(KEY)), self.clock.now_ms())

    async def row(self, channel: str = "wild") -> Grant:
        sealed = await self.store.read(lambda tx: reads.sealed_token(tx, channel, "youtube"))
        assert sealed is not None
        return unseal(sealed, channel, vault(KEY))

    @property
    def refreshes(self) -> int:
        return len([one for one in self.context.requests if one["path"] == "/token"])


@asynccontextmanager
async def oauth_stage(root: Path) -> AsyncIterator[OAuthStage]:
    clock = Clock(BEGIN_MS)
    context = Context(root / "sandbox", Options(), lambda: clock.at / 1000)
    runner = web.AppRunner(google.build(context))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    store = databases.opened(root / "videod.db")
    ledger = Ledger(store, lambda channel: None, Wakeups())
    try:
        yield OAuthStage(context, clock, store, ledger, root / "tokens", replace(APPLICATION, token_url=url))
    finally:
        await store.close()
        await runner.cleanup()


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[OAuthStage]:
    async with oauth_stage(tmp_path) as made:
        yield made


async def test_a_token_is_fetched_once_and_kept_for_50_minutes(on: OAuthStage) -> None:
    await on.store_row(grant())
    tokens = on.tokens()
    first = await tokens.youtube_token("wild")
    facts = google.token_facts(on.context, first)
    assert facts is not None and facts.channel == "wild"
    on.clock.pass_s(49 * 60)
    assert await tokens.youtube_token("wild") == first
    assert on.refreshes == 1
    on.clock.pass_s(2 * 60)
    assert await tokens.youtube_token("wild") != first
    assert on.refreshes == 2


async def test_many_uploads_at_once_fetch_one_token(on: OAuthStage) -> None:
    await on.store_row(grant())
    tokens = on.tokens()
    fetched = await asyncio.gather(*(tokens.youtube_token("wild") for _ in range(5)))
    assert len(set(fetched)) == 1
    assert on.refreshes == 1


async def test_a_file_left_by_the_authorization_is_taken_over_sealed(on: OAuthStage) -> None:
    on.leave(grant())
    await on.tokens().youtube_token("wild")
    sealed = await on.store.read(lambda tx: reads.sealed_token(tx, "wild", "youtube"))
    assert sealed is not None and "refresh" not in sealed
    assert await on.row() == grant()


async def test_a_newer_file_replaces_the_row_and_an_older_one_does_not(on: OAuthStage) -> None:
    await on.store_row(grant(at="2026-11-02T00:00:00+00:00", token="sandbox-refresh-second"))
    on.leave(grant(at="2026-11-01T00:00:00+00:00", token="sandbox-refresh-first"))
    tokens = on.tokens()
    await tokens.youtube_token("wild")
    assert (await on.row()).refresh_token == "sandbox-refresh-second"
    on.leave(grant(at="2026-11-03T00:00:00+00:00", token="sandbox-refresh-third"))
    third = await tokens.youtube_token("wild")
    assert (await on.row()).refresh_token == "sandbox-refresh-third"
    facts = google.token_facts(on.context, third)
    assert facts is not None and facts.channel == "third"


async def test_a_revoked_consent_is_permanent_and_names_the_command(on: OAuthStage) -> None:
    await on.store_row(grant(token="dead-token"))
    tokens = on.tokens()
    for _ in range(2):
        with pytest.raises(TokenError, match="videod channels authorize wild") as refused:
            await tokens.youtube_token("wild")
        assert refused.value.permanent
        assert "dead-token" not in str(refused.value)
    assert on.refreshes == 1  # what is dead is not asked for again
    on.leave(grant(at="2026-11-05T00:00:00+00:00"))
    assert await tokens.youtube_token("wild")


async def test_a_channel_without_authorization_names_the_command(on: OAuthStage) -> None:
    with pytest.raises(TokenError, match=r"not authorized yet. Run `videod channels authorize wild`") as refused:
        await on.tokens().youtube_token("wild")
    assert refused.value.permanent


async def test_swapped_rows_and_files_are_noticed(on: OAuthStage) -> None:
    await on.store_row(grant("deep"), channel="wild")
    on.leave(grant("deep"), name="wild")
    with pytest.raises(TokenError, match='sealed for channel "deep"') as refused:
        await on.tokens().youtube_token("wild")
    assert refused.value.permanent
    assert on.refreshes == 0


async def test_a_file_under_another_key_is_no_token(on: OAuthStage) -> None:
    on.leave(grant(), key=Fernet.generate_key().decode())
    with pytest.raises(TokenError, match="does not open with VIDEOD_MASTER_KEY"):
        await on.tokens().youtube_token("wild")


async def test_a_former_master_key_still_opens(on: OAuthStage) -> None:
    newer = Fernet.generate_key().decode()
    assert unseal(seal(grant(), vault(KEY)), "wild", vault(f"{newer},{KEY}")) == grant()


@pytest.mark.parametrize("key", ["", "too short", " , "])
def test_a_master_key_that_is_none_is_said_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="VIDEOD_MASTER_KEY") as refused:
        vault(key)
    assert "short" not in str(refused.value)


async def test_a_failing_token_service_is_not_permanent(on: OAuthStage) -> None:
    await on.store_row(grant())
    tokens = on.tokens()
    for fault in (Fault("google", "status", status=503), Fault("google", "reset"), Fault("google", "malformed")):
        on.context.faults.set([fault])
        with pytest.raises(TokenError) as failed:
            await tokens.youtube_token("wild")
        assert not failed.value.permanent
    on.context.faults.clear()
    assert await tokens.youtube_token("wild")


async def test_a_wrong_client_is_a_matter_of_configuration(on: OAuthStage) -> None:
    await on.store_row(grant())
    on.application = replace(on.application, client_secret="wrong-secret")
    with pytest.raises(TokenError, match="GOOGLE_CLIENT_ID") as refused:
        await on.tokens().youtube_token("wild")
    assert refused.value.permanent
    assert "wrong-secret" not in str(refused.value)


async def test_one_channels_trouble_is_not_anothers(on: OAuthStage) -> None:
    await on.store_row(grant("wild", token="dead-token"))
    await on.store_row(grant("deep"))
    tokens = on.tokens()
    with pytest.raises(TokenError):
        await tokens.youtube_token("wild")
    assert await tokens.youtube_token("deep")


def test_google_is_the_default_service() -> None:
    assert Application("a", "b").token_url == oauth.DEFAULT_URL == "https://oauth2.googleapis.com"


async def test_a_token_that_was_refused_after_a_while_is_forgotten_and_another_is_fetched(on: OAuthStage) -> None:
    await on.store_row(grant())
    tokens = on.tokens()
    first = await tokens.youtube_token("wild")
    on.clock.pass_s(4 * 60)
    assert not tokens.refused("wild")  # so young a one has not run out: it is unwelcome
    assert await tokens.youtube_token("wild") != first
    on.clock.pass_s(40 * 60)
    assert tokens.refused("wild")
    assert not tokens.refused("wild")  # there is none any more
    await tokens.youtube_token("wild")
    assert on.refreshes == 3


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("echo", ["{}", "x{}", "GOCSPX_{}"])
@pytest.mark.parametrize("change", [str, str.upper, lambda key: key[:-1], lambda key: key.encode().hex()])
async def test_a_code_that_repeats_what_was_sent_is_none(
    tmp_path: Path, echo: str, change: Callable[[str], str]
) -> None:
    secret = "a1B2c3D4e5F6g7H8i9J0k1L2"
    async with oauth_stage(tmp_path) as stage:
        stage.application = replace(stage.application, client_secret=secret)
        stage.leave(grant(token=secret[::-1]))
        told = json.dumps({"error": echo.format(change(secret))})
        stage.context.faults.set([Fault("google", "status", endpoint="POST /token", status=401, body=told)])
        with pytest.raises(TokenError) as failed:
            await stage.tokens().youtube_token("wild")
    assert secret[:12].lower() not in f"{failed.value} {failed.value.code}".lower()
    assert secret.encode().hex()[:24] not in f"{failed.value} {failed.value.code}"
