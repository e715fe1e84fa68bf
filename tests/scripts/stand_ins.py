"""Simulated services of the sandbox on a loop in a thread of their own: the scripts are synchronous programs."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.harness.patience import happened
from videod.sandbox import catbox
from videod.sandbox.kernel import Context, Options

Builders = Mapping[str, Callable[[Context], web.Application]]

ADDRESSES = {
    "gemini": ("VIDEOD_URL_GEMINI",),
    "kie": ("VIDEOD_URL_KIE",),
    "kie_upload": ("VIDEOD_URL_KIE_UPLOAD",),
    "elevenlabs": ("VIDEOD_URL_ELEVENLABS",),
    "youtube": ("VIDEOD_URL_YOUTUBE",),
    "google": ("VIDEOD_URL_GOOGLE_OAUTH", "VIDEOD_URL_GOOGLE_ACCOUNTS"),
    "catbox": ("VIDEOD_URL_CATBOX",),
    "wikipedia": ("VIDEOD_URL_WIKIPEDIA",),
}
KEYS = {
    "GEMINI_API_KEY": "sandbox-gemini-key",
    "KIE_API_KEY": "sandbox-kie-key",
    "ELEVENLABS_API_KEY": "sandbox-elevenlabs-key",
    "GOOGLE_CLIENT_ID": "sandbox-client",
    "GOOGLE_CLIENT_SECRET": "sandbox-client-secret",
    "CATBOX_USERHASH": catbox.USERHASH,
    "VIDEOD_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


async def _serve(builders: Builders, context: Context, started: threading.Event, stop: asyncio.Event) -> None:
    runners = []
    for name, build in builders.items():
        runner = web.AppRunner(build(context), shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        context.urls[name] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        runners.append(runner)
    started.set()
    await stop.wait()
    for runner in runners:
        await runner.cleanup()


@contextmanager
def standing(builders: Builders, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The simulated services on ports of their own, their addresses and keys in the environment."""
    context = Context(root, Options(generation_s=0.3, clip_size=(640, 360)))
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(builders, context, started, stop),))
    thread.start()
    happened(started)
    for name in builders:
        for variable in ADDRESSES[name]:
            monkeypatch.setenv(variable, context.urls[name])
    for variable, value in KEYS.items():
        monkeypatch.setenv(variable, value)
    try:
        yield context
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
