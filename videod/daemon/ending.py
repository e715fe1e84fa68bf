"""The last seconds of the process: it ends, whatever still hangs.

Python waits without bound for threads that are not done: one that sits in a call of the kernel, or a database
connection that nobody closed, would keep a dead daemon alive forever.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

#: after the last orderly step, seconds
LAST_S = 10.0
#: closing one of the parts may take so long, seconds
PART_S = 2.5


class Process:
    """`own` where the process is videod's alone and may be ended hard; in a test it is not."""

    own = False


def within(seconds: float, code: int) -> None:
    """End the process with `code` if it is still there after `seconds`."""
    if not Process.own:
        return
    timer = threading.Timer(seconds, _leave, (code,))
    timer.daemon = True
    timer.start()


def _leave(code: int) -> None:
    hanging = [thread.name for thread in threading.enumerate() if not thread.daemon]
    log.warning("daemon_end_forced", extra={"code": code, "threads": hanging})
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


async def closed(name: str, close: Callable[[], Awaitable[None]]) -> None:
    """Close a part, within a bound and whatever it raises: the next one must be closed as well."""
    try:
        async with asyncio.timeout(PART_S):
            await close()
    except Exception as error:
        log.warning("daemon_close_failed", extra={"part": name, "error": f"{type(error).__name__}: {error}"})
