"""Looks at what became of uploaded films, until YouTube's verdict is final; see `core.verdict` for when.

What is asked when stands in the database, so that a restart forgets nothing. Films of one channel are asked for
together. A question that gets no answer is asked again later and counts for nothing.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from videod.adapters.youtube_questions import YouTubeTrouble
from videod.core.events import VideoLooked
from videod.core.verdict import Found, Verdict, read
from videod.ledger import Ledger
from videod.ports import Clock, TokenError
from videod.store import reads
from videod.store.database import Store

log = logging.getLogger(__name__)

#: how often it is seen whether a look is due, seconds
LOOK_S = 20.0
#: after a question without an answer the channel is left alone for so long, ms
AGAIN_MS = 15 * 60_000
#: so many films are asked for at once
AT_ONCE = 50


class Asked(Protocol):
    async def video_status(self, channel_id: str, video_ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """Video id -> its resource; missing: not listed. Raises YouTubeTrouble or TokenError."""
        ...


class VerdictWatch:
    """`own` says whether a custom script uploads."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, asked: Asked, own: Callable[[], bool]) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._asked = asked
        self._own = own
        #: channel -> when it may be asked again, steady ms
        self._not_before: dict[str, int] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> int:
        """Look at every film that is due; returns how many verdicts were taken."""
        at = self._clock.now_ms()
        due = await self._store.read(lambda tx: reads.videos_due(tx, at))
        by_channel: dict[str, list[reads.WatchedVideo]] = {}
        for one in due:
            by_channel.setdefault(one.channel_id, []).append(one)
        taken = 0
        for channel, videos in by_channel.items():
            if self._clock.steady_ms() >= self._not_before.get(channel, 0):
                taken += await self._look_at(channel, videos[:AT_ONCE])
        return taken

    async def _look_at(self, channel: str, videos: Sequence[reads.WatchedVideo]) -> int:
        if self._own():
            found = {one.task_id: Found(Verdict.UNWATCHED) for one in videos}
        else:
            try:
                listed = await self._asked.video_status(channel, [one.video_id for one in videos])
            except (YouTubeTrouble, TokenError) as error:
                self._not_before[channel] = self._clock.steady_ms() + AGAIN_MS
                log.info("verdicts_answer_missing", extra={"channel": channel, "error": str(error)})
                return 0
            found = {one.task_id: read(listed.get(one.video_id)) for one in videos}
        for task_id, one in found.items():
            log.info("verdicts_video_looked", extra={"task": task_id, "channel": channel, "verdict": one.verdict.value})
            await self._ledger.apply(VideoLooked(self._clock.now_ms(), task_id, one.verdict.value, one.reason))
        return len(found)
