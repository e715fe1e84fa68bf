"""A Google project per channel: its own client, its own quota, its own consents; none falls for another."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.adapters.test_oauth import KEY, grant
from tests.daemon.preflight_stage import Stage, staged
from videod.adapters.oauth import Application, GoogleTokens, Grant, vault
from videod.core import consents
from videod.core.moments import clock, iso
from videod.core.preflight import Finding
from videod.credentials import is_secret, load_secrets
from videod.daemon import settings_checks
from videod.ledger import Ledger, Wakeups
from videod.ports import TokenError
from videod.store.consents import with_end

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
CLIENTS = {
    "wild": Application("sandbox-client-wild", "sandbox-client-secret-wild", project="wild"),
    "deep": Application("sandbox-client", "sandbox-client-secret"),
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as one:
        yield one


def tokens(stage: Stage, clients: dict[str, Application] | None = None) -> GoogleTokens:
    url = stage.urls["VIDEOD_URL_GOOGLE_OAUTH"]

    def of(channel: str) -> Application:
        one = (clients or CLIENTS)[channel]
        return Application(one.client_id, one.client_secret, url, one.project)

    ledger = Ledger(stage.store, lambda channel: None, Wakeups())
    return GoogleTokens(stage.store, ledger, stage.clock, vault(KEY), of, stage.folder / "tokens")  # type: ignore[arg-type]


async def found(stage: Stage, made: GoogleTokens, channel: str) -> list[Finding]:
    check = settings_checks.consent(made.youtube_token, lambda: stage.now)
    return list(await check(stage.now.channels.channels[channel]))


async def test_each_channel_uses_the_client_of_its_project(stage: Stage) -> None:
    await stage.consent("wild", grant("wild", token="sandbox-refresh-wild@wild"))
    await stage.consent("deep")
    made = tokens(stage)
    assert (await made.youtube_token("wild")).startswith("ya29.") and (await made.youtube_token("deep")) != ""


async def test_a_consent_of_another_project_is_found_before_anything_is_paid(stage: Stage) -> None:
    stage.channels["wild"]["google_project"] = "wild"
    stage.reload()
    given = Grant("wild", "youtube", "sandbox-refresh-wild", (), "2026-11-01T00:00:00+00:00", "sandbox-client")
    await stage.consent("wild", given)
    (one,) = await found(stage, tokens(stage), "wild")
    assert (one.cause, one.services, one.channel_id, one.stops) == ("youtube:consent wild", ("youtube",), "wild", True)
    assert "another OAuth client than that of the Google project wild" in one.text
    assert "videod channels authorize wild" in one.text
    # one of an older version does not say whose it is: Google does
    await stage.consent("wild", grant("wild", at="2026-11-02T00:00:00+00:00"))
    (same,) = await found(stage, tokens(stage), "wild")
    assert (same.cause, same.text) == (one.cause, one.text)


async def test_a_project_without_a_client_stops_its_own_channels_alone(stage: Stage) -> None:
    stage.channels["wild"]["google_project"] = "wild"
    stage.reload()
    await stage.consent()
    made = tokens(stage, CLIENTS | {"wild": Application("", "", project="wild")})
    (one,) = await found(stage, made, "wild")
    assert (one.cause, one.channel_id) == ("youtube:client wild", "wild")
    assert "set GOOGLE_CLIENT_ID_WILD and GOOGLE_CLIENT_SECRET_WILD" in one.text
    assert await found(stage, made, "deep") == []


def test_secrets_of_projects_are_read_from_both_places_and_known_as_secrets(tmp_path: Path) -> None:
    (tmp_path / "google_client_id_deep").write_text("id-deep")
    (tmp_path / "google_client_secret_deep").write_text("secret-deep\n")
    (tmp_path / "google_client_secret_").write_text("odd")
    env = {"GOOGLE_CLIENT_ID_WILD": "id-wild", "GOOGLE_CLIENT_SECRET_WILD": "secret-wild"}
    secrets = load_secrets(env, tmp_path)
    assert secrets.get("GOOGLE_CLIENT_SECRET_DEEP") == "secret-deep"
    assert secrets.get("GOOGLE_CLIENT_ID_WILD") == "id-wild"
    assert "secret-wild" not in secrets.redact("it was secret-wild")
    assert is_secret("GOOGLE_CLIENT_SECRET_WILD") and not is_secret("GOOGLE_CLIENT_SECRET_")
    assert not is_secret("GOOGLE_CLIENT_SECRET_wild")


async def known(stage: Stage, channel: str = "wild") -> tuple[consents.Consent | None, int | None]:
    return await stage.store.read(lambda tx: with_end(tx, channel))


async def test_a_consent_that_google_will_end_is_reported_days_before(stage: Stage) -> None:
    begun = stage.clock.at
    given = Grant("wild", "youtube", "sandbox-refresh-wild", (), iso(begun), "sandbox-client", iso(begun + 7 * DAY_MS))
    await stage.consent("wild", given)
    made = tokens(stage, {"wild": CLIENTS["deep"]})

    async def ends(channel: str) -> tuple[consents.Consent | None, int | None]:
        return await known(stage, channel)

    first, channel = settings_checks.consent(made.youtube_token, lambda: stage.now), stage.now.channels.channels["wild"]
    check = settings_checks.consent_ends(first, ends, stage.clock.now_ms)
    assert list(await check(channel)) == []
    stage.clock.at = begun + 5 * DAY_MS
    (one,) = await check(channel)
    assert not one.stops and "after 7 days" in one.text and "In production" in one.text
    assert "videod channels authorize wild" in one.text and one.alert == one.sentence
    assert one.alert_key == "youtube:consent-ends:wild"
    # the first look at a consent that was just given and ends soon reports it
    at = stage.clock.at
    await stage.consent(
        "wild", replace(given, refresh_token="sandbox-refresh-again", obtained_at=iso(at), ends_at=iso(at + DAY_MS))
    )
    (soon,) = await settings_checks.consent_ends(first, ends, stage.clock.now_ms)(channel)
    assert f"ends at {clock(at + DAY_MS)}" in soon.text


async def test_a_consent_that_died_after_seven_days_says_why_and_warns_of_the_next_one(stage: Stage) -> None:
    begun = stage.clock.at
    await stage.consent("wild", grant("wild", at=iso(begun), token="1//first"))
    made = tokens(stage, {"wild": CLIENTS["deep"]})
    stage.clock.at = begun + 7 * DAY_MS + HOUR_MS
    with pytest.raises(TokenError, match=r"Google ended its consent after 7 days.*In production"):
        await made.youtube_token("wild")
    one, _ = await known(stage)
    assert one is not None and not one.alive
    # another consent of the same project: nobody was alerted its end, and yet it is expected
    stage.clock.at += DAY_MS
    again = stage.clock.at
    await stage.consent("wild", grant("wild", at=iso(again)))
    await tokens(stage, {"wild": CLIENTS["deep"]}).youtube_token("wild")
    one, end = await known(stage)
    assert one is not None and one.alive and end == again // 1000 * 1000 + 7 * DAY_MS
    # it lives on: the project has left Testing
    stage.clock.at = again + 9 * DAY_MS
    await tokens(stage, {"wild": CLIENTS["deep"]}).youtube_token("wild")
    assert (await known(stage))[1] is None


@pytest.mark.parametrize(
    ("age_days", "alive_days", "testing"),
    [(7.1, None, True), (7.1, 6.9, True), (8, 7, True), (10, None, False), (20, 6, True), (20, 19, False),
     (5, 4, False), (6.5, 6, False)],
)  # fmt: skip
def test_the_pattern_of_a_project_in_testing(age_days: float, alive_days: float | None, testing: bool) -> None:
    obtained = 1_795_000_000_000
    alive = None if alive_days is None else obtained + round(alive_days * DAY_MS)
    assert consents.of_testing(obtained, alive, obtained + round(age_days * DAY_MS)) is testing


async def test_channels_that_rest_are_asked_for_once_a_day_each_at_its_own_time(stage: Stage) -> None:
    names = [f"channel_{number}" for number in range(6)]
    stage.channels = {name: dict(stage.channels["wild"]) | {"name": name} for name in names}
    stage.reload()
    calls: list[tuple[str, int]] = []
    busy: set[str] = set()

    async def check(channel: object) -> list[Finding]:
        calls.append((channel.id, stage.clock.at))  # type: ignore[attr-defined]
        return []

    async def now_busy() -> set[str]:
        return busy

    daily = settings_checks.Daily(check, now_busy, stage.clock.now_ms)
    begun = stage.clock.at
    while stage.clock.at < begun + 3 * DAY_MS:
        for channel in stage.now.channels.channels.values():
            await daily(channel)
        stage.clock.at += 15 * 60_000
    for name in names:
        mine = [at for channel, at in calls if channel == name]
        assert 3 <= len(mine) <= 6 and all(later - earlier <= DAY_MS for earlier, later in pairwise(mine))
    second_day = [at for _, at in calls if at >= begun + DAY_MS]
    assert len(set(second_day)) > 3
    busy.add(names[0])
    before = len(calls)
    for _ in range(3):
        await daily(stage.now.channels.channels[names[0]])
    assert len(calls) == before + 3


async def test_a_token_that_is_needed_soon_is_fetched_before_it_is(stage: Stage) -> None:
    await stage.consent("deep")
    made = tokens(stage)
    first = await made.youtube_token("deep")
    stage.clock.at += 40 * 60_000
    assert await made.youtube_token("deep") == first
    second = await made.youtube_token("deep", 15 * 60_000)
    assert second != first and await made.youtube_token("deep") == second


def test_what_is_kept_of_a_consent_may_be_nonsense() -> None:
    for odd in (None, [], {}, {"obtained": "x"}, {"obtained": 1, "tried": -5}, json.loads('{"tried": 1e400}')):
        assert consents.of(odd) is None
    one = consents.Consent(1, 2, True, 3, "abc")
    assert consents.of(one.plain()) == one
