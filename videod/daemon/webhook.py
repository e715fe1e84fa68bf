"""Notion's webhook in the daemon: listens, wakes the intake, keeps what must outlive the process.

It is a short cut and nothing more. Where its port is taken, its listener is flooded or nothing arrives, the board is
asked every `poll_interval_s` as ever; however much arrives, it is asked at most so often as the two bells say, and at
the pace that Notion allows.
"""

import asyncio
import json
import logging
import socket
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from videod.config import Webhook as Settings
from videod.core import deliveries, webhook
from videod.core.deliveries import Delivery, Seen
from videod.core.webhook import Report
from videod.guard import descriptors
from videod.guard.connections import Limits, Listener
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store
from videod.web import handshake
from videod.web.webhook import Tally, Webhook, build_app

log = logging.getLogger(__name__)

#: connections at once: a thirty-second part of the descriptors at most
MOST, PARTS = 128, 32
#: the head of a request, its body, and taking our answer may take so long, seconds
LIMITS = Limits(head_s=5.0, body_s=5.0, answer_s=5.0)
#: requests in work get so long when videod stops, seconds
CLOSE_S = 0.2
#: an address that cannot be opened is tried again after so long, seconds
AGAIN_S = 30.0
#: what came is written down so often, seconds, and once more at the end, within so many
KEEP_S, LAST_S = 2.0, 1.0
#: the newest edits are looked at after a person's change, all edits after any change: at most so often, seconds
SOON_S, ALL_S = 1.0, 10.0
#: connections that never became a request: what the listener counted -> as people read it
_UNASKED = {"timed_out": "too slow", "crowded_out": "too many at once", "refused": "too many at once"}


class Bell:
    """Rings at once, and then at most every `every_s` seconds; what is asked for meanwhile is one ring after that."""

    def __init__(self, ring: Callable[[], None], every_s: float) -> None:
        self._ring = ring
        self._every_s = every_s
        self._asked = asyncio.Event()

    def ask(self) -> None:
        self._asked.set()

    async def run(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._ring()
            await asyncio.sleep(self._every_s)


@dataclass(frozen=True)
class Means:
    """What the webhook works with. `secret`: NOTION_WEBHOOK_TOKEN, None where it is not set."""

    store: Store
    ledger: Ledger
    clock: Clock
    state: Path
    secret: str | None


class WebhookDoor:
    """See the module's text. `run` until cancelled; `problems` for `status`."""

    def __init__(self, settings: Settings, means: Means, requests_per_s: float) -> None:
        self._settings = settings
        self._means = means
        wake = means.ledger.wakeups.wake
        # a look at the newest edits is one request: it may take a third of the pace
        self._soon = Bell(lambda: wake("intake"), max(SOON_S, 3 / requests_per_s))
        self._all = Bell(lambda: wake("intake of all"), ALL_S)
        self._tally, self._seen = Tally(), Seen()
        self._since = means.clock.now_ms()
        self._listener: Listener | None = None
        self._problem = ""
        self._kept: Report | None = None
        self.port: int | None = None

    def problems(self) -> Sequence[str]:
        """What is missing until the webhook works."""
        if self._problem:
            return (self._problem,)
        if self._means.secret is None:
            came = "Notion sent a verification token" if self._tally.token_at else f"{webhook.SECRET} is not set"
            return (f"the webhook takes no deliveries yet, {came}: `videod notion webhook` says what to do",)
        return ()

    async def run(self) -> None:
        self._listener = None
        await self._remember()
        try:
            async with asyncio.TaskGroup() as group:
                for name, loop in (("listen", self._listen), ("keep", self._keep), ("soon", self._soon.run),
                                   ("all", self._all.run)):  # fmt: skip
                    group.create_task(loop(), name=f"webhook: {name}")
        finally:
            if self._listener is not None:
                await self._listener.close()
            with suppress(sqlite3.Error, OSError, TimeoutError):
                async with asyncio.timeout(LAST_S):
                    await self._write()

    async def _remember(self) -> None:
        kept, before = await self._means.store.read(
            lambda tx: ([reads.value_json(tx, name) for name in deliveries.slots()], reads.value_json(tx, webhook.FACT))
        )
        self._seen = Seen(kept, self._means.clock.now_ms())
        self._tally.signed_at = webhook.report_of(before).signed_at
        if self._means.secret is not None:
            handshake.forget(self._means.state)
        else:
            self._tally.token_at = max((one.at for one in handshake.read(self._means.state)), default=None)

    def _news(self, one: Delivery) -> None:
        if not one.by_programs:
            self._soon.ask()
        self._all.ask()  # what programs did, videod among them, nobody waits for

    async def _listen(self) -> None:
        while self._listener is None:
            try:
                bound = _bound(self._settings.address, self._settings.port)
            except OSError as error:
                self._problem = (
                    f"port {self._settings.port} of {self._settings.address} cannot be opened for the webhook"
                    f" ({error.strerror}): choose another [webhook] port and restart videod. Notion is asked as ever"
                )
                log.warning("webhook_listen_failed", extra={"error": error.strerror or str(error)})
                await asyncio.sleep(AGAIN_S)
                continue
            await self._serve(bound)
        await asyncio.Event().wait()

    async def _serve(self, bound: socket.socket) -> None:
        self._problem = ""
        means = self._means
        app = build_app(
            Webhook(means.secret, self._settings.host, means.state, means.clock, self._seen, self._news, self._tally)
        )
        self._listener = Listener(app, CLOSE_S, quiet=True)
        await self._listener.start()
        self.port = int(bound.getsockname()[1])
        self._listener.listen("webhook", bound, replace(LIMITS, connections=descriptors.share(PARTS, MOST)))
        log.info("webhook_listen_done", extra={"address": self._settings.address, "port": self.port})

    async def _keep(self) -> None:
        while True:
            await self._write()
            await asyncio.sleep(KEEP_S)

    async def _write(self) -> None:
        """Write down what changed since the last time."""
        for name, hour in self._seen.changed().items():
            await self._means.ledger.set_value(name, json.dumps(hour))
        report = self._report()
        if report != self._kept:
            await self._means.ledger.set_value(webhook.FACT, json.dumps(report.as_json()))
            self._kept = report

    def _report(self) -> Report:
        tally = self._tally
        refused = tally.refused.copy()
        for counted, reason in _UNASKED.items():
            if self._listener is not None and (many := self._listener.doors[0].counts[counted]):
                refused[reason] += many
        url, listens = webhook.url_of(self._settings.host), f"{self._settings.address} port {self._settings.port}"
        return Report(
            True, url, listens, self._since, self._means.secret is not None, tally.signed_at,
            tally.token_at, tally.taken, tally.repeats, dict(refused), tally.refused_at, self._problem,
        )  # fmt: skip


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
