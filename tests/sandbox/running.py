"""Simulated services on loopback under a clock the test holds; started again on the same folder they are the same
service."""

import importlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from videod.sandbox import host
from videod.sandbox.kernel import Context, Options

BEGIN_S = 1_795_000_000.0  # 2026-11-18, a Wednesday morning in Los Angeles


class Clock:
    def __init__(self) -> None:
        self.now_s = BEGIN_S

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def running(
    root: Path, *services: str, options: Options | None = None, clock: Callable[[], float] | None = None
) -> AsyncIterator[Context]:
    settings = options or Options()
    context = Context(root, settings, clock) if clock is not None else Context(root, settings)
    async with AsyncExitStack() as closing:
        for name in services:
            module, build = host.APPS[name]
            app = getattr(importlib.import_module(module), build)(context)
            context.urls[name] = await host.serve(app, socket.create_server(("127.0.0.1", 0)), closing)
        yield context
