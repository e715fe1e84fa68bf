"""Loops that outlive their own bugs: an unexpected error of one pass is logged and told, and the loop begins again.

A loop that ran for a while without an error is well again. Only what says that the database cannot be trusted, and a
loop without which nothing works that fails again and again for minutes, comes through: then the process must end.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from videod.store.soundness import given_up

log = logging.getLogger(__name__)

#: pauses before a loop begins again: from the first, doubled each time, to the longest, seconds
FIRST_S, LONGEST_S = 1.0, 60.0
#: a loop that ran so long without an error is well again, seconds
WELL_S = 90.0
#: reports on a loop are over once it ran so long without an error: one that fails every few minutes is one
#: cause, seconds
CALM_S = 1800.0
#: how often it is looked which are calm, seconds
LOOK_S = 15.0
#: a needed loop is given up after so many failures in a row, over at least so many seconds
MOST, PATIENCE_S = 10, 600.0

#: a database that is held by another program must not hold up the loop as well, seconds
ALARM_S = 10.0

Loop = Callable[[], Coroutine[None, None, None]]
Tell = Callable[[str, str], Awaitable[None]]


class Ended(Exception):
    """A loop that must not end has ended."""


@dataclass
class _Trouble:
    """`since`: when its failures in a row began; `running`: when it was started again. Both on the loop's clock."""

    text: str
    since: float
    failures: int = 0
    running: float | None = None


class Supervisor:
    """`alert(key, text)` tells people, `over(key)` ends it; `redact` takes secrets out of what is said."""

    def __init__(
        self, alert: Tell, redact: Callable[[str], str] = str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, over: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        self._notifier = alert
        self._over = over
        #: loop -> since when it has not failed, where something told of it may be open: also by an earlier daemon
        self._calm: dict[str, float] = {}
        self._redact = redact
        self._sleep = sleep
        self._troubles: dict[str, _Trouble] = {}

    async def keep(self, name: str, loop: Loop, needed: bool = False) -> None:
        """Run `loop` until cancelled, whatever it raises.

        Raises what must end the process: an error after which the database must be examined; of a `needed` loop the
        last of MOST errors in a row.
        """
        self._calm.setdefault(name, self._now())
        while True:
            try:
                await loop()
                raise Ended(f"the loop {name} ended unexpectedly")
            except Exception as error:
                if given_up(error):
                    raise
                trouble = await self._failed(name, error)
                if needed and trouble.failures >= MOST and self._now() - trouble.since >= PATIENCE_S:
                    raise
            await self._sleep(min(LONGEST_S, FIRST_S * 2 ** min(trouble.failures - 1, 10)))
            trouble.running = self._now()

    async def watch(self) -> None:
        """Close the alerts of loops that are calm, until cancelled."""
        while True:
            await self._sleep(LOOK_S)
            for name in [name for name, since in self._calm.items() if self._now() - since >= CALM_S]:
                if self._over is not None:
                    await self._over(_key(name))
                del self._calm[name]

    def problems(self) -> tuple[str, ...]:
        """What status should say: the loops that failed and are not well again."""
        return tuple(trouble.text for name, trouble in list(self._troubles.items()) if not self._is_well(name))

    def _is_well(self, name: str) -> bool:
        trouble = self._troubles.get(name)
        if trouble is not None and trouble.running is not None and self._now() - trouble.running >= WELL_S:
            del self._troubles[name]
            log.info("daemon_loop_recovered", extra={"loop": name, "failures": trouble.failures})
            return True
        return trouble is None

    async def _failed(self, name: str, error: Exception) -> _Trouble:
        first = self._is_well(name)
        trouble = self._troubles.setdefault(name, _Trouble("", self._now()))
        self._calm[name] = self._now()
        trouble.failures += 1
        trouble.running = None
        trouble.text = self._redact(
            f'videod\'s loop "{name}" failed ({reason(error, self._redact)}) and restarts automatically.'
            " The log has the traceback"
        )
        log.error("daemon_loop_failed", extra={"loop": name, "failures": trouble.failures}, exc_info=error)
        if first:
            await self._tell(name, trouble.text)
        return trouble

    async def _tell(self, name: str, text: str) -> None:
        try:
            async with asyncio.timeout(ALARM_S):
                await self._notifier(_key(name), f"{text}. Everything else continues.")
        except Exception as error:
            if given_up(error):
                raise
            log.warning("daemon_alarm_failed", extra={"loop": name, "error": reason(error, self._redact)})

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _key(name: str) -> str:
    return f"loop {name}"


def reason(error: BaseException, redact: Callable[[str], str] = str) -> str:
    """The error in one short line, cut after secrets were taken out; of a group the first one that is none."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return redact(f"{type(error).__name__}: {' '.join(str(error).split())}")[:300].rstrip(": ")
