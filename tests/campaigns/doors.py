"""Seeded nonsense at every door in process: events of scripts, receipts, balances, tokens, alerts, files, requests.

Each call gives one door one piece of nonsense. What leaves it is a value that is finite and in range, or one of the
exceptions that the door documents; anything else is an escape.

python -m tests.campaigns.doors --calls 20000 --seed 1
"""

import argparse
import asyncio
import json
import logging
import math
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.fernet import Fernet

from scripts.lib import answers, elevenlabs, gemini, http, kie, plan_answers, receipt, upload_session, wires, youtube
from scripts.lib import bounds as theirs
from scripts.lib.failures import Failure as ScriptFailure
from tests.campaigns.frame import Campaign, Result, main
from tests.flow.board_double import Clock
from tests.harness import nonsense
from tests.harness.answering import Answering, answering
from tests.harness.listening import NOW_MS, Said, in_range, listen
from tests.harness.scripts import plan_document
from videod.adapters.credit import ServiceBalances
from videod.adapters.decode import Undecodable
from videod.adapters.inspector import _document
from videod.adapters.notifiers.email import Email, MailServer
from videod.adapters.notifiers.slack import Slack
from videod.adapters.oauth import Application, GoogleTokens, Grant, seal, unseal, vault
from videod.adapters.probe import Outside, probe
from videod.channels import ChannelError, ChannelSet, load_channels
from videod.config import ConfigError, Settings, load_settings
from videod.core import bounds
from videod.core.alerts import Note
from videod.core.moments import iso
from videod.core.plan import PlanError, parse
from videod.core.tables import STEPS
from videod.credentials import SERVICE_URLS, CredentialsError, Secrets, load_secrets, service_urls
from videod.documents import state_folder
from videod.guard.errors import Refused
from videod.ledger import Ledger, Wakeups
from videod.ports import BoardError, NoAnswer, TokenError
from videod.receipts import read as receipt_beside
from videod.store import reads
from videod.store.database import InlineDatabase
from videod.store.rows import _names, _object, failure_of
from videod.store.schema import migrate
from videod.web.entries import ENTRY
from videod.web.requests import ROOMS
from videod.web.values import of_body

KEY = Fernet.generate_key().decode()
EVENTS = {
    "submitted": ("remote_id", "service"), "charged": ("service", "kind", "quantity", "unit", "usd", "remote_id"),
    "failure": ("kind", "message", "service", "endpoint", "http_status", "code", "request_id", "retry_after_s"),
    "result": ("output", "bytes", "sha256", "video_id", "url", "duration_s"), "progress": ("done", "message", "name"),
}  # fmt: skip


@dataclass
class Site:
    """What the doors stand in."""

    folder: Path
    service: Answering
    store: InlineDatabase
    ledger: Ledger
    clock: Clock

    @property
    def urls(self) -> dict[str, str]:
        return dict.fromkeys(SERVICE_URLS, self.service.url)

    def answer(self, chance: random.Random, names: tuple[str, ...], known: Mapping[str, str] | None = None) -> None:
        """Lay out the next answer of the service."""
        self.service.body = nonsense.document(chance, names, dict(known or {}))
        self.service.status = chance.choice((200, 200, 200, 200, 201, 302, 400, 401, 404, 429, 500, 503))
        wait = chance.choice(nonsense.TEXTS[:26]).replace("\n", "")
        self.service.headers = {"Retry-After": wait} if wait.isascii() and wait.isprintable() else {}


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    migrate(folder / "videod.db")
    store = InlineDatabase(folder / "videod.db")
    async with answering() as service:
        yield Site(folder, service, store, Ledger(store, lambda channel: None, Wakeups()), Clock(NOW_MS))
    await store.close()


def sound(found: object, least: float = -1e300, most: float = 1e300) -> None:
    """Raises AssertionError unless `found` can be stored, shown and added up."""
    if isinstance(found, float | int) and not isinstance(found, bool):
        assert math.isfinite(found) and least <= found <= most, found
    json.dumps(found, allow_nan=False, ensure_ascii=False, default=str).encode()


Door = Callable[[Site, random.Random], Awaitable[None]]


