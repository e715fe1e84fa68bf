"""The one place where tests have limits of real time. No verdict hangs on them: a limit that is reached means "hung".

A wait ends on what happened, never on the clock, so a test that passes takes no longer for a generous limit:

    until(lambda: board.entry(title), why=log_tail)     # poll from a test without a loop
    await eventually(lambda: relay.done)                # the same on a real event loop
    async with patience():                              # around an await that may hang
    run([sys.executable, "-m", "videod", "status"])     # a program to its end, output captured as text
    ended(process); said(process)                       # wait for, or read to the end of, one that was started
    happened(threading_event)                           # wait for another thread

What must NOT happen is not proven by waiting a while: wait for something that comes after it (the daemon's next look,
a later entry's event, a request to a simulated service), then look; or use virtual time (`tests/harness/world.py`),
where hours cost nothing. How long something took is not asserted either: assert what was asked, started or skipped.

`VIDEOD_TEST_PATIENCE=2` doubles every limit. `tests/faults/test_patience.py` reads the test tree for limits elsewhere.
"""

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

#: one wait, seconds. FFmpeg at nice 10 behind a dozen busy programs has needed five minutes for two cuts
PATIENCE_S = 1200.0 * float(os.environ.get("VIDEOD_TEST_PATIENCE", "1"))
#: a whole test with its fixtures (pytest-timeout; see tests/conftest.py)
TEST_S = 3 * PATIENCE_S
#: a limit of the code under test that must be reached, seconds. However late that is noticed, it has passed
SHORT_S = 0.2
#: between two looks, seconds
LOOK_S = 0.05


def until(look: Callable[[], T], why: Callable[[], object] = lambda: "", times: float = 1) -> T:
    """What `look` returns as soon as it is true. Raises AssertionError with the last look and `why` if it hangs.

    `times` is for campaigns, where much more is waited for than one thing.
    """
    end = time.monotonic() + PATIENCE_S * times
    while not (found := look()):
        assert time.monotonic() < end, (found, why())
        time.sleep(LOOK_S)
    return found


async def eventually(look: Callable[[], T], why: Callable[[], object] = lambda: "") -> T:
    """`until` for tests on a real event loop; lets the loop run between two looks."""
    end = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end, (found, why())
        await asyncio.sleep(0.002)
    return found


def patience() -> asyncio.Timeout:
    """An `asyncio.timeout` that means "hung"."""
    return asyncio.timeout(PATIENCE_S)


def run(argv: Sequence[object], **options: object) -> "subprocess.CompletedProcess[str]":
    """`subprocess.run` to the end, output captured as text. `options` as there (env, cwd, check ...)."""
    asked: dict[str, object] = {"capture_output": True, "text": True} | options
    check = bool(asked.pop("check", False))
    words = [str(word) for word in argv]
    return subprocess.run(words, timeout=PATIENCE_S, check=check, **asked)  # type: ignore[call-overload]


def ended(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> int:
    """The exit code, once there is one."""
    return process.wait(PATIENCE_S)


def said(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What it writes to stdout and stderr until its end ("" or None for what is no pipe)."""
    return process.communicate(timeout=PATIENCE_S)


def happened(event: threading.Event) -> None:
    """Wait for another thread's event."""
    assert event.wait(PATIENCE_S), "hung"
