"""Starts every simulated service on a loopback port of its own, with an admin address, and tells others where they are.

    host = await start(root, Options())
    ... host.urls["kie"], host.environment ...
    await host.stop()

A sandbox remembers its ports in root/ports.json and comes back at the same addresses while they are free. One process
at a time may use a root.
"""

import asyncio
import fcntl
import importlib
import json
import os
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from aiohttp import web

from videod.files import private_folder
from videod.sandbox import admin
from videod.sandbox import s3 as storage
from videod.sandbox.attach import FILE, attach, environment
from videod.sandbox.doors import behind, keys, serve
from videod.sandbox.kernel import Context, Options
from videod.sandbox.s3_gateway import FAULT_KINDS

#: Service (or page) name to the module and the function that builds its app from a Context.
APPS = {
    "notion": ("videod.sandbox.notion", "build"),
    "gemini": ("videod.sandbox.gemini", "build"),
    "kie": ("videod.sandbox.kie", "build"),
    "kie_upload": ("videod.sandbox.kie", "build_upload"),
    "elevenlabs": ("videod.sandbox.elevenlabs", "build"),
    "youtube": ("videod.sandbox.youtube", "build"),
    "google": ("videod.sandbox.google", "build"),
    "catbox": ("videod.sandbox.catbox", "build"),
    "slack": ("videod.sandbox.slack", "build"),
    "wikipedia": ("videod.sandbox.wikipedia", "build"),
    "page": ("videod.sandbox.page", "build_page"),
}
PORTS_FILE, LOCK_FILE = "ports.json", "lock"

__all__ = ["APPS", "AlreadyRunning", "Host", "attach", "environment", "serve", "start"]


class AlreadyRunning(Exception):
    """Another process has this sandbox root."""


class Host:
    """A running sandbox. `urls` maps service names (and "page") to base addresses, `environment` is for videod."""

    def __init__(self, context: Context, admin_url: str, closing: AsyncExitStack) -> None:
        self.context = context
        self.urls = context.urls
        self.admin_url = admin_url
        self.environment = environment(context.urls, context.options.notion_per_minute)
        self._closing = closing

    async def stop(self) -> None:
        """Close every address and remove sandbox.json; state, charges and remembered ports stay."""
        await self._closing.aclose()

    async def __aenter__(self) -> "Host":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def start(
    root: Path, options: Options, *, s3: bool = False, ports: dict[str, int] | None = None,
    services: Iterable[str] = tuple(APPS), faults: Iterable[dict[str, Any]] = (),
) -> Host:  # fmt: skip
    """Start the named services (all, if not said otherwise), the admin app and, if wanted, S3.

    `ports` asks for certain ports (by service name, or "admin"); `faults` are set from the beginning. Raises
    AlreadyRunning, OSError for a port that was asked for and is taken, admin.BadFault for a fault that makes no sense.
    """
    private_folder(root)
    async with AsyncExitStack() as closing:
        closing.push(_locked(root))
        context = Context(root, options)
        book = _Ports(root, ports or {})
        known = keys(root, ("page", "admin"))
        modules = {name: importlib.import_module(APPS[name][0]) for name in services}
        kinds = {name: getattr(module, "FAULT_KINDS", None) for name, module in modules.items() if name != "page"}
        if s3:
            kinds["s3"] = FAULT_KINDS
        switches = admin.FaultsFile(context, kinds)
        switches.look()
        for given in faults:
            context.faults.add(admin.fault_from(given, kinds))
        for name, module in modules.items():
            app: web.Application = getattr(module, APPS[name][1])(context)
            if name == "page":
                page_url = await serve(behind(app, known["page"]), book.listen(name), closing)
                context.urls[name] = f"{page_url}/{known['page']}"
            else:
                context.urls[name] = await serve(app, book.listen(name), closing)
        if s3:
            await _serve_s3(context, book, closing)
        switchboard = behind(admin.build(context, kinds), known["admin"])
        admin_url = f"{await serve(switchboard, book.listen('admin'), closing)}/{known['admin']}"
        book.keep({**context.urls, "admin": admin_url})
        watching = asyncio.create_task(switches.watch())
        closing.push_async_callback(_cancel, watching)
        _announce(context, admin_url)
        closing.callback((root / FILE).unlink, missing_ok=True)
        return Host(context, admin_url, closing.pop_all())


def _locked(root: Path) -> IO[str]:
    lock = (root / LOCK_FILE).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise AlreadyRunning(f"another process runs the sandbox in {root}") from None
    return lock


class _Ports:
    """Where each service listens: where it was asked to, else where it was last time, else anywhere."""

    def __init__(self, root: Path, asked: dict[str, int]) -> None:
        self._path = root / PORTS_FILE
        self._asked = asked
        self._last: dict[str, int] = {}
        with suppress(OSError, ValueError):
            self._last = dict(json.loads(self._path.read_text()))

    def listen(self, name: str) -> socket.socket:
        if name in self._asked:
            return socket.create_server(("127.0.0.1", self._asked[name]), backlog=128)
        try:
            return socket.create_server(("127.0.0.1", int(self._last.get(name, 0))), backlog=128)
        except (OSError, ValueError, OverflowError):
            return socket.create_server(("127.0.0.1", 0), backlog=128)

    def keep(self, urls: dict[str, str]) -> None:
        ports = {name: urlsplit(url).port for name, url in urls.items()}
        _write(self._path, self._last | ports)


async def _serve_s3(context: Context, book: _Ports, closing: AsyncExitStack) -> None:
    with book.listen("s3") as found:
        port = found.getsockname()[1]
    running = await storage.start(port, context.faults)
    closing.push_async_callback(running.stop)
    context.urls["s3"] = running.url


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _announce(context: Context, admin_url: str) -> None:
    facts = {
        "pid": os.getpid(), "urls": context.urls, "admin": admin_url, "page": context.urls.get("page"),
        "environment": environment(context.urls, context.options.notion_per_minute), "started_at_ms": context.now_ms(),
    }  # fmt: skip
    _write(context.root / FILE, facts)


def _write(path: Path, value: dict[str, Any]) -> None:
    """Write JSON atomically and for this user only, since it may hold credentials."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(value, out, indent=1)
    part.replace(path)
