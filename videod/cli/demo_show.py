"""What the demo prints: a live table with a bar on a terminal, plain lines elsewhere, a summary."""

import contextlib
import json
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from videod.core.sanitize import sanitize_screen
from videod.core.statuses import LABELS, Status
from videod.flow.job_command import workspace_of
from videod.store import in_full, reads
from videod.store.readonly import look

_CONSOLE = Console(stderr=True, highlight=False)


def tell(text: str) -> None:
    """One line for a person, beside whatever moves on the screen."""
    _CONSOLE.print(Text(sanitize_screen(text)), soft_wrap=True)


def _moves() -> bool:
    return sys.stderr.isatty() and not _CONSOLE.is_dumb_terminal


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """Say what the block does; on a terminal a spinner shows that it works."""
    if not _moves():
        tell(f"{text} ...")
        yield
        return
    with _CONSOLE.status(f"{text} ..."):
        yield


#: how long one job takes in a demo beside an image, by step: FFmpeg's are the long ones
_WEIGHTS = {"cut": 6, "assemble": 4, "upload": 3, "plan": 2, "clip": 2}
#: before this share is done an estimate is a guess
_SURE = 0.1


@dataclass(frozen=True)
class Work:
    """The size of a demo: what it will have to do, before the plans say it exactly."""

    episodes: int
    clips: int
    images: int

    def share(self, finished: Sequence[str]) -> float:
        """How much of it the finished jobs (their steps) are, from 0 to 1."""
        each = ("composite", "clip", "narration", "sound_effect", "cut")
        steps = [*each * self.clips, *("image",) * self.images, "plan", "assemble", "upload"] * self.episodes
        return min(1.0, sum(map(_weight, finished)) / sum(map(_weight, steps)))


def _weight(step: str) -> int:
    return _WEIGHTS.get(step, 1)


def left_s(share: float, took_s: float) -> float | None:
    """Seconds until all is done, at the pace so far; None while nobody can know."""
    return None if share < _SURE else took_s / share - took_s


def about(seconds: float) -> str:
    """A rough time, for people."""
    if seconds < 10:
        return "a few seconds left"
    return f"about {round(seconds, -1):.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} minutes left"


class Screen:
    """Shows the cards of the board: a live table on a terminal that can, a line at each change elsewhere."""

    def __init__(self, titles: dict[str, str]) -> None:
        self._titles = titles
        self._shown: dict[str, str] = {}
        self._began = time.monotonic()
        self._live = Live(console=_CONSOLE, auto_refresh=False) if _moves() else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, cards: dict[str, dict[str, str]], share: float | None = None) -> None:
        """`share`: of the whole work, for the bar below the table."""
        if self._live is not None:
            self._live.update(Group(self._table(cards), *(() if share is None else (self._bar(share),))), refresh=True)
            return
        for page, card in cards.items():
            line = f"{card['Status']:20} {card['Progress']}".rstrip()
            if self._shown.get(page) != line:
                self._shown[page] = line
                tell(f"{time.monotonic() - self._began:5.0f} s  {self._titles[page]:26} {line}")

    def _bar(self, share: float) -> Table:
        took = time.monotonic() - self._began
        left = left_s(share, took)
        row = Table.grid(padding=(0, 1))
        row.add_row(
            ProgressBar(100, share * 100, width=30), f"{share * 100:.0f} %", f"{took:.0f} s",
            "estimating the time left" if left is None else about(left),
        )  # fmt: skip
        return row

    def _table(self, cards: dict[str, dict[str, str]]) -> Table:
        table = Table("episode", "status", "progress", "paid")
        for page, card in cards.items():
            cost = f"${float(card['Cost'] or 0):.2f}"
            table.add_row(
                *(Text(sanitize_screen(part)) for part in (self._titles[page], card["Status"], card["Progress"], cost))
            )
        return table


def _stages(connection: sqlite3.Connection, task_id: str) -> list[tuple[str, float]]:
    """(status label, seconds spent in it) in the order they were met."""
    spent: dict[str, float] = {}
    rows = in_full.history(connection, task_id, 100_000)
    for row, following in pairwise(rows):
        if row.status is not None:
            spent[row.status] = spent.get(row.status, 0.0) + (following.at - row.at) / 1000
    return [(LABELS[Status(name)], round(seconds, 1)) for name, seconds in spent.items() if seconds >= 0.05]


def summary(folder: Path, page: str, took_s: float) -> dict[str, object]:
    """What became of the run: films, what was "paid", how long each stage took; `text` is all of it for people."""
    state = folder / "daemon"
    paid: dict[str, float] = defaultdict(float)
    for line in (folder / "sandbox" / "charges.jsonl").read_text().splitlines():
        charge = json.loads(line)
        paid[f"{charge['service']} {charge['kind']}"] += charge["usd"]
    connection = look(state / "videod.db")
    try:
        films = [_film(connection, state, task_id) for task_id in _task_ids(connection)]
    finally:
        connection.close()
    rounded = {name: round(usd, 4) for name, usd in sorted(paid.items())}
    report: dict[str, object] = {"took_s": round(took_s, 1), "films": films, "paid_usd": rounded, "board": page}
    report["text"] = _text(films, rounded, took_s)
    return report


def _task_ids(connection: sqlite3.Connection) -> list[str]:
    return [task.id for task in reversed(reads.recent_tasks(connection, 100))]


def _film(connection: sqlite3.Connection, state: Path, task_id: str) -> dict[str, object]:
    task = reads.task(connection, task_id)
    assert task is not None
    film = reads.job(connection, task_id, "assemble/film")
    path = workspace_of(state, task.channel_id, task.id) / film.output if film is not None and film.output else None
    return {
        "task": task.id, "title": task.title, "status": LABELS[task.status], "url": task.youtube_url,
        "film": str(path) if path else None, "cost_usd": round(task.cost_micros / 1e6, 4),
        "length_s": film.facts.get("duration_s") if film else None, "stages": _stages(connection, task_id),
    }  # fmt: skip


def _text(films: list[dict[str, object]], paid: dict[str, float], took_s: float) -> str:
    lines = [""]
    for film in films:
        lines.append(f"{film['title']}: {film['status']}, {film['length_s']} s, ${film['cost_usd']}, {film['url']}")
        lines.append(f"  film: {film['film']}")
        stages = film["stages"]
        assert isinstance(stages, list)
        lines.append("  " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in stages))
    total = sum(paid.values())
    lines.append(f"\nSimulated charges, ${total:.2f} in total: "
                 + ", ".join(f"{name} ${usd:.2f}" for name, usd in paid.items() if usd))  # fmt: skip
    lines.append(
        f"It took {took_s:.0f} s. With the real services this would have cost about ${total:.2f}. Here it was free."
    )
    return "\n".join(lines)
