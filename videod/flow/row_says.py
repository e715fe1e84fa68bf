"""The rows of files say what the files are ordered with: written where that changed, never over a person's text.

Nothing is queued for it: what a row must say follows from its job, what it says is remembered, and what differs is
written. Episodes to which something happened are looked at.
"""

import logging

from videod.board_rows import AssetRow
from videod.core import bounds, row_texts
from videod.core.model import Job, Task
from videod.core.row_texts import clean, mark
from videod.ledger import Ledger
from videod.ports import Board, BoardError, Clock
from videod.store import reads
from videod.store import row_texts as kept
from videod.store.database import Store

log = logging.getLogger(__name__)

CURSOR = "texts_cursor"
#: how long nothing is written after the board did not take it, ms
RESTS_MS = 15_000
#: so many rows of history are looked at again after a crash, at most
AGAIN = 500


class RowTexts:
    """See the module's text."""

    def __init__(self, board: Board, ledger: Ledger, store: Store, clock: Clock) -> None:
        self._board = board
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._since: int | None = None
        self._saved = 0
        self._tasks: set[str] = set()
        #: key -> the mark that a person's text or the board kept from the row; tried again when it is another
        self._left: dict[str, str] = {}
        self._rests_until = 0

    async def deliver(self) -> int:
        """Write what has changed, until the board takes no more; returns how many rows say something new."""
        if self._clock.steady_ms() < self._rests_until:
            return 0
        newest = await self._news()
        written = 0
        for task_id in sorted(self._tasks):
            count, whole = await self._task(task_id)
            written += count
            if not whole:
                return written
            self._tasks.discard(task_id)
        if newest - self._saved > AGAIN or (written and newest > self._saved):
            self._saved = newest
            await self._ledger.set_value(CURSOR, str(newest))
        return written

    async def _news(self) -> int:
        """Note the episodes with news; returns how far the history was looked at."""
        newest = await self._store.read(kept.newest)
        if self._since is None:
            known = bounds.whole(await self._store.read(lambda tx: reads.value(tx, CURSOR)))
            self._since = self._saved = newest if known is None or known > newest else known
            if known is None:  # from now on
                await self._ledger.set_value(CURSOR, str(newest))
        since = self._since
        if newest > since:
            self._tasks |= await self._store.read(lambda tx: kept.news(tx, since, newest))
            self._since = newest
        return newest

    async def _task(self, task_id: str) -> tuple[int, bool]:
        """How many rows of the episode were written, and whether that was all."""
        task, jobs = await self._ledger.look(task_id)
        if task is None:
            return 0, True
        named = {f"{task_id}/{job.name}": job for job in jobs if job.step in row_texts.SHOWN}
        known = await self._store.read(lambda tx: kept.texts(tx, named))
        written = 0
        for key, one in known.items():
            text = row_texts.said(named[key])
            if one.said == mark(text) or (one.said is None and not text) or self._left.get(key) == mark(text):
                continue
            if not await self._row(task, named[key], key, one, text):
                return written, False
            written += 1
        return written, True

    async def _row(self, task: Task, job: Job, key: str, known: kept.RowText, text: str) -> bool:
        """False where the board takes nothing now."""

        def may(row: AssetRow) -> bool:
            now = mark(row.text or "")
            fresh = known.said is None and not clean(row.text or "")
            return fresh or known.ours(now) or now == mark(text)

        about = {"task": task.id, "channel": task.channel_id, "job": job.name}
        await self._ledger.row_begun(key, mark(text))
        try:
            written = await self._board.say_on_row(known.page_id, text, may)
        except BoardError as error:
            log.warning("relay_text_failed", extra=about | {"kind": error.kind, "error": str(error)})
            if error.kind in ("gone", "rejected"):
                self._left[key] = mark(text)
                return True
            self._rests_until = self._clock.steady_ms() + max(RESTS_MS, round((error.retry_after_s or 0) * 1000))
            return False
        if written:
            await self._ledger.row_says(key, mark(text))
            log.info("relay_text_delivered", extra=about)
        else:
            self._left[key] = mark(text)  # a person's text: the intake takes it
        return True
