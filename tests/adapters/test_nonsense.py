"""Balances, checks at start and tokens: whatever a service answers, it is a value in range or no answer."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.test_oauth import KEY, grant
from tests.flow.board_double import BEGIN_MS, Clock, NotifierDouble
from tests.harness import databases
from tests.harness.answering import Answering, answering
from videod.adapters.credit import ServiceBalances
from videod.adapters.notifiers import Notifiers, Way
from videod.adapters.notifiers.email import Email, MailServer
from videod.adapters.notifiers.slack import BUSY_MOST_S, BUSY_S, Slack
from videod.adapters.oauth import USABLE_MS, Application, GoogleTokens, Grant, seal, unseal, vault
from videod.adapters.probe import Outside, probe
from videod.channels import ChannelSet
from videod.config import Settings
from videod.core.alerts import Note
from videod.core.service import Check
from videod.core.services import SERVICES
from videod.credentials import SERVICE_URLS, Secrets
from videod.ledger import Ledger, Wakeups
from videod.ports import BoardError, NoAnswer, TokenError
from videod.store import reads
from videod.store.database import InlineDatabase

NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "1e30", "9" * 400, "-1", '"inf"', "true", "null", "[]", "{}"]
DEEP = "[" * 100_000


@pytest.fixture
async def service() -> AsyncIterator[Answering]:
    async with answering() as made:
        yield made


def balances(service: Answering) -> ServiceBalances:
    return ServiceBalances(dict.fromkeys(SERVICE_URLS, service.url), lambda name: "key")


@pytest.mark.fault("13.3")
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    ("name", "body"), [("kie", '{"code": 200, "data": %s}'), ("elevenlabs", '{"character_count": %s}')]
)
async def test_a_nonsense_balance_is_no_answer(service: Answering, name: str, body: str, number: str) -> None:
    service.body = body.replace("%s", number).encode()
    with pytest.raises(NoAnswer):
        await balances(service).used(name)


@pytest.mark.fault("13.3")
@pytest.mark.parametrize(
    "body", [DEEP, '{"code": 200, "data": ' + DEEP, "", "[1]", "\xff", '{"code": 1e999}', '{"code": [["x"]]}']
)
@pytest.mark.parametrize("name", ["kie", "elevenlabs"])
async def test_an_unreadable_balance_is_no_answer(service: Answering, name: str, body: str) -> None:
    service.body = body.encode("latin-1")
    with pytest.raises(NoAnswer):
        await balances(service).used(name)


async def test_a_balance_in_range_is_read(service: Answering) -> None:
    service.body = b'{"code": 200, "data": 84.5, "character_count": 12}'
    assert await balances(service).used("kie") == -84_500
    assert await balances(service).used("elevenlabs") == 12_000


@pytest.mark.fault("13.3")
@pytest.mark.parametrize("number", [*NUMBERS, "12", "1795963200", "1e14"])
async def test_a_nonsense_end_of_an_order_is_no_end(service: Answering, number: str) -> None:
    service.body = f'{{"code": 200, "data": {{"state": "fail", "completeTime": {number}}}}}'.encode()
    found = await balances(service).remote("kie", "odd/..")
    assert found.failed and found.ended_at is None


@pytest.mark.fault("1.4", "13.3")
@pytest.mark.parametrize("status", [200, 302, 404, 429, 500])
@pytest.mark.parametrize("body", [*(f'{{"code": 200, "data": {number}}}' for number in NUMBERS), DEEP, "[]", "\xff"])
async def test_the_check_at_start_ends_whatever_is_answered(service: Answering, body: str, status: int) -> None:
    service.body, service.status, service.headers = body.encode("latin-1"), status, {"Location": service.url}
    urls = dict.fromkeys(SERVICE_URLS, service.url)
    look = await probe(Outside(Settings(), ChannelSet({}), Secrets({}), urls))
    assert look.unknown and not look.found, "nonsense is no verdict"


async def test_an_answer_that_the_check_cannot_read_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    kie = SERVICES["kie"]
    assert kie.balance is not None
    question = kie.balance.question
    monkeypatch.setattr(
        "videod.adapters.probe.SERVICES", {"kie": replace(kie, probe=lambda at: (Check(question, broken),))}
    )
    async with answering() as service:
        urls = dict.fromkeys(SERVICE_URLS, service.url)
        look = await probe(Outside(Settings(), ChannelSet({}), Secrets({}), urls))
    assert (look.found, look.unknown) == ((), {"kie:key"})


async def _tokens(folder: Path, url: str, given: Grant | None = None) -> tuple[GoogleTokens, Clock]:
    store, clock = databases.opened(folder / "videod.db"), Clock(BEGIN_MS)
    ledger = Ledger(store, lambda channel: None, Wakeups())
    if given is not None:
        await ledger.seal_token("wild", "youtube", seal(given, vault(KEY)), BEGIN_MS)
    return GoogleTokens(
        store, ledger, clock, vault(KEY), lambda _: Application("id", "secret", url), folder / "tokens"
    ), clock


@pytest.mark.fault("13.3")
@pytest.mark.parametrize("lifetime", [*NUMBERS, "86401"])
async def test_a_nonsense_lifetime_is_the_usual_one(service: Answering, tmp_path: Path, lifetime: str) -> None:
    service.body = f'{{"access_token": "ya29.x", "expires_in": {lifetime}}}'.encode()
    tokens, clock = await _tokens(tmp_path, service.url, grant())
    for _ in range(2):
        assert await tokens.youtube_token("wild") == "ya29.x"
    assert service.asked == 1
    clock.pass_s(USABLE_MS / 1000)
    await tokens.youtube_token("wild")
    assert service.asked == 2


@pytest.mark.parametrize(
    "token", ['"a\\nb"', '"\\u0000"', '"\\ud800"', '"' + "x" * 5_000 + '"', "1", "null", '""', '"é"']
)
async def test_a_token_that_no_header_can_carry_is_a_failure_of_the_token_service(
    service: Answering, tmp_path: Path, token: str
) -> None:
    service.body = f'{{"access_token": {token}, "expires_in": 3600}}'.encode()
    tokens, _ = await _tokens(tmp_path, service.url, grant())
    with pytest.raises(TokenError) as failed:
        await tokens.youtube_token("wild")
    assert not failed.value.permanent


@pytest.mark.fault("13.3")
@pytest.mark.parametrize(
    "at", ["", "soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1600-01-01", "x" * 999]
)
def test_a_grant_of_no_time_is_the_oldest(at: str) -> None:
    assert grant(at=at).obtained_ms in (0, 253402351199000)


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("sealed", ["", "x", DEEP, "[]", '"text"', "{}", '{"channel": NaN}', "\ud800"])
def test_a_sealed_grant_of_any_content_is_that_or_damaged(sealed: str) -> None:
    for text in (sealed, vault(KEY).encrypt(sealed.encode("utf-8", "replace")).decode()):
        with pytest.raises(ValueError, match="damaged"):
            unseal(text, "wild", vault(KEY))


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("kind", ["folder", "fifo", "link", "huge", "latin1", "nothing"])
async def test_a_token_file_that_is_no_file_is_said(service: Answering, tmp_path: Path, kind: str) -> None:
    tokens, _ = await _tokens(tmp_path, service.url)
    path = tmp_path / "tokens" / "wild.token"
    path.parent.mkdir()
    odd(path, kind)
    with pytest.raises(TokenError, match="videod channels authorize wild") as failed:
        await tokens.youtube_token("wild")
    assert ("not authorized yet" in str(failed.value)) == (kind == "nothing")


def odd(path: Path, kind: str) -> None:
    """Something that is no ordinary file at `path`."""
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(path)
    elif kind == "huge":
        path.touch()
        with path.open("r+b") as made:
            made.truncate(300 << 30)
    elif kind == "latin1":
        path.write_bytes(b"\xe9\xff")


async def test_books_with_nonsense_facts_do_not_end_a_start(tmp_path: Path) -> None:
    _, _ = await _tokens(tmp_path, "")
    store = InlineDatabase(tmp_path / "videod.db")
    ledger = Ledger(store, lambda channel: None, Wakeups())
    for value in ("soon", "9" * 400, "-5", "NaN", DEEP, "[1]", ""):
        await ledger.set_value("odd", value)
        assert await store.read(lambda tx: reads.value_ms(tx, "odd")) is None
        await store.read(lambda tx: reads.value_json(tx, "odd"))
    await store.close()


@pytest.mark.fault("1.4", "13.13")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("inf", BUSY_S), ("99999999999999999999", BUSY_S), ("1e400", BUSY_S), ("-1", BUSY_S), ("", BUSY_S), ("7", 7.0),
     ("86400", BUSY_MOST_S), ("Fri, 31 Dec 2100 00:00:00 GMT", BUSY_S), ("Sat, 01 Jan 2000 00:00:00 GMT", 0.0)],
)  # fmt: skip
async def test_an_alert_waits_minutes_at_most(service: Answering, header: str, seconds: float) -> None:
    service.status, service.headers = 429, {"Retry-After": header}
    with pytest.raises(BoardError) as busy:
        await Slack(service.url).send(Note("half a pair \ud800"))
    assert (busy.value.kind, busy.value.retry_after_s) == ("busy", seconds)


async def test_a_way_that_breaks_is_one_way_less() -> None:
    class Broken:
        async def send(self, note: Note) -> str:
            raise ZeroDivisionError

        async def check(self) -> str:
            raise ZeroDivisionError

    good = NotifierDouble()
    await Notifiers([Way("a", Broken()), Way("b", good)]).send(Note("trouble"))
    with pytest.raises(BoardError) as down:
        await Notifiers([Way("a", Broken())]).send(Note("trouble"))
    assert down.value.kind == "down"


@pytest.mark.parametrize("sender", ["a\nb", "", "\ud800", "x" * 9_000, "@", "a@b <", "é@ü"])
async def test_mail_that_cannot_be_written_is_a_failure_of_that_way(sender: str) -> None:
    server = MailServer("127.0.0.1", 1, sender, ("you@example.org\r\nBcc: all",))
    with pytest.raises(BoardError):
        await Email(server).send(Note("\ud800 \x00 text"))
