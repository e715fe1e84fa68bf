"""What is kept of messages to people: causes that were reported and are not over, and who has taken which message.

The ledger is one of these; it is the only one that writes.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Protocol

from videod.core.ops import Alert, AlertsOver
from videod.store import reads, writes
from videod.store.database import Store


class Bell(Protocol):
    def wake(self, name: str) -> None: ...


class Alerting:
    """`redact` takes secrets out of what is kept, wherever its words came from; `bell` wakes the relay."""

    def __init__(self, store: Store, redact: Callable[[str], str], bell: Bell) -> None:
        self._store = store
        self._redact = redact
        self._bell = bell

    async def alert(
        self, key: str, text: str, at: int, ends: str = "", fact: tuple[str, str] | None = None
    ) -> None:  # fmt: skip
        """Tell people something of the whole daemon, unless the same cause lasts that was reported within a day.

        `key`: a row of `core.alerts` fits it. `ends`: see `Alert`. `fact` (name, value) is kept in one transaction.
        """

        told = self._redact(text)

        def tell(connection: sqlite3.Connection) -> None:
            writes.alert(connection, None, Alert(key, told, ends), at)
            if fact is not None:
                writes.set_value(connection, *fact)

        await self._store.write(tell)
        self._bell.wake("relay")

    async def alert_over(self, key: str, at: int) -> int | None:
        """The cause of `alert` is over: if it comes again, people hear of it again.

        Returns since when it lasted, ms, where people had been told of it.
        """
        return await self._store.write(lambda tx: writes.alert_over(tx, key, at))

    async def alerts_over(self, ends: str, at: int) -> None:
        """Whatever was reported with these `ends` is over."""
        await self._store.write(lambda tx: writes.alerts_over(tx, AlertsOver((ends,), at + 1), at))

    async def alert_taken(
        self, message: reads.OutboxMessage, took: Mapping[str, str], at: int, later: tuple[int, str] | None = None
    ) -> None:  # fmt: skip
        """Some ways took an alert. `later`: when the others are tried again, ms, and why they did not."""

        def keep(connection: sqlite3.Connection) -> None:
            writes.alert_taken(connection, message.key, took, at)
            if later is None:
                writes.delivered(connection, message.target, message.key, message.version)
            else:
                writes.postpone(connection, message.target, message.key, later[0], "down", self._redact(later[1]))

        await self._store.write(keep)
