"""The board of an installation without Notion: `ports.Board` over videod's own database (`store/entries`).

What the command line, the page and the API write here is read by the intake as it reads a board in Notion, and what the
relay shows is read back from here: data flows one way with either board. Nothing leaves this host, and an edit is on
the disk when the call returns. Files stay in the workspaces; a row of an asset is only its name.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from videod import files
from videod.board_rows import NO_NOTES, AssetRow, Link
from videod.core import own_story
from videod.core.entry_page import Block, Seen
from videod.core.lease import Claim, Holder
from videod.core.links import OWN
from videod.ports import NEWEST, BoardError, Clock, Page
from videod.store import entries, entry_writes
from videod.store.database import Store
from videod.store.entries import Entry

#: the name of a person's own sources among the texts of an entry
SOURCES = "sources"
#: no file is too large for a board on the same disk, bytes
LIMIT = 1 << 50


class OwnBoard:
    """See the module's text. `store` is the daemon's own."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def check(self) -> list[str]:
        return []

    async def sync_channels(self, names: list[str], story: bool = False) -> None:
        """Nothing is offered here: a channel is looked up when it is written."""

    # --------------------------------------------------------------------------------------------- entries

    async def edited_since(self, since_ms: int) -> list[Page]:
        return [_page(one) for one in await self._store.read(lambda tx: entries.edited_since(tx, since_ms))]

    async def newest(self, since_ms: int, labels: Sequence[str] = ()) -> list[Page]:
        return [_page(one) for one in await self._store.read(lambda tx: entries.newest(tx, since_ms, labels, NEWEST))]

    async def read(self, page_id: str) -> Page:
        return _page(await self.entry(page_id))

    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        await self.replace(page_id, values, lambda _: True)

    async def replace(self, page_id: str, values: Mapping[str, object], may: Callable[[Page], bool]) -> Page | None:
        """See ports.Board: here the reading and the write are one transaction."""
        found = await self._change(page_id, lambda one: _with(one, values) if may(_page(one)) else None)
        return None if found is None else _page(found)

    async def add(
        self, values: Mapping[str, object], *, own: Mapping[str, object] = own_story.NOTHING.args, sources: str = ""
    ) -> str:
        """Make an entry with a story and sources of one's own; returns its id."""
        page_id, at = f"{OWN}{uuid4().hex[:12]}", self._clock.now_ms()
        texts = _texts(own, sources)
        await self._store.write(lambda tx: entry_writes.add(tx, page_id, values, texts, at))
        return page_id

    # --------------------------------------------------------------------------------------------- what only this has

    async def entry(self, page_id: str) -> Entry:
        """Raises BoardError "gone" where there is none."""
        found = await self._store.read(lambda tx: entries.one(tx, page_id))
        if found is None:
            raise _gone(page_id)
        return found

    async def waiting(self, most: int) -> tuple[Entry, ...]:
        """The entries that are no episode yet, the newest first."""
        return await self._store.read(lambda tx: entries.waiting(tx, most))

    async def rewrite(
        self, page_id: str, values: Mapping[str, object], own: Mapping[str, object] | None, sources: str | None
    ) -> None:  # fmt: skip
        """Set these properties; with `own` another story of one's own (empty: none), with `sources` other sources."""

        def changed(one: Entry) -> Entry:
            kept = {name: text for name, text in one.brought.items() if (own if name != SOURCES else sources) is None}
            return replace(_with(one, values), brought=kept | _texts(own or {}, sources or ""))

        await self._change(page_id, changed)

    async def remove(self, page_id: str) -> None:
        """Put the entry into the trash, where nothing is taken from it any more."""
        await self._change(page_id, lambda one: replace(one, in_trash=True))

    async def _change(self, page_id: str, change: Callable[[Entry], Entry | None]) -> Entry | None:
        """The entry as it was where `change` leaves it alone (None), else None. Raises BoardError "gone"."""
        at = self._clock.now_ms()

        def write(tx: sqlite3.Connection) -> Entry | None:
            found = entries.one(tx, page_id)
            if found is None:
                raise _gone(page_id)
            changed = change(found)
            if changed is None:
                return found
            entry_writes.write(tx, changed, at)
            return None

        return await self._store.write(write)

    # --------------------------------------------------------------------------------------------- a person's own

    async def of(self, page_id: str) -> str:
        """The sources that the entry brings, "" where there are none. Raises BoardError."""
        return (await self.entry(page_id)).brought.get(SOURCES, "")

    async def story(self, page_id: str) -> Mapping[str, str]:
        """The texts of a story of one's own, by their names in `own_story`. Raises BoardError."""
        texts = (await self.entry(page_id)).brought
        return {name: texts[name] for name in (own_story.SCRIPT, own_story.PLAN) if texts.get(name)}

    # --------------------------------------------------------------------------------------------- assets

    async def rows_of(self, page_id: str) -> list[AssetRow]:
        """None: here files are sent back and texts are rewritten by name (`videod redo`, `videod edit`, the API)."""
        return []

    async def edited_rows(self, since_ms: int) -> list[AssetRow]:
        return []

    async def unflag_assets(self, asset_ids: list[str], notes: Mapping[str, str] = NO_NOTES) -> None:
        """See `rows_of`."""

    async def say_on_row(self, asset_id: str, text: str, may: Callable[[AssetRow], bool]) -> bool:
        return True

    def attached(self, asset_id: str) -> str:
        return ""

    async def page_blocks(self, page_id: str) -> list[Seen]:
        """None: an entry of this board has no page."""
        return []

    async def add_blocks(self, page_id: str, blocks: Sequence[Block], after: str) -> list[str]:
        return [f"{page_id}/{block.name}" for block in blocks]

    async def change_block(self, block_id: str, block: Block) -> None:
        """See `page_blocks`."""

    async def remove_block(self, block_id: str) -> None:
        """See `page_blocks`."""

    async def asset_rows(self, page_id: str) -> dict[str, str]:
        return {}

    async def put_asset(
        self, page_id: str, key: str, name: str, kind: str, file: Path | Link, revision: int, known_id: str | None,
        fresh: bool = False, sha256: str = "", text: str = "",
    ) -> str:  # fmt: skip
        """The file stays where it is; it must be the one that was checked. Raises BoardError "changed"."""
        if not isinstance(file, Link) and sha256 and await asyncio.to_thread(_fingerprint, file) != sha256:
            raise BoardError("changed", f"{file.name} is not the file that was checked")
        return known_id or key

    async def file_limit(self) -> int:
        return LIMIT

    async def link_asset(self, asset_id: str, link: Link) -> None:
        """No row holds a link: it is made when somebody looks."""


