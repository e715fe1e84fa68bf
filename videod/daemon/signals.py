"""Signals, from the first moment of a start to the last of a run: a clean stop, a reload, or nothing at all.

`hear` is called before anything slow is imported. A stop that is asked for during the start raises Stopped where the
start is; a reload waits until the daemon runs. What has no meaning for videod, and would end the process by default,
does nothing. The handlers are functions, never SIG_IGN: an ignored signal would stay ignored in every script.
"""

import signal
import sys
import threading
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGXCPU)
_MEANINGLESS = (
    signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGPIPE, signal.SIGXFSZ,
    signal.SIGIO, signal.SIGPWR, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
)  # fmt: skip


class Stopped(KeyboardInterrupt):
    """Somebody asked for the end while videod was still starting.

    A KeyboardInterrupt since asyncio lets no other exception out of a callback: the wish would be lost.
    """


class Heard:
    """What was asked for before the loop runs that answers it. `hangup_stops`: SIGHUP is a stop, else a reload."""

    reload = False
    hangup_stops = False
    stopped = False


def hear(hangup_stops: bool = False) -> None:
    """Take every signal from now on; outside of the main thread, where nobody may, do nothing.

    `hangup_stops`: a rehearsal ends with its terminal, unless SIGHUP was ignored before, as `nohup` does.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    Heard.hangup_stops = hangup_stops and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    for number in stops():
        signal.signal(number, _stop)
    if not Heard.hangup_stops:
        signal.signal(signal.SIGHUP, _reload)
    ignore_the_rest()


def stops() -> tuple[int, ...]:
    """The signals that end this daemon."""
    return (*STOPS, signal.SIGHUP) if Heard.hangup_stops else STOPS


def ignore_the_rest(*also: int) -> None:
    """No end by a signal that has no meaning here, nor by those of `also`."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (*_MEANINGLESS, *also):
        signal.signal(number, _nothing)


def hush() -> None:
    """No traceback of a loop that is torn down: asyncio logs what its cancelled tasks make of it."""
    # no command but the daemon needs logging; where it is not read yet, or just being read, no loop has begun
    get = getattr(sys.modules.get("logging"), "getLogger", None)
    if get is not None:
        get("asyncio").disabled = True


def _stop(number: int, frame: FrameType | None) -> None:
    Heard.stopped = True
    hush()
    ignore_the_rest(*stops())  # one exception is enough: what cleans up must not be torn as well
    raise Stopped


def _reload(number: int, frame: FrameType | None) -> None:
    Heard.reload = True


def _nothing(number: int, frame: FrameType | None) -> None:
    pass
