"""The sandbox's own address: health, the account of charges, the request log, and the switches of misbehavior."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from aiohttp import web

from videod.guard.requests import Unwelcome, json_body
from videod.sandbox.kernel import GENERAL_KINDS, Context, Fault, Handler

FAULTS_FILE = "faults.json"
WATCH_S = 0.5
#: the longest wait that a fault or a latency may be, seconds
LONGEST_S = 10_000_000.0
_log = logging.getLogger(__name__)
#: Service name to the fault kinds it knows beside the general ones; None where the simulated service lists none.
Kinds = Mapping[str, tuple[str, ...] | None]


class BadFault(ValueError):
    """A fault that makes no sense; the text names the field and what it may hold."""


def fault_from(given: object, kinds: Kinds) -> Fault:
    """The fault that a JSON object describes. Raises BadFault."""
    if not isinstance(given, dict):
        raise BadFault(f"a fault is an object such as {{'service': 'kie', 'kind': 'reset'}}, not {given!r}")
    known = {field.name for field in fields(Fault)}
    if unknown := sorted(set(given) - known):
        raise BadFault(f"unknown field {unknown[0]!r}. There are {', '.join(sorted(known))}")
    if missing := [name for name in ("service", "kind") if name not in given]:
        raise BadFault(f"the field {missing[0]!r} is missing")
    service, kind = given["service"], given["kind"]
    if service != "*" and service not in kinds:
        raise BadFault(f"unknown service {service!r}. There are {', '.join(sorted(kinds))} and *")
    own = kinds.get(service) if service != "*" else None
    if not isinstance(kind, str) or (own is not None and kind not in (*GENERAL_KINDS, *own)):
        raise BadFault(f"{service} knows no fault {kind!r}. It knows {', '.join((*GENERAL_KINDS, *(own or ())))}")
    for name, (types, fits, rule) in _RULES.items():
        if name in given:
            value = given[name]
            if isinstance(value, bool) or not isinstance(value, types) or not fits(value):
                raise BadFault(f"{name} must be {rule}, not {value!r}")
    return Fault(**given)


def _are_headers(value: dict[Any, Any]) -> bool:
    return all(isinstance(name, str) and isinstance(text, str) for name, text in value.items())


_RULES: dict[str, tuple[Any, Any, str]] = {
    "endpoint": (str, bool, 'a pattern over "METHOD /path"'),
    "probability": ((int, float), lambda value: 0 <= value <= 1, "a number from 0 to 1"),
    "times": ((int, type(None)), lambda value: value is None or value >= 0, "a whole number or null"),
    "skip": (int, lambda value: value >= 0, "a whole number"),
    "status": (int, lambda value: 100 <= value <= 599, "an HTTP status"),
    "body": (str, lambda _: True, "a text"),
    "headers": (dict, _are_headers, "an object of texts"),
    "seconds": ((int, float), lambda value: 0 <= value <= LONGEST_S, "a number of seconds up to 10,000,000"),
}


def read_faults(path: Path, kinds: Kinds) -> list[Fault]:
    """The faults of a JSON list in a file. Raises BadFault."""
    try:
        given = json.loads(path.read_text())
    except ValueError as problem:
        raise BadFault(f"{path}: {problem}") from None
    if not isinstance(given, list):
        raise BadFault(f"{path}: a list of faults is expected")
    return [fault_from(item, kinds) for item in given]


class FaultsFile:
    """Keeps the faults in force equal to `root/faults.json` whenever that file changes (or goes away)."""

    def __init__(self, context: Context, kinds: Kinds) -> None:
        self._context = context
        self._kinds = kinds
        self._path = context.root / FAULTS_FILE
        self._seen: int | None = None

    def look(self) -> None:
        """Take over a change, if there is one. Raises BadFault and leaves the faults as they are."""
        stamp = self._path.stat().st_mtime_ns if self._path.exists() else None
        if stamp == self._seen:
            return
        self._seen = stamp
        self._context.faults.set(read_faults(self._path, self._kinds) if stamp is not None else [])

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                self.look()
            except (BadFault, OSError) as problem:
                _log.warning("faults unchanged: %s", problem)


class Admin:
    def __init__(self, context: Context, kinds: Kinds) -> None:
        self._context = context
        self._kinds = kinds
        self._began_ms = context.now_ms()

    async def health(self, _: web.Request) -> web.Response:
        up_s = (self._context.now_ms() - self._began_ms) / 1000
        return web.json_response({"ok": True, "pid": os.getpid(), "up_s": up_s, "services": sorted(self._context.urls)})

    async def urls(self, _: web.Request) -> web.Response:
        return web.json_response(self._context.urls)

    async def charges(self, request: web.Request) -> web.Response:
        charges = self._context.account.charges(request.query.get("service"))
        total = round(sum(charge.usd for charge in charges), 6)
        return web.json_response({"charges": [asdict(charge) for charge in charges], "total_usd": total})

    async def requests(self, request: web.Request) -> web.Response:
        service, last = request.query.get("service"), max(0, int(request.query.get("last", "1000")))
        entries = [entry for entry in self._context.requests if service in (None, entry["service"])]
        return web.json_response({"requests": entries[-last:] if last else []})

    async def load(self, _: web.Request) -> web.Response:
        """The most at once of each thing, the refusals for haste, and the most requests within any second."""
        meter = self._context.meter
        by_service: dict[str, list[int]] = {}
        for entry in self._context.requests:
            by_service.setdefault(entry["service"], []).append(entry["at_ms"])
        busiest = {service: most_within(sorted(times), 1000) for service, times in by_service.items()}
        throttled = {service: count for service, count in meter.throttled.items() if count}
        return web.json_response({"most_at_once": meter.most, "throttled": throttled, "most_in_a_second": busiest})

    async def clear_load(self, request: web.Request) -> web.Response:
        self._context.meter.clear()
        return await self.load(request)

    async def faults(self, _: web.Request) -> web.Response:
        return web.json_response({"faults": [asdict(fault) for fault in self._context.faults.rules()]})

    async def add_faults(self, request: web.Request) -> web.Response:
        given = await json_body(request)
        added = [fault_from(item, self._kinds) for item in (given if isinstance(given, list) else [given])]
        for fault in added:
            self._context.faults.add(fault)
        return await self.faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        service = request.query.get("service")
        kept = [fault for fault in self._context.faults.rules() if service not in (None, fault.service)]
        self._context.faults.set(kept)
        return await self.faults(request)

    async def set(self, request: web.Request) -> web.Response:
        """PUT /set/SERVICE/WHAT with a JSON object: what that service lets be set (its module lists it)."""
        switch = self._context.switches.get(request.match_info["service"])
        if switch is None:
            raise ValueError(f"only {', '.join(sorted(self._context.switches)) or 'nothing'} can be set")
        given = await json_body(request)
        if not isinstance(given, dict):
            raise ValueError("an object is expected")
        return web.json_response(switch(request.match_info["what"], given))

    async def latency(self, _: web.Request) -> web.Response:
        return web.json_response(self._context.options.latency_s)

    async def set_latency(self, request: web.Request) -> web.Response:
        given = await json_body(request)
        if not isinstance(given, dict):
            raise ValueError("an object of seconds by service is expected")
        for service, seconds in given.items():
            if service not in self._kinds:
                raise ValueError(f"unknown service {service!r}. There are {', '.join(sorted(self._kinds))}")
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_S:
                raise ValueError(f"{service} must be a number of seconds, not {seconds!r}")
        self._context.options.latency_s.update(given)
        return await self.latency(request)


def most_within(times_ms: list[int], span_ms: int) -> int:
    """The most of the sorted times that lie within any span of this length."""
    most, first = 0, 0
    for last, at in enumerate(times_ms):
        while at - times_ms[first] >= span_ms:
            first += 1
        most = max(most, last - first + 1)
    return most


@web.middleware
async def _complaints(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if request.can_read_body:
            await json_body(request)  # whatever is asked for: a page elsewhere could send text unasked
        return await handler(request)
    except Unwelcome as refused:
        return web.Response(status=refused.status, text=f"{refused}. {refused.hint}")
    except ValueError as problem:  # BadFault, broken JSON, a query that is no number
        return web.Response(status=400, text=str(problem))


def build(context: Context, kinds: Kinds) -> web.Application:
    """The admin app. A request that makes no sense is answered with 400 and one sentence of plain text."""
    admin = Admin(context, kinds)
    app = web.Application(middlewares=[_complaints])
    app.add_routes(
        [
            web.get("/health", admin.health), web.get("/urls", admin.urls), web.get("/charges", admin.charges),
            web.get("/requests", admin.requests), web.get("/load", admin.load),
            web.delete("/load", admin.clear_load), web.get("/faults", admin.faults),
            web.post("/faults", admin.add_faults), web.delete("/faults", admin.clear_faults),
            web.post("/reset", admin.clear_faults), web.get("/latency", admin.latency),
            web.post("/latency", admin.set_latency), web.put("/set/{service}/{what:.+}", admin.set),
        ]
    )  # fmt: skip
    return app