class OwnLine:
    """`ports.LeaseBoard` of a board in the state folder, whose lock keeps every other videod out: it is always ours."""

    def __init__(self, clock: Clock, me: Holder) -> None:
        self._clock = clock
        self._claim = Claim(me, clock.now_ms(), clock.now_ms(), "00000000")

    async def read(self) -> tuple[Claim | None, int]:
        return self._claim, self._clock.now_ms()

    async def write(self, claim: Claim, may: Callable[[Claim | None], bool]) -> bool:
        return True


def _page(one: Entry) -> Page:
    made = datetime.fromtimestamp(one.made_at / 1000, UTC).isoformat()
    return Page(one.page_id, one.edited_at, one.in_trash, {**one.shown, "Created": made})


def _with(one: Entry, values: Mapping[str, object]) -> Entry:
    return replace(one, shown={**one.shown, **values})


def _texts(own: Mapping[str, object], sources: str) -> dict[str, str]:
    """What a person brings as texts, as `own_story.brought` reads them again; `own` as in `own_story.Brought`."""
    lines, plan = own.get(own_story.SCRIPT), own.get(own_story.PLAN)
    found = {
        own_story.SCRIPT: "\n\n".join(map(str, lines)) if isinstance(lines, list) else "",
        own_story.PLAN: json.dumps(plan, ensure_ascii=False, separators=(",", ":")) if plan else "",
        SOURCES: sources,
    }
    return {name: text for name, text in found.items() if text}


def _gone(page_id: str) -> BoardError:
    return BoardError("gone", f"there is no entry {page_id[:60]}")


def _fingerprint(path: Path) -> str:
    """The file's sha256. Raises BoardError "changed" where what stands there is no file that may be shown."""
    try:
        with files.open_made(path) as source:
            return files.fingerprint(source, LIMIT)[1]
    except OSError as error:
        raise BoardError("changed", f"{path.name} cannot be shown: {files.reason(error)}") from error
