"""The loop: looks at the database when it changed, draws once a second, never holds a transaction open."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from videod.dashboard import render, rows, view
from videod.store import readonly, views
from videod.store.happenings import Happening

#: looks for a change per second; a look at `PRAGMA data_version` costs microseconds
LOOKS = 5


def frame(connection: sqlite3.Connection, around: rows.Surroundings, at: int) -> view.View:
    return view.snapshot(rows.load(connection, at, around))


def once(database: Path, around: rows.Surroundings, at: int, console: Console) -> None:
    """Print a single frame, for a pipe or a file. Raises readonly.NoDatabase where there is no database."""
    connection = readonly.look(database)
    try:
        seen = frame(connection, around, at)
    finally:
        connection.close()
    console.print(render.screen(seen, console.width, 200), soft_wrap=True)


def watch(
    database: Path,
    look: Callable[[], rows.Surroundings],
    now_ms: Callable[[], int],
    console: Console,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Draw until `stop` says so or the person types Ctrl-C. Raises readonly.NoDatabase where there is no database."""
    connection = readonly.look(database)
    try:
        with Live(console=console, auto_refresh=False, screen=True, vertical_overflow="crop") as live:
            _draw_on(live, connection, look, now_ms, stop)
    except KeyboardInterrupt:
        return
    finally:
        connection.close()


def lines(
    database: Path,
    look: Callable[[], rows.Surroundings],
    now_ms: Callable[[], int],
    console: Console,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """For a terminal that can move no cursor: one frame, then a line for each thing that happens.

    Raises readonly.NoDatabase where there is no database.
    """
    connection = readonly.look(database)
    known: tuple[Happening, ...] | None = None
    alive = False
    try:
        while not stop():
            found = rows.load(connection, now_ms(), look())
            seen = view.snapshot(found)
            if known is None:
                console.print(render.screen(seen, console.width, 200), soft_wrap=True)
            else:
                fresh = [line for one, line in zip(found.happenings, seen.events, strict=True) if one not in known]
                said = [] if seen.alive == alive else [seen.daemon]
                for text in (*said, *(f"{line.time}  {line.title}  {line.text}" for line in reversed(fresh))):
                    console.print(Text(text), soft_wrap=True)
            known, alive = found.happenings, seen.alive
            time.sleep(1)
    except KeyboardInterrupt:
        return
    finally:
        connection.close()


def _draw_on(
    live: Live,
    connection: sqlite3.Connection,
    look: Callable[[], rows.Surroundings],
    now_ms: Callable[[], int],
    stop: Callable[[], bool],
) -> None:
    """Once a second for the clocks; at once, at most five times a second, when a commit or a new size is seen."""
    known: tuple[int, int, int] | None = None
    drawn = 0.0
    while not stop():
        size = live.console.size
        seen = (views.data_version(connection), size.width, size.height)
        if seen != known or time.monotonic() - drawn >= 1:
            picture = render.screen(frame(connection, look(), now_ms()), size.width, size.height)
            live.update(picture, refresh=True)
            known, drawn = seen, time.monotonic()
        time.sleep(1 / LOOKS)
