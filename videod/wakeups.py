"""Waking the loops that may have work now. A wakeup that is lost loses nothing: every loop also looks automatically."""

import asyncio


class Wakeups:
    """Doorbells by name: "relay", "intake" and each service. Ringing one that nobody waits for is harmless."""

    def __init__(self) -> None:
        self._wakeups: dict[str, asyncio.Event] = {}

    def _event_of(self, name: str) -> asyncio.Event:
        return self._wakeups.setdefault(name, asyncio.Event())

    def wake(self, name: str) -> None:
        self._event_of(name).set()

    def wake_all(self) -> None:
        for wakeup in self._wakeups.values():
            wakeup.set()

    async def wait(self, name: str, seconds: float | None) -> None:
        """Return when it is woken or `seconds` have passed."""
        wakeup = self._event_of(name)
        try:
            async with asyncio.timeout(seconds):
                await wakeup.wait()
        except TimeoutError:
            pass
        wakeup.clear()
