"""Episodes that are over, and everything that can be asked about the past, to compare before and after."""

import asyncio
import functools
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.cli.factory import HOUR, NOON, StillClock, StudioBox, at_once
from videod.core.events import VideoLooked
from videod.core.statuses import Status
from videod.core.verdict import Verdict
from videod.daemon.archiver import Archiver
from videod.store import audit, happenings, in_full, readonly, reads, reports, views

DAY = 24 * HOUR


class SteadyClock(StillClock):
    """A clock that only sleeping moves, in whichever thread."""

    def steady_ms(self) -> int:
        return self.at


def published(box: StudioBox, title: str, channel: str = "wild_earth") -> str:
    """A film that was published, its files removed and everything told; a week later by the clock."""
    task = box.bring_to(box.queue(title, channel), Status.PUBLISHED)
    box.apply(VideoLooked(box.clock.at + HOUR, task, Verdict.UNWATCHED.value))
    box.clock.at += 8 * DAY
    box.make(task, "cleanup/workspace")
    deliver(box)
    return task


def deliver(box: StudioBox) -> None:
    """The board takes everything that it must be told, and has a row for each file."""
    for message in at_once(box.store.read(reads.pending_messages)):
        if message.target == "asset":
            at_once(box.ledger.saw_asset(message.key, f"row-{message.key}", "0" * 64, box.clock.at))
        at_once(box.ledger.delivered(message))


@functools.cache
def _studio() -> bytes:
    """Three films of a year ago, and one that is being made; built once."""
    with tempfile.TemporaryDirectory() as folder:
        made = StudioBox(Path(folder), at=NOON - 400 * DAY)
        for title, channel in (("Bears", "wild_earth"), ("Owls", "deep_sea"), ("Foxes", "wild_earth")):
            published(made, title, channel)
        made.clock.at = NOON
        made.bring_to(made.queue("Otters"), Status.ASSETS_READY)
        deliver(made)
        made.close()
        return made.path.read_bytes()


def opened(folder: Path) -> StudioBox:
    """A state folder of a studio with a past."""
    (folder / "videod.db").write_bytes(_studio())
    return StudioBox(folder)


def archiver(box: StudioBox, days: float = 90) -> Archiver:
    clock = SteadyClock(box.clock.at)

    async def move() -> bool:
        return True

    return Archiver(box.path, box.store, box.ledger, clock, lambda: days, move)


def archive(box: StudioBox, days: float = 90) -> int:
    """A new daemon's first look; returns how many episodes were archived."""
    return asyncio.run(archiver(box, days).look())


def told(path: Path, at: int = 0) -> dict[str, object]:
    """All that screens and commands say of every episode and of the money, as another process sees it."""
    with closing(readonly.look(path)) as connection:
        found: dict[str, object] = {}
        for task in views.tasks(connection, (), None, 100_000):
            one = in_full.detail(connection, task, at)
            found[task.id] = (task, one.jobs, one.charges, one.history, one.attempts, one.failed, one.possible)
        for by in ("day", "channel", "episode", "service"):
            found[f"spent by {by}"] = sorted(reports.spend(connection, by, 0), key=lambda one: one.key)
        found["report"] = reports.report(connection, 0, 2**50)
        found["counters"] = happenings.counters(connection)
        found["counts"] = [audit.count(connection, service) for service in audit.PAID]
        found["again"] = audit.charged_again(connection)
        checks: tuple[Callable[..., object], ...] = (
            audit.charges_without_intent, audit.done_without_charge, audit.wrong_sums, audit.wrong_doubts,
            audit.possibly_twice,
        )  # fmt: skip
        found["wrong"] = [check(connection) for check in checks]
        return found


def archived(path: Path) -> set[str]:
    with closing(readonly.look(path)) as connection:
        return {row[0] for row in connection.execute("SELECT task_id FROM archived")}