async def events_of_scripts(at: Site, chance: random.Random) -> None:
    kind = chance.choice(tuple(EVENTS))
    known = {"type": f'"{kind}"', "usd": "0.42", "kind": '"busy"', "unit": '"credit"', "remote_id": '"t1"'}
    line = nonsense.document(chance, ("type", *EVENTS[kind]), known).decode("utf-8", "replace")
    step = chance.choice(tuple(STEPS))
    pencil, report, listener = await listen(line.splitlines() or [""], step)
    assert all(in_range(event) for event in pencil.events), pencil.events
    assert STEPS[step].paid or not any(charge.micros for charge in pencil.charges)
    sound(report.result)
    failure = listener.why(STEPS[step], Said([], "\ud800 tail"), 1, report)  # type: ignore[arg-type]
    assert failure.retry_after_ms is None or 0 <= failure.retry_after_ms <= 86_400_000
    sound(vars(failure))


async def receipts(at: Site, chance: random.Random) -> None:
    output = at.folder / "out.mp4"
    path = output.with_name("out.mp4.job.json")
    path.write_bytes(nonsense.document(chance, ("version", "digest", "service", "state", "remote_id", "at", "usd"), {
        "version": "1", "digest": '"d"', "service": '"kie"', "state": '"intent"', "at": '"2026-11-29T14:41:00+00:00"',
    }))  # fmt: skip
    found = receipt_beside(output)
    sound(vars(found) if found else None)
    try:
        kept = receipt.read(output)
    except ScriptFailure:
        return
    assert kept is None or kept.usd is None or 0 <= kept.usd <= 10_000
    receipt._answered(path, kept, None) if kept else None
    session = at.folder / "session.json"
    session.write_bytes(path.read_bytes())
    upload_session.open_journal(session, "s", "m", 1)
    plan_answers._read(path)


async def balances(at: Site, chance: random.Random) -> None:
    at.answer(chance, ("code", "data", "character_count", "state"), {"code": "200"})
    balances = ServiceBalances(at.urls, lambda name: "key")
    name = chance.choice(balances.services)
    try:
        sound(await balances.used(name), -(10**12), 10**12)
        at.service.body = b'{"code": 200, "data": ' + nonsense.document(
            chance, ("state", "completeTime"), {"state": '"fail"'}) + b"}"  # fmt: skip
        ended = (await balances.remote("kie", "t1")).ended_at
        assert ended is None or 10**12 <= ended <= 10**13
    except NoAnswer as silent:
        assert len(str(silent)) < 300


async def check_at_start(at: Site, chance: random.Random) -> None:
    at.answer(chance, ("code", "data", "name", "error"), {"code": "200"})
    for problem in (await probe(Outside(Settings(), ChannelSet({}), Secrets({}), at.urls))).found:
        assert len(problem.text) < 500
        problem.text.encode()


async def tokens(at: Site, chance: random.Random) -> None:
    channel = f"c{chance.randrange(10**9)}"
    grant = Grant(channel, "youtube", "refresh", ("scope",), chance.choice(nonsense.TEXTS))
    sound(grant.obtained_ms, 0, 10**15)
    await at.ledger.seal_token(channel, "youtube", seal(grant, vault(KEY)), NOW_MS)
    at.answer(chance, ("access_token", "expires_in", "error"), {"access_token": '"ya29.x"', "expires_in": "3599"})
    try:
        made = GoogleTokens(
            at.store, at.ledger, at.clock, vault(KEY), lambda _: Application("i", "s", at.service.url), at.folder
        )
        token = await made.youtube_token(channel)
        assert token.isascii() and token.isprintable()
        known = made._access[channel]
        assert 0 <= known.until_ms - known.since_ms <= 50 * 60_000
    except TokenError as failed:
        assert len(str(failed)) < 500
    try:
        unseal(vault(KEY).encrypt(nonsense.document(chance, ("channel", "kind", "refresh_token", "scopes"), {
            "channel": '"x"', "kind": '"youtube"'})).decode(), "x", vault(KEY))  # fmt: skip
    except ValueError:
        return


async def alerts(at: Site, chance: random.Random) -> None:
    at.answer(chance, ("ok",))
    text = chance.choice(nonsense.TEXTS)
    try:
        await Slack(at.service.url).send(Note(text))
    except BoardError as refused:
        wait = refused.retry_after_s
        assert wait is None or 0 <= wait <= 900, wait
    try:
        Email(MailServer("localhost", 25, "a@example.org", ("b@example.org",)))._message(Note(text)).as_bytes()
    except BoardError:
        return


async def documents(at: Site, chance: random.Random) -> None:
    path = at.folder / "result.json"
    path.write_bytes(nonsense.document(chance, ("video_id", "url", "size", "title"), {"video_id": '"v1"'}))
    try:
        sound(_document(path))
    except Undecodable:
        return


