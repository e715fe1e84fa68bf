"""Signals, from the first moment of a start to the last of a run: a clean stop, a reload, or nothing at all.

`hear` is called before anything slow is imported. A stop that is asked for during the start raises Stopped where the
start is; a reload waits until the daemon runs. What has no meaning for videod, and would end the process by default,
does nothing. The handlers are functions, never SIG_IGN: an ignored signal would stay ignored in every script.
"""

import signal
import threading
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGXCPU)
_MEANINGLESS = (
    signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGPIPE, signal.SIGXFSZ,
    signal.SIGIO, signal.SIGPWR, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
)  # fmt: skip


class Stopped(BaseException):
    """Somebody asked for the end while videod was still starting."""


class Heard:
    """What was asked for before the loop runs that answers it."""

    reload = False


def hear() -> None:
    """Take every signal from now on; outside of the main thread, where nobody may, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in STOPS:
        signal.signal(number, _stop)
    signal.signal(signal.SIGHUP, _reload)
    ignore_the_rest()


def ignore_the_rest(*also: int) -> None:
    """No end by a signal that has no meaning here, nor by those of `also`."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (*_MEANINGLESS, *also):
        signal.signal(number, _nothing)


def _stop(number: int, frame: FrameType | None) -> None:
    ignore_the_rest(*STOPS)  # one exception is enough: what cleans up must not be torn as well
    raise Stopped


def _reload(number: int, frame: FrameType | None) -> None:
    Heard.reload = True


def _nothing(number: int, frame: FrameType | None) -> None:
    pass
