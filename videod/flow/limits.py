"""The limits of one service's lane: how many at once, how often, and whether the service is parked.

`asyncio.Semaphore` bounds what runs, `aiolimiter` the rate of starts. aiolimiter's bucket lets a whole first burst
through (measured: 60 of "30 per minute" in the first minute), so a rate of n per t is built as one per t/n: smooth.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiolimiter import AsyncLimiter


@dataclass(frozen=True)
class Limit:
    """Concurrency; at most `rate` starts per `per_s` seconds (0: any rate); `daily_quota` starts a day (None: any)."""

    concurrency: int
    rate: float = 0.0
    per_s: float = 1.0
    daily_quota: int | None = None


class Lane:
    """The slots and the token bucket of one service. Built inside the running loop."""

    def __init__(self, service: str, limit: Limit) -> None:
        self.service = service
        self.limit = limit
        self._slots = asyncio.Semaphore(limit.concurrency)
        self._bucket = AsyncLimiter(1, limit.per_s / limit.rate) if limit.rate else None
        self.running = 0

    async def slot(self) -> None:
        """Wait for a free slot and take it."""
        await self._slots.acquire()
        self.running += 1

    def free(self) -> None:
        self.running -= 1
        self._slots.release()

    async def token(self) -> None:
        """Wait until one more start is within the rate."""
        if self._bucket is not None:
            await self._bucket.acquire()


#: Google's daily quotas begin at midnight there (quota page of the YouTube Data API); no other service has one
QUOTA_ZONE = ZoneInfo("America/Los_Angeles")


def quota_day(at_ms: int) -> str:
    """The day a daily quota counts `at_ms` to, such as 2026-11-20."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(QUOTA_ZONE).date().isoformat()