async def plans(at: Site, chance: random.Random) -> None:
    plan = plan_document(2, 3, "The Crossing")
    place: object = plan
    for _ in range(chance.randrange(1, 5)):
        inner: list[tuple[object, object]] = list(place.items()) if isinstance(place, dict) else []
        inner += enumerate(place) if isinstance(place, list) else ()
        if not inner:
            break
        key, below = chance.choice(inner)
        if chance.random() < 0.4 or not isinstance(below, dict | list):
            try:
                place[key] = json.loads(nonsense.value(chance))  # type: ignore[index,call-overload]
            except (ValueError, RecursionError):
                place[key] = None  # type: ignore[index,call-overload]
            break
        place = below
    try:
        sound(vars(parse(plan)))
    except PlanError as refused:
        assert refused.faults


async def settings(at: Site, chance: random.Random) -> None:
    path = at.folder / "fuzz.toml"
    section, key = chance.choice((("paths", "state"), ("paths", "ffmpeg"), ("daemon", "http_port"), ("prices", "clip"),
        ("retry", "waits_min"), ("services.kie", "rate"), ("services.gemini", "quota_zone"), ("scripts", "clip"),
        ("alerts", "email_to"), ("odd", "odd")))  # fmt: skip
    path.write_bytes(f"[{section}]\n{key} = {nonsense.value(chance)}\n".encode("utf-8", "surrogatepass"))
    env = {chance.choice(("VIDEOD_PATHS_STATE", "VIDEOD_SERVICES_KIE_RATE", "VIDEOD_LIMITS_MIN_FREE_MB", "VIDEOD_ODD")):
           chance.choice(nonsense.TEXTS)} if chance.random() < 0.5 else {}  # fmt: skip
    try:
        found = load_settings(path, env)
        sound(found.prices.clip, 0, 10_000)
        assert all(0 < wait <= 10_080 for wait in found.retry.waits_min)
    except ConfigError as refused:
        assert str(path) in str(refused) or "environment" in str(refused)
    state_folder(path, env)


async def channel_files(at: Site, chance: random.Random) -> None:
    folder = at.folder / "channels"
    folder.mkdir(exist_ok=True)
    good = 'name: Wild\nyoutube_channel: UCabc\nvoice_id: voice\nbrand: "Wild animals in their own calm world."\n'
    key = chance.choice(("intro", "name", "clips", "daily_budget_usd", "tags", "gates", "voice", "odd", "language"))
    line = f"{key}: {nonsense.value(chance) if chance.random() < 0.7 else chance.choice(nonsense.TEXTS)}\n"
    (folder / "wild.yaml").write_bytes((good + line).encode("utf-8", "surrogatepass"))
    try:
        found = load_channels(folder).channels["wild"]
        sound(found.daily_budget_usd, 0, 10_000)
        sound(found.model_dump(mode="python"))
    except ChannelError as refused:
        str(refused).encode("utf-8", "replace")


async def environment(at: Site, chance: random.Random) -> None:
    words = [chance.choice(nonsense.TEXTS) for _ in range(3)]
    try:
        secrets = load_secrets({"KIE_API_KEY": words[0], "SLACK_WEBHOOK_URL": words[1]})
        secrets.redact(words[2])
        service_urls({"VIDEOD_URL_KIE": words[2]})
    except CredentialsError:
        return


async def rows(at: Site, chance: random.Random) -> None:
    text = nonsense.document(chance, ("kind", "message", "retry_after_ms", "service"), {
        "kind": '"busy"', "message": '"later"'}).decode("utf-8", "replace")  # fmt: skip
    found = failure_of(text)
    assert found is not None and (found.retry_after_ms is None or 0 <= found.retry_after_ms <= 86_400_000)
    for read in (_object, _names):
        try:
            read(text)
        except ValueError:
            continue  # the table's own CHECK lets no such text in
    await at.ledger.set_value("odd", text.replace("\0", ""))
    assert (await at.store.read(lambda tx: reads.value_ms(tx, "odd")) or 0) >= 0
    await at.store.read(lambda tx: reads.value_json(tx, "odd"))
    iso(chance.choice((-1, 0, NOW_MS, 2**62, 10**15)))


