"""What every simulated service shares: the account of billable calls, faults, latency and the request log.

A simulated service never prices a call from thin air: each billable answer is recorded with `Context.charge` *before*
the answer leaves, as a real service would, so that a lost answer still costs money.
"""

import asyncio
import fnmatch
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NewType

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Milliseconds = NewType("Milliseconds", int)

#: Everything a request log or an error may show of a header that carries a credential.
REDACTED = "(redacted)"
SECRET_HEADERS = {"authorization", "x-goog-api-key", "xi-api-key"}


@dataclass(frozen=True)
class Charge:
    """One billable call as the vendor's invoice would list it. `key` is the digest of what was asked for."""

    service: str
    kind: str
    key: str
    quantity: float
    unit: str
    usd: float
    at_ms: int
    detail: dict[str, Any] = field(default_factory=dict)


class Account:
    """The append-only list of billable calls, kept as JSON lines so that it outlives the simulated service's
    process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._charges = [Charge(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []

    def add(self, charge: Charge) -> None:
        self._charges.append(charge)
        with self._path.open("a") as out:
            out.write(json.dumps(asdict(charge)) + "\n")

    def charges(self, service: str | None = None) -> list[Charge]:
        return [charge for charge in self._charges if service in (None, charge.service)]

    def total_usd(self) -> float:
        return round(sum(charge.usd for charge in self._charges), 6)


@dataclass(frozen=True)
class Fault:
    """One switch of misbehavior.

    `endpoint` is a shell pattern over "METHOD /path". Kinds every service understands:
      status        answer `status` with `body` (text) and `headers`, before anything happens
      status_after  do the work (and charge for it), then answer `status`
      reset         close the connection before anything happens
      reset_after   do the work (and charge for it), then close the connection
      hang          wait `seconds`, then go on
      hold          wait until this fault is cleared (DELETE /faults, POST /reset), then go on
      malformed     do the work, answer 200 with text that is no JSON
      truncate      do the work, send half of the body and close
      drip          do the work, send the body in 16 pieces spread over `seconds`
    Any other kind is the service's own (its module lists them) and is taken with `Faults.take`.
    """

    service: str
    kind: str
    endpoint: str = "*"
    probability: float = 1.0
    times: int | None = None
    skip: int = 0
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


GENERAL_KINDS = ("status", "status_after", "reset", "reset_after", "hang", "hold", "malformed", "truncate", "drip")
#: how often a request that is held looks whether it may go on, seconds
HELD_LOOK_S = 0.02


class Faults:
    """The faults in force, in the order they were set; the first that matches and is due is taken."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._rules: list[Fault] = []

    def set(self, faults: Iterable[Fault]) -> None:
        self._rules = list(faults)

    def add(self, fault: Fault) -> None:
        self._rules.append(fault)

    def clear(self) -> None:
        self._rules.clear()

    def rules(self) -> list[Fault]:
        return list(self._rules)

    def holds(self, hold: Fault) -> bool:
        """Whether this fault, taken before, has not been cleared since."""
        return any(replace(rule, times=hold.times, skip=hold.skip) == hold for rule in self._rules)

    def take(self, service: str, endpoint: str, kinds: Iterable[str]) -> Fault | None:
        wanted = set(kinds)
        for at, rule in enumerate(self._rules):
            fits = rule.service in ("*", service) and rule.kind in wanted and fnmatch.fnmatch(endpoint, rule.endpoint)
            if not fits or rule.times == 0:
                continue
            if rule.skip > 0:
                self._rules[at] = replace(rule, skip=rule.skip - 1)
                continue
            if rule.probability < 1 and self._chance.random() >= rule.probability:
                continue
            if rule.times is not None:
                self._rules[at] = replace(rule, times=rule.times - 1)
            return rule
        return None


@dataclass(frozen=True)
class Options:
    """How the simulated services behave. Latencies are seconds a request of that service takes before its answer.

    `plain`: pictures, clips and sounds are the cheapest that pass for whole (`render.plain`). `fine`: they are for
    people to look at: clips move by parts of a pixel, and a neural voice speaks where one is installed.
    """

    latency_s: dict[str, float] = field(default_factory=dict)
    generation_s: float = 1.0  # how long KIE "renders" a clip before it is ready (its state walk is spread over it)
    clip_size: tuple[int, int] = (1920, 1080)
    seed: int = 7
    plain: bool = False
    #: what Notion takes per token: 180 on its Free and Plus plans, 600 on Business and Enterprise
    notion_per_minute: int = 180
    #: the largest file that Notion takes: 5 MiB on its Free plan
    notion_file_bytes: int = 5 << 30
    fine: bool = False


