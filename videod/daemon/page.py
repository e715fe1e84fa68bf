"""The page in the daemon: where it listens, what makes its light previews, what `status` says of it.

It is beside everything else: where its port is taken the daemon works without it, and says so. Nothing of it is loaded
where it is switched off.
"""

import asyncio
import ipaddress
import json
import logging
import socket
import ssl
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from videod.config import Web
from videod.core import film_cost
from videod.daemon import wiring
from videod.daemon.live_config import LiveConfig
from videod.flow.job_command import workspace_of
from videod.flow.lights import Lights
from videod.guard import descriptors
from videod.guard.connections import Limits, Listener
from videod.guard.requests import LOOPBACK
from videod.ledger import Ledger
from videod.page.gate import Address
from videod.ports import Clock, Launcher, Previews
from videod.store.database import Store
from videod.store.views import PAGE
from videod.web.routes import House
from videod.web.sessions import Sessions

log = logging.getLogger(__name__)

#: connections at once: browsers keep six each; an eighth of the descriptors at most
MOST, PARTS = 256, 8
#: a port that is taken is tried again after so long, seconds
AGAIN_S = 60.0
#: requests in work get so long when videod stops, seconds
CLOSE_S = 0.5


@dataclass(frozen=True)
class Means:
    """What the page works with. `state`: the state folder; `price`: what a film of a channel costs, micro-dollars."""

    store: Store
    ledger: Ledger
    clock: Clock
    state: Path
    workspace: Callable[[str, str], Path]
    price: Callable[[str], int]
    redact: Callable[[str], str]
    posters: Previews
    smalls: Previews


class Page:
    """`house`: what the API answers from, before `run`; `sessions`: who is in, for the API too."""

    def __init__(self, settings: Web, means: Means) -> None:
        self._settings = settings
        self._means = means
        self.sessions = Sessions(means.store, means.ledger, means.clock)
        self.house: House | None = None
        self.port: int | None = None
        self._listener: Listener | None = None
        self._problem = ""

    def problems(self) -> Sequence[str]:
        """What a person should know of it."""
        return [one for one in (self._problem, unencrypted(self._settings)) if one]

    async def run(self) -> None:
        await self.sessions.load()
        await self._note("")
        house = self.house
        if not self._settings.port or house is None:
            await asyncio.Event().wait()
            return
        try:
            async with asyncio.TaskGroup() as group:
                lights = Lights(self._means.posters, self._means.smalls, self._workspaces, lambda: None)
                watching = await self._opened(house, lights)
                group.create_task(watching(), name="page: changes")
                group.create_task(lights.run(), name="page: previews")
        finally:
            self.port = self.sessions.address = None
            if self._listener is not None:
                await self._listener.close()

    async def _opened(self, house: House, lights: Lights) -> Callable[[], Coroutine[Any, Any, None]]:
        """Listen as soon as the port is free; returns what tells pages of changes."""
        from videod.page.build import Around, build  # templates take 4 MB

        means, address = self._means, address_of(self._settings)
        around = Around(self.sessions, address, means.workspace, means.price, means.redact, lights)
        while True:
            app, changes = build(house, around)
            listener = Listener(app, CLOSE_S, quiet=True)
            try:
                bound = bind(self._settings)
            except OSError as error:
                await self._closed(error)
                await asyncio.sleep(AGAIN_S)
                continue
            self._listener = listener  # from here on it is closed, wherever this is cut off
            try:
                context = self._certificate()
                await listener.start()
            except BaseException:
                bound.close()
                raise
            listener.listen("page", bound, Limits(descriptors.share(PARTS, MOST)), context)
            self.port, self._problem = bound.getsockname()[1], ""
            self.sessions.address = url(self._settings, self.port)
            await self._note(self.sessions.address)
            log.info("page_listens", extra={"url": self.sessions.address})
            return changes.watch

    async def _closed(self, error: OSError) -> None:
        web = self._settings
        why = f"the page is not served: port {web.port} of {web.listen} cannot be opened ({error.strerror})"
        usual = web == Web()
        if not usual:
            self._problem = f"{why}. Choose another `port` under `[web]`"
        log.info("page_port_taken", extra={"port": web.port, "error": error.strerror})
        await self._note("")

    def _certificate(self) -> ssl.SSLContext | None:
        web = self._settings
        if web.tls_cert is None or web.tls_key is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(web.tls_cert, web.tls_key)
        return context

    async def _note(self, address: str) -> None:
        with suppress(OSError):
            await self._means.ledger.set_value(PAGE, json.dumps(address))

    def _workspaces(self) -> Collection[str]:
        """The IDs of the episodes whose files are there."""
        with suppress(OSError):
            return {one.name for channel in (self._means.state / "workspaces").iterdir() for one in channel.iterdir()}
        return set()


def made(
    current: LiveConfig, sources: wiring.Sources, store: Store, ledger: Ledger, clock: Clock, launcher: Launcher,
    remarks: list[Callable[[], Sequence[str]]],
) -> Page:  # fmt: skip
    """The page, with where files lie and what a film costs. `remarks`: those of `status`."""

    def price(channel_id: str) -> int:
        policy = current.policy(channel_id)
        return 0 if policy is None else film_cost.total(policy)

    means = Means(
        store, ledger, clock, sources.state, partial(workspace_of, sources.state), price, sources.secrets.redact_page,
        *wiring.lights(sources, launcher),
    )  # fmt: skip
    page = Page(sources.settings.web, means)
    remarks.append(page.problems)
    return page


def unencrypted(web: Web) -> str:
    """What is wrong with a page that other hosts reach without TLS; "" where they do not."""
    if not web.port or web.loopback or web.tls_cert is not None or web.public_url.startswith("https://"):
        return ""
    return (
        f"the page is served without encryption at {web.listen}: anyone on the network path can read it and act in your"
        " name. Set `tls_cert` and `tls_key` under `[web]`, or put a proxy with TLS in front (docs/web.md)"
    )


def bind(settings: Web) -> socket.socket:
    """A bound socket. Raises OSError."""
    family = socket.AF_INET6 if ipaddress.ip_address(settings.listen).version == 6 else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.listen, settings.port))
    except OSError:
        bound.close()
        raise
    return bound


def url(settings: Web, port: int) -> str:
    """Where browsers and messages find the page."""
    if settings.public_url:
        return settings.public_url
    host = "127.0.0.1" if settings.loopback and ":" not in settings.listen else settings.listen
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{port}"


def led_to(current: LiveConfig) -> str:
    """The address of the page in messages, "" where people reach it by none."""
    return current.settings.web.public_url if current.settings.web.port else ""


def address_of(settings: Web) -> Address:
    """In whose name the page answers."""
    public = urlsplit(settings.public_url)
    names = {public.hostname} if public.hostname else set()
    listens = ipaddress.ip_address(settings.listen)
    if not listens.is_unspecified:
        names.add(str(listens))
    if listens.is_loopback or listens.is_unspecified:
        names |= LOOPBACK
    secure = settings.tls_cert is not None or public.scheme == "https"
    return Address(frozenset(names), secure, f"videod_{settings.port}")
