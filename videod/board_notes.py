"""What is kept of the board beside entries and files: the texts on rows, and the blocks of entries' pages.

The ledger is one of these; it is the only one that writes.
"""

from collections.abc import Iterable

from videod.alerting import Alerting
from videod.store import noted
from videod.store.page_blocks import Known


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

    async def row_shows(self, key: str, media: str) -> None:
        """The row of a file shows this uploaded file."""
        await self._store.write(lambda tx: noted.row_shows(tx, key, media))

    async def page_has(self, task_id: str, blocks: Iterable[Known], gone: Iterable[str] = ()) -> None:
        """What is known of these blocks of the entry's page; those of the names `gone` are forgotten."""
        kept, names = tuple(blocks), tuple(gone)
        await self._store.write(lambda tx: noted.blocks(tx, task_id, kept, names))