class Meter:
    """What a simulated service sees of its clients' haste: the most at once of each thing, and its own refusals for
    it."""

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()

    @contextmanager
    def one_more(self, what: str) -> Iterator[None]:
        self._now[what] += 1
        self.seen(what, self._now[what])
        try:
            yield
        finally:
            self._now[what] -= 1

    def clear(self) -> None:
        """Begin to count again."""
        self.most = Counter()
        self.throttled = Counter()

    def seen(self, what: str, at_once: int) -> None:
        self.most[what] = max(self.most[what], at_once)


class Context:
    """What one running sandbox shares between its services. `urls` maps a service name to its base address."""

    def __init__(self, root: Path, options: Options, now: Callable[[], float] = time.time) -> None:
        self.root = root
        self.options = options
        self.now = now
        self.chance = random.Random(options.seed)
        self.faults = Faults(self.chance)
        self.account = Account(root / "charges.jsonl")
        self.requests: list[dict[str, Any]] = []
        self.urls: dict[str, str] = {}
        self.meter = Meter()
        #: service -> what its admin address may set: (what, JSON object) -> what is so now; ValueError with a sentence
        self.switches: dict[str, Callable[[str, dict[str, Any]], object]] = {}
        root.mkdir(parents=True, exist_ok=True)

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def folder(self, service: str) -> Path:
        """The service's own folder for the files and state that must outlive its process."""
        path = self.root / service
        path.mkdir(parents=True, exist_ok=True)
        return path

    def charge(self, service: str, kind: str, key: str, quantity: float, unit: str, usd: float, **detail: Any) -> None:
        self.account.add(Charge(service, kind, key, quantity, unit, usd, self.now_ms(), detail))

    def load(self, service: str) -> dict[str, Any]:
        """The state that `save` kept, or an empty dict."""
        path = self.folder(service) / "state.json"
        loaded: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return loaded

    def save(self, service: str, state: dict[str, Any]) -> None:
        path = self.folder(service) / "state.json"
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(state))
        temporary.replace(path)

    def note(self, service: str, request: web.Request, status: int, began: float) -> None:
        headers = {k: REDACTED if k.lower() in SECRET_HEADERS else v for k, v in request.headers.items()}
        entry = {
            "service": service, "method": request.method, "path": request.path_qs, "status": status,
            "at_ms": int(began * 1000), "took_ms": round((self.now() - began) * 1000), "headers": headers,
        }  # fmt: skip
        self.requests.append(entry)
        del self.requests[:-20_000]


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _spoil(request: web.Request, answer: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    """Deliver the answer of finished (and charged) work in the broken way that `fault` asks for."""
    if fault.kind == "reset_after":
        _cut(request)
        return answer
    if fault.kind == "status_after":
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
    if fault.kind == "malformed":
        return web.Response(text='{"unfinished": [', content_type="application/json")
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    stream = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    if fault.kind == "drip":
        stream.content_length = len(body)
        await stream.prepare(request)
        step = max(1, len(body) // 16)
        for at in range(0, len(body), step):
            await stream.write(body[at : at + step])
            await asyncio.sleep(fault.seconds / 16)
        return stream
    stream.content_length = len(body)
    await stream.prepare(request)
    await stream.write(body[: len(body) // 2])
    _cut(request)
    return stream


def traffic(context: Context, service: str) -> Middleware:
    """The aiohttp middleware of every simulated service: latency, faults before and after the work, the request log."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        # the daemon's own looks (is the key good? is the model there?) are no work that a limit is for
        kind = "looks" if request.method in ("GET", "HEAD") else "requests"
        try:
            with context.meter.one_more(f"{service} {kind}"):
                answer = await serve(request, handler)
        except web.HTTPException as refused:
            context.meter.throttled[service] += refused.status == 429
            raise
        context.meter.throttled[service] += answer.status == 429
        return answer

    async def serve(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = context.now()
        endpoint = f"{request.method} {request.path}"
        await asyncio.sleep(context.options.latency_s.get(service, 0.0))
        before = context.faults.take(service, endpoint, ("status", "reset", "hang", "hold"))
        if before is not None and before.kind == "hang":
            await asyncio.sleep(before.seconds)
        elif before is not None and before.kind == "hold":
            while context.faults.holds(before):  # noqa: ASYNC110 - rules come and go in many ways
                await asyncio.sleep(HELD_LOOK_S)
        elif before is not None:
            context.note(service, request, before.status, began)
            if before.kind == "reset":
                _cut(request)
            return web.Response(status=before.status, text=before.body, headers=before.headers)
        try:
            answer = await handler(request)
        except web.HTTPException as refused:
            context.note(service, request, refused.status, began)
            raise
        context.note(service, request, answer.status, began)
        after = context.faults.take(service, endpoint, ("status_after", "reset_after", "malformed", "truncate", "drip"))
        return answer if after is None else await _spoil(request, answer, after)

    return middleware
