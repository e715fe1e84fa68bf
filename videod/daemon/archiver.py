"""Puts finished episodes into the archive after `[retention] history_days`, a little at a time.

What is read and written to the archive happens on another thread, through a connection of its own. The writer of the
database is asked for one episode at a time, and rests after each for much longer than that took.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

from videod.core.moments import iso
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import archives, archiving, readonly, reads, space
from videod.store.archives import Pointer
from videod.store.archiving import Line
from videod.store.database import Store

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
#: after a start, and between two looks, seconds
FIRST_S, LOOK_S = 30.0, 600.0
#: so many episodes make a file, at most
TOGETHER = 50
#: after each episode the writer is left alone for so many times as long as it took, at least so long, seconds
REST, REST_S = 4.0, 0.01
#: the same while jobs run
BUSY_REST_S = 0.05
#: what is kept: the file that is being filled, and what keeps episodes from being archived (`views.problems`)
FILLING, REMARK = "archive_filling", "archive_remark"


class Archiver:
    """`days` is `[retention] history_days`; `move` moves the write-ahead log into the file (`Database.move_log`)."""

    def __init__(
        self, database: Path, store: Store, ledger: Ledger, clock: Clock, days: Callable[[], float],
        move: Callable[[], Awaitable[object]],
    ) -> None:  # fmt: skip
        self._database = database
        self._folder = database.absolute().with_name(archives.FOLDER)
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._days = days
        self._move = move
        self._settled = False

    async def run(self) -> None:
        """Look until cancelled."""
        await self._clock.sleep(min(FIRST_S, self._shortest_s()))
        while True:
            await self.look()
            await self._clock.sleep(min(LOOK_S, self._shortest_s()))

    def _shortest_s(self) -> float:
        """Who keeps the past for less than it takes between two looks is looked after more often."""
        return max(1.0, self._days() * DAY_MS / 1000)

    async def look(self) -> int:
        """Archive all that is due; returns how many episodes that were."""
        try:
            done = await self._look()
        except (OSError, archives.ArchiveError) as error:
            told = f"finished episodes cannot be archived in {self._folder}: {error}"
            log.warning("archive_batch_failed", extra={"error": str(error)})
            await self._remark(told)
            return 0
        await self._remark("")
        return done

    async def _remark(self, text: str) -> None:
        if (await self._store.read(lambda tx: reads.value(tx, REMARK)) or "") != text:
            await self._ledger.set_value(REMARK, text)

    async def _look(self) -> int:
        done = 0
        if not self._settled:
            done += await self._settle()
            self._settled = True
        before = self._clock.now_ms() - round(self._days() * DAY_MS)
        while lines := await asyncio.to_thread(self._due, before):
            taken = 0
            for _, group in groupby(lines, lambda one: iso(one.last_at)[:7]):
                taken += await self._batch(list(group))
            done += taken
            if not taken:
                break  # all of them changed meanwhile: at the next look
        if done:
            await self._ledger.forget_told()
            before_bytes = self._database.stat().st_size
            await self._shorten()
            held = await self._store.read(archives.volume)
            log.info("archive_look_done", extra={
                "episodes": done, "database_before": before_bytes, "database_after": self._database.stat().st_size,
                "archive_episodes": held.episodes, "archive_bytes": held.size,
            })  # fmt: skip
        return done

    def _due(self, before: int) -> list[Line]:
        with closing(readonly.look(self._database)) as connection:
            found = archiving.due(connection, before, TOGETHER)
            return sorted((archiving.line_of(connection, one) for one in found), key=lambda one: one.last_at)

    async def _batch(self, lines: Sequence[Line]) -> int:
        name = await asyncio.to_thread(archiving.name_of, self._folder, lines[0].last_at)
        await self._ledger.set_value(FILLING, name)
        pointers = await asyncio.to_thread(archiving.write, self._folder, name, lines)
        done = await self._put_away(list(zip(lines, pointers, strict=True)))
        await self._ledger.set_value(FILLING, "")
        size = sum(one.length for one in pointers)
        log.info("archive_batch_done", extra={"file": name, "episodes": done, "bytes": size})
        return done

    async def _put_away(self, found: Sequence[tuple[Line, Pointer]]) -> int:
        done = 0
        for line, pointer in found:
            began = self._clock.steady_ms()
            done += await self._ledger.put_away(line, pointer, self._clock.now_ms())
            await self._move_log()
            await self._rest(self._clock.steady_ms() - began)
        return done

    async def _move_log(self) -> None:
        """Now, while it is short: moving what many episodes left there would take longer than one may wait."""
        try:
            await self._move()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") not in ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED"):
                raise

    async def _rest(self, took_ms: int) -> None:
        busy = await self._store.read(reads.running_by_service)
        await self._clock.sleep(max(BUSY_REST_S if busy else REST_S, REST * took_ms / 1000))

    async def _settle(self) -> int:
        """Take up what a killed daemon, or one with a newer database than this one, wrote and nothing points to."""
        for left in self._folder.glob(".*.part") if self._folder.is_dir() else ():
            left.unlink(missing_ok=True)
        filling = await self._store.read(lambda tx: reads.value(tx, FILLING))
        names = set(await self._store.read(archiving.unclaimed)) | ({filling} if filling else set())
        done = 0
        for name in sorted(names):
            found = await asyncio.to_thread(self._unclaimed, name)
            done += await self._put_away(found)
            log.info("archive_file_settled", extra={"file": name, "episodes": len(found)})
        if filling:
            await self._ledger.set_value(FILLING, "")
        return done

    def _unclaimed(self, name: str) -> list[tuple[Line, Pointer]]:
        """The lines of a file that are episodes as they are in the database."""
        found = []
        with closing(readonly.look(self._database)) as connection:
            for pointer, text in archiving.lines_of(self._folder, name):
                if archives.pointer(connection, pointer.task_id) is None:
                    line = archiving.known_line(connection, pointer.task_id)
                    if line is not None and line.text == text:
                        found.append((line, pointer))
        return found

    async def _shorten(self) -> None:
        """Give free pages back to the disk."""
        while True:
            began = self._clock.steady_ms()
            if not await self._store.write(space.give_back):
                return
            await self._move_log()
            await self._rest(self._clock.steady_ms() - began)
