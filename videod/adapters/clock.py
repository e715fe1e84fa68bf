"""The real clock and real chance."""

import asyncio
import random
import time

#: what a clock may say while videod works, seconds since 1970: the years from 2010 to 2200
_SANE_S = (1_262_304_000, 7_258_118_400)


def nonsense() -> str | None:
    """Why the host's clock cannot be worked with, None where it can. Python's own clock ends in the year 2262."""
    now = time.time()
    if _SANE_S[0] <= now <= _SANE_S[1]:
        return None
    return f"the clock of this host says year {time.gmtime(now).tm_year}. Set it, and videod starts again"


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def steady_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SystemChance:
    def random(self) -> float:
        return random.random()  # noqa: S311 - jitter of retries, no secret
