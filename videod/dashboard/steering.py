"""The loop of `videod watch` where it takes keys: look, draw, act. What keys mean is in `steer`."""

import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live

from videod.core.model import Task
from videod.dashboard import rows, screens, steer
from videod.dashboard.detail import Detail, detail
from videod.dashboard.live import LOOKS, frame
from videod.dashboard.reason import Case
from videod.dashboard.steer import Answer, Leave, Open, Room, State, Wish
from videod.dashboard.terminal import Keyboard
from videod.dashboard.view import View
from videod.store import in_full, readonly, reads, views


@dataclass(frozen=True)
class Means:
    """What the loop asks. `look`: what is known besides the database; `wish` takes a request to videod, which may take
    a while; `open` shows an episode and says what; `configured`: whether an episode's channel has its file."""

    look: Callable[[], rows.Surroundings]
    now_ms: Callable[[], int]
    wish: Callable[[Wish], Answer]
    open: Callable[[str], str]
    configured: Callable[[Task], bool]


def watch(database: Path, means: Means, console: Console, fd: int | None = None) -> None:
    """Draw and act until the person leaves. Raises readonly.NoDatabase where there is no database."""
    connection = readonly.look(database)
    try:
        with (
            Keyboard(sys.stdin.fileno() if fd is None else fd) as keyboard,
            Live(console=console, auto_refresh=False, screen=True, vertical_overflow="crop") as live,
        ):
            Steering(connection, means, keyboard, live).run()
    except KeyboardInterrupt:
        return
    finally:
        connection.close()


class Steering:
    """One sitting at the dashboard."""

    def __init__(self, connection: sqlite3.Connection, means: Means, keyboard: Keyboard, live: Live) -> None:
        self._connection = connection
        self._means = means
        self._keyboard = keyboard
        self._live = live
        self._state = State()
        self._answers: queue.SimpleQueue[tuple[Wish, Answer]] = queue.SimpleQueue()
        self._known: tuple[object, ...] = ()
        self._drawn = 0.0
        self._view: View | None = None
        self._detail: Detail | None = None

    def run(self) -> None:
        """Until the person leaves, or the terminal is gone."""
        self._look()
        while not self._keyboard.gone:
            self._draw()
            keys = self._keyboard.read(1 / LOOKS)
            if self._keyboard.paused:
                self._live.stop()
                self._keyboard.stop()
            if self._keyboard.resumed:
                self._resume()
            if not self._take(keys):
                return
            self._hear()

    def _resume(self) -> None:
        """After a stop the shell may have changed the terminal: its modes and its screen are taken again."""
        self._keyboard.resumed = False
        self._keyboard.take()
        self._live.stop()
        self._live.start()
        self._known = ()

    def _take(self, keys: Sequence[str]) -> bool:
        """Do what the keys say; False to leave."""
        for key in keys:
            view, shown = self._shown()
            self._state = steer.settled(self._state, view, shown)
            before = self._state
            self._state, act = steer.press(self._state, key, view, shown)
            if isinstance(act, Leave):
                return False
            if isinstance(act, Wish):
                threading.Thread(target=self._ask, args=(act,), daemon=True).start()
            elif isinstance(act, Open):
                self._state = State(**{**vars(self._state), "said": self._means.open(act.task), "bad": False})
            if (before.room, before.task) != (self._state.room, self._state.task):
                self._look()
        self._known = () if keys else self._known
        return True

    def _ask(self, wish: Wish) -> None:
        """On a thread of its own: the screen is drawn meanwhile."""
        try:
            answer = self._means.wish(wish)
        except Exception as error:  # whatever one wish meets, the sitting continues
            answer = Answer(f"{type(error).__name__}: {error}", refused=True)
        self._answers.put((wish, answer))

    def _hear(self) -> None:
        while not self._answers.empty():
            self._state = steer.answered(self._state, *self._answers.get())
            self._known = ()

    def _draw(self) -> None:
        """Once a second for the clocks; at once where a commit, a key, an answer or a new size is seen."""
        size = self._live.console.size
        seen = (views.data_version(self._connection), size.width, size.height)
        if seen == self._known and time.monotonic() - self._drawn < 1:
            return
        self._look()
        view, shown = self._shown()
        self._state = steer.settled(self._state, view, shown)
        self._live.update(screens.screen(self._state, view, shown, size.width, size.height), refresh=True)
        self._known, self._drawn = seen, time.monotonic()

    def _shown(self) -> tuple[View, Detail | None]:
        assert self._view is not None
        words = self._state.words if self._state.room is Room.LIST else ""
        return steer.filtered(self._view, words), self._detail

    def _look(self) -> None:
        around, at = self._means.look(), self._means.now_ms()
        self._view, self._detail = frame(self._connection, around, at), None
        task = reads.task(self._connection, self._state.task) if self._state.room is Room.JOBS else None
        if task is not None:
            self._detail = detail(self._case(task, around, at))

    def _case(self, task: Task, around: rows.Surroundings, at: int) -> Case:
        return Case(
            task=task, jobs=reads.jobs(self._connection, task.id), since=views.since(self._connection, task),
            suspensions=reads.suspensions(self._connection, at), ahead=in_full.ahead(self._connection, task),
            alive=around.daemon is not None, waits=around.waits, at=at, configured=self._means.configured(task),
        )  # fmt: skip
