"""The part of the board that shows files: a row for each, and the page of their entry. `ports` has the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from videod.core.entry_page import Block, Seen

#: no note of a row is cleared
NO_NOTES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Link:
    """A file that lies elsewhere: where, and the name that people see. Whoever has `url` can read the file."""

    url: str = field(repr=False)
    name: str


@dataclass(frozen=True)
class AssetRow:
    """The row of a file as the board holds it. `text` is None where the table has no such column."""

    id: str
    key: str
    edited_at: int
    redo: bool = False
    text: str | None = None
    note: str = ""


class RowBoard(Protocol):
    """All methods raise `ports.BoardError` only."""

    async def rows_of(self, page_id: str) -> list[AssetRow]:
        """The asset rows of an entry, those in the trash left out."""
        ...

    async def edited_rows(self, since_ms: int) -> list[AssetRow]:
        """The asset rows of all entries that were edited at or after `since_ms`, ours among them."""
        ...

    async def unflag_assets(self, asset_ids: list[str], notes: Mapping[str, str] = NO_NOTES) -> None:
        """Untick Redo. `notes`: rows whose Note is emptied as well, unless it no longer has this mark."""
        ...

    async def say_on_row(self, asset_id: str, text: str, may: Callable[[AssetRow], bool]) -> bool:
        """Read the row and, where `may` allows it, write its Text at once; whether it was written.

        BoardError "gone": the row was deleted.
        """
        ...

    def attached(self, asset_id: str) -> str:
        """The uploaded file that was put on this row last, told once; "" where nobody knows of one."""
        ...

    async def page_blocks(self, page_id: str) -> list[Seen]:
        """The blocks of an entry's page, in order, what is nested left out."""
        ...

    async def add_blocks(self, page_id: str, blocks: Sequence[Block], after: str) -> list[str]:
        """Make blocks on an entry's page behind the block `after` ("": at the end); returns their ids in order."""
        ...

    async def change_block(self, block_id: str, block: Block) -> None: ...

    async def remove_block(self, block_id: str) -> None: ...

    async def asset_rows(self, page_id: str) -> dict[str, str]:
        """Key -> page id of the asset rows of an entry, those in the trash left out."""
        ...

    async def put_asset(
        self, page_id: str, key: str, name: str, kind: str, file: Path | Link, revision: int, known_id: str | None,
        fresh: bool = False, sha256: str = "", text: str = "",
    ) -> str:  # fmt: skip
        """Make or update the asset row `key` with the file, or with a link to it; returns its page id.

        `text` is what a row that is made says; one that is there keeps what it says.
        Without `known_id` the row is looked for by its Key property first, unless `fresh`: it was never tried before.
        With `sha256` the row gets a file of this content or none ("changed").
        """
        ...

    async def file_limit(self) -> int:
        """How large a file may be that the board takes, bytes."""
        ...

    async def link_asset(self, asset_id: str, link: Link) -> None:
        """Replace the file of an asset row by a link. BoardError "gone": the row was deleted; none is made."""
        ...
