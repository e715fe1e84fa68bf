"""The last seconds of the process: it ends, whatever still hangs.

Python waits without bound for threads that are not done: one that sits in a call of the kernel, or a database
connection that nobody closed, would keep a dead daemon alive forever.
"""

import logging
import os
import sys
import threading

log = logging.getLogger(__name__)

#: after the last orderly step, seconds
LAST_S = 10.0


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
