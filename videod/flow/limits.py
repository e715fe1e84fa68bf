"""The limits of one service's lane: how many at once and how often; they may change while the lane runs.

`asyncio.Semaphore` bounds what runs, `aiolimiter` the rate of starts. Its bucket lets a whole first burst through
(measured: 60 of "30 per minute" in the first minute), so a rate of n per t is built as one per t/n: smooth.
"""

import asyncio
import math
from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from videod.core import days
from videod.core.events import Quota

#: a wait that a timer can measure, seconds
SHORTEST_WAIT_S = 0.001


@dataclass(frozen=True)
class Limit:
    """Concurrency; at most `rate` starts per `per_s` seconds (0: any rate); `daily_quota` starts a day (None: any).

    `quota_zone`: where the service's day begins, as an IANA name.
    """

    concurrency: int
    rate: float = 0.0
    per_s: float = 1.0
    daily_quota: int | None = None
    quota_zone: str = "UTC"

    @property
    def gap_s(self) -> float:
        """The time from one start to the next at least, seconds."""
        return self.per_s / self.rate if self.rate else 0.0

    def quota(self, at_ms: int) -> Quota | None:
        """The daily quota that a start at `at_ms` counts to, None without one."""
        if self.daily_quota is None:
            return None
        return Quota(quota_day(at_ms, self.quota_zone), self.daily_quota, quota_ends(at_ms, self.quota_zone))


class Lane:
    """The slots and the token bucket of one service. Built inside the running loop."""

    def __init__(self, service: str, limit: Limit) -> None:
        self.service = service
        self.limit = limit
        self._slots = asyncio.Semaphore(limit.concurrency)
        self._bucket = _bucket(limit)
        self._started_at = -math.inf
        self._too_many = 0
        self.taken = 0

    async def change(self, limit: Limit) -> None:
        """Take up another limit: more places at once, fewer as those above it become free; nothing is interrupted."""
        more = limit.concurrency - self.limit.concurrency
        paced = limit.gap_s != self.limit.gap_s
        self.limit = limit
        if paced:
            self._bucket = _bucket(limit)
            if _now_s() - self._started_at < limit.gap_s:
                await self._take_token()  # the last start counts against the new rate, too
        self._too_many -= more
        while self._too_many < 0:
            self._too_many += 1
            self._slots.release()

    @property
    def over(self) -> bool:
        """Whether more places are taken than a lowered limit allows; then nothing may start."""
        return self.taken > self.limit.concurrency

    @property
    def metered(self) -> bool:
        """Whether a start uses up something besides its place: its turn in the rate or a piece of the day's quota."""
        return self.limit.rate > 0 or self.limit.daily_quota is not None

    @property
    def idle(self) -> int:
        """How many places are free."""
        return max(0, self.limit.concurrency - self.taken)

    async def slot(self) -> None:
        """Wait for a free place and take it."""
        await self._slots.acquire()
        self.taken += 1

    def free(self) -> None:
        self.taken -= 1
        if self._too_many > 0:
            self._too_many -= 1  # the place that was taken away
        else:
            self._slots.release()

    @property
    def wait_s(self) -> float:
        """How long until one more start is within the rate, 0 where it is now. Nothing is used up by asking."""
        if self._bucket is None or self._bucket.has_capacity():
            return 0.0
        return max(self._started_at + self.limit.gap_s - _now_s(), SHORTEST_WAIT_S)

    async def started(self) -> None:
        """A job was started, as `wait_s` allowed: it takes its token, at once."""
        await self._take_token()

    async def _take_token(self) -> None:
        self._started_at = _now_s()
        if self._bucket is not None:
            await self._bucket.acquire()


def _bucket(limit: Limit) -> AsyncLimiter | None:
    return AsyncLimiter(1, limit.gap_s) if limit.rate else None


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def quota_day(at_ms: int, zone: str) -> str:
    """The day that a daily quota counts `at_ms` to, such as 2026-11-20, in the service's own zone."""
    return days.label(at_ms, zone)


def quota_ends(at_ms: int, zone: str) -> int:
    """The next midnight in the service's own zone, ms; right on the days when clocks change, too."""
    return days.day(at_ms, zone).end