async def requests(at: Site, chance: random.Random) -> None:
    try:
        names = ("gate", "jobs", "reason", "channel", "title", "priority", "draft")
        body = bounds.loads(nonsense.document(chance, names, {"gate": '"assets"'}))
    except ValueError:
        return
    if not isinstance(body, dict):
        return
    for fields in (ENTRY, *(wish.fields for wishes in ROOMS.values() for wish in wishes.values())):
        try:
            # one field for which there is a place is enough to be read
            sound(of_body({name: value for name, value in body.items() if name in fields}, fields))
        except Refused as refused:
            assert refused.hint


async def answers_to_scripts(at: Site, chance: random.Random) -> None:
    names = ("code", "data", "msg", "error", "detail", "usageMetadata", "candidates", "items", "id", "access_token")
    body = nonsense.document(chance, names, {"code": "200"})
    headers = {"retry-after": chance.choice(nonsense.TEXTS), "request-id": chance.choice(nonsense.TEXTS)}
    reply = http.Reply("kie", "GET", chance.choice((200, 302, 400, 401, 404, 429, 500, 503, 529)), headers, body)
    wait = reply.retry_after_s()
    assert wait is None or 0 <= wait <= 86_400
    service = http.Service("elevenlabs", "http://127.0.0.1:1", {})
    for read in (
        lambda: kie.opened(reply), lambda: gemini._read(reply), lambda: youtube.failure_of(reply), reply.json,
        *(partial(wires.failure, name, reply) for name in wires.table()),
        lambda: elevenlabs._failure(service, reply) if reply.status not in (401, 402) else None,
    ):  # fmt: skip
        try:
            found = read()
        except ScriptFailure as failure:
            found = failure
        if isinstance(found, ScriptFailure):
            sound(found.event())
            assert found.retry_after_s is None or 0 <= found.retry_after_s <= 86_400


async def parsers(at: Site, chance: random.Random) -> None:
    try:
        value: object = bounds.loads(nonsense.value(chance).encode("utf-8", "surrogatepass"))
    except ValueError:
        value = chance.choice(nonsense.TEXTS)
    for one in (bounds, theirs):
        wait = one.wait_s(value, NOW_MS)
        assert wait is None or 0 <= wait <= 86_400
        sound(one.number(value, 0, 1e9), 0, 1e9)
        sound(one.whole(value), 0, 2**53)
        sound(one.text(value, 40))
    sound(bounds.micros(value), 0, 10**10)
    sound(bounds.scalars(value))
    bounds.moment_ms(value), theirs.moment(value), answers.word(value)  # type: ignore[arg-type]


#: door -> of 100 calls, how many
DOORS: dict[Door, int] = {
    events_of_scripts: 25, receipts: 8, balances: 6, check_at_start: 2, tokens: 5, alerts: 4, documents: 6, plans: 8,
    settings: 5, channel_files: 5, environment: 4, rows: 6, requests: 4, answers_to_scripts: 8, parsers: 4,
}  # fmt: skip


async def knock(folder: Path, calls: int, seed: int) -> Counter[str]:
    """`calls` calls, each with a seed of its own; door -> calls. Raises AssertionError naming every kind of escape."""
    counted: Counter[str] = Counter()
    escapes: dict[str, str] = {}
    chance = random.Random(seed)
    doors = chance.choices(list(DOORS), list(DOORS.values()), k=calls)
    async with site(folder) as at:
        for number, door in enumerate(doors):
            counted[door.__name__] += 1
            try:
                await door(at, random.Random(f"{seed} {number}"))
            except Exception as escape:  # whatever leaves a door that its text does not name
                key = f"{door.__name__}: {type(escape).__name__}"
                escapes.setdefault(key, f"{key} {str(escape)[:300]} (call {number})")
    assert not escapes, "; ".join(escapes.values())
    return counted


def campaign(folder: Path, calls: int, seed: int) -> Result:
    began = time.monotonic()
    logging.disable(logging.CRITICAL)
    try:
        counted = asyncio.run(knock(folder, calls, seed))
    finally:
        logging.disable(logging.NOTSET)
    took = time.monotonic() - began
    least = min(counted.values())
    return {"calls": calls, "escapes": 0, "doors": len(counted), "least_of_a_door": least, "per_s": round(calls / took)}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--calls", type=int, default=20_000, help="default 20,000")


def _run(folder: Path, given: argparse.Namespace) -> Result:
    return campaign(Path(tempfile.mkdtemp(dir=folder)), given.calls, given.seed)


CAMPAIGN = Campaign(
    "doors", "nonsense at every door where something of others enters: nothing escapes, all that passes is in range",
    _options, _run,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
