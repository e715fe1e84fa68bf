"""Another program that holds the database: said in `status` within seconds, told by the other ways after a minute.

A database browser with an open transaction keeps every change of the daemon waiting. Alerts go through the database
otherwise, so this one is sent past it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from videod.core.alerts import Note

log = logging.getLogger(__name__)

#: SQLite's own short waits are nothing to speak of; after a minute people are alerted, seconds
SAID_S, TOLD_S = 3.0, 60.0
SEND_S = 30.0


class Others:
    """`send` tells people; `beat` is called while the database is waited for."""

    def __init__(self, database: Path, send: Callable[[Note], Awaitable[object]], beat: Callable[[], object]) -> None:
        self._database = database
        self._send = send
        self._beat = beat
        self._seconds = 0.0
        self._telling: asyncio.Task[None] | None = None

    def held(self, seconds: float) -> None:
        """They have held it for so long; 0: not any more."""
        self._seconds = seconds
        if not seconds:
            self._telling = None
            return
        self._beat()
        if seconds >= TOLD_S and self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="alert of a held database")

    def problems(self) -> tuple[str, ...]:
        if self._seconds < SAID_S:
            return ()
        return (
            f"another program holds the database, so every change waits for it ({self._seconds:.0f} s so far):"
            f" `fuser -v {self._database}` names it. Close its transaction or end it",
        )

    async def _tell(self) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                text = f"videod waits: {'; '.join(self.problems())}. Nothing is lost. It continues automatically."
                await self._send(Note.of("held", text))
        except Exception as error:
            log.warning("daemon_alarm_failed", extra={"error": f"{type(error).__name__}: {error}"})
