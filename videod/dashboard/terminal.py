"""The terminal as `videod watch` takes keys from it: every key at once, nothing echoed, and left as it was found."""

import os
import select
import signal
import termios
import tty
from types import FrameType, TracebackType

from videod.dashboard.keys import Keys

_READ = 1024


class Keyboard:
    """Use it as a context. `paused` is set where Ctrl-Z or a shell asked to stop, `resumed` where it continues.

    The end, whatever it is (an exception, a signal that became one), gives the terminal its modes back.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._keys = Keys()
        self._modes: list[object] | None = None
        self._before: dict[signal.Signals, object] = {}
        self.paused = self.resumed = self.gone = False

    def __enter__(self) -> "Keyboard":
        self._modes = termios.tcgetattr(self._fd)
        for number in (signal.SIGTSTP, signal.SIGCONT):
            self._before[number] = signal.signal(number, self._told)
        self._before[signal.SIGTTOU] = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.give_back()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as it was returned

    def _told(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTSTP:
            self.paused = True
        else:
            self.resumed = True

    def take(self) -> None:
        """Every key at once from now on."""
        tty.setcbreak(self._fd, termios.TCSANOW)

    def give_back(self) -> None:
        """The modes that the terminal had, unless it is gone."""
        try:
            if self._modes is not None:
                termios.tcsetattr(self._fd, termios.TCSANOW, self._modes)  # type: ignore[arg-type]  # as it was read
        except termios.error:
            self.gone = True

    def stop(self) -> None:
        """Stop this process as Ctrl-Z does; returns when it continues."""
        self.paused = False
        self.give_back()
        ours = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, ours)
        self.resumed = True

    def read(self, seconds: float) -> list[str]:
        """The keys of the next `seconds`, at once where there are some; `gone` is set where the terminal is."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return self._keys.quiet()
        try:
            data = os.read(self._fd, _READ)
        except OSError:
            data = b""
        self.gone = self.gone or not data
        return self._keys.feed(data)
