"""The limits of one service's lane: how many at once and how often; they may change while the lane runs.

`asyncio.Semaphore` bounds what runs, `aiolimiter` the rate of starts. aiolimiter's bucket lets a whole first burst
through (measured: 60 of "30 per minute" in the first minute), so a rate of n per t is built as one per t/n: smooth.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aiolimiter import AsyncLimiter


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

    def quota(self, at_ms: int) -> tuple[str, int] | None:
        """(the day that `at_ms` counts to, jobs a day), or None without a daily quota."""
        return None if self.daily_quota is None else (quota_day(at_ms, self.quota_zone), self.daily_quota)


class Lane:
    """The slots and the token bucket of one service. Built inside the running loop."""

    def __init__(self, service: str, limit: Limit) -> None:
        self.service = service
        self.limit = limit
        self._slots = asyncio.Semaphore(limit.concurrency)
        self._bucket = _bucket(limit)
        self._too_many = 0
        self.taken = 0

    def change(self, limit: Limit) -> None:
        """Take up another limit: more places at once, fewer as those above it become free; nothing is interrupted."""
        more = limit.concurrency - self.limit.concurrency
        if (limit.rate, limit.per_s) != (self.limit.rate, self.limit.per_s):
            self._bucket = _bucket(limit)
        self.limit = limit
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
        """Whether a start uses up something besides its place: a token or a piece of the day's quota."""
        return self._bucket is not None or self.limit.daily_quota is not None

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

    async def token(self) -> None:
        """Wait until one more start is within the rate."""
        if self._bucket is not None:
            await self._bucket.acquire()


def _bucket(limit: Limit) -> AsyncLimiter | None:
    return AsyncLimiter(1, limit.per_s / limit.rate) if limit.rate else None


def quota_day(at_ms: int, zone: str) -> str:
    """The day that a daily quota counts `at_ms` to, such as 2026-11-20, in the service's own zone."""
    return _there(at_ms, zone).date().isoformat()


def quota_ends(at_ms: int, zone: str) -> int:
    """The next midnight in the service's own zone, ms; right on the days when clocks change, too."""
    tomorrow = _there(at_ms, zone).date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZoneInfo(zone))
    return round(midnight.timestamp() * 1000)


def _there(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
