"""What is kept of the board beside entries and files: the texts that videod left on rows.

The ledger is one of these; it is the only one that writes.
"""

from videod.alerting import Alerting
from videod.store import noted


class BoardNotes(Alerting):
    """See the module's text. Texts are known by their marks (`core.row_texts`)."""

    async def row_says(self, key: str, said: str) -> None:
        """videod left this text on the row of a file, or took it from there."""
        await self._store.write(lambda tx: noted.row_says(tx, key, said))

    async def row_begun(self, key: str, begun: str) -> None:
        """This text is being written: it may be on the row although nobody says that it arrived."""
        await self._store.write(lambda tx: noted.row_begun(tx, key, begun))

    async def row_heard(self, key: str, heard: str) -> None:
        """This text of a person was answered and stays on the row."""
        await self._store.write(lambda tx: noted.row_heard(tx, key, heard))
