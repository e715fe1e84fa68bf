"""How a command is ended from outside: Ctrl-C, SIGTERM, a terminal that is closed.

The first signal raises Interrupted where the command is, so that what it holds is given back. One that comes a second
later raises it again, as Python drops an exception that is raised in a destructor. While things are given back they are
only counted: whoever cleans up looks at `hurried` and stops waiting. The daemon has its own ways
(`videod.daemon.signals`).
"""

import signal
import threading
import time
from types import FrameType

from videod.daemon.signals import hush

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
#: a terminal and `timeout` signal a process and its group: what comes within this time is one wish, seconds
ONE_WISH_S = 1.0


class Interrupted(KeyboardInterrupt):
    """Somebody ended this command."""


class Heard:
    """`own` where the process is this command's alone, and not one of a test. `number`: the signal that ended it."""

    own = False
    number: int | None = None
    cleaning = False
    hurried = False
    since = 0.0


def hear() -> None:
    """Take every end from now on; a hang-up that was ignored before, as `nohup` does, stays ignored."""
    Heard.own = True
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _ENDS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def clean_up() -> None:
    """From now on no signal is raised: what is given back now must not be torn."""
    Heard.cleaning = True


def code() -> int | None:
    """The exit code of a command that a signal ended, as shells name it; None where none did."""
    return None if Heard.number is None else 128 + Heard.number


def _end(number: int, frame: FrameType | None) -> None:
    first, now = Heard.number is None, time.monotonic()
    if first:
        Heard.number, Heard.since = number, now
    elif now - Heard.since > ONE_WISH_S:
        Heard.hurried = True
    if (first or Heard.hurried) and not Heard.cleaning:
        hush()
        raise Interrupted
